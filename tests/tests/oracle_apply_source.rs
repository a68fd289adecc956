//! `apply_source`: after the delay, with a price of its own, and near enough.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, PriceFault};
use plimsoll_risk::units::Ratio;
use plimsoll_testing::{ALICE, Asset, UATOM, World, price, values};

const ANN: &str = "ann";
const BEN: &str = "ben";
const DELAY: u64 = 86_400;

fn guards() -> Guards {
    Asset::new(UATOM, 6, "10").guards
}

fn denom() -> String {
    UATOM.to_owned()
}

/// `uatom` in force by Ann; Ben's source waits, and its delay is over.
fn world() -> World {
    let mut world = World::builder().without_assets().build();
    let source = world.feed_source(&[ANN], 1);
    world.set_source(UATOM, source, guards()).unwrap();
    let source = world.feed_source(&[BEN], 1);
    world.set_source(UATOM, source, guards()).unwrap();
    world.advance(DELAY);
    world
}

#[test]
fn apply_source_puts_the_pending_source_and_its_record_in_force() {
    let mut world = world();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    world.feed(BEN, &[(UATOM, "10.5")]).unwrap();
    let pending = world.source(UATOM).pending.unwrap();
    let response = world.apply_source(ALICE, UATOM).unwrap();
    assert_eq!(values(&response, "action"), ["apply_source"]);
    assert_eq!(values(&response, "denom"), [UATOM]);
    assert_eq!(values(&response, "price"), ["10.5"]);
    let answer = world.source(UATOM);
    assert_eq!((answer.source, answer.record, answer.pending), (pending.source, pending.record.clone(), None));
    assert_eq!(world.price_record(UATOM), pending.record);
}

#[test]
fn apply_source_takes_the_vote_from_the_old_feeders_and_gives_it_to_the_new() {
    let mut world = world();
    world.feed(BEN, &[(UATOM, "10.5")]).unwrap();
    world.apply_source(ALICE, UATOM).unwrap();
    let error = world.refused(|world| world.feed(ANN, &[(UATOM, "10")]));
    let sender = world.addr(ANN).into_string();
    assert!(error.is(&ContractError::NotFeeder { sender, denom: denom() }), "{error}");
    world.feed(BEN, &[(UATOM, "10.6")]).unwrap();
    assert_eq!(world.price_record(UATOM).price, price("10.6"));
}

#[test]
fn apply_source_keeps_the_votes_that_were_cast_while_it_waited() {
    let mut world = World::builder().without_assets().build();
    let source = world.feed_source(&[ANN], 1);
    world.set_source(UATOM, source, guards()).unwrap();
    let source = world.feed_source(&[ANN, BEN], 2);
    world.set_source(UATOM, source, guards()).unwrap();
    world.advance(DELAY);
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    world.feed(BEN, &[(UATOM, "10")]).unwrap();
    world.apply_source(ALICE, UATOM).unwrap();
    // Ann's vote still stands against his: the price stays, and its upper edge takes his in.
    world.feed(BEN, &[(UATOM, "11")]).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!((record.price, record.high), (price("10"), price("11")));
}

#[test]
fn apply_source_leaves_nothing_of_the_old_source_behind() {
    let mut world = World::builder().without_assets().build();
    let source = world.feed_source(&[ANN], 1);
    world.set_source(UATOM, source, guards()).unwrap();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    let records = world.dump_of(world.oracle()).len();
    let source = world.feed_source(&[BEN], 1);
    world.set_source(UATOM, source, guards()).unwrap();
    world.advance(DELAY);
    world.feed(BEN, &[(UATOM, "10")]).unwrap();
    world.apply_source(ALICE, UATOM).unwrap();
    assert_eq!(world.dump_of(world.oracle()).len(), records);
}

#[test]
fn apply_source_before_the_delay_is_over_is_refused() {
    let mut world = World::builder().without_assets().build();
    let source = world.feed_source(&[ANN], 1);
    world.set_source(UATOM, source.clone(), guards()).unwrap();
    let effective_at = world.now() + DELAY;
    world.set_source(UATOM, source, guards()).unwrap();
    world.advance(DELAY - 1);
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    let error = world.refused(|world| world.apply_source(ALICE, UATOM));
    let now = effective_at - 1;
    assert!(error.is(&ContractError::TooEarly { denom: denom(), effective_at, now }), "{error}");
    world.advance(1);
    world.apply_source(ALICE, UATOM).unwrap();
}

#[test]
fn apply_source_without_a_price_of_its_own_is_refused() {
    let mut world = world();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    let error = world.refused(|world| world.apply_source(ALICE, UATOM));
    let fault = PriceFault::Missing {};
    assert!(error.is(&ContractError::PendingPrice { denom: denom(), fault }), "{error}");
}

#[test]
fn apply_source_with_a_stale_price_is_refused() {
    let mut world = world();
    world.feed(BEN, &[(UATOM, "10")]).unwrap();
    world.advance(3_601);
    let error = world.refused(|world| world.apply_source(ALICE, UATOM));
    let fault = PriceFault::Stale { age: 3_601, max_age: 3_600 };
    assert!(error.is(&ContractError::PendingPrice { denom: denom(), fault }), "{error}");
}

#[test]
fn apply_source_with_a_price_too_far_from_the_one_in_force_is_refused() {
    for (text, good) in [("11", true), ("9", true), ("11.000000000000000001", false), ("8.999999999999999999", false)] {
        let mut world = world();
        world.feed(ANN, &[(UATOM, "10")]).unwrap();
        world.feed(BEN, &[(UATOM, text)]).unwrap();
        if good {
            world.apply_source(ALICE, UATOM).unwrap();
            continue;
        }
        let error = world.refused(|world| world.apply_source(ALICE, UATOM));
        let (old, new, max_deviation) = (price("10"), price(text), Ratio::percent(10));
        assert!(error.is(&ContractError::ReplacementTooFar { denom: denom(), old, new, max_deviation }), "{error}");
    }
}

#[test]
fn apply_source_is_not_held_up_by_a_price_in_force_that_fails() {
    // It never had one.
    let mut never = world();
    never.feed(BEN, &[(UATOM, "500")]).unwrap();
    never.apply_source(ALICE, UATOM).unwrap();
    // It went stale.
    let mut stale = world();
    stale.feed(ANN, &[(UATOM, "10")]).unwrap();
    stale.advance(3_601);
    stale.feed(BEN, &[(UATOM, "500")]).unwrap();
    stale.apply_source(ALICE, UATOM).unwrap();
    assert_eq!(stale.price_record(UATOM).price, price("500"));
}

#[test]
fn apply_source_without_a_pending_source_is_refused() {
    let mut world = world();
    world.feed(BEN, &[(UATOM, "10")]).unwrap();
    world.apply_source(ALICE, UATOM).unwrap();
    let error = world.refused(|world| world.apply_source(ALICE, UATOM));
    assert!(error.is(&ContractError::NoPendingSource { denom: denom() }), "{error}");
    let error = world.refused(|world| world.apply_source(ALICE, "unknown"));
    assert!(error.is(&ContractError::UnknownDenom { denom: "unknown".to_owned() }), "{error}");
}

#[test]
fn apply_source_needs_no_waiting_where_the_delay_is_zero() {
    let mut world = World::builder().without_assets().oracle(|msg| msg.source_delay = 0).build();
    let source = world.feed_source(&[ANN], 1);
    world.set_source(UATOM, source.clone(), guards()).unwrap();
    world.set_source(UATOM, source, guards()).unwrap();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    world.apply_source(ALICE, UATOM).unwrap();
}
