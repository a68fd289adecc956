//! `publish`: a pair's average price, held against the exact one; when there is one; and what is refused.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

mod common;

use std::collections::BTreeMap;

use common::{Outcome, rational};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};
use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, PriceFault};
use plimsoll_risk::units::Ratio;
use plimsoll_schema::oracle::{DENOMS_MAX, DenomPrice, ExecuteMsg, PairSource, Source};
use plimsoll_testing::{
    AETH, ALICE, Addr, Asset, BOB, IBC_TOKEN, OWNER, UATOM, UUSD, World, coin, price, ratio, values,
};

const UBTC: &str = "ubtc";

fn fixed(raw: u128) -> BigRational {
    rational(raw, 10u128.pow(18))
}

fn ten(decimals: u8) -> BigRational {
    rational(10u128.pow(u32::from(decimals)), 1)
}

/// Assets of 6, 8 and 18 decimals.
fn world() -> World {
    let mut world = World::new();
    world.list(Asset::new(UBTC, 8, "50000"));
    world
}

/// `uatom` priced by a pair of 100,000 ATOM and a million dollars.
fn priced() -> (World, Addr) {
    let mut world = world();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = world.pair_source(UATOM, &pair, UUSD);
    world.price_by_pair(UATOM, source);
    (world, pair)
}

#[track_caller]
fn refused(world: &mut World, expected: &ContractError, action: impl FnOnce(&mut World) -> Outcome) {
    let error = world.refused(action);
    assert!(error.is(expected), "{error}");
}

fn reserves(world: &World, pair: &Addr, denom: &str, first: &str) -> (u128, u128) {
    let [a, b] = world.pair_pool(pair).0;
    if denom == first { (a, b) } else { (b, a) }
}

/// Trades to and fro for a while, with blocks and messages in between. Answers `Σ seconds × price`, `Σ seconds / price` and the seconds,
/// in base units and exact.
fn trade(world: &mut World, pair: &Addr, denom: &str, tokens: [&str; 2]) -> (BigRational, BigRational, u64) {
    let (mut forward, mut backward, mut seconds) = (BigRational::zero(), BigRational::zero(), 0);
    for (step, part) in [5u128, 20, 11, 40, 9, 30, 16].into_iter().enumerate() {
        let elapsed = [5, 97, 1, 300, 5, 5, 187][step];
        let (base, quote) = reserves(world, pair, denom, tokens[0]);
        forward += rational(u128::from(elapsed) * quote, base);
        backward += rational(u128::from(elapsed) * base, quote);
        seconds += elapsed;
        world.advance(elapsed);
        if step + 1 < 7 {
            let side = step % 2;
            let sold = world.pair_pool(pair).0[side] / part;
            world.mint(BOB, tokens[side], sold);
            world.swap(BOB, pair, (tokens[side], sold)).unwrap();
        }
    }
    (forward, backward, seconds)
}

/// Every order of denoms and every mix of 6, 8 and 18 decimals: the mid price is the arithmetic mean, or the harmonic one where the price
/// in base units is below 1, less the millionths that the pair cut off; and the edges hold it and the price at the reserves.
#[test]
fn publish_takes_in_the_exact_average_times_the_price_of_the_quote() {
    for (denom, quote_denom) in
        [(UATOM, UUSD), (UUSD, UATOM), (AETH, UUSD), (UUSD, AETH), (UBTC, AETH), (AETH, UBTC), (UBTC, IBC_TOKEN)]
    {
        for tokens in [[denom, quote_denom], [quote_denom, denom]] {
            let mut world = world();
            let pair = world.pair(tokens[0], tokens[1], 1_000_000);
            let source = world.pair_source(denom, &pair, quote_denom);
            let (base_decimals, quote_decimals) = (source.decimals, source.quote_decimals);
            world.price_by_pair(denom, source);
            // The present price becomes the start of the next average.
            world.advance_fresh(600);
            let (forward, backward, seconds) = trade(&mut world, &pair, denom, tokens);
            assert_eq!(seconds, 600);
            world.set_price(quote_denom, &world.price_record(quote_denom).price.to_string());
            world.publish(ALICE, &[denom]).unwrap();

            let record = world.price_record(denom);
            let scale = ten(base_decimals) / ten(quote_decimals) * fixed(world.price_record(quote_denom).price.raw());
            let (mean, harmonic) = (forward / BigInt::from(600), BigRational::from(BigInt::from(600)) / backward);
            let exact = if &mean * &harmonic >= BigRational::one() { &mean } else { &harmonic } * &scale;
            let mid = fixed(record.price.raw());
            let error = if mid > exact { &mid - &exact } else { &exact - &mid };
            let tolerance = &exact * rational(7, 600 * 1_000_000) + rational(1, 10u128.pow(18));
            assert!(error <= tolerance, "{denom} in {quote_denom}: {mid} is not {exact}");
            assert!(mean > harmonic);

            let (base, quote) = reserves(&world, &pair, denom, tokens[0]);
            let spot = rational(quote, base) * scale;
            let (low, high) = (fixed(record.low.raw()), fixed(record.high.raw()));
            assert!(low <= spot && spot <= high && low <= mid && mid <= high, "{low} {mid} {high}: {spot}");
            assert_eq!(record.timestamp, world.now());
        }
    }
}

#[test]
fn publish_waits_until_the_window_is_over() {
    let mut world = World::builder().assets([Asset::new(UUSD, 6, "1"), Asset::new(UATOM, 6, "10")]).build();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = Source::Pair(world.pair_source(UATOM, &pair, UUSD));
    let guards = Asset::new(UATOM, 6, "10").guards;
    world.set_source(UATOM, source, guards).unwrap();
    for seconds in [0, 1, 598] {
        world.advance(seconds);
        let response = world.publish(ALICE, &[UATOM]).unwrap();
        assert_eq!((values(&response, "action"), values(&response, "pending")), (vec!["publish"], vec![UATOM]));
        assert_eq!(world.source(UATOM).pending.unwrap().record.timestamp, 0);
    }
    world.advance_fresh(1);
    world.publish(ALICE, &[UATOM]).unwrap();
    let record = world.source(UATOM).pending.unwrap().record;
    assert_eq!((record.price, record.timestamp), (price("10"), world.now()));
    // Applied after the delay, as any other source is; by then its price has to be a valid one.
    world.advance_fresh(86_400);
    let error = world.refused(|world| world.apply_source(ALICE, UATOM));
    assert!(error.is(&ContractError::PendingPrice {
        denom: UATOM.to_owned(),
        fault: PriceFault::Stale { age: 86_400, max_age: 3_600 }
    }));
    world.publish(ALICE, &[UATOM]).unwrap();
    world.advance_fresh(600);
    world.publish(ALICE, &[UATOM]).unwrap();
    world.apply_source(ALICE, UATOM).unwrap();
    let response = world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!((values(&response, "denom"), values(&response, "price")), (vec![UATOM], vec!["10"]));
}

/// The average begins at the youngest sample that is old enough, and every later one widens the edges.
#[test]
fn publish_averages_since_the_youngest_sample_that_is_old_enough() {
    let (mut world, pair) = priced();
    // Sampled at 0 s, at 10 USD; 1,000 s later at more than twice as much, which lasts.
    let usd = world.pair_pool(&pair).0[1];
    world.advance_fresh(1_000);
    world.swap(BOB, &pair, (UUSD, usd / 2)).unwrap();
    world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!(world.price_record(UATOM).price, price("10"));
    let spot = {
        let [a, u] = world.pair_pool(&pair).0;
        rational(u, a)
    };
    world.advance(599);
    world.refresh_prices();
    // Since 1,599 s: 1,000 at 10 USD, 599 at the new price.
    let mid = fixed(world.price_record(UATOM).price.raw());
    let exact = (rational(10_000, 1) + &spot * BigInt::from(599)) / BigInt::from(1_599);
    assert!(mid <= exact && &exact - &mid < rational(1, 1_000_000), "{mid} {exact}");
    world.advance(1);
    world.refresh_prices();
    let mid = fixed(world.price_record(UATOM).price.raw());
    assert!(mid <= spot && &spot - &mid < rational(1, 1_000_000), "{mid} {spot}");
}

#[test]
fn publish_twice_in_a_block_changes_nothing_more() {
    let (mut world, pair) = priced();
    world.advance_fresh(700);
    world.swap(BOB, &pair, (UATOM, 1_000_000_000)).unwrap();
    world.publish(ALICE, &[UATOM]).unwrap();
    let before = world.dump_of(world.oracle());
    world.publish(BOB, &[UATOM]).unwrap();
    assert_eq!(world.dump_of(world.oracle()), before);
}

#[test]
fn publish_keeps_six_samples_however_often_it_is_called() {
    let (mut world, _) = priced();
    world.advance_fresh(600);
    let before = world.dump_of(world.oracle());
    let sampled = |records: &BTreeMap<Vec<u8>, Vec<u8>>| {
        let samples: Vec<usize> =
            records.iter().filter(|(key, _)| key.starts_with(b"\0\x01t")).map(|(_, v)| v.len()).collect();
        samples
    };
    assert_eq!(sampled(&before).len(), 1);
    for _ in 0..20 {
        world.advance_fresh(250);
        let after = world.dump_of(world.oracle());
        assert_eq!(after.len(), before.len());
        // Six samples: a time and two counters each, as varints.
        assert!(sampled(&after)[0] <= 1 + 6 * (10 + 19 + 19), "{:?}", sampled(&after));
    }
}

#[test]
fn publish_starts_again_when_the_last_sample_is_too_old() {
    let (mut world, _) = priced();
    let sampled = world.now();
    world.advance(7_200);
    world.set_price(UUSD, "1");
    assert_eq!(values(&world.publish(ALICE, &[UATOM]).unwrap(), "price"), ["10"]);
    assert_eq!(world.price_record(UATOM).timestamp, sampled + 7_200);
    world.advance(7_201);
    world.set_price(UUSD, "1");
    assert_eq!(values(&world.publish(ALICE, &[UATOM]).unwrap(), "pending"), [UATOM]);
    assert_eq!(world.price_record(UATOM).timestamp, sampled + 7_200);
    world.advance(600);
    assert_eq!(values(&world.publish(ALICE, &[UATOM]).unwrap(), "price"), ["10"]);
}

/// The quote's own edges go with the pair's, and the price is no younger than the quote's.
#[test]
fn publish_takes_edges_and_age_of_the_quote_along() {
    let mut world = World::builder().edit(UUSD, |asset| asset.guards.age_spread = ratio("0.1")).build();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = world.pair_source(UATOM, &pair, UUSD);
    world.price_by_pair(UATOM, source);
    world.advance_fresh(10);
    let fed = world.now();
    world.advance(1_800);
    world.publish(ALICE, &[UATOM]).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!((record.low, record.price, record.high), (price("9.5"), price("10"), price("10.5")));
    assert_eq!(record.timestamp, fed);
    // A price at the reserves that is higher leaves the lower edge to the average, and one that is lower the upper edge.
    let kept = world.snapshot();
    world.swap(BOB, &pair, (UUSD, 100_000_000_000)).unwrap();
    world.publish(ALICE, &[UATOM]).unwrap();
    let record = world.price_record(UATOM);
    assert!(record.low == price("9.5") && record.high > price("12.6"), "{record:?}");
    world.restore(&kept);
    world.swap(BOB, &pair, (UATOM, 10_000_000_000)).unwrap();
    world.publish(ALICE, &[UATOM]).unwrap();
    let record = world.price_record(UATOM);
    assert!(record.low < price("7.9") && record.high == price("10.5"), "{record:?}");
    world.advance(1_801);
    let fault = PriceFault::Stale { age: 3_601, max_age: 3_600 };
    let expected = ContractError::QuotePrice { denom: UATOM.to_owned(), quote_denom: UUSD.to_owned(), fault };
    refused(&mut world, &expected, |world| world.publish(ALICE, &[UATOM]));
}

#[test]
fn publish_in_the_quote_currency_itself_asks_for_no_other_price() {
    let mut world = world();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = PairSource { quote_priced: false, ..world.pair_source(UATOM, &pair, UUSD) };
    world.price_by_pair(UATOM, source);
    world.advance(5_000);
    world.publish(ALICE, &[UATOM]).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!((record.low, record.price, record.high), (price("10"), price("10"), price("10")));
    assert_eq!(record.timestamp, world.now());
}

/// A fixed price never ages, so it doesn't make the pair's older than it is.
#[test]
fn publish_in_a_denom_of_fixed_price_is_of_now() {
    let mut world = world();
    let guards = Guards { max_age: None, ..Asset::new("upeg", 6, "2").guards };
    world.set_source("upeg", Source::Fixed { price: price("2") }, guards).unwrap();
    let pair = world.deploy_pair("upeg", UATOM, Ratio::ZERO).unwrap();
    world.mint(ALICE, "upeg", 50_000_000);
    world.provide_liquidity(ALICE, &pair, [("upeg", 50_000_000), (UATOM, 10_000_000)]).unwrap();
    let source = PairSource { quote_denom: "upeg".to_owned(), ..world.pair_source(UATOM, &pair, UUSD) };
    world.price_by_pair(UATOM, source);
    assert_eq!((world.price_record(UATOM).price, world.price_record(UATOM).timestamp), (price("10"), world.now()));
}

/// The quote's source was replaced by one that was fed earlier.
#[test]
fn publish_never_goes_back_in_time() {
    let (mut world, _) = priced();
    let source = world.feed_source(&[BOB], 1);
    let guards = Asset::new(UUSD, 6, "1").guards;
    world.set_source(UUSD, source, guards).unwrap();
    world.advance(86_400);
    world.feed(BOB, &[(UUSD, "1")]).unwrap();
    let earlier = world.now();
    world.publish(ALICE, &[UATOM]).unwrap_or_else(|_| panic!("a sample"));
    world.advance(600);
    world.set_price(UUSD, "1");
    world.publish(ALICE, &[UATOM]).unwrap();
    let published = world.now();
    world.apply_source(ALICE, UUSD).unwrap();
    let expected = ContractError::OlderThanPublished { denom: UATOM.to_owned(), timestamp: earlier, published };
    refused(&mut world, &expected, |world| world.publish(ALICE, &[UATOM]));
}

/// What waits gathers samples and prices too, and what is dropped leaves nothing behind.
#[test]
fn publish_goes_on_while_either_source_can() {
    let (mut world, pair) = priced();
    let other = world.pair(IBC_TOKEN, UATOM, 1_000_000);
    let guards = Asset::new(UATOM, 6, "10").guards;
    let records = world.dump_of(world.oracle()).len();
    let source = world.pair_source(UATOM, &other, IBC_TOKEN);
    world.set_source(UATOM, Source::Pair(source), guards.clone()).unwrap();
    // The one in force breaks, the one that waits doesn't; nothing is published, but it goes on.
    let everything = world.pair_shares("lender", &pair);
    world.withdraw_liquidity("lender", &pair, everything).unwrap();
    world.advance(600);
    assert_eq!(values(&world.publish(ALICE, &[UATOM]).unwrap(), "pending"), [UATOM]);
    world.advance(600);
    assert_eq!(values(&world.publish(ALICE, &[UATOM]).unwrap(), "pending"), [UATOM]);
    assert_eq!(world.source(UATOM).pending.unwrap().record.price, price("10"));
    // Both break.
    let everything = world.pair_shares("lender", &other);
    world.withdraw_liquidity("lender", &other, everything).unwrap();
    assert!(world.refused(|world| world.publish(ALICE, &[UATOM])).to_string().contains("at least"));
    world.cancel_source(UATOM).unwrap();
    assert_eq!(world.dump_of(world.oracle()).len(), records);
}

#[test]
fn publish_of_a_source_that_is_dropped_for_another_leaves_nothing_behind() {
    let (mut world, _) = priced();
    let records = world.dump_of(world.oracle()).len();
    let source = world.feed_source(&[BOB], 1);
    world.set_source(UATOM, source, Asset::new(UATOM, 6, "10").guards).unwrap();
    world.advance_fresh(86_400);
    world.feed(BOB, &[(UATOM, "10")]).unwrap();
    world.apply_source(ALICE, UATOM).unwrap();
    // One sample less, one vote more.
    assert_eq!(world.dump_of(world.oracle()).len(), records);
    refused(&mut world, &ContractError::NotLive { denom: UATOM.to_owned() }, |w| w.publish(ALICE, &[UATOM]));
}

/// While the published price is valid it is what everybody sees; after that, what would be published.
#[test]
fn prices_by_denoms_computes_a_live_price_when_the_published_one_fails() {
    let (mut world, pair) = priced();
    let published = world.now();
    world.advance(3_600);
    world.swap(BOB, &pair, (UUSD, 100_000_000_000)).unwrap();
    let valid = |world: &World| match world.price(UATOM) {
        DenomPrice::Valid { price, low, high, timestamp, .. } => (price, low, high, timestamp),
        other => panic!("{other:?}"),
    };
    assert_eq!(valid(&world), (price("10"), price("10"), price("10"), published));
    world.advance(1);
    world.set_price(UUSD, "1");
    let before = world.dump().clone();
    let (mid, low, high, timestamp) = valid(&world);
    assert!(world.dump() == &before, "a query wrote");
    assert!(mid > price("10") && mid < price("10.1") && low == mid && high > price("12"), "{low} {mid} {high}");
    assert_eq!(timestamp, world.now());
    // What is previewed is what is published.
    world.publish(ALICE, &[UATOM]).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!((record.price, record.low, record.high, record.timestamp), (mid, low, high, timestamp));
    // And after too long a silence there is none.
    world.advance(7_201);
    world.set_price(UUSD, "1");
    let fault = PriceFault::Stale { age: 7_201, max_age: 3_600 };
    assert!(matches!(world.price(UATOM), DenomPrice::Failed { fault: f, .. } if f == fault));
}

#[test]
fn publish_of_nothing_too_much_twice_or_what_is_not_live_is_refused() {
    let (mut world, _) = priced();
    let names: Vec<String> = (0..=DENOMS_MAX).map(|n| format!("u{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for denoms in [&names[..0], &names[..], &[UATOM, UATOM]] {
        let expected = ContractError::DenomCount { count: denoms.len(), max: DENOMS_MAX };
        refused(&mut world, &expected, |world| world.publish(ALICE, denoms));
    }
    let expected = ContractError::NotLive { denom: UUSD.to_owned() };
    refused(&mut world, &expected, |world| world.publish(ALICE, &[UATOM, UUSD]));
    let expected = ContractError::UnknownDenom { denom: "unknown".to_owned() };
    refused(&mut world, &expected, |world| world.publish(ALICE, &[UATOM, "unknown"]));
    let msg = ExecuteMsg::Publish { denoms: vec![UATOM.to_owned()] };
    let expected = ContractError::FundsSent { sent: "1uusd".to_owned() };
    refused(&mut world, &expected, |world| {
        let oracle = world.oracle().clone();
        world.execute_contract(OWNER, &oracle, &msg, &[coin(1, UUSD)])
    });
    let expected = ContractError::NotFeeder { sender: world.addr(BOB).into_string(), denom: UATOM.to_owned() };
    refused(&mut world, &expected, |world| world.feed(BOB, &[(UATOM, "10")]));
}
