//! `migrate`: from an older version of the timelock, and from nothing else; and the bytes that a later version will
//! find.

use cosmwasm_std::{from_json, to_json_vec};
use plimsoll_schema::timelock::MigrateMsg;
use plimsoll_testing::{AppResponse, OWNER, World, WorldError, pool_code, timelock_code};
use plimsoll_timelock::state::{CONTRACT_NAME, CONTRACT_VERSION};
use serde_json::{Value, json};

use crate::setup::{DELAY, min_debt, set_min_debt, world};

const KEY: &[u8] = b"contract_info";

/// A timelock that says it is this contract in this version.
fn of_version(contract: &str, version: &str) -> World {
    let mut world = world();
    let timelock = world.timelock().clone();
    let info = to_json_vec(&json!({ "contract": contract, "version": version })).unwrap();
    world.storage_mut(&timelock).set(KEY, &info);
    world
}

fn migrate(world: &mut World) -> Result<AppResponse, WorldError> {
    let timelock = world.timelock().clone();
    world.migrate(&timelock, timelock_code(), &MigrateMsg {})
}

fn version(world: &World) -> Value {
    from_json(world.query_raw(world.timelock(), KEY).unwrap()).unwrap()
}

#[test]
fn instantiate_says_which_contract_this_is() {
    assert_eq!(version(&world()), json!({ "contract": CONTRACT_NAME, "version": CONTRACT_VERSION }));
}

#[test]
fn migrate_from_an_older_or_the_same_version_keeps_what_waits() {
    for from in ["0.0.1", CONTRACT_VERSION] {
        let mut world = of_version(CONTRACT_NAME, from);
        let call = set_min_debt(&world, 7);
        let id = world.queue_for_pool(&call);
        let before = world.entries();
        migrate(&mut world).unwrap();
        assert_eq!(version(&world)["version"], CONTRACT_VERSION);
        assert_eq!(world.entries(), before);
        world.advance(DELAY);
        world.apply(id).unwrap();
        assert_eq!(min_debt(&world), "7");
    }
}

#[test]
fn migrate_from_a_newer_version_or_another_contract_is_refused() {
    let mut world = of_version(CONTRACT_NAME, "99.0.0");
    let error = world.refused(migrate);
    assert!(error.to_string().contains("newer version (99.0.0) to older"), "{error}");
    let mut world = of_version("crates.io:plimsoll-pool", "0.0.1");
    let error = world.refused(migrate);
    assert!(error.to_string().ends_with("from crates.io:plimsoll-pool to crates.io:plimsoll-timelock"), "{error}");
    let mut world = of_version(CONTRACT_NAME, CONTRACT_VERSION);
    let error = world.refused(|world| {
        let timelock = world.timelock().clone();
        world.migrate(&timelock, pool_code(), &MigrateMsg {})
    });
    assert!(error.to_string().ends_with("from crates.io:plimsoll-timelock to crates.io:plimsoll-pool"), "{error}");
}

/// Varints, as postcard writes them: a length before each text, 1 before what is there of an option, 0 for none.
#[test]
fn records_keep_their_keys_and_bytes() {
    let mut world = world();
    let admin = world.addr(OWNER).into_string();
    let guardian = world.config().guardian.unwrap();
    let pool = world.pool().clone();
    let now = world.now();
    world.queue_bytes(OWNER, &pool, br#"{"pause":{}}"#).unwrap();

    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let varint = |mut number: u64| {
        let mut bytes = vec![];
        while number >= 128 {
            bytes.push(u8::try_from(number % 128 + 128).unwrap());
            number /= 128;
        }
        bytes.push(u8::try_from(number).unwrap());
        bytes
    };
    let times = [now, now + 172_800, now + 172_800 + 604_800].map(varint).concat();
    let entry =
        [vec![1], text(pool.as_str()), text("pause"), text(r#"{"pause":{}}"#), vec![0], times, vec![1]].concat();
    // cw-storage-plus puts a namespace's length in front of it, two bytes long, and keeps numbers in eight.
    let key = [b"\x00\x01q".as_slice(), &1u64.to_be_bytes()].concat();

    let mut stored = world.dump_of(world.timelock());
    stored.remove(KEY);
    let expected = [
        (b"c".to_vec(), [text(&admin), vec![1], text(&guardian), varint(172_800)].concat()),
        (b"n".to_vec(), vec![1, 1]),
        (key, entry),
    ];
    assert_eq!(stored, expected.into());
}
