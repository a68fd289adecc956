//! Setting the pool up.

use cosmwasm_std::{DepsMut, Env, Response};
use plimsoll_schema::access::address;
use plimsoll_schema::event;
use plimsoll_schema::ownership::Ownership;
use plimsoll_schema::pool::InstantiateMsg;

use crate::error::ContractError;
use crate::state::{ASSET_COUNT, CONFIG, CONTRACT_NAME, CONTRACT_VERSION, LOAN_COUNT, PROPOSED_ORACLE, ROLES, Roles};
use crate::{access, update_config};

/// Writes settings and roles. There are no markets yet.
pub fn instantiate(deps: DepsMut, env: &Env, msg: InstantiateMsg) -> Result<Response, ContractError> {
    update_config::validate(deps.as_ref(), &msg.config, env.block.time.seconds())?;
    let owner = address(deps.api, &msg.owner)?;
    let roles = Roles {
        ownership: Ownership::new(owner.into()),
        risk_manager: access::valid(deps.api, msg.risk_manager)?,
        guardian: access::valid(deps.api, msg.guardian)?,
    };
    cw2::set_contract_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)?;
    CONFIG.save(deps.storage, &msg.config)?;
    ROLES.save(deps.storage, &roles)?;
    ASSET_COUNT.save(deps.storage, &0)?;
    LOAN_COUNT.save(deps.storage, &0)?;
    PROPOSED_ORACLE.save(deps.storage, &None)?;
    Ok(Response::new().add_attribute(event::ACTION, "instantiate"))
}
