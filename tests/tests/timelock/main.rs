//! The timelock: one message a file, those who mean harm, and what it does for a market.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

mod accept_ownership;
mod apply;
mod cancel;
mod hostile;
mod instantiate;
mod market;
mod migrate;
mod migration;
mod query;
mod queue;
mod setup;
mod update_delay;
mod update_roles;
mod veto;
