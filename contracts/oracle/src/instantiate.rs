//! Setting the oracle up.

use cosmwasm_std::{DepsMut, Env, Response};
use plimsoll_schema::access::address;
use plimsoll_schema::event::ACTION;
use plimsoll_schema::oracle::{ConfigResponse, InstantiateMsg};
use plimsoll_schema::ownership::Ownership;

use crate::error::ContractError;
use crate::heartbeat;
use crate::state::{CONFIG, CONTRACT_NAME, CONTRACT_VERSION};

/// The most seconds between announcing a source and putting it in force: thirty days. A source that died has to be
/// replaced some time.
pub const SOURCE_DELAY_MAX: u64 = 30 * 86_400;

/// Writes the settings, and starts the heartbeat.
pub fn instantiate(deps: DepsMut, env: &Env, msg: InstantiateMsg) -> Result<Response, ContractError> {
    let InstantiateMsg { owner, production, source_delay, heartbeat_gap, guardian } = msg;
    if source_delay > SOURCE_DELAY_MAX {
        return Err(ContractError::SourceDelay { delay: source_delay, max: SOURCE_DELAY_MAX });
    }
    let ownership = Ownership::new(address(deps.api, &owner)?.into_string());
    if let Some(guardian) = &guardian {
        address(deps.api, guardian)?;
    }

    cw2::set_contract_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)?;
    CONFIG.save(deps.storage, &ConfigResponse { ownership, production, source_delay, guardian })?;
    heartbeat::start(deps.storage, env, heartbeat_gap)?;
    Ok(Response::new().add_attribute(ACTION, "instantiate"))
}
