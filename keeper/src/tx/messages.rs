//! From actions to messages. Pure.
//!
//! What goes through the liquidator is one message, and what is repaid with the keeper's own coins is one more, to the
//! pool: both hold items that fail alone. A write-off is an item of the first where there is one, else of the second. A
//! set-off is a message of its own. Before all of them goes one to the oracle, where live prices have to be published:
//! by one that is older than a quarter of its window nothing can be seized or repaid.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_risk::units::Amount;
use plimsoll_schema::liquidator::{self, Route};
use plimsoll_schema::oracle::{DENOMS_MAX, ExecuteMsg as OracleMsg};
use plimsoll_schema::pool::{
    ExecuteMsg, LiquidateBatch, LiquidateItem, LiquidationItem, Receive, UserAccount, UserAsset,
};

use crate::chain::{Coin, Execute};
use crate::error::Result;
use crate::plan::{Action, Deal, Sale};
use crate::tx::receipt::Speakers;

/// The addresses that messages go to.
#[derive(Clone, Copy, Debug)]
pub struct Targets<'a> {
    /// The pool.
    pub pool: &'a str,
    /// The oracle that it goes by.
    pub oracle: &'a str,
    /// Its liquidator; without one nothing is sold.
    pub liquidator: Option<&'a str>,
    /// Whether own coins buy shares where a market lacks the cash to pay the collateral out.
    pub take_shares: bool,
}

/// Actions in the order of their messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arranged {
    /// First the items of the liquidator's message, one route after another; then those of the pool's; then what is a
    /// message each.
    pub actions: Vec<Action>,
    /// How many are items of the message to the liquidator.
    pub sold: usize,
    /// How many after those are items of one message to the pool.
    pub own: usize,
}

impl Arranged {
    /// How many are items, of either message.
    pub const fn items(&self) -> usize {
        self.sold.saturating_add(self.own)
    }
}

impl<'a> Targets<'a> {
    /// The contracts whose events tell what this sender's batches do.
    pub const fn speakers(&self, sender: &'a str) -> Speakers<'a> {
        Speakers { pool: self.pool, liquidator: self.liquidator, sender }
    }

    /// These actions in the order of their messages.
    pub fn arrange(&self, actions: Vec<Action>) -> Arranged {
        let mut sold: Vec<Vec<Action>> = Vec::new();
        let mut own = Vec::new();
        let mut written_off = Vec::new();
        let mut single = Vec::new();
        for action in actions {
            match &action {
                Action::Liquidate(deal) if deal.sale.is_some() => {
                    let same = |group: &&mut Vec<Action>| group.first().and_then(route) == route(&action);
                    match sold.iter_mut().find(same) {
                        Some(group) => group.push(action),
                        None => sold.push(vec![action]),
                    }
                }
                Action::Liquidate(_) => own.push(action),
                Action::WriteOff { .. } => written_off.push(action),
                Action::SetOff { .. } => single.push(action),
            }
        }
        let mut actions: Vec<Action> = sold.into_iter().flatten().collect();
        let items = if actions.is_empty() { &mut own } else { &mut actions };
        items.append(&mut written_off);
        let sold = actions.len();
        let own_count = own.len();
        actions.extend(own.into_iter().chain(single));
        Arranged { actions, sold, own: own_count }
    }

    /// The messages of these actions, in the order of [`Targets::arrange`]. A message with fewer items that succeed
    /// than `min_success` undoes the transaction; no more are asked of one than it has.
    pub fn messages(&self, actions: &[Action], min_success: usize) -> Result<Vec<Execute>> {
        let Arranged { actions, sold: count, own } = self.arrange(actions.to_vec());
        let (sold, others) = actions.split_at(count);
        let (own, single) = others.split_at(own);
        let least = |items: &[Action]| u32::try_from(min_success.min(items.len())).unwrap_or(u32::MAX);
        let mut messages = publish_messages(self.oracle, stale(&actions))?;
        if let Some(liquidator) = self.liquidator.filter(|_| !sold.is_empty()) {
            let items = sold.iter().filter_map(item).collect();
            let msg = liquidator::ExecuteMsg::Liquidate { items, routes: routes(sold), min_success: least(sold) };
            messages.push(Execute::new(liquidator, &msg, Vec::new())?);
        }
        if !own.is_empty() {
            messages.push(Execute::new(self.pool, &self.batch(own, least(own)), repayments(own))?);
        }
        for action in single {
            messages.extend(set_off(self.pool, action)?);
        }
        Ok(messages)
    }

    fn batch(&self, actions: &[Action], min_success: u32) -> ExecuteMsg {
        ExecuteMsg::LiquidateBatch(LiquidateBatch {
            items: actions.iter().filter_map(item).collect(),
            recipient: None,
            receive: Some(Receive::Underlying),
            allow_shares: Some(self.take_shares),
            min_success: Some(min_success),
            callback: None,
        })
    }
}

/// How many messages go before those of the actions.
pub fn before(actions: &[Action]) -> usize {
    stale(actions).len().div_ceil(DENOMS_MAX)
}

/// The live prices that have to be published first.
fn stale(actions: &[Action]) -> Vec<String> {
    let deals =
        actions.iter().filter_map(|action| if let Action::Liquidate(deal) = action { Some(deal) } else { None });
    let denoms: BTreeSet<&String> = deals.flat_map(|deal| &deal.publish).collect();
    denoms.into_iter().cloned().collect()
}

/// The messages that publish these live prices, one for as many as the oracle takes at once; none of none.
pub fn publish_messages(oracle: &str, denoms: Vec<String>) -> Result<Vec<Execute>> {
    let message = |denoms: &[String]| Execute::new(oracle, &OracleMsg::Publish { denoms: denoms.to_vec() }, Vec::new());
    denoms.chunks(DENOMS_MAX).map(message).collect()
}

/// All that these actions repay with, a coin a denom.
fn repayments(actions: &[Action]) -> Vec<Coin> {
    let mut repayments: BTreeMap<&str, u128> = BTreeMap::new();
    for coin in actions.iter().filter_map(Action::sent) {
        let sum = repayments.entry(&coin.denom).or_default();
        *sum = sum.saturating_add(coin.amount);
    }
    repayments.into_iter().map(|(denom, amount)| Coin { denom: denom.to_owned(), amount }).collect()
}

/// The message to the pool that sets off; `None` for what is an item.
fn set_off(pool: &str, action: &Action) -> Result<Option<Execute>> {
    let Action::SetOff { key, amount } = action else { return Ok(None) };
    let asset = UserAsset { user: key.owner.clone(), account_id: Some(key.account_id), denom: amount.denom.clone() };
    Execute::new(pool, &ExecuteMsg::SetOff(asset), Vec::new()).map(Some)
}

/// As an item of a batch; `None` for what there is no item for.
fn item(action: &Action) -> Option<LiquidationItem> {
    Some(match action {
        Action::SetOff { .. } => return None,
        Action::Liquidate(deal) => LiquidationItem::Liquidate(LiquidateItem {
            user: deal.key.owner.clone(),
            account_id: Some(deal.key.account_id),
            collateral_denom: deal.collateral_denom.clone(),
            debt_denom: deal.sent.denom.clone(),
            max_repay: Some(Amount::new(deal.sent.amount)),
            min_receive: Some(deal.min_receive),
        }),
        Action::WriteOff { key, .. } => {
            LiquidationItem::WriteOff(UserAccount { user: key.owner.clone(), account_id: Some(key.account_id) })
        }
    })
}

/// What is sold for what, of an action that goes through the liquidator.
pub fn route(action: &Action) -> Option<(&str, &str)> {
    sold(action).map(|(deal, _)| (deal.collateral_denom.as_str(), deal.sent.denom.as_str()))
}

/// One for each pair of denoms. A group has to earn what its least demanding item is asked for, since that may be the
/// only one that succeeds; items of which nobody knows what they earn ([`Sale::UNKNOWN`]) ask it for a base unit where
/// they are alone.
fn routes(actions: &[Action]) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    for (deal, sale) in actions.iter().filter_map(sold) {
        let same =
            |route: &&mut Route| route.collateral_denom == deal.collateral_denom && route.debt_denom == deal.sent.denom;
        match routes.iter_mut().find(same) {
            Some(route) => route.min_profit = route.min_profit.min(sale.min_profit),
            None => routes.push(Route {
                collateral_denom: deal.collateral_denom.clone(),
                debt_denom: deal.sent.denom.clone(),
                hops: sale.hops.clone(),
                min_profit: sale.min_profit.max(Amount::new(1)),
            }),
        }
    }
    for route in routes.iter_mut().filter(|route| route.min_profit == Sale::UNKNOWN) {
        route.min_profit = Amount::new(1);
    }
    routes
}

fn sold(action: &Action) -> Option<(&Deal, &Sale)> {
    match action {
        Action::Liquidate(deal) => Some((&**deal, deal.sale.as_ref()?)),
        Action::SetOff { .. } | Action::WriteOff { .. } => None,
    }
}
