//! `feed`: votes, the quorum, the median, and who may vote.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, PRICE_MAX, PRICE_MIN, PriceBand, PriceFault, PriceRecord};
use plimsoll_risk::units::Price;
use plimsoll_schema::funds::FundsSent;
use plimsoll_schema::oracle::{DENOMS_MAX, DenomPrice, ExecuteMsg, FeedPrice};
use plimsoll_testing::{ALICE, Asset, UATOM, UUSD, World, coin, price, ratio, values};

const ANN: &str = "ann";
const BEN: &str = "ben";
const CLEO: &str = "cleo";

fn guards() -> Guards {
    Guards { max_age: Some(600), ..Asset::new(UATOM, 6, "10").guards }
}

/// `uatom`, fed by three with a quorum of two.
fn world() -> World {
    let mut world = World::builder().without_assets().build();
    let source = world.feed_source(&[ANN, BEN, CLEO], 2);
    world.set_source(UATOM, source, guards()).unwrap();
    world
}

/// Lower and upper edge of what borrowing counts, and the settled price between them.
fn edges(world: &World) -> (Price, Price, Price) {
    match world.price(UATOM) {
        DenomPrice::Valid { price, low, high, .. } => (low, price, high),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_edges(world: &World, low: &str, settled: &str, high: &str) {
    assert_eq!(edges(world), (price(low), price(settled), price(high)));
}

#[test]
fn feed_below_the_quorum_publishes_nothing() {
    let mut world = world();
    let response = world.feed(ANN, &[(UATOM, "10")]).unwrap();
    assert_eq!(values(&response, "pending"), [UATOM]);
    assert!(values(&response, "price").is_empty());
    assert_eq!(world.price_record(UATOM).fault(world.now()), Some(PriceFault::Missing {}));
}

#[test]
fn feed_that_completes_the_quorum_observes_the_median_of_all_valid_votes() {
    let mut world = world();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    let response = world.feed(BEN, &[(UATOM, "11")]).unwrap();
    assert_eq!(values(&response, "action"), ["feed"]);
    assert_eq!(values(&response, "denom"), [UATOM]);
    assert_eq!(values(&response, "price"), ["10"]);
    assert_eq!(world.price_record(UATOM).raw, PriceBand { low: price("10"), high: price("11") });
    world.feed(CLEO, &[(UATOM, "11.2")]).unwrap();
    assert_eq!(world.price_record(UATOM).raw, PriceBand::at(price("11")));
    assert_edges(&world, "11", "11", "11");
}

#[test]
fn feed_of_one_of_two_votes_alone_moves_no_price_and_widens_the_edges() {
    let mut world = World::builder().without_assets().build();
    let source = world.feed_source(&[ANN, BEN], 2);
    world.set_source(UATOM, source, guards()).unwrap();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    world.feed(BEN, &[(UATOM, "10")]).unwrap();
    for lie in ["0.5", "19", "0.5"] {
        world.next_block();
        world.feed(BEN, &[(UATOM, lie)]).unwrap();
        let lie = price(lie);
        let honest = price("10");
        assert_eq!(edges(&world), (lie.min(honest), honest, lie.max(honest)));
    }
    world.feed(ANN, &[(UATOM, "9.8")]).unwrap();
    assert_edges(&world, "0.5", "9.8", "9.8");
    world.feed(BEN, &[(UATOM, "9.9")]).unwrap();
    assert_edges(&world, "9.8", "9.8", "9.9");
}

#[test]
fn feed_by_one_liar_of_three_stays_within_the_honest_votes() {
    for lie in ["0.01", "9999"] {
        let mut world = world();
        world.feed(ANN, &[(UATOM, "10")]).unwrap();
        world.feed(BEN, &[(UATOM, "10.2")]).unwrap();
        world.feed(CLEO, &[(UATOM, lie)]).unwrap();
        let (low, settled, high) = edges(&world);
        assert!(
            price("10") <= low && low <= settled && settled <= high && high <= price("10.2"),
            "{lie}: {low} {high}"
        );
    }
}

/// Three say 10. A minute later one says 5: they may be lying, or be the first to know. Nothing is liquidated by it,
/// and nothing lent above it.
#[test]
fn feed_of_a_vote_newer_than_a_step_counts_for_borrowing_at_once() {
    for (seconds, counts) in [(60, false), (61, true)] {
        let mut world = world();
        let stepped = Guards { step_interval: 60, max_deviation: ratio("0.1"), ..guards() };
        let source = world.feed_source(&[ANN, BEN, CLEO], 2);
        world.set_source(UUSD, source, stepped).unwrap();
        for feeder in [ANN, BEN, CLEO] {
            world.feed(feeder, &[(UUSD, "10")]).unwrap();
        }
        world.advance(seconds);
        world.feed(CLEO, &[(UUSD, "5")]).unwrap();
        let record = world.price_record(UUSD);
        assert_eq!(record.raw, PriceBand::at(price("10")));
        let low = if counts { "5" } else { "10" };
        assert_eq!(record.extremes, PriceBand { low: price(low), high: price("10") }, "after {seconds} s");
    }
}

#[test]
fn feed_again_by_the_same_feeder_replaces_their_vote_and_makes_no_quorum() {
    let mut world = world();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    let response = world.feed(ANN, &[(UATOM, "12")]).unwrap();
    assert_eq!(values(&response, "pending"), [UATOM]);
    world.feed(BEN, &[(UATOM, "14")]).unwrap();
    assert_edges(&world, "12", "12", "14");
}

#[test]
fn feed_dates_the_price_by_the_oldest_of_the_newest_votes_that_make_the_quorum() {
    let mut world = world();
    let start = world.now();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    world.advance(10);
    world.feed(BEN, &[(UATOM, "10")]).unwrap();
    assert_eq!(world.price_record(UATOM).timestamp, start);
    world.advance(10);
    world.feed(CLEO, &[(UATOM, "10")]).unwrap();
    assert_eq!(world.price_record(UATOM).timestamp, start + 10);
}

#[test]
fn feed_counts_a_vote_until_its_maximum_age_and_no_longer() {
    for (age, published) in [(600, true), (601, false)] {
        let mut world = world();
        world.feed(ANN, &[(UATOM, "10")]).unwrap();
        world.advance(age);
        let response = world.feed(BEN, &[(UATOM, "10")]).unwrap();
        assert_eq!(!values(&response, "price").is_empty(), published, "after {age} s");
    }
}

#[test]
fn feed_keeps_a_stale_vote_out_of_the_median() {
    let mut world = world();
    world.feed(ANN, &[(UATOM, "1")]).unwrap();
    world.advance(601);
    world.feed(BEN, &[(UATOM, "10")]).unwrap();
    world.feed(CLEO, &[(UATOM, "11")]).unwrap();
    assert_edges(&world, "10", "10", "11");
}

#[test]
fn feed_without_a_quorum_lets_the_published_price_go_stale_and_lends_no_more_than_it_says() {
    let mut world = world();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    world.feed(BEN, &[(UATOM, "10")]).unwrap();
    let observed = world.price_record(UATOM);
    world.advance(601);
    world.feed(ANN, &[(UATOM, "5")]).unwrap();
    let extremes = PriceBand { low: price("5"), high: price("10") };
    assert_eq!(world.price_record(UATOM), PriceRecord { extremes, ..observed });
    let fault = PriceFault::Stale { age: 601, max_age: 600 };
    assert_eq!(world.price_record(UATOM).fault(world.now()), Some(fault));
}

#[test]
fn feed_of_an_observation_made_earlier_is_dated_by_it() {
    let mut world = world();
    let start = world.now();
    world.advance(100);
    world.feed_observed(ANN, UATOM, "10", start + 70).unwrap();
    world.feed_observed(BEN, UATOM, "10", start + 50).unwrap();
    assert_eq!(world.price_record(UATOM).timestamp, start + 50);
    world.feed_observed(CLEO, UATOM, "10", start + 20).unwrap();
    assert_eq!(world.price_record(UATOM).timestamp, start + 50);
    world.feed_observed(CLEO, UATOM, "10", start + 100).unwrap();
    assert_eq!(world.price_record(UATOM).timestamp, start + 70);
    // Ann's has grown too old by the time that it was observed at.
    world.advance(571);
    let response = world.feed_observed(BEN, UATOM, "11", start + 100).unwrap();
    assert_eq!((values(&response, "price").len(), world.price_record(UATOM).timestamp), (1, start + 100));
    assert_eq!(world.price_record(UATOM).raw, PriceBand { low: price("10"), high: price("11") });
}

#[test]
fn feed_of_an_observation_from_the_future_too_old_or_before_the_last_is_refused() {
    let mut world = world();
    let now = world.now();
    let denom = || UATOM.to_owned();
    let error = world.refused(|world| world.feed_observed(ANN, UATOM, "10", now + 1));
    assert!(error.is(&ContractError::VoteFromFuture { denom: denom(), observed_at: now + 1, now }), "{error}");
    world.feed_observed(ANN, UATOM, "10", now - 600).unwrap();
    let error = world.refused(|world| world.feed_observed(BEN, UATOM, "10", now - 601));
    assert!(error.is(&ContractError::VoteTooOld { denom: denom(), age: 601, max_age: 600 }), "{error}");
    world.feed_observed(ANN, UATOM, "11", now - 300).unwrap();
    world.feed_observed(ANN, UATOM, "12", now - 300).unwrap();
    let error = world.refused(|world| world.feed_observed(ANN, UATOM, "10", now - 301));
    let last = now - 300;
    assert!(error.is(&ContractError::VoteBeforeLast { denom: denom(), observed_at: now - 301, last }), "{error}");
}

#[test]
fn feed_by_somebody_else_is_refused() {
    let mut world = world();
    let source = world.feed_source(&[ALICE], 1);
    world.set_source(UUSD, source, guards()).unwrap();
    let error = world.refused(|world| world.feed(ALICE, &[(UATOM, "10")]));
    let sender = world.addr(ALICE).into_string();
    assert!(error.is(&ContractError::NotFeeder { sender, denom: UATOM.to_owned() }), "{error}");
}

#[test]
fn feed_of_a_fixed_source_is_refused() {
    let mut world = world();
    let fixed = plimsoll_schema::oracle::Source::Fixed { price: price("1") };
    let guards = Guards { max_age: None, ..Asset::new(UUSD, 6, "1").guards };
    world.set_source(UUSD, fixed, guards).unwrap();
    let error = world.refused(|world| world.feed(ANN, &[(UUSD, "1")]));
    let sender = world.addr(ANN).into_string();
    assert!(error.is(&ContractError::NotFeeder { sender, denom: UUSD.to_owned() }), "{error}");
}

#[test]
fn feed_of_an_unknown_denom_is_refused() {
    let error = world().refused(|world| world.feed(ANN, &[("unknown", "10")]));
    assert!(error.is(&ContractError::UnknownDenom { denom: "unknown".to_owned() }), "{error}");
}

/// Issue A.1: whatever it says, it is taken. Below the floor, above the ceiling, nothing at all, more than can be
/// counted.
#[test]
fn feed_is_never_refused_for_its_price() {
    for (text, counted) in [
        ("0.009999999999999999", price("0.009999999999999999")),
        ("10000.000000000000000001", price("10000.000000000000000001")),
        ("0", PRICE_MIN),
        ("340282366920938463463.374607431768211455", PRICE_MAX),
    ] {
        let mut world = world();
        world.feed(ANN, &[(UATOM, text)]).unwrap();
        world.feed(BEN, &[(UATOM, text)]).unwrap();
        assert_eq!(world.price_record(UATOM).raw, PriceBand::at(counted), "{text}");
        world.feed(ANN, &[(UATOM, "10")]).unwrap();
        assert_eq!(world.price_record(UATOM).raw, PriceBand::between(counted, price("10")));
    }
}

/// Issue A.1: one bad denom silences no other. It is named with its reason.
#[test]
fn feed_with_one_refused_denom_takes_the_others() {
    let mut world = world();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    let source = world.feed_source(&[CLEO], 1);
    world.set_source(UUSD, source, Asset::new(UUSD, 6, "1").guards).unwrap();
    let response = world.feed(BEN, &[("unknown", "1"), (UATOM, "10"), (UUSD, "1")]).unwrap();
    assert_eq!(values(&response, "denom"), [UATOM]);
    assert_eq!(values(&response, "refused"), ["unknown", UUSD]);
    let not_feeder = format!("{} is not a feeder of uusd", world.addr(BEN));
    assert_eq!(values(&response, "reason"), ["denom unknown has no source", not_feeder.as_str()]);
    assert_eq!(world.price_record(UATOM).raw, PriceBand::at(price("10")));
    // When none is left the message fails, with the first reason.
    let error = world.refused(|world| world.feed(BEN, &[(UUSD, "1"), ("unknown", "1")]));
    assert!(error.to_string() == not_feeder, "{error}");
}

#[test]
fn feed_of_nothing_of_too_much_or_of_a_denom_twice_is_refused() {
    let mut world = world();
    let error = world.refused(|world| world.feed(ANN, &[]));
    assert!(error.is(&ContractError::PriceCount { count: 0, max: DENOMS_MAX }), "{error}");

    let many: Vec<String> = (0..=DENOMS_MAX).map(|n| format!("token{n}")).collect();
    let prices: Vec<(&str, &str)> = many.iter().map(|denom| (denom.as_str(), "1")).collect();
    let error = world.refused(|world| world.feed(ANN, &prices));
    assert!(error.is(&ContractError::PriceCount { count: DENOMS_MAX + 1, max: DENOMS_MAX }), "{error}");

    let error = world.refused(|world| world.feed(ANN, &[(UATOM, "10"), (UATOM, "11")]));
    assert!(error.is(&ContractError::PricedTwice { denom: UATOM.to_owned() }), "{error}");
}

#[test]
fn feed_takes_as_many_prices_as_it_says() {
    let mut world = World::builder().without_assets().build();
    let denoms: Vec<String> = (0..DENOMS_MAX).map(|n| format!("token{n}")).collect();
    for denom in &denoms {
        let source = world.feed_source(&[ANN], 1);
        world.set_source(denom, source, guards()).unwrap();
    }
    let prices: Vec<(&str, &str)> = denoms.iter().map(|denom| (denom.as_str(), "3")).collect();
    let response = world.feed(ANN, &prices).unwrap();
    assert_eq!(values(&response, "denom"), denoms);
    assert!(denoms.iter().all(|denom| matches!(world.price(denom), DenomPrice::Valid { .. })));
}

#[test]
fn feed_with_funds_is_refused() {
    let mut world = world();
    world.mint(ANN, UUSD, 7);
    let prices = vec![FeedPrice { denom: UATOM.to_owned(), price: price("10"), observed_at: None }];
    let error = world.refused(|world| {
        let oracle = world.oracle().clone();
        world.execute_contract(ANN, &oracle, &ExecuteMsg::Feed { prices }, &[coin(7, UUSD)])
    });
    assert!(error.is(&ContractError::FundsSent(FundsSent { sent: "7uusd".to_owned() })), "{error}");
}

#[test]
fn feed_costs_the_same_storage_however_many_feeders_and_denoms_there_are() {
    let cost = |feeders: usize, denoms: usize| {
        let mut world = World::builder().without_assets().build();
        let names: Vec<String> = (0..feeders).map(|n| format!("feeder{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for n in 0..denoms {
            let source = world.feed_source(&names, u8::try_from(feeders / 2 + 1).unwrap());
            world.set_source(&format!("token{n}"), source, guards()).unwrap();
        }
        for name in &names {
            world.feed(*name, &[("token0", "10")]).unwrap();
        }
        world.next_block();
        let (response, ops) = world.counted(|world| world.feed(names[0], &[("token0", "10")]));
        assert_eq!(values(&response.unwrap(), "price"), ["10"]);
        (ops.reads, ops.writes, ops.removes)
    };
    // Heartbeat, source, record and votes are read; heartbeat, record and votes are written.
    assert_eq!(cost(1, 1), (4, 3, 0));
    assert_eq!(cost(16, 40), (4, 3, 0));
}
