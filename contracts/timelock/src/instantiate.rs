//! Setting the timelock up.

use cosmwasm_std::{DepsMut, Env, Response};
use plimsoll_schema::event::ACTION;
use plimsoll_schema::timelock::{DELAY_MAX, InstantiateMsg};

use crate::access;
use crate::error::ContractError;
use crate::state::{CONFIG, CONTRACT_NAME, CONTRACT_VERSION, TALLY, Tally};

/// Writes roles, delay and an empty queue.
pub fn instantiate(deps: DepsMut, env: &Env, msg: InstantiateMsg) -> Result<Response, ContractError> {
    let InstantiateMsg { admin, guardian, delay } = msg;
    if delay > DELAY_MAX {
        return Err(ContractError::Delay { delay, min: 0, max: DELAY_MAX });
    }
    let config = access::config(deps.api, env, &admin, guardian.as_deref(), delay)?;
    cw2::set_contract_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)?;
    CONFIG.save(deps.storage, &config)?;
    TALLY.save(deps.storage, &Tally::default())?;
    Ok(Response::new().add_attribute(ACTION, "instantiate"))
}
