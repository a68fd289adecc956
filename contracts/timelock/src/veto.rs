//! Stopping a call that was announced.

use cosmwasm_std::{DepsMut, MessageInfo, Response};

use crate::error::ContractError;
use crate::state::CONFIG;
use crate::{access, entry};

/// Drops the entry, unless its call changes a role or reopens a market. Guardian only.
pub fn veto(deps: DepsMut, info: &MessageInfo, id: u64) -> Result<Response, ContractError> {
    access::assert_guardian(&CONFIG.load(deps.storage)?, info)?;
    let found = entry::load(deps.storage, id)?;
    if !found.vetoable {
        return Err(ContractError::NotVetoable { id, call: found.call });
    }
    entry::remove(deps.storage, &found, "veto")
}
