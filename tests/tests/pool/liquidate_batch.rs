//! `liquidate_batch` and `repay_batch`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

mod bad_input;
mod callback;
mod items;
mod purse;
mod same;
mod setup;
mod shares;
