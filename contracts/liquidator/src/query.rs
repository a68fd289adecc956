//! What the liquidator answers.

use cosmwasm_std::{Binary, Deps, to_json_binary};
use plimsoll_schema::liquidator::ConfigResponse;

use crate::error::ContractError;
use crate::state::POOL;

/// The pool.
pub fn config(deps: Deps) -> Result<Binary, ContractError> {
    Ok(to_json_binary(&ConfigResponse { pool: POOL.load(deps.storage)?.into_string() })?)
}
