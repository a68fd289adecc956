//! The margin contract, a module an action or danger.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

mod adjust;
mod close;
mod coarse;
mod hostile;
mod instantiate;
mod open;
mod random;
mod setup;
#[path = "../support/mod.rs"]
mod support;
mod swaps;
