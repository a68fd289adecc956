//! `simulate`: what a batch would leave of an account.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::indebted;
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{
    BATCH_MAX, BatchAction, Borrow, CollateralStatus, ExecuteMsg, FromPurse, QueryMsg, UserAccount,
    UserPositionResponse, Withdraw,
};
use plimsoll_testing::{ALICE, BOB, Coin, IBC_TOKEN, UATOM, UUSD, World, coin};

fn deposit(amount: u128, denom: &str) -> BatchAction {
    BatchAction::Deposit(FromPurse { coin: coin(amount, denom), account_id: None, on_behalf_of: None })
}

fn repay(amount: u128) -> BatchAction {
    BatchAction::Repay(FromPurse { coin: coin(amount, UUSD), account_id: None, on_behalf_of: None })
}

fn borrow(amount: u128, denom: &str) -> BatchAction {
    BatchAction::Borrow(Borrow {
        denom: denom.to_owned(),
        amount: Amount::new(amount).into(),
        recipient: None,
        account_id: None,
        on_behalf_of: None,
    })
}

fn withdraw(amount: u128) -> BatchAction {
    BatchAction::Withdraw(Withdraw {
        denom: UATOM.to_owned(),
        amount: Some(Amount::new(amount).into()),
        recipient: None,
        account_id: None,
        on_behalf_of: None,
    })
}

fn enable(denom: &str, enable: bool) -> BatchAction {
    let denom = denom.to_owned();
    BatchAction::UpdateAssetCollateralStatus(CollateralStatus { denom, enable, account_id: None, on_behalf_of: None })
}

fn simulated(world: &World, actions: &[BatchAction]) -> Result<UserPositionResponse, String> {
    let user = world.addr(ALICE).into_string();
    let query = QueryMsg::Simulate { user, account_id: None, actions: actions.to_vec() };
    world.query(&query).map_err(|error| error.to_string())
}

fn purse(actions: &[BatchAction]) -> Vec<Coin> {
    let mut purse: Vec<Coin> = vec![];
    for action in actions {
        if let BatchAction::Deposit(FromPurse { coin, .. }) | BatchAction::Repay(FromPurse { coin, .. }) = action {
            match purse.iter_mut().find(|held| held.denom == coin.denom) {
                Some(held) => held.amount += coin.amount,
                None => purse.push(coin.clone()),
            }
        }
    }
    purse.sort_by(|a, b| a.denom.cmp(&b.denom));
    purse
}

/// Alice's account 0: 100 ATOM at 10 dollars, 300 dollars owed.
fn staged() -> World {
    indebted(300_000_000)
}

#[test]
fn simulate_answers_with_the_position_that_the_batch_leaves() {
    let mut world = staged();
    let start = world.snapshot();
    let batches = [
        vec![deposit(5_000_000, UATOM)],
        vec![withdraw(5_000_000)],
        vec![borrow(100_000_000, UUSD), deposit(100_000_000, IBC_TOKEN)],
        vec![repay(400_000_000), withdraw(90_000_000)],
        vec![deposit(7_000_000, IBC_TOKEN), enable(IBC_TOKEN, false), borrow(50_000_000, UUSD)],
        vec![withdraw(90_000_000), deposit(100_000_000, UATOM), deposit(1, UATOM)],
    ];
    for actions in batches {
        world.restore(&start);
        let before = world.dump().clone();
        let told = simulated(&world, &actions).unwrap();
        assert!(*world.dump() == before, "a query changed something");
        let purse = purse(&actions);
        world.execute(ALICE, &ExecuteMsg::Batch { actions, callback: None }, &purse).unwrap();
        let account = UserAccount { user: world.addr(ALICE).into_string(), account_id: None };
        let found: UserPositionResponse = world.query(&QueryMsg::UserPosition(account)).unwrap();
        assert_eq!(told, found);
    }
}

#[test]
fn simulate_refuses_with_the_words_of_the_batch() {
    let mut world = staged();
    let batches = [
        vec![],
        vec![borrow(1, UUSD); BATCH_MAX + 1],
        vec![borrow(900_000_000, UUSD)],
        vec![withdraw(99_000_000)],
        vec![withdraw(100_000_001)],
        vec![enable(UATOM, false)],
        vec![enable(IBC_TOKEN, false)],
        vec![borrow(1, "unew")],
        vec![deposit(0, UATOM)],
        vec![deposit(5_000_000, UUSD), enable(UUSD, true)],
    ];
    for actions in batches {
        let told = simulated(&world, &actions).unwrap_err();
        // The bank itself refuses to send nothing.
        let purse: Vec<Coin> = purse(&actions).into_iter().filter(|coin| !coin.amount.is_zero()).collect();
        let msg = ExecuteMsg::Batch { actions, callback: None };
        let refusal = world.refused(|world| world.execute(ALICE, &msg, &purse)).to_string();
        assert!(told.ends_with(&refusal), "{told} for {refusal}");
    }
}

#[test]
fn simulate_asks_for_grants_as_the_batch_does() {
    let mut world = staged();
    world.grant(BOB, ALICE, &[]).unwrap();
    let action = BatchAction::Borrow(Borrow {
        denom: UUSD.to_owned(),
        amount: Amount::new(5).into(),
        recipient: None,
        account_id: None,
        on_behalf_of: Some(world.addr(BOB).into_string()),
    });
    let told = simulated(&world, &[action]).unwrap_err();
    assert!(told.contains("is no operator of account"), "{told}");
}
