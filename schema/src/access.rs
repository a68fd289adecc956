//! Addresses that the chain accepts, the same in every contract.

use cosmwasm_std::{Addr, Api};
use thiserror::Error;

/// The chain knows no such address.
#[derive(Error, Debug, Clone, PartialEq, Eq)]
#[error("'{address}' is not an address of this chain")]
pub struct BadAddress {
    /// What was given.
    pub address: String,
}

/// The address. The chain's own refusal says why, but not of which address.
pub fn address(api: &dyn Api, text: &str) -> Result<Addr, BadAddress> {
    api.addr_validate(text).map_err(|_| BadAddress { address: text.to_owned() })
}

/// The address that was named, or another when none was.
pub fn address_or(api: &dyn Api, named: Option<&str>, otherwise: &Addr) -> Result<Addr, BadAddress> {
    named.map_or_else(|| Ok(otherwise.clone()), |text| address(api, text))
}
