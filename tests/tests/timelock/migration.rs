//! A queued migration: of a contract whose admin on the chain the timelock is, and vetoable whatever its message says.

use cosmwasm_std::{CosmosMsg, WasmMsg};
use cw_multi_test::Executor;
use plimsoll_schema::timelock::{Call, ExecuteMsg};
use plimsoll_testing::{OWNER, World, pool_code, values};
use plimsoll_timelock::error::ContractError;
use serde_json::json;

use crate::setup::{DELAY, refuses, waiting, world};

/// A world whose timelock may migrate the pool, and a new code for it.
fn migratable() -> (World, u64) {
    let mut world = world();
    let admin = world.timelock().to_string();
    let hand_over: CosmosMsg = WasmMsg::UpdateAdmin { contract_addr: world.pool().to_string(), admin }.into();
    let owner = world.addr(OWNER);
    world.app_mut().execute(owner, hand_over).unwrap();
    let code_id = world.app_mut().store_code(pool_code());
    (world, code_id)
}

fn code_of_pool(world: &World) -> u64 {
    world.app().contract_data(world.pool()).unwrap().code_id
}

#[test]
fn a_migration_waits_like_a_call_and_runs_once() {
    let (mut world, code_id) = migratable();
    let pool = world.pool().clone();
    let before = code_of_pool(&world);
    let response = world.queue_migration(&pool, code_id, &json!({})).unwrap();
    assert_eq!((values(&response, "call"), values(&response, "vetoable")), (vec!["migrate"], vec!["true"]));
    assert_eq!(values(&response, "migrate_to"), [code_id.to_string()]);
    assert_eq!(world.entries()[0].migrate_to, Some(code_id));
    world.advance(DELAY - 1);
    assert!(world.refused(|world| world.apply(1)).to_string().contains("can be applied at"));
    world.advance(1);
    assert_eq!(code_of_pool(&world), before);
    let response = world.apply(1).unwrap();
    assert_eq!(values(&response, "action"), ["apply", "migrate"]);
    assert_eq!(code_of_pool(&world), code_id);
    refuses(&mut world, &ContractError::UnknownEntry { id: 1 }, |world| world.apply(1));
}

#[test]
fn a_migration_can_be_vetoed_whatever_its_message_says() {
    let (mut world, code_id) = migratable();
    let pool = world.pool().clone();
    for (id, msg) in [(1, json!({})), (2, json!({ "unpause": {} })), (3, json!({ "update_roles": {}, "more": 1 }))] {
        world.queue_migration(&pool, code_id, &msg).unwrap();
        assert_eq!(world.entries()[0].call, "migrate");
        world.veto(id).unwrap();
    }
    assert!(waiting(&world).is_empty());
}

#[test]
fn a_migration_whose_message_is_no_object_or_too_long_is_refused() {
    let (mut world, code_id) = migratable();
    let contract = world.pool().to_string();
    for (bytes, text) in [
        (b"[]".to_vec(), "the message is not a JSON object"),
        (b"".to_vec(), "the message is not a JSON object"),
        ([b"{}".to_vec(), vec![b' '; 8_191]].concat(), "the message has 8193 bytes, 8192 are allowed"),
    ] {
        let msg = Call { contract: contract.clone(), msg: bytes.into(), migrate_to: Some(code_id) };
        let error = world.refused(|world| world.execute_timelock(OWNER, &ExecuteMsg::Queue { msg }));
        assert!(error.to_string().starts_with(text), "{error}");
    }
}

#[test]
fn a_migration_of_what_the_timelock_may_not_migrate_fails_and_waits() {
    let (mut world, code_id) = migratable();
    let oracle = world.oracle().clone();
    world.queue_migration(&oracle, code_id, &json!({})).unwrap();
    world.advance(DELAY);
    world.refused(|world| world.apply(1));
    assert_eq!(waiting(&world), [1]);
}
