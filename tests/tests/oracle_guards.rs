//! What the guards make of the prices fed: steps, edges, bounds and age.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use plimsoll_risk::price::{Guards, PriceFault};
use plimsoll_schema::oracle::DenomPrice;
use plimsoll_testing::{Asset, UATOM, World, price, ratio};

const ANN: &str = "ann";

/// `uatom` at 10, fed by Ann alone; 10 % a step, 60 s from one to the next.
fn world() -> World {
    let mut world = World::builder().without_assets().build();
    let guards = Guards {
        max_age: Some(600),
        max_deviation: ratio("0.1"),
        step_interval: 60,
        age_spread: ratio("0.1"),
        ..Asset::new(UATOM, 6, "10").guards
    };
    let source = world.feed_source(&[ANN], 1);
    world.set_source(UATOM, source, guards).unwrap();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    world
}

/// Mid, low and high at this block.
#[track_caller]
fn assert_price(world: &World, mid: &str, low: &str, high: &str) {
    let timestamp = world.price_record(UATOM).timestamp;
    let (mid, low, high) = (price(mid), price(low), price(high));
    let expected = DenomPrice::Valid { denom: UATOM.to_owned(), price: mid, low, high, timestamp };
    assert_eq!(world.price(UATOM), expected);
}

#[test]
fn a_fall_beyond_the_deviation_is_followed_one_step_and_low_includes_it_at_once() {
    let mut world = world();
    world.advance(60);
    world.feed(ANN, &[(UATOM, "8")]).unwrap();
    assert_price(&world, "9", "8", "9");
    world.advance(60);
    world.feed(ANN, &[(UATOM, "8")]).unwrap();
    assert_price(&world, "8.1", "8", "8.1");
    world.advance(60);
    world.feed(ANN, &[(UATOM, "8")]).unwrap();
    assert_price(&world, "8", "8", "8");
}

#[test]
fn a_rise_beyond_the_deviation_is_followed_one_step_and_high_includes_it_at_once() {
    let mut world = world();
    world.advance(60);
    world.feed(ANN, &[(UATOM, "20")]).unwrap();
    assert_price(&world, "11", "11", "20");
}

#[test]
fn feeding_often_does_not_step_faster_than_the_interval() {
    let mut world = world();
    world.advance(60);
    for _ in 0..10 {
        world.feed(ANN, &[(UATOM, "5")]).unwrap();
    }
    assert_price(&world, "9", "5", "9");
    world.advance(59);
    world.feed(ANN, &[(UATOM, "5")]).unwrap();
    assert_price(&world, "9", "5", "9");
    world.advance(1);
    world.feed(ANN, &[(UATOM, "5")]).unwrap();
    assert_price(&world, "8.1", "5", "8.1");
}

#[test]
fn a_move_within_the_deviation_is_taken_whole() {
    let mut world = world();
    for text in ["9", "11", "10.4"] {
        world.feed(ANN, &[(UATOM, text)]).unwrap();
        assert_price(&world, text, text, text);
    }
}

#[test]
fn low_and_high_widen_with_age_and_mid_stands() {
    let mut world = world();
    assert_price(&world, "10", "10", "10");
    world.advance(300);
    assert_price(&world, "10", "9.5", "10.5");
    world.advance(300);
    assert_price(&world, "10", "9", "11");
}

#[test]
fn a_price_is_valid_at_its_maximum_age_and_stale_a_second_later() {
    let mut world = world();
    world.advance(600);
    assert!(matches!(world.price(UATOM), DenomPrice::Valid { .. }));
    world.advance(1);
    let expected = DenomPrice::Failed {
        denom: UATOM.to_owned(),
        fault: PriceFault::Stale { age: 601, max_age: 600 },
        floor: price("0.01"),
        ceiling: price("10000"),
    };
    assert_eq!(world.price(UATOM), expected);
}

#[test]
fn a_stale_price_comes_back_with_the_next_feed_still_stepping() {
    let mut world = world();
    world.advance(10_000);
    world.feed(ANN, &[(UATOM, "5")]).unwrap();
    assert_price(&world, "9", "5", "9");
}
