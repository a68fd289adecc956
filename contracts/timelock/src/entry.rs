//! How an entry is found, and how it leaves the queue.

use cosmwasm_std::{Response, Storage};
use plimsoll_schema::event::{ACTION, CALL, CONTRACT, ID};
use plimsoll_schema::timelock::Entry;

use crate::error::ContractError;
use crate::state::{QUEUE, TALLY, Tally};

/// The entry. Errors when it does not wait.
pub fn load(storage: &dyn Storage, id: u64) -> Result<Entry, ContractError> {
    QUEUE.may_load(storage, id)?.ok_or(ContractError::UnknownEntry { id })
}

/// Takes the entry out of the queue, by the message of this name. It leaves in no other way.
pub fn remove(storage: &mut dyn Storage, entry: &Entry, action: &'static str) -> Result<Response, ContractError> {
    let tally = TALLY.load(storage)?;
    TALLY.save(storage, &Tally { queued: tally.queued.saturating_sub(1), ..tally })?;
    QUEUE.remove(storage, entry.id);
    Ok(Response::new()
        .add_attribute(ACTION, action)
        .add_attribute(ID, entry.id.to_string())
        .add_attribute(CONTRACT, &entry.contract)
        .add_attribute(CALL, &entry.call))
}
