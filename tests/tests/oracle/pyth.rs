//! `pyth`: price and confidence, exponents, the moving average, and a contract that lies about any of them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, PRICE_MAX, PRICE_MIN, PriceBand, PriceFault};
use plimsoll_risk::units::Ratio;
use plimsoll_schema::oracle::{DenomPrice, PythSource, Source};
use plimsoll_schema::pyth::{PriceFeed, PriceFeedResponse};
use plimsoll_testing::{ALICE, Addr, Asset, BOB, UATOM, UUSD, World, price, pyth_feed, ratio, values};
use serde_json::{Value, json, to_value};

const ID: &str = "B00B60F88B03A6A625A8D1C048C3F66653EDF217439983D037E7222C4E612819";

fn source(pyth: &Addr) -> PythSource {
    PythSource { contract: pyth.to_string(), id: ID.to_lowercase(), max_confidence: ratio("0.05") }
}

fn guards() -> Guards {
    Guards { max_age: Some(60), ..Asset::new(UATOM, 6, "10").guards }
}

fn world() -> World {
    World::builder().oracle(|msg| msg.source_delay = 0).lent(1_000_000).build()
}

/// `uatom` at 10 ± 0.01, published.
fn priced() -> (World, Addr) {
    let mut world = world();
    let pyth = world.pyth(UUSD);
    let now = world.now();
    world.post_price(ALICE, &pyth, &pyth_feed(ID, 1_000_000_000, 1_000_000, -8, now)).unwrap();
    world.set_source(UATOM, Source::Pyth(source(&pyth)), guards()).unwrap();
    let response = world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!(values(&response, "denom"), [UATOM]);
    (world, pyth)
}

fn band(low: &str, high: &str) -> PriceBand {
    PriceBand { low: price(low), high: price(high) }
}

fn posted(world: &mut World, pyth: &Addr, price: i64, conf: u64) {
    world.advance(6);
    let now = world.now();
    world.post_price(BOB, pyth, &pyth_feed(ID, price, conf, -8, now)).unwrap();
}

#[test]
fn pyth_is_the_price_less_and_plus_its_confidence() {
    let (mut world, pyth) = priced();
    let record = world.price_record(UATOM);
    assert_eq!((record.raw, record.quote, record.window), (band("9.99", "10.01"), None, 240));
    // Anyone posts an update, for a fee, and publishes: the time is Pyth's.
    let observed = world.now() + 6;
    posted(&mut world, &pyth, 1_200_000_000, 2_000_000);
    world.advance(7);
    world.publish(BOB, &[UATOM]).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!((record.raw, record.timestamp), (band("11.98", "12.02"), observed));
    assert_eq!(world.settled_price(UATOM), price("11.98"));
    // An older update changes nothing there.
    world.post_price(BOB, &pyth, &pyth_feed(ID, 1, 0, -8, observed - 1)).unwrap();
    world.publish(BOB, &[UATOM]).unwrap();
    let after = world.price_record(UATOM);
    assert_eq!((after.raw, after.timestamp), (record.raw, record.timestamp));
}

/// The average is a bound for borrowing on either side, and for liquidation none.
#[test]
fn the_moving_average_bounds_what_is_lent() {
    let (mut world, pyth) = priced();
    for (ema, conf, extremes) in
        [(900_000_000, 3_000_000, band("8.97", "12.01")), (1_300_000_000, 0, band("11.99", "13"))]
    {
        world.advance(6);
        let now = world.now();
        let of = |price, conf| pyth_feed(ID, price, conf, -8, now).price;
        let feed = PriceFeed { id: ID.to_owned(), price: of(1_200_000_000, 1_000_000), ema_price: of(ema, conf) };
        world.post_price(ALICE, &pyth, &feed).unwrap();
        world.publish(ALICE, &[UATOM]).unwrap();
        let record = world.price_record(UATOM);
        assert_eq!((record.raw, record.extremes), (band("11.99", "12.01"), extremes));
    }
}

/// A confidence above the limit is no observation: nothing is lent, nothing moves, and the price falls silent.
#[test]
fn a_confidence_too_wide_makes_no_observation() {
    let (mut world, pyth) = priced();
    let before = world.price_record(UATOM);
    for (conf, is_wide) in [(50_000_000, false), (50_000_001, true), (2_000_000_000, true), (u64::MAX, true)] {
        posted(&mut world, &pyth, 1_000_000_000, conf);
        let response = world.publish(ALICE, &[UATOM]).unwrap();
        assert_eq!(values(&response, "pending").is_empty(), !is_wide, "{conf}");
        assert_eq!(world.records_now(&[UATOM])[0].is_none(), is_wide);
    }
    let record = world.price_record(UATOM);
    assert_eq!((record.raw, record.timestamp), (band("9.5", "10.5"), before.timestamp + 6));
    assert_eq!((record.extremes.low, record.extremes.high), (PRICE_MIN, price("184467440747.09551615")));
    world.advance(61);
    let DenomPrice::Silent { fault, .. } = world.price(UATOM) else { panic!("nothing was observed") };
    assert!(matches!(fault, PriceFault::Stale { max_age: 60, .. }), "{fault}");
}

/// What Pyth's contract answers, whatever that is.
fn scripted(feed: &PriceFeed) -> (World, Addr) {
    let mut world = world();
    let pyth = world.scripted_pair(&answer(feed));
    world.set_source(UATOM, Source::Pyth(source(&pyth)), guards()).unwrap();
    (world, pyth)
}

fn answer(feed: &PriceFeed) -> Value {
    to_value(PriceFeedResponse { price_feed: feed.clone() }).unwrap()
}

/// A lie about the exponent is a lie about the price: it is counted like any other, at limited speed for liquidation and
/// at once for borrowing.
#[test]
fn an_exponent_that_lies_is_a_price_like_any_other() {
    for (number, expo, raw) in [
        (1_000_000_000, -5, PriceBand::at(price("10000"))),
        (1_000_000_000, -27, PriceBand::at(PRICE_MIN)),
        (1_000_000_000, i32::MIN, PriceBand::at(PRICE_MIN)),
        (1_000_000_000, 10, PriceBand::at(PRICE_MAX)),
        (1, i32::MAX, PriceBand::at(PRICE_MAX)),
        (0, i32::MAX, PriceBand::at(PRICE_MIN)),
        (i64::MAX, 0, PriceBand::at(PRICE_MAX)),
        (-1_000_000_000, -8, PriceBand::at(PRICE_MIN)),
        (i64::MIN, i32::MAX, PriceBand::at(PRICE_MIN)),
    ] {
        let slow = Guards { max_deviation: ratio("0.05"), step_interval: 15, ..guards() };
        let mut world = world();
        let feed = |number, expo, time| pyth_feed(ID, number, 0, expo, time);
        let now = world.now();
        let pyth = world.scripted_pair(&answer(&feed(1_000_000_000, -8, now)));
        world.set_source(UATOM, Source::Pyth(source(&pyth)), slow).unwrap();
        world.publish(ALICE, &[UATOM]).unwrap();
        world.advance(1);
        let now = world.now();
        world.script(&pyth, &answer(&feed(number, expo, now)));
        world.publish(ALICE, &[UATOM]).unwrap();
        let record = world.price_record(UATOM);
        assert_eq!((record.raw, record.settled), (raw, price("10")), "{number}e{expo}");
        world.advance(15);
        let settled = world.price_record(UATOM).settled_at(world.now());
        assert!(settled == price("9.5") || settled == price("10.5"), "{settled}");
    }
}

/// A time ahead of the chain's counts as now for as long as a price may live, and no further; one in the past is as old
/// as it says.
#[test]
fn a_time_that_lies_keeps_no_price_alive() {
    let (mut world, pyth) = scripted(&pyth_feed(ID, 1_000_000_000, 0, -8, 0));
    let says = |world: &mut World, time: u64| {
        world.script(&pyth, &answer(&pyth_feed(ID, 1_000_000_000, 0, -8, time)));
    };
    let now = world.now();
    for (time, kept) in [(now, now), (now - 60, now), (now + 60, now)] {
        says(&mut world, time);
        world.publish(ALICE, &[UATOM]).unwrap();
        assert_eq!(world.price_record(UATOM).timestamp, kept);
    }
    let denom = || UATOM.to_owned();
    let asked = || pyth.to_string();
    let old = |age| ContractError::AnswerTooOld { denom: denom(), asked: asked(), age, max_age: 60 };
    let ahead = |time| ContractError::AnswerFromFuture { denom: denom(), asked: asked(), time, now };
    for (time, expected) in [
        (now - 61, old(61)),
        (0, old(now)),
        (now + 61, ahead(now + 61)),
        (u64::MAX, ahead(u64::try_from(i64::MAX).unwrap())),
    ] {
        says(&mut world, time);
        let error = world.refused(|world| world.publish(BOB, &[UATOM]));
        assert!(error.is(&expected), "{error}");
        assert_eq!(world.records_now(&[UATOM]), [None]);
    }
    // One that says that it is of the future for ever lives for twice its age, and then it is dead.
    says(&mut world, now + 60);
    world.advance(120);
    world.publish(BOB, &[UATOM]).unwrap();
    assert_eq!(world.price_record(UATOM).timestamp, now + 60);
    world.advance(1);
    world.refused(|world| world.publish(BOB, &[UATOM]));
    assert!(matches!(world.price(UATOM), DenomPrice::Silent { fault: PriceFault::Stale { age: 61, .. }, .. }));
    // A negative time is the oldest.
    let mut feed = pyth_feed(ID, 1, 0, -8, 0);
    feed.price.publish_time = i64::MIN;
    world.script(&pyth, &answer(&feed));
    let error = world.refused(|world| world.publish(BOB, &[UATOM]));
    let age = world.now();
    assert!(error.is(&ContractError::AnswerTooOld { denom: denom(), asked: asked(), age, max_age: 60 }), "{error}");
}

#[test]
fn a_contract_that_answers_garbage_makes_no_price() {
    let now = World::new().now();
    let good = pyth_feed(ID, 1_000_000_000, 0, -8, now);
    let spoilt = |path: &str, with: Value| {
        let mut answer = answer(&good);
        *answer.pointer_mut(path).unwrap() = with;
        answer
    };
    for (garbage, what) in [
        (json!({}), "price of this id"),
        (json!("10"), "price of this id"),
        (spoilt("/price_feed/price", json!({})), "publish_time"),
        (spoilt("/price_feed/price/publish_time", json!("soon")), "publish_time"),
        (spoilt("/price_feed/price/price", json!("9223372036854775808")), "price"),
        (spoilt("/price_feed/price/conf", json!("-1")), "price"),
        (spoilt("/price_feed/price/expo", json!(2_147_483_648u64)), "price"),
        (spoilt("/price_feed/ema_price", json!(null)), "ema_price"),
    ] {
        let (mut world, pyth) = scripted(&good);
        world.script(&pyth, &garbage);
        let error = world.refused(|world| world.publish(BOB, &[UATOM]));
        let expected = ContractError::Unreadable { denom: UATOM.to_owned(), asked: pyth.to_string(), what };
        assert!(error.is(&expected), "{garbage}: {error}");
    }
    let (mut world, pyth) = scripted(&good);
    world.script(&pyth, &Value::Null);
    let error = world.refused(|world| world.publish(BOB, &[UATOM]));
    let expected = ContractError::NoAnswer { denom: UATOM.to_owned(), asked: pyth.to_string() };
    assert!(error.is(&expected), "{error}");
    let (mut world, pyth) = scripted(&good);
    world.script(&pyth, &spoilt("/price_feed/id", json!("00")));
    let error = world.refused(|world| world.publish(BOB, &[UATOM]));
    let what = "price of this id";
    let expected = ContractError::Unreadable { denom: UATOM.to_owned(), asked: pyth.to_string(), what };
    assert!(error.is(&expected), "{error}");
}

/// Who borrows asks Pyth in the same message, and after an hour without an update nothing is lent.
#[test]
fn what_is_lent_is_what_pyth_says_in_this_message() {
    let (mut world, pyth) = priced();
    world.deposit(BOB, UATOM, 100_000_000).unwrap();
    let before = world.max_borrow(BOB, UUSD);
    posted(&mut world, &pyth, 500_000_000, 0);
    let after = world.max_borrow(BOB, UUSD);
    assert!(after.abs_diff(before / 2) < before / 100, "{before} and {after}");
    world.refused(|world| world.borrow(BOB, UUSD, after + 1));
    world.borrow(BOB, UUSD, after).unwrap();
    world.advance(61);
    world.refused(|world| world.borrow(BOB, UUSD, 1));
    world.repay(BOB, UUSD, after / 2).unwrap();
}

#[test]
fn set_source_pyth_out_of_range_is_refused() {
    let (mut world, pyth) = priced();
    let denom = || UATOM.to_owned();
    let refused = |world: &mut World, source: PythSource, expected: &ContractError| {
        let error = world.refused(|world| world.set_source(UATOM, Source::Pyth(source), guards()));
        assert!(error.is(expected), "{error}");
    };
    for id in ["", &ID[1..], &format!("{ID}0"), &ID.replace('B', "G")] {
        let id = id.to_owned();
        let expected = ContractError::PythId { denom: denom(), id: id.clone() };
        refused(&mut world, PythSource { id, ..source(&pyth) }, &expected);
    }
    for max_confidence in [Ratio::ZERO, Ratio::new(Ratio::ONE.raw() + 1)] {
        let expected = ContractError::MaxConfidence { denom: denom(), max_confidence, max: Ratio::ONE };
        refused(&mut world, PythSource { max_confidence, ..source(&pyth) }, &expected);
    }
    let pool = world.pool().clone();
    let expected = ContractError::NoAnswer { denom: denom(), asked: pool.to_string() };
    refused(&mut world, source(&pool), &expected);
    let unknown = "0".repeat(64);
    let expected = ContractError::NoAnswer { denom: denom(), asked: pyth.to_string() };
    refused(&mut world, PythSource { id: unknown, ..source(&pyth) }, &expected);
    let error = world.refused(|world| {
        let source = Source::Pyth(source(&pyth));
        world.set_source(UATOM, source, Guards { max_age: None, ..guards() })
    });
    assert!(error.is(&ContractError::WithoutMaxAge { denom: denom() }), "{error}");
}

#[test]
fn set_source_pyth_in_production_takes_a_tenth_of_confidence() {
    let mut world = World::builder().without_assets().oracle(|msg| msg.production = true).build();
    let pyth = world.pyth(UUSD);
    world.mint(ALICE, UUSD, 1);
    world.post_price(ALICE, &pyth, &pyth_feed(ID, 1, 0, 0, 0)).unwrap();
    let speed = Guards { max_deviation: ratio("0.05"), step_interval: 15, ..guards() };
    let of = |text| Source::Pyth(PythSource { max_confidence: ratio(text), ..source(&pyth) });
    let error = world.refused(|world| world.set_source(UATOM, of("0.11"), speed.clone()));
    let max = ratio("0.1");
    let expected = ContractError::MaxConfidence { denom: UATOM.to_owned(), max_confidence: ratio("0.11"), max };
    assert!(error.is(&expected), "{error}");
    world.set_source(UATOM, of("0.1"), speed).unwrap();
}
