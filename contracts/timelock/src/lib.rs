//! The owner of pool and oracle in production: what its admin wants of them is announced, waits, and can be vetoed.
//!
//! The admin queues a call of a contract, or its migration. It can be applied once the delay has passed and lapses a
//! week after that; until it is applied the guardian may veto it, unless it changes a role or reopens a market, and the
//! admin may cancel it. The timelock has no way to call a contract at once: what has to happen at once is for the
//! pool's risk manager and guardian, who call the pool themselves. Delay and roles of the timelock change by the same
//! way, as calls of the timelock to itself.
//!
//! An entry is dropped before its call is sent, and both stand or fall together, so no call is sent twice, whatever the
//! called contract does.
// Nothing prints `{:?}`: the code that would print an error's backtrace is not in the wasm.
#![cfg_attr(not(test), deny(clippy::use_debug))]
#![deny(clippy::float_arithmetic, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod accept_ownership;
mod access;
mod apply;
pub mod call;
mod cancel;
pub mod contract;
mod entry;
pub mod error;
mod instantiate;
mod migrate;
mod query;
mod queue;
pub mod state;
mod update_delay;
mod update_roles;
mod veto;
