//! Somebody who each minute tries whatever borrows, withdraws, rescues or liquidates most.

use plimsoll_testing::{UATOM, UUSD};

use super::day::{Day, STATOM, STOPPED_AT};
use super::keeper::liquidate;
use super::reckoning::Reckoning;

const NAME: &str = "mallory";
/// What is bought each time, in base units.
const BOUGHT: u128 = 1_000_000_000;

#[derive(Default)]
pub struct Mallory {
    pub tried: usize,
    pub lent: usize,
    pub rescued: usize,
    pub liquidated: usize,
}

impl Mallory {
    pub fn act(&mut self, day: &mut Day, reckoning: &mut Reckoning) {
        match day.minute % 4 {
            0 => self.lend_against(day, reckoning, 0, UATOM, UUSD),
            1 => self.lend_against(day, reckoning, 1, STATOM, UUSD),
            2 => self.lend_against(day, reckoning, 2, STATOM, UATOM),
            _ => self.withdraw(day, reckoning),
        }
        self.rescue(day, reckoning);
        if let Some(worst) = day.world.liquidatable().into_iter().min_by_key(|account| account.health_factor) {
            self.tried += 1;
            self.liquidated += usize::from(liquidate(day, reckoning, NAME, &(&worst.key).into()));
        }
    }

    /// Buys what falls, and borrows against it all that it gets.
    fn lend_against(&mut self, day: &mut Day, reckoning: &mut Reckoning, id: u32, bought: &str, lent: &str) {
        day.world.mint(NAME, bought, BOUGHT);
        self.tried += 1;
        // Refused where deposits are stopped, or health would be bought.
        drop(day.world.deposit((NAME, id), bought, BOUGHT));
        let most = day.world.max_borrow((NAME, id), lent);
        if most > 0 && day.world.borrow((NAME, id), lent, most).is_ok() {
            self.lent += 1;
            reckoning.check_cover(day, (NAME, id));
        }
    }

    /// Owes what falls, and takes out what that frees.
    fn withdraw(&mut self, day: &mut Day, reckoning: &mut Reckoning) {
        let who = (NAME, 3);
        if day.world.account(who).debts.is_empty() {
            day.world.mint(NAME, UUSD, 20 * BOUGHT);
            day.world.deposit(who, UUSD, 20 * BOUGHT).unwrap();
            day.world.borrow(who, UATOM, BOUGHT).unwrap();
        }
        self.tried += 1;
        let most = day.world.max_withdraw(who, UUSD);
        if most > 0 && day.world.withdraw(who, UUSD, most).is_ok() {
            self.lent += 1;
            reckoning.check_cover(day, who);
        }
    }

    /// Tops up what nobody may deposit any more, with as much as is taken, and borrows against it. Not for lenders' sake: only while the account
    /// has more than it owes.
    fn rescue(&mut self, day: &mut Day, reckoning: &mut Reckoning) {
        if day.minute < STOPPED_AT || !reckoning.is_solvent(day, (NAME, 0)) {
            return;
        }
        for amount in [100 * BOUGHT, BOUGHT, BOUGHT / 100] {
            self.tried += 1;
            day.world.mint(NAME, UATOM, amount);
            if day.world.deposit((NAME, 0), UATOM, amount).is_ok() {
                self.rescued += 1;
                break;
            }
        }
        let cash = day.world.solvency(UUSD).cash.raw();
        for part in [10, 1_000, 100_000] {
            if cash / part > 0 && day.world.borrow((NAME, 0), UUSD, cash / part).is_ok() {
                self.lent += 1;
                reckoning.check_cover(day, (NAME, 0));
            }
        }
    }
}
