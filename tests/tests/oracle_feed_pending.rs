//! `feed` while a source waits: votes count for the source in force and for the one that waits.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, PriceFault, PriceRecord};
use plimsoll_testing::{Asset, UATOM, World, price, values};

const ANN: &str = "ann";
const BEN: &str = "ben";

fn guards() -> Guards {
    Asset::new(UATOM, 6, "10").guards
}

/// `uatom` in force by Ann at 10; a source of `feeders` with a quorum of all waits.
fn world(feeders: &[&str], guards_of_pending: Guards) -> World {
    let mut world = World::builder().without_assets().build();
    let source = world.feed_source(&[ANN], 1);
    world.set_source(UATOM, source, guards()).unwrap();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    let source = world.feed_source(feeders, u8::try_from(feeders.len()).unwrap());
    world.set_source(UATOM, source, guards_of_pending).unwrap();
    world
}

fn pending(world: &World) -> PriceRecord {
    world.source(UATOM).pending.unwrap().record
}

#[test]
fn feed_by_a_feeder_of_the_pending_source_alone_moves_only_its_record() {
    let mut world = world(&[BEN], guards());
    let in_force = world.price_record(UATOM);
    let response = world.feed(BEN, &[(UATOM, "12")]).unwrap();
    assert_eq!(values(&response, "pending"), [UATOM]);
    assert!(values(&response, "price").is_empty(), "nothing that others read was published");
    assert_eq!(world.price_record(UATOM), in_force);
    assert_eq!(pending(&world).price, price("12"));
}

#[test]
fn feed_by_a_feeder_of_both_counts_for_both() {
    let mut world = world(&[ANN, BEN], guards());
    let response = world.feed(ANN, &[(UATOM, "11")]).unwrap();
    assert_eq!(values(&response, "price"), ["11"]);
    assert_eq!(pending(&world).timestamp, 0, "one vote of two is no quorum");
    world.feed(BEN, &[(UATOM, "13")]).unwrap();
    assert_eq!((pending(&world).price, pending(&world).high), (price("11"), price("13")));
    assert_eq!(world.price_record(UATOM).price, price("11"));
}

#[test]
fn feed_outside_the_bounds_in_force_still_counts_for_a_pending_source_with_wider_ones() {
    let wide = Guards { ceiling: price("1000000"), ..guards() };
    let mut world = world(&[ANN], wide);
    let in_force = world.price_record(UATOM);
    world.feed(ANN, &[(UATOM, "20000")]).unwrap();
    assert_eq!(world.price_record(UATOM), in_force);
    assert_eq!(pending(&world).price, price("20000"));
}

#[test]
fn feed_outside_the_bounds_of_the_pending_source_still_counts_for_the_one_in_force() {
    let narrow = Guards { ceiling: price("11"), ..guards() };
    let mut world = world(&[ANN], narrow);
    world.feed(ANN, &[(UATOM, "12")]).unwrap();
    assert_eq!(world.price_record(UATOM).price, price("12"));
    assert_eq!(pending(&world).timestamp, 0);
}

#[test]
fn feed_outside_the_bounds_of_both_is_refused() {
    let narrow = Guards { ceiling: price("11"), ..guards() };
    let mut world = world(&[ANN], narrow);
    let error = world.refused(|world| world.feed(ANN, &[(UATOM, "20000")]));
    let fault = PriceFault::OutOfBounds { price: price("20000"), floor: price("0.01"), ceiling: price("10000") };
    assert!(error.is(&ContractError::Price { denom: UATOM.to_owned(), fault }), "{error}");
}

#[test]
fn feed_for_a_pending_source_that_was_replaced_does_not_count_for_the_next() {
    let mut world = world(&[ANN, BEN], guards());
    world.feed(ANN, &[(UATOM, "11")]).unwrap();
    let source = world.feed_source(&[ANN, BEN], 2);
    world.set_source(UATOM, source, guards()).unwrap();
    world.feed(BEN, &[(UATOM, "11")]).unwrap();
    assert_eq!(pending(&world).timestamp, 0, "Ann voted for another source");
    world.feed(ANN, &[(UATOM, "11")]).unwrap();
    assert_eq!(pending(&world).price, price("11"));
}

#[test]
fn feed_for_a_pending_source_that_was_cancelled_does_not_count_for_the_next() {
    let mut world = world(&[ANN, BEN], guards());
    world.feed(ANN, &[(UATOM, "11")]).unwrap();
    world.cancel_source(UATOM).unwrap();
    let source = world.feed_source(&[ANN, BEN], 2);
    world.set_source(UATOM, source, guards()).unwrap();
    world.feed(BEN, &[(UATOM, "11")]).unwrap();
    assert_eq!(pending(&world).timestamp, 0, "Ann voted for another source");
}
