//! Putting an announced source in force.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use plimsoll_schema::event::{ACTION, DENOM};

use crate::announced::assert_due;
use crate::error::ContractError;
use crate::heartbeat::beat;
use crate::set_source::put_in_force;
use crate::state::{CONFIG, load};
use crate::validate::{assert_alone, validate_source};

/// Puts the announced source in force, validated again: the pair may have changed since. Errors before its delay is
/// over and once it has lapsed. Owner only.
pub fn apply_source(deps: DepsMut, env: &Env, info: &MessageInfo, denom: &str) -> Result<Response, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    config.ownership.assert_owner(info.sender.as_str())?;
    let clock = beat(deps.storage, env)?;
    let none = || ContractError::NoPendingSource { denom: denom.to_owned() };
    let pending = load(deps.storage, denom)?.0.pending.ok_or_else(none)?;
    assert_due(denom, pending.effective_at, clock.now)?;
    assert_alone(config.production, denom, &pending.source)?;
    validate_source(deps.as_ref(), config.production, denom, &pending.source, &pending.guards, clock.now)?;
    put_in_force(deps.storage, denom, pending.source, pending.guards, clock)?;
    Ok(Response::new().add_attribute(ACTION, "apply_source").add_attribute(DENOM, denom))
}
