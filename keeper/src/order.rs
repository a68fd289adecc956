//! From actions to messages. Pure.
//!
//! What goes through the liquidator is one message, the first; everything else is a message to the pool of its own.
//! Before all of them goes one to the oracle, where live prices have to be published: by one that is older than a
//! quarter of its window nothing can be seized or repaid.

use std::collections::BTreeSet;

use plimsoll_risk::units::Amount;
use plimsoll_schema::liquidator::{self, Item, Route};
use plimsoll_schema::oracle::{DENOMS_MAX, ExecuteMsg as OracleMsg};
use plimsoll_schema::pool::{ExecuteMsg, Receive, UserAccount, UserAsset};

use crate::chain::Execute;
use crate::error::Result;
use crate::plan::{Action, Deal, Sale};

/// Where messages go.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// The pool.
    pub pool: &'a str,
    /// The oracle that it goes by.
    pub oracle: &'a str,
    /// Its liquidator; without one nothing is sold.
    pub liquidator: Option<&'a str>,
    /// The most gas that an item may use.
    pub item_gas: u64,
}

impl Desk<'_> {
    /// Whether this is an item of the liquidator's message.
    pub const fn is_item(&self, action: &Action) -> bool {
        match action {
            Action::Liquidate(deal) => deal.sale.is_some(),
            Action::SetOff { .. } => false,
            Action::WriteOff { .. } => self.liquidator.is_some(),
        }
    }

    /// The same in the order of their messages: items first. Says how many those are.
    pub fn arrange(&self, actions: Vec<Action>) -> (Vec<Action>, usize) {
        let (mut items, direct): (Vec<_>, Vec<_>) = actions.into_iter().partition(|action| self.is_item(action));
        let count = items.len();
        items.extend(direct);
        (items, count)
    }

    /// The messages of these actions, in the order of [`Desk::arrange`]. Fewer than `min_success` items undo the transaction; no more are
    /// asked for than there are.
    pub fn messages(&self, actions: &[Action], min_success: usize) -> Result<Vec<Execute>> {
        let (actions, count) = self.arrange(actions.to_vec());
        let (items, others) = actions.split_at(count);
        let mut messages = publish(self.oracle, stale(&actions))?;
        if let Some(liquidator) = self.liquidator.filter(|_| !items.is_empty()) {
            messages.push(Execute::new(liquidator, &self.batch(items, min_success.min(count)), Vec::new())?);
        }
        for action in others {
            messages.push(direct(self.pool, action)?);
        }
        Ok(messages)
    }

    fn batch(&self, actions: &[Action], min_success: usize) -> liquidator::ExecuteMsg {
        liquidator::ExecuteMsg::Liquidate {
            items: actions.iter().filter_map(item).collect(),
            routes: routes(actions),
            min_success: u32::try_from(min_success).unwrap_or(u32::MAX),
            item_gas: Some(self.item_gas),
        }
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
pub fn publish(oracle: &str, denoms: Vec<String>) -> Result<Vec<Execute>> {
    let message = |denoms: &[String]| Execute::new(oracle, &OracleMsg::Publish { denoms: denoms.to_vec() }, Vec::new());
    denoms.chunks(DENOMS_MAX).map(message).collect()
}

/// The message to the pool that does it with the keeper's own coins.
pub fn direct(pool: &str, action: &Action) -> Result<Execute> {
    let (msg, funds) = match action {
        Action::Liquidate(deal) => (
            ExecuteMsg::Liquidate {
                user: deal.key.owner.clone(),
                account_id: Some(deal.key.account_id),
                collateral_denom: deal.collateral_denom.clone(),
                recipient: None,
                receive: Some(Receive::Underlying),
                min_receive: Some(deal.min_receive),
            },
            vec![deal.sent.clone()],
        ),
        Action::SetOff { key, amount } => (
            ExecuteMsg::SetOff(UserAsset {
                user: key.owner.clone(),
                account_id: Some(key.account_id),
                denom: amount.denom.clone(),
            }),
            Vec::new(),
        ),
        Action::WriteOff { key, .. } => (
            ExecuteMsg::WriteOff(UserAccount { user: key.owner.clone(), account_id: Some(key.account_id) }),
            Vec::new(),
        ),
    };
    Execute::new(pool, &msg, funds)
}

/// As an item of the liquidator's message; `None` for what it has no item for.
fn item(action: &Action) -> Option<Item> {
    Some(match action {
        Action::SetOff { .. } => return None,
        Action::Liquidate(deal) => Item::Liquidate {
            user: deal.key.owner.clone(),
            account_id: Some(deal.key.account_id),
            repay: cosmwasm_std::coin(deal.sent.amount, &deal.sent.denom),
            collateral_denom: deal.collateral_denom.clone(),
            min_receive: Some(deal.min_receive),
        },
        Action::WriteOff { key, .. } => Item::WriteOff { user: key.owner.clone(), account_id: Some(key.account_id) },
    })
}

/// One for each pair of denoms. A group has to earn what its least demanding item is asked for, since that may be the only one that succeeds; items of
/// which nobody knows what they earn ([`Sale::UNKNOWN`]) ask it for a base unit where they are alone.
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
