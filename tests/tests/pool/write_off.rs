//! `write_off`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{assert_solvent, indebted, refuses, takes_no_funds};
use plimsoll_risk::units::Value;
use plimsoll_schema::oracle::PRICE_RECORDS;
use plimsoll_schema::pool::{Config, ExecuteMsg, UserAccount};
use plimsoll_testing::{AETH, ALICE, Asset, BOB, LENDER, LIQUIDATOR, UATOM, UUSD, World, ratio, values};

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
    let bob = world.balance(BOB, UUSD);
    let supply = world.market(UUSD).supply.raw();
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
    // The dollar falls to 0.015: 0.16 of collateral, dust as it is, covers the 0.15 owed.
    world.set_price(UUSD, "0.015");
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
fn write_off_with_a_silent_price_counts_collateral_at_its_settled_price() {
    // 16 ATOM at a cent are 0.16 USD, silent or not.
    let mut world = ruined();
    world.advance(3_601);
    world.set_prices(&[(UUSD, "1")]);
    let before = world.snapshot();
    world.write_off(BOB, ALICE).unwrap();
    // At 6.25 cents they are a dollar, which is no dust.
    world.restore(&before);
    world.set_price(UATOM, "0.0625");
    world.advance(3_601);
    world.set_prices(&[(UUSD, "1")]);
    let error = world.refused(|world| world.write_off(BOB, ALICE));
    assert!(error.to_string().starts_with("not bad debt: collateral 1, debt 10.0000"), "{error}");
    // Nor does a price that is gone altogether make a debt bad.
    world.restore(&before);
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

/// As much as five units may count as dust. Where it was up to a thousand, a stranger had 999.6 of collateral swept and
/// 1,010 of debt written off.
#[test]
fn write_off_of_an_account_that_has_most_of_its_debt_is_refused_at_the_most_dust() {
    let most = |config: &mut Config| {
        (config.liquidation.dust_value, config.min_debt_value) = (Value::whole(5), Value::whole(6))
    };
    let mut world = World::builder().pool(most).lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 200_000_000).unwrap();
    world.borrow(ALICE, UUSD, 1_010_000_000).unwrap();
    world.set_price(UATOM, "4.998");
    let text = "not bad debt: collateral 999.6, debt 1010, dust 5";
    refuses(&mut world, text, |world| world.write_off(BOB, ALICE));
    // 4.999 is dust, five are none.
    world.set_price(UATOM, "0.025");
    refuses(&mut world, "not bad debt: collateral 5, debt 1010, dust 5", |world| world.write_off(BOB, ALICE));
    world.set_price(UATOM, "0.024999");
    world.write_off(BOB, ALICE).unwrap();
}

/// 1,898.4 of collateral for 2,000 of debt. Where a thousand counted as dust, repaying 900 left less than that and
/// booked a loss of 1,100, though all the collateral pays for 1,879 at a cost of 1 % to sell it.
#[test]
fn write_off_is_not_forced_by_repaying_a_part() {
    let most = |config: &mut Config| {
        (config.liquidation.dust_value, config.min_debt_value) = (Value::whole(5), Value::whole(6))
    };
    let edit = |asset: &mut Asset| asset.params.sale_cost = Some(ratio("0.01"));
    let mut world = World::builder().pool(most).edit(UATOM, edit).lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 300_000_000).unwrap();
    world.borrow(ALICE, UUSD, 2_000_000_000).unwrap();
    world.set_price(UATOM, "6.328");
    let lent = world.supplied(LENDER, UUSD);
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 900_000_000)).unwrap();
    assert!(values(&response, "written_off").is_empty());
    assert_eq!((world.owed(ALICE, UUSD), world.supplied(LENDER, UUSD)), (1_100_000_000, lent));
    // The rest pays for the rest: 989.4 / 1.01 = 979.6, and 120.4 are lost in all.
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 1_100_000_000)).unwrap();
    let lost = lent - world.supplied(LENDER, UUSD);
    assert!((120_000_000..121_000_000).contains(&lost), "{lost}");
}
