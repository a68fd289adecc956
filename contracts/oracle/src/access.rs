//! Addresses that the chain accepts.

use cosmwasm_std::{Addr, Api};

use crate::error::ContractError;

/// The address. The chain's own refusal says why, but not of which address.
pub fn address(api: &dyn Api, text: &str) -> Result<Addr, ContractError> {
    api.addr_validate(text).map_err(|_| ContractError::BadAddress { address: text.to_owned() })
}
