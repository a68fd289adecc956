//! From a message to the pool's batch.

use cosmwasm_std::{Binary, Deps, Env, MessageInfo, Response};
use plimsoll_schema::margin::Order;
use plimsoll_schema::{compact, event};

use crate::coins::coin;
use crate::error::ContractError;
use crate::order::plan;
use crate::payload::Terms;
use crate::plan::Plan;
use crate::state::SETTINGS;
use crate::to_pool::ToPool;

/// Sends the batch of a message.
///
/// There is no lock, though a route may name a hostile pair, which can call this contract and the pool and send coins
/// in the middle of a sale.
///
/// - **Callbacks are authentic.** The pool calls back only the sender of a batch, with the bytes that the sender gave
///   it. All that this contract sends to a pair is `swap`, which is no message of its own and none of the pool, so a
///   route can't make it call itself.
/// - **A message acts on its sender's account alone.** No message names an owner. A pair that calls in the middle is
///   its own sender, and the pool runs no batch inside the callback of another.
/// - **What a pair pays less than it foretold is missing.** The sale and the settlement ask for the very amounts of the
///   plan, whose limits the sender set. The whole fails then.
/// - **Nothing stays inside.** The settlement pays out all there is of every denom of its route.
pub fn send(deps: Deps, env: &Env, info: MessageInfo, order: Order) -> Result<Response, ContractError> {
    let settings = SETTINGS.load(deps.storage)?;
    let MessageInfo { sender, funds } = info;
    let (scene, plan) = plan(deps, env, &settings, sender.into_string(), order, funds)?;
    let Plan { action, actions, purse, trade, .. } = plan;
    let account = event::account_name(&scene.user, scene.account_id.unwrap_or_default());
    let response = Response::new()
        .add_attribute(event::ACTION, action)
        .add_attribute(event::ACCOUNT, account)
        .add_attribute(event::SOLD, coin(&trade.from, trade.sold()).to_string())
        .add_attribute(event::BOUGHT, coin(trade.to(), trade.bought()).to_string())
        .add_attribute(event::FEE, trade.fee.to_string());
    let callback = compact::encode(&Terms { caller: scene.user, trade })?;
    let batch = ToPool::Batch { actions, callback: Some(Binary::from(callback)) };
    Ok(response.add_message(batch.with(scene.pool, purse)?))
}
