//! What the contract answers about itself.

use cosmwasm_std::{Binary, Deps, to_json_binary};
use plimsoll_schema::margin::{ConfigResponse, Fee};

use crate::error::ContractError;
use crate::state::{SETTINGS, Settings};

/// The pool and the fee.
pub fn config(deps: Deps) -> Result<Binary, ContractError> {
    let Settings { pool, fee, collector } = SETTINGS.load(deps.storage)?;
    let fee = collector.map(|recipient| Fee { share: fee, recipient: recipient.into_string() });
    Ok(to_json_binary(&ConfigResponse { pool: pool.into_string(), fee })?)
}
