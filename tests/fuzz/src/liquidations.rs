//! Batches of liquidations and write-offs: what their items come to, and sending them.

use cosmwasm_std::{Binary, Coin, coin};
use plimsoll_pool::state::ACCOUNTS;
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{ExecuteMsg, LiquidateBatch, LiquidateItem, LiquidationItem, Receive, UserAccount};
use plimsoll_testing::{AppResponse, Step, WorldError};

use crate::call::Call;
use crate::cast::{BORROWER, DENOMS, IDS, LISTED, share};
use crate::op::{Aim, Item, Op, Who};
use crate::stage::Stage;
use crate::use_pool::{Order, best, owed, position, ranked};

/// The name of nobody's address.
pub const NOBODY: &str = "nobody";

/// A batch of liquidations as it is sent, with all that it comes to.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Who sends it: the contract where there is a callback.
    pub sender: usize,
    /// What is sent.
    pub order: LiquidateBatch,
    /// The purse.
    pub funds: Vec<Coin>,
}

impl Sent {
    /// That of an operation with coins of one's own, as the state is now.
    pub fn of(stage: &Stage, op: &Op) -> Option<Self> {
        let Op::LiquidateBatch { sender, ref items, purse, shares, allow_shares, to, min_success } = *op else {
            return None;
        };
        let wanted = wanted(stage, sender, items);
        let funds = (0..DENOMS.len()).filter_map(|denom| {
            let of_denom = wanted.iter().filter_map(|(_, most)| most.filter(|(other, _)| *other == denom));
            let sum: u128 = of_denom.map(|(_, amount)| amount).sum();
            (sum > 0).then(|| coin(share(sum, purse).max(1), DENOMS[denom]))
        });
        let order = LiquidateBatch {
            recipient: to.map(|user| stage.people[user].to_string()),
            receive: shares.then_some(Receive::Shares),
            allow_shares: allow_shares.then_some(true),
            min_success,
            callback: None,
            items: vec![],
        };
        let mut funds: Vec<Coin> = funds.collect();
        funds.sort_by(|a, b| a.denom.cmp(&b.denom));
        Some(Self { sender, order: LiquidateBatch { items: items_of(wanted), ..order }, funds })
    }

    /// The contract's, with what its callback carries.
    pub fn called(
        stage: &Stage,
        items: &[Item],
        (to, min_success): (Option<usize>, Option<u32>),
        carried: Binary,
    ) -> Self {
        let order = LiquidateBatch {
            items: items_of(wanted(stage, BORROWER, items)),
            recipient: to.map(|user| stage.people[user].to_string()),
            receive: None,
            allow_shares: None,
            min_success,
            callback: Some(carried),
        };
        Self { sender: BORROWER, order, funds: vec![] }
    }

    /// The message, of one with coins of one's own.
    pub fn call(&self, stage: &Stage) -> Call {
        Call::pool(stage, self.sender, &ExecuteMsg::LiquidateBatch(self.order.clone()), self.funds.clone())
    }

    /// As the contract does it.
    pub fn step(&self) -> Step {
        Step::pool_with(ExecuteMsg::LiquidateBatch(self.order.clone()), self.funds.clone())
    }

    /// Sends it.
    pub fn send(&self, stage: &mut Stage) -> Result<AppResponse, WorldError> {
        if self.order.callback.is_none() {
            return self.call(stage).send(stage);
        }
        let borrower = stage.borrower().clone();
        stage.world.flash(&borrower, [self.step()])
    }
}

/// An item with the denom and the most that it would repay.
type Wanted = (LiquidationItem, Option<(usize, u128)>);

fn items_of(wanted: Vec<Wanted>) -> Vec<LiquidationItem> {
    wanted.into_iter().map(|(item, _)| item).collect()
}

fn wanted(stage: &Stage, sender: usize, items: &[Item]) -> Vec<Wanted> {
    let below = ranked(stage);
    let owing: Vec<Who> = Stage::everyone().filter(|who| !is_clear(stage, *who)).collect();
    let healthy: Vec<Who> = owing.into_iter().filter(|who| !below.contains(who)).collect();
    // Who can be liquidated by the sender at this moment, if anybody can.
    let is_ready =
        |who: &Who| who.0 != sender && order(stage, *who).is_some_and(|order| order.preview(stage).is_some());
    let ready: Vec<Who> = below.iter().copied().filter(is_ready).collect();
    let mut poorest = below.clone();
    poorest.sort_by_key(|who| position(stage, *who).collateral_value);
    let of = |all: &[Who], nth: u32| (nth as usize).checked_rem(all.len()).map_or((0, 1), |at| all[at]);
    let resolved = items.iter().map(|item| match item.aim {
        Aim::WriteOff => (write_off(stage, of(&poorest, item.nth)), None),
        Aim::WriteOffHealthy => (write_off(stage, of(&healthy, item.nth)), None),
        Aim::Healthy => liquidation(stage, of(&healthy, item.nth), item),
        Aim::Own => liquidation(stage, (sender, item.nth % IDS), item),
        _ => liquidation(stage, of(if ready.is_empty() { &below } else { &ready }, item.nth), item),
    });
    resolved.collect()
}

fn is_clear(stage: &Stage, (user, id): Who) -> bool {
    let account = ACCOUNTS.may_load(&*stage.pool(), (&stage.people[user], id)).expect("accounts can be read");
    account.is_none_or(|account| account.debts.is_empty())
}

/// All of the largest debt, for the largest deposit.
fn order(stage: &Stage, who: Who) -> Option<Order> {
    let (_, collateral, debt, amount) = best(stage, who)?;
    Some(Order { sender: 0, who, collateral, debt, amount, shares: false, least: None, to: None })
}

fn write_off(stage: &Stage, (user, id): Who) -> LiquidationItem {
    LiquidationItem::WriteOff(UserAccount { user: stage.people[user].to_string(), account_id: Some(id) })
}

fn liquidation(stage: &Stage, who: Who, item: &Item) -> Wanted {
    let (_, mut collateral, mut debt, mut most) = best(stage, who).unwrap_or((who, 1, 0, 1_000_000));
    let held = position(stage, who);
    let missing = |there: Vec<&str>| (0..LISTED).find(|denom| !there.contains(&DENOMS[*denom]));
    match item.aim {
        Aim::NoDebt => debt = missing(held.debts.iter().map(|d| d.denom.as_str()).collect()).unwrap_or(debt),
        Aim::NoDeposit => {
            collateral = missing(held.collaterals.iter().map(|c| c.denom.as_str()).collect()).unwrap_or(collateral);
        }
        Aim::Unlisted => (debt, most) = (DENOMS.len() - 1, 1_000_000),
        Aim::SameDenom => {
            collateral = debt;
            most = owed(stage, who, debt);
        }
        _ => {}
    }
    let amount = share(most, item.permille).max(1);
    let max_repay = match item.aim {
        Aim::Nothing => Some(0),
        Aim::AllThatIsLeft => None,
        _ => Some(amount),
    };
    let min_receive = match item.aim {
        Aim::AtLeast(least) => {
            let order = Order { sender: 0, who, collateral, debt, amount, shares: false, least: None, to: None };
            Some(share(order.preview(stage).map_or(1, |preview| preview.receive.raw()), least))
        }
        _ => None,
    };
    let nobody = item.aim == Aim::Nobody;
    let liquidation = LiquidateItem {
        user: if nobody { NOBODY.to_owned() } else { stage.people[who.0].to_string() },
        // Left out and 0 are the same account.
        account_id: (who.1 > 0 || item.permille.is_multiple_of(2)).then_some(who.1),
        collateral_denom: DENOMS[collateral].to_owned(),
        debt_denom: DENOMS[debt].to_owned(),
        max_repay: max_repay.map(Amount::new),
        min_receive: min_receive.map(Amount::new),
    };
    (LiquidationItem::Liquidate(liquidation), Some((debt, amount)))
}
