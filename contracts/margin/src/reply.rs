//! Replies: a hop has paid.

use cosmwasm_std::{Deps, Env, Reply, Response};
use plimsoll_schema::compact;

use crate::error::ContractError;
use crate::payload::Sale;

/// The chain replies to nothing but what this contract sent, and hands back what it gave along.
pub fn reply(deps: Deps, env: &Env, reply: &Reply) -> Result<Response, ContractError> {
    let sale: Sale = compact::decode(&reply.payload)?;
    sale.go_on(deps, env)
}
