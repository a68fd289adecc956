//! After a halt of the oracle: who is liquidated when, and what is open meanwhile.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may stop at a surprise")]

mod common;

use common::refuses;
use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_risk::units::Ratio;
use plimsoll_schema::pool::AssetChanges;
use plimsoll_testing::{ALICE, BOB, LIQUIDATOR, UATOM, UUSD, World};

const SPARED: &str = "account is spared in the grace after a halt";
const HALTED: &str =
    "the oracle was halted: until the grace is over nothing is borrowed, and no indebted account is lowered";

/// A grace of fifteen minutes after more than fifteen minutes without a price. Alice owes 640 USD against 100 ATOM, Bob 690.
fn world() -> World {
    let grace = HaltGrace { gap: 900, grace: 900 };
    let builder = World::builder().lent(1_000_000).pool(|config| config.halt_grace = grace);
    let mut world = builder.oracle(|oracle| oracle.heartbeat_gap = 900).build();
    for (who, debt) in [(ALICE, 640_000_000), (BOB, 690_000_000)] {
        world.deposit(who, UATOM, 100_000_000).unwrap();
        world.borrow(who, UUSD, debt).unwrap();
    }
    world
}

fn liquidate(world: &mut World, who: &str) -> common::Outcome {
    world.liquidate(LIQUIDATOR, who, UATOM, (UUSD, 1_000_000))
}

#[test]
fn liquidate_after_a_halt_waits_for_whoever_has_more_than_debt_and_the_full_bonus() {
    let mut world = world();
    world.advance(3_000);
    world.set_prices(&[(UATOM, "7.55"), (UUSD, "1")]);
    // 755 / 640 = 1.18 is above 1.1, 755 / 690 = 1.094 is not.
    assert!(!world.position(ALICE).liquidatable);
    refuses(&mut world, SPARED, |world| liquidate(world, ALICE));
    liquidate(&mut world, BOB).unwrap();
    world.advance(899);
    refuses(&mut world, SPARED, |world| liquidate(world, ALICE));
    world.advance(1);
    assert!(world.position(ALICE).liquidatable);
    liquidate(&mut world, ALICE).unwrap();
}

#[test]
fn in_the_grace_debts_are_repaid_and_collateral_is_added_but_nothing_is_borrowed() {
    let mut world = world();
    world.advance(3_000);
    world.set_prices(&[(UATOM, "10"), (UUSD, "1")]);
    refuses(&mut world, HALTED, |world| world.borrow(ALICE, UUSD, 1));
    refuses(&mut world, HALTED, |world| world.withdraw(ALICE, UATOM, 1));
    world.repay(ALICE, UUSD, 10_000_000).unwrap();
    world.deposit(ALICE, UATOM, 10_000_000).unwrap();
    world.advance(900);
    world.borrow(ALICE, UUSD, 1_000_000).unwrap();
}

#[test]
fn a_gap_that_nobody_has_ended_yet_stops_liquidation_as_well() {
    let mut world = world();
    world.set_price(UATOM, "8");
    world.advance(901);
    refuses(&mut world, SPARED, |world| liquidate(world, ALICE));
}

#[test]
fn a_second_halt_within_a_day_gets_no_second_grace() {
    let mut world = world();
    world.advance(1_000);
    world.set_prices(&[(UATOM, "8"), (UUSD, "1")]);
    refuses(&mut world, SPARED, |world| liquidate(world, ALICE));
    world.advance(80_000);
    world.set_prices(&[(UATOM, "8"), (UUSD, "1")]);
    liquidate(&mut world, ALICE).unwrap();
}

#[test]
fn a_threshold_does_not_fall_while_the_oracle_is_halted() {
    let mut world = world();
    let target = Ratio::percent(65);
    let changes = AssetChanges {
        max_loan_to_value: Some(Ratio::percent(60)),
        liquidation_threshold: Some(target),
        ..AssetChanges::default()
    };
    world.update_asset(UATOM, changes).unwrap();
    let start = world.market(UATOM).liquidation_threshold;
    // Three days without a price: only the fifteen minutes up to the halt have counted.
    world.advance(3 * 86_400);
    let fallen = world.market(UATOM).liquidation_threshold;
    // 0.1 over three days: 900 s are 0.1 × 900 / 259,200 = 0.000347222… of it.
    assert_eq!(start.to_string(), "0.75");
    assert_eq!(fallen.to_string(), "0.749652777777777778");
    world.set_prices(&[(UATOM, "10"), (UUSD, "1")]);
    assert_eq!(world.market(UATOM).liquidation_threshold.to_string(), "0.749652777777777778");
}
