//! `cancel_source`: the announced source goes, the one in force stays.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use plimsoll_oracle::error::ContractError;
use plimsoll_schema::oracle::ExecuteMsg;
use plimsoll_schema::ownership::OwnershipError;
use plimsoll_testing::{Asset, GUARDIAN, OWNER, UATOM, World, values};

const ANN: &str = "ann";
const BEN: &str = "ben";

/// `uatom` in force by Ann.
fn world() -> World {
    let mut world = World::builder().without_assets().build();
    let source = world.feed_source(&[ANN], 1);
    world.set_source(UATOM, source, Asset::new(UATOM, 6, "10").guards).unwrap();
    world.feed(ANN, &[(UATOM, "10")]).unwrap();
    world
}

fn replace(world: &mut World) {
    let source = world.feed_source(&[BEN], 1);
    world.set_source(UATOM, source, Asset::new(UATOM, 6, "10").guards).unwrap();
}

#[test]
fn cancel_source_drops_the_announced_source_and_nothing_else() {
    let mut world = world();
    let before = world.source(UATOM);
    let records = world.dump_of(world.oracle());
    replace(&mut world);
    let response = world.cancel_source(UATOM).unwrap();
    assert_eq!(values(&response, "action"), ["cancel_source"]);
    assert_eq!(values(&response, "denom"), [UATOM]);
    assert_eq!(world.source(UATOM), before);
    assert_eq!(world.dump_of(world.oracle()), records);
}

#[test]
fn cancel_source_leaves_nothing_to_apply() {
    let mut world = world();
    replace(&mut world);
    world.cancel_source(UATOM).unwrap();
    world.advance(86_400);
    let error = world.refused(|world| world.apply_source(OWNER, UATOM));
    assert!(error.is(&ContractError::NoPendingSource { denom: UATOM.to_owned() }), "{error}");
}

#[test]
fn cancel_source_without_an_announced_source_is_refused() {
    let mut world = world();
    let error = world.refused(|world| world.cancel_source(UATOM));
    assert!(error.is(&ContractError::NoPendingSource { denom: UATOM.to_owned() }), "{error}");
    let error = world.refused(|world| world.cancel_source("unknown"));
    assert!(error.is(&ContractError::UnknownDenom { denom: "unknown".to_owned() }), "{error}");
}

#[test]
fn cancel_source_by_anyone_but_the_owner_is_refused() {
    for sender in [BEN, GUARDIAN] {
        let mut world = world();
        replace(&mut world);
        let msg = ExecuteMsg::CancelSource { denom: UATOM.to_owned() };
        let error = world.refused(|world| world.execute_oracle(sender, &msg));
        let sender = world.addr(sender).into_string();
        assert!(error.is(&OwnershipError::NotOwner { sender }), "{error}");
    }
}
