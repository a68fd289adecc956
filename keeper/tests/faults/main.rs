//! What the keeper does when something goes wrong: 25 cases, each with its outcome, on the in-process chain with faults by a script; and
//! random faults, with the keeper killed at random, over a falling market.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

mod chance;
mod ending;
mod included;
mod keys;
mod race;
mod restart;
mod script;
mod sending;
mod sight;
mod stage;
mod worth;
