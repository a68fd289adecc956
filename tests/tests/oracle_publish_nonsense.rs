//! A pair that answers nonsense: a typed error, and nothing half-written; and sources that can't be set.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, PriceFault};
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::oracle::{DenomPrice, PairSource, Source};
use plimsoll_testing::{ALICE, Addr, Asset, BOB, UATOM, UUSD, World, WorldError, price, ratio};
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
        "assets": assets.map(|(denom, amount)| asset(denom, amount)),
        "total_share": "1",
        "cumulative_prices": [
            [info(UATOM), info(UUSD), forward.to_string()],
            [info(UUSD), info(UATOM), backward.to_string()],
        ],
    })
}

/// Price × seconds after 600 s at 10, in millionths.
const FORWARD: u128 = 600 * 10 * 1_000_000;
const BACKWARD: u128 = 600 * 100_000;

/// `uatom` priced by a scripted pair that has told its first price, 10, from counters that started at these.
fn world(forward: u128, backward: u128) -> (World, Addr) {
    let mut world = World::builder().oracle(|msg| msg.source_delay = 0).build();
    let pair = world.scripted_pair(&says(forward, backward));
    let source = PairSource { quote_priced: false, ..world.pair_source(UATOM, &pair, UUSD) };
    world.set_source(UATOM, Source::Pair(source), Asset::new(UATOM, 6, "10").guards).unwrap();
    world.publish(ALICE, &[UATOM]).unwrap();
    world.advance(600);
    world.script(&pair, &says(forward.wrapping_add(FORWARD), backward.wrapping_add(BACKWARD)));
    world.publish(ALICE, &[UATOM]).unwrap();
    world.apply_source(ALICE, UATOM).unwrap();
    assert_eq!(world.price_record(UATOM).price, price("10"));
    world.advance(600);
    (world, pair)
}

/// Refused with this error, in the message and, once nothing else is left, silently in the query.
#[track_caller]
fn refused(answer: &Value, expected: impl FnOnce(String) -> ContractError) {
    let (mut world, pair) = world(0, 0);
    world.script(&pair, answer);
    let error = world.refused(|world| world.publish(BOB, &[UATOM]));
    assert!(error.is(&expected(pair.to_string())), "{error}");
    world.advance(3_001);
    assert!(matches!(world.price(UATOM), DenomPrice::Failed { fault: PriceFault::Stale { age: 3_601, .. }, .. }));
}

#[test]
fn publish_of_counters_that_wrap_around_is_right() {
    for (forward, backward) in [
        (u128::MAX, u128::MAX),
        (u128::MAX - FORWARD, u128::MAX - BACKWARD),
        (u128::MAX - FORWARD - FORWARD / 2, u128::MAX - BACKWARD - BACKWARD / 2),
        (u128::MAX - 2 * FORWARD + 1, u128::MAX - 2 * BACKWARD + 1),
    ] {
        let (mut world, pair) = world(forward, backward);
        let twice = says(forward.wrapping_add(3 * FORWARD), backward.wrapping_add(BACKWARD + BACKWARD / 2));
        world.script(&pair, &twice);
        world.publish(ALICE, &[UATOM]).unwrap();
        // The reserves still say 10, so the mid price stays; the edge has the average.
        let record = world.price_record(UATOM);
        assert_eq!((record.low, record.price, record.high), (price("10"), price("10"), price("20")));
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
    let (forward, backward) = (2 * FORWARD, 2 * BACKWARD);
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
    let (there, back) =
        (json!([info(UATOM), info(UUSD), forward.to_string()]), json!([info(UUSD), info(UATOM), backward.to_string()]));
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
    let (mut world, pair) = world(0, 0);
    let mut answer = says(2 * FORWARD, 2 * BACKWARD);
    for field in ["assets", "cumulative_prices"] {
        answer[field].as_array_mut().unwrap().reverse();
        world.script(&pair, &answer);
        world.publish(ALICE, &[UATOM]).unwrap();
        let record = world.price_record(UATOM);
        assert_eq!((record.price, record.low, record.high), (price("10"), price("10"), price("10")));
    }
}

/// Counters that stand still, go back, or leap: prices of nothing, or of more than a price can be.
#[test]
fn publish_of_counters_that_make_no_price_is_refused() {
    let out = |text: &str| {
        let Guards { floor, ceiling, .. } = Asset::new(UATOM, 6, "10").guards;
        let fault = PriceFault::OutOfBounds { price: price(text), floor, ceiling };
        move |_| ContractError::Price { denom: UATOM.to_owned(), fault }
    };
    refused(&says(FORWARD, BACKWARD), out("0"));
    refused(&says(FORWARD + 5, BACKWARD), out("0.000000008333333333"));
    refused(&says(FORWARD + 1_000_000 * FORWARD, BACKWARD), out("10000000"));
    // A harmonic mean next to nothing.
    refused(&says(2 * FORWARD, BACKWARD + (u128::MAX >> 8)), out("0"));
}

/// A clock that runs backwards is a leap of nearly 2¹²⁸.
#[test]
fn publish_of_counters_that_go_back_is_refused() {
    let overflow = |pair| ContractError::PairPrice {
        denom: UATOM.to_owned(),
        pair,
        error: plimsoll_risk::math::MathError::Overflow { what: "amount" },
    };
    refused(&says(0, 2 * BACKWARD), overflow);
    refused(&says(FORWARD - 1, BACKWARD), overflow);
}

#[test]
fn publish_of_a_pair_without_one_of_its_tokens_is_refused() {
    for (assets, token, reserve, min) in [
        ([(UATOM, "0"), (UUSD, DEEP)], UATOM, 0, 1_000_000),
        ([(UATOM, DEEP), (UUSD, "0")], UUSD, 0, 1_000_000),
        ([(UATOM, "999999"), (UUSD, DEEP)], UATOM, 999_999, 1_000_000),
        ([(UATOM, DEEP), (UUSD, "999999")], UUSD, 999_999, 1_000_000),
    ] {
        refused(&holds(assets, 2 * FORWARD, 2 * BACKWARD), |pair| ContractError::PairThin {
            denom: UATOM.to_owned(),
            pair,
            token: token.to_owned(),
            reserve: Amount::new(reserve),
            min: Amount::new(min),
        });
    }
}

/// A present price beyond the bounds fails the whole, though the average is within.
#[test]
fn publish_with_a_price_at_the_reserves_out_of_bounds_is_refused() {
    let Guards { floor, ceiling, .. } = Asset::new(UATOM, 6, "10").guards;
    let fault = PriceFault::OutOfBounds { price: price("1000000"), floor, ceiling };
    refused(&holds([(UATOM, "1000000"), (UUSD, DEEP)], 2 * FORWARD, 2 * BACKWARD), |_| ContractError::Price {
        denom: UATOM.to_owned(),
        fault,
    });
}

fn set(world: &mut World, production: bool, change: impl FnOnce(&mut PairSource)) -> Result<(), WorldError> {
    let pair = world.scripted_pair(&says(0, 0));
    let mut source = world.pair_source(UATOM, &pair, UUSD);
    change(&mut source);
    let guards = Asset::new(UATOM, 6, "10").guards;
    let guards = Guards { step_interval: u64::from(production), ..guards };
    world.set_source(UATOM, Source::Pair(source), guards).map(drop)
}

#[test]
fn set_source_pair_with_windows_decimals_or_minimums_out_of_range_is_refused() {
    let denom = || UATOM.to_owned();
    for (production, window, max_window, good) in [
        (true, 600, 1_200, true),
        (true, 599, 7_200, false),
        (false, 599, 7_200, true),
        (false, 1, 2, true),
        (false, 0, 7_200, false),
        (true, 600, 1_199, false),
        (true, 43_200, 86_400, true),
        (true, 43_200, 86_401, false),
        (false, u64::MAX, u64::MAX, false),
    ] {
        let mut world = World::builder().edit(UATOM, |a| a.guards.step_interval = 1);
        for other in [UUSD, plimsoll_testing::IBC_TOKEN, plimsoll_testing::AETH] {
            world = world.edit(other, |asset| asset.guards.step_interval = 1);
        }
        let mut world = world.oracle(|msg| msg.production = production).build();
        let outcome = set(&mut world, production, |source| (source.window, source.max_window) = (window, max_window));
        let min = if production { 600 } else { 1 };
        let expected = ContractError::Window { denom: denom(), window, max_window, min, max: 86_400 };
        match outcome {
            Ok(()) => assert!(good, "{window} {max_window}"),
            Err(error) => assert!(!good && error.is(&expected), "{error}"),
        }
    }
    let refused = |change: fn(&mut PairSource), expected: &ContractError| {
        let error = set(&mut World::new(), false, change).unwrap_err();
        assert!(error.is(expected), "{error}");
    };
    let decimals = |token: &str| ContractError::Decimals { denom: denom(), token: token.to_owned(), decimals: 19 };
    refused(|source| source.decimals = 19, &decimals(UATOM));
    refused(|source| source.quote_decimals = 19, &decimals(UUSD));
    let minimum = |base: u128, quote: u128| ContractError::NoMinimum {
        denom: denom(),
        min_reserve: Amount::new(base),
        min_quote_reserve: Amount::new(quote),
    };
    refused(|source| source.min_reserve = Amount::ZERO, &minimum(0, 1_000_000));
    refused(|source| source.min_quote_reserve = Amount::ZERO, &minimum(1_000_000, 0));
    refused(
        |source| source.quote_denom = "unknown".to_owned(),
        &ContractError::QuoteSource { denom: denom(), quote_denom: "unknown".to_owned() },
    );
    refused(|source| source.quote_denom.clear(), &ContractError::DenomLength { length: 0, max: 128 });
    refused(|source| source.pair.clear(), &ContractError::BadAddress { address: String::new() });
}

#[test]
fn set_source_pair_of_what_is_no_pair_of_these_tokens_is_refused() {
    let mut world = World::new();
    let guards = Asset::new(UATOM, 6, "10").guards;
    let oracle = world.oracle().clone();
    let source = world.pair_source(UATOM, &oracle, UUSD);
    let error = world.refused(|world| world.set_source(UATOM, Source::Pair(source.clone()), guards.clone()));
    let expected = ContractError::PairSilent { denom: UATOM.to_owned(), pair: oracle.to_string() };
    assert!(error.is(&expected), "{error}");
    let pair = world.deploy_pair(UUSD, "uother", Ratio::ZERO).unwrap();
    for (denom, quote_denom) in [(UATOM, UUSD), (UATOM, UATOM)] {
        let source = world.pair_source(denom, &pair, quote_denom);
        let error = world.refused(|world| world.set_source(denom, Source::Pair(source), guards.clone()));
        let (denom, quote_denom) = (denom.to_owned(), quote_denom.to_owned());
        assert!(error.is(&ContractError::PairTokens { denom, pair: pair.to_string(), quote_denom }), "{error}");
    }
}

#[test]
fn set_source_pair_without_an_age_or_a_step_in_production_is_refused() {
    let mut world = World::new();
    let pair = world.pair(UATOM, UUSD, 1_000);
    let source = Source::Pair(world.pair_source(UATOM, &pair, UUSD));
    let guards = Guards { max_age: None, max_deviation: ratio("0.1"), ..Asset::new(UATOM, 6, "10").guards };
    let error = world.refused(|world| world.set_source(UATOM, source.clone(), guards));
    assert!(error.is(&ContractError::WithoutMaxAge { denom: UATOM.to_owned() }), "{error}");
    let mut world = World::builder().without_assets().oracle(|msg| msg.production = true).build();
    let guards = Asset::new(UATOM, 6, "10").guards;
    let error = world.refused(|world| world.set_source(UATOM, source, guards));
    assert!(error.is(&ContractError::NoStepInProduction { denom: UATOM.to_owned() }), "{error}");
}
