//! `apply`: by its admin, not early, not late, once, and as the contract takes it then.

use plimsoll_schema::timelock::ExecuteMsg;
use plimsoll_testing::{ALICE, GUARDIAN, OWNER, RISK_MANAGER, values};
use plimsoll_timelock::error::ContractError;

use crate::setup::{DELAY, WEEK, min_debt, no_roles, not_the, refuses, set_min_debt, waiting, world};

#[test]
fn apply_sends_the_call_from_the_first_second_after_the_delay_to_the_last_of_the_week() {
    for waited in [172_800, 172_801, 172_800 + 604_799, 172_800 + 604_800] {
        let mut world = world();
        let call = set_min_debt(&world, 7);
        let id = world.queue_for_pool(&call);
        world.advance(waited);
        assert_eq!(min_debt(&world), "5", "it takes force by itself after {waited} s");
        let response = world.apply(id).unwrap();
        assert_eq!(min_debt(&world), "7");
        assert_eq!(values(&response, "action"), ["apply", "update_config"]);
        assert_eq!(values(&response, "id"), ["1"]);
        assert_eq!(values(&response, "call"), ["update_config"]);
        assert_eq!(values(&response, "contract"), [world.pool().as_str()]);
        assert!(waiting(&world).is_empty());
    }
}

#[test]
fn apply_before_the_delay_is_over_is_refused() {
    for waited in [0, 1, 172_799] {
        let mut world = world();
        let call = set_min_debt(&world, 7);
        let effective_at = world.now() + 172_800;
        let id = world.queue_for_pool(&call);
        if waited > 0 {
            world.advance(waited);
        }
        let early = ContractError::TooEarly { id, effective_at, now: world.now() };
        refuses(&mut world, &early, |world| world.apply(id));
    }
}

#[test]
fn apply_after_the_week_is_refused() {
    for waited in [172_800 + 604_801, 400 * 86_400] {
        let mut world = world();
        let call = set_min_debt(&world, 7);
        let lapses_at = world.now() + 172_800 + 604_800;
        let id = world.queue_for_pool(&call);
        world.advance(waited);
        let late = ContractError::Lapsed { id, lapses_at, now: world.now() };
        refuses(&mut world, &late, |world| world.apply(id));
    }
}

#[test]
fn apply_of_what_can_not_be_vetoed_waits_just_as_long() {
    let mut world = world();
    let effective_at = world.now() + 172_800;
    let id = world.queue_for_pool(&no_roles());
    world.advance(DELAY - 1);
    let early = ContractError::TooEarly { id, effective_at, now: world.now() };
    refuses(&mut world, &early, |world| world.apply(id));
    world.advance(1);
    world.apply(id).unwrap();
    assert_eq!((world.config().risk_manager, world.config().guardian), (None, None));
}

#[test]
fn apply_by_anyone_but_the_admin_is_refused() {
    let mut world = world();
    let call = set_min_debt(&world, 7);
    let id = world.queue_for_pool(&call);
    world.advance(DELAY);
    let pool = world.pool().clone();
    for sender in [GUARDIAN, RISK_MANAGER, ALICE, pool.as_str()] {
        let error = not_the("admin", &world, sender);
        refuses(&mut world, &error, |world| world.execute_timelock(sender, &ExecuteMsg::Apply { id }));
    }
}

#[test]
fn apply_twice_and_of_what_never_waited_is_refused() {
    let mut world = world();
    let call = set_min_debt(&world, 7);
    let id = world.queue_for_pool(&call);
    world.advance(DELAY);
    world.apply(id).unwrap();
    for unknown in [id, 0, 2, u64::MAX] {
        refuses(&mut world, &ContractError::UnknownEntry { id: unknown }, |world| world.apply(unknown));
    }
}

#[test]
fn apply_after_a_veto_or_a_cancel_is_refused_at_any_time() {
    let mut world = world();
    let call = set_min_debt(&world, 7);
    let vetoed = world.queue_for_pool(&call);
    world.veto(vetoed).unwrap();
    let cancelled = world.queue_for_pool(&call);
    world.cancel(OWNER, cancelled).unwrap();
    for wait in [1, DELAY - 1, WEEK, 1] {
        world.advance(wait);
        for id in [vetoed, cancelled] {
            refuses(&mut world, &ContractError::UnknownEntry { id }, |world| world.apply(id));
        }
    }
    assert_eq!(min_debt(&world), "5");
}

#[test]
fn apply_of_what_the_contract_refuses_changes_nothing_and_the_entry_waits_until_it_lapses() {
    let mut world = world();
    // Above what the pool takes for the least debt, 10,000.
    let call = set_min_debt(&world, 10_001);
    let id = world.queue_for_pool(&call);
    world.advance(DELAY);
    for _ in 0..2 {
        let error = world.refused(|world| world.apply(id));
        assert_eq!(error.to_string(), "min_debt_value 10001 is above 100");
        assert_eq!(waiting(&world), [id]);
    }
    world.advance(WEEK + 1);
    let error = world.refused(|world| world.apply(id));
    assert!(error.to_string().contains("lapsed"), "{error}");
}
