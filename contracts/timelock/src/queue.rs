//! Announcing a call.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use plimsoll_schema::access::address;
use plimsoll_schema::event::{ACTION, CALL, CONTRACT, EFFECTIVE_AT, ID, LAPSES_AT, MIGRATE_TO, MSG, VETOABLE};
use plimsoll_schema::timelock::{APPLY_WINDOW, Call, Entry, QUEUE_MAX};

use crate::error::ContractError;
use crate::state::{CONFIG, QUEUE, TALLY, Tally};
use crate::{access, call};

/// Puts a call or a migration in the queue, under the next id, with the delay in force now. Whether the contract would
/// take it is not asked: that is known only when it is applied. Admin only.
pub fn queue(deps: DepsMut, env: &Env, info: &MessageInfo, order: Call) -> Result<Response, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    access::assert_admin(&config, info)?;
    let call = call::name(&order)?;
    let Call { contract, msg, migrate_to } = order;
    let contract = address(deps.api, &contract)?;

    let Tally { last_id, queued } = TALLY.load(deps.storage)?;
    let room = queued.checked_add(1).filter(|queued| *queued <= QUEUE_MAX);
    let queued = room.ok_or(ContractError::QueueFull { queued, max: QUEUE_MAX })?;
    let id = last_id.checked_add(1).ok_or(ContractError::IdsExhausted { last: last_id })?;
    let queued_at = env.block.time.seconds();
    let effective_at = queued_at.saturating_add(config.delay);
    let lapses_at = effective_at.saturating_add(APPLY_WINDOW);
    let vetoable = call::is_vetoable(&call);

    let response = Response::new()
        .add_attribute(ACTION, "queue")
        .add_attribute(ID, id.to_string())
        .add_attribute(CONTRACT, &contract)
        .add_attribute(CALL, &call)
        .add_attribute(MSG, String::from_utf8_lossy(&msg))
        .add_attributes(migrate_to.map(|code_id| (MIGRATE_TO, code_id.to_string())))
        .add_attribute(EFFECTIVE_AT, effective_at.to_string())
        .add_attribute(LAPSES_AT, lapses_at.to_string())
        .add_attribute(VETOABLE, vetoable.to_string());
    let contract = contract.into_string();
    let entry = Entry { id, contract, call, msg, migrate_to, queued_at, effective_at, lapses_at, vetoable };
    QUEUE.save(deps.storage, id, &entry)?;
    TALLY.save(deps.storage, &Tally { last_id: id, queued })?;
    Ok(response)
}
