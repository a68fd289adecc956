//! The heartbeat: every message of the oracle is a beat, and what it missed goes into each record.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a setup that fails is a failed test")]

use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_risk::units::Ratio;
use plimsoll_schema::oracle::{DenomPrice, ExecuteMsg, QueryMsg, Source};
use plimsoll_schema::ownership::OwnerUpdate;
use plimsoll_testing::{ALICE, FEEDERS, GUARDIAN, IBC_TOKEN, OWNER, UATOM, UUSD, World, ratio};

fn world() -> World {
    World::builder().oracle(|oracle| oracle.heartbeat_gap = 900).build()
}

#[test]
fn every_message_of_the_oracle_is_a_beat() {
    let mut world = world();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let pair = Source::Pair(world.pair_source(UATOM, &pair, UUSD));
    let guards = world.source(UATOM).guards;
    let feed = world.feed_source(&FEEDERS, 2);
    let owner = world.addr(ALICE).into_string();
    let denom = || UATOM.to_owned();
    let set =
        |source: &Source| ExecuteMsg::SetSource { denom: denom(), source: source.clone(), guards: guards.clone() };
    let fallback = ExecuteMsg::SetFallback { denom: denom(), source: feed, guards: guards.clone(), after: 900 };
    for (sender, msg) in [
        (OWNER, set(&pair)),
        (OWNER, ExecuteMsg::CancelSource { denom: denom() }),
        (OWNER, set(&pair)),
        (OWNER, fallback.clone()),
        (OWNER, ExecuteMsg::ApplySource { denom: denom() }),
        (OWNER, ExecuteMsg::ApplyFallback { denom: denom() }),
        (GUARDIAN, ExecuteMsg::RemoveFallback { denom: denom() }),
        (ALICE, ExecuteMsg::Publish { denoms: vec![denom()] }),
        (OWNER, ExecuteMsg::UpdateGuardian { guardian: None }),
        (OWNER, ExecuteMsg::UpdateOwner(OwnerUpdate::Propose { owner })),
    ] {
        world.advance(86_400);
        world.set_price(UUSD, "1");
        world.advance(100);
        world.execute_oracle(sender, &msg).unwrap_or_else(|error| panic!("{msg:?}: {error}"));
        assert_eq!(world.heartbeat().last, world.now(), "{msg:?} is no beat");
    }
    world.advance(10);
    world.feed(FEEDERS[0], &[(UUSD, "1")]).unwrap();
    assert_eq!(world.heartbeat().last, world.now());
    let answer: Heartbeat = world.query_oracle(&QueryMsg::Heartbeat {}).unwrap();
    assert_eq!(answer, world.heartbeat());
}

/// What is refused writes nothing, so it is no beat either.
#[test]
fn a_refused_message_is_no_beat() {
    let mut world = world();
    world.advance(1_000);
    world.refused(|world| world.feed(ALICE, &[(UATOM, "10")]));
    world.refused(|world| world.publish(ALICE, &[UATOM]));
}

/// Two hours without a word: 6,300 s more than 900. A record that is observed after it knows of them, one that isn't
/// declines later.
#[test]
fn a_gap_is_lost_time_that_a_silent_collateral_does_not_decline_by() {
    let mut world = world();
    let start = world.now();
    world.advance(7_200);
    world.set_price(UUSD, "1");
    assert_eq!(
        world.heartbeat(),
        Heartbeat {
            lost_seconds: 6_300,
            missed: 7_200,
            ..Heartbeat { resumed_at: start + 7_200, ..Heartbeat::start(900, start + 7_200) }
        }
    );
    assert_eq!((world.price_record(UUSD).lost_seconds, world.price_record(UATOM).lost_seconds), (6_300, 0));
    let remaining = |world: &World, denom: &str| match world.price(denom) {
        DenomPrice::Silent { remaining, .. } => remaining,
        _ => Ratio::ONE,
    };
    // Somebody keeps the oracle alive, and says nothing of uatom.
    while world.now() < start + 86_400 + 6_300 {
        world.advance(600);
        world.set_price(UUSD, "1");
    }
    let over = world.now() - (start + 86_400 + 6_300);
    assert!(over < 600);
    assert_eq!(remaining(&world, UATOM), Ratio::new((7 * 86_400 - u128::from(over)) * 10u128.pow(18) / (7 * 86_400)));
    // While nobody says a word nothing declines further than by the gap itself.
    let before = remaining(&world, IBC_TOKEN);
    world.advance(3 * 86_400);
    let after = remaining(&world, IBC_TOKEN);
    assert!(after < before && after.raw() > before.raw() - ratio("0.002").raw(), "{before} {after}");
}
