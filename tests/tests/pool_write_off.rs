//! `write_off`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

mod common;

use common::{assert_solvent, indebted, refuses, takes_no_funds};
use plimsoll_schema::oracle::PRICE_RECORDS;
use plimsoll_schema::pool::{ExecuteMsg, UserAccount};
use plimsoll_testing::{AETH, ALICE, BOB, LENDER, UATOM, UUSD, World, values};

/// 1,600 units of a token at a cent, against 10 USD: 16 ATOM fell from 160 USD to 0.16.
fn ruined() -> World {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 16_000_000).unwrap();
    world.borrow(ALICE, UUSD, 10_000_000).unwrap();
    world.set_price(UATOM, "0.01");
    world
}

#[test]
fn write_off_sweeps_the_dust_and_suppliers_bear_the_debt() {
    let mut world = ruined();
    let (bob, supply) = (world.balance(BOB, UUSD), world.market(UUSD).supply.raw());
    let response = world.write_off(BOB, ALICE).unwrap();
    assert_eq!(values(&response, "action"), ["write_off"]);
    assert_eq!(values(&response, "account"), [format!("{}/0", world.addr(ALICE))]);
    assert_eq!(values(&response, "denom"), [UATOM, UUSD]);
    assert_eq!(values(&response, "swept"), ["16000000uatom"]);
    assert_eq!(values(&response, "written_off"), ["10000000uusd"]);
    assert_eq!(values(&response, "borne_by_reserves"), ["0uusd"]);
    assert_eq!(values(&response, "borne_by_suppliers"), ["10000000uusd"]);

    assert_eq!(world.balance(BOB, UUSD), bob);
    assert_eq!(world.account(ALICE), Default::default());
    assert!(world.borrowers().is_empty());
    assert_eq!(world.market(UATOM).reserves.raw(), 16_000_000);
    assert_eq!(world.market(UUSD).supply.raw(), supply - 10_000_000);
    assert_eq!(world.supplied(LENDER, UATOM), 1_000_000_000_000);
    assert_solvent(&world);
    let text = "not bad debt: collateral 0, debt 0, dust 1";
    refuses(&mut world, text, |world| world.write_off(BOB, ALICE));
}

#[test]
fn write_off_of_collateral_worth_the_dust_value_is_refused() {
    let mut world = ruined();
    world.set_price(UATOM, "0.0625"); // 16 of them: 1 USD
    let text = "not bad debt: collateral 1, debt 10, dust 1";
    refuses(&mut world, text, |world| world.write_off(BOB, ALICE));
    world.set_price(UATOM, "0.062499999999999999");
    world.write_off(BOB, ALICE).unwrap();
}

#[test]
fn write_off_of_debt_that_the_collateral_covers_is_refused() {
    let mut world = ruined();
    // All but 0.15 USD repaid: 0.16 of collateral, dust as it is, covers that.
    world.repay(ALICE, UUSD, 9_850_000).unwrap();
    let text = "not bad debt: collateral 0.16, debt 0.15, dust 1";
    refuses(&mut world, text, |world| world.write_off(BOB, ALICE));
}

#[test]
fn write_off_of_a_healthy_or_empty_account_is_refused() {
    let mut world = indebted(640_000_000);
    let text = "not bad debt: collateral 1000, debt 640, dust 1";
    refuses(&mut world, text, |world| world.write_off(BOB, ALICE));
    world.deposit(BOB, UUSD, 1).unwrap();
    let text = "not bad debt: collateral 0.000001, debt 0, dust 1";
    refuses(&mut world, text, |world| world.write_off(ALICE, BOB));
    let text = "not bad debt: collateral 0, debt 0, dust 1";
    refuses(&mut world, text, |world| world.write_off(BOB, (ALICE, 9)));
}

#[test]
fn write_off_while_a_disabled_deposit_stands_is_refused() {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 16_000_000).unwrap();
    world.deposit(ALICE, AETH, 1_000_000_000_000_000).unwrap(); // 2 USD
    world.enable(ALICE, AETH, false).unwrap();
    world.borrow(ALICE, UUSD, 10_000_000).unwrap();
    world.set_price(UATOM, "0.01");
    let text = "not bad debt: collateral 2.16, debt 10, dust 1";
    refuses(&mut world, text, |world| world.write_off(BOB, ALICE));
    world.set_price(AETH, "20");
    let response = world.write_off(BOB, ALICE).unwrap();
    assert_eq!(values(&response, "swept"), ["16000000uatom", "1000000000000000aeth"]);
    assert_solvent(&world);
}

#[test]
fn write_off_of_one_account_leaves_the_others() {
    let mut world = ruined();
    world.deposit((ALICE, 1), AETH, 1_000_000_000_000_000_000).unwrap();
    world.borrow((ALICE, 1), UUSD, 10_000_000).unwrap();
    let other = world.account((ALICE, 1));
    refuses(&mut world, "not bad debt: collateral 2000, debt 10, dust 1", |world| world.write_off(BOB, (ALICE, 1)));
    world.write_off(BOB, ALICE).unwrap();
    assert_eq!(world.account((ALICE, 1)), other);
    assert_eq!(world.borrowers().len(), 1);
}

#[test]
fn write_off_takes_swept_collateral_of_the_owed_denom_as_reserves_first() {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 16_000_000).unwrap();
    world.borrow(ALICE, UUSD, 10_000_000).unwrap();
    world.deposit(ALICE, UUSD, 300_000).unwrap();
    world.set_price(UATOM, "0.01");
    // The 0.3 USD deposited become reserves, and reserves bear the loss before suppliers.
    let response = world.write_off(BOB, ALICE).unwrap();
    assert_eq!(values(&response, "swept"), ["16000000uatom", "300000uusd"]);
    assert_eq!(values(&response, "borne_by_reserves"), ["300000uusd"]);
    assert_eq!(values(&response, "borne_by_suppliers"), ["9700000uusd"]);
    assert_solvent(&world);
}

#[test]
fn write_off_with_a_failing_price_counts_collateral_at_its_upper_bound() {
    // ATOM may cost up to 10,000 USD: 16 of them might.
    let mut world = ruined();
    world.advance(3_601);
    world.set_prices(&[(UUSD, "1")]);
    let error = world.refused(|world| world.write_off(BOB, ALICE));
    assert!(error.to_string().starts_with("not bad debt: collateral 160000, debt 10.0000"), "{error}");
    // Nor does a price that is gone altogether make a debt bad.
    let oracle = world.oracle().clone();
    world.storage_mut(&oracle).remove(&PRICE_RECORDS.key(UATOM));
    let error = world.refused(|world| world.write_off(BOB, ALICE));
    assert!(error.to_string().starts_with("not bad debt: collateral "), "{error}");
}

#[test]
fn write_off_with_funds_is_refused() {
    let mut world = ruined();
    let msg = ExecuteMsg::WriteOff(UserAccount { user: world.addr(ALICE).into_string(), account_id: None });
    takes_no_funds(&mut world, BOB, &msg);
}

#[test]
fn write_off_of_a_bad_address_is_refused() {
    let msg = ExecuteMsg::WriteOff(UserAccount { user: "nobody".to_owned(), account_id: None });
    let text = "'nobody' is not an address of this chain";
    refuses(&mut World::new(), text, |world| world.execute(BOB, &msg, &[]));
}
