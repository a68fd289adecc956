//! Leveraged positions in the sender's own pool accounts, one transaction each.
//!
//! A message becomes a plan: one batch of the pool, and one sale whose every amount the pairs foretell. The pool does
//! the batch in memory, pays out what is to be sold, and calls back. The callback sells it hop after hop, brings what
//! the batch is to be brought, and pays the rest to the sender. At the end the pool checks the account's health.
//!
//! `quote` makes the same plan, and asks the pool what the account would be after the batch.
//!
//! Between transactions the contract holds nothing. Coins that somebody sends to it go to the next sender whose route
//! has their denom.
// Nothing prints `{:?}`: the code that would print an error's backtrace is not in the wasm.
#![cfg_attr(not(test), deny(clippy::use_debug))]
#![deny(clippy::float_arithmetic, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod account;
mod adjust;
mod batch_callback;
mod close;
mod coins;
pub mod contract;
pub mod error;
mod instantiate;
pub mod leverage;
mod migrate;
mod open;
mod order;
mod payload;
mod plan;
mod query;
mod quote;
mod reply;
mod sale;
mod scene;
mod send;
mod size;
pub mod state;
mod swap_collateral;
mod swap_debt;
mod to_pool;
mod trade;
pub mod valuation;
