//! Addresses that the chain accepts, and who may act beside the owner.

use cosmwasm_std::{Addr, Api};
use plimsoll_schema::oracle::ConfigResponse;

use crate::error::ContractError;

/// The address. The chain's own refusal says why, but not of which address.
pub fn address(api: &dyn Api, text: &str) -> Result<Addr, ContractError> {
    api.addr_validate(text).map_err(|_| ContractError::BadAddress { address: text.to_owned() })
}

/// Errors unless `sender` is the owner or the guardian.
pub fn assert_owner_or_guardian(config: &ConfigResponse, sender: &str) -> Result<(), ContractError> {
    if config.guardian.as_deref() == Some(sender) {
        return Ok(());
    }
    Ok(config.ownership.assert_owner(sender)?)
}
