//! `accept_ownership`: by anyone, of what proposes the timelock, and nothing more.

use plimsoll_schema::access::BadAddress;
use plimsoll_schema::ownership::{OwnedMsg, OwnerUpdate, Ownership, OwnershipError};
use plimsoll_schema::timelock::{ExecuteMsg, InstantiateMsg};
use plimsoll_testing::{ALICE, Addr, BOB, GUARDIAN, OWNER, World, timelock_code, values};
use plimsoll_timelock::error::ContractError;

use crate::setup::{DELAY, refuses, world};

/// A pool and an oracle that [`OWNER`] owns, and a timelock that owns neither.
fn apart() -> (World, Addr) {
    let mut world = World::builder().without_assets().build();
    let msg = InstantiateMsg { admin: world.addr(OWNER).into_string(), guardian: None, delay: DELAY };
    let timelock = world.deploy(timelock_code(), OWNER, &msg, &[], "timelock").unwrap();
    (world, timelock)
}

fn accept(contract: &Addr) -> ExecuteMsg {
    ExecuteMsg::AcceptOwnership { contract: contract.to_string() }
}

fn propose(owner: &Addr) -> OwnedMsg {
    OwnedMsg::UpdateOwner(OwnerUpdate::Propose { owner: owner.to_string() })
}

#[test]
fn accept_ownership_by_anyone_takes_over_what_proposes_the_timelock() {
    let (mut world, timelock) = apart();
    for contract in [world.pool().clone(), world.oracle().clone()] {
        world.execute_contract(OWNER, &contract, &propose(&timelock), &[]).unwrap();
        let response = world.execute_contract(ALICE, &timelock, &accept(&contract), &[]).unwrap();
        assert_eq!(values(&response, "action"), ["accept_ownership", "update_owner"]);
        assert_eq!(values(&response, "contract"), [contract.as_str()]);
        let error = world.execute_contract(OWNER, &contract, &propose(&timelock), &[]).unwrap_err();
        assert!(error.is(&OwnershipError::NotOwner { sender: world.addr(OWNER).into_string() }), "{error}");
    }
    let owned = Ownership::new(timelock.into_string());
    assert_eq!((world.config().ownership, world.oracle_config().ownership), (owned.clone(), owned));
}

#[test]
fn accept_ownership_of_what_does_not_propose_the_timelock_is_refused() {
    let (mut world, timelock) = apart();
    let pool = world.pool().clone();
    let not_proposed = OwnershipError::NotProposed { sender: timelock.to_string() };
    let asks = |world: &mut World| world.execute_contract(ALICE, &timelock, &accept(&pool), &[]);
    assert!(world.refused(asks).is(&not_proposed));
    let bob = world.addr(BOB);
    world.execute_contract(OWNER, &pool, &propose(&bob), &[]).unwrap();
    assert!(world.refused(asks).is(&not_proposed));
    world.execute_contract(OWNER, &pool, &propose(&timelock), &[]).unwrap();
    world.execute_contract(OWNER, &pool, &OwnedMsg::UpdateOwner(OwnerUpdate::Cancel {}), &[]).unwrap();
    assert!(world.refused(asks).is(&not_proposed));
}

#[test]
fn accept_ownership_undoes_no_handing_over() {
    let mut world = world();
    let bob = world.addr(BOB);
    let pool = world.pool().clone();
    world.queue(&pool, &propose(&bob)).unwrap();
    world.advance(DELAY);
    world.apply(1).unwrap();
    for sender in [OWNER, GUARDIAN, ALICE] {
        let error = world.refused(|world| world.execute_timelock(sender, &accept(&pool)));
        assert!(error.is(&OwnershipError::NotProposed { sender: world.timelock().to_string() }), "{error}");
    }
    world.execute_contract(BOB, &pool, &OwnedMsg::UpdateOwner(OwnerUpdate::Accept {}), &[]).unwrap();
    assert_eq!(world.config().ownership, Ownership::new(bob.into_string()));
}

#[test]
fn accept_ownership_of_what_is_no_address_or_no_owned_contract_is_refused() {
    let mut world = world();
    let bad = ContractError::BadAddress(BadAddress { address: "pool".to_owned() });
    refuses(&mut world, &bad, |world| {
        world.execute_timelock(ALICE, &ExecuteMsg::AcceptOwnership { contract: "pool".to_owned() })
    });
    // Itself has no owner; a liquidator has none either; and where no contract is, nobody answers.
    let liquidator = world.liquidator();
    for contract in [world.timelock().clone(), liquidator, world.addr(BOB)] {
        world.refused(|world| world.execute_timelock(ALICE, &accept(&contract)));
    }
}
