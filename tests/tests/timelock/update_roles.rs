//! `update_roles`: by the timelock itself, at once for all that waits.

use plimsoll_schema::access::BadAddress;
use plimsoll_schema::timelock::{ConfigResponse, ExecuteMsg};
use plimsoll_testing::{ALICE, BOB, GUARDIAN, OWNER, World, values};
use plimsoll_timelock::error::ContractError;

use crate::setup::{DELAY, not_the, refuses, set_min_debt, waiting, world};

fn roles(world: &World, admin: &str, guardian: Option<&str>) -> ExecuteMsg {
    let guardian = guardian.map(|name| world.addr(name).into_string());
    ExecuteMsg::UpdateRoles { admin: world.addr(admin).into_string(), guardian }
}

#[test]
fn update_roles_hands_over_what_waits_and_what_comes() {
    let mut world = world();
    let msg = roles(&world, ALICE, Some(BOB));
    let change = world.queue_for_timelock(&msg);
    let call = set_min_debt(&world, 7);
    let kept = world.queue_for_pool(&call);
    let dropped = world.queue_for_pool(&call);
    world.advance(DELAY);
    let response = world.apply(change).unwrap();
    let alice = world.addr(ALICE).into_string();
    let bob = world.addr(BOB).into_string();
    assert_eq!(values(&response, "action"), ["apply", "update_roles"]);
    assert_eq!((values(&response, "admin"), values(&response, "guardian")), (vec![alice.as_str()], vec![bob.as_str()]));
    assert_eq!(world.timelock_config(), ConfigResponse { admin: alice, guardian: Some(bob), delay: DELAY });

    let pool = world.pool().clone();
    let error = not_the("admin", &world, OWNER);
    refuses(&mut world, &error, |world| world.apply(kept));
    refuses(&mut world, &error, |world| world.cancel(OWNER, kept));
    refuses(&mut world, &error, |world| world.queue(&pool, &call));
    let error = not_the("guardian", &world, GUARDIAN);
    refuses(&mut world, &error, |world| world.veto(dropped));
    world.execute_timelock(BOB, &ExecuteMsg::Veto { id: dropped }).unwrap();
    world.execute_timelock(ALICE, &ExecuteMsg::Apply { id: kept }).unwrap();
    assert!(waiting(&world).is_empty());
}

#[test]
fn update_roles_by_anyone_but_the_timelock_itself_is_refused() {
    let mut world = world();
    let pool = world.pool().clone();
    for sender in [OWNER, GUARDIAN, ALICE, pool.as_str()] {
        let error = ContractError::NotItself { sender: world.addr(sender).into_string() };
        let msg = roles(&world, ALICE, None);
        refuses(&mut world, &error, |world| world.execute_timelock(sender, &msg));
    }
}

#[test]
fn update_roles_to_what_is_no_address_or_the_timelock_itself_is_refused() {
    let mut world = world();
    let timelock = world.timelock().to_string();
    let bad = || ContractError::BadAddress(BadAddress { address: "nobody".to_owned() });
    for (admin, guardian, error) in [
        ("nobody", None, bad()),
        (ALICE, Some("nobody"), bad()),
        (timelock.as_str(), None, ContractError::OwnRole { role: "admin" }),
        (ALICE, Some(timelock.as_str()), ContractError::OwnRole { role: "guardian" }),
    ] {
        let text = |name: &str| if name == "nobody" { name.to_owned() } else { world.addr(name).into_string() };
        let msg = ExecuteMsg::UpdateRoles { admin: text(admin), guardian: guardian.map(text) };
        let id = world.queue_for_timelock(&msg);
        world.advance(DELAY);
        refuses(&mut world, &error, |world| world.apply(id));
        world.cancel(OWNER, id).unwrap();
    }
}
