//! `batch_callback`: what is to be sold has come, and what it buys is to be brought to the pool.

use cosmwasm_std::{Binary, Coin, Deps, Env, MessageInfo, Response};
use plimsoll_schema::compact;

use crate::error::ContractError;
use crate::payload::{Sale, Terms};
use crate::state::SETTINGS;

pub fn batch_callback(
    deps: Deps,
    env: &Env,
    info: &MessageInfo,
    batch: u64,
    repay: Vec<Coin>,
    msg: &Binary,
) -> Result<Response, ContractError> {
    let unexpected = || ContractError::Unexpected { sender: info.sender.to_string() };
    // That is all there is to check: the pool calls nobody back but the sender of a batch, with the terms that the
    // sender gave it.
    if info.sender != SETTINGS.load(deps.storage)?.pool {
        return Err(unexpected());
    }
    let terms: Terms = compact::decode(msg)?;
    // Every plan has the pool brought the one denom that its sale buys.
    let [owed] = <[Coin; 1]>::try_from(repay).map_err(|_| unexpected())?;
    if owed.denom != terms.trade.to() {
        return Err(unexpected());
    }
    Sale { terms, batch, owed, done: 0 }.go_on(deps, env)
}
