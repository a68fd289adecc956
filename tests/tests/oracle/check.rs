//! `set_check`, `apply_check`, `remove_check`: a second source that a price is checked against. While the two are apart
//! borrowing counts both, and the settled price stands for a bounded time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::checked::{Checked, HOLD_REST};
use plimsoll_oracle::error::ContractError;
use plimsoll_risk::price::{Guards, Observation, PriceBand};
use plimsoll_risk::units::Ratio;
use plimsoll_schema::oracle::{CheckSource, DenomPrice, ExecuteMsg, PendingCheck, PythSource, Source, StandingCheck};
use plimsoll_schema::ownership::OwnershipError;
use plimsoll_testing::{
    ALICE, Addr, Asset, BOB, GUARDIAN, OWNER, RISK_MANAGER, UATOM, UUSD, World, price, pyth_feed, ratio, values,
};
use proptest::prelude::*;

const ANN: &str = "ann";
const BEN: &str = "ben";
const DAY: u64 = 86_400;
const HOLD: u64 = 600;
const ID: &str = "b00b60f88b03a6a625a8d1c048c3f66653edf217439983d037e7222c4e612819";

/// A tenth a minute.
fn guards() -> Guards {
    let asset = Asset::new(UATOM, 6, "10");
    Guards { max_age: Some(900), max_deviation: ratio("0.1"), step_interval: 60, ..asset.guards }
}

fn check(source: Source) -> CheckSource {
    CheckSource { source, guards: guards(), max_divergence: ratio("0.05"), hold: HOLD }
}

/// `uatom` by Ann, at 10, and checked against Ben, who says the same.
fn world() -> World {
    let mut world = World::builder().without_assets().oracle(|oracle| oracle.source_delay = 0).build();
    let source = world.feed_source(&[ANN], 1);
    world.set_source(UATOM, source, guards()).unwrap();
    let source = world.feed_source(&[BEN], 1);
    world.set_check(UATOM, check(source)).unwrap();
    world.feed(BEN, &[(UATOM, "10")]).unwrap();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    world
}

fn band(low: &str, high: &str) -> PriceBand {
    PriceBand { low: price(low), high: price(high) }
}

fn standing(world: &World) -> StandingCheck {
    world.source(UATOM).check.unwrap()
}

#[test]
fn a_check_that_agrees_changes_nothing() {
    let mut world = world();
    world.advance(60);
    world.feed(BEN, &[(UATOM, "10.5")]).unwrap();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!((record.raw, record.extremes), (PriceBand::at(price("10")), PriceBand::at(price("10"))));
    let standing = standing(&world);
    assert_eq!((standing.raw, standing.timestamp), (Some(PriceBand::at(price("10.5"))), world.now()));
    assert_eq!((standing.diverges, standing.held_since), (false, 0));
}

/// The first source halves and the check doesn't: borrowing counts both at once, and nobody is liquidated for ten
/// minutes. Then the settled price follows the first source.
#[test]
fn while_the_two_are_apart_both_count_and_the_settled_price_stands() {
    let mut world = world();
    world.advance(60);
    world.feed(ANN, &[(UATOM, "5")]).unwrap();
    let began = world.now();
    let record = world.price_record(UATOM);
    assert_eq!((record.raw, record.extremes), (band("5", "10"), band("5", "10")));
    for _ in 0..9 {
        world.advance(60);
        world.feed(BEN, &[(UATOM, "10")]).unwrap();
        world.feed(ANN, &[(UATOM, "5")]).unwrap();
        assert_eq!(world.settled_price(UATOM), price("10"));
        assert_eq!((standing(&world).diverges, standing(&world).held_since), (true, began));
    }
    world.advance(60);
    world.feed(BEN, &[(UATOM, "10")]).unwrap();
    world.feed(ANN, &[(UATOM, "5")]).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!((record.raw, record.extremes), (PriceBand::at(price("5")), band("5", "10")));
    world.advance(120);
    assert_eq!(world.settled_price(UATOM), price("8.1"));
}

/// Where both moved the settled price follows the nearer one.
#[test]
fn what_both_say_is_followed_at_once() {
    let mut world = world();
    world.advance(60);
    world.feed(BEN, &[(UATOM, "6")]).unwrap();
    world.feed(ANN, &[(UATOM, "4")]).unwrap();
    world.advance(60);
    assert_eq!(world.settled_price(UATOM), price("9"));
    world.advance(600);
    assert_eq!(world.settled_price(UATOM), price("6"));
}

/// Who bends the check to and fro holds the settled price once a day.
#[test]
fn a_check_that_flaps_holds_once_a_day() {
    let mut world = world();
    world.advance(60);
    let mut held = 0;
    for minute in 0..40 {
        world.feed(BEN, &[(UATOM, if minute % 2 == 0 { "10" } else { "5" })]).unwrap();
        world.feed(ANN, &[(UATOM, "5")]).unwrap();
        held += u64::from(world.price_record(UATOM).raw != PriceBand::at(price("5")));
        world.advance(60);
    }
    assert_eq!((held, world.settled_price(UATOM)), (5, price("5")));
    // A day after the first hold another may begin.
    world.feed(BEN, &[(UATOM, "5")]).unwrap();
    world.feed(ANN, &[(UATOM, "5")]).unwrap();
    world.advance(DAY);
    world.feed(BEN, &[(UATOM, "10")]).unwrap();
    world.feed(ANN, &[(UATOM, "5")]).unwrap();
    assert_eq!((world.price_record(UATOM).raw, standing(&world).held_since), (band("5", "10"), world.now()));
}

/// A check that fails protects nobody, and lets nobody down.
#[test]
fn a_silent_check_checks_nothing() {
    let mut world = world();
    world.advance(901);
    world.feed(ANN, &[(UATOM, "5")]).unwrap();
    let record = world.price_record(UATOM);
    assert_eq!((record.raw, record.extremes), (PriceBand::at(price("5")), PriceBand::at(price("5"))));
}

fn pyth_source(pyth: &Addr) -> Source {
    Source::Pyth(PythSource { contract: pyth.to_string(), id: ID.to_owned(), max_confidence: ratio("0.05") })
}

/// A live check of a fed price: anyone publishes it, and borrowing counts it from then on, vote or not. Nobody's vote
/// asks it, so one that burns all gas stops no feeder.
#[test]
fn a_live_check_is_published_by_anyone() {
    let mut world = World::builder().oracle(|oracle| oracle.source_delay = 0).lent(1_000_000).build();
    let pyth = world.pyth(UUSD);
    let post = |world: &mut World, text: i64| {
        world.advance(1);
        let now = world.now();
        world.post_price(ALICE, &pyth, &pyth_feed(ID, text, 0, 0, now)).unwrap();
    };
    post(&mut world, 10);
    world.set_check(UATOM, check(pyth_source(&pyth))).unwrap();
    world.deposit(BOB, UATOM, 100_000_000).unwrap();
    let before = world.max_borrow(BOB, UUSD);
    assert_eq!(values(&world.publish(ALICE, &[UATOM]).unwrap(), "pending"), [UATOM]);
    assert_eq!(world.max_borrow(BOB, UUSD), before);
    post(&mut world, 5);
    assert_eq!(world.max_borrow(BOB, UUSD), before);
    world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!(world.max_borrow(BOB, UUSD), before / 2);
    // The next vote counts the check too, and doesn't ask it.
    post(&mut world, 4);
    world.set_price(UATOM, "10");
    assert_eq!(world.price_record(UATOM).extremes, band("5", "10"));
    let stored = world.dump_of(world.oracle());
    assert_eq!(stored.keys().filter(|key| key.starts_with(b"\0\x01k")).count(), 1);
    world.remove_check(OWNER, UATOM).unwrap();
    assert!(!world.dump_of(world.oracle()).keys().any(|key| key.starts_with(b"\0\x01k")));
    world.set_price(UATOM, "10");
    assert_eq!(world.max_borrow(BOB, UUSD), before);
}

/// A rate and a price in the quote currency are compared in the rate's unit.
#[test]
fn a_rate_is_checked_against_a_price() {
    let mut world =
        World::builder().oracle(|oracle| oracle.source_delay = 0).edit(UUSD, |asset| asset.price = price("2")).build();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = world.pair_source(UATOM, &pair, UUSD);
    world.price_by_pair(UATOM, source);
    let fed = world.feed_source(&[BEN], 1);
    world.set_check(UATOM, check(fed)).unwrap();
    assert_eq!(world.price_record(UATOM).raw, PriceBand::at(price("5")));
    world.feed(BEN, &[(UATOM, "10.2")]).unwrap();
    world.publish(ALICE, &[UATOM]).unwrap();
    assert!(!standing(&world).diverges);
    world.feed(BEN, &[(UATOM, "12")]).unwrap();
    // Who borrows counts both, though nobody published.
    let DenomPrice::Valid { low, high, .. } = world.price(UATOM) else { panic!("it has a price") };
    assert_eq!((low, high), (price("10"), price("12")));
    world.publish(ALICE, &[UATOM]).unwrap();
    assert_eq!(world.price_record(UATOM).raw, band("5", "6"));
}

#[test]
fn set_check_waits_for_the_delay_and_lapses() {
    let mut world = World::builder().without_assets().build();
    let source = world.feed_source(&[ANN], 1);
    world.set_source(UATOM, source, guards()).unwrap();
    let named = check(world.feed_source(&[BEN], 1));
    let response = world.set_check(UATOM, named.clone()).unwrap();
    assert_eq!((values(&response, "action"), values(&response, "pending")), (vec!["set_check"], vec![UATOM]));
    let effective_at = world.now() + DAY;
    let answer = world.source(UATOM);
    assert_eq!((answer.check, answer.pending_check), (None, Some(PendingCheck { check: named.clone(), effective_at })));
    let denom = || UATOM.to_owned();
    let error = world.refused(|world| world.apply_check(OWNER, UATOM));
    assert!(error.is(&ContractError::TooEarly { denom: denom(), effective_at, now: world.now() }), "{error}");
    world.advance(DAY);
    let response = world.apply_check(OWNER, UATOM).unwrap();
    assert_eq!(values(&response, "action"), ["apply_check"]);
    let answer = world.source(UATOM);
    assert_eq!((answer.check.unwrap().check, answer.pending_check), (named.clone(), None));
    world.set_check(UATOM, named).unwrap();
    world.advance(8 * DAY + 1);
    let error = world.refused(|world| world.apply_check(OWNER, UATOM));
    let lapsed_at = world.now() - 1;
    assert!(error.is(&ContractError::Lapsed { denom: denom(), lapsed_at, now: world.now() }), "{error}");
    world.remove_check(GUARDIAN, UATOM).unwrap();
    assert_eq!((world.source(UATOM).check, world.source(UATOM).pending_check), (None, None));
    for msg in [ExecuteMsg::RemoveCheck { denom: denom() }, ExecuteMsg::ApplyCheck { denom: denom() }] {
        let error = world.refused(|world| world.execute_oracle(OWNER, &msg));
        assert!(error.is(&ContractError::NoCheck { denom: denom() }), "{error}");
    }
}

#[test]
fn set_check_by_anyone_but_the_owner_is_refused() {
    let mut world = world();
    let named = check(world.feed_source(&[ANN], 1));
    for sender in [ALICE, RISK_MANAGER, GUARDIAN] {
        let set = ExecuteMsg::SetCheck { denom: UATOM.to_owned(), check: named.clone() };
        for msg in [set, ExecuteMsg::ApplyCheck { denom: UATOM.to_owned() }] {
            let error = world.refused(|world| world.execute_oracle(sender, &msg));
            let sender = world.addr(sender).into_string();
            assert!(error.is(&OwnershipError::NotOwner { sender }), "{error}");
        }
    }
    world.refused(|world| world.remove_check(ALICE, UATOM));
}

#[test]
fn set_check_out_of_range_is_refused() {
    let mut world = world();
    let denom = || UATOM.to_owned();
    let fed = world.feed_source(&[BEN], 1);
    let more = Ratio::new(Ratio::ONE.raw() + 1);
    for (named, expected) in [
        (check(Source::Fixed { price: price("10") }), ContractError::FixedCheck { denom: denom() }),
        (
            CheckSource { max_divergence: Ratio::ZERO, ..check(fed.clone()) },
            ContractError::MaxDivergence { denom: denom(), max_divergence: Ratio::ZERO },
        ),
        (
            CheckSource { max_divergence: more, ..check(fed.clone()) },
            ContractError::MaxDivergence { denom: denom(), max_divergence: more },
        ),
        (
            CheckSource { hold: 3_601, ..check(fed.clone()) },
            ContractError::CheckHold { denom: denom(), hold: 3_601, max: 3_600 },
        ),
        (check(world.feed_source(&[ANN, BEN], 1)), ContractError::Quorum { denom: denom(), quorum: 1, feeders: 2 }),
    ] {
        let error = world.refused(|world| world.set_check(UATOM, named));
        assert!(error.is(&expected), "{error}");
    }
    let error = world.refused(|world| world.set_check("unknown", check(fed)));
    assert!(error.is(&ContractError::UnknownDenom { denom: "unknown".to_owned() }), "{error}");
}

/// A fixed price is observed once: a check that parts from it would widen its edges for ever.
#[test]
fn a_fixed_price_has_no_check() {
    let mut world = world();
    let fixed = || Source::Fixed { price: price("10") };
    let still = Guards { max_age: None, ..guards() };
    let expected = ContractError::FixedCheck { denom: UATOM.to_owned() };
    let error = world.refused(|world| world.set_source(UATOM, fixed(), still.clone()));
    assert!(error.is(&expected), "{error}");
    world.remove_check(OWNER, UATOM).unwrap();
    world.set_source(UATOM, fixed(), still).unwrap();
    let named = check(world.feed_source(&[BEN], 1));
    let error = world.refused(|world| world.set_check(UATOM, named));
    assert!(error.is(&expected), "{error}");
}

/// The announced source came to be in force before the announced check.
#[test]
fn apply_check_of_a_price_that_was_fixed_meanwhile_is_refused() {
    let mut world = World::builder().without_assets().build();
    world.set_source(UATOM, world.feed_source(&[ANN], 1), guards()).unwrap();
    let named = check(world.feed_source(&[BEN], 1));
    world.set_check(UATOM, named).unwrap();
    world.set_source(UATOM, Source::Fixed { price: price("10") }, Guards { max_age: None, ..guards() }).unwrap();
    world.advance(DAY);
    world.apply_source(OWNER, UATOM).unwrap();
    let error = world.refused(|world| world.apply_check(OWNER, UATOM));
    assert!(error.is(&ContractError::FixedCheck { denom: UATOM.to_owned() }), "{error}");
}

/// In production a check holds no longer than the slowest settled price of a live source takes to halve.
#[test]
fn set_check_in_production_has_a_shorter_hold() {
    let mut world = World::builder().without_assets().oracle(|oracle| oracle.production = true).build();
    let source = world.feed_source(&[ANN, BEN, ALICE], 2);
    let guards = Guards { max_deviation: ratio("0.05"), step_interval: 10, ..guards() };
    world.set_source(UATOM, source.clone(), guards.clone()).unwrap();
    let check = |hold| CheckSource { guards: guards.clone(), hold, ..check(source.clone()) };
    let error = world.refused(|world| world.set_check(UATOM, check(901)));
    let expected = ContractError::CheckHold { denom: UATOM.to_owned(), hold: 901, max: 900 };
    assert!(error.is(&expected), "{error}");
    world.set_check(UATOM, check(900)).unwrap();
}

proptest! {
    /// However the two come together and part, the settled price stands for at most `hold` seconds of any day.
    #[test]
    fn no_way_of_parting_holds_longer_than_once_a_day(
        hold in 1u64..=3_600,
        steps in prop::collection::vec((1u64..20_000, any::<bool>()), 1..60),
    ) {
        let seen = PriceBand::at(price("1"));
        let mut checked = Checked::first(&Observation { raw: seen, extremes: seen, time: 0 });
        let mut now = 1_000;
        let mut held: Vec<u64> = vec![];
        for (elapsed, diverges) in steps {
            now += elapsed;
            checked.note(diverges, now);
            prop_assert!(diverges || !checked.holds(hold, now));
            if checked.holds(hold, now) {
                held.push(now);
            }
        }
        for (at, begun) in held.iter().enumerate() {
            let of_the_day = held[at..].iter().filter(|time| **time < begun + HOLD_REST - hold);
            prop_assert!(of_the_day.clone().all(|time| time - begun < hold), "{held:?}");
        }
    }
}
