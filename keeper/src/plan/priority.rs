//! Which of several accounts is looked at first, and which of several actions is sent first. Pure.
//!
//! What lenders would lose comes before what the keeper earns: an account whose collateral is worth little more than
//! its debt is bad debt after the next fall of its price. Then profit decides; then who has waited longest; then the
//! key, so that one book gives one plan.
//!
//! That alone would let anybody hold up a large account with thousands of small risky ones, which cost them next to
//! nothing. So every second place goes by size, whatever the risk ([`by_turns`]): of what is looked at in a block to
//! the larger debt, of a transaction's room to the larger profit. And whose debt is so small that no bonus on it pays
//! ([`MinDebt`]) goes behind the others, without being sized for that.

use std::cmp::{Ordering, Reverse};

use plimsoll_risk::account::Account;
use plimsoll_risk::health::Health;
use plimsoll_risk::math::ONE;
use plimsoll_risk::params::AssetParams;
use plimsoll_risk::units::{Ratio, Value};
use plimsoll_schema::pool::AccountKey;

use crate::plan::Action;
use crate::scan::Verdict;
use crate::scan::filter::{FloatHealth, to_f64};

/// Up to this collateral ratio an account's debt is about to be bad.
const RISKY: Ratio = Ratio::percent(110);
/// [`RISKY`] as a floating-point number.
const RISKY_F64: f64 = 1.1;

/// Whether an account's debt is about to be bad: there is something to seize, and it is worth little more than the
/// debt.
pub fn is_risky(health: &Health) -> bool {
    !health.collateral.is_zero() && health.collateral_ratio_down().is_some_and(|ratio| ratio <= RISKY)
}

/// Who has the first claim on coins, cash and pairs: the riskier, then the larger debt. Nearly exact, which is enough
/// for an order.
pub fn claim(a: &FloatHealth, b: &FloatHealth) -> Ordering {
    let risky = |health: &FloatHealth| health.collateral > 0.0 && health.collateral <= health.debt * RISKY_F64;
    risky(b).cmp(&risky(a)).then_with(|| b.debt.total_cmp(&a.debt))
}

/// An account that is below 1, in the queue of those that are to be looked at.
#[derive(Debug)]
pub(super) struct Candidate<'b> {
    /// The less, the sooner it is its turn.
    pub turn: u64,
    /// Whether its debt is too small to pay.
    pub small: bool,
    pub health: FloatHealth,
    pub key: &'b AccountKey,
    pub account: &'b Account,
}

impl Candidate<'_> {
    /// The order by turn, then by what would be lost.
    pub fn by_claim(&self, other: &Self) -> Ordering {
        let first = self.turn.cmp(&other.turn).then(self.small.cmp(&other.small));
        first.then_with(|| claim(&self.health, &other.health)).then_with(|| self.key.cmp(other.key))
    }

    /// The order by size: those that aren't small first, then by turn, then the larger debt.
    pub fn by_size(&self, other: &Self) -> Ordering {
        let first = self.small.cmp(&other.small).then(self.turn.cmp(&other.turn));
        first.then_with(|| other.health.debt.total_cmp(&self.health.debt)).then_with(|| self.key.cmp(other.key))
    }
}

/// The debt below which no bonus pays for gas and the profit that is asked for. Nearly exact, which is enough for an
/// order.
#[derive(Clone, Copy, Debug)]
pub(super) struct MinDebt(f64);

impl MinDebt {
    /// Where an action costs so much gas and has to leave so much, and the bonuses are those of these assets.
    pub fn of<'a>(gas: Value, profit: Value, assets: impl Iterator<Item = &'a AssetParams>) -> Self {
        let bonus = assets.map(|params| params.liquidation_bonus.max).max().unwrap_or_default();
        let wanted = to_f64(gas) + to_f64(profit);
        Self(if wanted > 0.0 { wanted / (bonus.raw() as f64 / ONE as f64) } else { 0.0 })
    }

    pub fn is_above(self, health: &FloatHealth) -> bool {
        health.debt < self.0
    }
}

/// All of these, each once: the first by one order, the first by the other, the next by the one, and so on.
pub(super) fn by_turns<T>(
    items: Vec<T>,
    one: impl Fn(&T, &T) -> Ordering,
    other: impl Fn(&T, &T) -> Ordering,
) -> Vec<T> {
    let sorted = |order: &dyn Fn(&T, &T) -> Ordering| {
        let mut places: Vec<usize> = (0..items.len()).collect();
        places.sort_by(|a, b| order(&items[*a], &items[*b]));
        places
    };
    let places: Vec<usize> = sorted(&one).into_iter().zip(sorted(&other)).flat_map(|(a, b)| [a, b]).collect();
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    places.into_iter().filter_map(|place| items[place].take()).collect()
}

/// The place of an action in its transaction; the least goes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority {
    risky: Reverse<bool>,
    profit: Reverse<Value>,
    since: u64,
    key: AccountKey,
}

impl Priority {
    /// The place of an action about an account that is below 1 since that time, in seconds.
    pub const fn new(risky: bool, profit: Value, since: u64, key: AccountKey) -> Self {
        Self { risky: Reverse(risky), profit: Reverse(profit), since, key }
    }

    /// The place of this action, about an account that is below 1 since that time, in seconds.
    pub fn of(verdict: &Verdict, action: &Action, since: u64) -> Self {
        // Writing off prevents nothing.
        let risky = !matches!(action, Action::WriteOff { .. }) && is_risky(&verdict.health);
        Self::new(risky, action.profit(), since, verdict.key.clone())
    }

    /// The order of places, whatever the risk.
    pub fn by_profit(&self, other: &Self) -> Ordering {
        let rest = |of: &Self| (of.profit, of.since);
        rest(self).cmp(&rest(other)).then_with(|| self.key.cmp(&other.key))
    }
}
