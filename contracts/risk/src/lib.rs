//! The formulas of Plimsoll: pure maths, no storage, no clock.
//!
//! Contract and keeper agree because both call this crate, never because somebody wrote a formula twice. Amounts are
//! base units, prices are quote currency per whole token with 18 decimals, values are quote currency with 18 decimals
//! and 256 bits. Every product is taken wide, divided once and rounded once; the name of the function says which way
//! (`_down`, `_up`), and the direction is always the one in the pool's favour.
//!
//! | operation | rounds |
//! |---|---|
//! | deposit → shares | down; 0 shares is an error |
//! | withdraw → shares burnt | up |
//! | borrow → scaled debt | up |
//! | repay → scaled debt cleared | down; a full repay clears to exactly 0 |
//! | scaled debt cleared → coins taken | up, never above the offer |
//! | interest of a loan's first minute | down |
//! | collateral value / debt value | down / up |
//! | collateral seized / protocol fee | down / up, the fee taken out of the bonus |
//! | reserves' cut of interest | down, its fraction kept for the next time |
//! | growth of the borrow index | up |
//! | borrow rate / average rate at the target / rate at the target | up / up / down |
//! | outflow limit / time until it is free again | down / up; the fraction of what is free is kept |
//! | swap: yield / fee of it | down / up |
//! | swap: offer for a wanted return | up |
//! | liquidity → shares, shares → liquidity | down |
//! | price of a pair: harmonic / arithmetic mean | down / up |
#![deny(clippy::float_arithmetic, clippy::as_conversions, clippy::arithmetic_side_effects)]
#![cfg_attr(test, allow(clippy::as_conversions, clippy::arithmetic_side_effects))]

pub mod account;
pub mod cumulative_price;
pub mod exponent;
mod exponential;
pub mod growth;
mod guards;
pub mod health;
pub mod heartbeat;
pub mod interest;
pub mod liquidation;
mod liquidation_price;
pub mod liquidity;
pub mod loss;
pub mod mark;
pub mod market;
pub mod math;
pub mod outflow;
pub mod params;
mod position;
mod power;
pub mod price;
mod price_band;
pub mod rates;
mod shared_records;
mod shared_values;
pub mod shares;
pub mod swap;
pub mod twap;
pub mod units;
