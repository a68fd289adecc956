//! Who may call.

use cosmwasm_std::{Addr, Api, Storage};
use plimsoll_schema::access::{address, address_or};

use crate::error::ContractError;
use crate::state::{ROLES, Roles};

/// Errors unless `sender` is the owner.
pub fn assert_owner(storage: &dyn Storage, sender: &str) -> Result<(), ContractError> {
    Ok(ROLES.load(storage)?.ownership.assert_owner(sender)?)
}

/// Whether `sender` acts as the risk manager only. Errors when they are neither that nor the owner.
pub fn is_risk_manager_only(storage: &dyn Storage, sender: &str) -> Result<bool, ContractError> {
    let Roles { ownership, risk_manager, .. } = ROLES.load(storage)?;
    if ownership.owner == sender {
        return Ok(false);
    }
    if risk_manager.as_deref() == Some(sender) {
        return Ok(true);
    }
    Err(ContractError::Unauthorized { sender: sender.to_owned(), role: "owner or risk manager" })
}

/// Errors unless `sender` is the guardian or the owner.
pub fn assert_guardian(storage: &dyn Storage, sender: &str) -> Result<(), ContractError> {
    let Roles { ownership, guardian, .. } = ROLES.load(storage)?;
    if ownership.owner == sender || guardian.as_deref() == Some(sender) {
        return Ok(());
    }
    Err(ContractError::Unauthorized { sender: sender.to_owned(), role: "owner or guardian" })
}

/// Where coins are paid: the address that was named, or another when none was. Errors for the pool itself: coins that
/// come without a message are counted to nobody.
pub fn recipient(api: &dyn Api, pool: &Addr, named: Option<&str>, otherwise: &Addr) -> Result<Addr, ContractError> {
    let to = address_or(api, named, otherwise)?;
    if to == *pool { Err(ContractError::PoolAsRecipient { pool: to.into_string() }) } else { Ok(to) }
}

/// An address that the chain accepts, if one is given.
pub fn valid(api: &dyn Api, named: Option<String>) -> Result<Option<String>, ContractError> {
    Ok(named.map(|text| address(api, &text)).transpose()?.map(String::from))
}
