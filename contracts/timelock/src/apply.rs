//! Sending a call that was announced.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, WasmMsg};

use crate::error::ContractError;
use crate::state::CONFIG;
use crate::{access, entry};

/// Sends the call, from the first second after its delay to the last of its week. The entry is gone before the called
/// contract hears of it, so nothing that it calls in turn can apply it again; when it refuses, all of this is undone
/// and the entry waits. Admin only.
pub fn apply(deps: DepsMut, env: &Env, info: &MessageInfo, id: u64) -> Result<Response, ContractError> {
    access::assert_admin(&CONFIG.load(deps.storage)?, info)?;
    let found = entry::load(deps.storage, id)?;
    let now = env.block.time.seconds();
    if now < found.effective_at {
        return Err(ContractError::TooEarly { id, effective_at: found.effective_at, now });
    }
    if now > found.lapses_at {
        return Err(ContractError::Lapsed { id, lapses_at: found.lapses_at, now });
    }
    let response = entry::remove(deps.storage, &found, "apply")?;
    let contract_addr = found.contract;
    let msg = found.msg;
    Ok(response.add_message(match found.migrate_to {
        Some(new_code_id) => WasmMsg::Migrate { contract_addr, new_code_id, msg },
        None => WasmMsg::Execute { contract_addr, msg, funds: vec![] },
    }))
}
