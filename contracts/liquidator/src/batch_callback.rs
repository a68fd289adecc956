//! `batch_callback`: what a group seized has come, and what it repaid is to be brought to the pool.

use cosmwasm_std::{Binary, Coin, Deps, Env, MessageInfo, Response, Uint256};
use plimsoll_schema::compact;

use crate::error::ContractError;
use crate::payload::{Sale, Terms};
use crate::state::POOL;

/// The message's fields.
pub struct Batch {
    pub id: u64,
    pub repay: Vec<Coin>,
    pub received: Vec<Coin>,
    pub msg: Binary,
}

pub fn batch_callback(deps: Deps, env: &Env, info: &MessageInfo, batch: Batch) -> Result<Response, ContractError> {
    let unexpected = || ContractError::Unexpected { sender: info.sender.to_string() };
    // That is all there is to check: the pool calls nobody back but the sender of a batch, with the terms that the
    // sender gave it.
    if info.sender != POOL.load(deps.storage)? {
        return Err(unexpected());
    }
    let terms: Terms = compact::decode(&batch.msg)?;
    // All items of a group repay the same denom.
    let [owed] = <[Coin; 1]>::try_from(batch.repay).map_err(|_| unexpected())?;
    if owed.denom != terms.route.debt_denom {
        return Err(unexpected());
    }
    let denom = &terms.route.collateral_denom;
    let seized = batch.received.into_iter().find(|coin| coin.denom == *denom);
    let seized = seized.unwrap_or_else(|| Coin { denom: denom.clone(), amount: Uint256::zero() });
    Sale { terms, batch: batch.id, owed, sold: 0 }.sell(deps, env, seized)
}
