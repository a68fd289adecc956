//! What things are worth: a model of its own, from the definitions alone.

use plimsoll_risk::price::PriceRecord;

use crate::cast::DECIMALS;
use crate::exact::{Exact, ONE, over};
use crate::op::Who;
use crate::view::{Asset, View};

/// The price of a denom as each use takes it; raw, 18 decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    /// Collateral in liquidation.
    pub collateral: u128,
    /// Debt in liquidation.
    pub debt: u128,
    /// Collateral when borrowing; none while the price fails.
    pub low: Option<u128>,
    /// Debt when borrowing.
    pub high: Option<u128>,
}

/// As the oracle's documentation has it: too old or out of bounds fails, and then the hard bounds stand in; edges widen with age.
pub fn prices(record: &PriceRecord, now: u64) -> Prices {
    let guards = &record.guards;
    let (floor, ceiling) = (guards.floor.raw(), guards.ceiling.raw());
    let mid = record.price.raw();
    let age = now.saturating_sub(record.timestamp);
    let stale = guards.max_age.is_some_and(|max| age > max);
    if record.timestamp == 0 || stale || mid < floor || mid > ceiling {
        return Prices { collateral: ceiling, debt: floor, low: None, high: None };
    }
    let spread = guards.max_age.map_or(0, |max| (guards.age_spread.raw() * u128::from(age)).div_ceil(u128::from(max)));
    let low = over(&[record.low.raw(), ONE - spread.min(ONE)], &[ONE]);
    let high = over(&[record.high.raw(), ONE + spread], &[ONE]);
    let narrow = |n: Exact| u128::try_from(n.to_whole()).unwrap_or(u128::MAX);
    Prices { collateral: mid, debt: mid, low: Some(narrow(low)), high: Some(narrow(high)) }
}

/// One over what a base unit of a price's token is.
fn unit(denom: usize) -> u128 {
    10u128.pow(u32::from(DECIMALS[denom]))
}

impl Asset {
    /// `debt_scaled × index`, rounded down, as the ledger counts it.
    pub fn debt(&self) -> u128 {
        let debt = over(&[self.now.debt_scaled.raw(), self.now.borrow_index.raw()], &[ONE]);
        u128::try_from(debt.to_whole()).expect("it fits")
    }

    /// `cash + lent + debt − reserves`.
    pub fn supply(&self) -> u128 {
        self.now.cash.raw() + self.now.lent.raw() + self.debt() - self.now.reserves.raw()
    }

    /// What so many shares are worth in base units, virtual ones included.
    pub fn claim(&self, shares: u128) -> Exact {
        over(&[shares, self.supply() + 1], &[self.now.supply_shares.raw() + 1_000_000])
    }

    /// What so much is worth in the quote currency at a price.
    pub fn value(&self, amount: u128, price: u128) -> Exact {
        over(&[amount, price], &[ONE, unit(self.denom)])
    }

    fn shares_value(&self, shares: u128, price: u128, share: u128) -> Exact {
        let (supply, total) = (self.supply() + 1, self.now.supply_shares.raw() + 1_000_000);
        over(&[shares, supply, price, share], &[total, ONE, unit(self.denom), ONE])
    }

    fn debt_value(&self, scaled: u128, price: u128) -> Exact {
        over(&[scaled, self.now.borrow_index.raw(), price], &[ONE, ONE, unit(self.denom)])
    }
}

impl View {
    /// The prices of a listed asset.
    pub fn prices(&self, asset: &Asset) -> Prices {
        self.priced
            .get(&asset.denom)
            .map_or(Prices { collateral: u128::MAX, debt: 0, low: None, high: None }, |priced| {
                prices(priced.live.as_ref().unwrap_or(&priced.record), self.now)
            })
    }

    /// What weighs one asset against another where only differences count: the last mid price.
    pub fn weight(&self, asset: &Asset) -> u128 {
        self.priced.get(&asset.denom).map_or(0, |priced| priced.record.price.raw())
    }

    /// What all deposits of an account are worth, disabled ones too.
    pub fn collateral(&self, who: Who) -> Exact {
        let held = self.accounts[&who].collaterals.iter().map(|c| {
            let asset = &self.assets[usize::from(c.asset.0)];
            asset.shares_value(c.shares.raw(), self.prices(asset).collateral, ONE)
        });
        held.sum()
    }

    /// What of an account's deposits and debts is certain: deposits whose price fails count nothing, such debts at the upper bound.
    pub fn certain(&self, who: Who) -> (Exact, Exact) {
        let account = &self.accounts[&who];
        let valid = |asset: &Asset| self.prices(asset).low.is_some();
        let held = account.collaterals.iter().map(|c| (&self.assets[usize::from(c.asset.0)], c.shares.raw()));
        let held = held.filter(|(asset, _)| valid(asset));
        let held = held.map(|(asset, shares)| asset.shares_value(shares, self.prices(asset).collateral, ONE)).sum();
        let owed = account.debts.iter().map(|d| {
            let asset = &self.assets[usize::from(d.asset.0)];
            let prices = self.prices(asset);
            asset.debt_value(d.scaled.raw(), if valid(asset) { prices.debt } else { prices.collateral })
        });
        (held, owed.sum())
    }

    /// What an account owes.
    pub fn debt(&self, who: Who) -> Exact {
        let owed = self.accounts[&who].debts.iter().map(|d| {
            let asset = &self.assets[usize::from(d.asset.0)];
            asset.debt_value(d.scaled.raw(), self.prices(asset).debt)
        });
        owed.sum()
    }

    /// The debt that enabled deposits carry.
    pub fn carried(&self, who: Who) -> Exact {
        let enabled = self.accounts[&who].collaterals.iter().filter(|c| c.enabled);
        let carried = enabled.map(|c| {
            let asset = &self.assets[usize::from(c.asset.0)];
            let threshold = asset.params.liquidation_threshold.at(self.now).raw();
            asset.shares_value(c.shares.raw(), self.prices(asset).collateral, threshold)
        });
        carried.sum()
    }

    /// What may be borrowed against enabled deposits, at `low`, and the debt at `high`; none while a price that counts fails.
    pub fn power(&self, who: Who) -> Option<(Exact, Exact)> {
        let account = &self.accounts[&who];
        let (mut limit, mut debt) = (Exact::default(), Exact::default());
        for c in account.collaterals.iter().filter(|c| c.enabled) {
            let asset = &self.assets[usize::from(c.asset.0)];
            let ltv = asset.params.max_loan_to_value.raw();
            limit = limit + asset.shares_value(c.shares.raw(), self.prices(asset).low?, ltv);
        }
        for d in &account.debts {
            let asset = &self.assets[usize::from(d.asset.0)];
            debt = debt + asset.debt_value(d.scaled.raw(), self.prices(asset).high?);
        }
        Some((limit, debt))
    }

    /// What rounding may move: of each asset a base unit, or a unit of scaled debt or a share where those have grown to more. A share has where
    /// reserves alone are lent: their interest belongs to virtual shares.
    pub fn crumb(&self) -> Exact {
        let crumbs = self.assets.iter().map(|asset| {
            let price = self.prices(asset).collateral.max(self.weight(asset));
            let units = asset.now.borrow_index.raw().div_ceil(ONE);
            asset.value(units, price).max(asset.shares_value(1, price, ONE))
        });
        crumbs.sum()
    }

    /// What a person owns: coins and claims, less debts, each at the last mid price.
    pub fn equity(&self, person: usize) -> Exact {
        let coins = self.assets.iter().map(|asset| asset.value(self.wallets[person][asset.denom], self.weight(asset)));
        let accounts = self.accounts.iter().filter(|(who, _)| who.0 == person);
        let claims = accounts.clone().flat_map(|(_, account)| &account.collaterals).map(|c| {
            let asset = &self.assets[usize::from(c.asset.0)];
            asset.shares_value(c.shares.raw(), self.weight(asset), ONE)
        });
        let debts = accounts.flat_map(|(_, account)| &account.debts).map(|d| {
            let asset = &self.assets[usize::from(d.asset.0)];
            asset.debt_value(d.scaled.raw(), self.weight(asset))
        });
        coins.sum::<Exact>() + claims.sum() - debts.sum()
    }
}
