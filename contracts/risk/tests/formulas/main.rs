//! The formulas against exact rationals, a module a subject; the rationals are in [`model`].
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

mod model;

mod account;
mod adaptive;
mod borders;
mod correlated;
mod crash;
mod exchange;
mod exponent;
mod growth;
mod health;
mod heartbeat;
mod interest;
mod liquidation;
mod liquidation_price;
mod loss;
mod mark;
mod market;
mod math;
mod outflow;
mod params;
mod power;
mod price;
mod rates;
mod shares;
mod silence;
mod swap;
mod twap;
mod units;
mod verdict;
