//! Naming the guardian.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use plimsoll_schema::access::address;
use plimsoll_schema::event::ACTION;

use crate::error::ContractError;
use crate::heartbeat::beat;
use crate::state::CONFIG;

/// Names who may remove a fallback beside the owner, or nobody. Owner only.
pub fn update_guardian(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    guardian: Option<String>,
) -> Result<Response, ContractError> {
    let mut config = CONFIG.load(deps.storage)?;
    config.ownership.assert_owner(info.sender.as_str())?;
    if let Some(guardian) = &guardian {
        address(deps.api, guardian)?;
    }
    config.guardian = guardian;
    CONFIG.save(deps.storage, &config)?;
    beat(deps.storage, env)?;
    Ok(Response::new().add_attribute(ACTION, "update_guardian"))
}
