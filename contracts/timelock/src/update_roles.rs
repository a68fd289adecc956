//! Replacing admin and guardian.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use plimsoll_schema::event::{ACTION, ADMIN, GUARDIAN};

use crate::access;
use crate::error::ContractError;
use crate::state::CONFIG;

/// Replaces both roles, at once for all that waits. By a queued call of the timelock to itself only.
pub fn update_roles(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    admin: &str,
    guardian: Option<&str>,
) -> Result<Response, ContractError> {
    access::assert_itself(env, info)?;
    let delay = CONFIG.load(deps.storage)?.delay;
    let config = access::config(deps.api, env, admin, guardian, delay)?;
    CONFIG.save(deps.storage, &config)?;
    Ok(Response::new()
        .add_attribute(ACTION, "update_roles")
        .add_attribute(ADMIN, config.admin)
        .add_attributes(config.guardian.map(|guardian| (GUARDIAN, guardian))))
}
