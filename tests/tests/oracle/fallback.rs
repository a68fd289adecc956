//! `set_fallback`, `apply_fallback`, `remove_fallback`: who speaks for a denom while its first source is silent,
//! and what a switch moves.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, PriceBand, PriceFault};
use plimsoll_risk::units::Price;
use plimsoll_schema::oracle::{ExecuteMsg, FallbackSource, PendingFallback, Source};
use plimsoll_schema::ownership::OwnershipError;
use plimsoll_testing::{
    ALICE, Addr, AppResponse, BOB, FEEDERS, GUARDIAN, LENDER, OWNER, RISK_MANAGER, UATOM, UUSD, World, WorldError,
    price, ratio, values,
};

const ANN: &str = "ann";
const BEN: &str = "ben";
const DAY: u64 = 86_400;
const AFTER: u64 = 1_800;

fn denom() -> String {
    UATOM.to_owned()
}

/// A quarter of an hour of life; a tenth a minute.
fn guards() -> Guards {
    let asset = plimsoll_testing::Asset::new(UATOM, 6, "10");
    Guards { max_age: Some(900), max_deviation: ratio("0.1"), step_interval: 60, ..asset.guards }
}

/// `uatom` by Ann, at 10, and Ben to speak after half an hour of silence.
fn world() -> World {
    let mut world = World::builder().without_assets().oracle(|oracle| oracle.source_delay = 0).build();
    let source = world.feed_source(&[ANN], 1);
    world.set_source(UATOM, source, guards()).unwrap();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    let source = world.feed_source(&[BEN], 1);
    world.set_fallback(UATOM, source, guards(), AFTER).unwrap();
    world
}

/// The same, but a pair of dollars at 2 stands behind it: five of them an ATOM.
fn with_pair() -> (World, Addr) {
    let mut builder = World::builder().oracle(|oracle| oracle.source_delay = 0);
    builder = builder.edit(UATOM, |asset| asset.guards = guards()).edit(UUSD, |asset| asset.price = price("2"));
    let mut world = builder.build();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = Source::Pair(world.pair_source(UATOM, &pair, UUSD));
    world.set_fallback(UATOM, source, guards(), AFTER).unwrap();
    (world, pair)
}

fn spoke(response: &AppResponse) -> (Vec<&str>, Vec<&str>, Vec<&str>) {
    (values(response, "denom"), values(response, "fallback"), values(response, "pending"))
}

#[test]
fn set_fallback_waits_for_the_delay_and_lapses_until_it_stands_and_never_after() {
    let mut world = World::builder().without_assets().build();
    let source = world.feed_source(&[ANN], 1);
    world.set_source(UATOM, source, guards()).unwrap();
    let source = world.feed_source(&[BEN], 1);
    let response = world.set_fallback(UATOM, source.clone(), guards(), AFTER).unwrap();
    assert_eq!((values(&response, "action"), values(&response, "pending")), (vec!["set_fallback"], vec![UATOM]));
    let effective_at = world.now() + DAY;
    let fallback = FallbackSource { source, guards: guards(), after: AFTER };
    let answer = world.source(UATOM);
    assert_eq!(answer.pending_fallback, Some(PendingFallback { fallback: fallback.clone(), effective_at }));
    assert_eq!((answer.fallback, answer.fallback_in_force), (None, false));

    world.advance(DAY - 1);
    let error = world.refused(|world| world.apply_fallback(OWNER, UATOM));
    let now = effective_at - 1;
    assert!(error.is(&ContractError::TooEarly { denom: denom(), effective_at, now }), "{error}");
    world.advance(1);
    let error = world.refused(|world| world.apply_fallback(ALICE, UATOM));
    assert!(error.is(&OwnershipError::NotOwner { sender: world.addr(ALICE).into_string() }), "{error}");
    let kept = world.snapshot();
    world.advance(7 * DAY + 1);
    let error = world.refused(|world| world.apply_fallback(OWNER, UATOM));
    let lapsed_at = effective_at + 7 * DAY;
    let now = world.now();
    assert!(error.is(&ContractError::Lapsed { denom: denom(), lapsed_at, now }), "{error}");
    world.restore(&kept);
    world.apply_fallback(OWNER, UATOM).unwrap();
    world.advance(400 * DAY);
    let answer = world.source(UATOM);
    assert_eq!((answer.fallback, answer.pending_fallback), (Some(fallback), None));
    world.feed(BEN, &[(UATOM, "10")]).unwrap();
    let error = world.refused(|world| world.apply_fallback(OWNER, UATOM));
    assert!(error.is(&ContractError::NoFallback { denom: denom() }), "{error}");
}

/// Ben's votes are kept all the while, and count only once Ann has said nothing for half an hour. As soon as she speaks
/// she is heard.
#[test]
fn the_fallback_speaks_while_the_first_source_is_silent_and_no_longer() {
    let mut world = world();
    world.advance(900);
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    let record = world.price_record(UATOM);
    for seconds in [0, 900, 900] {
        world.advance(seconds);
        let response = world.feed(BEN, &[(UATOM, "4")]).unwrap();
        assert_eq!(spoke(&response), (vec![], vec![], vec![UATOM]));
        assert_eq!(world.price_record(UATOM), record, "after {seconds} s");
    }
    world.advance(1);
    let response = world.feed(BEN, &[(UATOM, "4")]).unwrap();
    assert_eq!(spoke(&response), (vec![UATOM], vec![UATOM], vec![]));
    assert!(world.source(UATOM).fallback_in_force);
    assert_eq!(world.price_record(UATOM).raw, PriceBand::at(price("4")));
    // The settled price goes on from where it was, at the fallback's speed.
    assert_eq!(world.settled_price(UATOM), price("10"));
    world.advance(60);
    assert_eq!(world.settled_price(UATOM), price("9"));
    world.feed(BEN, &[(UATOM, "4")]).unwrap();
    let response = world.feed(ANN, &[(UATOM, "11")]).unwrap();
    assert_eq!(spoke(&response), (vec![UATOM], vec![], vec![]));
    assert!(!world.source(UATOM).fallback_in_force);
    assert_eq!((world.price_record(UATOM).raw, world.settled_price(UATOM)), (PriceBand::at(price("11")), price("9")));
    let response = world.feed(BEN, &[(UATOM, "4")]).unwrap();
    assert_eq!(spoke(&response), (vec![], vec![], vec![UATOM]));
    assert_eq!(world.price_record(UATOM).raw, PriceBand::at(price("11")));
}

/// A price that still counts is never contested, however short the silence is that was named.
#[test]
fn the_fallback_never_speaks_before_the_last_price_is_too_old() {
    let mut world = world();
    let source = world.feed_source(&[BEN], 1);
    world.set_fallback(UATOM, source, guards(), 60).unwrap();
    world.advance(900);
    assert_eq!(spoke(&world.feed(BEN, &[(UATOM, "4")]).unwrap()), (vec![], vec![], vec![UATOM]));
    world.advance(1);
    assert_eq!(spoke(&world.feed(BEN, &[(UATOM, "4")]).unwrap()), (vec![UATOM], vec![UATOM], vec![]));
}

/// One feeder of the first source without a quorum doesn't bring it back, and changes nothing while the fallback
/// speaks.
#[test]
fn a_part_of_the_first_source_does_not_end_the_fallback() {
    let mut world = world();
    let source = world.feed_source(&[ANN, "cleo"], 2);
    world.set_source(UATOM, source, guards()).unwrap();
    world.advance(1_801);
    world.feed(BEN, &[(UATOM, "10")]).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!(spoke(&world.feed(ANN, &[(UATOM, "1")]).unwrap()), (vec![], vec![], vec![UATOM]));
    assert_eq!(world.price_record(UATOM), record);
    assert_eq!(spoke(&world.feed("cleo", &[(UATOM, "1")]).unwrap()), (vec![UATOM], vec![], vec![]));
}

/// Whoever can switch it to and fro gains nothing by it: the settled price goes neither faster than the guards say, nor
/// does it stand still for longer than a step at each switch.
#[test]
fn switching_to_and_fro_neither_hurries_nor_holds_the_settled_price() {
    let mut world = world();
    let mut settled = price("10");
    let fall = |from: Price, steps: u32| {
        (0..steps).fold(from, |settled, _| settled.share_down(ratio("0.9"))).max(price("0.001"))
    };
    for round in 0..6 {
        world.advance(1_801);
        world.feed(BEN, &[(UATOM, "0.001")]).unwrap();
        assert_eq!(world.settled_price(UATOM), settled, "round {round}");
        // Nine minutes have passed in 599 s.
        world.advance(599);
        settled = fall(settled, 9);
        assert_eq!(world.settled_price(UATOM), settled, "round {round}");
        world.feed(ANN, &[(UATOM, "0.001")]).unwrap();
        assert_eq!(world.settled_price(UATOM), settled, "round {round}");
        // In the fifteen minutes that it lives: fifteen steps.
        settled = fall(settled, 15);
    }
}

/// The pair's rate is 5 in dollars at 2. Its samples are taken before its turn, so that it can speak at once.
#[test]
fn a_pair_behind_a_feed_is_watched_before_its_turn_and_takes_over_as_a_rate() {
    let (mut world, _) = with_pair();
    let fed =
        |world: &mut World| world.feed(FEEDERS[0], &[(UUSD, "2")]).and_then(|_| world.feed(FEEDERS[1], &[(UUSD, "2")]));
    for _ in 0..12 {
        world.advance(150);
        fed(&mut world).unwrap();
        assert_eq!(spoke(&world.publish(LENDER, &[UATOM]).unwrap()), (vec![], vec![], vec![UATOM]));
        assert_eq!(world.price_record(UATOM).quote, None);
    }
    // Nobody has asked it in this message, and it isn't the one that speaks: the record is as stored.
    assert_eq!(world.records_now(&[UATOM]), [Some(world.price_record(UATOM))]);
    world.advance(1);
    // From the first second on it would, and a query says what a message writes.
    let [asked] = world.records_now(&[UATOM]).try_into().unwrap();
    assert_eq!(spoke(&world.publish(LENDER, &[UATOM]).unwrap()), (vec![UATOM], vec![UATOM], vec![]));
    let record = world.price_record(UATOM);
    assert_eq!(asked.as_ref(), Some(&record));
    assert_eq!((record.settled, record.quote.as_deref(), record.window), (price("5"), Some(UUSD), 600));
    assert_eq!((world.settled_price(UATOM), record.raw), (price("10"), PriceBand::at(price("5"))));
    world.set_price(UUSD, "3");
    assert_eq!(world.settled_price(UATOM), price("15"));
    // And back into a price.
    world.feed(FEEDERS[0], &[(UATOM, "10")]).unwrap();
    assert_eq!(world.price_record(UATOM).quote.as_deref(), Some(UUSD));
    world.feed(FEEDERS[1], &[(UATOM, "10")]).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!((record.settled, record.quote, record.window), (price("15"), None, 0));
}

/// The other way round: a pair goes blind, and feeders stand in.
#[test]
fn feeders_behind_a_pair_take_over_when_it_is_silent() {
    let (mut world, pair) = with_pair();
    let source = Source::Pair(world.pair_source(UATOM, &pair, UUSD));
    world.set_source(UATOM, source, guards()).unwrap();
    let feed = world.feed_source(&FEEDERS, 2);
    world.set_fallback(UATOM, feed, guards(), AFTER).unwrap();
    for _ in 0..5 {
        world.publish(LENDER, &[UATOM]).unwrap();
        world.advance(150);
        world.set_price(UUSD, "2");
    }
    world.storage_mut(&pair).remove(b"l");
    world.advance(1_801);
    for feeder in FEEDERS {
        world.feed(feeder, &[(UATOM, "9.5"), (UUSD, "2")]).unwrap();
    }
    let record = world.price_record(UATOM);
    assert_eq!((record.raw, record.settled, record.quote), (PriceBand::at(price("9.5")), price("10"), None));
    // The pair that doesn't answer is asked for nothing more: what the feeders say is the answer.
    assert_eq!(world.records_now(&[UATOM]), [Some(world.price_record(UATOM))]);
    world.refused(|world| world.publish(LENDER, &[UATOM]));
}

/// Vetoed, by whom nobody asked before: the denom is silent until its first source speaks, from the same settled price.
#[test]
fn remove_fallback_takes_it_out_of_force_at_any_time() {
    for sender in [OWNER, GUARDIAN] {
        let mut world = world();
        world.advance(1_801);
        world.feed(BEN, &[(UATOM, "4")]).unwrap();
        world.advance(60);
        let records = world.dump_of(world.oracle()).len();
        let response = world.remove_fallback(sender, UATOM).unwrap();
        assert_eq!(values(&response, "action"), ["remove_fallback"]);
        // Its votes are gone.
        assert_eq!(world.dump_of(world.oracle()).len(), records - 1);
        let answer = world.source(UATOM);
        assert_eq!((answer.fallback, answer.fallback_in_force), (None, false));
        assert_eq!((answer.record.settled, answer.record.raw), (price("9"), PriceBand::at(price("9"))));
        assert_eq!(answer.record.fault(world.now()), Some(PriceFault::Missing {}));
        world.refused(|world| world.feed(BEN, &[(UATOM, "4")]));
        world.feed(ANN, &[(UATOM, "12")]).unwrap();
        assert_eq!((world.settled_price(UATOM), world.price_record(UATOM).fault(world.now())), (price("9"), None));
        let error = world.refused(|world| world.remove_fallback(sender, UATOM));
        assert!(error.is(&ContractError::NoFallback { denom: denom() }), "{error}");
    }
}

#[test]
fn remove_fallback_drops_one_that_is_only_announced() {
    let mut world = World::builder().without_assets().build();
    let source = world.feed_source(&[ANN], 1);
    world.set_source(UATOM, source.clone(), guards()).unwrap();
    world.set_fallback(UATOM, source, guards(), AFTER).unwrap();
    world.remove_fallback(GUARDIAN, UATOM).unwrap();
    world.advance(DAY);
    let error = world.refused(|world| world.apply_fallback(OWNER, UATOM));
    assert!(error.is(&ContractError::NoFallback { denom: denom() }), "{error}");
}

/// The settled price is not lost when the one that spoke last is replaced, nor when the first source is.
#[test]
fn a_fallback_or_a_first_source_that_is_replaced_keeps_the_settled_price() {
    let mut world = world();
    world.advance(1_801);
    world.feed(BEN, &[(UATOM, "4")]).unwrap();
    world.advance(60);
    let kept = world.snapshot();
    let other = world.feed_source(&["cleo"], 1);
    world.set_fallback(UATOM, other.clone(), guards(), AFTER).unwrap();
    assert_eq!((world.settled_price(UATOM), world.source(UATOM).fallback_in_force), (price("9"), false));
    world.restore(&kept);
    world.set_source(UATOM, other, guards()).unwrap();
    assert_eq!((world.settled_price(UATOM), world.source(UATOM).fallback_in_force), (price("9"), false));
    world.feed("cleo", &[(UATOM, "9")]).unwrap();
    // Other guards of the first source leave the one that speaks as it is.
    world.restore(&kept);
    let record = world.price_record(UATOM);
    let first = world.feed_source(&[ANN], 1);
    world.set_source(UATOM, first, Guards { max_age: Some(60), ..guards() }).unwrap();
    assert_eq!(world.price_record(UATOM), record);
    assert_eq!(world.source(UATOM).guards.max_age, Some(60));
    world.feed(ANN, &[(UATOM, "9")]).unwrap();
    assert_eq!(world.price_record(UATOM).guards.max_age, Some(60));
}

/// A feeder of both votes for both.
#[test]
fn feed_by_a_feeder_of_both_sources_counts_for_both() {
    let mut world = world();
    let both = world.feed_source(&[ANN, BEN], 2);
    world.set_fallback(UATOM, both, guards(), AFTER).unwrap();
    world.feed(ANN, &[(UATOM, "11")]).unwrap();
    assert_eq!(world.price_record(UATOM).raw, PriceBand::at(price("11")));
    world.feed(BEN, &[(UATOM, "10")]).unwrap();
    assert_eq!(world.price_record(UATOM).raw, PriceBand::at(price("11")));
}

fn set(world: &mut World, sender: &str, source: Source, after: u64) -> Result<AppResponse, WorldError> {
    let guards = if let Source::Fixed { .. } = source { Guards { max_age: None, ..guards() } } else { guards() };
    world.execute_oracle(sender, &ExecuteMsg::SetFallback { denom: denom(), source, guards, after })
}

#[test]
fn set_fallback_by_others_of_what_can_be_none_or_of_an_unknown_denom_is_refused() {
    let mut world = world();
    let good = world.feed_source(&[BEN], 1);
    for sender in [ALICE, GUARDIAN, RISK_MANAGER] {
        let error = world.refused(|world| set(world, sender, good.clone(), AFTER));
        assert!(error.is(&OwnershipError::NotOwner { sender: world.addr(sender).into_string() }), "{error}");
        if sender != GUARDIAN {
            let error = world.refused(|world| world.remove_fallback(sender, UATOM));
            assert!(error.is(&OwnershipError::NotOwner { sender: world.addr(sender).into_string() }), "{error}");
        }
    }
    let error = world.refused(|world| set(world, OWNER, Source::Fixed { price: price("10") }, AFTER));
    assert!(error.is(&ContractError::FixedFallback { denom: denom() }), "{error}");
    let error = world.refused(|world| set(world, OWNER, good.clone(), 7 * DAY + 1));
    assert!(error.is(&ContractError::FallbackAfter { denom: denom(), after: 7 * DAY + 1, max: 7 * DAY }), "{error}");
    set(&mut world, OWNER, good.clone(), 7 * DAY).unwrap();
    let wrong = world.feed_source(&[BEN, ALICE], 1);
    let error = world.refused(|world| set(world, OWNER, wrong, AFTER));
    assert!(error.is(&ContractError::Quorum { denom: denom(), quorum: 1, feeders: 2 }), "{error}");
    let unknown = ContractError::UnknownDenom { denom: "unknown".to_owned() };
    for error in [
        world.refused(|world| world.set_fallback("unknown", good.clone(), guards(), AFTER)),
        world.refused(|world| world.apply_fallback(OWNER, "unknown")),
        world.refused(|world| world.remove_fallback(OWNER, "unknown")),
    ] {
        assert!(error.is(&unknown), "{error}");
    }
    let error = world.refused(|world| world.feed(BOB, &[(UATOM, "1")]));
    assert!(error.to_string().contains("is not a feeder"), "{error}");
}

/// What production asks of a source it asks of a fallback.
#[test]
fn set_fallback_in_production_takes_what_a_source_must_be() {
    let mut world = World::builder().without_assets().oracle(|oracle| oracle.production = true).build();
    let three = world.feed_source(&[ANN, BEN, "cleo"], 2);
    let fast = Guards { step_interval: 10, ..guards() };
    world.set_source(UATOM, three.clone(), fast.clone()).unwrap();
    let two = world.feed_source(&[ANN, BEN], 2);
    let error = world.refused(|world| world.set_fallback(UATOM, two, fast.clone(), AFTER));
    assert!(error.is(&ContractError::FeederCount { denom: denom(), count: 2, min: 3, max: 16 }), "{error}");
    let error = world.refused(|world| world.set_fallback(UATOM, three.clone(), guards(), AFTER));
    assert!(error.to_string().contains("halves in 420 s"), "{error}");
    world.set_fallback(UATOM, three, fast, AFTER).unwrap();
}
