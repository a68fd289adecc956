//! What users ask of the pool.

use cosmwasm_std::{Coin, coin, from_json};
use plimsoll_pool::state::{ACCOUNTS, ASSET_IDS};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, SupplyShares};
use plimsoll_schema::pool::{
    AmountOrMax, BatchAction, Beneficiary, Borrow, CollateralStatus, ExecuteMsg, Expiry, FromPurse, LoanId, OnBehalf,
    QueryMsg, Receive, Scope, SetOperator, SimulateLiquidationResponse, TransferShares, UserAccount, UserAsset,
    UserPositionResponse, Withdraw,
};

use crate::call::Call;
use crate::cast::{DENOMS, share, worth};
use crate::exact::{Exact, over};
use crate::liquidations::Sent;
use crate::op::{End, Op, Who};
use crate::stage::Stage;
use crate::value::{By, unit};
use crate::view::View;

/// The message of one of the users' operations, as the state is now; none of another operation.
#[allow(clippy::too_many_lines, reason = "an arm an operation")]
pub fn call(stage: &Stage, op: &Op) -> Option<Call> {
    let address = |user: usize| stage.people[user].to_string();
    Some(match *op {
        Op::Deposit { sender, who, denom, cents, crumbs } => {
            let on_behalf_of = (sender != who.0).then(|| address(who.0));
            let coin = coin(worth(denom, cents) + u128::from(crumbs), DENOMS[denom]);
            Call::pool(
                stage,
                sender,
                &ExecuteMsg::Deposit(OnBehalf { account_id: Some(who.1), on_behalf_of }),
                vec![coin],
            )
        }
        Op::Withdraw { who, denom, permille, to } => {
            let amount = match permille {
                1_000 => None,
                800..1_000 => Some(AmountOrMax::Max),
                _ => Some(Amount::new(share(stage.most(who, denom, false), permille)).into()),
            };
            let (denom, account_id) = (DENOMS[denom].to_owned(), Some(who.1));
            let msg = ExecuteMsg::Withdraw(Withdraw {
                denom,
                amount,
                recipient: to.map(address),
                account_id,
                on_behalf_of: None,
            });
            Call::pool(stage, who.0, &msg, vec![])
        }
        Op::Borrow { who, denom, permille, to } => {
            let most = stage.most(who, denom, true);
            let amount = if permille == 1_000 { AmountOrMax::Max } else { Amount::new(share(most, permille)).into() };
            let (denom, account_id) = (DENOMS[denom].to_owned(), Some(who.1));
            let msg = ExecuteMsg::Borrow(Borrow {
                denom,
                amount,
                recipient: to.map(address),
                account_id,
                on_behalf_of: None,
            });
            Call::pool(stage, who.0, &msg, vec![])
        }
        Op::Repay { sender, who, denom, permille } => {
            // The bank itself refuses to send nothing.
            let coin = coin(share(owed(stage, who, denom), permille).max(1), DENOMS[denom]);
            let on_behalf_of = (sender != who.0).then(|| address(who.0));
            Call::pool(
                stage,
                sender,
                &ExecuteMsg::Repay(OnBehalf { account_id: Some(who.1), on_behalf_of }),
                vec![coin],
            )
        }
        Op::Enable { who, denom, enable } => {
            let (denom, account_id) = (DENOMS[denom].to_owned(), Some(who.1));
            let msg = ExecuteMsg::UpdateAssetCollateralStatus(CollateralStatus {
                denom,
                enable,
                account_id,
                on_behalf_of: None,
            });
            Call::pool(stage, who.0, &msg, vec![])
        }
        Op::OnBehalf { by, ref act, .. } => return on_behalf(stage, by, act),
        Op::SetOperator { who: (user, id), operator, scopes, end } => {
            let order = set_operator(stage, id, address(operator), (scopes, end));
            Call::pool(stage, user, &ExecuteMsg::SetOperator(order), vec![])
        }
        Op::TransferShares { who, denom, permille, to } => {
            let order = transfer(stage, who, denom, permille, to);
            Call::pool(stage, who.0, &ExecuteMsg::TransferShares(order), vec![])
        }
        Op::RevokeAll { user } => Call::pool(stage, user, &ExecuteMsg::RevokeAll {}, vec![]),
        Op::Cover { sender, denom, cents, suppliers } => {
            let beneficiary = suppliers.then_some(Beneficiary::Suppliers);
            let coin = coin(worth(denom, cents), DENOMS[denom]);
            Call::pool(stage, sender, &ExecuteMsg::Cover { beneficiary }, vec![coin])
        }
        Op::SetOff { sender, who: (user, id), denom } => {
            let (user, denom) = (address(user), DENOMS[denom].to_owned());
            let msg = ExecuteMsg::SetOff(UserAsset { user, account_id: Some(id), denom });
            Call::pool(stage, sender, &msg, vec![])
        }
        Op::Rescue { sender, permille } => rescue(stage, sender, permille),
        Op::Improve { repaid, withdrawn } => improve(stage, repaid, withdrawn),
        Op::RepayFlashLoan { sender, id, denom, cents } => {
            let coin = coin(worth(denom, cents), DENOMS[denom]);
            Call::pool(stage, sender, &ExecuteMsg::RepayFlashLoan(LoanId { id }), vec![coin])
        }
        Op::RepayBatch { sender, id, denom, cents } => {
            let coin = coin(worth(denom, cents), DENOMS[denom]);
            Call::pool(stage, sender, &ExecuteMsg::RepayBatch(LoanId { id }), vec![coin])
        }
        Op::FinishBatch { sender, id } => Call::pool(stage, sender, &ExecuteMsg::FinishBatch(LoanId { id }), vec![]),
        Op::LiquidateBatch { .. } => Sent::of(stage, op)?.call(stage),
        Op::AssertFlashLoanRepaid { sender, id } => {
            Call::pool(stage, sender, &ExecuteMsg::AssertFlashLoanRepaid(LoanId { id }), vec![])
        }
        Op::WriteOff { sender, who } => write_off(stage, sender, who),
        Op::WriteOffWorst { sender } => {
            let worst = ranked(stage).into_iter().min_by_key(|who| position(stage, *who).collateral_value);
            write_off(stage, sender, worst.unwrap_or((0, 0)))
        }
        Op::Liquidate { .. } | Op::LiquidateWorst { .. } => Order::of(stage, op)?.call(stage),
        _ => return None,
    })
}

/// What the owner would send, sent by another in their name.
fn on_behalf(stage: &Stage, by: usize, act: &Op) -> Option<Call> {
    let owner = Some(stage.people[act.account()?.0].to_string());
    let Call { msg, funds, .. } = call(stage, act)?;
    let mut msg: ExecuteMsg = from_json(msg).expect("it was written a moment ago");
    match &mut msg {
        ExecuteMsg::Deposit(order) | ExecuteMsg::Repay(order) => order.on_behalf_of = owner,
        ExecuteMsg::Withdraw(order) => order.on_behalf_of = owner,
        ExecuteMsg::Borrow(order) => order.on_behalf_of = owner,
        ExecuteMsg::UpdateAssetCollateralStatus(order) => order.on_behalf_of = owner,
        _ => return None,
    }
    Some(Call::pool(stage, by, &msg, funds))
}

/// So many thousandths of a deposit's shares; all are left out, as a user would.
pub fn transfer(stage: &Stage, (user, id): Who, denom: usize, permille: u32, to: Who) -> TransferShares {
    let asset = ASSET_IDS.may_load(&*stage.pool(), DENOMS[denom]).expect("numbers can be read");
    let account = ACCOUNTS.may_load(&*stage.pool(), (&stage.people[user], id)).expect("accounts can be read");
    let held = asset.zip(account).map_or(0, |(asset, account)| account.shares(AssetId(asset)).raw());
    TransferShares {
        denom: DENOMS[denom].to_owned(),
        shares: (permille != 1_000).then(|| SupplyShares::new(share(held, permille))),
        account_id: Some(id),
        recipient: Some(stage.people[to.0].to_string()),
        recipient_account_id: Some(to.1),
    }
}

/// The scopes of these bits.
pub fn scopes(bits: u8) -> Vec<Scope> {
    Scope::ALL.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, scope)| *scope).collect()
}

/// When a grant ends that is given now.
pub fn expiry(height: u64, now: u64, end: End) -> Expiry {
    match end {
        End::Block => Expiry::ThisBlock,
        End::Blocks(blocks) => Expiry::AtHeight(height + blocks),
        End::Seconds(seconds) => Expiry::AtTime(now + seconds),
    }
}

fn set_operator(stage: &Stage, id: u32, operator: String, (bits, end): (u8, Option<End>)) -> SetOperator {
    let expiry = end.map(|end| expiry(stage.world.height(), stage.world.now(), end));
    SetOperator { operator, account_id: Some(id), scopes: scopes(bits), expiry }
}

/// The account that is the furthest above its max LTV, and by how much; none when all are within it.
fn above_max_ltv(view: &View) -> Option<(Who, Exact)> {
    let above = view.accounts.iter().filter(|(_, account)| view.lends_to(account)).map(|(who, _)| {
        let sums = view.sums(*who, By::UncappedPower);
        (*who, sums.weighted - sums.carried)
    });
    above.max_by(|a, b| a.1.cmp(&b.1)).filter(|(_, missing)| *missing > Exact::default())
}

/// A top-up of the largest enabled deposit of the account that needs it most, by so much of what it needs; of the first account when none does.
fn rescue(stage: &Stage, sender: usize, permille: u32) -> Call {
    let view = View::of(stage);
    let wanted = above_max_ltv(&view).and_then(|(who, missing)| {
        let held = view.accounts[&who].collaterals.iter().filter(|held| held.enabled);
        let held = held.max_by_key(|held| view.assets[usize::from(held.asset.0)].claim(held.shares.raw()))?;
        let asset = &view.assets[usize::from(held.asset.0)];
        let low = view.price(asset.denom, |said| &said.edges[0]);
        let gained = &low * &over(&[asset.params.max_loan_to_value.raw()], &[crate::exact::ONE]);
        let tokens = missing.over(&gained)?;
        let amount = (&tokens * &over(&[unit(asset.denom)], &[1])).to_whole();
        Some((who, asset.denom, u128::try_from(amount).ok()?.min(worth(asset.denom, 1_000_000_000))))
    });
    let ((user, id), denom, needed) = wanted.unwrap_or(((0, 1), 1, 1_000_000));
    let on_behalf_of = (sender != user).then(|| stage.people[user].to_string());
    let msg = ExecuteMsg::Deposit(OnBehalf { account_id: Some(id), on_behalf_of });
    Call::pool(stage, sender, &msg, vec![coin(share(needed, permille).max(1), DENOMS[denom])])
}

/// A batch of the owner of such an account: a part of its largest debt is repaid, and a part of what that is worth leaves its largest deposit.
fn improve(stage: &Stage, repaid: u32, withdrawn: u32) -> Call {
    let view = View::of(stage);
    let who = above_max_ltv(&view).map_or((0, 1), |(who, _)| who);
    let (_, collateral, debt, owed) = best(stage, who).unwrap_or((who, 1, 0, 1_000_000));
    let paid = share(owed, repaid).max(1);
    let asset = |denom: usize| view.assets.iter().find(|asset| asset.denom == denom);
    let tokens = asset(debt).zip(asset(collateral)).and_then(|(owed, held)| {
        let value = owed.value(paid, &view.price(debt, |said| &said.settled));
        Some((value.over(&view.price(collateral, |said| &said.settled))?, held))
    });
    let back = tokens.map(|(tokens, held)| (&tokens * &over(&[unit(held.denom)], &[1])).to_whole());
    let back = share(back.and_then(|back| u128::try_from(back).ok()).unwrap_or(1), withdrawn).max(1);
    let (paid, account_id) = (coin(paid, DENOMS[debt]), Some(who.1));
    let (denom, amount) = (DENOMS[collateral].to_owned(), Some(Amount::new(back)));
    let actions = vec![
        BatchAction::Repay(FromPurse { coin: paid.clone(), account_id, on_behalf_of: None }),
        BatchAction::Withdraw(Withdraw {
            denom,
            amount: amount.map(Into::into),
            recipient: None,
            account_id,
            on_behalf_of: None,
        }),
    ];
    Call::pool(stage, who.0, &ExecuteMsg::Batch { actions, callback: None }, vec![paid])
}

fn write_off(stage: &Stage, sender: usize, (user, id): Who) -> Call {
    let user = stage.people[user].to_string();
    Call::pool(stage, sender, &ExecuteMsg::WriteOff(UserAccount { user, account_id: Some(id) }), vec![])
}

/// What an account owes, in base units; 0 when the pool doesn't say.
pub fn owed(stage: &Stage, who: Who, denom: usize) -> u128 {
    let debts = position(stage, who).debts;
    debts.iter().find(|debt| debt.denom == DENOMS[denom]).map_or(0, |debt| debt.amount.raw())
}

/// What an account has supplied, in base units.
pub fn supplied(stage: &Stage, who: Who, denom: usize) -> u128 {
    let deposits = position(stage, who).collaterals;
    deposits.iter().find(|held| held.denom == DENOMS[denom]).map_or(0, |held| held.amount.raw())
}

/// An account in amounts.
pub fn position(stage: &Stage, who: Who) -> UserPositionResponse {
    stage.world.position(stage.actor(who))
}

/// The accounts below 1, the least healthy first.
pub fn ranked(stage: &Stage) -> Vec<Who> {
    let mut all = stage.world.liquidatable();
    all.sort_by(|a, b| (a.health_factor, &a.key).cmp(&(b.health_factor, &b.key)));
    let who = |key: &plimsoll_schema::pool::AccountKey| Some((stage.person(Some(&key.owner))?, key.account_id));
    all.iter().filter_map(|account| who(&account.key)).collect()
}

/// The place of a denom.
pub fn place(denom: &str) -> usize {
    DENOMS.iter().position(|name| *name == denom).unwrap_or(DENOMS.len() - 1)
}

/// A liquidation.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// Who liquidates.
    pub sender: usize,
    /// Whom.
    pub who: Who,
    /// What is taken.
    pub collateral: usize,
    /// What is repaid.
    pub debt: usize,
    /// How much, in base units.
    pub amount: u128,
    /// Whether shares are taken.
    pub shares: bool,
    /// The least that must come of it, in thousandths of what the preview says.
    pub least: Option<u32>,
    /// Who receives it.
    pub to: Option<usize>,
}

impl Order {
    /// That of a liquidating operation.
    pub fn of(stage: &Stage, op: &Op) -> Option<Self> {
        match *op {
            Op::Liquidate { sender, who, collateral, debt, permille, shares } => {
                let amount = share(owed(stage, who, debt), permille).max(1);
                Some(Self { sender, who, collateral, debt, amount, shares, least: None, to: None })
            }
            Op::LiquidateWorst { sender, permille, shares, least, to } => {
                // Who asks for too much tries their own account too.
                let other = |who: &Who| permille > 1_000 || (who.0 != sender && Some(who.0) != to);
                let who = ranked(stage).into_iter().find(other);
                let (who, collateral, debt, owed) =
                    who.and_then(|who| best(stage, who)).unwrap_or(((0, 1), 1, 0, 1_000_000));
                let amount = share(owed, permille).max(1);
                Some(Self { sender, who, collateral, debt, amount, shares, least, to })
            }
            _ => None,
        }
    }

    /// What the pool says that it would do.
    pub fn preview(&self, stage: &Stage) -> Option<SimulateLiquidationResponse> {
        let msg = QueryMsg::SimulateLiquidation {
            user: stage.people[self.who.0].to_string(),
            account_id: Some(self.who.1),
            collateral_denom: DENOMS[self.collateral].to_owned(),
            repay: coin(self.amount, DENOMS[self.debt]),
            allow_shares: Some(self.shares),
        };
        stage.world.query(&msg).ok()
    }

    fn call(&self, stage: &Stage) -> Call {
        let preview = self.least.and_then(|least| Some((least, self.preview(stage)?)));
        let msg = ExecuteMsg::Liquidate {
            user: stage.people[self.who.0].to_string(),
            account_id: Some(self.who.1),
            collateral_denom: DENOMS[self.collateral].to_owned(),
            recipient: self.to.map(|user| stage.people[user].to_string()),
            receive: self.shares.then_some(Receive::Shares),
            allow_shares: None,
            min_receive: preview.map(|(least, preview)| Amount::new(share(preview.receive.raw(), least))),
        };
        let funds: Vec<Coin> = vec![coin(self.amount, DENOMS[self.debt])];
        Call::pool(stage, self.sender, &msg, funds)
    }
}

/// An account's largest deposit and its largest debt, with what is owed of it.
pub fn best(stage: &Stage, who: Who) -> Option<(Who, usize, usize, u128)> {
    let position = position(stage, who);
    let value = |denom: &str, amount: Amount| {
        let unit = unit(place(denom));
        amount.raw() / unit.min(1_000_000) * (stage.price(place(denom)) / 1_000_000) / (unit / unit.min(1_000_000))
    };
    let collateral = position.collaterals.iter().max_by_key(|held| value(&held.denom, held.amount))?;
    let debt = position.debts.iter().max_by_key(|debt| value(&debt.denom, debt.amount))?;
    Some((who, place(&collateral.denom), place(&debt.denom), debt.amount.raw()))
}
