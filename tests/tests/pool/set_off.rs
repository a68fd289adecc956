//! `set_off`: an account's deposit pays its debt in the same denom.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{assert_solvent, indebted, refuses, takes_no_funds};
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{
    AssetChanges, ExecuteMsg, Listed, QueryMsg, ReservesRequest, ReservesRequestResponse, UserAsset,
};
use plimsoll_testing::{AETH, ALICE, BOB, LENDER, LIQUIDATOR, OWNER, UATOM, UUSD, World, ratio, values};

/// Alice owes 640 USD against 100 ATOM that fall to 800, and has so many base units of a dollar deposited, which carry
/// nothing.
fn fallen_with(deposit: u128) -> World {
    let mut world = indebted(640_000_000);
    world.deposit(ALICE, UUSD, deposit).unwrap();
    world.set_price(UATOM, "8");
    world
}

#[test]
fn set_off_has_the_deposit_pay_the_debt_and_moves_no_coins() {
    let mut world = fallen_with(50_000_000);
    let pool = world.pool().clone();
    let before = world.market(UUSD);
    let held = [BOB, ALICE].map(|who| world.balance(who, UUSD));
    let cash = world.balance(&pool, UUSD);
    let response = world.set_off(BOB, ALICE, UUSD).unwrap();

    assert_eq!((world.owed(ALICE, UUSD), world.supplied(ALICE, UUSD)), (590_000_000, 0));
    assert_eq!([BOB, ALICE].map(|who| world.balance(who, UUSD)), held);
    let after = world.market(UUSD);
    assert_eq!((world.balance(&pool, UUSD), after.stored.cash), (cash, before.stored.cash));
    assert_eq!(after.supply.raw(), before.supply.raw() - 50_000_000);
    assert_eq!(after.reserves, before.reserves);
    assert_eq!(world.supplied(LENDER, UUSD), 1_000_000_000_000);
    // The ATOM stand as they did; 600 are carried of 590 now.
    assert_eq!(world.supplied(ALICE, UATOM), 100_000_000);
    assert!(!world.position(ALICE).liquidatable);
    for (key, value) in [
        ("action", "set_off"),
        ("account", &format!("{}/0", world.addr(ALICE))),
        ("denom", UUSD),
        ("amount", "50000000"),
        ("shares", "50000000000000"),
    ] {
        assert_eq!(values(&response, key), [value], "{key}");
    }
    assert_solvent(&world);
}

#[test]
fn set_off_of_a_deposit_larger_than_the_debt_clears_it_and_leaves_the_rest() {
    let mut world = fallen_with(1_000_000_000);
    world.set_off(LIQUIDATOR, ALICE, UUSD).unwrap();
    assert!(world.account(ALICE).debts.is_empty());
    assert_eq!(world.supplied(ALICE, UUSD), 360_000_000);
    assert!(world.borrowers().is_empty());
    assert_eq!(world.market(UUSD).borrow_index.to_string(), "1");
    // Nobody is in its way any more.
    world.withdraw_all(ALICE, UUSD).unwrap();
    world.withdraw_all(ALICE, UATOM).unwrap();
    assert_solvent(&world);
}

#[test]
fn set_off_by_the_owner_works_too() {
    let mut world = fallen_with(50_000_000);
    world.set_off(ALICE, ALICE, UUSD).unwrap();
    assert_eq!(world.owed(ALICE, UUSD), 590_000_000);
}

/// After a year at an index above 1 both sides are rounded against the account, by less than a unit of scaled debt.
#[test]
fn set_off_rounds_against_the_account_and_takes_nothing_from_others() {
    let mut world = indebted(640_000_000);
    world.deposit(BOB, AETH, 1_000_000_000_000_000_000_000).unwrap();
    world.borrow(BOB, UUSD, 900_000_000_000).unwrap();
    world.deposit(ALICE, UUSD, 77_777_777).unwrap();
    world.advance_fresh(365 * 86_400);
    world.set_price(UATOM, "8");
    let owed = world.owed(ALICE, UUSD);
    let supplied = world.supplied(ALICE, UUSD);
    let lent = world.supplied(LENDER, UUSD);
    assert!(owed > 900_000_000 && supplied > 100_000_000);
    let response = world.set_off(BOB, ALICE, UUSD).unwrap();
    let paid: u128 = values(&response, "amount")[0].parse().unwrap();
    let fell = owed - world.owed(ALICE, UUSD);
    assert!(paid <= supplied && paid + 2 > supplied, "{paid} of {supplied}");
    assert!(fell <= paid && fell + 1 >= paid, "{fell} for {paid}");
    assert!(world.supplied(ALICE, UUSD) <= supplied - paid);
    assert!(world.supplied(LENDER, UUSD) >= lent);
    assert_solvent(&world);
}

#[test]
fn set_off_of_a_healthy_account_is_refused() {
    let mut world = indebted(640_000_000);
    world.deposit(ALICE, UUSD, 50_000_000).unwrap();
    let text = "account is healthy: its adjusted collateral of 750 covers its debt of 640";
    refuses(&mut world, text, |world| world.set_off(BOB, ALICE, UUSD));
    // At a health factor of exactly 1 it is healthy.
    world.set_price(UATOM, "8.533333333333333334");
    let error = world.refused(|world| world.set_off(BOB, ALICE, UUSD)).to_string();
    assert!(error.starts_with("account is healthy: its adjusted collateral of 640."), "{error}");
    assert!(error.ends_with(" covers its debt of 640"), "{error}");
    world.set_price(UATOM, "8.533333333333333333");
    world.set_off(BOB, ALICE, UUSD).unwrap();
    // Once: then it is healthy again.
    let text = no_deposit(&world);
    refuses(&mut world, &text, |world| world.set_off(BOB, ALICE, UUSD));
}

fn no_deposit(world: &World) -> String {
    format!("account {}/0 has no deposit of uusd", world.addr(ALICE))
}

#[test]
fn set_off_without_a_deposit_or_a_debt_in_the_denom_is_refused() {
    let mut world = indebted(640_000_000);
    world.set_price(UATOM, "8");
    let text = no_deposit(&world);
    refuses(&mut world, &text, |world| world.set_off(BOB, ALICE, UUSD));
    let text = format!("account {}/0 has no debt of uatom", world.addr(ALICE));
    refuses(&mut world, &text, |world| world.set_off(BOB, ALICE, UATOM));
    let text = format!("account {}/7 has no deposit of uusd", world.addr(ALICE));
    refuses(&mut world, &text, |world| world.set_off(BOB, (ALICE, 7), UUSD));
    refuses(&mut world, "'ushell' is not listed", |world| world.set_off(BOB, ALICE, "ushell"));
}

#[test]
fn set_off_with_funds_or_of_a_bad_address_is_refused() {
    let mut world = fallen_with(50_000_000);
    let msg = |user: String| ExecuteMsg::SetOff(UserAsset { user, account_id: None, denom: UUSD.to_owned() });
    let alice = world.addr(ALICE).into_string();
    takes_no_funds(&mut world, BOB, &msg(alice));
    let nobody = msg("nobody".to_owned());
    let text = "'nobody' is not an address of this chain";
    refuses(&mut world, text, |world| world.execute(BOB, &nobody, &[]));
}

#[test]
fn set_off_with_a_stale_price_names_the_price() {
    let mut world = indebted(640_000_000);
    world.deposit(ALICE, UUSD, 50_000_000).unwrap();
    world.advance(3_601);
    world.set_prices(&[(UUSD, "1")]);
    let text = "price of uatom: price is 3601 s old, at most 3600 s are allowed";
    refuses(&mut world, text, |world| world.set_off(BOB, ALICE, UUSD));
}

/// A deposit that is less than a unit of scaled debt pays nothing.
#[test]
fn set_off_of_a_crumb_that_clears_nothing_is_refused() {
    let mut world = indebted(640_000_000);
    world.deposit(BOB, AETH, 1_000_000_000_000_000_000_000).unwrap();
    world.borrow(BOB, UUSD, 900_000_000_000).unwrap();
    world.advance_fresh(365 * 86_400);
    world.deposit(ALICE, UUSD, 2).unwrap();
    world.set_price(UATOM, "8");
    refuses(&mut world, "0 uusd repays nothing", |world| world.set_off(BOB, ALICE, UUSD));
}

/// 640 are owed against 50 that are set off and ATOM worth 0.9: the rest is written off in the same transaction, and
/// announced reserves shrink by it.
#[test]
fn set_off_that_leaves_nothing_of_value_books_the_loss() {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 90_000_000).unwrap();
    world.borrow(ALICE, UUSD, 600_000_000).unwrap();
    world.deposit(ALICE, UUSD, 50_000_000).unwrap();
    world.cover(BOB, UUSD, 700_000_000).unwrap();
    world.update_asset(UUSD, AssetChanges { reserve_floor: Some(ratio("0")), ..Default::default() }).unwrap();
    let recipient = world.addr(LENDER).into_string();
    let amount = Amount::new(600_000_000);
    let request = ExecuteMsg::RequestReserves { denom: UUSD.to_owned(), amount, recipient: recipient.clone() };
    world.execute(OWNER, &request, &[]).unwrap();
    let effective_at = world.now() + 86_400;
    world.set_price(UATOM, "0.01");
    let response = world.set_off(BOB, ALICE, UUSD).unwrap();
    assert_eq!(values(&response, "swept"), ["90000000uatom"]);
    assert_eq!(values(&response, "written_off"), ["550000000uusd"]);
    assert_eq!(values(&response, "borne_by_reserves"), ["550000000uusd"]);
    assert_eq!(world.account(ALICE), Default::default());
    assert_eq!(world.market(UUSD).reserves.raw(), 150_000_000);
    let asked = QueryMsg::ReservesRequest(Listed { denom: UUSD.to_owned() });
    let left = world.query::<ReservesRequestResponse>(&asked).unwrap().request;
    let amount = Amount::new(50_000_000);
    let floor = ratio("0");
    let paid = Amount::ZERO;
    assert_eq!(left, Some(ReservesRequest { amount, recipient, effective_at, floor, paid }));
    assert_solvent(&world);
}
