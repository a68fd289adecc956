//! Who may call.

use cosmwasm_std::{Api, Env, MessageInfo};
use plimsoll_schema::access::address;
use plimsoll_schema::timelock::ConfigResponse;

use crate::error::ContractError;

/// Errors unless the sender is the admin.
pub fn assert_admin(config: &ConfigResponse, info: &MessageInfo) -> Result<(), ContractError> {
    if config.admin == info.sender.as_str() { Ok(()) } else { Err(unauthorized(info, "admin")) }
}

/// Errors unless the sender is the guardian.
pub fn assert_guardian(config: &ConfigResponse, info: &MessageInfo) -> Result<(), ContractError> {
    if config.guardian.as_deref() == Some(info.sender.as_str()) { Ok(()) } else { Err(unauthorized(info, "guardian")) }
}

/// Errors unless the timelock calls itself.
pub fn assert_itself(env: &Env, info: &MessageInfo) -> Result<(), ContractError> {
    if info.sender == env.contract.address {
        return Ok(());
    }
    Err(ContractError::NotItself { sender: info.sender.to_string() })
}

/// The settings as they are stored. Errors where a role is no address, or the timelock itself: as admin it would never
/// queue anything again, as guardian it would veto what the admin wants vetoed.
pub fn config(
    api: &dyn Api,
    env: &Env,
    admin: &str,
    guardian: Option<&str>,
    delay: u64,
) -> Result<ConfigResponse, ContractError> {
    let valid = |role: &'static str, text: &str| {
        let named = address(api, text)?;
        if named == env.contract.address { Err(ContractError::OwnRole { role }) } else { Ok(named.into_string()) }
    };
    let guardian = guardian.map(|text| valid("guardian", text)).transpose()?;
    Ok(ConfigResponse { admin: valid("admin", admin)?, guardian, delay })
}

fn unauthorized(info: &MessageInfo, role: &'static str) -> ContractError {
    ContractError::Unauthorized { sender: info.sender.to_string(), role }
}
