//! Setting the liquidator up.

use cosmwasm_std::{DepsMut, Response};
use plimsoll_schema::access::address;
use plimsoll_schema::event::ACTION;
use plimsoll_schema::liquidator::InstantiateMsg;

use crate::error::ContractError;
use crate::state::{CONTRACT_NAME, CONTRACT_VERSION, POOL};

/// Writes in which pool it liquidates.
pub fn instantiate(deps: DepsMut, msg: InstantiateMsg) -> Result<Response, ContractError> {
    let pool = address(deps.api, &msg.pool)?;
    cw2::set_contract_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)?;
    POOL.save(deps.storage, &pool)?;
    Ok(Response::new().add_attribute(ACTION, "instantiate"))
}
