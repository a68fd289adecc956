//! Deposit and withdrawal, borrowing and repayment: there and back nobody gains a unit, in whatever state the market is.

use num_rational::BigRational;
use num_traits::Zero;
use plimsoll_risk::params::CAP_MAX;
use plimsoll_testing::{ALICE, BOB, LENDER, LIQUIDATOR, World};

use super::setting::{COLLATERAL, DEBT, Setting, settings};
use super::wealth::{of, text};

/// Worlds with the market of the debt in states that rounding could be turned against, each with a name.
fn states() -> Vec<(String, World)> {
    let mut states: Vec<(String, World)> = vec![];
    for setting in settings() {
        states.push((format!("{setting:?}"), setting.indebted()));
    }
    for (at, setting) in settings().into_iter().enumerate().filter(|(at, _)| at % 5 == 0) {
        for (name, prepare) in PREPARED {
            let mut world = setting.indebted();
            if prepare(&mut world, &setting) {
                states.push((format!("{name}: {at}: {setting:?}"), world));
            }
        }
    }
    for (name, _) in PREPARED {
        assert!(states.iter().filter(|(state, _)| state.starts_with(name)).count() >= 3, "{name}");
    }
    states
}

type Prepare = fn(&mut World, &Setting) -> bool;

const PREPARED: [(&str, Prepare); 4] = [
    ("all the cash is lent", |world, _| {
        let cash = world.market(DEBT).stored.cash.raw();
        world.deposit((ALICE, 1), COLLATERAL, CAP_MAX.raw() / 20).is_ok()
            && world.borrow((ALICE, 1), DEBT, cash).is_ok()
    }),
    ("an odd time has passed", |world, _| {
        world.advance_fresh(12_345_679);
        true
    }),
    ("lenders have lost nearly all", |world, setting| {
        // Next to Alice's debt they leave an eightieth of it, and the debt is written off: a share is worth little more than the hundredth below
        // which no deposit is taken.
        let cash = world.market(DEBT).stored.cash.raw();
        let stays = setting.borrowed() / 80;
        if stays == 0 || world.withdraw(LENDER, DEBT, cash.saturating_sub(stays).max(1)).is_err() {
            return false;
        }
        let floor = world.price_record(COLLATERAL).guards.floor.to_string();
        world.set_price(COLLATERAL, &floor);
        let owed = world.owed(ALICE, DEBT);
        world.liquidate(LIQUIDATOR, ALICE, COLLATERAL, (DEBT, owed)).is_ok()
    }),
    ("lenders have gone", |world, _| {
        let owed = world.owed(ALICE, DEBT);
        world.repay(ALICE, DEBT, owed * 2).unwrap();
        world.withdraw_all(LENDER, DEBT).is_ok()
    }),
];

/// A unit, a few, what is there, and what the caps let in at most.
fn amounts(world: &World, denom: &str) -> Vec<u128> {
    let market = world.market(denom);
    let supply = market.supply.raw();
    let cash = market.stored.cash.raw();
    let room = CAP_MAX.raw() - supply.min(CAP_MAX.raw());
    let mut amounts = vec![1, 2, 1_000_003, supply / 3, cash, room];
    amounts.retain(|amount| *amount > 0);
    amounts
}

#[track_caller]
fn no_gain(world: &World, before: &BigRational, what: &str) {
    let gain = of(world, &[BOB], 1) - before;
    assert!(gain <= BigRational::zero(), "{what}: gained {}", text(&gain));
}

#[test]
fn a_deposit_and_its_withdrawal_never_gain() {
    let mut done = 0;
    let mut withdrawn = 0;
    for (name, mut world) in states() {
        let fresh = world.snapshot();
        for denom in [COLLATERAL, DEBT] {
            for amount in amounts(&world, denom) {
                world.restore(&fresh);
                let coins = world.balance(BOB, denom);
                let wealth = of(&world, &[BOB], 1);
                let what = format!("{name}, {amount}{denom}");
                if world.deposit(BOB, denom, amount).is_err() {
                    continue;
                }
                done += 1;
                no_gain(&world, &wealth, &what);
                let deposited = world.snapshot();
                // In halves, and unit by unit, before all.
                for parts in [vec![amount / 2, amount / 2], vec![1, 1]] {
                    world.restore(&deposited);
                    for part in parts.into_iter().filter(|part| *part > 0) {
                        drop(world.withdraw(BOB, denom, part));
                    }
                    drop(world.withdraw_all(BOB, denom));
                    assert!(world.balance(BOB, denom) <= coins, "{what}");
                    no_gain(&world, &wealth, &what);
                    withdrawn += u32::from(world.account(BOB).is_empty());
                }
            }
        }
    }
    assert!(done > 500 && withdrawn > 1_000, "{done} deposits, {withdrawn} withdrawn in full");
}

#[test]
fn a_borrow_and_its_repayment_never_gain() {
    let mut done = 0;
    for (name, mut world) in states() {
        // Bob has collateral for whatever there is to borrow, as far as the cap goes.
        let room = CAP_MAX.raw() - world.market(COLLATERAL).supply.raw().min(CAP_MAX.raw());
        if room == 0 || world.deposit(BOB, COLLATERAL, room).is_err() {
            continue;
        }
        let fresh = world.snapshot();
        let mut amounts = amounts(&world, DEBT);
        amounts.push(world.max_borrow(BOB, DEBT));
        for amount in amounts {
            world.restore(&fresh);
            let coins = world.balance(BOB, DEBT);
            let wealth = of(&world, &[BOB], 1);
            let what = format!("{name}, {amount}");
            if amount == 0 || world.borrow(BOB, DEBT, amount).is_err() {
                continue;
            }
            done += 1;
            no_gain(&world, &wealth, &what);
            let borrowed = world.snapshot();
            for parts in [vec![amount / 2], vec![1, 1, amount - 1]] {
                world.restore(&borrowed);
                for part in parts.into_iter().filter(|part| *part > 0) {
                    // So little that it clears nothing is refused.
                    drop(world.repay(BOB, DEBT, part));
                }
                if world.owed(BOB, DEBT) > 0 {
                    world.repay(BOB, DEBT, amount * 2 + 1_000_000_000).unwrap();
                }
                assert!(world.account(BOB).debts.is_empty(), "{what}");
                assert!(world.balance(BOB, DEBT) <= coins, "{what}");
                no_gain(&world, &wealth, &what);
            }
        }
    }
    assert!(done > 100, "{done} borrows");
}

#[test]
fn a_market_after_ten_years_at_the_highest_rate_still_lets_everybody_out() {
    for setting in settings().into_iter().filter(|setting| setting.aged) {
        let mut world = setting.indebted();
        // Another ten years, touched each year: the indices stop growing.
        for _ in 0..10 {
            world.advance_fresh(31_536_000);
            for denom in [COLLATERAL, DEBT] {
                world.cover(BOB, denom, 1).unwrap();
            }
        }
        let owed = world.owed(ALICE, DEBT);
        world.mint(ALICE, DEBT, owed);
        world.repay(ALICE, DEBT, owed).unwrap();
        assert!(world.account(ALICE).debts.is_empty(), "{setting:?}");
        for (who, denom) in [(ALICE, COLLATERAL), (LENDER, DEBT)] {
            let cash = world.market(denom).stored.cash.raw();
            let before = world.balance(who, denom);
            let claim = world.supplied(who, denom);
            world.withdraw_all(who, denom).unwrap();
            assert_eq!(world.balance(who, denom) - before, claim.min(cash), "{setting:?}");
        }
    }
}
