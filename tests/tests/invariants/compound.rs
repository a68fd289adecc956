//! What is made of several messages: batches, and flash loans with something in the middle.

use cosmwasm_std::{Coin, Uint256, coin};
use plimsoll_pool::state::LOAN_COUNT;
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{
    BatchAction, Borrow, CollateralStatus, ExecuteMsg, FromPurse, OnBehalf, UserAccount, Withdraw,
};
use plimsoll_testing::{Step, World};
use proptest::prelude::*;

use crate::history::{
    BORROWER, DENOMS, IDS, Outcome, Who, Worst, actor, cents, denom, liquidation, name, permille, share, who, worst,
    worth,
};

/// An action of a batch.
#[derive(Clone, Debug)]
pub enum Act {
    Deposit { id: u32, denom: usize, cents: u64 },
    Withdraw { id: u32, denom: usize, permille: u32 },
    Borrow { id: u32, denom: usize, permille: u32 },
    Repay { id: u32, denom: usize, permille: u32 },
    Enable { id: u32, denom: usize, enable: bool },
}

/// What is tried while loans are open: by the contract on its own accounts, and against others.
#[derive(Clone, Debug)]
pub enum Middle {
    Act(Act),
    Batch(Vec<Act>),
    Cover { denom: usize, cents: u64 },
    LiquidateWorst { permille: u32, shares: bool },
    WriteOff { who: Who },
    WithdrawAll { id: u32, denom: usize },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0..IDS, denom(), cents()).prop_map(|(id, denom, cents)| Act::Deposit { id, denom, cents }),
        2 => (0..IDS, denom(), 1u32..1_001).prop_map(|(id, denom, permille)| Act::Withdraw { id, denom, permille }),
        3 => (0..IDS, denom(), 1u32..1_001).prop_map(|(id, denom, permille)| Act::Borrow { id, denom, permille }),
        2 => (0..IDS, denom(), permille()).prop_map(|(id, denom, permille)| Act::Repay { id, denom, permille }),
        1 => (0..IDS, denom(), any::<bool>()).prop_map(|(id, denom, enable)| Act::Enable { id, denom, enable }),
    ]
}

pub fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 1..4)
}

pub fn middle() -> impl Strategy<Value = Middle> {
    prop_oneof![
        6 => act().prop_map(Middle::Act),
        2 => acts().prop_map(Middle::Batch),
        1 => (denom(), cents()).prop_map(|(denom, cents)| Middle::Cover { denom, cents }),
        3 => (permille(), any::<bool>()).prop_map(|(permille, shares)| Middle::LiquidateWorst { permille, shares }),
        1 => who().prop_map(|who| Middle::WriteOff { who }),
        2 => (0..IDS, denom()).prop_map(|(id, denom)| Middle::WithdrawAll { id, denom }),
    ]
}

pub fn loans() -> impl Strategy<Value = Vec<(usize, u32)>> {
    prop::collection::vec((denom(), prop_oneof![3 => 1u32..=1_000, 2 => Just(1_000u32)]), 1..4)
}

fn action(world: &World, user: usize, act: &Act) -> BatchAction {
    let of = |amount: u128, denom: usize| coin(amount, DENOMS[denom]);
    match *act {
        Act::Deposit { id, denom, cents } => {
            BatchAction::Deposit(FromPurse { coin: of(worth(denom, cents), denom), account_id: Some(id) })
        }
        Act::Repay { id, denom, permille } => {
            let amount = share(world.owed((name(user), id), DENOMS[denom]), permille);
            BatchAction::Repay(FromPurse { coin: of(amount, denom), account_id: Some(id) })
        }
        // A share of the deposit, not of what may be withdrawn alone: another action may make room for it.
        Act::Withdraw { id, denom, permille } => {
            let amount = share(world.supplied((name(user), id), DENOMS[denom]), permille);
            let amount = (permille < 1_000).then_some(Amount::new(amount));
            BatchAction::Withdraw(Withdraw {
                denom: DENOMS[denom].to_owned(),
                amount,
                recipient: None,
                account_id: Some(id),
            })
        }
        Act::Borrow { id, denom, permille } => {
            let amount = Amount::new(share(world.max_borrow((name(user), id), DENOMS[denom]), permille));
            BatchAction::Borrow(Borrow {
                denom: DENOMS[denom].to_owned(),
                amount,
                recipient: None,
                account_id: Some(id),
            })
        }
        Act::Enable { id, denom, enable } => BatchAction::UpdateAssetCollateralStatus(CollateralStatus {
            denom: DENOMS[denom].to_owned(),
            enable,
            account_id: Some(id),
        }),
    }
}

/// What these actions take, or half as much again, so that something is left.
fn purse(actions: &[BatchAction], more: bool) -> Vec<Coin> {
    let sum = |denom: &str| -> Uint256 {
        let coins = actions.iter().filter_map(|action| match action {
            BatchAction::Deposit(FromPurse { coin, .. }) | BatchAction::Repay(FromPurse { coin, .. })
                if coin.denom == denom =>
            {
                Some(coin.amount)
            }
            _ => None,
        });
        coins.sum()
    };
    let half = |amount: Uint256| if more { amount / Uint256::from(2u128) } else { Uint256::zero() };
    let coins = DENOMS.map(|denom| Coin { denom: denom.to_owned(), amount: sum(denom) + half(sum(denom)) });
    coins.into_iter().filter(|coin| !coin.amount.is_zero()).collect()
}

pub fn batch(world: &World, user: usize, acts: &[Act], more: bool) -> (ExecuteMsg, Vec<Coin>) {
    let actions: Vec<BatchAction> = acts.iter().map(|act| action(world, user, act)).collect();
    let purse = purse(&actions, more);
    (ExecuteMsg::Batch { actions }, purse)
}

/// The message of its own that an action is.
fn message(action: BatchAction) -> (ExecuteMsg, Vec<Coin>) {
    match action {
        BatchAction::Deposit(FromPurse { coin, account_id }) => {
            (ExecuteMsg::Deposit(OnBehalf { account_id, on_behalf_of: None }), vec![coin])
        }
        BatchAction::Repay(FromPurse { coin, account_id }) => {
            (ExecuteMsg::Repay(OnBehalf { account_id, on_behalf_of: None }), vec![coin])
        }
        BatchAction::Withdraw(Withdraw { denom, amount, recipient, account_id }) => {
            (ExecuteMsg::Withdraw(Withdraw { denom, amount, recipient, account_id }), vec![])
        }
        BatchAction::Borrow(Borrow { denom, amount, recipient, account_id }) => {
            (ExecuteMsg::Borrow(Borrow { denom, amount, recipient, account_id }), vec![])
        }
        BatchAction::UpdateAssetCollateralStatus(CollateralStatus { denom, enable, account_id }) => {
            (ExecuteMsg::UpdateAssetCollateralStatus(CollateralStatus { denom, enable, account_id }), vec![])
        }
    }
}

fn step(world: &World, middle: &Middle) -> Option<Step> {
    let (msg, funds) = match middle {
        Middle::Act(act) => message(action(world, BORROWER, act)),
        Middle::Batch(acts) => batch(world, BORROWER, acts, true),
        Middle::Cover { denom, cents } => (ExecuteMsg::Cover {}, vec![coin(worth(*denom, *cents), DENOMS[*denom])]),
        Middle::LiquidateWorst { permille, shares } => {
            let Worst { who, collateral: Some(collateral), debt, owed } = worst(world, BORROWER)? else { return None };
            let coin = coin(share(owed, *permille), DENOMS[debt]);
            (liquidation(world, who, collateral, *shares), vec![coin])
        }
        Middle::WriteOff { who } => {
            let user = world.addr(actor(*who)).into_string();
            (ExecuteMsg::WriteOff(UserAccount { user, account_id: Some(who.1) }), vec![])
        }
        Middle::WithdrawAll { id, denom } => {
            let denom = DENOMS[*denom].to_owned();
            (ExecuteMsg::Withdraw(Withdraw { denom, amount: None, recipient: None, account_id: Some(*id) }), vec![])
        }
    };
    Some(Step::pool_with(msg, funds).or_not())
}

/// Loans within each other; in the innermost all that is tried, and the repayments, from one end or the other.
pub fn flash(world: &mut World, loans: &[(usize, u32)], middle: &[Middle], outer_first: bool) -> Outcome {
    let borrower = world.addr(name(BORROWER));
    let pool = world.pool().clone();
    let given = LOAN_COUNT.load(&*world.storage_mut(&pool)).unwrap();
    let mut ids: Vec<u64> = (given + 1..).take(loans.len()).collect();
    if !outer_first {
        ids.reverse();
    }
    let mut steps: Vec<Step> = middle.iter().filter_map(|middle| step(world, middle)).collect();
    steps.extend(ids.into_iter().map(|id| Step::Repay { id: Some(id), coin: None }));
    for (at, (denom, permille)) in loans.iter().enumerate().rev() {
        // A share of what the loans before have left.
        let before = loans[..at].iter().filter(|(other, _)| other == denom);
        let cash = world.market(DENOMS[*denom]).stored.cash.raw();
        let left = before.fold(cash, |cash, (_, permille)| cash - share(cash, *permille));
        steps = vec![Step::loan(coin(share(left, *permille), DENOMS[*denom]), steps)];
    }
    world.flash(&borrower, steps).into()
}
