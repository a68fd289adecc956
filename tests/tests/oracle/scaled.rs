//! `scaled`: a redemption rate times another denom's price; what of its growth counts, what of its fall; and what is
//! refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, LIVE_SPEED, PRICE_MAX, PRICE_MIN, PriceBand, PriceFault};
use plimsoll_risk::units::Ratio;
use plimsoll_schema::oracle::{DenomPrice, FEEDERS_MAX, MedianSource, RateSource, ScaledSource, Source};
use plimsoll_testing::{
    ALICE, Addr, Asset, BOB, FEEDER_3, FEEDERS, IBC_TOKEN, UATOM, UUSD, World, price, ratio, values,
};
use serde_json::{Value, json};

const DAY: u64 = 86_400;

fn keys(path: &[&str]) -> Vec<String> {
    path.iter().map(|key| (*key).to_owned()).collect()
}

/// The rate of a staking hub, with a tenth of growth a day.
fn hub_rate(hub: &Addr) -> ScaledSource {
    let rate = RateSource::Contract {
        contract: hub.to_string(),
        query: r#"{"state":{}}"#.to_owned(),
        field: keys(&["total", "rate"]),
        time_field: None,
    };
    ScaledSource { rate, quote_denom: UATOM.to_owned(), max_growth: ratio("0.1") }
}

fn guards() -> Guards {
    Guards { max_age: Some(DAY), ..Asset::new(IBC_TOKEN, 6, "0.5").guards }
}

/// The token redeems for half an ATOM of 10 dollars. Its price is published.
fn world() -> (World, Addr) {
    let mut world = World::builder().oracle(|msg| msg.source_delay = 0).lent(1_000_000).build();
    let hub = world.staking_hub(50, 100);
    world.set_source(IBC_TOKEN, Source::Scaled(hub_rate(&hub)), guards()).unwrap();
    let response = world.publish(ALICE, &[IBC_TOKEN]).unwrap();
    assert_eq!((values(&response, "denom"), values(&response, "price")), (vec![IBC_TOKEN], vec!["0.5"]));
    (world, hub)
}

fn borrowed_at(world: &World) -> (String, String) {
    match world.price(IBC_TOKEN) {
        DenomPrice::Valid { low, high, .. } => (low.to_string(), high.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn scaled_is_the_rate_times_the_quotes_price_of_any_moment() {
    let (mut world, _) = world();
    let record = world.price_record(IBC_TOKEN);
    assert_eq!((record.raw, record.quote.as_deref()), (PriceBand::at(price("0.5")), Some(UATOM)));
    assert_eq!(world.settled_price(IBC_TOKEN), price("5"));
    world.set_price(UATOM, "30");
    assert_eq!(borrowed_at(&world), ("15".to_owned(), "15".to_owned()));
    // Its quote's silence is its own.
    world.advance(3_601);
    world.publish(ALICE, &[IBC_TOKEN]).unwrap();
    let DenomPrice::Silent { fault, .. } = world.price(IBC_TOKEN) else { panic!("its quote is silent") };
    assert_eq!(fault, PriceFault::Stale { age: 3_601, max_age: 3_600 });
}

/// Who raises the rate lends nothing by that, and debts count at once at what was told.
#[test]
fn a_rate_that_jumps_lends_no_more_than_its_cap() {
    let (mut world, hub) = world();
    world.deposit(BOB, IBC_TOKEN, 1_000_000_000).unwrap();
    let before = world.max_borrow(BOB, UUSD);
    world.set_bonded(&hub, 5_000, 100);
    assert_eq!(borrowed_at(&world), ("5".to_owned(), "500".to_owned()));
    assert_eq!(world.max_borrow(BOB, UUSD), before);
    world.publish(ALICE, &[IBC_TOKEN]).unwrap();
    assert_eq!(world.price_record(IBC_TOKEN).raw, PriceBand { low: price("0.5"), high: price("50") });
    assert_eq!(world.settled_price(IBC_TOKEN), price("5"));
    // Half a day later it is worth 5 % more.
    world.advance(DAY / 2);
    world.set_prices(&[(UATOM, "10"), (UUSD, "1")]);
    world.publish(ALICE, &[IBC_TOKEN]).unwrap();
    assert_eq!(world.price_record(IBC_TOKEN).raw, PriceBand { low: price("0.525"), high: price("50") });
    assert_eq!(borrowed_at(&world).0, "5.25");
}

/// A slashing: borrowing counts it in the same message, though nobody published.
#[test]
fn a_rate_that_falls_lends_less_at_once() {
    let (mut world, hub) = world();
    world.deposit(BOB, IBC_TOKEN, 1_000_000_000).unwrap();
    let before = world.max_borrow(BOB, UUSD);
    world.set_bonded(&hub, 25, 100);
    assert_eq!(borrowed_at(&world), ("2.5".to_owned(), "5".to_owned()));
    assert_eq!(world.max_borrow(BOB, UUSD), before / 2);
    world.refused(|world| world.borrow(BOB, UUSD, before / 2 + 1));
    // A wrong answer of one block is forgotten; one that stood for two days is the rate.
    world.publish(ALICE, &[IBC_TOKEN]).unwrap();
    world.set_bonded(&hub, 50, 100);
    world.publish(ALICE, &[IBC_TOKEN]).unwrap();
    assert_eq!(world.price_record(IBC_TOKEN).raw, PriceBand::at(price("0.5")));
    world.set_bonded(&hub, 25, 100);
    for _ in 0..2 {
        world.advance(DAY);
        world.publish(ALICE, &[IBC_TOKEN]).unwrap();
    }
    world.set_bonded(&hub, 50, 100);
    world.publish(ALICE, &[IBC_TOKEN]).unwrap();
    assert_eq!(world.price_record(IBC_TOKEN).raw, PriceBand { low: price("0.25"), high: price("0.5") });
}

/// Nothing that a rate says is refused but 0: one that is too low counts as the lowest, one that is too high as the
/// highest.
#[test]
fn a_rate_out_of_range_is_held_to_what_can_be_counted() {
    for (rate, raw) in [
        ("0.000000000000000001", PriceBand::at(PRICE_MIN)),
        ("340282366920938463463.374607431768211455", PriceBand { low: price("0.5"), high: PRICE_MAX }),
    ] {
        let (mut world, hub) = scripted(&json!("0.5"));
        world.script(&hub, &json!(rate));
        world.publish(ALICE, &[IBC_TOKEN]).unwrap();
        assert_eq!(world.price_record(IBC_TOKEN).raw, raw);
    }
}

/// A contract that answers this, with the rate alone.
fn scripted(answer: &Value) -> (World, Addr) {
    let mut world = World::builder().oracle(|msg| msg.source_delay = 0).build();
    let hub = world.scripted_pair(answer);
    let source = ScaledSource { rate: answered(&hub, &[], None), ..hub_rate(&hub) };
    world.set_source(IBC_TOKEN, Source::Scaled(source), guards()).unwrap();
    world.publish(ALICE, &[IBC_TOKEN]).unwrap();
    (world, hub)
}

fn answered(hub: &Addr, field: &[&str], time_field: Option<&[&str]>) -> RateSource {
    RateSource::Contract {
        contract: hub.to_string(),
        query: "{}".to_owned(),
        field: keys(field),
        time_field: time_field.map(keys),
    }
}

#[test]
fn a_contract_that_answers_garbage_makes_no_price() {
    let unreadable = |asked| ContractError::Unreadable { denom: IBC_TOKEN.to_owned(), asked, what: "rate" };
    for answer in [
        json!({}),
        json!([]),
        json!([["1"]]),
        json!(""),
        json!("0"),
        json!(0),
        json!("0.000"),
        json!("-1"),
        json!("+1"),
        json!("1e9"),
        json!("NaN"),
        json!("1.0000000000000000001"),
        json!("340282366920938463464"),
        json!(true),
        json!(1.5),
        json!(-1),
    ] {
        let (mut world, hub) = scripted(&json!("0.5"));
        world.script(&hub, &answer);
        let error = world.refused(|world| world.publish(BOB, &[IBC_TOKEN]));
        assert!(error.is(&unreadable(hub.to_string())), "{answer}: {error}");
        let DenomPrice::Silent { fault, counted, .. } = world.price(IBC_TOKEN) else { panic!("nothing is lent by it") };
        assert_eq!((fault, counted), (PriceFault::Unanswered {}, PriceBand::at(price("5"))));
    }
    let (mut world, hub) = scripted(&json!(1));
    world.script(&hub, &Value::Null);
    let error = world.refused(|world| world.publish(BOB, &[IBC_TOKEN]));
    let expected = ContractError::NoAnswer { denom: IBC_TOKEN.to_owned(), asked: hub.to_string() };
    assert!(error.is(&expected), "{error}");
}

/// The time of observation is the contract's where it tells one: not too old, and not from a future that keeps a dead
/// rate alive.
#[test]
fn a_contracts_own_time_counts() {
    let assets = [Asset::new(UATOM, 6, "10")];
    let mut world = World::builder().assets(assets).oracle(|msg| msg.source_delay = 0).build();
    let now = world.now();
    let told = |time: Value| json!({ "rate": "0.5", "at": time });
    let hub = world.scripted_pair(&told(json!(now)));
    let rate = answered(&hub, &["rate"], Some(&["at"]));
    let source = ScaledSource { rate, ..hub_rate(&hub) };
    let guards = Guards { max_age: Some(100), ..guards() };
    // A time in nanoseconds is noticed when the source is set.
    world.script(&hub, &told(json!(now * 1_000_000_000)));
    let error = world.refused(|world| world.set_source(IBC_TOKEN, Source::Scaled(source.clone()), guards.clone()));
    let time = now * 1_000_000_000;
    let expected = ContractError::AnswerFromFuture { denom: IBC_TOKEN.to_owned(), asked: hub.to_string(), time, now };
    assert!(error.is(&expected), "{error}");
    world.script(&hub, &told(json!(now)));
    world.set_source(IBC_TOKEN, Source::Scaled(source), guards).unwrap();
    for (time, kept) in [(now - 100, now - 100), (now - 7, now - 7), (now, now), (now + 100, now)] {
        world.script(&hub, &told(json!(time.to_string())));
        world.publish(ALICE, &[IBC_TOKEN]).unwrap();
        let record = world.price_record(IBC_TOKEN);
        assert_eq!((record.timestamp, record.window), (kept, 400));
    }
    let denom = || IBC_TOKEN.to_owned();
    let asked = || hub.to_string();
    let cases = [
        (json!(now - 101), ContractError::AnswerTooOld { denom: denom(), asked: asked(), age: 101, max_age: 100 }),
        (json!(0), ContractError::AnswerTooOld { denom: denom(), asked: asked(), age: now, max_age: 100 }),
        (json!(now + 101), ContractError::AnswerFromFuture { denom: denom(), asked: asked(), time: now + 101, now }),
        (json!(u64::MAX), ContractError::AnswerFromFuture { denom: denom(), asked: asked(), time: u64::MAX, now }),
        (json!("soon"), ContractError::Unreadable { denom: denom(), asked: asked(), what: "time" }),
        (json!(null), ContractError::Unreadable { denom: denom(), asked: asked(), what: "time" }),
    ];
    for (time, expected) in cases {
        world.script(&hub, &told(time));
        let error = world.refused(|world| world.publish(ALICE, &[IBC_TOKEN]));
        assert!(error.is(&expected), "{error}");
    }
}

/// Feeders tell a rate as they tell a price; its growth has the same cap.
#[test]
fn a_fed_rate_is_the_median_of_the_votes_with_the_same_cap() {
    let mut world = World::builder().oracle(|msg| msg.source_delay = 0).build();
    let feeders = FEEDERS.iter().map(|name| world.addr(*name).into_string()).collect();
    let rate = RateSource::Feed { feeders, quorum: 2 };
    let source = ScaledSource { rate, quote_denom: UATOM.to_owned(), max_growth: ratio("0.1") };
    world.set_source(IBC_TOKEN, Source::Scaled(source), guards()).unwrap();
    let error = world.refused(|world| world.publish(ALICE, &[IBC_TOKEN]));
    assert!(error.is(&ContractError::NotLive { denom: IBC_TOKEN.to_owned() }), "{error}");
    world.set_price(IBC_TOKEN, "0.5");
    let record = world.price_record(IBC_TOKEN);
    assert_eq!((record.raw, record.quote.as_deref(), record.window), (PriceBand::at(price("0.5")), Some(UATOM), 0));
    world.set_price(IBC_TOKEN, "1");
    assert_eq!(world.price_record(IBC_TOKEN).raw, PriceBand { low: price("0.5"), high: price("1") });
    world.set_price(IBC_TOKEN, "0.2");
    assert_eq!(world.price_record(IBC_TOKEN).raw, PriceBand::at(price("0.2")));
    assert_eq!(world.settled_price(IBC_TOKEN), price("2"));
}

/// A rate of 0 would be a base from which no share ever grows.
#[test]
fn a_fed_rate_of_nothing_is_no_vote() {
    let mut world = World::builder().oracle(|msg| msg.source_delay = 0).build();
    let feeder = world.addr(FEEDERS[0]).into_string();
    let rate = RateSource::Feed { feeders: vec![feeder.clone()], quorum: 1 };
    let source = Source::Scaled(ScaledSource { rate, quote_denom: UATOM.to_owned(), max_growth: ratio("0.1") });
    world.set_source(IBC_TOKEN, source.clone(), guards()).unwrap();
    let expected = ContractError::Unreadable { denom: IBC_TOKEN.to_owned(), asked: feeder, what: "rate" };
    let error = world.refused(|world| world.feed(FEEDERS[0], &[(IBC_TOKEN, "0")]));
    assert!(error.is(&expected), "{error}");
    world.feed(FEEDERS[0], &[(IBC_TOKEN, "0.5")]).unwrap();
    assert_eq!(world.price_record(IBC_TOKEN).raw, PriceBand::at(price("0.5")));
    let members = vec![source, world.feed_source(&[BOB], 1)];
    let median = Source::Median(MedianSource { members, minimum: 1 });
    world.set_source(IBC_TOKEN, median, guards()).unwrap();
    let error = world.refused(|world| world.feed(FEEDERS[0], &[(IBC_TOKEN, "0")]));
    assert!(error.is(&expected), "{error}");
}

/// Another maximum age is another window; what the rate has grown from stays. Another source starts anew.
#[test]
fn replacing_a_rate_forgets_its_growth_and_other_guards_do_not() {
    let (mut world, hub) = world();
    let growths =
        |world: &World| world.dump_of(world.oracle()).keys().filter(|key| key.starts_with(b"\0\x01r")).count();
    world.set_bonded(&hub, 100, 100);
    let shorter = Guards { max_age: Some(600), ..guards() };
    world.set_source(IBC_TOKEN, Source::Scaled(hub_rate(&hub)), shorter).unwrap();
    assert_eq!(world.price_record(IBC_TOKEN).window, 600);
    world.publish(ALICE, &[IBC_TOKEN]).unwrap();
    assert_eq!((world.price_record(IBC_TOKEN).raw.low, growths(&world)), (price("0.5"), 1));
    let fed = world.feed_source(&FEEDERS, 2);
    world.set_source(IBC_TOKEN, fed, guards()).unwrap();
    assert_eq!((growths(&world), world.settled_price(IBC_TOKEN)), (0, price("5")));
}

#[test]
fn set_source_scaled_in_a_denom_that_rests_on_another_is_refused() {
    let (mut world, hub) = world();
    let in_quote = |quote: &str| Source::Scaled(ScaledSource { quote_denom: quote.to_owned(), ..hub_rate(&hub) });
    for (denom, quote) in [(UUSD, IBC_TOKEN), (UUSD, UUSD), (UUSD, "unknown")] {
        let error = world.refused(|world| world.set_source(denom, in_quote(quote), guards()));
        let expected = ContractError::QuoteSource { denom: denom.to_owned(), quote_denom: quote.to_owned() };
        assert!(error.is(&expected), "{error}");
    }
    let error = world.refused(|world| world.set_source(UATOM, in_quote(UUSD), guards()));
    let expected = ContractError::QuotesOthers { denom: UATOM.to_owned(), quoted: IBC_TOKEN.to_owned() };
    assert!(error.is(&expected), "{error}");
}

#[test]
fn set_source_scaled_out_of_range_is_refused() {
    let (mut world, hub) = world();
    let refused = |world: &mut World, source: ScaledSource, expected: &ContractError| {
        let error = world.refused(|world| world.set_source(IBC_TOKEN, Source::Scaled(source), guards()));
        assert!(error.is(expected), "{error}");
    };
    let denom = || IBC_TOKEN.to_owned();
    for max_growth in [Ratio::ZERO, Ratio::new(Ratio::ONE.raw() + 1)] {
        let expected = ContractError::MaxGrowth { denom: denom(), max_growth, max: Ratio::ONE };
        refused(&mut world, ScaledSource { max_growth, ..hub_rate(&hub) }, &expected);
    }
    let nobody = RateSource::Feed { feeders: vec![], quorum: 0 };
    let expected = ContractError::FeederCount { denom: denom(), count: 0, min: 1, max: FEEDERS_MAX };
    refused(&mut world, ScaledSource { rate: nobody, ..hub_rate(&hub) }, &expected);
    let other = RateSource::Contract {
        contract: hub.to_string(),
        query: r#"{"state":{}}"#.to_owned(),
        field: keys(&["rate"]),
        time_field: None,
    };
    let expected = ContractError::Unreadable { denom: denom(), asked: hub.to_string(), what: "rate" };
    refused(&mut world, ScaledSource { rate: other, ..hub_rate(&hub) }, &expected);
    let pool = world.pool().clone();
    let expected = ContractError::NoAnswer { denom: denom(), asked: pool.to_string() };
    refused(&mut world, ScaledSource { rate: answered(&pool, &[], None), ..hub_rate(&hub) }, &expected);
}

/// In production a rate grows by at most a hundredth a day, and its settled price follows as a live one does.
#[test]
fn set_source_scaled_in_production_has_narrower_limits() {
    let mut world = World::builder().without_assets().oracle(|msg| msg.production = true).build();
    let hub = world.staking_hub(50, 100);
    let feeders = [FEEDERS[0], FEEDERS[1], FEEDER_3];
    let speed =
        |max_deviation, step_interval| Guards { max_deviation: ratio(max_deviation), step_interval, ..guards() };
    world.set_source(UATOM, world.feed_source(&feeders, 2), speed("0.1", 10)).unwrap();
    let most = ratio("0.01");
    let source = Source::Scaled(ScaledSource { max_growth: most, ..hub_rate(&hub) });
    let error = world.refused(|world| world.set_source(IBC_TOKEN, Source::Scaled(hub_rate(&hub)), speed("0.05", 15)));
    let expected = ContractError::MaxGrowth { denom: IBC_TOKEN.to_owned(), max_growth: ratio("0.1"), max: most };
    assert!(error.is(&expected), "{error}");
    let error = world.refused(|world| world.set_source(IBC_TOKEN, source.clone(), speed("0.1", 10)));
    let (min, max) = LIVE_SPEED;
    let expected = ContractError::Speed {
        denom: IBC_TOKEN.to_owned(),
        max_deviation: ratio("0.1"),
        step_interval: 10,
        seconds: 70,
        min,
        max,
    };
    assert!(error.is(&expected), "{error}");
    world.set_source(IBC_TOKEN, source, speed("0.05", 15)).unwrap();
}
