//! Whom the pool pays: anybody but itself.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{fallen, indebted, refuses};
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{BatchAction, Borrow, ExecuteMsg, Receive, Withdraw};
use plimsoll_testing::{ALICE, BOB, LIQUIDATOR, OWNER, UATOM, UUSD, World, coin};

#[track_caller]
fn refused(world: &mut World, who: &str, msg: &ExecuteMsg, funds: &[plimsoll_testing::Coin]) {
    let text = format!("the recipient is the pool itself, {}: what it got would be nobody's", world.pool());
    refuses(world, &text, |world| world.execute(who, msg, funds));
}

#[test]
fn withdraw_and_borrow_to_the_pool_itself_are_refused_alone_and_in_a_batch() {
    let mut world = indebted(100_000_000);
    let recipient = Some(world.pool().to_string());
    let denom = UATOM.to_owned();
    let amount = Some(Amount::new(5));
    let msg = ExecuteMsg::Withdraw(Withdraw {
        denom,
        amount: amount.map(Into::into),
        recipient: recipient.clone(),
        account_id: None,
        on_behalf_of: None,
    });
    refused(&mut world, ALICE, &msg, &[]);
    let denom = UUSD.to_owned();
    let amount = Amount::new(10_000_000);
    let msg = ExecuteMsg::Borrow(Borrow {
        denom,
        amount: amount.into(),
        recipient: recipient.clone(),
        account_id: None,
        on_behalf_of: None,
    });
    refused(&mut world, ALICE, &msg, &[]);
    let denom = UUSD.to_owned();
    let account_id = None;
    let borrow = BatchAction::Borrow(Borrow {
        denom,
        amount: amount.into(),
        recipient: recipient.clone(),
        account_id,
        on_behalf_of: None,
    });
    refused(&mut world, ALICE, &ExecuteMsg::Batch { actions: vec![borrow], callback: None }, &[]);
    let withdraw = BatchAction::Withdraw(Withdraw {
        denom: UATOM.to_owned(),
        amount: None,
        recipient,
        account_id,
        on_behalf_of: None,
    });
    world.deposit(BOB, UATOM, 5_000_000).unwrap();
    refused(&mut world, BOB, &ExecuteMsg::Batch { actions: vec![withdraw], callback: None }, &[]);
}

#[test]
fn liquidate_and_reserves_to_the_pool_itself_are_refused() {
    let mut world = fallen();
    let pool = world.pool().to_string();
    for receive in [None, Some(Receive::Underlying), Some(Receive::Shares)] {
        let msg = ExecuteMsg::Liquidate {
            user: world.addr(ALICE).into_string(),
            account_id: None,
            collateral_denom: UATOM.to_owned(),
            recipient: Some(pool.clone()),
            receive,
            allow_shares: None,
            min_receive: None,
        };
        refused(&mut world, LIQUIDATOR, &msg, &[coin(100_000_000, UUSD)]);
    }
    world.cover(BOB, UUSD, 1_000_000_000).unwrap();
    let msg = ExecuteMsg::RequestReserves { denom: UUSD.to_owned(), amount: Amount::new(5), recipient: pool };
    refused(&mut world, OWNER, &msg, &[]);
}
