//! What users ask of the pool.

use cosmwasm_std::{Coin, coin};
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{
    Borrow, CollateralStatus, ExecuteMsg, LoanId, OnBehalf, QueryMsg, Receive, SimulateLiquidationResponse,
    UserAccount, UserPositionResponse, Withdraw,
};

use crate::call::Call;
use crate::cast::{DENOMS, share, worth};
use crate::op::{Op, Who};
use crate::stage::Stage;

/// The message of one of the users' operations, as the state is now; none of another operation.
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
                _ => Some(Amount::new(share(stage.most(who, denom, false), permille))),
            };
            let (denom, account_id) = (DENOMS[denom].to_owned(), Some(who.1));
            let msg = ExecuteMsg::Withdraw(Withdraw { denom, amount, recipient: to.map(address), account_id });
            Call::pool(stage, who.0, &msg, vec![])
        }
        Op::Borrow { who, denom, permille, to } => {
            let amount = Amount::new(share(stage.most(who, denom, true), permille));
            let (denom, account_id) = (DENOMS[denom].to_owned(), Some(who.1));
            let msg = ExecuteMsg::Borrow(Borrow { denom, amount, recipient: to.map(address), account_id });
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
            let msg = ExecuteMsg::UpdateAssetCollateralStatus(CollateralStatus { denom, enable, account_id });
            Call::pool(stage, who.0, &msg, vec![])
        }
        Op::Cover { sender, denom, cents } => {
            Call::pool(stage, sender, &ExecuteMsg::Cover {}, vec![coin(worth(denom, cents), DENOMS[denom])])
        }
        Op::RepayFlashLoan { sender, id, denom, cents } => {
            let coin = coin(worth(denom, cents), DENOMS[denom]);
            Call::pool(stage, sender, &ExecuteMsg::RepayFlashLoan(LoanId { id }), vec![coin])
        }
        Op::AssertFlashLoanRepaid { sender, id } => {
            Call::pool(stage, sender, &ExecuteMsg::AssertFlashLoanRepaid(LoanId { id }), vec![])
        }
        Op::WriteOff { sender, who } => write_off(stage, sender, who),
        Op::WriteOffWorst { sender } => {
            let worst = ranked(stage).into_iter().find(|who| position(stage, *who).collaterals.len() < 2);
            write_off(stage, sender, worst.unwrap_or((0, 0)))
        }
        Op::Liquidate { .. } | Op::LiquidateWorst { .. } => Order::of(stage, op)?.call(stage),
        _ => return None,
    })
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
                // Who asks for too much tries himself too.
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
        let record = stage.record(stage.in_force(), place(denom));
        let unit = 10u128.pow(u32::from(crate::cast::DECIMALS[place(denom)]));
        amount.raw() / unit.min(1_000_000) * record.map_or(0, |record| record.price.raw() / 1_000_000)
            / (unit / unit.min(1_000_000))
    };
    let collateral = position.collaterals.iter().max_by_key(|held| value(&held.denom, held.amount))?;
    let debt = position.debts.iter().max_by_key(|debt| value(&debt.denom, debt.amount))?;
    Some((who, place(&collateral.denom), place(&debt.denom), debt.amount.raw()))
}
