//! `migrate`: take over from an older version of this contract.

use cosmwasm_std::{DepsMut, Response};
use plimsoll_schema::event::{ACTION, FROM};
use plimsoll_schema::version::ensure_from_older_version;

use crate::error::ContractError;
use crate::state::{CONTRACT_NAME, CONTRACT_VERSION};

/// Notes the new version.
pub fn migrate(deps: DepsMut) -> Result<Response, ContractError> {
    let from = ensure_from_older_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)?;
    Ok(Response::new().add_attribute(ACTION, "migrate").add_attribute(FROM, from))
}
