//! Many liquidations in one transaction, paid for by selling what they seize: the caller needs money for gas only.
//!
//! Items that repay the same denom and take the same denom form a group, which is one `liquidate_batch` of the pool.
//! The pool pays what was seized and calls back. The callback sells it along the group's route, brings what was repaid
//! to the pool, and pays the rest to the caller. Groups run one after another, each undone alone when its proceeds
//! don't cover what it repays. Write-offs are a group without a callback.
//!
//! Between transactions the contract holds nothing. Coins that somebody sends to it go to the next caller who handles
//! their denom.
// Nothing prints `{:?}`: the code that would print an error's backtrace is not in the wasm.
#![cfg_attr(not(test), deny(clippy::use_debug))]
#![deny(clippy::float_arithmetic, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod batch_callback;
pub mod contract;
pub mod error;
mod group;
mod instantiate;
mod liquidate;
mod migrate;
mod payload;
mod query;
mod reply;
mod sale;
pub mod state;
