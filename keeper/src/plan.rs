//! Decides what to do about the accounts below health factor 1. Pure.
//!
//! Here the keeper repays from what it holds and takes the collateral as underlying. For each account every pair of a debt
//! and a collateral is sized with the contract's own formula, and the most profitable one is taken.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use plimsoll_risk::health::{Assets, Position};
use plimsoll_risk::liquidation::{Incentive, Liquidation, LiquidationError, size};
use plimsoll_risk::math::mul_div_down_128;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, Ratio, Value};
use plimsoll_schema::pool::{AccountKey, ExecuteMsg, Receive, UserAccount};

use crate::book::Book;
use crate::chain::{Balances, Coin, Execute};
use crate::config::Strategy;
use crate::error::Result;
use crate::scan::{Scan, Verdict};

/// A debt that is closed grows until its block: this share is sent on top, and what is not needed comes back.
const CLOSING_RESERVE: Ratio = Ratio::bps(1);
/// What share of the slippage a price may rise before fewer coins are needed than are sent.
///
/// Near health factor 1 the amount that reaches the target moves some 25 times as fast as prices do, so a floor on what is
/// received would fail at a rise of a few hundredths of a percent. Hence a little less than reaches the target is sent: within
/// this share of the slippage the coins, not the target, decide how much is repaid, and `min_receive` is a floor on the rate
/// alone. The rate worsens by the price and by the bonus, which shrinks about 1.6 times as fast as the price rises: a quarter
/// leaves room for both.
const STEADY: Ratio = Ratio::percent(25);

/// What is to be done about one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Repay and seize.
    Liquidate(Box<Deal>),
    /// Write off what nobody will pay.
    WriteOff {
        /// The account.
        key: AccountKey,
        /// What it owes.
        debt_value: Value,
    },
}

/// A liquidation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deal {
    /// The account.
    pub key: AccountKey,
    /// What is sent; the unneeded part comes back.
    pub sent: Coin,
    /// What is taken.
    pub collateral_denom: String,
    /// What it does, by the contract's formula.
    pub expected: Liquidation,
    /// The least that must be received.
    pub min_receive: Amount,
    /// What is repaid, in value.
    pub repaid_value: Value,
    /// What is received, in value.
    pub received_value: Value,
    /// What remains after gas when no more than `min_receive` is received.
    pub profit: Value,
}

/// Why nothing is done about an account below 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// It is not below 1.
    Healthy,
    /// The keeper has none of what the account owes.
    NoInventory,
    /// The market can't pay the collateral out.
    NoCash,
    /// Too small to be worth a base unit.
    Dust,
    /// Less profit than asked for.
    Unprofitable,
    /// A price that is needed fails its guards.
    Price,
    /// It is the keeper's own account.
    Own,
    /// It failed a moment ago.
    Cooldown,
    /// It can't be computed.
    Fault,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::NoInventory => "no inventory",
            Self::NoCash => "no cash in the collateral's market",
            Self::Dust => "dust",
            Self::Unprofitable => "unprofitable",
            Self::Price => "price fails its guards",
            Self::Own => "own account",
            Self::Cooldown => "failed a moment ago",
            Self::Fault => "can't be computed",
        })
    }
}

/// What to do, best first, and how often nothing is done, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Best first.
    pub actions: Vec<Action>,
    /// Accounts below 1 that are left alone.
    pub skipped: BTreeMap<Skip, u64>,
}

impl Action {
    /// The account that it is about.
    pub const fn account(&self) -> &AccountKey {
        match self {
            Self::Liquidate(deal) => &deal.key,
            Self::WriteOff { key, .. } => key,
        }
    }

    /// The message to the pool.
    pub fn message(&self, pool: &str) -> Result<Execute> {
        let (msg, funds) = match self {
            Self::Liquidate(deal) => (
                ExecuteMsg::Liquidate {
                    user: deal.key.owner.clone(),
                    account_id: Some(deal.key.account_id),
                    collateral_denom: deal.collateral_denom.clone(),
                    recipient: None,
                    receive: Some(Receive::Underlying),
                    min_receive: Some(deal.min_receive),
                },
                vec![deal.sent.clone()],
            ),
            Self::WriteOff { key, .. } => (
                ExecuteMsg::WriteOff(UserAccount { user: key.owner.clone(), account_id: Some(key.account_id) }),
                Vec::new(),
            ),
        };
        Execute::new(pool, &msg, funds)
    }
}

/// Who plans, with what.
#[derive(Clone, Debug)]
pub struct Means<'a> {
    /// The keeper's address; its own accounts are left alone.
    pub sender: Option<&'a str>,
    /// What it may spend; `None` plans as if it had everything.
    pub inventory: Option<Balances>,
    /// What is worth doing.
    pub strategy: &'a Strategy,
    /// Accounts that failed a moment ago.
    pub cooling: &'a BTreeSet<AccountKey>,
}

/// Takes what the fee may cost out of what may be spent.
pub fn keep_back(inventory: &mut Balances, fee: &Coin) {
    if let Some(held) = inventory.get_mut(&fee.denom) {
        *held = held.saturating_sub(fee.amount);
    }
}

/// Plans for the whole book.
pub fn plan(book: &Book, scan: &Scan, mut means: Means<'_>) -> Plan {
    let mut plan = Plan::default();
    // The largest debts first: they have the first claim on the inventory.
    let mut below: Vec<&Verdict> = scan.verdicts.iter().filter(|v| v.is_liquidatable() || v.bad_debt).collect();
    below.sort_by(|a, b| b.health.debt.cmp(&a.health.debt).then_with(|| a.key.cmp(&b.key)));
    for verdict in below {
        match decide(book, scan, verdict, &means) {
            Ok(action) => {
                means.spend(&action);
                plan.actions.push(action);
            }
            Err(reason) => {
                let count = plan.skipped.entry(reason).or_default();
                *count = count.saturating_add(1);
            }
        }
    }
    plan.actions.sort_by_key(|action| std::cmp::Reverse(action.profit()));
    plan
}

impl Action {
    /// What is sent with it.
    pub fn sent(&self) -> Option<&Coin> {
        match self {
            Self::Liquidate(deal) => Some(&deal.sent),
            Self::WriteOff { .. } => None,
        }
    }

    /// What it earns, before the fee when that is told by simulation.
    pub fn profit(&self) -> Value {
        match self {
            Self::Liquidate(deal) => deal.profit,
            Self::WriteOff { .. } => Value::ZERO,
        }
    }
}

impl Means<'_> {
    fn available(&self, denom: &str) -> Amount {
        let held = self.inventory.as_ref().map_or(u128::MAX, |i| i.get(denom).copied().unwrap_or_default());
        Amount::new(held.min(self.strategy.max_repay.get(denom).copied().unwrap_or(u128::MAX)))
    }

    fn spend(&mut self, action: &Action) {
        if let (Action::Liquidate(deal), Some(inventory)) = (action, &mut self.inventory)
            && let Some(held) = inventory.get_mut(&deal.sent.denom)
        {
            *held = held.saturating_sub(deal.sent.amount);
        }
    }
}

/// The best that can be done about one account.
pub fn decide(book: &Book, scan: &Scan, verdict: &Verdict, means: &Means<'_>) -> std::result::Result<Action, Skip> {
    if means.sender == Some(verdict.key.owner.as_str()) {
        return Err(Skip::Own);
    }
    if means.cooling.contains(&verdict.key) {
        return Err(Skip::Cooldown);
    }
    let account = book.accounts.get(&verdict.key).ok_or(Skip::Fault)?;
    let position = Position::of(account, &scan.assets, scan.now).map_err(|_| Skip::Fault)?;
    let mut best: std::result::Result<Deal, Skip> = Err(Skip::Dust);
    for debt in &position.debts {
        for collateral in position.collaterals.iter().filter(|collateral| collateral.asset != debt.asset) {
            let offer = Offer { book, scan, means, verdict, position: &position };
            best = better(best, offer.deal(debt.asset, collateral.asset));
        }
    }
    let write_off = verdict.bad_debt && means.strategy.write_off;
    match best {
        Ok(deal) => Ok(Action::Liquidate(Box::new(deal))),
        Err(_) if write_off => Ok(Action::WriteOff { key: verdict.key.clone(), debt_value: verdict.health.debt }),
        Err(reason) => Err(reason),
    }
}

fn better(a: std::result::Result<Deal, Skip>, b: std::result::Result<Deal, Skip>) -> std::result::Result<Deal, Skip> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok(if b.profit > a.profit { b } else { a }),
        (Ok(deal), Err(_)) | (Err(_), Ok(deal)) => Ok(deal),
        // Of two reasons the one that says more than that there is nothing.
        (Err(Skip::Dust), Err(reason)) | (Err(reason), Err(_)) => Err(reason),
    }
}

struct Offer<'a> {
    book: &'a Book,
    scan: &'a Scan,
    means: &'a Means<'a>,
    verdict: &'a Verdict,
    position: &'a Position,
}

impl Offer<'_> {
    fn deal(&self, debt: AssetId, collateral: AssetId) -> std::result::Result<Deal, Skip> {
        let denom = self.book.denom_of(debt);
        let mut most = self.means.available(&denom);
        if most.is_zero() {
            return Err(Skip::NoInventory);
        }
        let mut sized = self.size(self.position, debt, collateral, most)?;
        let cash = self.scan.assets.asset(collateral).ok_or(Skip::Fault)?.market.state().cash;
        let received = sized.seize.saturating_sub(sized.fee);
        if received > cash {
            // Underlying is paid in full or not at all: as much as the market's cash allows.
            let less = mul_div_down_128(sized.repay.raw(), cash.raw(), received.raw()).map_err(|_| Skip::Fault)?;
            most = Amount::new(less);
            sized = self.size(self.position, debt, collateral, most).map_err(|_| Skip::NoCash)?;
            if sized.seize.saturating_sub(sized.fee) > cash {
                return Err(Skip::NoCash);
            }
        }
        let sent = self.sent(debt, collateral, most, sized)?;
        self.priced(debt, collateral, sent)
    }

    fn size(
        &self,
        position: &Position,
        debt: AssetId,
        collateral: AssetId,
        offered: Amount,
    ) -> std::result::Result<Liquidation, Skip> {
        let params = &self.scan.assets.asset(collateral).ok_or(Skip::Fault)?.params;
        let incentive = Incentive { bonus: params.liquidation_bonus, protocol_fee: params.protocol_liquidation_fee };
        size(position, collateral, debt, offered, &incentive, &self.book.terms).map_err(|error| match error {
            LiquidationError::Price { .. } => Skip::Price,
            LiquidationError::Healthy { .. } => Skip::Healthy,
            LiquidationError::TooSmall { .. } => Skip::Dust,
            _ => Skip::Fault,
        })
    }

    /// How many coins to send so that the contract does with them what it would do with `most`, and would still do it were
    /// every collateral's price [`STEADY`] of the slippage higher.
    fn sent(
        &self,
        debt: AssetId,
        collateral: AssetId,
        most: Amount,
        sized: Liquidation,
    ) -> std::result::Result<Amount, Skip> {
        let owed = self.position.debts.iter().find(|line| line.asset == debt).ok_or(Skip::Fault)?.amount;
        let reserve = owed.share_up(CLOSING_RESERVE).map_err(|_| Skip::Fault)?;
        let all = owed.saturating_add(reserve).min(most);
        // With no more coins than it repays it may do something else: a rest below the dust value is closed only when the
        // coins suffice for the whole debt.
        if sized.repay == owed || self.size(self.position, debt, collateral, sized.repay) != Ok(sized) {
            return Ok(all);
        }
        let steady = self.steady(debt, collateral, most).filter(|steady| *steady < sized.repay);
        let works = |steady: &Amount| self.size(self.position, debt, collateral, *steady).is_ok();
        Ok(steady.filter(works).unwrap_or(sized.repay))
    }

    /// What is repaid when every collateral's price rises a little; `None` when that makes the account healthy.
    fn steady(&self, debt: AssetId, collateral: AssetId, most: Amount) -> Option<Amount> {
        let rise = self.means.strategy.slippage.mul_down(STEADY).ok()?;
        let mut risen = self.position.clone();
        for line in &mut risen.collaterals {
            // More of it carries as much as the same at a higher price.
            line.amount = line.amount.saturating_add(line.amount.share_up(rise).ok()?);
        }
        let repay = self.size(&risen, debt, collateral, most).ok()?.repay;
        // The rest would be closed then, which takes all the coins.
        (self.size(&risen, debt, collateral, repay).ok()?.repay == repay).then_some(repay)
    }

    fn priced(&self, debt: AssetId, collateral: AssetId, sent: Amount) -> std::result::Result<Deal, Skip> {
        let sized = self.size(self.position, debt, collateral, sent)?;
        let owed = self.position.debts.iter().find(|line| line.asset == debt).ok_or(Skip::Fault)?;
        let held = self.position.collaterals.iter().find(|line| line.asset == collateral).ok_or(Skip::Fault)?;
        let received = sized.seize.saturating_sub(sized.fee);
        let strategy = self.means.strategy;
        let fault = |_| Skip::Fault;
        let min_receive = received.share_down(Ratio::ONE.saturating_sub(strategy.slippage)).map_err(fault)?;
        let worth = |amount: Amount| amount.value_down(held.mark.collateral(), held.decimals).map_err(fault);
        let repaid_value = sized.repay.value_up(owed.mark.debt(), owed.decimals).map_err(fault)?;
        let (received_value, least_value) = (worth(received)?, worth(min_receive)?);
        let cost = repaid_value.checked_add(strategy.planned_gas_value()).map_err(fault)?;
        let wanted = cost.checked_add(strategy.min_profit_value).map_err(fault)?;
        // Whatever is accepted has to pay.
        if least_value < wanted || least_value <= repaid_value {
            return Err(Skip::Unprofitable);
        }
        Ok(Deal {
            key: self.verdict.key.clone(),
            sent: Coin { denom: self.book.denom_of(debt), amount: sent.raw() },
            collateral_denom: self.book.denom_of(collateral),
            expected: sized,
            min_receive,
            repaid_value,
            received_value,
            profit: least_value.saturating_sub(cost),
        })
    }
}
