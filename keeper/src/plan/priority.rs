//! Which of several actions comes first. Pure.
//!
//! What lenders would lose comes before what the keeper earns: an account whose collateral is worth little more than its debt is bad debt
//! after the next fall of its price. Then profit decides; then who has waited longest; then the key, so that one book gives one plan.

use std::cmp::{Ordering, Reverse};

use plimsoll_risk::health::Health;
use plimsoll_risk::units::{Ratio, Value};
use plimsoll_schema::pool::AccountKey;

use crate::scan::filter::Sums;

/// Up to this collateral ratio an account's debt is about to be bad.
const RISKY: Ratio = Ratio::percent(110);
/// The same, of floating-point numbers.
const RISKY_REAL: f64 = 1.1;

/// Whether an account's debt is about to be bad: there is something to seize, and it is worth little more than the debt.
pub fn is_risky(health: &Health) -> bool {
    !health.collateral.is_zero() && health.collateral_ratio_down().is_some_and(|ratio| ratio <= RISKY)
}

/// Who has the first claim on coins, cash and pairs: the riskier, then the larger debt. Nearly exact, which is enough for an order.
pub fn claim(a: &Sums, b: &Sums) -> Ordering {
    let risky = |sums: &Sums| sums.collateral > 0.0 && sums.collateral <= sums.debt * RISKY_REAL;
    risky(b).cmp(&risky(a)).then_with(|| b.debt.total_cmp(&a.debt))
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
    /// Of an account that is in trouble since that time, in seconds.
    pub const fn new(risky: bool, profit: Value, since: u64, key: AccountKey) -> Self {
        Self { risky: Reverse(risky), profit: Reverse(profit), since, key }
    }
}
