//! A pair that answers nonsense: a typed error, and nothing half-written; and sources that can't be set.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, PRICE_MIN, PriceBand, PriceFault};
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::access::BadAddress;
use plimsoll_schema::oracle::{DenomPrice, PairSource, Source};
use plimsoll_testing::{AETH, ALICE, Addr, Asset, BOB, IBC_TOKEN, OWNER, UATOM, UUSD, World, WorldError, price, ratio};
use serde_json::{Value, json};

const DEEP: &str = "1000000000000";

fn info(denom: &str) -> Value {
    json!({ "native_token": { "denom": denom } })
}

fn asset(denom: &str, amount: &str) -> Value {
    json!({ "info": info(denom), "amount": amount })
}

/// What a deep pair of the two says whose counters stand there.
fn says(forward: u128, backward: u128) -> Value {
    holds([(UATOM, DEEP), (UUSD, "10000000000000")], forward, backward)
}

fn holds(assets: [(&str, &str); 2], forward: u128, backward: u128) -> Value {
    json!({
        "pair_type": { "xyk": {} },
        "assets": assets.map(|(denom, amount)| asset(denom, amount)),
        "total_share": "1",
        "cumulative_prices": [
            [info(UATOM), info(UUSD), forward.to_string()],
            [info(UUSD), info(UATOM), backward.to_string()],
        ],
    })
}

/// Price × seconds in a quarter of a window at 10, in millionths.
const FORWARD: u128 = 150 * 10 * 1_000_000;
const BACKWARD: u128 = 150 * 100_000;

/// What the pair says after so many quarters of a window at 10, from counters that started at these.
fn after(quarters: u128, (forward, backward): (u128, u128)) -> Value {
    says(forward.wrapping_add(quarters * FORWARD), backward.wrapping_add(quarters * BACKWARD))
}

/// `uatom` priced by a scripted pair that has told its first price, 10, four quarters of a window after it began to.
fn world(start: (u128, u128)) -> (World, Addr) {
    let mut world = World::builder().oracle(|msg| msg.source_delay = 0).build();
    let pair = world.scripted_pair(&after(0, start));
    let source = PairSource { quote_priced: false, ..world.pair_source(UATOM, &pair, UUSD) };
    world.set_source(UATOM, Source::Pair(source), Asset::new(UATOM, 6, "10").guards).unwrap();
    world.publish(ALICE, &[UATOM]).unwrap();
    for quarter in 1..=4 {
        world.advance(150);
        world.script(&pair, &after(quarter, start));
        world.publish(ALICE, &[UATOM]).unwrap();
    }
    assert_eq!(world.price_record(UATOM).raw, PriceBand::at(price("10")));
    world.advance(150);
    (world, pair)
}

/// Refused with this error in the message, and no answer to a borrower.
#[track_caller]
fn refused(answer: &Value, expected: impl FnOnce(String) -> ContractError) {
    let (mut world, pair) = world((0, 0));
    world.script(&pair, answer);
    let error = world.refused(|world| world.publish(BOB, &[UATOM]));
    assert!(error.is(&expected(pair.to_string())), "{error}");
    assert_eq!(world.records_now(&[UATOM]), [None]);
    let DenomPrice::Silent { fault, counted, .. } = world.price(UATOM) else { panic!("nothing is lent by it") };
    assert_eq!((fault, counted), (PriceFault::Unanswered {}, PriceBand::at(price("10"))));
}

#[test]
fn publish_of_counters_that_wrap_around_is_right() {
    for quarters in 1..=5 {
        let start = (u128::MAX - quarters * FORWARD + 1, u128::MAX - quarters * BACKWARD + 1);
        for start in [start, (start.0 - FORWARD / 2, start.1 - BACKWARD / 2)] {
            let (mut world, pair) = world(start);
            world.script(&pair, &after(5, start));
            world.publish(ALICE, &[UATOM]).unwrap();
            let record = world.price_record(UATOM);
            assert_eq!((record.raw, record.timestamp), (PriceBand::at(price("10")), world.now()));
        }
    }
}

#[test]
fn publish_of_a_pair_that_fails_or_says_garbage_is_refused() {
    let silent = |pair| ContractError::PairSilent { denom: UATOM.to_owned(), pair };
    for answer in [
        Value::Null,
        json!({}),
        json!([]),
        json!("?"),
        json!({ "assets": [], "cumulative_prices": [] }),
        json!({ "assets": [asset(UATOM, "-1"), asset(UUSD, "1")], "total_share": "1", "cumulative_prices": [] }),
        json!({ "assets": [asset(UATOM, "1.5"), asset(UUSD, "1")], "total_share": "1", "cumulative_prices": [] }),
        json!({ "assets": [], "total_share": "1", "cumulative_prices": [[info(UATOM), info(UUSD)]] }),
        json!({ "assets": [], "total_share": "1", "cumulative_prices": [[
            info(UATOM), info(UUSD), "340282366920938463463374607431768211456",
        ]] }),
    ] {
        refused(&answer, silent);
    }
}

#[test]
fn publish_of_a_pair_of_other_tokens_is_refused() {
    let tokens = |pair| ContractError::PairTokens { denom: UATOM.to_owned(), pair, quote_denom: UUSD.to_owned() };
    let forward = 5 * FORWARD;
    let backward = 5 * BACKWARD;
    let good = says(forward, backward);
    for assets in [
        json!([]),
        json!([asset(UATOM, DEEP)]),
        json!([asset(UATOM, DEEP), asset(UATOM, DEEP)]),
        json!([asset(UATOM, DEEP), asset("uother", DEEP)]),
        json!([asset(UATOM, DEEP), asset(UUSD, DEEP), asset("uother", DEEP)]),
        json!([asset(UATOM, DEEP), { "info": { "token": { "contract_addr": UUSD } }, "amount": DEEP }]),
    ] {
        let mut answer = good.clone();
        answer["assets"] = assets;
        refused(&answer, tokens);
    }
    let there = json!([info(UATOM), info(UUSD), forward.to_string()]);
    let back = json!([info(UUSD), info(UATOM), backward.to_string()]);
    for prices in [
        json!([]),
        json!([there]),
        json!([there, there]),
        json!([there, back, there]),
        json!([there, [info("uother"), info(UATOM), "1"]]),
        json!([there, [info(UUSD), info(UUSD), "1"]]),
    ] {
        let mut answer = good.clone();
        answer["cumulative_prices"] = prices;
        refused(&answer, tokens);
    }
}

#[test]
fn publish_of_a_pair_that_names_its_tokens_the_other_way_round_is_the_same() {
    let (mut world, pair) = world((0, 0));
    let mut answer = after(5, (0, 0));
    for field in ["assets", "cumulative_prices"] {
        answer[field].as_array_mut().unwrap().reverse();
        world.script(&pair, &answer);
        world.publish(ALICE, &[UATOM]).unwrap();
        let record = world.price_record(UATOM);
        assert_eq!((record.raw, record.extremes), (PriceBand::at(price("10")), PriceBand::at(price("10"))));
    }
}

/// Counters that stand still, or grow by less than a hundred a second: no price can be made of them.
#[test]
fn publish_of_counters_that_hardly_grow_is_refused() {
    let coarse = |grown| {
        move |pair| ContractError::PairCoarse { denom: UATOM.to_owned(), pair, grown, seconds: 150, least: 15_000 }
    };
    refused(&after(4, (0, 0)), coarse(0));
    refused(&says(4 * FORWARD + 14_999, 5 * BACKWARD), coarse(14_999));
    refused(&says(5 * FORWARD, 4 * BACKWARD + 14_999), coarse(14_999));
}

/// Counters that leap or go back say whatever they like: it is one of five intervals, so the price hardly moves, and
/// far no bound is passed.
#[test]
fn publish_of_counters_that_leap_once_moves_the_price_no_further_than_the_others() {
    for (forward, backward) in [
        (4 * FORWARD + 1_000_000 * FORWARD, 5 * BACKWARD),
        (5 * FORWARD, 4 * BACKWARD + (u128::MAX >> 8)),
        (0, 0),
        (4 * FORWARD - 1, 4 * BACKWARD - 1),
        (3, 5 * BACKWARD),
    ] {
        let (mut world, pair) = world((0, 0));
        world.script(&pair, &says(forward, backward));
        world.publish(ALICE, &[UATOM]).unwrap();
        let record = world.price_record(UATOM);
        assert_eq!(record.raw, PriceBand::at(price("10")), "{forward} {backward}");
        assert_eq!(world.settled_price(UATOM), price("10"));
    }
}

/// A pair without one of its tokens, or with too little of it, has no price at its reserves: borrowing counts the
/// bounds.
#[test]
fn publish_of_a_pair_below_its_least_reserves_counts_the_bounds_for_borrowing() {
    let Guards { floor, ceiling, .. } = Asset::new(UATOM, 6, "10").guards;
    for (assets, low, high) in [
        ([(UATOM, "0"), (UUSD, DEEP)], floor, ceiling),
        ([(UATOM, DEEP), (UUSD, "0")], PRICE_MIN, ceiling),
        ([(UATOM, "999999"), (UUSD, "1000000")], floor, ceiling),
        ([(UATOM, "1000000"), (UUSD, "999999")], floor, ceiling),
        ([(UATOM, "999999"), (UUSD, DEEP)], floor, price("1000001.000001000001000002")),
        ([(UATOM, "1000000"), (UUSD, "1000000")], price("1"), price("10")),
    ] {
        let (mut world, pair) = world((0, 0));
        world.script(&pair, &holds(assets, 5 * FORWARD, 5 * BACKWARD));
        world.publish(BOB, &[UATOM]).unwrap();
        let record = world.price_record(UATOM);
        assert_eq!((record.raw, record.extremes), (PriceBand::at(price("10")), PriceBand { low, high }), "{assets:?}");
    }
}

/// A world in production, of assets that its guards let be listed.
fn production() -> World {
    let mut world = World::builder();
    for denom in [UATOM, UUSD, IBC_TOKEN, AETH] {
        world = world.edit(denom, |asset| {
            asset.guards = Guards { step_interval: 15, max_deviation: ratio("0.05"), ..asset.guards.clone() };
        });
    }
    world.oracle(|msg| msg.production = true).build()
}

fn set(world: &mut World, change: impl FnOnce(&mut PairSource)) -> Result<(), WorldError> {
    let pair = world.scripted_pair(&says(0, 0));
    let mut source = world.pair_source(UATOM, &pair, UUSD);
    change(&mut source);
    let guards = world.source(UATOM).guards;
    world.set_source(UATOM, Source::Pair(source), guards).map(drop)
}

#[test]
fn set_source_pair_with_a_window_out_of_range_is_refused() {
    for (in_production, window, good) in [
        (true, 599, false),
        (true, 600, true),
        (true, 86_400, true),
        (true, 86_401, false),
        (false, 0, false),
        (false, 1, false),
        (false, 2, true),
        (false, 599, true),
        (false, u64::MAX, false),
    ] {
        let mut world = if in_production { production() } else { World::new() };
        let min = if in_production { 600 } else { 2 };
        match set(&mut world, |source| source.window = window) {
            Ok(()) => assert!(good, "{window}"),
            Err(error) => {
                let expected = ContractError::Window { denom: UATOM.to_owned(), window, min, max: 86_400 };
                assert!(!good && error.is(&expected), "{error}");
            }
        }
    }
}

#[test]
fn set_source_pair_with_decimals_minimums_or_a_quote_out_of_range_is_refused() {
    let denom = || UATOM.to_owned();
    let refused = |mut world: World, change: fn(&mut PairSource), expected: &ContractError| {
        let error = set(&mut world, change).unwrap_err();
        assert!(error.is(expected), "{error}");
    };
    let decimals = |token: &str| ContractError::Decimals { denom: denom(), token: token.to_owned(), decimals: 19 };
    refused(World::new(), |source| source.decimals = 19, &decimals(UATOM));
    refused(World::new(), |source| source.quote_decimals = 19, &decimals(UUSD));
    let minimum = |token: &str, reserve: u128, min: u128| ContractError::MinimumReserve {
        denom: denom(),
        token: token.to_owned(),
        reserve: Amount::new(reserve),
        min: Amount::new(min),
    };
    refused(World::new(), |source| source.min_reserve = Amount::ZERO, &minimum(UATOM, 0, 1));
    refused(World::new(), |source| source.min_quote_reserve = Amount::ZERO, &minimum(UUSD, 0, 1));
    set(&mut World::new(), |source| source.min_reserve = Amount::new(1)).unwrap();
    // Issue A.7: production took one unit. A whole token by the source's own decimals.
    let short = Amount::new(999_999);
    assert!(short < Amount::new(1_000_000));
    refused(production(), |s| s.min_reserve = Amount::new(999_999), &minimum(UATOM, 999_999, 1_000_000));
    refused(production(), |s| s.min_quote_reserve = Amount::new(999_999), &minimum(UUSD, 999_999, 1_000_000));
    refused(production(), |s| s.decimals = 7, &minimum(UATOM, 1_000_000, 10_000_000));
    // Issue A.8: a hard peg.
    let pegged = ContractError::PeggedInProduction { denom: denom(), quote_denom: UUSD.to_owned() };
    refused(production(), |source| source.quote_priced = false, &pegged);
    refused(
        World::new(),
        |source| source.quote_denom = "unknown".to_owned(),
        &ContractError::QuoteSource { denom: denom(), quote_denom: "unknown".to_owned() },
    );
    refused(World::new(), |source| source.quote_denom.clear(), &ContractError::DenomLength { length: 0, max: 128 });
    refused(
        World::new(),
        |source| source.pair.clear(),
        &ContractError::BadAddress(BadAddress { address: String::new() }),
    );
}

/// Issue A.8: cumulative prices of any other formula are no price of what the pair trades. One that doesn't say what it
/// is isn't trusted.
#[test]
fn set_source_pair_of_another_formula_is_refused() {
    for (kind, found) in [
        (json!({ "stable": {} }), "stable"),
        (json!({ "custom": "concentrated" }), "concentrated"),
        (json!({ "custom": "xyk" }), "xyk"),
        (json!({ "weighted": {} }), "unknown"),
        (json!("xyk"), "unknown"),
        (json!(null), "unknown"),
    ] {
        let mut world = World::new();
        let mut answer = says(0, 0);
        answer["pair_type"] = kind;
        let pair = world.scripted_pair(&answer);
        let source = Source::Pair(world.pair_source(UATOM, &pair, UUSD));
        let guards = Asset::new(UATOM, 6, "10").guards;
        let error = world.refused(|world| world.set_source(UATOM, source, guards));
        let denom = UATOM.to_owned();
        let pair = pair.into_string();
        let found = found.to_owned();
        assert!(error.is(&ContractError::PairKind { denom, pair, found }), "{error}");
    }
}

/// It became another since it was announced.
#[test]
fn apply_source_of_a_pair_asks_it_again() {
    let mut world = World::new();
    let pair = world.scripted_pair(&says(0, 0));
    let source = Source::Pair(world.pair_source(UATOM, &pair, UUSD));
    world.set_source(UATOM, source, Asset::new(UATOM, 6, "10").guards).unwrap();
    world.advance(86_400);
    let mut answer = says(0, 0);
    answer["pair_type"] = json!({ "stable": {} });
    world.script(&pair, &answer);
    let error = world.refused(|world| world.apply_source(OWNER, UATOM));
    assert!(error.to_string().contains("is of type stable"), "{error}");
}

/// Rule 8: a pair's settled price may halve in 120 to 900 s. 0.95¹³ = 0.513.
#[test]
fn set_source_pair_too_slow_or_too_fast_for_production_is_refused() {
    for (deviation, step_interval, seconds) in
        [("0.05", 15, None), ("0.05", 8, Some(112)), ("0.05", 64, None), ("0.05", 65, Some(910)), ("1", 119, Some(119))]
    {
        let mut world = production();
        let pair = world.scripted_pair(&says(0, 0));
        let source = Source::Pair(world.pair_source(UATOM, &pair, UUSD));
        let max_deviation = ratio(deviation);
        let guards = Guards { max_deviation, step_interval, ..world.source(UATOM).guards };
        let Some(seconds) = seconds else {
            world.set_source(UATOM, source, guards).unwrap();
            continue;
        };
        let error = world.refused(|world| world.set_source(UATOM, source, guards));
        let denom = UATOM.to_owned();
        let expected = ContractError::Speed { denom, max_deviation, step_interval, seconds, min: 120, max: 900 };
        assert!(error.is(&expected), "{error}");
    }
}

/// Two prices could hold each other up: what a pair is quoted in is priced by no pair, neither now nor once what is
/// announced takes force, and neither as a first source nor as a fallback.
#[test]
fn set_source_pair_in_a_chain_of_pairs_is_refused() {
    let mut world = World::new();
    let mut pair = |first: &str, second: &str| {
        let pair = world.deploy_pair(first, second, Ratio::ZERO).unwrap();
        Source::Pair(world.pair_source(first, &pair, second))
    };
    let atom_usd = pair(UATOM, UUSD);
    let usd_eth = pair(UUSD, AETH);
    let eth_usd = pair(AETH, UUSD);
    let guards = Asset::new(UATOM, 6, "10").guards;
    let kept = world.snapshot();
    let quotes = ContractError::QuotesOthers { denom: UUSD.to_owned(), quoted: UATOM.to_owned() };
    let quoted = ContractError::QuoteSource { denom: UATOM.to_owned(), quote_denom: UUSD.to_owned() };
    let refuses = |world: &mut World, denom: &str, source: &Source, expected: &ContractError| {
        let error = world.refused(|world| world.set_source(denom, source.clone(), guards.clone()));
        assert!(error.is(expected), "{error}");
        let error = world.refused(|world| world.set_fallback(denom, source.clone(), guards.clone(), 3_600));
        assert!(error.is(expected), "{error}");
    };
    // Announced, and in force.
    world.set_source(UATOM, atom_usd.clone(), guards.clone()).unwrap();
    refuses(&mut world, UUSD, &usd_eth, &quotes);
    world.advance(86_400);
    world.apply_source(OWNER, UATOM).unwrap();
    refuses(&mut world, UUSD, &usd_eth, &quotes);
    // Announced as a fallback, and standing.
    world.restore(&kept);
    world.set_fallback(UATOM, atom_usd.clone(), guards.clone(), 3_600).unwrap();
    refuses(&mut world, UUSD, &usd_eth, &quotes);
    world.advance(86_400);
    world.apply_fallback(OWNER, UATOM).unwrap();
    refuses(&mut world, UUSD, &usd_eth, &quotes);
    // The other way round.
    for fallback in [false, true] {
        world.restore(&kept);
        if fallback {
            world.set_fallback(UUSD, usd_eth.clone(), guards.clone(), 3_600).unwrap();
        } else {
            world.set_source(UUSD, usd_eth.clone(), guards.clone()).unwrap();
        }
        refuses(&mut world, UATOM, &atom_usd, &quoted);
        world.advance(86_400);
        if fallback {
            world.apply_fallback(OWNER, UUSD).unwrap()
        } else {
            world.apply_source(OWNER, UUSD).unwrap()
        };
        refuses(&mut world, UATOM, &atom_usd, &quoted);
        // And a circle of two.
        let quoted = ContractError::QuoteSource { denom: AETH.to_owned(), quote_denom: UUSD.to_owned() };
        refuses(&mut world, AETH, &eth_usd, &quoted);
    }
}

#[test]
fn set_source_pair_of_what_is_no_pair_of_these_tokens_is_refused() {
    let mut world = World::new();
    let guards = Asset::new(UATOM, 6, "10").guards;
    let oracle = world.oracle().clone();
    let source = world.pair_source(UATOM, &oracle, UUSD);
    let error = world.refused(|world| world.set_source(UATOM, Source::Pair(source.clone()), guards.clone()));
    let pair = oracle.to_string();
    let found = "unknown".to_owned();
    assert!(error.is(&ContractError::PairKind { denom: UATOM.to_owned(), pair, found }), "{error}");
    let pair = world.deploy_pair(UUSD, "uother", Ratio::ZERO).unwrap();
    for (denom, quote_denom) in [(UATOM, UUSD), (UATOM, UATOM)] {
        let source = world.pair_source(denom, &pair, quote_denom);
        let error = world.refused(|world| world.set_source(denom, Source::Pair(source), guards.clone()));
        let denom = denom.to_owned();
        let quote_denom = quote_denom.to_owned();
        assert!(error.is(&ContractError::PairTokens { denom, pair: pair.to_string(), quote_denom }), "{error}");
    }
}

#[test]
fn set_source_pair_without_an_age_is_refused() {
    let mut world = World::new();
    let pair = world.pair(UATOM, UUSD, 1_000);
    let source = Source::Pair(world.pair_source(UATOM, &pair, UUSD));
    let guards = Guards { max_age: None, ..Asset::new(UATOM, 6, "10").guards };
    let error = world.refused(|world| world.set_source(UATOM, source.clone(), guards));
    assert!(error.is(&ContractError::WithoutMaxAge { denom: UATOM.to_owned() }), "{error}");
}
