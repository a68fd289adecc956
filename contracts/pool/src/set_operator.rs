//! `set_operator` and `revoke_all`: let others act on an account, within a grant, and end that.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use plimsoll_schema::access::address;
use plimsoll_schema::event::{self, account_name};
use plimsoll_schema::pool::{Scope, SetOperator};

use crate::error::ContractError;
use crate::funds;
use crate::operators;
use crate::state::{GRANTS, Grant, REVOCATIONS};

/// Replaces what the operator may do on one of the sender's accounts. It is the sender's own account: nobody grants on
/// behalf of another, so an operator can't make operators.
pub fn set_operator(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    order: SetOperator,
) -> Result<Response, ContractError> {
    funds::none(info)?;
    let operator = address(deps.api, &order.operator)?;
    if operator == info.sender || operator == env.contract.address {
        return Err(ContractError::NotAnOperator { operator: operator.into_string() });
    }
    let expiry = order.expiry.map(|expiry| expiry.given_at(env.block.height));
    if let Some(expiry) = expiry.filter(|expiry| expiry.is_past(env.block.height, env.block.time.seconds())) {
        return Err(ContractError::ExpiryPast { expiry });
    }
    let mut scopes = order.scopes;
    scopes.sort_unstable();
    scopes.dedup();

    let account_id = order.account_id.unwrap_or_default();
    let names: Vec<&str> = scopes.iter().copied().map(Scope::name).collect();
    let response = Response::new()
        .add_attribute(event::ACTION, "set_operator")
        .add_attribute(event::ACCOUNT, account_name(info.sender.as_str(), account_id))
        .add_attribute(event::OPERATOR, operator.as_str())
        .add_attribute(event::SCOPES, names.join(","))
        .add_attributes(expiry.map(|expiry| (event::EXPIRY, expiry.to_string())));
    let key = (&info.sender, account_id, &operator);
    if scopes.is_empty() {
        GRANTS.remove(deps.storage, key);
    } else {
        let revocations = operators::revocations(deps.storage, &info.sender)?;
        GRANTS.save(deps.storage, key, &Grant { scopes, expiry, revocations })?;
    }
    Ok(response)
}

/// Ends every grant of the sender's. The records stay, and hold no longer, so that it costs the same for any number.
pub fn revoke_all(deps: DepsMut, info: &MessageInfo) -> Result<Response, ContractError> {
    funds::none(info)?;
    let revocations = operators::revocations(deps.storage, &info.sender)?;
    REVOCATIONS.save(deps.storage, &info.sender, &revocations.saturating_add(1))?;
    Ok(Response::new().add_attribute(event::ACTION, "revoke_all").add_attribute(event::SENDER, info.sender.as_str()))
}
