//! `update_owner`: proposed by one, accepted by the other.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use plimsoll_schema::oracle::{ConfigResponse, ExecuteMsg, QueryMsg};
use plimsoll_schema::ownership::{OwnerUpdate, Ownership, OwnershipError};
use plimsoll_testing::{ALICE, AppResponse, BOB, OWNER, World, WorldError};

fn world() -> World {
    World::builder().without_assets().build()
}

fn step(world: &mut World, sender: &str, step: OwnerUpdate) -> Result<AppResponse, WorldError> {
    world.execute_oracle(sender, &ExecuteMsg::UpdateOwner(step))
}

fn propose(world: &World, successor: &str) -> OwnerUpdate {
    OwnerUpdate::Propose { owner: world.addr(successor).into_string() }
}

fn ownership(world: &World) -> Ownership {
    world.query_oracle::<ConfigResponse>(&QueryMsg::Config {}).unwrap().ownership
}

#[test]
fn update_owner_changes_hands_when_the_successor_accepts() {
    let mut world = world();
    let to_alice = propose(&world, ALICE);
    step(&mut world, OWNER, to_alice).unwrap();
    let owner = world.addr(OWNER).into_string();
    let alice = world.addr(ALICE).into_string();
    assert_eq!(ownership(&world), Ownership { owner, proposed: Some(alice.clone()) });
    step(&mut world, ALICE, OwnerUpdate::Accept {}).unwrap();
    assert_eq!(ownership(&world), Ownership::new(alice));

    let to_bob = propose(&world, BOB);
    let error = world.refused(|world| step(world, OWNER, to_bob.clone()));
    assert!(error.is(&OwnershipError::NotOwner { sender: world.addr(OWNER).into_string() }), "{error}");
    step(&mut world, ALICE, to_bob).unwrap();
}

#[test]
fn update_owner_accepted_by_another_or_without_a_proposal_is_refused() {
    let mut world = world();
    let not_proposed = |world: &World, who| OwnershipError::NotProposed { sender: world.addr(who).into_string() };
    let error = world.refused(|world| step(world, OWNER, OwnerUpdate::Accept {}));
    assert!(error.is(&not_proposed(&world, OWNER)), "{error}");
    let to_alice = propose(&world, ALICE);
    step(&mut world, OWNER, to_alice).unwrap();
    let error = world.refused(|world| step(world, BOB, OwnerUpdate::Accept {}));
    assert!(error.is(&not_proposed(&world, BOB)), "{error}");
}

#[test]
fn update_owner_cancelled_can_not_be_accepted() {
    let mut world = world();
    let to_alice = propose(&world, ALICE);
    step(&mut world, OWNER, to_alice).unwrap();
    let error = world.refused(|world| step(world, ALICE, OwnerUpdate::Cancel {}));
    assert!(error.is(&OwnershipError::NotOwner { sender: world.addr(ALICE).into_string() }), "{error}");
    step(&mut world, OWNER, OwnerUpdate::Cancel {}).unwrap();
    let error = world.refused(|world| step(world, ALICE, OwnerUpdate::Accept {}));
    assert!(error.is(&OwnershipError::NotProposed { sender: world.addr(ALICE).into_string() }), "{error}");
}

#[test]
fn update_owner_to_what_is_no_address_or_by_anyone_else_is_refused() {
    let mut world = world();
    let nobody = OwnerUpdate::Propose { owner: "alice".to_owned() };
    let error = world.refused(|world| step(world, OWNER, nobody));
    assert!(error.to_string().contains("is not an address of this chain"), "{error}");
    let to_alice = propose(&world, ALICE);
    let error = world.refused(|world| step(world, ALICE, to_alice));
    assert!(error.is(&OwnershipError::NotOwner { sender: world.addr(ALICE).into_string() }), "{error}");
}
