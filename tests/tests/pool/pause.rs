//! `pause` and `unpause`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{Outcome, indebted, refuses, takes_no_funds};
use plimsoll_schema::pool::{AssetChanges, ExecuteMsg};
use plimsoll_testing::{
    AETH, ALICE, BOB, GUARDIAN, IBC_TOKEN, LENDER, LIQUIDATOR, OWNER, RISK_MANAGER, UATOM, UUSD, World, values,
};

fn stop(denom: Option<&str>, deposit: bool, borrow: bool) -> ExecuteMsg {
    ExecuteMsg::Pause { denom: denom.map(str::to_owned), deposit, borrow, flash_loan: false }
}

fn unpause(world: &mut World, who: &str, denom: &str) -> Outcome {
    world.execute(who, &open(denom, true, true), &[])
}

fn open(denom: &str, deposit: bool, borrow: bool) -> ExecuteMsg {
    ExecuteMsg::Unpause { denom: denom.to_owned(), deposit, borrow, flash_loan: false }
}

fn switches(world: &World, denom: &str) -> (bool, bool) {
    let enabled = world.market(denom).params.enabled;
    (enabled.deposit, enabled.borrow)
}

#[test]
fn pause_of_one_market_leaves_the_others() {
    let mut world = World::new();
    let response = world.execute(GUARDIAN, &stop(Some(UATOM), true, true), &[]).unwrap();
    assert_eq!(values(&response, "action"), ["pause"]);
    assert_eq!(values(&response, "denom"), [UATOM]);
    assert_eq!(switches(&world, UATOM), (false, false));
    for denom in [UUSD, IBC_TOKEN, AETH] {
        assert_eq!(switches(&world, denom), (true, true));
    }
}

#[test]
fn pause_of_all_markets_names_each() {
    let mut world = World::new();
    let response = world.execute(GUARDIAN, &stop(None, false, true), &[]).unwrap();
    assert_eq!(values(&response, "denom"), [UUSD, UATOM, IBC_TOKEN, AETH]);
    for denom in [UUSD, UATOM, IBC_TOKEN, AETH] {
        assert_eq!(switches(&world, denom), (true, false));
    }
}

#[test]
fn pause_opens_nothing() {
    let mut world = World::new();
    world.execute(GUARDIAN, &stop(Some(UATOM), true, false), &[]).unwrap();
    world.execute(GUARDIAN, &stop(Some(UATOM), false, true), &[]).unwrap();
    assert_eq!(switches(&world, UATOM), (false, false));
    world.execute(GUARDIAN, &stop(None, false, false), &[]).unwrap();
    assert_eq!(switches(&world, UATOM), (false, false));
}

#[test]
fn pause_is_the_guardians_and_the_owners() {
    let mut world = World::new();
    for who in [ALICE, RISK_MANAGER, LENDER] {
        let text = format!("{} is not the owner or guardian", world.addr(who));
        refuses(&mut world, &text, |world| world.execute(who, &stop(None, true, true), &[]));
    }
    world.execute(OWNER, &stop(None, true, true), &[]).unwrap();
}

#[test]
fn pause_lets_out_and_lets_rescue_and_nothing_else() {
    let mut world = indebted(640_000_000);
    world.deposit(BOB, UATOM, 100_000_000).unwrap();
    world.execute(GUARDIAN, &stop(None, true, true), &[]).unwrap();
    refuses(&mut world, "deposit of uatom is stopped", |world| world.deposit(BOB, UATOM, 5));
    refuses(&mut world, "deposit of uusd is stopped", |world| world.deposit(ALICE, UUSD, 5));
    refuses(&mut world, "borrow of uusd is stopped", |world| world.borrow(BOB, UUSD, 10_000_000));
    refuses(&mut world, "borrow of uusd is stopped", |world| world.borrow(ALICE, UUSD, 10_000_000));
    assert_eq!(world.max_borrow(ALICE, UUSD), 0);

    // At 9 USD her 100 ATOM carry 630 of 640: what brings her back within that is let in.
    world.set_price(UATOM, "9");
    world.deposit(ALICE, UATOM, 1_000_000).unwrap();
    world.repay(ALICE, UUSD, 40_000_000).unwrap();
    world.enable(BOB, UATOM, false).unwrap();
    world.withdraw(BOB, UATOM, 5).unwrap();
    world.set_price(UATOM, "7");
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 50_000_000)).unwrap();
}

#[test]
fn unpause_is_the_owners_alone() {
    let mut world = World::new();
    world.execute(GUARDIAN, &stop(None, true, true), &[]).unwrap();
    for who in [GUARDIAN, RISK_MANAGER, ALICE] {
        let text = format!("{} is not the owner", world.addr(who));
        refuses(&mut world, &text, |world| unpause(world, who, UATOM));
    }
    let response = unpause(&mut world, OWNER, UATOM).unwrap();
    assert_eq!(values(&response, "action"), ["unpause"]);
    assert_eq!(values(&response, "denom"), [UATOM]);
    assert_eq!((switches(&world, UATOM), switches(&world, UUSD)), ((true, true), (false, false)));
    world.deposit(ALICE, UATOM, 5).unwrap();
}

#[test]
fn unpause_opens_what_is_named_and_stops_nothing() {
    let mut world = World::new();
    let all = ExecuteMsg::Pause { denom: None, deposit: true, borrow: true, flash_loan: true };
    world.execute(GUARDIAN, &all, &[]).unwrap();
    for (msg, expected) in [
        (open(UATOM, false, false), (false, false)),
        (open(UATOM, true, false), (true, false)),
        (open(UATOM, false, false), (true, false)),
        (open(UATOM, false, true), (true, true)),
    ] {
        world.execute(OWNER, &msg, &[]).unwrap();
        assert_eq!(switches(&world, UATOM), expected);
        assert!(!world.market(UATOM).params.enabled.flash_loan);
    }
    let msg = ExecuteMsg::Unpause { denom: UATOM.to_owned(), deposit: false, borrow: false, flash_loan: true };
    for msg in [msg, open(UATOM, false, false)] {
        world.execute(OWNER, &msg, &[]).unwrap();
        assert!(world.market(UATOM).params.enabled.flash_loan);
    }
}

#[test]
fn pause_stays_when_parameters_change() {
    let mut world = World::new();
    world.execute(GUARDIAN, &stop(Some(UATOM), true, true), &[]).unwrap();
    world.update_asset(UATOM, AssetChanges::default()).unwrap();
    assert_eq!(switches(&world, UATOM), (false, false));
}

#[test]
fn pause_and_unpause_of_an_unlisted_denom_are_refused() {
    let mut world = World::new();
    let text = "'ushell' is not listed";
    refuses(&mut world, text, |world| world.execute(GUARDIAN, &stop(Some("ushell"), true, true), &[]));
    refuses(&mut world, text, |world| unpause(world, OWNER, "ushell"));
}

#[test]
fn pause_and_unpause_with_funds_are_refused() {
    let mut world = World::new();
    takes_no_funds(&mut world, GUARDIAN, &stop(None, true, true));
    takes_no_funds(&mut world, OWNER, &open(UATOM, true, true));
}
