//! The pair, a module an action; what several need is in [`support`].
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

#[path = "../support/mod.rs"]
mod support;

mod instantiate;
mod invariants;
mod migrate;
mod provide_liquidity;
mod queries;
mod swap;
mod withdraw_liquidity;
