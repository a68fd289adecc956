//! Whoever keeps the market: publishes the pair each quarter of its window, and liquidates what pays, worst first.

use plimsoll_schema::pool::LiquidatableAccount;
use plimsoll_testing::{Actor, LIQUIDATOR};

use super::day::{Day, STATOM};
use super::reckoning::{Reckoning, said};

/// What a liquidation costs its liquidator, of what it repays.
const COST: f64 = 0.005;

#[derive(Default)]
pub struct Keeper {
    pub done: usize,
}

impl Keeper {
    /// The accounts that are below health factor 1 now, the worst first.
    pub fn look(&self, day: &Day) -> Vec<LiquidatableAccount> {
        let mut found = day.world.liquidatable();
        found.sort_by_key(|account| account.health_factor);
        found
    }

    pub fn publish(&self, day: &mut Day) {
        if day.minute.is_multiple_of(3) {
            day.world.publish(LIQUIDATOR, &[STATOM]).unwrap();
        }
    }

    pub fn act(&mut self, day: &mut Day, reckoning: &mut Reckoning, seen: &[LiquidatableAccount]) {
        for account in seen {
            self.done += usize::from(liquidate(day, reckoning, LIQUIDATOR, &(&account.key).into()));
        }
    }
}

/// Liquidates an account by its largest lines, where that pays at true prices. Says whether it did.
pub fn liquidate(day: &mut Day, reckoning: &mut Reckoning, by: &str, who: &Actor) -> bool {
    if day.world.addr(who) == day.world.addr(by) {
        return false;
    }
    let position = day.world.position(who);
    let value = |denom: &str, amount: u128| day.truth(denom) * amount as f64;
    let held = position
        .collaterals
        .iter()
        .max_by(|a, b| value(&a.denom, a.amount.raw()).total_cmp(&value(&b.denom, b.amount.raw())));
    let owed = position
        .debts
        .iter()
        .max_by(|a, b| value(&a.denom, a.amount.raw()).total_cmp(&value(&b.denom, b.amount.raw())));
    let (Some(held), Some(owed)) = (held, owed) else { return false };
    let coin = (owed.denom.as_str(), owed.amount.raw());
    let Ok(preview) = day.world.simulate_liquidation(who, &held.denom, coin) else { return false };
    let gained = value(&held.denom, preview.receive.raw());
    if gained < value(&owed.denom, preview.liquidation.repay.raw()) * (1.0 + COST) {
        return false;
    }
    day.world.mint(by, &owed.denom, owed.amount.raw());
    let before = said(day);
    let response = day.world.liquidate(by, who, &held.denom, coin);
    let response = response.unwrap_or_else(|error| panic!("minute {}: {error}", day.minute));
    reckoning.take(day, &before, &response);
    true
}
