//! `set_source`: at once the first time, announced after that, and what is refused.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, GuardsError, PRICE_MAX, PriceBand, PriceRecord};
use plimsoll_risk::units::{Price, Ratio};
use plimsoll_schema::funds::FundsSent;
use plimsoll_schema::oracle::{DenomPrice, ExecuteMsg, FEEDERS_MAX, PendingSource, Source};
use plimsoll_schema::ownership::OwnershipError;
use plimsoll_testing::{ALICE, Asset, GUARDIAN, OWNER, RISK_MANAGER, UATOM, UUSD, World, coin, price, ratio, values};

const ANN: &str = "ann";
const BEN: &str = "ben";
const FIXED: Source = Source::Fixed { price: Price::new(10_000_000_000_000_000_000) };

fn world() -> World {
    World::builder().without_assets().build()
}

fn guards() -> Guards {
    Asset::new(UATOM, 6, "10").guards
}

fn ageless() -> Guards {
    Guards { max_age: None, ..guards() }
}

fn denom() -> String {
    UATOM.to_owned()
}

#[track_caller]
fn assert_refused(source: Source, guards: Guards, expected: &ContractError) {
    let error = world().refused(|world| world.set_source(UATOM, source, guards));
    assert!(error.is(expected), "{error}");
}

#[test]
fn set_source_the_first_time_is_in_force_at_once_and_unpublished() {
    let mut world = world();
    let source = world.feed_source(&[ANN], 1);
    let response = world.set_source(UATOM, source.clone(), guards()).unwrap();
    assert_eq!(values(&response, "action"), ["set_source"]);
    assert_eq!(values(&response, "denom"), [UATOM]);
    assert!(values(&response, "pending").is_empty() && values(&response, "price").is_empty());
    let answer = world.source(UATOM);
    assert_eq!((answer.source, answer.guards, answer.pending), (source, guards(), None));
    assert_eq!(answer.record, PriceRecord::unpublished(0, None, 0, guards()));
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
}

#[test]
fn set_source_fixed_publishes_at_once_and_never_ages() {
    let mut world = world();
    let timestamp = world.now();
    let response = world.set_source(UATOM, FIXED, ageless()).unwrap();
    assert_eq!(values(&response, "price"), ["10"]);
    world.advance(10 * 365 * 86_400);
    let price = price("10");
    let counted = PriceBand::at(price);
    let expected = DenomPrice::Valid { denom: denom(), price, counted, low: price, high: price, timestamp };
    assert_eq!(world.price(UATOM), expected);
}

#[test]
fn set_source_again_waits_for_the_delay_and_leaves_the_one_in_force() {
    let mut world = world();
    let first = world.feed_source(&[ANN], 1);
    world.set_source(UATOM, first.clone(), guards()).unwrap();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    let record = world.price_record(UATOM);

    let second = world.feed_source(&[BEN], 1);
    let tighter = Guards { max_age: Some(60), ..guards() };
    let response = world.set_source(UATOM, second.clone(), tighter.clone()).unwrap();
    assert_eq!(values(&response, "pending"), [UATOM]);
    let answer = world.source(UATOM);
    assert_eq!((answer.source, &answer.record), (first, &record));
    let effective_at = world.now() + 86_400;
    assert_eq!(answer.pending, Some(PendingSource { source: second, guards: tighter, effective_at }));
}

#[test]
fn set_source_without_a_delay_replaces_at_once_and_gives_no_generation_twice() {
    let mut world = World::builder().without_assets().oracle(|msg| msg.source_delay = 0).build();
    for generation in 0..4 {
        let source = world.feed_source(&[[ANN, BEN][generation % 2]], 1);
        world.set_source(UATOM, source.clone(), guards()).unwrap();
        let answer = world.source(UATOM);
        assert_eq!((answer.source, answer.pending), (source, None));
        assert_eq!(world.price_record(UATOM).generation, u32::try_from(generation).unwrap());
        world.feed([ANN, BEN][generation % 2], &[(UATOM, "10")]).unwrap();
    }
    // Other guards alone are no other source.
    let source = world.feed_source(&[BEN], 1);
    world.set_source(UATOM, source, Guards { max_age: Some(60), ..guards() }).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!((record.generation, record.guards.max_age, record.fault(world.now())), (3, Some(60), None));
}

#[test]
fn set_source_again_restarts_the_delay() {
    let mut world = world();
    world.set_source(UATOM, FIXED, ageless()).unwrap();
    for _ in 0..2 {
        let source = world.feed_source(&[ANN], 1);
        world.set_source(UATOM, source, guards()).unwrap();
        assert_eq!(world.source(UATOM).pending.unwrap().effective_at, world.now() + 86_400);
        world.advance(80_000);
    }
}

#[test]
fn set_source_by_anyone_but_the_owner_is_refused() {
    for sender in [ALICE, RISK_MANAGER, GUARDIAN] {
        let mut world = world();
        let msg = ExecuteMsg::SetSource { denom: denom(), source: FIXED, guards: ageless() };
        let error = world.refused(|world| world.execute_oracle(sender, &msg));
        let sender = world.addr(sender).into_string();
        assert!(error.is(&OwnershipError::NotOwner { sender }), "{error}");
    }
}

/// Three feeders, a tenth every ten seconds.
fn production() -> (World, Source, Guards) {
    let world = World::builder().without_assets().oracle(|msg| msg.production = true).build();
    let source = world.feed_source(&[ANN, BEN, "cleo"], 2);
    (world, source, Guards { step_interval: 10, max_deviation: ratio("0.1"), ..guards() })
}

#[test]
fn set_source_fixed_in_production_is_refused_first_and_later() {
    let (mut world, source, guards) = production();
    let expected = ContractError::FixedInProduction { denom: denom() };
    let error = world.refused(|world| world.set_source(UATOM, FIXED, ageless()));
    assert!(error.is(&expected), "{error}");
    world.set_source(UATOM, source, guards).unwrap();
    let error = world.refused(|world| world.set_source(UATOM, FIXED, ageless()));
    assert!(error.is(&expected), "{error}");
}

/// Issue A.8: of two feeders one alone can stop the price.
#[test]
fn set_source_with_fewer_than_three_feeders_in_production_is_refused() {
    let (mut world, source, guards) = production();
    for names in [&[ANN][..], &[ANN, BEN]] {
        let few = world.feed_source(names, u8::try_from(names.len()).unwrap());
        let error = world.refused(|world| world.set_source(UATOM, few, guards.clone()));
        let expected = ContractError::FeederCount { denom: denom(), count: names.len(), min: 3, max: FEEDERS_MAX };
        assert!(error.is(&expected), "{error}");
    }
    world.set_source(UATOM, source, guards).unwrap();
}

/// Rule 8, issue A.7: by the seconds in which the settled price can fall to a half. 0.95¹³ = 0.513, 0.9⁶ = 0.531, 0.8³
/// = 0.512.
#[test]
fn set_source_too_slow_or_too_fast_for_production_is_refused() {
    for (deviation, step_interval, seconds) in [
        ("1", 60, None),
        ("1", 59, Some(59)),
        ("1", 0, Some(0)),
        ("0.1", 10, None),
        ("0.1", 8, Some(56)),
        ("0.1", 60, Some(420)),
        ("0.05", 21, None),
        ("0.05", 22, Some(308)),
        ("0.2", 75, None),
        ("0.2", 76, Some(304)),
        ("0.000000000000000001", 1, Some(u64::MAX)),
    ] {
        let (mut world, source, guards) = production();
        let max_deviation = ratio(deviation);
        let guards = Guards { max_deviation, step_interval, ..guards };
        let Some(seconds) = seconds else {
            world.set_source(UATOM, source, guards).unwrap();
            continue;
        };
        let error = world.refused(|world| world.set_source(UATOM, source, guards));
        let denom = denom();
        let expected = ContractError::Speed { denom, max_deviation, step_interval, seconds, min: 60, max: 300 };
        assert!(error.is(&expected), "{error}");
    }
}

#[test]
fn set_source_fixed_outside_its_bounds_is_refused() {
    let guards = Guards { ceiling: price("9.999"), ..ageless() };
    let floor = price("0.01");
    let ceiling = price("9.999");
    let expected = ContractError::FixedOutOfBounds { denom: denom(), price: price("10"), floor, ceiling };
    assert_refused(FIXED, guards, &expected);
}

#[test]
fn set_source_fixed_with_a_maximum_age_is_refused() {
    let expected = ContractError::FixedWithMaxAge { denom: denom(), max_age: 3_600 };
    assert_refused(FIXED, guards(), &expected);
}

#[test]
fn set_source_feed_without_a_maximum_age_is_refused() {
    let source = world().feed_source(&[ANN], 1);
    assert_refused(source, ageless(), &ContractError::WithoutMaxAge { denom: denom() });
}

#[test]
fn set_source_with_guards_out_of_range_is_refused() {
    let bounds =
        |floor: Price, ceiling: Price| (Guards { floor, ceiling, ..guards() }, GuardsError::Bounds { floor, ceiling });
    let over = Price::new(PRICE_MAX.raw() + 1);
    let more = Ratio::new(Ratio::ONE.raw() + 1);
    let cases = [
        bounds(Price::ZERO, price("1")),
        bounds(price("2"), price("1")),
        bounds(price("1"), over),
        (Guards { max_deviation: Ratio::ZERO, ..guards() }, GuardsError::MaxDeviation(Ratio::ZERO)),
        (Guards { max_deviation: more, ..guards() }, GuardsError::MaxDeviation(more)),
        (Guards { age_spread: Ratio::ONE, ..guards() }, GuardsError::AgeSpread(Ratio::ONE)),
        (Guards { max_age: Some(0), ..guards() }, GuardsError::MaxAge(0)),
        (Guards { max_age: Some(86_401), ..guards() }, GuardsError::MaxAge(86_401)),
        (Guards { step_interval: 3_601, ..guards() }, GuardsError::StepInterval(3_601)),
        (Guards { bound_hold: 3_601, ..guards() }, GuardsError::BoundHold(3_601)),
    ];
    for (guards, expected) in cases {
        let source = world().feed_source(&[ANN], 1);
        assert_refused(source, guards, &ContractError::Guards(expected));
    }
}

#[test]
fn set_source_with_no_feeder_or_too_many_is_refused() {
    let names: Vec<String> = (0..=FEEDERS_MAX).map(|n| format!("feeder{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (count, quorum) in [(0, 0), (FEEDERS_MAX + 1, 9)] {
        let source = world().feed_source(&names[..count], quorum);
        let expected = ContractError::FeederCount { denom: denom(), count, min: 1, max: FEEDERS_MAX };
        assert_refused(source, guards(), &expected);
    }
    let mut world = world();
    let source = world.feed_source(&names[..FEEDERS_MAX], 9);
    world.set_source(UATOM, source, guards()).unwrap();
}

#[test]
fn set_source_with_a_feeder_twice_is_refused() {
    let source = world().feed_source(&[ANN, BEN, ANN], 2);
    let feeder = world().addr(ANN).into_string();
    assert_refused(source, guards(), &ContractError::FeederTwice { denom: denom(), feeder });
}

#[test]
fn set_source_with_a_feeder_that_is_no_address_is_refused() {
    let strange = World::builder().prefix("osmo").without_assets().build().addr(ANN).into_string();
    for feeder in [String::new(), "ann".to_owned(), strange] {
        let source = Source::Feed { feeders: vec![feeder], quorum: 1 };
        let error = world().refused(|world| world.set_source(UATOM, source, guards()));
        assert!(error.to_string().contains("is not an address of this chain"), "{error}");
    }
}

#[test]
fn set_source_takes_a_quorum_of_more_than_half_and_at_most_all() {
    let names = [ANN, BEN, "cleo", "dora"];
    for (feeders, quorum, good) in [
        (1, 0, false),
        (1, 1, true),
        (2, 1, false),
        (2, 2, true),
        (3, 2, true),
        (4, 2, false),
        (4, 3, true),
        (4, 5, false),
    ] {
        let source = world().feed_source(&names[..feeders], quorum);
        if good {
            world().set_source(UATOM, source, guards()).unwrap();
        } else {
            assert_refused(source, guards(), &ContractError::Quorum { denom: denom(), quorum, feeders });
        }
    }
}

#[test]
fn set_source_of_a_denom_without_a_name_or_with_too_long_a_one_is_refused() {
    for length in [0, 129] {
        let long = "u".repeat(length);
        let error = world().refused(|world| world.set_source(&long, FIXED, ageless()));
        assert!(error.is(&ContractError::DenomLength { length, max: 128 }), "{error}");
    }
    world().set_source(&"u".repeat(128), FIXED, ageless()).unwrap();
}

#[test]
fn set_source_with_funds_is_refused() {
    let mut world = world();
    world.mint(OWNER, UUSD, 9);
    world.mint(OWNER, UATOM, 9);
    let msg = ExecuteMsg::SetSource { denom: denom(), source: FIXED, guards: ageless() };
    let error = world.refused(|world| {
        let oracle = world.oracle().clone();
        world.execute_contract(OWNER, &oracle, &msg, &[coin(1, UATOM), coin(2, UUSD)])
    });
    assert!(error.is(&ContractError::FundsSent(FundsSent { sent: "1uatom,2uusd".to_owned() })), "{error}");
}
