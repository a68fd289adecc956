//! `migrate`: from an older version of the pair, and from nothing else.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::Outcome;
use cosmwasm_std::to_json_vec;
use plimsoll_pair::state::{CONTRACT_NAME, CONTRACT_VERSION};
use plimsoll_schema::pair::MigrateMsg;
use plimsoll_testing::{ALICE, Addr, UATOM, UUSD, World, oracle_code, pair_code, values};
use serde_json::json;

const KEY: &[u8] = b"contract_info";

/// A pair that says it is this contract in this version.
fn stored_as(contract: &str, version: &str) -> (World, Addr) {
    let mut world = World::new();
    let pair = world.pair(UATOM, UUSD, 10_000);
    let info = to_json_vec(&json!({ "contract": contract, "version": version })).unwrap();
    world.storage_mut(&pair).set(KEY, &info);
    (world, pair)
}

fn migrate(world: &mut World, contract: &Addr) -> Outcome {
    world.migrate(contract, pair_code(), &MigrateMsg {})
}

#[test]
fn migrate_from_an_older_or_the_same_version_keeps_everything_and_notes_the_version() {
    for from in ["0.0.1", CONTRACT_VERSION] {
        let (mut world, pair) = stored_as(CONTRACT_NAME, from);
        let before = world.dump_of(&pair);
        let response = migrate(&mut world, &pair).unwrap();
        assert_eq!(values(&response, "action"), ["migrate"]);
        assert_eq!(values(&response, "from"), [from]);
        let mut after = world.dump_of(&pair);
        let info = json!({ "contract": CONTRACT_NAME, "version": CONTRACT_VERSION });
        assert_eq!(after.insert(KEY.to_vec(), before[KEY].clone()).unwrap(), to_json_vec(&info).unwrap());
        assert_eq!(after, before);
        world.swap(ALICE, &pair, (UATOM, 1_000_000)).unwrap();
    }
}

#[test]
fn migrate_from_a_newer_version_is_refused() {
    let (mut world, pair) = stored_as(CONTRACT_NAME, "99.0.0");
    let error = world.refused(|world| migrate(world, &pair));
    assert!(error.to_string().contains("newer version (99.0.0) to older"), "{error}");
}

#[test]
fn migrate_from_another_contract_is_refused() {
    for other in ["crates.io:plimsoll-pool", "astroport-pair"] {
        let (mut world, pair) = stored_as(other, "0.0.1");
        let error = world.refused(|world| migrate(world, &pair));
        assert!(error.to_string().contains(other), "{error}");
    }
    let (mut world, pair) = stored_as(CONTRACT_NAME, CONTRACT_VERSION);
    let pool = world.pool().clone();
    world.refused(|world| migrate(world, &pool));
    world.refused(|world| world.migrate(&pair, oracle_code(), &MigrateMsg {}));
}
