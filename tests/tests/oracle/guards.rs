//! What the guards make of the prices fed: steps, edges, bounds and age.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a setup that fails is a failed test")]

use plimsoll_risk::price::{Guards, PriceBand, PriceFault};
use plimsoll_risk::units::Ratio;
use plimsoll_schema::oracle::DenomPrice;
use plimsoll_testing::{Asset, UATOM, World, price, ratio};

const ANN: &str = "ann";

fn guards() -> Guards {
    Guards { max_age: Some(600), max_deviation: ratio("0.1"), step_interval: 60, ..Asset::new(UATOM, 6, "10").guards }
}

/// `uatom` at 10, fed by Ann alone; 10 % a step, 60 s from one to the next.
fn guarded(guards: Guards) -> World {
    let mut world = World::builder().without_assets().build();
    let source = world.feed_source(&[ANN], 1);
    world.set_source(UATOM, source, guards).unwrap();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    world
}

fn world() -> World {
    guarded(guards())
}

/// Settled price, what liquidation counts, low and high at this block.
#[track_caller]
fn assert_price(world: &World, settled: &str, counted: (&str, &str), edges: (&str, &str)) {
    let expected = DenomPrice::Valid {
        denom: UATOM.to_owned(),
        price: price(settled),
        counted: PriceBand { low: price(counted.0), high: price(counted.1) },
        low: price(edges.0),
        high: price(edges.1),
        timestamp: world.price_record(UATOM).timestamp,
    };
    assert_eq!(world.price(UATOM), expected);
}

/// A debt counts at once at the fallen price, a collateral only where the settled price has come to; nothing is lent
/// above 8.
#[test]
fn a_fall_is_followed_a_step_an_interval_and_low_includes_it_at_once() {
    let mut world = world();
    world.feed(ANN, &[(UATOM, "8")]).unwrap();
    assert_price(&world, "10", ("8", "10"), ("8", "10"));
    world.advance(59);
    assert_price(&world, "10", ("8", "10"), ("8", "10"));
    world.advance(1);
    assert_price(&world, "9", ("8", "9"), ("8", "9"));
    world.advance(60);
    assert_price(&world, "8.1", ("8", "8.1"), ("8", "8.1"));
    world.advance(60);
    assert_price(&world, "8", ("8", "8"), ("8", "8"));
}

#[test]
fn a_rise_is_followed_a_step_an_interval_and_high_includes_it_at_once() {
    let mut world = world();
    world.feed(ANN, &[(UATOM, "20")]).unwrap();
    assert_price(&world, "10", ("10", "20"), ("10", "20"));
    world.advance(60);
    assert_price(&world, "11", ("11", "20"), ("11", "20"));
}

#[test]
fn feeding_often_steps_neither_faster_nor_slower_than_the_interval() {
    let mut world = world();
    for second in 0..=120 {
        world.feed(ANN, &[(UATOM, "5")]).unwrap();
        let settled = ["10", "9", "8.1"][second / 60];
        assert_price(&world, settled, ("5", settled), ("5", settled));
        world.advance(1);
    }
}

/// Issue A.4: 10 → 7 → 10. Both ends of what liquidation counts are at 10 as soon as the observation is.
#[test]
fn a_price_that_came_back_is_what_liquidation_counts() {
    let mut world = world();
    world.feed(ANN, &[(UATOM, "7")]).unwrap();
    world.advance(120);
    assert_price(&world, "8.1", ("7", "8.1"), ("7", "8.1"));
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    assert_price(&world, "8.1", ("8.1", "10"), ("8.1", "10"));
}

#[test]
fn low_and_high_widen_with_age_and_the_settled_price_stands() {
    let world = &mut guarded(Guards { age_spread: ratio("0.1"), ..guards() });
    assert_price(world, "10", ("10", "10"), ("10", "10"));
    world.advance(300);
    assert_price(world, "10", ("10", "10"), ("9.5", "10.5"));
    world.advance(300);
    assert_price(world, "10", ("10", "10"), ("9", "11"));
}

#[test]
fn a_price_is_valid_at_its_maximum_age_and_silent_a_second_later() {
    let mut world = world();
    world.feed(ANN, &[(UATOM, "5")]).unwrap();
    world.advance(540);
    // 10 × 0.9⁶ = 5.31, so the seventh step arrives; then it is silent.
    assert_price(&world, "5", ("5", "5"), ("5", "5"));
    world.advance(60);
    assert!(matches!(world.price(UATOM), DenomPrice::Valid { .. }));
    world.advance(1);
    let counted = PriceBand::at(price("5"));
    let fault = PriceFault::Stale { age: 601, max_age: 600 };
    let silent = |remaining| DenomPrice::Silent {
        denom: UATOM.to_owned(),
        fault: fault.clone(),
        price: price("5"),
        counted,
        remaining,
    };
    assert_eq!(world.price(UATOM), silent(Ratio::ONE));
    // Half way between one day and eight.
    world.advance(86_400 + 7 * 43_200 - 601);
    let DenomPrice::Silent { remaining, .. } = world.price(UATOM) else { panic!("it is silent") };
    assert_eq!(remaining, ratio("0.5"));
}

/// An observation after a long silence moves nothing at once.
#[test]
fn a_silent_price_comes_back_with_the_next_vote_still_stepping() {
    let mut world = world();
    world.advance(10_000);
    world.feed(ANN, &[(UATOM, "5")]).unwrap();
    assert_price(&world, "10", ("5", "10"), ("5", "10"));
    world.advance(60);
    assert_price(&world, "9", ("5", "9"), ("5", "9"));
}

/// The floor of 5 holds for 300 s while everything told is below it. Nothing is lent above what is told.
#[test]
fn a_bound_holds_what_liquidation_counts_for_its_time_and_lends_nothing() {
    let mut world = guarded(Guards { floor: price("5"), bound_hold: 300, step_interval: 10, ..guards() });
    world.feed(ANN, &[(UATOM, "0.2")]).unwrap();
    // 10 × 0.9⁷ = 4.78 is below it.
    world.advance(299);
    assert_price(&world, "5", ("0.2", "5"), ("0.2", "5"));
    world.advance(1);
    assert_price(&world, "4.5", ("0.2", "4.5"), ("0.2", "4.5"));
}
