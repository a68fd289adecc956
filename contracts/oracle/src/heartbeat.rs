//! The beat of every write.

use cosmwasm_std::{Env, Storage};
use plimsoll_risk::heartbeat::{GAP_MIN, Heartbeat};
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

/// Writes the first beat. Errors when the gap is neither 0 nor long enough.
pub fn start(storage: &mut dyn Storage, env: &Env, gap: u64) -> Result<(), ContractError> {
    if (1..GAP_MIN).contains(&gap) {
        return Err(ContractError::HeartbeatGap { gap });
    }
    Ok(HEARTBEAT.save(storage, &Heartbeat::start(gap, env.block.time.seconds()))?)
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
