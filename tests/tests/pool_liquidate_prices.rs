//! `liquidate` while prices fail.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

mod common;

use common::{fallen, indebted, refuses};
use plimsoll_risk::rates::{Kinked, RateModel};
use plimsoll_risk::units::{Price, Rate, Ratio, Value};
use plimsoll_schema::oracle::PRICE_RECORDS;
use plimsoll_testing::{AETH, ALICE, Asset, LIQUIDATOR, UATOM, UUSD, World, values};

#[test]
fn liquidate_needs_valid_prices_of_what_it_repays_and_seizes() {
    let mut world = fallen();
    world.advance(3_601);
    let before = world.snapshot();
    for (stale, fresh) in [(UATOM, (UUSD, "1")), (UUSD, (UATOM, "7.5"))] {
        world.restore(&before);
        world.set_prices(&[fresh]);
        let error = world.refused(|world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)));
        // A failing price counts at the bound in the account's favour, so it may look healthy before the price is asked for.
        let healthy = error.to_string().starts_with("account is healthy: its debt of ");
        let named = format!("price of {stale}: price is 3601 s old, at most 3600 s are allowed");
        assert!(healthy || error.to_string() == named, "{error}");
    }
    // With narrow bounds nothing looks healthy, and the price is named.
    let narrow = |asset: &mut Asset| {
        asset.guards.ceiling = Price::new(10_000_000_000_000_000_000);
        asset.guards.floor = Price::new(500_000_000_000_000_000);
    };
    for (stale, fresh) in [(UATOM, (UUSD, "1")), (UUSD, (UATOM, "5"))] {
        let mut world = World::builder().edit(UATOM, narrow).lent(1_000_000);
        world = world.edit(UUSD, |asset| asset.guards.floor = Price::new(900_000_000_000_000_000));
        let mut world = world.build();
        world.deposit(ALICE, UATOM, 100_000_000).unwrap();
        world.deposit(ALICE, AETH, 500_000_000_000_000_000).unwrap();
        world.borrow(ALICE, UUSD, 1_400_000_000).unwrap();
        world.set_price(AETH, "20");
        world.advance(3_601);
        world.set_prices(&[fresh, (AETH, "20")]);
        let text = format!("price of {stale}: price is 3601 s old, at most 3600 s are allowed");
        refuses(&mut world, &text, |world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)));
    }
}

#[test]
fn liquidate_with_the_flaky_price_of_a_third_denom_takes_its_hard_bound() {
    // ETH may cost 2 to 2,100 USD; hers are worth 20 USD at most when their price fails.
    let bounded = |asset: &mut Asset| asset.guards.ceiling = Price::new(2_100_000_000_000_000_000_000);
    let free = Kinked {
        optimal_utilization_rate: Ratio::percent(80),
        base: Rate::ZERO,
        slope_1: Rate::ZERO,
        slope_2: Rate::ZERO,
    };
    let world = World::builder().edit(AETH, bounded).edit(UUSD, |a| a.params.rate_model = RateModel::Kinked(free));
    let mut world = world.lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.deposit(ALICE, AETH, 10_000_000_000_000_000).unwrap(); // 0.01
    world.borrow(ALICE, UUSD, 640_000_000).unwrap();
    world.advance(3_601);
    world.set_prices(&[(UATOM, "8"), (UUSD, "1")]);
    let position = world.position(ALICE);
    assert_eq!(position.carried_value.to_string(), "616.8"); // 600 + 21 × 0.8
    assert_eq!(position.borrow_limit_value, None);
    // Health factor 0.96375: bonus 2 % + 8 % × 0.03625 / 0.05 = 7.8 %. (672 − 616.8) / (1.05 − 0.75 × 1.078) = 228.571428…
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    assert_eq!(values(&response, "bonus"), ["0.078"]);
    assert_eq!(values(&response, "repaid"), ["228571429"]);
}

#[test]
fn liquidate_with_the_flaky_price_of_a_third_debt_takes_its_hard_lower_bound() {
    let bounded = |asset: &mut Asset| asset.guards.floor = Price::new(1_900_000_000_000_000_000_000);
    let mut world = World::builder().edit(AETH, bounded).lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, AETH, 10_000_000_000_000_000).unwrap(); // 20 USD, 19 at the bound
    world.borrow(ALICE, UUSD, 621_000_000).unwrap();
    world.advance(3_601);
    world.set_prices(&[(UATOM, "8"), (UUSD, "1")]);
    // The little interest of an hour aside, 621 + 19.
    let debt = world.position(ALICE).debt_value;
    assert!(debt >= Value::whole(640) && debt < "640.01".parse().unwrap(), "{debt}");
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    assert!(!world.position(ALICE).liquidatable);
}

#[test]
fn liquidate_with_an_unreadable_record_of_a_third_denom_can_not_be_shielded_by_a_wrong_answer() {
    // Behind the oracle's back: a record that is no record. Nothing is known, so nothing is ruled out: it looks healthy, no panic.
    let mut world = indebted(640_000_000);
    world.deposit(ALICE, AETH, 10_000_000_000_000_000).unwrap();
    world.set_price(UATOM, "8");
    let oracle = world.oracle().clone();
    world.storage_mut(&oracle).set(&PRICE_RECORDS.key(AETH), b"?");
    let error = world.refused(|world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)));
    assert!(error.to_string().starts_with("account is healthy: its debt of 640 is carried up to "), "{error}");
}
