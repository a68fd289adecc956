//! Every reason for which the timelock refuses, with its numbers.

use cosmwasm_std::StdError;
use plimsoll_schema::access::BadAddress;
use plimsoll_schema::funds::FundsSent;
use thiserror::Error;

/// Why a message is refused.
#[derive(Error, Debug)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum ContractError {
    /// Storage or the chain refused.
    #[error(transparent)]
    Std(#[from] StdError),
    /// No coin may be attached.
    #[error(transparent)]
    FundsSent(#[from] FundsSent),
    /// The chain knows no such address.
    #[error(transparent)]
    BadAddress(#[from] BadAddress),
    /// A timelock that is its own admin would obey nobody.
    #[error("the timelock can't be its own {role}")]
    OwnRole { role: &'static str },
    /// A delay too short for anyone to notice, or so long that nothing can be mended in time.
    #[error("a delay of {delay} s is not between {min} and {max}")]
    Delay { delay: u64, min: u64, max: u64 },
    /// The sender may not do this.
    #[error("{sender} is not the timelock's {role}")]
    Unauthorized { sender: String, role: &'static str },
    /// Delay and roles change by a queued call only.
    #[error("{sender} is not the timelock itself: queue this as a call of it")]
    NotItself { sender: String },
    /// A message too long to be watched.
    #[error("the message has {length} bytes, {max} are allowed")]
    MessageLength { length: usize, max: usize },
    /// A message that no contract would read as a call.
    #[error("the message is not a JSON object: {reason}")]
    NotAnObject { reason: String },
    /// A message that names no call, or more than one: what it does, and whether it can be vetoed, would depend on who
    /// reads it.
    #[error("the message has {keys} top-level keys, exactly one is allowed")]
    KeyCount {
        /// How many it has; a key that stands there twice counts twice.
        keys: usize,
    },
    /// No room for another entry.
    #[error("{queued} entries wait already, {max} are allowed: cancel some")]
    QueueFull { queued: u32, max: u32 },
    /// All ids have been given out.
    #[error("entry {last} was the last")]
    IdsExhausted { last: u64 },
    /// No such entry waits: it never did, or it was applied, vetoed or cancelled.
    #[error("no entry {id} waits")]
    UnknownEntry { id: u64 },
    /// The delay is not over.
    #[error("entry {id} can be applied at {effective_at}, it is {now}")]
    TooEarly {
        id: u64,
        /// The first second at which it can be applied.
        effective_at: u64,
        now: u64,
    },
    /// The week after the delay is over.
    #[error("entry {id} lapsed at {lapses_at}, it is {now}")]
    Lapsed {
        id: u64,
        /// The last second at which it could be applied.
        lapses_at: u64,
        now: u64,
    },
    /// Roles and reopening are beyond the guardian.
    #[error("entry {id} is a call of {call}, which can't be vetoed")]
    NotVetoable { id: u64, call: String },
    /// A page of none, which would look like the end, or too large a page.
    #[error("limit {limit} is not between 1 and {max}")]
    Limit { limit: u32, max: u32 },
}
