//! Taking an announcement back, and sweeping those that lapsed.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};

use crate::error::ContractError;
use crate::state::CONFIG;
use crate::{access, entry};

/// Drops the entry. Admin only, until it has lapsed; then anyone, since nothing can come of it.
pub fn cancel(deps: DepsMut, env: &Env, info: &MessageInfo, id: u64) -> Result<Response, ContractError> {
    let found = entry::load(deps.storage, id)?;
    if env.block.time.seconds() <= found.lapses_at {
        access::assert_admin(&CONFIG.load(deps.storage)?, info)?;
    }
    entry::remove(deps.storage, &found, "cancel")
}
