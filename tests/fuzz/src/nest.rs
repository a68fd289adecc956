//! What is made of several messages: batches, and flash loans and callbacks with something in the middle.

use cosmwasm_std::{BankMsg, Binary, Coin, CosmosMsg, Uint256, coin};
use plimsoll_pool::state::{ASSET_IDS, LOAN_COUNT, MARKETS};
use plimsoll_risk::units::Amount;
use plimsoll_schema::liquidator;
use plimsoll_schema::pool::{BatchAction, Borrow, CollateralStatus, ExecuteMsg, FromPurse, Listed, QueryMsg, Withdraw};
use plimsoll_testing::{AppResponse, Step, WorldError, values};

use crate::apply;
use crate::call::Call;
use crate::cast::{BORROWER, DENOMS, LISTED, share, worth};
use crate::liquidations::Sent;
use crate::op::{Bring, Gift, Item, Op, Repayment};
use crate::stage::Stage;
use crate::use_pool::{owed, supplied, transfer};

/// The action of a batch that an operation on one's own account is. A withdrawal is a share of the deposit, not of what may be withdrawn alone:
/// another action may make room for it.
fn action(stage: &Stage, user: usize, op: &Op) -> Option<BatchAction> {
    let of = |amount: u128, denom: usize| coin(amount, DENOMS[denom]);
    let address = |user: usize| stage.people[user].to_string();
    Some(match *op {
        Op::Deposit { who: (_, id), denom, cents, .. } => BatchAction::Deposit(FromPurse {
            coin: of(worth(denom, cents), denom),
            account_id: Some(id),
            on_behalf_of: None,
        }),
        Op::Repay { who: (_, id), denom, permille, .. } => {
            let amount = share(owed(stage, (user, id), denom), permille);
            BatchAction::Repay(FromPurse { coin: of(amount, denom), account_id: Some(id), on_behalf_of: None })
        }
        Op::Withdraw { who: (_, id), denom, permille, to } => {
            let amount = share(supplied(stage, (user, id), denom), permille);
            let amount = (permille != 1_000).then_some(Amount::new(amount));
            let (denom, recipient) = (DENOMS[denom].to_owned(), to.map(address));
            BatchAction::Withdraw(Withdraw {
                denom,
                amount: amount.map(Into::into),
                recipient,
                account_id: Some(id),
                on_behalf_of: None,
            })
        }
        Op::Borrow { who: (_, id), denom, permille, to } => {
            let amount = Amount::new(share(stage.most((user, id), denom, true), permille));
            let (denom, recipient) = (DENOMS[denom].to_owned(), to.map(address));
            BatchAction::Borrow(Borrow {
                denom,
                amount: amount.into(),
                recipient,
                account_id: Some(id),
                on_behalf_of: None,
            })
        }
        Op::Enable { who: (_, id), denom, enable } => BatchAction::UpdateAssetCollateralStatus(CollateralStatus {
            denom: DENOMS[denom].to_owned(),
            enable,
            account_id: Some(id),
            on_behalf_of: None,
        }),
        Op::TransferShares { who: (_, id), denom, permille, to } => {
            BatchAction::TransferShares(transfer(stage, (user, id), denom, permille, to))
        }
        Op::OnBehalf { ref act, .. } => return on_behalf(stage, act),
        _ => return None,
    })
}

/// The same on another's account.
fn on_behalf(stage: &Stage, act: &Op) -> Option<BatchAction> {
    let (owner, _) = act.account()?;
    let mut action = action(stage, owner, act)?;
    *named(&mut action)? = Some(stage.people[owner].to_string());
    Some(action)
}

/// Whose account an action names; none of one that is the owner's alone.
const fn named(action: &mut BatchAction) -> Option<&mut Option<String>> {
    Some(match action {
        BatchAction::Deposit(order) | BatchAction::Repay(order) => &mut order.on_behalf_of,
        BatchAction::Withdraw(order) => &mut order.on_behalf_of,
        BatchAction::Borrow(order) => &mut order.on_behalf_of,
        BatchAction::UpdateAssetCollateralStatus(order) => &mut order.on_behalf_of,
        BatchAction::TransferShares(_) => return None,
    })
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

/// The batch of these actions.
pub fn batch(stage: &Stage, user: usize, acts: &[Op], more: bool) -> Call {
    let actions: Vec<BatchAction> = acts.iter().filter_map(|act| action(stage, user, act)).collect();
    let purse = purse(&actions, more);
    Call::pool(stage, user, &ExecuteMsg::Batch { actions, callback: None }, purse)
}

/// An operation as the contract tries it while its loans are open.
fn step(stage: &Stage, op: &Op) -> Option<Step> {
    let message: CosmosMsg = match *op {
        // What is due inside is not known yet: what would differ from it by a unit is nothing at all.
        Op::LiquidateCalled { ref items, to, min_success, ref middle, ref bring } => {
            let carried = Step::callback(steps(stage, middle, brought(bring, &[])));
            return Some(Sent::called(stage, items, (to, min_success), carried).step().or_not());
        }
        Op::BatchCalled { ref acts, purse, ref middle, ref bring } => {
            let carried = steps(stage, middle, brought(bring, &[]));
            return Some(called(stage, acts, purse, carried).or_not());
        }
        Op::Donate { to, denom, cents, .. } => {
            let to_address = gift(stage, to);
            BankMsg::Send { to_address, amount: vec![coin(worth(denom, cents), DENOMS[denom])] }.into()
        }
        _ => apply::call(stage, op)?.message(),
    };
    Some(Step::Send(message).or_not())
}

/// What a callback does: it asks how the markets stand, tries all this, asks again, and brings what it brings.
fn steps(stage: &Stage, middle: &[Op], brought: Vec<Step>) -> Vec<Step> {
    let asked =
        || DENOMS[..LISTED].iter().map(|denom| Step::Ask(QueryMsg::Solvency(Listed { denom: (*denom).into() })));
    let tried = middle.iter().filter_map(|op| step(stage, op));
    asked().chain(tried).chain(asked()).chain(brought).collect()
}

/// What is brought, where this is due. Each may be refused.
fn brought(bring: &[Bring], due: &[Coin]) -> Vec<Step> {
    let one = Uint256::from(1u128);
    let with = |change: &dyn Fn(&mut Vec<Coin>)| {
        let mut coins = due.to_vec();
        change(&mut coins);
        coins.retain(|coin| !coin.amount.is_zero());
        coins.sort_by(|a, b| a.denom.cmp(&b.denom));
        Step::Bring { id: None, coins: Some(coins) }
    };
    let first = |change: &dyn Fn(&mut Coin)| with(&|coins| coins.iter_mut().take(1).for_each(change));
    let other = || DENOMS.iter().find(|denom| due.iter().all(|coin| coin.denom != **denom)).copied();
    let step = |bring: &Bring| match *bring {
        Bring::Due => Step::bring(),
        Bring::Less => first(&|coin| coin.amount -= one),
        Bring::More => first(&|coin| coin.amount += one),
        Bring::Missing => with(&|coins| drop(coins.pop())),
        Bring::Other => first(&|coin| coin.denom = other().unwrap_or_default().to_owned()),
        Bring::For(id) => Step::Bring { id: Some(id), coins: Some(due.to_vec()) },
    };
    bring.iter().map(|bring| step(bring).or_not()).collect()
}

/// What a batch with a callback asks its callback to bring, found out by trying; nothing where it fails.
fn due(stage: &mut Stage, opened: &Step) -> Vec<Coin> {
    let (start, borrower) = (stage.world.snapshot(), stage.borrower().clone());
    let response = stage.world.flash(&borrower, [opened.clone()]);
    stage.world.restore(&start);
    let coins = response.iter().flat_map(|response| values(response, "due"));
    coins.filter_map(|text| text.parse().ok()).collect()
}

fn is_exact(bring: &[Bring]) -> bool {
    bring.iter().all(|bring| *bring == Bring::Due)
}

/// The contract's batch of liquidations.
pub fn liquidate_called(
    stage: &mut Stage,
    items: &[Item],
    terms: (Option<usize>, Option<u32>),
    middle: &[Op],
    bring: &[Bring],
) -> Sent {
    let honest = Sent::called(stage, items, terms, Step::callback([Step::bring()]));
    let due = if is_exact(bring) { vec![] } else { due(stage, &honest.step()) };
    let carried = Step::callback(steps(stage, middle, brought(bring, &due)));
    Sent::called(stage, items, terms, carried)
}

/// The contract's batch on its own accounts.
pub fn batch_called(
    stage: &mut Stage,
    acts: &[Op],
    purse: u32,
    middle: &[Op],
    bring: &[Bring],
) -> Result<AppResponse, WorldError> {
    let honest = called(stage, acts, purse, vec![Step::bring()]);
    let due = if is_exact(bring) { vec![] } else { due(stage, &honest) };
    let opened = called(stage, acts, purse, steps(stage, middle, brought(bring, &due)));
    let borrower = stage.borrower().clone();
    stage.world.flash(&borrower, [opened])
}

/// A batch with so much of the purse that it takes, and these steps in its callback.
fn called(stage: &Stage, acts: &[Op], permille: u32, steps: Vec<Step>) -> Step {
    let actions: Vec<BatchAction> = acts.iter().filter_map(|act| action(stage, BORROWER, act)).collect();
    let part = |coin: Coin| {
        let amount = coin.amount * Uint256::from(permille) / Uint256::from(1_000u32);
        Coin { amount, ..coin }
    };
    let purse = purse(&actions, false).into_iter().map(part).filter(|coin| !coin.amount.is_zero()).collect();
    Step::batch(actions, purse, steps)
}

/// Where a gift goes.
pub fn gift(stage: &Stage, to: Gift) -> String {
    match to {
        Gift::Pool => stage.world.pool().to_string(),
        Gift::Pair(pair) => stage.pairs[pair].to_string(),
    }
}

/// Loans within each other; in the innermost all that is tried, and the repayments.
pub fn flash(
    stage: &mut Stage,
    loans: &[(usize, u32)],
    middle: &[Op],
    order: Repayment,
) -> Result<AppResponse, WorldError> {
    let given = LOAN_COUNT.load(&*stage.pool()).expect("loans are counted");
    let mut ids: Vec<u64> = (given + 1..).take(loans.len()).collect();
    match order {
        Repayment::OuterFirst => {}
        Repayment::InnerFirst => ids.reverse(),
        Repayment::OuterTwice => ids.push(given + 1),
        Repayment::NotTheInner => drop(ids.pop()),
    }
    let mut steps: Vec<Step> = middle.iter().filter_map(|op| step(stage, op)).collect();
    steps.extend(ids.into_iter().map(|id| Step::Repay { id: Some(id), coin: None }));
    for (at, (denom, permille)) in loans.iter().enumerate().rev() {
        // A share of what the loans before have left.
        let before = loans[..at].iter().filter(|(other, _)| other == denom);
        let left = before.fold(cash(stage, *denom), |cash, (_, permille)| cash - share(cash, *permille));
        steps = vec![Step::loan(coin(share(left, *permille), DENOMS[*denom]), steps)];
    }
    let borrower = stage.people[BORROWER].clone();
    stage.world.flash(&borrower, steps)
}

fn cash(stage: &Stage, denom: usize) -> u128 {
    let pool = stage.pool();
    let id = ASSET_IDS.may_load(&*pool, DENOMS[denom]).expect("numbers can be read");
    let market = id.and_then(|id| MARKETS.may_load(&*pool, id).expect("markets can be read"));
    market.map_or(0, |market| market.cash.raw())
}

/// A callback that nobody asked for.
pub fn uninvited(stage: &Stage, op: &Op) -> Option<Call> {
    let Op::Callback { sender, id } = *op else { return None };
    let coins = || vec![coin(1_000_000, DENOMS[0])];
    let msg = liquidator::ExecuteMsg::BatchCallback { id, repay: coins(), received: coins(), msg: Binary::default() };
    Some(Call::liquidator(stage, sender, &msg))
}
