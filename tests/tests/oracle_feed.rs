//! `feed`: votes, the quorum, the median, and who may vote.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, PriceFault};
use plimsoll_schema::oracle::{DENOMS_MAX, DenomPrice, ExecuteMsg, FeedPrice};
use plimsoll_testing::{ALICE, Asset, UATOM, UUSD, World, coin, price, values};

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

fn out_of_bounds(text: &str) -> ContractError {
    let fault = PriceFault::OutOfBounds { price: price(text), floor: price("0.01"), ceiling: price("10000") };
    ContractError::Price { denom: UATOM.to_owned(), fault }
}

#[test]
fn feed_below_the_quorum_publishes_nothing() {
    let mut world = world();
    let response = world.feed(ANN, &[(UATOM, "10")]).unwrap();
    assert_eq!(values(&response, "pending"), [UATOM]);
    assert!(values(&response, "price").is_empty());
    assert_eq!(world.price_record(UATOM).quote(world.now()), Err(PriceFault::Missing {}));
}

#[test]
fn feed_that_completes_the_quorum_publishes_the_median_of_all_fresh_votes() {
    let mut world = world();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    let response = world.feed(BEN, &[(UATOM, "11")]).unwrap();
    assert_eq!(values(&response, "action"), ["feed"]);
    assert_eq!(values(&response, "denom"), [UATOM]);
    assert_eq!(values(&response, "price"), ["10"]);
    let record = world.price_record(UATOM);
    assert_eq!((record.low, record.high), (price("10"), price("11")));
    world.feed(CLEO, &[(UATOM, "11.2")]).unwrap();
    assert_eq!(world.price_record(UATOM).price, price("11"));
}

#[test]
fn feed_of_one_of_two_votes_alone_moves_no_price_and_widens_the_edges() {
    let mut world = World::builder().without_assets().build();
    let source = world.feed_source(&[ANN, BEN], 2);
    world.set_source(UATOM, source, guards()).unwrap();
    let edges = |world: &World| {
        let record = world.price_record(UATOM);
        (record.low, record.price, record.high)
    };
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    world.feed(BEN, &[(UATOM, "10")]).unwrap();
    for lie in ["0.5", "19", "0.5"] {
        world.next_block();
        world.feed(BEN, &[(UATOM, lie)]).unwrap();
        let (lie, honest) = (price(lie), price("10"));
        assert_eq!(edges(&world), (lie.min(honest), honest, lie.max(honest)));
    }
    world.feed(ANN, &[(UATOM, "9.8")]).unwrap();
    assert_eq!(edges(&world), (price("0.5"), price("9.8"), price("9.8")));
    world.feed(BEN, &[(UATOM, "9.9")]).unwrap();
    assert_eq!(edges(&world), (price("9.8"), price("9.8"), price("9.9")));
}

#[test]
fn feed_by_one_liar_of_three_stays_within_the_honest_votes() {
    for lie in ["0.01", "9999"] {
        let mut world = world();
        world.feed(ANN, &[(UATOM, "10")]).unwrap();
        world.feed(BEN, &[(UATOM, "10.2")]).unwrap();
        world.feed(CLEO, &[(UATOM, lie)]).unwrap();
        let mid = world.price_record(UATOM).price;
        assert!(price("10") <= mid && mid <= price("10.2"), "{lie} made {mid}");
    }
}

#[test]
fn feed_again_by_the_same_feeder_replaces_his_vote_and_makes_no_quorum() {
    let mut world = world();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    let response = world.feed(ANN, &[(UATOM, "12")]).unwrap();
    assert_eq!(values(&response, "pending"), [UATOM]);
    world.feed(BEN, &[(UATOM, "14")]).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!((record.price, record.low, record.high), (price("12"), price("12"), price("14")));
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
    let record = world.price_record(UATOM);
    assert_eq!((record.price, record.low, record.high), (price("10"), price("10"), price("11")));
}

#[test]
fn feed_without_a_quorum_lets_the_published_price_go_stale() {
    let mut world = world();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    world.feed(BEN, &[(UATOM, "10")]).unwrap();
    world.advance(601);
    world.feed(ANN, &[(UATOM, "5")]).unwrap();
    assert_eq!(world.price_record(UATOM).price, price("10"));
    let fault = PriceFault::Stale { age: 601, max_age: 600 };
    assert_eq!(world.price_record(UATOM).quote(world.now()), Err(fault));
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

#[test]
fn feed_outside_the_hard_bounds_is_refused_and_at_them_taken() {
    let mut world = world();
    for text in ["0.009999999999999999", "10000.000000000000000001", "0"] {
        let error = world.refused(|world| world.feed(ANN, &[(UATOM, text)]));
        assert!(error.is(&out_of_bounds(text)), "{error}");
    }
    world.feed(ANN, &[(UATOM, "0.01")]).unwrap();
    world.feed(ANN, &[(UATOM, "10000")]).unwrap();
}

#[test]
fn feed_with_one_refused_price_takes_none() {
    let mut world = world();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    let source = world.feed_source(&[BEN], 1);
    world.set_source(UUSD, source, Asset::new(UUSD, 6, "1").guards).unwrap();
    let error = world.refused(|world| world.feed(BEN, &[(UATOM, "10"), (UUSD, "0.0001")]));
    assert!(error.to_string().starts_with("price of uusd:"), "{error}");
    assert_eq!(world.price_record(UATOM).timestamp, 0);
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
    let prices = vec![FeedPrice { denom: UATOM.to_owned(), price: price("10") }];
    let error = world.refused(|world| {
        let oracle = world.oracle().clone();
        world.execute_contract(ANN, &oracle, &ExecuteMsg::Feed { prices }, &[coin(7, UUSD)])
    });
    assert!(error.is(&ContractError::FundsSent { sent: "7uusd".to_owned() }), "{error}");
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
        let (response, ops) = world.counted(|world| world.feed(names[0], &[("token0", "10")]));
        assert_eq!(values(&response.unwrap(), "price"), ["10"]);
        (ops.reads, ops.writes, ops.removes)
    };
    // Source, record and votes are read; record and votes are written.
    assert_eq!(cost(1, 1), (3, 2, 0));
    assert_eq!(cost(16, 40), (3, 2, 0));
}
