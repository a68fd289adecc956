//! What was spent within the last hour of the chain's time, and what may still be. Pure.
//!
//! What was sent counts, whatever became of it: a transaction that failed may have been meant for a price that is
//! wrong, and has cost its fee all the same. A keeper that is started anew knows what it spent from its journal, as far
//! as that goes back.

use std::collections::VecDeque;

use plimsoll_risk::units::Value;
use serde::{Deserialize, Serialize};

use crate::config::Strategy;
use crate::plan::Action;

/// For how many seconds spending is remembered.
pub const HOUR_SECONDS: u64 = 3_600;

/// What the keeper's transactions spent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    spent: VecDeque<Spent>,
}

/// What one transaction spends.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// The time of the block at which it was sent, in seconds.
    pub at: u64,
    /// The keeper's own coins that are repaid with, in value.
    pub own: Value,
    /// The fee, in base units of the gas denom.
    pub fee: u128,
    /// How many debts are written off or set off.
    pub write_offs: usize,
}

impl Spent {
    /// By a transaction that does this, sent in a block of this time for this fee.
    pub fn of(at: u64, actions: &[Action], fee: u128) -> Self {
        let own = actions.iter().filter_map(Action::own_value);
        let own = own.fold(Value::ZERO, |sum, value| sum.checked_add(value).unwrap_or(sum));
        let write_offs = actions.iter().filter(|action| action.is_unpaid()).count();
        Self { at, own, fee, write_offs }
    }
}

/// What may be spent on one transaction; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// The keeper's own coins, in value.
    pub own: Option<Value>,
    /// The fee, in base units of the gas denom.
    pub fee: Option<u128>,
    /// How many debts may be written off or set off.
    pub write_offs: Option<usize>,
}

impl Budget {
    /// A transaction that spends this was sent.
    pub fn spend(&mut self, spent: Spent) {
        self.spent.retain(|before| before.at.saturating_add(HOUR_SECONDS) > spent.at);
        self.spent.push_back(spent);
    }

    /// Transactions that spent this were sent before the start.
    pub fn recall<'a>(&mut self, spent: impl IntoIterator<Item = &'a Spent>) {
        self.spent.extend(spent.into_iter().cloned());
        self.spent.make_contiguous().sort_by_key(|spent| spent.at);
    }

    /// What may be spent now. Nothing at all, a fee of 0, once what is left of the hour's fees is less than the last
    /// fee of that hour.
    pub fn left(&self, now: u64, strategy: &Strategy) -> Allowance {
        let recent = || self.spent.iter().filter(|spent| spent.at.saturating_add(HOUR_SECONDS) > now);
        let own = recent().fold(Value::ZERO, |sum, spent| sum.checked_add(spent.own).unwrap_or(sum));
        let fees = recent().fold(0u128, |sum, spent| sum.saturating_add(spent.fee));
        let write_offs: usize = recent().map(|spent| spent.write_offs).sum();
        let last = recent().next_back().map_or(0, |spent| spent.fee);
        let hour = strategy.max_spend_per_hour.map(|most| most.saturating_sub(own));
        let fee = strategy
            .max_fee_per_hour
            .map(|most| most.saturating_sub(fees))
            .map(|left| if left < last { 0 } else { left });
        Allowance {
            own: [strategy.max_spend_per_tx, hour].into_iter().flatten().min(),
            fee: [strategy.max_fee, fee].into_iter().flatten().min(),
            write_offs: strategy.max_write_offs_per_hour.map(|most| most.saturating_sub(write_offs)),
        }
    }
}
