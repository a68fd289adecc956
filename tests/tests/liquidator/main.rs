//! The liquidator, a module an action or danger.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

mod groups;
mod hostile;
mod liquidate;
