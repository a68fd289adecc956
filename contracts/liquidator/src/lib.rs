//! Many liquidations in one transaction, on flash-borrowed funds: its caller needs money for gas only.
//!
//! Items that repay the same denom and take the same denom form a group. For each group in turn: borrow what its items offer, liquidate, each
//! item as a message of its own with its own gas, sell the collateral along the route, repay the loan with its fee, and pay all that is left to
//! the caller. A group is a message of its own too: when its proceeds don't cover its loan it is undone alone. Between transactions the contract
//! holds nothing; coins that somebody sends to it go to the next caller who handles their denom.
#![deny(clippy::float_arithmetic, clippy::as_conversions, clippy::arithmetic_side_effects)]

pub mod contract;
pub mod error;
mod group;
mod liquidate;
mod reply;
pub mod state;
mod step;
