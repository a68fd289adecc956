//! `cover`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

mod common;

use common::{assert_solvent, fallen, indebted, mint_wide, refuses, takes_exactly_one_coin, too_wide};
use cosmwasm_std::testing::{message_info, mock_dependencies, mock_env};
use cosmwasm_std::{Addr, Coin};
use plimsoll_pool::contract;
use plimsoll_schema::pool::ExecuteMsg;
use plimsoll_testing::{AETH, ALICE, BOB, GUARDIAN, LENDER, UATOM, UUSD, World, coin, values};

#[test]
fn cover_raises_reserves_and_cash_by_the_coin_and_nothing_else() {
    let mut world = indebted(640_000_000);
    let (before, others) = (world.market(UUSD), [UATOM, AETH].map(|denom| world.market(denom)));
    let (alice, lender) = (world.account(ALICE), world.account(LENDER));
    let (bob, pool) = (world.balance(BOB, UUSD), world.pool().clone());
    let held = world.balance(&pool, UUSD);
    let response = world.cover(BOB, UUSD, 7_000_001).unwrap();

    let after = world.market(UUSD);
    assert_eq!(after.reserves.raw(), 7_000_001);
    assert_eq!(after.stored.cash.raw(), before.stored.cash.raw() + 7_000_001);
    assert_eq!((after.supply, after.debt), (before.supply, before.debt));
    assert_eq!((after.stored.supply_shares, after.stored.rate), (before.stored.supply_shares, before.stored.rate));
    assert_eq!((world.account(ALICE), world.account(LENDER)), (alice, lender));
    assert!(world.account(BOB).is_empty());
    assert_eq!(world.supplied(LENDER, UUSD), 1_000_000_000_000);
    assert_eq!((world.balance(BOB, UUSD), world.balance(&pool, UUSD)), (bob - 7_000_001, held + 7_000_001));
    assert_eq!([UATOM, AETH].map(|denom| world.market(denom)), others);
    assert_eq!(values(&response, "action"), ["cover"]);
    assert_eq!(values(&response, "denom"), [UUSD]);
    assert_eq!(values(&response, "amount"), ["7000001"]);
    assert_solvent(&world);
}

#[test]
fn cover_adds_interest_first() {
    // 400,000 of a million at 2 %: 658.074981 in 30 days, a tenth of it reserves, as in the test of repay.
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, 400_000_000_000).unwrap();
    world.advance(30 * 86_400);
    world.cover(BOB, UUSD, 5).unwrap();
    let stored = world.market(UUSD).stored;
    assert_eq!(stored.updated_at, world.now());
    assert_eq!(stored.reserves.raw(), 65_807_498 + 5);
    assert_solvent(&world);
}

#[test]
fn cover_bears_a_loss_before_suppliers_do() {
    // Alice owes 640 USD, and her 100 ATOM fall to 1 USD in all. With a bonus of 2 % that pays for 0.980393; of the other
    // 639.019607 the 500 that Bob put in go first.
    let mut world = fallen();
    world.cover(BOB, UUSD, 500_000_000).unwrap();
    world.set_price(UATOM, "0.01");
    let response = world.liquidate(BOB, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    assert_eq!(values(&response, "repaid"), ["980393"]);
    assert_eq!(values(&response, "borne_by_reserves"), ["500000000uusd"]);
    assert_eq!(values(&response, "borne_by_suppliers"), ["139019607uusd"]);
    assert_eq!(world.owed(ALICE, UUSD), 0);
    assert!(world.market(UUSD).reserves.is_zero());
    let lost = 1_000_000_000_000 - world.market(UUSD).supply.raw();
    assert_eq!(lost, 139_019_607);
    assert_solvent(&world);
}

#[test]
fn cover_of_an_empty_market_belongs_to_nobody() {
    let mut world = World::new();
    world.cover(BOB, UUSD, 1_000_000).unwrap();
    let market = world.market(UUSD);
    assert_eq!((market.reserves.raw(), market.supply.raw()), (1_000_000, 0));
    // The first depositor pays for it as if it were not there, and gets nothing of it.
    world.deposit(ALICE, UUSD, 5_000_000).unwrap();
    assert_eq!(world.market(UUSD).stored.supply_shares.raw(), 5_000_000 * 1_000_000);
    world.withdraw_all(ALICE, UUSD).unwrap();
    assert_eq!(world.solvency(UUSD).cash.raw(), 1_000_000);
    assert_solvent(&world);
}

#[test]
fn cover_while_everything_is_stopped_and_the_oracle_is_dead_works() {
    let mut world = indebted(640_000_000);
    let stop = ExecuteMsg::Pause { denom: None, deposit: true, borrow: true, flash_loan: true };
    world.execute(GUARDIAN, &stop, &[]).unwrap();
    world.advance(86_400);
    let before = world.market(UUSD).reserves.raw();
    world.cover(BOB, UUSD, 5).unwrap();
    assert_eq!(world.market(UUSD).reserves.raw(), before + 5);
}

#[test]
fn cover_with_none_several_or_doubled_coins_is_refused() {
    takes_exactly_one_coin(&mut indebted(640_000_000), BOB, &ExecuteMsg::Cover {});
}

#[test]
fn cover_with_a_coin_that_the_pool_can_not_take_is_refused() {
    let mut world = indebted(640_000_000);
    world.mint(BOB, "ushell", 5);
    refuses(&mut world, "'ushell' is not listed", |world| world.cover(BOB, "ushell", 5));
    mint_wide(&mut world, BOB, UUSD, too_wide());
    let funds = [Coin { denom: UUSD.to_owned(), amount: too_wide() }];
    let text = "amount 340282366920938463463374607431768211456 uusd does not fit 128 bits";
    refuses(&mut world, text, |world| world.execute(BOB, &ExecuteMsg::Cover {}, &funds));

    let info = message_info(&Addr::unchecked(BOB), &[coin(0, UUSD)]);
    let error = contract::execute(mock_dependencies().as_mut(), mock_env(), info, ExecuteMsg::Cover {}).unwrap_err();
    assert_eq!(error.to_string(), "amount of uusd is zero");
}

#[test]
fn cover_beyond_what_a_market_can_count_is_refused() {
    let mut world = indebted(640_000_000);
    let missing = u128::MAX - world.balance(BOB, UUSD);
    world.mint(BOB, UUSD, missing);
    refuses(&mut world, "Amount does not fit its type", |world| world.cover(BOB, UUSD, u128::MAX));
}
