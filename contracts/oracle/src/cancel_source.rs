//! Dropping a pending source.

use cosmwasm_std::{DepsMut, MessageInfo, Response};
use plimsoll_schema::event::{ACTION, DENOM};

use crate::error::ContractError;
use crate::listing::Listing;
use crate::state::{CONFIG, LISTINGS, PENDING_RECORDS, forget};

/// Drops the pending source with its votes and samples. Owner only.
pub fn cancel_source(deps: DepsMut, info: &MessageInfo, denom: &str) -> Result<Response, ContractError> {
    CONFIG.load(deps.storage)?.ownership.assert_owner(info.sender.as_str())?;
    let unknown = || ContractError::UnknownDenom { denom: denom.to_owned() };
    let listing = LISTINGS.may_load(deps.storage, denom)?.ok_or_else(unknown)?;
    if listing.pending.is_none() {
        return Err(ContractError::NoPendingSource { denom: denom.to_owned() });
    }
    // A pending source always has the generation given out last.
    forget(deps.storage, denom, listing.generation);
    PENDING_RECORDS.remove(deps.storage, denom);
    LISTINGS.save(deps.storage, denom, &Listing { pending: None, ..listing })?;
    Ok(Response::new().add_attribute(ACTION, "cancel_source").add_attribute(DENOM, denom))
}
