//! `liquidate_batch`: many liquidations and write-offs, applied in memory one after another.

use cosmwasm_std::{Addr, Binary, CosmosMsg, Deps, DepsMut, Env, Event, MessageInfo, Response};
use plimsoll_risk::units::Amount;
use plimsoll_schema::event;
use plimsoll_schema::pool::{
    LIQUIDATION_ITEMS_MAX, LiquidateBatch, LiquidateItem, LiquidationItem, Receive, UserAccount,
};

use crate::callback::{self, Callback};
use crate::error::ContractError;
use crate::funds::{self, Paid, Purse};
use crate::ledger::Ledger;
use crate::liquidate::{self, Done, TakeTerms, Taker};
use crate::{access, write_off};

pub fn liquidate_batch(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    order: LiquidateBatch,
) -> Result<Response, ContractError> {
    let min_success = validate(&order)?;
    let brings = order.callback.is_some();
    if brings {
        funds::none(info)?;
    }
    let purse = Purse::of(info)?;
    let recipient = access::recipient(deps.api, &env.contract.address, order.recipient.as_deref(), &info.sender)?;
    let terms = TakeTerms { brought_later: brings, ..TakeTerms::paid(order.receive, order.allow_shares) };
    let mut work = Work {
        deps: deps.as_ref(),
        ledger: Ledger::open(deps.as_ref(), env)?,
        taker: Taker { liquidator: info.sender.clone(), recipient, terms },
        purse,
        owed: Purse::default(),
        received: Purse::default(),
        succeeded: 0,
        first_failure: None,
        events: Vec::new(),
    };
    for (at, item) in order.items.iter().enumerate() {
        work.attempt(at, item)?;
    }
    let Work { ledger, taker, purse, owed, received, succeeded, first_failure, events, .. } = work;
    if succeeded < min_success {
        let first = first_failure.unwrap_or_default();
        return Err(ContractError::TooFew { succeeded, min_success, first });
    }
    let response = Response::new()
        .add_attribute(event::ACTION, "liquidate_batch")
        .add_attribute(event::LIQUIDATOR, taker.liquidator.as_str())
        .add_attribute(event::SUCCEEDED, succeeded.to_string())
        .add_events(events);
    let settled = Settled { taker, purse, owed, received };
    settled.finish(deps, env, ledger, order.callback, response)
}

/// Errors for what is wrong with the whole message. Answers how many items must succeed.
fn validate(order: &LiquidateBatch) -> Result<u32, ContractError> {
    let items = order.items.len();
    let max = LIQUIDATION_ITEMS_MAX;
    if !(1..=max).contains(&items) {
        return Err(ContractError::ItemCount { items, max });
    }
    let min_success = order.min_success.unwrap_or(1);
    if usize::try_from(min_success).map_or(true, |wanted| wanted > items) {
        return Err(ContractError::MinSuccess { min_success, items });
    }
    let shares = order.receive == Some(Receive::Shares) || order.allow_shares == Some(true);
    if shares && order.callback.is_some() {
        return Err(ContractError::SharesWithCallback);
    }
    Ok(min_success)
}

/// The batch so far. Only an item that succeeds changes anything but `events`.
struct Work<'a> {
    deps: Deps<'a>,
    ledger: Ledger,
    taker: Taker,
    /// What was attached and is not used yet.
    purse: Purse,
    /// What the callback is to bring.
    owed: Purse,
    /// Underlying for the recipient.
    received: Purse,
    succeeded: u32,
    first_failure: Option<String>,
    /// One an item: within an event, a chain sorts the attributes of a message that another contract sent.
    events: Vec<Event>,
}

impl Work<'_> {
    /// Tries an item. An error is none of the item's: it fails the whole message.
    fn attempt(&mut self, at: usize, item: &LiquidationItem) -> Result<(), ContractError> {
        let action = match item {
            LiquidationItem::Liquidate(_) => "liquidate",
            LiquidationItem::WriteOff(_) => "write_off",
        };
        let (attributes, outcome) = match self.change(item) {
            Ok(done) => (self.apply(item, done)?, "ok".to_owned()),
            Err(error) => {
                let reason = error.to_string();
                self.first_failure.get_or_insert_with(|| format!("item {at}: {reason}"));
                (vec![(event::FAILED, account_name(item))], reason)
            }
        };
        self.events.push(
            Event::new(event::ITEM)
                .add_attribute(event::ACTION, action)
                .add_attribute(event::ITEM, at.to_string())
                .add_attribute(event::LIQUIDATOR, self.taker.liquidator.as_str())
                .add_attributes(attributes)
                .add_attribute(event::OUTCOME, outcome),
        );
        Ok(())
    }

    /// What the item would do. Nothing is changed by it: markets and prices are read at most.
    fn change(&mut self, item: &LiquidationItem) -> Result<Done, ContractError> {
        match item {
            LiquidationItem::Liquidate(item) => {
                let offered = self.offered(item)?;
                liquidate::change(self.deps, &mut self.ledger, &self.taker, item, offered)
            }
            LiquidationItem::WriteOff(UserAccount { user, account_id }) => {
                write_off::change(self.deps, &mut self.ledger, user, *account_id)
            }
        }
    }

    /// Answers with what the event says of it.
    fn apply(&mut self, item: &LiquidationItem, done: Done) -> Result<Vec<(&'static str, String)>, ContractError> {
        if let LiquidationItem::Liquidate(item) = item {
            if self.taker.terms.brought_later {
                self.owed.put(&item.debt_denom, done.repaid)?;
            } else {
                self.purse.take(&Paid { denom: item.debt_denom.clone(), amount: done.repaid })?;
            }
            self.received.put(&item.collateral_denom, done.paid)?;
        }
        self.ledger.put(done.change);
        self.succeeded = self.succeeded.saturating_add(1);
        Ok(done.attributes)
    }

    /// The most that the item may repay.
    fn offered(&self, item: &LiquidateItem) -> Result<Amount, ContractError> {
        let most = item.max_repay.unwrap_or(Amount::MAX);
        funds::nonzero(most, &item.debt_denom)?;
        if self.taker.terms.brought_later {
            return Ok(most);
        }
        let left = self.purse.left(&item.debt_denom);
        if left.is_zero() {
            return Err(ContractError::PurseEmpty { denom: item.debt_denom.clone() });
        }
        Ok(most.min(left))
    }
}

/// The account as the item names it.
fn account_name(item: &LiquidationItem) -> String {
    let (user, account_id) = match item {
        LiquidationItem::Liquidate(item) => (&item.user, item.account_id),
        LiquidationItem::WriteOff(item) => (&item.user, item.account_id),
    };
    event::account_name(user, account_id.unwrap_or_default())
}

/// What moves at the end.
struct Settled {
    taker: Taker,
    purse: Purse,
    owed: Purse,
    received: Purse,
}

impl Settled {
    /// Saves everything, then pays, and calls back where something is to be brought.
    fn finish(
        self,
        deps: DepsMut,
        env: &Env,
        ledger: Ledger,
        callback: Option<Binary>,
        response: Response,
    ) -> Result<Response, ContractError> {
        let Self { taker, mut purse, owed, received } = self;
        let sender = taker.liquidator;
        let repay = owed.coins();
        let called = match callback {
            Some(msg) if !repay.is_empty() => {
                let due = ledger.markets.by_asset(&owed)?;
                let call = Callback { receiver: sender.clone(), repay, received: received.coins(), msg };
                Some(callback::open(deps.storage, env, call, due)?)
            }
            _ => None,
        };
        ledger.save(deps.storage)?;
        let payments = payments(&sender, &taker.recipient, &mut purse, received)?;
        let response = response.add_messages(payments);
        Ok(match called {
            Some(called) => called.add_to(response),
            None => response,
        })
    }
}

/// One payment a recipient.
fn payments(
    sender: &Addr,
    recipient: &Addr,
    purse: &mut Purse,
    received: Purse,
) -> Result<Vec<CosmosMsg>, ContractError> {
    if sender != recipient {
        return Ok(purse.pay(sender.as_str()).into_iter().chain(received.pay(recipient.as_str())).collect());
    }
    for coin in received.into_paid() {
        purse.put(&coin.denom, coin.amount)?;
    }
    Ok(purse.pay(sender.as_str()).into_iter().collect())
}
