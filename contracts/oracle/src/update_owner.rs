//! Handing the oracle over.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use plimsoll_schema::access::address;
use plimsoll_schema::event::ACTION;
use plimsoll_schema::ownership::OwnerUpdate;

use crate::error::ContractError;
use crate::heartbeat::beat;
use crate::state::CONFIG;

/// One step of handing the oracle over. Owner only; the last step is the successor's.
pub fn update_owner(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    step: OwnerUpdate,
) -> Result<Response, ContractError> {
    if let OwnerUpdate::Propose { owner } = &step {
        address(deps.api, owner)?;
    }
    let mut config = CONFIG.load(deps.storage)?;
    config.ownership = config.ownership.update(info.sender.as_str(), step)?;
    CONFIG.save(deps.storage, &config)?;
    beat(deps.storage, env)?;
    Ok(Response::new().add_attribute(ACTION, "update_owner"))
}
