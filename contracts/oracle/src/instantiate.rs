//! Setting the oracle up.

use cosmwasm_std::{DepsMut, Response};
use plimsoll_risk::units::Ratio;
use plimsoll_schema::event::ACTION;
use plimsoll_schema::oracle::{ConfigResponse, InstantiateMsg};
use plimsoll_schema::ownership::Ownership;

use crate::access::address;
use crate::contract::{CONTRACT_NAME, CONTRACT_VERSION};
use crate::error::ContractError;
use crate::state::CONFIG;

/// The least delay of a replacement in production: a day.
pub const SOURCE_DELAY_MIN: u64 = 86_400;
/// The most: thirty days. A source that died has to be replaced some time.
pub const SOURCE_DELAY_MAX: u64 = 30 * 86_400;

/// Writes the settings.
pub fn instantiate(deps: DepsMut, msg: InstantiateMsg) -> Result<Response, ContractError> {
    let InstantiateMsg { owner, production, source_delay, max_replacement_deviation } = msg;
    let min = if production { SOURCE_DELAY_MIN } else { 0 };
    if source_delay < min || source_delay > SOURCE_DELAY_MAX {
        return Err(ContractError::SourceDelay { delay: source_delay, min, max: SOURCE_DELAY_MAX });
    }
    if max_replacement_deviation.is_zero() || max_replacement_deviation > Ratio::ONE {
        return Err(ContractError::MaxReplacementDeviation(max_replacement_deviation));
    }
    let ownership = Ownership::new(address(deps.api, &owner)?.into_string());

    cw2::set_contract_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)?;
    let config = ConfigResponse { ownership, production, source_delay, max_replacement_deviation };
    CONFIG.save(deps.storage, &config)?;
    Ok(Response::new().add_attribute(ACTION, "instantiate"))
}
