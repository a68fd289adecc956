//! `liquidate` while prices fail.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{fallen, indebted, refuses};
use plimsoll_risk::rates::{Kinked, RateModel};
use plimsoll_risk::units::{Rate, Ratio, Value};
use plimsoll_schema::oracle::PRICE_RECORDS;
use plimsoll_testing::{AETH, ALICE, LIQUIDATOR, UATOM, UUSD, World, values};

#[test]
fn liquidate_needs_prices_that_are_not_silent_of_what_it_repays_and_seizes() {
    let mut world = fallen();
    world.advance(3_601);
    let before = world.snapshot();
    for (silent, fresh) in [(UATOM, (UUSD, "1")), (UUSD, (UATOM, "7.5"))] {
        world.restore(&before);
        world.set_prices(&[fresh]);
        let text = format!("price of {silent}: price is 3601 s old, at most 3600 s are allowed");
        refuses(&mut world, &text, |world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)));
    }
    // Of an account that is healthy by what is known, a silence is the reason, not its health.
    let mut world = indebted(100_000_000);
    world.deposit(ALICE, AETH, 500_000_000_000_000_000).unwrap();
    world.advance(3_601);
    world.set_prices(&[(UATOM, "10"), (UUSD, "1")]);
    let text = "price of aeth: price is 3601 s old, at most 3600 s are allowed";
    refuses(&mut world, text, |world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)));
}

/// 100 ATOM and 0.01 ETH against 640 USD without interest; the ETH's settled price moves a tenth in a step.
fn beside_eth() -> World {
    let free = Kinked {
        optimal_utilization_rate: Ratio::percent(80),
        base: Rate::ZERO,
        slope_1: Rate::ZERO,
        slope_2: Rate::ZERO,
    };
    let world = World::builder().edit(AETH, |asset| asset.guards.max_deviation = Ratio::percent(10));
    let mut world = world.edit(UUSD, |a| a.params.rate_model = RateModel::Kinked(free)).lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.deposit(ALICE, AETH, 10_000_000_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, 640_000_000).unwrap();
    world
}

#[test]
fn liquidate_counts_a_silent_third_denom_at_its_settled_price() {
    let mut world = beside_eth();
    world.advance(3_601);
    world.set_prices(&[(UATOM, "8"), (UUSD, "1")]);
    let position = world.position(ALICE);
    assert_eq!(position.adjusted_collateral_value.to_string(), "616"); // 600 + 20 × 0.8
    // For borrowing it counts nothing: 560.
    assert_eq!(position.borrow_limit_value, Some(Value::whole(560)));
    // Health factor 0.9625: bonus 2 % + 8 % × 0.0375 / 0.05 = 8 %. (672 − 616) / (1.05 − 0.75 × 1.08) = 233.333333…
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    assert_eq!(values(&response, "bonus"), ["0.08"]);
    assert_eq!(values(&response, "repaid"), ["233333334"]);
}

#[test]
fn liquidate_counts_a_silent_collateral_less_and_less_after_a_day() {
    let mut world = beside_eth();
    let carried = |world: &mut World, seconds: u64| {
        world.advance(seconds);
        world.set_prices(&[(UATOM, "8"), (UUSD, "1")]);
        world.position(ALICE).adjusted_collateral_value.to_string()
    };
    assert_eq!(carried(&mut world, 86_400), "616");
    // A seventh of the week after the day: 6 / 7 of 20 USD, at 80 %.
    assert!(
        carried(&mut world, 86_400).starts_with("613.7142857142857"),
        "{}",
        world.position(ALICE).adjusted_collateral_value
    );
    assert_eq!(carried(&mut world, 6 * 86_400), "600");
    assert_eq!(carried(&mut world, 86_400), "600");
    // It speaks again, and counts in full.
    world.set_price(AETH, "2000");
    assert_eq!(world.position(ALICE).adjusted_collateral_value.to_string(), "616");
}

#[test]
fn liquidate_counts_a_silent_third_debt_at_its_settled_price() {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, AETH, 10_000_000_000_000_000).unwrap(); // 20 USD
    world.borrow(ALICE, UUSD, 621_000_000).unwrap();
    world.advance(3_601);
    world.set_prices(&[(UATOM, "8"), (UUSD, "1")]);
    // The little interest of an hour aside, 621 + 20.
    let debt = world.position(ALICE).debt_value;
    assert!(debt >= Value::whole(641) && debt < "641.01".parse().unwrap(), "{debt}");
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    assert!(!world.position(ALICE).liquidatable);
    // The silent debt itself can't be repaid that way, but by `repay`.
    world.set_price(UATOM, "2");
    world.advance(3_601);
    world.set_prices(&[(UATOM, "2"), (UUSD, "1")]);
    let text = "price of aeth: price is 7202 s old, at most 3600 s are allowed";
    refuses(&mut world, text, |world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (AETH, 5_000_000_000_000_000)));
    world.repay(ALICE, AETH, 20_000_000_000_000_000).unwrap();
}

#[test]
fn liquidate_with_an_unreadable_record_of_a_third_denom_counts_it_as_nothing() {
    // Behind the oracle's back: a record that is no record. Nothing is known of the ETH, so it carries nothing and shields nobody.
    let mut world = indebted(640_000_000);
    world.deposit(ALICE, AETH, 10_000_000_000_000_000).unwrap();
    world.set_price(UATOM, "8");
    let oracle = world.oracle().clone();
    world.storage_mut(&oracle).set(&PRICE_RECORDS.key(AETH), b"?");
    assert_eq!(world.position(ALICE).adjusted_collateral_value, Value::whole(600));
    let text = "price of aeth: no price is published";
    refuses(&mut world, text, |world| world.liquidate(LIQUIDATOR, ALICE, AETH, (UUSD, 640_000_000)));
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
}
