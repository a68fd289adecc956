//! `finish_batch`: what the pool sends itself after the callback of a batch.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};

use crate::error::ContractError;
use crate::state::{DUES, OPEN_BATCH};
use crate::{batch, funds};

/// After the callback. Errors unless what it was to bring is here, and the accounts of a `batch` pass their checks.
pub fn finish_batch(deps: DepsMut, env: &Env, info: &MessageInfo, id: u64) -> Result<Response, ContractError> {
    funds::none(info)?;
    if info.sender != env.contract.address {
        return Err(ContractError::Unauthorized { sender: info.sender.to_string(), role: "pool" });
    }
    if DUES.has(deps.storage, id) {
        return Err(ContractError::BatchNotRepaid { id });
    }
    match OPEN_BATCH.may_load(deps.storage)? {
        Some(open) if open.id == id => batch::finish(deps, env, open),
        _ => Ok(Response::new()),
    }
}
