//! `update_guardian`: by the owner, and what the guardian may do from then on.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_schema::access::BadAddress;
use plimsoll_schema::oracle::ExecuteMsg;
use plimsoll_schema::ownership::OwnershipError;
use plimsoll_testing::{ALICE, AppResponse, BOB, GUARDIAN, OWNER, World, WorldError, values};

fn world() -> World {
    World::builder().without_assets().build()
}

fn update(world: &mut World, sender: &str, guardian: Option<&str>) -> Result<AppResponse, WorldError> {
    let guardian = guardian.map(|name| world.addr(name).into_string());
    world.execute_oracle(sender, &ExecuteMsg::UpdateGuardian { guardian })
}

#[test]
fn update_guardian_names_another_or_nobody() {
    let mut world = world();
    assert_eq!(world.oracle_config().guardian, Some(world.addr(GUARDIAN).into_string()));
    let response = update(&mut world, OWNER, Some(ALICE)).unwrap();
    assert_eq!(values(&response, "action"), ["update_guardian"]);
    assert_eq!(world.oracle_config().guardian, Some(world.addr(ALICE).into_string()));
    update(&mut world, OWNER, None).unwrap();
    assert_eq!(world.oracle_config().guardian, None);
}

#[test]
fn update_guardian_by_anyone_but_the_owner_or_to_what_is_no_address_is_refused() {
    let mut world = world();
    for sender in [BOB, GUARDIAN] {
        let error = world.refused(|world| update(world, sender, Some(BOB)));
        let sender = world.addr(sender).into_string();
        assert!(error.is(&OwnershipError::NotOwner { sender }), "{error}");
    }
    let msg = ExecuteMsg::UpdateGuardian { guardian: Some("gus".to_owned()) };
    let error = world.refused(|world| world.execute_oracle(OWNER, &msg));
    assert!(error.is(&ContractError::BadAddress(BadAddress { address: "gus".to_owned() })), "{error}");
}
