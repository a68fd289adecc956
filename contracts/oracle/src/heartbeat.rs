//! The beat of every write.

use cosmwasm_std::{Env, Storage};
use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_schema::oracle::HEARTBEAT;

use crate::error::ContractError;

/// The time of a block, and how much of it the oracle has missed so far.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The time, in seconds.
    pub now: u64,
    /// The lost seconds, the gap before this message included.
    pub lost_seconds: u64,
}

impl Clock {
    /// At this block, without a beat.
    pub fn at(heartbeat: &Heartbeat, env: &Env) -> Self {
        let now = env.block.time.seconds();
        Self { now, lost_seconds: heartbeat.lost_at(now) }
    }
}

/// One beat. A second one in a block writes nothing.
pub fn beat(storage: &mut dyn Storage, env: &Env) -> Result<Clock, ContractError> {
    let now = env.block.time.seconds();
    let mut heartbeat = HEARTBEAT.load(storage)?;
    if heartbeat.last != now {
        heartbeat.beat(now);
        HEARTBEAT.save(storage, &heartbeat)?;
    }
    Ok(Clock { now, lost_seconds: heartbeat.lost_seconds })
}
