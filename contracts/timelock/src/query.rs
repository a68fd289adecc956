//! What the timelock answers.

use cosmwasm_std::{Binary, Deps, to_json_binary};
use plimsoll_schema::timelock::{ENTRIES_DEFAULT, ENTRIES_LIMIT, EntriesResponse};

use crate::entry;
use crate::error::ContractError;
use crate::state::{CONFIG, QUEUE};

/// The roles and the delay.
pub fn config(deps: Deps) -> Result<Binary, ContractError> {
    Ok(to_json_binary(&CONFIG.load(deps.storage)?)?)
}

/// A page of entries, by id.
pub fn entries(deps: Deps, start_after: Option<u64>, limit: Option<u32>) -> Result<Binary, ContractError> {
    let limit = limit.unwrap_or(ENTRIES_DEFAULT);
    if limit == 0 || limit > ENTRIES_LIMIT {
        return Err(ContractError::Limit { limit, max: ENTRIES_LIMIT });
    }
    let asked = usize::try_from(limit).unwrap_or(usize::MAX);
    let ids = QUEUE.keys_after(deps.storage, start_after).take(asked);
    let entries = ids.map(|id| entry::load(deps.storage, id?)).collect::<Result<_, _>>()?;
    Ok(to_json_binary(&EntriesResponse { entries })?)
}

/// One entry. Errors when it does not wait.
pub fn one(deps: Deps, id: u64) -> Result<Binary, ContractError> {
    Ok(to_json_binary(&entry::load(deps.storage, id)?)?)
}
