//! `median`: of other sources, of which a dead one counts as missing; in one unit; and what is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, PriceBand, PriceFault, PriceRecord};
use plimsoll_schema::oracle::{DenomPrice, MEMBERS_MAX, MedianSource, RateSource, ScaledSource, Source};
use plimsoll_testing::{
    ALICE, Addr, Asset, BOB, FEEDER_3, FEEDERS, IBC_TOKEN, LENDER, UATOM, UUSD, World, price, ratio, values,
};
use proptest::prelude::*;
use serde_json::Value;

const ANN: &str = "ann";
const BEN: &str = "ben";
const CLEO: &str = "cleo";

fn guards() -> Guards {
    Guards { max_age: Some(600), ..Asset::new(UATOM, 6, "10").guards }
}

fn world() -> World {
    World::builder().oracle(|msg| msg.source_delay = 0).lent(1_000_000).build()
}

/// A median of single feeders.
fn of_feeders(world: &World, names: &[&str], minimum: u8) -> Source {
    let members = names.iter().map(|name| world.feed_source(&[name], 1)).collect();
    Source::Median(MedianSource { members, minimum })
}

/// `uatom` priced by three single feeders, two of whom are enough.
fn priced() -> World {
    let mut world = world();
    let source = of_feeders(&world, &[ANN, BEN, CLEO], 2);
    world.set_source(UATOM, source, guards()).unwrap();
    told(&mut world, &["10", "10", "10"]);
    world
}

/// The first feeders vote, and the median is published.
fn told(world: &mut World, prices: &[&str]) {
    for (name, text) in [ANN, BEN, CLEO].into_iter().zip(prices) {
        let response = world.feed(name, &[(UATOM, text)]).unwrap();
        assert_eq!(values(&response, "pending"), [UATOM]);
    }
    world.publish(ALICE, &[UATOM]).unwrap();
}

fn band(low: &str, high: &str) -> PriceBand {
    PriceBand { low: price(low), high: price(high) }
}

#[test]
fn median_is_the_middle_one_and_borrowing_counts_all() {
    let mut world = priced();
    told(&mut world, &["11", "9", "10.5"]);
    let record = world.price_record(UATOM);
    assert_eq!((record.raw, record.extremes), (PriceBand::at(price("10.5")), band("9", "11")));
    // One that lies moves no settled price, and nothing is lent by it.
    told(&mut world, &["11", "0.000001", "10.5"]);
    let record = world.price_record(UATOM);
    assert_eq!((record.raw, record.extremes.low), (PriceBand::at(price("10.5")), price("0.000001")));
    assert_eq!(world.settled_price(UATOM), price("10.5"));
}

/// Of two the lower low and the higher high: while they disagree the settled price stands.
#[test]
fn median_of_two_that_disagree_is_both() {
    let mut world = priced();
    world.advance(601);
    told(&mut world, &["2", "10"]);
    let record = world.price_record(UATOM);
    assert_eq!((record.raw, record.timestamp), (band("2", "10"), world.now()));
    assert_eq!(world.settled_price(UATOM), price("10"));
    told(&mut world, &["2", "3"]);
    assert_eq!((world.price_record(UATOM).raw, world.settled_price(UATOM)), (band("2", "3"), price("3")));
}

/// A vote that is too old is missing; with too few the price falls silent, and nothing is lent by it at once.
#[test]
fn a_dead_member_counts_as_missing() {
    let mut world = priced();
    let observed = world.now();
    world.advance(400);
    world.feed(ANN, &[(UATOM, "12")]).unwrap();
    world.advance(201);
    for denoms in [&[UATOM][..], &[UUSD, UATOM]] {
        let before = world.price_record(UATOM);
        let response = world.publish(ALICE, &[denoms[denoms.len() - 1]]).unwrap();
        assert_eq!(values(&response, "pending"), [UATOM]);
        assert_eq!(world.price_record(UATOM), PriceRecord { extremes: band("10", "12"), ..before });
    }
    assert_eq!((world.price_record(UATOM).timestamp, world.records_now(&[UATOM])), (observed, vec![None]));
    // The second one speaks again.
    world.feed(CLEO, &[(UATOM, "11")]).unwrap();
    let response = world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!(values(&response, "denom"), [UATOM]);
    let record = world.price_record(UATOM);
    // Two make a price, so it is as old as the older one.
    assert_eq!((record.raw, record.timestamp), (band("11", "12"), observed + 400));
    world.advance(601);
    let error = world.refused(|world| world.publish(BOB, &[UATOM]));
    let expected = ContractError::MembersMissing { denom: UATOM.to_owned(), present: 0, minimum: 2 };
    assert!(error.is(&expected), "{error}");
}

/// A feed, a pair in dollars and one in another token, each of which fell to another price.
fn mixed() -> (World, Addr, Addr) {
    let mut world = world();
    let dollars = world.pair(UATOM, UUSD, 1_000_000);
    let others = world.pair(UATOM, IBC_TOKEN, 1_000_000);
    let members = vec![
        world.feed_source(&[ANN], 1),
        Source::Pair(world.pair_source(UATOM, &dollars, UUSD)),
        Source::Pair(world.pair_source(UATOM, &others, IBC_TOKEN)),
    ];
    let source = Source::Median(MedianSource { members, minimum: 2 });
    let wide = Guards { max_age: Some(3_600), ..guards() };
    world.set_source(UATOM, source, wide).unwrap();
    for _ in 0..5 {
        world.publish(ALICE, &[UATOM]).unwrap();
        world.advance(150);
        world.set_prices(&[(UUSD, "1"), (IBC_TOKEN, "5")]);
    }
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    world.publish(ALICE, &[UATOM]).unwrap();
    (world, dollars, others)
}

/// Rates in different denoms are prices, at what was last observed of each quote.
#[test]
fn median_converts_what_its_members_are_quoted_in() {
    let (mut world, _, _) = mixed();
    let record = world.price_record(UATOM);
    assert_eq!((record.raw, record.quote), (PriceBand::at(price("10")), None));
    world.set_prices(&[(UUSD, "0.5"), (IBC_TOKEN, "6")]);
    world.publish(ALICE, &[UATOM]).unwrap();
    let record = world.price_record(UATOM);
    // 10, 10 × 0.5 and 2 × 6.
    assert_eq!((record.raw, record.extremes), (PriceBand::at(price("10")), band("5", "12")));
}

/// A pair whose quote is silent, or that doesn't answer, is missing. Its samples are taken all the same.
#[test]
fn a_member_whose_quote_is_silent_is_missing_and_goes_on_being_watched() {
    let (mut world, dollars, _) = mixed();
    world.advance(3_601);
    world.set_price(IBC_TOKEN, "6");
    world.feed(ANN, &[(UATOM, "11")]).unwrap();
    for _ in 0..4 {
        let response = world.publish(ALICE, &[UATOM]).unwrap();
        assert_eq!(values(&response, "pending"), [UATOM]);
        world.advance(150);
    }
    // The pair in dollars has its samples by now, and no unit: the other one and the feeder make the price.
    let response = world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!((values(&response, "denom"), world.price_record(UATOM).raw), (vec![UATOM], band("11", "12")));
    world.set_price(UUSD, "1");
    world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!(world.price_record(UATOM).raw, PriceBand::at(price("11")));
    world.storage_mut(&dollars).remove(b"l");
    world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!(world.price_record(UATOM).raw, band("11", "12"));
}

/// The bounds that a thin pair counts are those of the median, in its unit.
#[test]
fn a_thin_member_widens_the_edges_to_the_medians_bounds() {
    let (mut world, _, others) = mixed();
    world.set_price(IBC_TOKEN, "6");
    let everything = world.pair_shares(LENDER, &others);
    world.withdraw_liquidity(LENDER, &others, everything).unwrap();
    world.publish(ALICE, &[UATOM]).unwrap();
    let record = world.price_record(UATOM);
    let Guards { floor, ceiling, .. } = record.guards;
    assert!(record.extremes.low <= floor && record.extremes.low.raw() + 10 > floor.raw(), "{:?}", record.extremes);
    assert!(record.extremes.high >= ceiling && record.extremes.high.raw() < ceiling.raw() + 10_000, "{record:?}");
    assert_eq!(record.raw, PriceBand::at(price("10")));
}

/// Members in one denom make a rate in it, so a loop of the two tokens hangs on one record.
#[test]
fn median_of_rates_in_one_denom_is_a_rate() {
    let mut world = world();
    let hub = world.staking_hub(50, 100);
    let of = |rate| Source::Scaled(ScaledSource { rate, quote_denom: UATOM.to_owned(), max_growth: ratio("0.1") });
    let told = RateSource::Contract {
        contract: hub.to_string(),
        query: r#"{"exchange_rate":{}}"#.to_owned(),
        field: vec![],
        time_field: None,
    };
    let fed = RateSource::Feed { feeders: vec![world.addr(ANN).into_string()], quorum: 1 };
    let source = Source::Median(MedianSource { members: vec![of(told), of(fed)], minimum: 2 });
    world.set_source(IBC_TOKEN, source, Asset::new(IBC_TOKEN, 6, "0.5").guards).unwrap();
    world.feed(ANN, &[(IBC_TOKEN, "0.4")]).unwrap();
    world.publish(ALICE, &[IBC_TOKEN]).unwrap();
    let record = world.price_record(IBC_TOKEN);
    assert_eq!((record.raw, record.quote.as_deref()), (band("0.4", "0.5"), Some(UATOM)));
    // Each rate grows under its own cap.
    world.feed(ANN, &[(IBC_TOKEN, "4")]).unwrap();
    world.set_bonded(&hub, 500, 100);
    world.publish(ALICE, &[IBC_TOKEN]).unwrap();
    assert_eq!(world.price_record(IBC_TOKEN).raw, band("0.4", "5"));
}

/// Who borrows asks all members in the same message.
#[test]
fn what_is_lent_against_a_median_is_what_its_members_say_in_this_message() {
    let mut world = priced();
    world.deposit(BOB, UATOM, 100_000_000).unwrap();
    let before = world.max_borrow(BOB, UUSD);
    for name in [ANN, BEN] {
        world.feed(name, &[(UATOM, "5")]).unwrap();
    }
    assert_eq!(world.max_borrow(BOB, UUSD), before / 2);
    world.advance(601);
    world.set_prices(&[(UUSD, "1")]);
    world.refused(|world| world.borrow(BOB, UUSD, 1));
    let DenomPrice::Silent { fault, .. } = world.price(UATOM) else { panic!("all its members are silent") };
    assert_eq!(fault, PriceFault::Stale { age: 601, max_age: 600 });
}

/// No vote and no sample of a member that was replaced counts again, and no generation is given out twice.
#[test]
fn replacing_a_median_forgets_its_members() {
    let mut world = priced();
    let stored = |world: &World| {
        let dump = world.dump_of(world.oracle());
        dump.keys().filter(|key| [b"\0\x01v", b"\0\x01t"].iter().any(|name| key.starts_with(*name))).count()
    };
    let others = world.assets().len() - 1;
    assert_eq!((stored(&world), world.price_record(UATOM).generation), (3 + others, 1));
    let two = of_feeders(&world, &[ANN, BEN], 1);
    world.set_source(UATOM, two, guards()).unwrap();
    assert_eq!((stored(&world), world.price_record(UATOM).generation), (others, 5));
    let error = world.refused(|world| world.publish(ALICE, &[UATOM]));
    let expected = ContractError::MembersMissing { denom: UATOM.to_owned(), present: 0, minimum: 1 };
    assert!(error.is(&expected), "{error}");
    let fed = world.feed_source(&FEEDERS, 2);
    world.set_source(UATOM, fed, guards()).unwrap();
    assert_eq!(world.price_record(UATOM).generation, 8);
    // The first source of a denom may be a median too.
    let source = of_feeders(&world, &[ANN, BEN, CLEO], 2);
    world.set_source("unew", source.clone(), guards()).unwrap();
    world.set_source("unew", world.feed_source(&FEEDERS, 2), guards()).unwrap();
    assert_eq!(world.price_record("unew").generation, 4);
    let error = world.refused(|world| world.feed(BOB, &[(UATOM, "1")]));
    let expected = ContractError::NotFeeder { sender: world.addr(BOB).into_string(), denom: UATOM.to_owned() };
    assert!(error.is(&expected), "{error}");
}

#[track_caller]
fn refused(world: &mut World, source: Source, expected: &ContractError) {
    let error = world.refused(|world| world.set_source(UATOM, source, guards()));
    assert!(error.is(expected), "{error}");
}

#[test]
fn set_source_median_out_of_range_is_refused() {
    let mut world = world();
    let denom = || UATOM.to_owned();
    let names = [ANN, BEN, CLEO, "dora", "eve", "finn"];
    for count in [0, 1, 6] {
        let source = of_feeders(&world, &names[..count], 1);
        refused(&mut world, source, &ContractError::MemberCount { denom: denom(), count, min: 2, max: MEMBERS_MAX });
    }
    for minimum in [0, 3] {
        let source = of_feeders(&world, &names[..2], minimum);
        refused(&mut world, source, &ContractError::Minimum { denom: denom(), minimum, min: 1, count: 2 });
    }
    let ann = world.feed_source(&[ANN], 1);
    let two = of_feeders(&world, &names[..2], 1);
    let fixed = Source::Fixed { price: price("10") };
    for (member, what) in [(fixed, "fixed"), (two, "a median"), (ann.clone(), "named twice")] {
        let source = Source::Median(MedianSource { members: vec![ann.clone(), member], minimum: 1 });
        refused(&mut world, source, &ContractError::Member { denom: denom(), what });
    }
    world.set_source(UATOM, of_feeders(&world, &names[..5], 5), guards()).unwrap();
}

/// A member is held to what a source of its kind is, and its quote must rest on nothing else.
#[test]
fn set_source_median_with_a_member_that_could_not_be_a_source_is_refused() {
    let (mut world, dollars, _) = mixed();
    let members = vec![world.feed_source(&[ANN], 1), world.feed_source(&[ANN, BEN], 1)];
    let expected = ContractError::Quorum { denom: UATOM.to_owned(), quorum: 1, feeders: 2 };
    refused(&mut world, Source::Median(MedianSource { members, minimum: 1 }), &expected);
    // What the median's pairs are quoted in can't become a pair.
    let members = vec![world.feed_source(&[ANN], 1), Source::Pair(world.pair_source(UUSD, &dollars, UATOM))];
    let source = Source::Median(MedianSource { members, minimum: 1 });
    let error = world.refused(|world| world.set_source(UUSD, source, guards()));
    let expected = ContractError::QuoteSource { denom: UUSD.to_owned(), quote_denom: UATOM.to_owned() };
    assert!(error.is(&expected), "{error}");
    let pair = Source::Pair(world.pair_source(UUSD, &dollars, IBC_TOKEN));
    let error = world.refused(|world| world.set_source(UUSD, pair, guards()));
    let expected = ContractError::QuotesOthers { denom: UUSD.to_owned(), quoted: UATOM.to_owned() };
    assert!(error.is(&expected), "{error}");
}

/// In production one member alone never makes a price, and of two one could hold the settled price for ever.
#[test]
fn set_source_median_in_production_needs_three_of_which_two_say_something() {
    let mut world = World::builder().without_assets().oracle(|msg| msg.production = true).build();
    let feeders = [[ANN, BEN, CLEO], ["dora", "eve", "finn"], [FEEDERS[0], FEEDERS[1], FEEDER_3]];
    let members: Vec<Source> = feeders.iter().map(|names| world.feed_source(names, 2)).collect();
    let median = |count, minimum| Source::Median(MedianSource { members: members[..count].to_vec(), minimum });
    let speed = Guards { max_deviation: ratio("0.05"), step_interval: 15, ..guards() };
    let denom = || UATOM.to_owned();
    for (source, expected) in [
        (median(2, 2), ContractError::MemberCount { denom: denom(), count: 2, min: 3, max: MEMBERS_MAX }),
        (median(3, 1), ContractError::Minimum { denom: denom(), minimum: 1, min: 2, count: 3 }),
    ] {
        let error = world.refused(|world| world.set_source(UATOM, source, speed.clone()));
        assert!(error.is(&expected), "{error}");
    }
    world.set_source(UATOM, median(3, 2), speed).unwrap();
}

/// In production all members are quoted in one denom: another quote's record would be taken as stored.
#[test]
fn set_source_median_of_several_quotes_in_production_is_refused() {
    let mut world = World::builder().without_assets().oracle(|msg| msg.production = true).build();
    let trios = [[ANN, BEN, CLEO], ["dora", "eve", "finn"], [FEEDERS[0], FEEDERS[1], FEEDER_3]];
    let told = Guards { max_deviation: ratio("0.05"), step_interval: 10, ..guards() };
    for quote in [UATOM, UUSD] {
        world.set_source(quote, world.feed_source(&trios[0], 2), told.clone()).unwrap();
    }
    let feeds = trios.map(|names| names.map(|name| world.addr(name).into_string()).to_vec());
    let rate = |at: usize, quote: &str| {
        let rate = RateSource::Feed { feeders: feeds[at].clone(), quorum: 2 };
        Source::Scaled(ScaledSource { rate, quote_denom: quote.to_owned(), max_growth: ratio("0.01") })
    };
    let live = Guards { step_interval: 15, ..told };
    let what = "quoted in another denom";
    let expected = ContractError::Member { denom: IBC_TOKEN.to_owned(), what };
    for third in [rate(2, UUSD), world.feed_source(&trios[2], 2)] {
        let members = vec![rate(0, UATOM), rate(1, UATOM), third];
        let source = Source::Median(MedianSource { members, minimum: 2 });
        let error = world.refused(|world| world.set_source(IBC_TOKEN, source, live.clone()));
        assert!(error.is(&expected), "{error}");
    }
    let members = (0..3).map(|at| rate(at, UATOM)).collect();
    world.set_source(IBC_TOKEN, Source::Median(MedianSource { members, minimum: 2 }), live).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// For any votes, of which some are too old: the middle of those that are left, sorted by hand.
    #[test]
    fn median_is_that_of_the_members_that_are_left(
        votes in prop::collection::vec((1u64..1_000, any::<bool>()), 5),
        minimum in 1u8..=5,
    ) {
        let names = [ANN, BEN, CLEO, "dora", "eve"];
        let mut world = World::builder().without_assets().build();
        world.set_source(UATOM, of_feeders(&world, &names, minimum), guards()).unwrap();
        for (old, wait) in [(true, 601), (false, 0)] {
            for (name, (vote, _)) in names.iter().zip(&votes).filter(|(_, (_, is_old))| *is_old == old) {
                world.feed(*name, &[(UATOM, &vote.to_string())]).unwrap();
            }
            world.advance(wait);
        }
        let mut left: Vec<u64> = votes.iter().filter(|(_, is_old)| !is_old).map(|(vote, _)| *vote).collect();
        left.sort_unstable();
        let published = world.publish(ALICE, &[UATOM]);
        if left.len() < usize::from(minimum) {
            prop_assert!(world.price_record(UATOM).awaiting);
        } else {
            published.unwrap();
            let n = left.len();
            let expected = band(&left[(n - 1) / 2].to_string(), &left[n / 2].to_string());
            let record = world.price_record(UATOM);
            prop_assert_eq!((record.raw, record.timestamp), (expected, world.now()));
        }
    }
}

/// A contract that answers nothing leaves the others.
#[test]
fn a_member_that_answers_garbage_is_missing() {
    let mut world = world();
    let hub = world.scripted_pair(&serde_json::json!("0.5"));
    let rate =
        RateSource::Contract { contract: hub.to_string(), query: "{}".to_owned(), field: vec![], time_field: None };
    let scaled = ScaledSource { rate, quote_denom: UUSD.to_owned(), max_growth: ratio("0.1") };
    let members = vec![world.feed_source(&[ANN], 1), world.feed_source(&[BEN], 1), Source::Scaled(scaled)];
    world.set_source(UATOM, Source::Median(MedianSource { members, minimum: 2 }), guards()).unwrap();
    world.script(&hub, &Value::Null);
    told(&mut world, &["10", "11"]);
    assert_eq!(world.price_record(UATOM).raw, band("10", "11"));
    // A rate of 0 is none, the lowest that is one counts.
    world.script(&hub, &serde_json::json!("0"));
    world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!(world.price_record(UATOM).raw, band("10", "11"));
    world.script(&hub, &serde_json::json!("0.000000000000000001"));
    world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!(world.price_record(UATOM).raw, PriceBand::at(price("10")));
}

/// A rate is as old as what is known of its quote, though the quote itself may be older.
#[test]
fn a_member_whose_quote_is_older_than_the_median_allows_is_missing() {
    let mut world = world();
    let dollars = world.pair(UATOM, UUSD, 1_000_000);
    let members = vec![world.feed_source(&[ANN], 1), Source::Pair(world.pair_source(UATOM, &dollars, UUSD))];
    let source = Source::Median(MedianSource { members, minimum: 1 });
    world.set_source(UATOM, source, guards()).unwrap();
    for _ in 0..5 {
        world.feed(ANN, &[(UATOM, "11")]).unwrap();
        world.publish(ALICE, &[UATOM]).unwrap();
        world.advance(150);
    }
    world.feed(ANN, &[(UATOM, "11")]).unwrap();
    world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!(world.price_record(UATOM).raw, PriceBand::at(price("11")));
    world.set_price(UUSD, "1");
    world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!(world.price_record(UATOM).raw, band("10", "11"));
}
