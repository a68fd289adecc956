//! `publish`: what a pair's samples say, held against the exact means of what stood there; when there is a price; and what
//! is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a setup that fails is a failed test")]

use std::collections::BTreeMap;

use crate::support::{Outcome, rational};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero;
use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, PriceBand, PriceFault, PriceRecord};
use plimsoll_risk::units::Ratio;
use plimsoll_schema::funds::FundsSent;
use plimsoll_schema::oracle::{DENOMS_MAX, DenomPrice, ExecuteMsg, PairSource, Source};
use plimsoll_testing::{
    AETH, ALICE, Addr, Asset, BOB, IBC_TOKEN, LENDER, OWNER, UATOM, UUSD, World, coin, price, ratio, values,
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

/// Trades to and fro for a quarter of a window, with blocks in between. Answers the arithmetic and the harmonic mean of
/// the price, in base units and exact, and in how many steps it moved.
fn trade(world: &mut World, pair: &Addr, denom: &str, tokens: [&str; 2], round: u64) -> (BigRational, BigRational) {
    let mut forward = BigRational::zero();
    let mut backward = BigRational::zero();
    let mut seconds = 0;
    for (step, (elapsed, part)) in
        [(5 + round, 5u128), (47, 20), (1, 11), (60 - round, 9), (37, 30)].into_iter().enumerate()
    {
        let (base, quote) = reserves(world, pair, denom, tokens[0]);
        forward += rational(u128::from(elapsed) * quote, base);
        backward += rational(u128::from(elapsed) * base, quote);
        seconds += elapsed;
        world.advance(elapsed);
        let side = (step + usize::try_from(round).unwrap()) % 2;
        let sold = world.pair_pool(pair).0[side] / part;
        world.mint(BOB, tokens[side], sold);
        world.swap(BOB, pair, (tokens[side], sold)).unwrap();
    }
    assert_eq!(seconds, 150);
    (forward / BigInt::from(seconds), BigRational::from(BigInt::from(seconds)) / backward)
}

fn is_near(got: &BigRational, exact: &BigRational, tolerance: &BigRational) -> bool {
    let off = if got > exact { got - exact } else { exact - got };
    off <= tolerance * exact + rational(1, 10u128.pow(18))
}

/// Every order of denoms and mixes of 6, 8 and 18 decimals: the medians of the harmonic and of the arithmetic means
/// over the last five intervals, less what the pair cut off, at most once in each of their five steps.
#[test]
fn publish_says_the_medians_of_both_means_of_the_last_five_intervals() {
    for (denom, quote_denom) in [(UATOM, UUSD), (UUSD, UATOM), (UBTC, IBC_TOKEN), (IBC_TOKEN, UBTC), (UATOM, UBTC)] {
        for tokens in [[denom, quote_denom], [quote_denom, denom]] {
            let mut world = world();
            let pair = world.pair(tokens[0], tokens[1], 1_000_000);
            let source = world.pair_source(denom, &pair, quote_denom);
            let scale = ten(source.decimals) / ten(source.quote_decimals);
            world.price_by_pair(denom, source);
            let mut arithmetic = vec![];
            let mut harmonic = vec![];
            for round in 0..6 {
                let (up, down) = trade(&mut world, &pair, denom, tokens, round);
                assert!(up > down);
                arithmetic.push(up * &scale);
                harmonic.push(down * &scale);
                world.publish(ALICE, &[denom]).unwrap();
            }
            // Five are counted, the first is not.
            let median = |means: Vec<BigRational>| {
                let mut last = means[1..].to_vec();
                last.sort();
                last[2].clone()
            };
            let low = median(harmonic);
            let high = median(arithmetic);
            let record = world.price_record(denom);
            let raw_low = fixed(record.raw.low.raw());
            let raw_high = fixed(record.raw.high.raw());
            // In each direction a price of p adds 10⁶ × p a second, of which five steps cut off less than 5.
            let coarse = |price: &BigRational| {
                let forward = price / &scale;
                let slower = forward.clone().min(forward.recip());
                rational(5, 150) / rational(1_000_000, 1) / slower
            };
            assert!(is_near(&raw_low, &low, &coarse(&low)), "{denom} in {quote_denom}: {raw_low} is not {low}");
            assert!(is_near(&raw_high, &high, &coarse(&high)), "{denom} in {quote_denom}: {raw_high} is not {high}");

            let (base, quote) = reserves(&world, &pair, denom, tokens[0]);
            let spot = rational(quote, base) * &scale;
            let lowest = fixed(record.extremes.low.raw());
            let highest = fixed(record.extremes.high.raw());
            assert!(lowest <= spot && spot <= highest && lowest <= raw_low && raw_high <= highest);
            assert_eq!((record.timestamp, record.quote.as_deref()), (world.now(), Some(quote_denom)));
        }
    }
}

/// Five samples, a quarter of a window apart, are four intervals: the first price is there a window after the first
/// message.
#[test]
fn publish_waits_for_four_intervals() {
    let mut world = World::builder().oracle(|oracle| oracle.source_delay = 0).build();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = Source::Pair(world.pair_source(UATOM, &pair, UUSD));
    world.set_source(UATOM, source, Asset::new(UATOM, 6, "10").guards).unwrap();
    for seconds in [0, 1, 149, 149, 1, 150, 149] {
        world.advance(seconds);
        let response = world.publish(ALICE, &[UATOM]).unwrap();
        assert_eq!((values(&response, "action"), values(&response, "pending")), (vec!["publish"], vec![UATOM]));
        assert_eq!(world.price_record(UATOM).fault(world.now()), Some(PriceFault::Missing {}));
        assert_eq!(world.records_now(&[UATOM]), [None]);
    }
    world.advance(1);
    let response = world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!((values(&response, "denom"), values(&response, "price")), (vec![UATOM], vec!["10"]));
    let record = world.price_record(UATOM);
    assert_eq!((record.raw, record.timestamp), (PriceBand::at(price("10")), world.now()));
}

/// A message before the next sample is due renews the time, and counts the price at the reserves; what the samples say
/// stays.
#[test]
fn publish_between_samples_renews_the_time_and_counts_the_present_price() {
    let (mut world, pair) = priced();
    let before = world.price_record(UATOM);
    world.advance(149);
    let usd = world.pair_pool(&pair).0[1];
    world.swap(BOB, &pair, (UUSD, usd / 2)).unwrap();
    world.publish(ALICE, &[UATOM]).unwrap();
    let after = world.price_record(UATOM);
    assert_eq!((after.raw, after.timestamp), (before.raw, world.now()));
    assert_eq!(after.extremes.low, price("10"));
    // Half as many dollars more, for a third of the ATOM: 1.5² × 10, less the fee that stays in the pair.
    assert!(after.extremes.high > price("22.4") && after.extremes.high < price("22.5"), "{:?}", after.extremes);
}

/// Half a window without a message is the longest that is averaged. After a longer one it takes four intervals again.
#[test]
fn publish_after_too_long_a_pause_waits_for_four_intervals_again() {
    let (mut world, _) = priced();
    world.advance_fresh(300);
    let observed = world.now();
    assert_eq!(world.price_record(UATOM).timestamp, observed);
    world.advance(301);
    for _ in 0..4 {
        let response = world.publish(ALICE, &[UATOM]).unwrap();
        assert_eq!(values(&response, "pending"), [UATOM]);
        assert_eq!(world.price_record(UATOM).timestamp, observed);
        assert_eq!(world.records_now(&[UATOM]), [None]);
        world.advance(150);
    }
    assert_eq!(values(&world.publish(ALICE, &[UATOM]).unwrap(), "denom"), [UATOM]);
    assert_eq!(world.price_record(UATOM).timestamp, world.now());
}

/// What a pair says while it has no average yet is no observation, but nothing is lent above it.
#[test]
fn publish_that_is_pending_widens_the_edges() {
    let (mut world, pair) = priced();
    world.advance(301);
    let [atom, _] = world.pair_pool(&pair).0;
    world.swap(LENDER, &pair, (UATOM, atom)).unwrap();
    let before = world.price_record(UATOM);
    world.publish(ALICE, &[UATOM]).unwrap();
    let after = world.price_record(UATOM);
    assert!(after.extremes.low < price("2.6"), "{:?}", after.extremes);
    assert_eq!(PriceRecord { extremes: before.extremes, ..after }, before);
}

#[test]
fn publish_twice_in_a_block_changes_nothing_more() {
    let (mut world, pair) = priced();
    world.advance_fresh(150);
    world.swap(BOB, &pair, (UATOM, 1_000_000_000)).unwrap();
    world.publish(ALICE, &[UATOM]).unwrap();
    let before = world.dump_of(world.oracle());
    world.publish(BOB, &[UATOM]).unwrap();
    assert_eq!(world.dump_of(world.oracle()), before);
}

#[test]
fn publish_keeps_six_samples_however_often_it_is_called() {
    let (mut world, _) = priced();
    world.advance_fresh(150);
    let before = world.dump_of(world.oracle());
    let sampled = |records: &BTreeMap<Vec<u8>, Vec<u8>>| {
        let samples: Vec<usize> =
            records.iter().filter(|(key, _)| key.starts_with(b"\0\x01t")).map(|(_, v)| v.len()).collect();
        samples
    };
    assert_eq!(sampled(&before).len(), 1);
    for _ in 0..20 {
        world.advance_fresh(160);
        let after = world.dump_of(world.oracle());
        assert_eq!(after.len(), before.len());
        // Six samples: a time and two counters each, as varints.
        assert!(sampled(&after)[0] <= 1 + 6 * (10 + 19 + 19), "{:?}", sampled(&after));
    }
}

/// Issue A.3: the record holds the rate, so the price follows the quote though nobody publishes.
#[test]
fn publish_records_a_rate_to_which_the_quotes_price_is_applied_when_it_is_read() {
    let mut world = World::builder().edit(UUSD, |asset| asset.guards.age_spread = ratio("0.1")).build();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = world.pair_source(UATOM, &pair, UUSD);
    world.price_by_pair(UATOM, source);
    let published = world.price_record(UATOM);
    assert_eq!((published.raw, published.quote.as_deref()), (PriceBand::at(price("10")), Some(UUSD)));
    let edges = |world: &World| match world.price(UATOM) {
        DenomPrice::Valid { price, counted, low, high, .. } => (price, counted, low, high),
        other => panic!("{other:?}"),
    };
    world.set_price(UUSD, "3");
    let thirty = price("30");
    assert_eq!(edges(&world), (thirty, PriceBand::at(thirty), thirty, thirty));
    // The quote's own edges go with it, and so does its silence.
    world.advance(180);
    world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!(edges(&world), (thirty, PriceBand::at(thirty), price("29.85"), price("30.15")));
    for _ in 0..19 {
        world.advance(180);
        world.publish(ALICE, &[UATOM]).unwrap();
    }
    world.advance(1);
    let DenomPrice::Silent { fault, .. } = world.price(UATOM) else { panic!("its quote is silent") };
    assert_eq!(fault, PriceFault::Stale { age: 3_601, max_age: 3_600 });
}

#[test]
fn publish_in_the_quote_currency_itself_asks_for_no_other_price() {
    let mut world = world();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = PairSource { quote_priced: false, ..world.pair_source(UATOM, &pair, UUSD) };
    world.price_by_pair(UATOM, source);
    world.set_price(UUSD, "3");
    assert_eq!((world.price_record(UATOM).quote, world.settled_price(UATOM)), (None, price("10")));
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
    let DenomPrice::Valid { price: settled, timestamp, .. } = world.price(UATOM) else { panic!("it has a price") };
    assert_eq!((settled, timestamp), (price("10"), world.now()));
}

/// Issue A.1: below the least reserves the pair is observed all the same, and nothing is lent against it: the bounds
/// are its edges.
#[test]
fn publish_of_a_thin_pair_makes_the_bounds_its_edges() {
    let (mut world, pair) = priced();
    let everything = world.pair_shares(LENDER, &pair);
    world.withdraw_liquidity(LENDER, &pair, everything).unwrap();
    world.advance(150);
    assert_eq!(values(&world.publish(ALICE, &[UATOM]).unwrap(), "denom"), [UATOM]);
    let record = world.price_record(UATOM);
    let bounds = PriceBand { low: record.guards.floor, high: record.guards.ceiling };
    assert_eq!((record.raw, record.extremes, record.timestamp), (PriceBand::at(price("10")), bounds, world.now()));
    assert_eq!(world.settled_price(UATOM), price("10"));
}

/// One pair has lost its ledger and answers nothing, another goes on: each is named.
#[test]
fn publish_of_several_denoms_takes_those_that_answer() {
    let (mut world, broken) = priced();
    let pair = world.pair(IBC_TOKEN, UUSD, 1_000_000);
    let source = world.pair_source(IBC_TOKEN, &pair, UUSD);
    world.price_by_pair(IBC_TOKEN, source);
    // In the delay of the other nobody published this one.
    world.advance_fresh(150);
    let before = world.price_record(UATOM);
    world.advance_fresh(100);
    world.storage_mut(&broken).remove(b"l");
    let response = world.publish(ALICE, &["unknown", UATOM, UUSD, IBC_TOKEN]).unwrap();
    assert_eq!((values(&response, "denom"), values(&response, "price")), (vec![IBC_TOKEN], vec!["5"]));
    assert_eq!(values(&response, "refused"), ["unknown", UATOM, UUSD]);
    let silent = ContractError::PairSilent { denom: UATOM.to_owned(), pair: broken.into_string() }.to_string();
    let not_live = "denom uusd has no live source".to_owned();
    assert_eq!(values(&response, "reason"), ["denom unknown has no source", &silent, &not_live]);
    assert_eq!(world.price_record(IBC_TOKEN).timestamp, world.now());
    assert_eq!(world.price_record(UATOM).timestamp, before.timestamp + 100);
    // When none answers the message fails, with the first reason.
    let error = world.refused(|world| world.publish(ALICE, &[UATOM, "unknown"]));
    assert_eq!(error.to_string(), silent);
    // And the query answers for each alone.
    let now = world.records_now(&[UATOM, IBC_TOKEN, UUSD, "unknown"]);
    let known: Vec<bool> = now.iter().map(Option::is_some).collect();
    assert_eq!(known, [false, true, true, false]);
}

#[test]
fn publish_of_a_source_that_is_replaced_leaves_nothing_behind() {
    let (mut world, _) = priced();
    let records = world.dump_of(world.oracle()).len();
    let source = world.feed_source(&[BOB], 1);
    world.set_source(UATOM, source, Asset::new(UATOM, 6, "10").guards).unwrap();
    world.advance_fresh(86_400);
    world.apply_source(OWNER, UATOM).unwrap();
    world.feed(BOB, &[(UATOM, "10")]).unwrap();
    // One list of samples less, one of votes more.
    assert_eq!(world.dump_of(world.oracle()).len(), records);
    refused(&mut world, &ContractError::NotLive { denom: UATOM.to_owned() }, |w| w.publish(ALICE, &[UATOM]));
}

/// The answer that a borrower's message gets: what would be published now, the present price included, and nothing is
/// written.
#[test]
fn price_records_are_what_would_be_published_now() {
    let (mut world, pair) = priced();
    world.advance(150);
    world.swap(BOB, &pair, (UUSD, 100_000_000_000)).unwrap();
    let before = world.dump().clone();
    let [asked] = world.records_now(&[UATOM]).try_into().unwrap();
    let fed = world.records_now(&[UUSD]);
    assert!(world.dump() == &before, "a query wrote");
    assert_eq!(fed, [Some(world.price_record(UUSD))]);
    let DenomPrice::Valid { low, high, .. } = world.price(UATOM) else { panic!("it has a price") };
    assert!(low == price("10") && high > price("12"), "{low} {high}");
    world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!(asked, Some(world.price_record(UATOM)));
}

/// 18 decimals in 6: the pair's counter of the price keeps no digit of it.
#[test]
fn publish_of_a_pair_whose_counters_are_too_coarse_is_refused() {
    let mut world = World::builder().oracle(|oracle| oracle.source_delay = 0).build();
    let pair = world.pair(AETH, UUSD, 1_000_000);
    let source = world.pair_source(AETH, &pair, UUSD);
    world.set_source(AETH, Source::Pair(source), Asset::new(AETH, 18, "2000").guards).unwrap();
    world.publish(ALICE, &[AETH]).unwrap();
    world.advance(150);
    let coarse = ContractError::PairCoarse {
        denom: AETH.to_owned(),
        pair: pair.to_string(),
        grown: 0,
        seconds: 150,
        least: 15_000,
    };
    refused(&mut world, &coarse, |world| world.publish(ALICE, &[AETH]));
    assert_eq!(world.records_now(&[AETH]), [None]);
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
    refused(&mut world, &expected, |world| world.publish(ALICE, &[UUSD]));
    let expected = ContractError::UnknownDenom { denom: "unknown".to_owned() };
    refused(&mut world, &expected, |world| world.publish(ALICE, &["unknown", UUSD]));
    let msg = ExecuteMsg::Publish { denoms: vec![UATOM.to_owned()] };
    let expected = ContractError::FundsSent(FundsSent { sent: "1uusd".to_owned() });
    refused(&mut world, &expected, |world| {
        let oracle = world.oracle().clone();
        world.execute_contract(OWNER, &oracle, &msg, &[coin(1, UUSD)])
    });
    let expected = ContractError::NotFeeder { sender: world.addr(BOB).into_string(), denom: UATOM.to_owned() };
    refused(&mut world, &expected, |world| world.feed(BOB, &[(UATOM, "10")]));
}
