//! `apply_source`: by the owner, after the delay, within a week; the new source goes on from where the old one has
//! settled.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, PriceBand, PriceFault};
use plimsoll_schema::oracle::{PairSource, Source};
use plimsoll_schema::ownership::OwnershipError;
use plimsoll_testing::{ALICE, Asset, FEEDERS, LENDER, OWNER, UATOM, UUSD, World, price, ratio, values};

const ANN: &str = "ann";
const BEN: &str = "ben";
const DELAY: u64 = 86_400;
const WEEK: u64 = 7 * DELAY;

fn guards() -> Guards {
    Guards { step_interval: 60, max_deviation: ratio("0.1"), ..Asset::new(UATOM, 6, "10").guards }
}

fn denom() -> String {
    UATOM.to_owned()
}

/// `uatom` in force by Ann, at 10; Ben's source is announced.
fn world() -> World {
    let mut world = World::builder().without_assets().build();
    let source = world.feed_source(&[ANN], 1);
    world.set_source(UATOM, source, guards()).unwrap();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    let source = world.feed_source(&[BEN], 1);
    world.set_source(UATOM, source, guards()).unwrap();
    world
}

#[test]
fn apply_source_starts_from_the_settled_price_and_is_silent_until_it_is_observed() {
    let mut world = world();
    world.advance(DELAY);
    world.feed(ANN, &[(UATOM, "5")]).unwrap();
    world.advance(59);
    let observed = world.price_record(UATOM).timestamp;
    let response = world.apply_source(OWNER, UATOM).unwrap();
    assert_eq!(values(&response, "action"), ["apply_source"]);
    assert_eq!(values(&response, "denom"), [UATOM]);
    let answer = world.source(UATOM);
    assert_eq!((answer.source, answer.pending), (world.feed_source(&[BEN], 1), None));
    let record = world.price_record(UATOM);
    assert_eq!((record.settled, record.raw), (price("9"), PriceBand::at(price("9"))));
    assert_eq!((record.fault(world.now()), record.timestamp), (Some(PriceFault::Missing {}), observed));
    // Ten times as much is the first that the new one says: no step at once, one in a minute.
    world.advance(10);
    world.feed(BEN, &[(UATOM, "90")]).unwrap();
    assert_eq!((world.settled_price(UATOM), world.price_record(UATOM).fault(world.now())), (price("9"), None));
    world.advance(60);
    assert_eq!(world.settled_price(UATOM), price("9.9"));
}

#[test]
fn apply_source_takes_the_vote_from_the_old_feeders_and_gives_it_to_the_new() {
    let mut world = world();
    let error = world.refused(|world| world.feed(BEN, &[(UATOM, "10")]));
    assert!(error.to_string().contains("is not a feeder"), "{error}");
    world.advance(DELAY);
    world.apply_source(OWNER, UATOM).unwrap();
    let error = world.refused(|world| world.feed(ANN, &[(UATOM, "10")]));
    let sender = world.addr(ANN).into_string();
    assert!(error.is(&ContractError::NotFeeder { sender, denom: denom() }), "{error}");
    world.feed(BEN, &[(UATOM, "10.6")]).unwrap();
}

#[test]
fn apply_source_leaves_nothing_of_the_old_source_behind() {
    let mut world = world();
    let records = world.dump_of(world.oracle()).len();
    world.advance(DELAY);
    world.apply_source(OWNER, UATOM).unwrap();
    world.feed(BEN, &[(UATOM, "10")]).unwrap();
    assert_eq!(world.dump_of(world.oracle()).len(), records);
}

/// Issue C.14: announced 400 days ago, it took force, by a stranger.
#[test]
fn apply_source_too_early_or_too_late_is_refused() {
    let mut world = world();
    let effective_at = world.now() + DELAY;
    world.advance(DELAY - 1);
    let error = world.refused(|world| world.apply_source(OWNER, UATOM));
    let now = effective_at - 1;
    assert!(error.is(&ContractError::TooEarly { denom: denom(), effective_at, now }), "{error}");
    let kept = world.snapshot();
    for (seconds, good) in [(1, true), (WEEK + 1, true), (WEEK + 2, false), (400 * DELAY, false)] {
        world.restore(&kept);
        world.advance(seconds);
        if good {
            world.apply_source(OWNER, UATOM).unwrap();
            continue;
        }
        let error = world.refused(|world| world.apply_source(OWNER, UATOM));
        let lapsed_at = effective_at + WEEK;
        let now = world.now();
        assert!(error.is(&ContractError::Lapsed { denom: denom(), lapsed_at, now }), "{error}");
    }
}

#[test]
fn apply_source_by_anyone_but_the_owner_is_refused() {
    let mut world = world();
    world.advance(DELAY);
    for sender in [ALICE, ANN, BEN] {
        let error = world.refused(|world| world.apply_source(sender, UATOM));
        let sender = world.addr(sender).into_string();
        assert!(error.is(&OwnershipError::NotOwner { sender }), "{error}");
    }
}

#[test]
fn apply_source_without_an_announced_source_is_refused() {
    let mut world = world();
    world.advance(DELAY);
    world.apply_source(OWNER, UATOM).unwrap();
    let error = world.refused(|world| world.apply_source(OWNER, UATOM));
    assert!(error.is(&ContractError::NoPendingSource { denom: denom() }), "{error}");
    let error = world.refused(|world| world.apply_source(OWNER, "unknown"));
    assert!(error.is(&ContractError::UnknownDenom { denom: "unknown".to_owned() }), "{error}");
}

/// Issue C.14: a wrong price, a failing one, none at all: whatever was before, the source can be replaced, and takes it
/// from there.
#[test]
fn apply_source_is_held_up_by_no_price() {
    for last in ["0", "0.9", "500000"] {
        let mut world = world();
        world.feed(ANN, &[(UATOM, last)]).unwrap();
        world.advance(DELAY);
        world.apply_source(OWNER, UATOM).unwrap();
        world.feed(BEN, &[(UATOM, "10")]).unwrap();
        assert_eq!(world.price_record(UATOM).raw, PriceBand::at(price("10")));
        world.advance(3_600);
        world.feed(BEN, &[(UATOM, "10")]).unwrap();
        world.advance(3_600);
        // In the hour that it lived a price of nothing brought it to 10 × 0.9⁶⁰ = 0.018. 1.1⁶⁷ × 0.018 is 10.6: two
        // hours bring it back.
        assert_eq!(world.settled_price(UATOM), price("10"), "after {last}");
    }
    let mut never = World::builder().without_assets().build();
    for feeder in [ANN, BEN] {
        let source = never.feed_source(&[feeder], 1);
        never.set_source(UATOM, source, guards()).unwrap();
    }
    never.advance(DELAY);
    never.apply_source(OWNER, UATOM).unwrap();
    never.feed(BEN, &[(UATOM, "500")]).unwrap();
    assert_eq!(never.settled_price(UATOM), price("500"));
}

/// The same source with other guards goes on: settled price, observation and step, and nobody is silenced.
#[test]
fn apply_source_with_other_guards_alone_goes_on() {
    let mut world = world();
    let source = world.feed_source(&[ANN], 1);
    let tighter = Guards { max_deviation: ratio("0.05"), ..guards() };
    world.set_source(UATOM, source, tighter.clone()).unwrap();
    world.advance(DELAY);
    world.feed(ANN, &[(UATOM, "5")]).unwrap();
    world.advance(59);
    let before = world.price_record(UATOM);
    world.apply_source(OWNER, UATOM).unwrap();
    let after = world.price_record(UATOM);
    assert_eq!((after.settled, after.raw, after.timestamp), (price("9"), before.raw, before.timestamp));
    assert_eq!((after.anchored_at, after.generation), (before.anchored_at + 60, before.generation));
    assert_eq!((after.guards.clone(), after.fault(world.now())), (tighter, None));
    world.advance(2);
    assert_eq!(world.settled_price(UATOM), price("8.55"));
    // Ann's vote still stands.
    world.feed(ANN, &[(UATOM, "5")]).unwrap();
}

/// `uatom` at 10 and the dollar at 2, and a pair that gives five dollars an ATOM.
fn rates() -> (World, PairSource) {
    let steps = |asset: &mut Asset| asset.guards = Guards { max_age: Some(3_600), ..guards() };
    let builder = World::builder().edit(UATOM, steps).edit(UUSD, |asset| asset.price = price("2"));
    let mut world = builder.oracle(|msg| msg.source_delay = 0).build();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = world.pair_source(UATOM, &pair, UUSD);
    (world, source)
}

/// All four ways between price and rate. What it settles at is the same price, and follows the quote from then on.
#[test]
fn apply_source_takes_the_settled_price_along_in_the_unit_of_the_new_source() {
    let (mut world, source) = rates();
    // From a price to a rate: 10 / 2.
    world.set_source(UATOM, Source::Pair(source.clone()), guards()).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!((record.settled, record.quote.as_deref(), record.window), (price("5"), Some(UUSD), 600));
    assert_eq!(world.settled_price(UATOM), price("10"));
    world.set_price(UUSD, "4");
    assert_eq!(world.settled_price(UATOM), price("20"));
    // From a rate to a rate in the same quote, and to one in another: 5 × 4 is 20, in aeth 0.01.
    let wider = PairSource { window: 900, ..source.clone() };
    world.set_source(UATOM, Source::Pair(wider), guards()).unwrap();
    assert_eq!(world.price_record(UATOM).settled, price("5"));
    let eth = world.pair(UATOM, plimsoll_testing::AETH, 1_000_000);
    let in_eth = world.pair_source(UATOM, &eth, plimsoll_testing::AETH);
    world.set_source(UATOM, Source::Pair(in_eth), guards()).unwrap();
    assert_eq!((world.price_record(UATOM).settled, world.settled_price(UATOM)), (price("0.01"), price("20")));
    // From a rate to a price.
    let feed = world.feed_source(&FEEDERS, 2);
    world.set_source(UATOM, feed, guards()).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!((record.settled, record.quote.as_deref(), record.window), (price("20"), None, 0));
    assert_eq!(record.fault(world.now()), Some(PriceFault::Missing {}));
}

/// A pair in a token whose price nobody has told yet: the settled price has no unit to go on in.
#[test]
fn apply_source_in_a_quote_without_a_price_is_refused() {
    let (mut world, source) = rates();
    let unpriced = world.feed_source(&FEEDERS, 2);
    world.set_source("unew", unpriced, guards()).unwrap();
    let pair = world.deploy_pair("unew", UATOM, ratio("0.003")).unwrap();
    let source = PairSource { pair: pair.to_string(), quote_denom: "unew".to_owned(), ..source };
    let error = world.refused(|world| world.set_source(UATOM, Source::Pair(source), guards()));
    assert!(error.is(&ContractError::QuoteUnpublished { denom: denom(), quote_denom: "unew".to_owned() }), "{error}");
}

/// It takes a window of samples until a pair has an observation, and the settled price stands meanwhile.
#[test]
fn apply_source_of_a_pair_is_silent_for_a_window() {
    let (mut world, source) = rates();
    world.set_source(UATOM, Source::Pair(source), guards()).unwrap();
    for _ in 0..4 {
        world.publish(LENDER, &[UATOM]).unwrap();
        assert_eq!(world.price_record(UATOM).fault(world.now()), Some(PriceFault::Missing {}));
        world.advance(150);
        world.set_price(UUSD, "2");
    }
    world.publish(LENDER, &[UATOM]).unwrap();
    assert_eq!((world.price_record(UATOM).fault(world.now()), world.settled_price(UATOM)), (None, price("10")));
}
