//! What became of an item, and of a group.

use cosmwasm_std::{DepsMut, Reply, Response, SubMsgResult};
use plimsoll_schema::event;

use crate::error::ContractError;
use crate::state::WORK;

/// Ids from here on are groups; below, items.
const GROUPS_FROM: u64 = 1_000;

/// The reply id of an item.
pub fn item_reply(at: u32) -> u64 {
    u64::from(at)
}

/// The reply id of a group.
pub fn group_reply(at: u32) -> u64 {
    GROUPS_FROM.saturating_add(u64::from(at))
}

pub fn reply(deps: DepsMut, reply: Reply) -> Result<Response, ContractError> {
    // Nothing but this contract's own messages is replied to, and those only while work is under way.
    let unexpected = || ContractError::Unexpected { sender: format!("reply {}", reply.id) };
    let mut work = WORK.load(deps.storage)?.ok_or_else(unexpected)?;
    let is_group = reply.id >= GROUPS_FROM;
    let at = if is_group { reply.id.saturating_sub(GROUPS_FROM) } else { reply.id };
    let at = usize::try_from(at).map_err(|_| unexpected())?;
    let known = if is_group { at < work.groups.len() } else { at < work.items.len() };
    if !known {
        return Err(unexpected());
    }
    let outcome = match reply.result {
        SubMsgResult::Ok(_) => "ok".to_owned(),
        // The chain redacts it to a code; the reason is learned by simulation.
        SubMsgResult::Err(reason) => reason,
    };
    let done = outcome == "ok";
    if is_group {
        // The next group's loan may come; what a failed one had counted was undone with it.
        work.expected = u32::try_from(at.saturating_add(1)).ok();
    } else if done {
        work.succeeded = work.succeeded.saturating_add(1);
    }
    WORK.save(deps.storage, &Some(work))?;
    let what = if is_group { event::GROUP } else { event::ITEM };
    Ok(Response::new().add_attribute(what, at.to_string()).add_attribute(event::OUTCOME, outcome))
}
