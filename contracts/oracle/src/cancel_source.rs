//! Dropping an announced source.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use plimsoll_schema::event::{ACTION, DENOM};

use crate::error::ContractError;
use crate::heartbeat::beat;
use crate::listing::Listing;
use crate::state::{CONFIG, LISTINGS, load};

/// Drops the announced source. Owner only.
pub fn cancel_source(deps: DepsMut, env: &Env, info: &MessageInfo, denom: &str) -> Result<Response, ContractError> {
    CONFIG.load(deps.storage)?.ownership.assert_owner(info.sender.as_str())?;
    beat(deps.storage, env)?;
    let (listing, _) = load(deps.storage, denom)?;
    if listing.pending.is_none() {
        return Err(ContractError::NoPendingSource { denom: denom.to_owned() });
    }
    LISTINGS.save(deps.storage, denom, &Listing { pending: None, ..listing })?;
    Ok(Response::new().add_attribute(ACTION, "cancel_source").add_attribute(DENOM, denom))
}
