//! Replies: a hop has sold, or a group of several is over.

use cosmwasm_std::{Addr, Deps, Env, Event, Reply, Response, SubMsg, SubMsgResponse, SubMsgResult};
use plimsoll_schema::liquidator::REMAINING_MAX;
use plimsoll_schema::{compact, event};

use crate::error::ContractError;
use crate::group::to_pool;
use crate::payload::{Payload, Remaining};
use crate::state::POOL;

pub fn reply(deps: Deps, env: &Env, reply: Reply) -> Result<Response, ContractError> {
    match compact::decode(&reply.payload)? {
        Payload::Sale(sale) => sale.go_on(deps, env),
        Payload::Group(remaining) => remaining.after_group(deps, reply.id, reply.result),
    }
}

impl Remaining {
    /// Sends the next message, as group `at`; none after the last.
    /// Errors when what is left after it is more than a chain hands to a reply.
    pub fn send_next(mut self, pool: &Addr, at: u64) -> Result<Option<SubMsg>, ContractError> {
        let Some(message) = self.messages.pop_front() else { return Ok(None) };
        let payload = Payload::Group(self).encode()?;
        let bytes = payload.len();
        let max = REMAINING_MAX;
        if bytes > max {
            return Err(ContractError::Remaining { bytes, max });
        }
        Ok(Some(SubMsg::reply_always(to_pool(pool, message), at).with_payload(payload)))
    }

    /// Counts what succeeded, says how group `at` ended, and sends the next one. Errors after the last when too few
    /// succeeded.
    fn after_group(mut self, deps: Deps, at: u64, result: SubMsgResult) -> Result<Response, ContractError> {
        let pool = POOL.load(deps.storage)?;
        let outcome = match result {
            SubMsgResult::Ok(SubMsgResponse { events, .. }) => {
                let more = counted(&events, &pool).ok_or(ContractError::NoCount { group: at })?;
                self.succeeded = self.succeeded.saturating_add(more);
                "ok".to_owned()
            }
            // The chain redacts it to a code; the reason is learned by simulating the group alone.
            SubMsgResult::Err(reason) => reason,
        };
        let response =
            Response::new().add_attribute(event::GROUP, at.to_string()).add_attribute(event::OUTCOME, outcome);
        let Self { succeeded, min_success, .. } = self;
        match self.send_next(&pool, at.saturating_add(1))? {
            Some(next) => Ok(response.add_submessage(next)),
            None if succeeded < min_success => Err(ContractError::TooFew { succeeded, min_success }),
            None => Ok(response.add_attribute(event::SUCCEEDED, succeeded.to_string())),
        }
    }
}

/// How many items succeeded, as the pool's event says. It is the first of the pool's events: batches that a pair starts
/// in the middle of the sale come after it. No contract can write `_contract_address` itself, the chain adds it.
fn counted(events: &[Event], pool: &Addr) -> Option<u32> {
    let value = |event: &Event, key: &str| -> Option<String> {
        event.attributes.iter().find(|attribute| attribute.key == key).map(|attribute| attribute.value.clone())
    };
    let own = events.iter().find(|event| {
        value(event, "_contract_address").as_deref() == Some(pool.as_str())
            && value(event, event::ACTION).as_deref() == Some("liquidate_batch")
    });
    value(own?, event::SUCCEEDED)?.parse().ok()
}
