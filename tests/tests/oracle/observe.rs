//! `observe`: Astroport's concentrated pairs. The median of three moments, and for borrowing what can be traded now.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, PriceBand};
use plimsoll_risk::units::{Amount, Price, Ratio};
use plimsoll_schema::oracle::{DenomPrice, MedianSource, ObserveSource, Source};
use plimsoll_testing::{AETH, ALICE, Addr, Asset, BOB, FEEDER_3, FEEDERS, UATOM, UUSD, World, price, ratio, values};
use serde_json::{Value, json};

const WINDOW: u64 = 600;

/// Of ATOM in dollars, both of 6 decimals: an ATOM is the first token or the second.
fn source(pair: &Addr, is_first: bool) -> ObserveSource {
    ObserveSource {
        pair: pair.to_string(),
        is_first,
        decimals: 6,
        quote_denom: UUSD.to_owned(),
        quote_decimals: 6,
        quote_priced: true,
        window: WINDOW,
        trade: Amount::new(1_000_000),
        quote_trade: Amount::new(10_000_000),
    }
}

fn guards() -> Guards {
    Guards { max_age: Some(3_600), ..Asset::new(UATOM, 6, "10").guards }
}

fn world() -> World {
    World::builder().oracle(|msg| msg.source_delay = 0).lent(1_000_000).build()
}

/// A trade at this many dollars an ATOM, on a pair of dollars and ATOM; a swap costs a thousandth.
fn trade(world: &mut World, pair: &Addr, dollars: &str) {
    let dollars = price(dollars);
    let thousandth = ratio("0.999");
    let atoms = Price::new(10u128.pow(36) / dollars.raw());
    world.concentrated_trade(pair, dollars, [dollars.share_down(thousandth), atoms.share_down(thousandth)]);
}

/// `uatom` at 10 on a pair of dollars and ATOM that has traded for longer than a window.
fn priced() -> (World, Addr) {
    let mut world = world();
    let pair = world.concentrated_pair(UUSD, UATOM);
    trade(&mut world, &pair, "10");
    world.advance(WINDOW);
    world.set_source(UATOM, Source::Observe(source(&pair, false)), guards()).unwrap();
    let response = world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!((values(&response, "denom"), values(&response, "price")), (vec![UATOM], vec!["10"]));
    (world, pair)
}

#[test]
fn observe_is_the_median_of_three_moments_and_lends_by_what_can_be_traded() {
    let (mut world, pair) = priced();
    let record = world.price_record(UATOM);
    assert_eq!((record.raw, record.quote.as_deref(), record.window), (PriceBand::at(price("10")), Some(UUSD), 600));
    assert_eq!((record.extremes.low, record.extremes.high), (price("9.99"), price("10.010010010010010011")));
    // A price that stands for less than half a window moves nothing that liquidation counts.
    trade(&mut world, &pair, "10");
    world.advance(10);
    trade(&mut world, &pair, "5");
    world.advance(240);
    world.publish(ALICE, &[UATOM]).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!(
        (record.raw, record.extremes.low, record.timestamp),
        (PriceBand::at(price("10")), price("4.995"), world.now())
    );
    world.advance(60);
    world.set_prices(&[(UUSD, "1")]);
    world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!(world.price_record(UATOM).raw, PriceBand::at(price("5")));
    assert_eq!(world.settled_price(UATOM), price("5"));
}

/// The order of the pair's tokens and their decimals.
#[test]
fn observe_of_the_first_token_and_of_other_decimals_is_the_inverse() {
    let mut world = world();
    // Dollars of 6 decimals for ETH of 18: 2,000 dollars are 0.000000002 base units each.
    let pair = world.concentrated_pair(AETH, UUSD);
    let of = |text: &str| price(text);
    world.concentrated_trade(&pair, of("500000000"), [of("499500000"), of("0.000000001998")]);
    world.advance(WINDOW);
    let first = ObserveSource {
        is_first: true,
        decimals: 18,
        trade: Amount::new(10u128.pow(18)),
        quote_trade: Amount::new(2_000_000_000),
        ..source(&pair, true)
    };
    world.set_source(AETH, Source::Observe(first), guards()).unwrap();
    world.publish(ALICE, &[AETH]).unwrap();
    let record = world.price_record(AETH);
    assert_eq!((record.raw, record.extremes.low), (PriceBand::at(price("2000")), price("1998")));
    assert!(record.extremes.high > price("2002") && record.extremes.high < price("2002.01"), "{record:?}");
}

/// Who borrows asks the pair, and one that lost its depth lends by what little it yields.
#[test]
fn what_is_lent_is_what_the_pair_yields_in_this_message() {
    let (mut world, pair) = priced();
    world.deposit(BOB, UATOM, 100_000_000).unwrap();
    world.concentrated_trade(&pair, price("10"), [price("2"), price("0.02")]);
    let DenomPrice::Valid { price: settled, low, high, .. } = world.price(UATOM) else { panic!("it has a price") };
    assert_eq!((settled, low, high), (price("10"), price("2"), price("50")));
    let lent = world.max_borrow(BOB, UUSD);
    assert!(lent <= 140_000_000, "{lent}");
    world.refused(|world| world.borrow(BOB, UUSD, 140_000_001));
}

fn scripted() -> (World, Addr) {
    let mut world = world();
    let good = answer("10", "9990000");
    let pair = world.scripted_pair(&good);
    world.set_source(UATOM, Source::Observe(source(&pair, false)), guards()).unwrap();
    world.publish(ALICE, &[UATOM]).unwrap();
    (world, pair)
}

/// One answer to all questions.
fn answer(price: &str, yielded: &str) -> Value {
    json!({
        "asset_infos": [{ "native_token": { "denom": UUSD } }, { "native_token": { "denom": UATOM } }],
        "pair_type": { "custom": "concentrated" },
        "timestamp": 1, "price": price, "return_amount": yielded,
    })
}

#[test]
fn a_pair_that_answers_garbage_makes_no_price() {
    let denom = || UATOM.to_owned();
    let (mut world, pair) = scripted();
    let silent = ContractError::NoAnswer { denom: denom(), asked: pair.to_string() };
    let unreadable = |what| ContractError::Unreadable { denom: denom(), asked: pair.to_string(), what };
    for (garbage, expected) in [
        (Value::Null, &silent),
        (json!({ "return_amount": "1" }), &unreadable("price")),
        (answer("-1", "9990000"), &unreadable("price")),
        (answer("10", "-1"), &unreadable("yield")),
        (answer("0", "9990000"), &unreadable("price of enough digits")),
        (answer("0.000000000000999999", "9990000"), &unreadable("price of enough digits")),
        (answer("10", "0"), &unreadable("yield")),
    ] {
        world.script(&pair, &garbage);
        let error = world.refused(|world| world.publish(BOB, &[UATOM]));
        assert!(error.is(expected), "{garbage}: {error}");
        assert_eq!(world.records_now(&[UATOM]), [None]);
    }
    // The highest that a pair can say is a price like any other.
    world.script(&pair, &answer("340282366920938463463.374607431768211455", "340282366920938463463374607431768211455"));
    world.publish(ALICE, &[UATOM]).unwrap();
}

/// A pair that is younger than a window has no price yet.
#[test]
fn observe_of_a_young_pair_makes_no_price() {
    let mut world = world();
    let pair = world.concentrated_pair(UUSD, UATOM);
    trade(&mut world, &pair, "10");
    world.set_source(UATOM, Source::Observe(source(&pair, false)), guards()).unwrap();
    world.advance(WINDOW - 1);
    world.refused(|world| world.publish(ALICE, &[UATOM]));
    world.advance(1);
    world.publish(ALICE, &[UATOM]).unwrap();
}

#[test]
fn set_source_observe_out_of_range_is_refused() {
    let (mut world, pair) = priced();
    let denom = || UATOM.to_owned();
    let good = || source(&pair, false);
    let unreadable = |what| ContractError::Unreadable { denom: denom(), asked: pair.to_string(), what };
    let min = Amount::new(1);
    for (bad, expected) in [
        (ObserveSource { is_first: true, ..good() }, unreadable("order of these two tokens")),
        (
            ObserveSource { decimals: 19, ..good() },
            ContractError::Decimals { denom: denom(), token: denom(), decimals: 19 },
        ),
        (
            ObserveSource { trade: Amount::ZERO, ..good() },
            ContractError::MinimumTrade { denom: denom(), token: denom(), trade: Amount::ZERO, min },
        ),
        (
            ObserveSource { quote_trade: Amount::ZERO, ..good() },
            ContractError::MinimumTrade { denom: denom(), token: UUSD.to_owned(), trade: Amount::ZERO, min },
        ),
        (
            ObserveSource { window: 86_401, ..good() },
            ContractError::Window { denom: denom(), window: 86_401, min: 2, max: 86_400 },
        ),
    ] {
        let error = world.refused(|world| world.set_source(UATOM, Source::Observe(bad), guards()));
        assert!(error.is(&expected), "{error}");
    }
    let xyk = world.deploy_pair(UUSD, UATOM, Ratio::ZERO).unwrap();
    let error = world.refused(|world| world.set_source(UATOM, Source::Observe(source(&xyk, false)), guards()));
    let expected = ContractError::Unreadable { denom: denom(), asked: xyk.to_string(), what: "type concentrated" };
    assert!(error.is(&expected), "{error}");
}

/// In production it is a part only: a member, a fallback or a check.
#[test]
fn set_source_observe_alone_in_production_is_refused() {
    let mut world = World::builder().without_assets().oracle(|msg| msg.production = true).build();
    let speed = Guards { max_deviation: ratio("0.05"), step_interval: 15, ..guards() };
    let fed = world.feed_source(&[FEEDERS[0], FEEDERS[1], FEEDER_3], 2);
    world.set_source(UUSD, fed, speed.clone()).unwrap();
    let pairs: Vec<Addr> = (0..3).map(|_| world.concentrated_pair(UUSD, UATOM)).collect();
    let observed = || Source::Observe(source(&pairs[0], false));
    let error = world.refused(|world| world.set_source(UATOM, observed(), speed.clone()));
    assert!(error.is(&ContractError::ObserveAlone { denom: UATOM.to_owned() }), "{error}");
    let members = pairs.iter().map(|pair| Source::Observe(source(pair, false))).collect();
    world.set_source(UATOM, Source::Median(MedianSource { members, minimum: 2 }), speed.clone()).unwrap();
    world.set_fallback(UATOM, observed(), speed, 600).unwrap();
}
