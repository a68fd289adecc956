//! The oracle, a module an action or danger; what several need is in [`support`].
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

#[path = "../support/mod.rs"]
mod support;

mod apply_source;
mod cancel_source;
mod chain_modules;
mod check;
mod fallback;
mod feed;
mod guards;
mod heartbeat;
mod instantiate;
mod median;
mod migrate;
mod migrate_first;
mod observe;
mod publish;
mod publish_attacks;
mod publish_nonsense;
mod pyth;
mod query;
mod scaled;
mod set_source;
mod update_guardian;
mod update_owner;
