//! `migrate`: from an older version of the oracle, and from nothing else.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use cosmwasm_std::{from_json, to_json_vec};
use plimsoll_oracle::state::{CONTRACT_NAME, CONTRACT_VERSION};
use plimsoll_schema::oracle::MigrateMsg;
use plimsoll_testing::{AppResponse, World, WorldError, oracle_code, pool_code};
use serde_json::{Value, json};

const KEY: &[u8] = b"contract_info";

/// An oracle that says it is this contract in this version.
fn world(contract: &str, version: &str) -> World {
    let mut world = World::new();
    let oracle = world.oracle().clone();
    let info = to_json_vec(&json!({ "contract": contract, "version": version })).unwrap();
    world.storage_mut(&oracle).set(KEY, &info);
    world
}

fn migrate(world: &mut World) -> Result<AppResponse, WorldError> {
    let oracle = world.oracle().clone();
    world.migrate(&oracle, oracle_code(), &MigrateMsg::default())
}

fn version(world: &World) -> Value {
    from_json(world.query_raw(world.oracle(), KEY).unwrap()).unwrap()
}

#[test]
fn instantiate_says_which_contract_this_is() {
    let world = World::new();
    assert_eq!(version(&world), json!({ "contract": CONTRACT_NAME, "version": CONTRACT_VERSION }));
}

#[test]
fn migrate_from_the_same_version_or_from_one_that_never_was_keeps_everything_and_notes_the_version() {
    for from in ["0.0.1", CONTRACT_VERSION] {
        let mut world = world(CONTRACT_NAME, from);
        let mut before = world.dump_of(world.oracle());
        migrate(&mut world).unwrap();
        assert_eq!(version(&world)["version"], CONTRACT_VERSION);
        let mut after = world.dump_of(world.oracle());
        before.remove(KEY);
        after.remove(KEY);
        assert_eq!(before, after);
    }
}

#[test]
fn migrate_from_a_newer_version_is_refused() {
    let mut world = world(CONTRACT_NAME, "99.0.0");
    let error = world.refused(migrate);
    assert!(error.to_string().contains("newer version (99.0.0) to older"), "{error}");
}

#[test]
fn migrate_from_another_contract_is_refused() {
    let mut world = World::new();
    let error = world.refused(|world| {
        let pool = world.pool().clone();
        world.migrate(&pool, oracle_code(), &MigrateMsg::default())
    });
    assert!(error.to_string().contains("to crates.io:plimsoll-oracle"), "{error}");
    let error = world.refused(|world| {
        let oracle = world.oracle().clone();
        world.migrate(&oracle, pool_code(), &json!({}))
    });
    assert!(error.to_string().contains("from crates.io:plimsoll-oracle"), "{error}");
}
