//! Changing the delay.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use plimsoll_schema::event::{ACTION, DELAY};
use plimsoll_schema::timelock::{ConfigResponse, DELAY_MAX, DELAY_MIN};

use crate::access;
use crate::error::ContractError;
use crate::state::CONFIG;

/// Sets the delay of what is queued from now on; what waits keeps its own. By a queued call of the timelock to itself
/// only.
pub fn update_delay(deps: DepsMut, env: &Env, info: &MessageInfo, delay: u64) -> Result<Response, ContractError> {
    access::assert_itself(env, info)?;
    if !(DELAY_MIN..=DELAY_MAX).contains(&delay) {
        return Err(ContractError::Delay { delay, min: DELAY_MIN, max: DELAY_MAX });
    }
    let config = CONFIG.load(deps.storage)?;
    CONFIG.save(deps.storage, &ConfigResponse { delay, ..config })?;
    Ok(Response::new().add_attribute(ACTION, "update_delay").add_attribute(DELAY, delay.to_string()))
}
