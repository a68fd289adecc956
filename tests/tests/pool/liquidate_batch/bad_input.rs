//! What is wrong with a whole message.

use plimsoll_schema::pool::{ExecuteMsg, LIQUIDATION_ITEMS_MAX, LiquidateBatch, LoanId, Receive};
use plimsoll_testing::{ALICE, BOB, LIQUIDATOR, Step, coin};

use super::setup::{batch, fallen_accounts, item, usd};
use crate::support::{refuses, takes_no_funds};

#[test]
fn liquidate_batch_of_none_or_too_many_is_refused() {
    let mut world = fallen_accounts(1);
    let too_many = vec![item(&world, ALICE); LIQUIDATION_ITEMS_MAX + 1];
    for (items, count) in [(vec![], 0), (too_many, LIQUIDATION_ITEMS_MAX + 1)] {
        let text = format!("{count} items, 1 to {LIQUIDATION_ITEMS_MAX} are allowed");
        refuses(&mut world, &text, |world| world.liquidate_batch(LIQUIDATOR, items, &usd(5)));
    }
    let most = vec![item(&world, ALICE); LIQUIDATION_ITEMS_MAX];
    world.liquidate_batch(LIQUIDATOR, most, &usd(640_000_000)).unwrap();
}

#[test]
fn liquidate_batch_that_wants_more_successes_than_items_is_refused() {
    let mut world = fallen_accounts(1);
    let order = LiquidateBatch { min_success: Some(2), ..batch(vec![item(&world, ALICE)]) };
    let text = "min_success 2 is above the number of items 1";
    refuses(&mut world, text, |world| world.execute(LIQUIDATOR, &ExecuteMsg::LiquidateBatch(order), &usd(5)));
}

#[test]
fn liquidate_batch_to_the_pool_itself_or_to_nobody_is_refused() {
    let mut world = fallen_accounts(1);
    let pool = world.pool().to_string();
    let own = format!("the recipient is the pool itself, {pool}: what it got would be nobody's");
    for (to, text) in [(pool, own.as_str()), ("nobody".to_owned(), "'nobody' is not an address of this chain")] {
        let order = LiquidateBatch { recipient: Some(to), ..batch(vec![item(&world, ALICE)]) };
        refuses(&mut world, text, |world| world.execute(LIQUIDATOR, &ExecuteMsg::LiquidateBatch(order), &usd(5)));
    }
}

#[test]
fn liquidate_batch_to_an_account_among_its_items_fails_that_item() {
    let mut world = fallen_accounts(1);
    let alice = world.addr(ALICE).into_string();
    let order = LiquidateBatch { recipient: Some(alice.clone()), ..batch(vec![item(&world, ALICE)]) };
    let text = format!(
        "0 items succeeded, 1 are wanted; the first that failed: item 0: {alice} can't liquidate itself or receive what is taken from it"
    );
    refuses(&mut world, &text, |world| world.execute(LIQUIDATOR, &ExecuteMsg::LiquidateBatch(order), &usd(5)));
}

#[test]
fn liquidate_batch_with_a_callback_takes_no_coins_and_no_shares() {
    let mut world = fallen_accounts(1);
    let with = |receive, allow_shares| LiquidateBatch {
        receive,
        allow_shares,
        callback: Some(Step::callback([Step::bring()])),
        ..batch(vec![item(&world, ALICE)])
    };
    let plain = with(None, None);
    let shares = with(Some(Receive::Shares), None);
    let allowed = with(None, Some(true));
    takes_no_funds(&mut world, BOB, &ExecuteMsg::LiquidateBatch(plain));
    let text = "with a callback collateral is not taken as shares";
    for order in [shares, allowed] {
        refuses(&mut world, text, |world| world.execute(BOB, &ExecuteMsg::LiquidateBatch(order), &[]));
    }
}

#[test]
fn repay_batch_and_finish_batch_without_a_batch_are_refused() {
    let mut world = fallen_accounts(1);
    let repay = ExecuteMsg::RepayBatch(LoanId { id: 0 });
    for funds in [vec![], usd(5)] {
        refuses(&mut world, "batch 0 has nothing to be repaid", |world| world.execute(BOB, &repay, &funds));
    }
    let doubled = [coin(5, "uusd"), coin(5, "uusd")];
    refuses(&mut world, "'5uusd,5uusd' names a denom twice", |world| world.execute(BOB, &repay, &doubled));
    let finish = ExecuteMsg::FinishBatch(LoanId { id: 1 });
    let text = format!("{} is not the pool", world.addr(BOB));
    refuses(&mut world, &text, |world| world.execute(BOB, &finish, &[]));
    takes_no_funds(&mut world, BOB, &finish);
}
