//! Issue A.1: a refused price kept lending.

use plimsoll_risk::price::PriceBand;
use plimsoll_testing::{ALICE, Asset, BOB, LENDER, UATOM, UUSD, World, price};

use super::setup::{builder, world_with_pair};

/// ATOM at 10, between 5 and 20, which hold for an hour.
fn bounded() -> World {
    let bounds = |asset: &mut Asset| {
        (asset.guards.floor, asset.guards.ceiling, asset.guards.bound_hold) = (price("5"), price("20"), 3_600);
    };
    builder().edit(UATOM, bounds).lent(1_000_000).build()
}

/// Both feeders say 0.2, far below the floor: 60,000 dollars were lent against 10,000 ATOM worth 2,000. It is 70 % of
/// 2,000 at most.
#[test]
fn what_is_lent_against_a_price_below_its_floor_is_what_it_says() {
    let mut world = bounded();
    world.deposit(ALICE, UATOM, 10_000_000_000).unwrap();
    world.set_price(UATOM, "0.2");
    for seconds in [0, 600, 3_000] {
        world.advance(seconds);
        world.set_price(UUSD, "1");
        world.refused(|world| world.borrow(ALICE, UUSD, 1_400_000_001));
    }
    world.borrow(ALICE, UUSD, 1_400_000_000).unwrap();
}

/// A debt above its ceiling: 100,000 dollars carry 80,000 of debt, which is 160 ATOM at 500 and not 4,000 at 20.
#[test]
fn what_is_lent_of_a_price_above_its_ceiling_is_what_it_says() {
    let mut world = bounded();
    world.deposit(ALICE, UUSD, 100_000_000_000).unwrap();
    world.set_price(UATOM, "500");
    world.refused(|world| world.borrow(ALICE, UATOM, 160_000_001));
    world.borrow(ALICE, UATOM, 160_000_000).unwrap();
}

/// The floor holds what liquidation counts for an hour, so a wrong price liquidates nobody at once; then it gives way.
#[test]
fn what_liquidation_counts_stands_at_the_floor_for_its_time() {
    let mut world = bounded();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 370_000_000).unwrap();
    for _ in 0..60 {
        world.set_prices(&[(UATOM, "0.2"), (UUSD, "1")]);
        // At 5 it carries 375 dollars.
        assert!(!world.position(ALICE).liquidatable);
        world.advance(60);
    }
    world.advance(10);
    assert!(world.position(ALICE).liquidatable);
}

/// A pair dumped below its least reserves said "thin", and half an hour later the old price still lent. A higher least
/// reserve made it worse.
#[test]
fn a_pair_below_its_least_reserves_lends_nothing_at_once() {
    let (mut world, pair) = world_with_pair();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    let everything = world.pair_shares(LENDER, &pair);
    world.withdraw_liquidity(LENDER, &pair, everything).unwrap();
    for seconds in [0, 150, 1_800] {
        world.advance(seconds);
        world.set_price(UUSD, "1");
        // The floor of a thousandth: 70 % of 100 ATOM at 0.01.
        world.refused(|world| world.borrow(ALICE, UUSD, 5_000_000));
        world.publish(BOB, &[UATOM]).unwrap();
        world.refused(|world| world.borrow(ALICE, UUSD, 5_000_000));
    }
    assert_eq!(world.price_record(UATOM).extremes.low, world.price_record(UATOM).guards.floor);
}

/// One bad denom silenced the others of its message.
#[test]
fn one_denom_that_is_refused_does_not_silence_the_others() {
    let mut world = bounded();
    world.advance(3_000);
    for feeder in plimsoll_testing::FEEDERS {
        world.feed(feeder, &[("unknown", "1"), (UATOM, "0"), (UUSD, "1")]).unwrap();
    }
    assert_eq!(world.price_record(UUSD).timestamp, world.now());
    assert_eq!(world.price_record(UATOM).raw, PriceBand::at(plimsoll_risk::price::PRICE_MIN));
}
