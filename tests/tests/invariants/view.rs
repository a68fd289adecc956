//! All that is known at one moment, read from records and balances, in exact rationals.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;
use num_rational::BigRational;
use plimsoll_risk::account::Account;
use plimsoll_risk::market::Market;
use plimsoll_risk::params::AssetParams;
use plimsoll_risk::price::PriceRecord;
use plimsoll_schema::pool::AccountKey;
use plimsoll_testing::World;

use crate::history::{DENOMS, IDS, USERS, Who, actor, name};

pub type Q = BigRational;

pub fn q(n: u128) -> Q {
    Q::from_integer(BigInt::from(n))
}

pub fn one() -> Q {
    q(1_000_000_000_000_000_000)
}

#[derive(Clone)]
pub struct Asset {
    pub params: AssetParams,
    pub stored: Market,
    /// The same with interest added to this block: reserves and index as the contract reports them.
    pub index: u128,
    pub reserves: u128,
    pub price: PriceRecord,
    pub bank: u128,
}

#[derive(Clone)]
pub struct View {
    pub now: u64,
    pub assets: Vec<Asset>,
    pub accounts: BTreeMap<Who, Account>,
    pub wallets: BTreeMap<(usize, usize), u128>,
    pub debtors: BTreeSet<AccountKey>,
    pub keys: BTreeMap<Who, AccountKey>,
    pub dump: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl View {
    pub fn of(world: &World) -> Self {
        let mut markets = world.markets();
        markets.sort_by_key(|m| m.asset);
        let assets = markets.into_iter().map(|market| Asset {
            index: market.borrow_index.raw(),
            reserves: market.reserves.raw(),
            price: world.price_record(&market.params.denom),
            bank: world.balance(world.pool(), &market.params.denom),
            stored: market.stored,
            params: market.params,
        });
        let everyone = || (0..USERS).flat_map(|user| (0..IDS).map(move |id| (user, id)));
        let wallets = (0..USERS).flat_map(|user| (0..DENOMS.len()).map(move |denom| (user, denom)));
        Self {
            now: world.now(),
            assets: assets.collect(),
            accounts: everyone().map(|who| (who, world.account(actor(who)))).collect(),
            wallets: wallets.map(|(u, d)| ((u, d), world.balance(name(u), DENOMS[d]))).collect(),
            debtors: world.borrowers().into_iter().map(|record| record.key).collect(),
            keys: everyone().map(|who| (who, world.key(actor(who)))).collect(),
            dump: world.dump().clone(),
        }
    }
}

impl Asset {
    /// `debt_scaled × index`, not rounded.
    pub fn debt(&self) -> Q {
        q(self.stored.debt_scaled.raw()) * q(self.index) / one()
    }

    /// `cash + lent + debt − reserves`, not rounded.
    pub fn supply(&self) -> Q {
        q(self.stored.cash.raw()) + q(self.stored.lent.raw()) + self.debt() - q(self.reserves)
    }

    /// What a share is worth, with the virtual ones.
    pub fn share_price(&self) -> Q {
        (self.supply() + q(1)) / q(self.stored.supply_shares.raw() + 1_000_000)
    }

    /// The mid price of one base unit.
    pub fn unit_price(&self) -> Q {
        q(self.price.price.raw()) / one() / q(10u128.pow(u32::from(self.params.decimals)))
    }

    pub fn low(&self) -> Q {
        q(self.price.low.raw()) / one() / q(10u128.pow(u32::from(self.params.decimals)))
    }

    pub fn high(&self) -> Q {
        q(self.price.high.raw()) / one() / q(10u128.pow(u32::from(self.params.decimals)))
    }
}

impl View {
    /// What all deposits are worth at mid, disabled ones too.
    pub fn collateral(&self, who: Who) -> Q {
        self.accounts[&who].collaterals.iter().map(|c| self.claim(c.asset.0, c.shares.raw())).sum()
    }

    fn claim(&self, asset: u16, shares: u128) -> Q {
        let asset = &self.assets[usize::from(asset)];
        q(shares) * asset.share_price() * asset.unit_price()
    }

    /// What is owed at mid.
    pub fn debt(&self, who: Who) -> Q {
        let owed = self.accounts[&who].debts.iter().map(|d| {
            let asset = &self.assets[usize::from(d.asset.0)];
            q(d.scaled.raw()) * q(asset.index) / one() * asset.unit_price()
        });
        owed.sum()
    }

    /// The debt that enabled deposits carry.
    pub fn carried(&self, who: Who) -> Q {
        let enabled = self.accounts[&who].collaterals.iter().filter(|c| c.enabled);
        let carried = enabled.map(|c| {
            let threshold = self.assets[usize::from(c.asset.0)].params.liquidation_threshold.at(self.now);
            self.claim(c.asset.0, c.shares.raw()) * q(threshold.raw()) / one()
        });
        carried.sum()
    }

    /// What may be borrowed against enabled deposits, at `low`, and the debt at `high`.
    pub fn power(&self, who: Who) -> (Q, Q) {
        let account = &self.accounts[&who];
        let limit = account.collaterals.iter().filter(|c| c.enabled).map(|c| {
            let asset = &self.assets[usize::from(c.asset.0)];
            q(c.shares.raw()) * asset.share_price() * asset.low() * q(asset.params.max_loan_to_value.raw()) / one()
        });
        let debt = account.debts.iter().map(|d| {
            let asset = &self.assets[usize::from(d.asset.0)];
            q(d.scaled.raw()) * q(asset.index) / one() * asset.high()
        });
        (limit.sum(), debt.sum())
    }

    /// A base unit of each asset together: what rounding may move.
    pub fn crumb(&self) -> Q {
        self.assets.iter().map(Asset::unit_price).sum()
    }

    /// Wallets, claims and debts of everybody together, at mid.
    pub fn everybodys_equity(&self) -> Q {
        let wallets = self.wallets.iter().map(|((_, denom), amount)| q(*amount) * self.assets[*denom].unit_price());
        let accounts = self.accounts.keys().map(|who| self.collateral(*who) - self.debt(*who));
        wallets.sum::<Q>() + accounts.sum::<Q>()
    }
}
