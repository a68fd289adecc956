//! `migrate`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::indebted;
use plimsoll_schema::pool::MigrateMsg;
use plimsoll_testing::{ALICE, UUSD, World, oracle_code, pool_code, values};

/// Writes another contract's name and version behind the pool's back.
fn stored_as(world: &mut World, contract: &str, version: &str) {
    let pool = world.pool().clone();
    let info = format!(r#"{{"contract":"{contract}","version":"{version}"}}"#);
    world.storage_mut(&pool).set(b"contract_info", info.as_bytes());
}

fn migrate(world: &mut World) -> crate::support::Outcome {
    let pool = world.pool().clone();
    world.migrate(&pool, pool_code(), &MigrateMsg {})
}

#[test]
fn migrate_to_the_same_version_keeps_everything() {
    let mut world = indebted(640_000_000);
    let pool = world.pool().clone();
    let before = world.dump_of(world.pool());
    let position = world.position(ALICE);
    let response = migrate(&mut world).unwrap();
    assert_eq!(values(&response, "action"), ["migrate"]);
    assert_eq!(values(&response, "from"), [env!("CARGO_PKG_VERSION")]);
    assert_eq!(world.dump_of(&pool), before);
    assert_eq!(world.position(ALICE), position);
    world.repay(ALICE, UUSD, 5_000_000).unwrap();
}

#[test]
fn migrate_from_an_older_version_names_the_new_one() {
    let mut world = indebted(640_000_000);
    let pool = world.pool().clone();
    let before = world.dump_of(world.pool());
    stored_as(&mut world, "crates.io:plimsoll-pool", "0.0.9");
    let response = migrate(&mut world).unwrap();
    assert_eq!(values(&response, "from"), ["0.0.9"]);
    assert_eq!(world.dump_of(&pool), before);
}

#[test]
fn migrate_to_an_older_version_is_refused() {
    let mut world = indebted(640_000_000);
    stored_as(&mut world, "crates.io:plimsoll-pool", "99.0.0");
    let pool = world.pool().clone();
    let before = world.dump_of(&pool);
    let error = migrate(&mut world).unwrap_err().to_string();
    assert!(error.contains("99.0.0") && error.contains(env!("CARGO_PKG_VERSION")), "{error}");
    assert_eq!(world.dump_of(&pool), before);
}

#[test]
fn migrate_of_another_contracts_state_is_refused() {
    let mut world = World::new();
    for other in ["crates.io:plimsoll-oracle", "crates.io:somebody-else"] {
        stored_as(&mut world, other, "0.0.1");
        let pool = world.pool().clone();
        let before = world.dump_of(&pool);
        let error = migrate(&mut world).unwrap_err().to_string();
        assert!(error.contains(other) && error.contains("crates.io:plimsoll-pool"), "{error}");
        assert_eq!(world.dump_of(&pool), before);
    }
    // And so from the oracle's own state to the pool's code, and the other way round.
    let mut world = World::new();
    let oracle = world.oracle().clone();
    let pool = world.pool().clone();
    let error = world.migrate(&oracle, pool_code(), &MigrateMsg {}).unwrap_err().to_string();
    assert!(error.contains("crates.io:plimsoll-oracle") && error.contains("crates.io:plimsoll-pool"), "{error}");
    assert!(world.migrate(&pool, oracle_code(), &MigrateMsg {}).is_err());
    world.deposit(ALICE, UUSD, 5).unwrap();
}

#[test]
fn migrate_of_a_state_without_a_version_is_refused() {
    let mut world = World::new();
    let pool = world.pool().clone();
    world.storage_mut(&pool).remove(b"contract_info");
    let before = world.dump_of(&pool);
    migrate(&mut world).unwrap_err();
    assert_eq!(world.dump_of(&pool), before);
}
