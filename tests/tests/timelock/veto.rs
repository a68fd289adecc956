//! `veto`: by the guardian, of all but roles and reopening.

use std::path::Path;

use plimsoll_schema::timelock::ExecuteMsg;
use plimsoll_testing::{ALICE, GUARDIAN, OWNER, RISK_MANAGER, values};
use plimsoll_timelock::error::ContractError;
use serde_json::{Value, json};

use crate::setup::{DELAY, WEEK, no_roles, not_the, refuses, set_min_debt, waiting, world};

/// The names of a contract's messages, from its published schema.
fn messages(contract: &str) -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../schema/json/{contract}.json"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let variants = schema["execute"]["oneOf"].as_array().unwrap();
    variants.iter().map(|variant| variant["required"][0].as_str().unwrap().to_owned()).collect()
}

#[test]
fn veto_drops_an_entry_from_when_it_is_queued_until_it_lapses() {
    for waited in [1, DELAY - 1, DELAY, DELAY + WEEK, DELAY + WEEK + 1] {
        let mut world = world();
        let call = set_min_debt(&world, 7);
        let id = world.queue_for_pool(&call);
        world.advance(waited);
        let response = world.veto(id).unwrap();
        assert_eq!(values(&response, "action"), ["veto"]);
        assert_eq!((values(&response, "id"), values(&response, "call")), (vec!["1"], vec!["update_config"]));
        assert!(waiting(&world).is_empty());
        refuses(&mut world, &ContractError::UnknownEntry { id }, |world| world.veto(id));
    }
}

#[test]
fn veto_is_possible_of_every_message_but_changes_of_roles_and_reopening() {
    let beyond_the_guardian = |contract: &str| match contract {
        "pool" => vec!["unpause", "update_owner", "update_roles"],
        "oracle" => vec!["update_guardian", "update_owner"],
        _ => vec!["update_roles"],
    };
    let mut world = world();
    for contract in ["pool", "oracle", "timelock"] {
        let address = match contract {
            "pool" => world.pool().clone(),
            "oracle" => world.oracle().clone(),
            _ => world.timelock().clone(),
        };
        let mut refused = Vec::new();
        for name in messages(contract) {
            world.queue(&address, &json!({ &name: {} })).unwrap();
            let id = waiting(&world)[0];
            match world.veto(id) {
                Ok(_) => {}
                Err(error) => {
                    assert!(error.is(&ContractError::NotVetoable { id, call: name.clone() }), "{error}");
                    world.cancel(OWNER, id).unwrap();
                    refused.push(name);
                }
            }
        }
        refused.sort();
        assert_eq!(refused, beyond_the_guardian(contract), "{contract}");
    }
}

#[test]
fn veto_of_roles_however_they_are_spelt_is_refused() {
    let mut world = world();
    let pool = world.pool().clone();
    let call = "update_roles".to_owned();
    for (id, msg) in [(1, r#"{"update_roles":{}}"#), (2, "{ \"update_\\u0072oles\" : {} }")] {
        world.queue_bytes(OWNER, &pool, msg.as_bytes()).unwrap();
        refuses(&mut world, &ContractError::NotVetoable { id, call: call.clone() }, |world| world.veto(id));
    }
}

#[test]
fn veto_by_anyone_but_the_guardian_is_refused() {
    let mut world = world();
    let call = set_min_debt(&world, 7);
    let id = world.queue_for_pool(&call);
    let pool = world.pool().clone();
    for sender in [OWNER, RISK_MANAGER, ALICE, pool.as_str()] {
        let error = not_the("guardian", &world, sender);
        refuses(&mut world, &error, |world| world.execute_timelock(sender, &ExecuteMsg::Veto { id }));
    }
}

#[test]
fn veto_where_nobody_is_guardian_is_refused() {
    let mut world = world();
    let admin = world.addr(OWNER).into_string();
    let id = world.queue_for_timelock(&ExecuteMsg::UpdateRoles { admin, guardian: None });
    world.advance(DELAY);
    world.apply(id).unwrap();
    let call = set_min_debt(&world, 7);
    let id = world.queue_for_pool(&call);
    let error = not_the("guardian", &world, GUARDIAN);
    refuses(&mut world, &error, |world| world.veto(id));
}

#[test]
fn veto_by_the_pools_guardian_of_today_is_the_timelocks_alone() {
    // The pool's guardian is replaced; the timelock's, who is somebody's own choice, stays.
    let mut world = world();
    let id = world.queue_for_pool(&no_roles());
    world.advance(DELAY);
    world.apply(id).unwrap();
    let call = set_min_debt(&world, 7);
    let id = world.queue_for_pool(&call);
    world.veto(id).unwrap();
}
