//! Every message, response, stored record and event name of the Plimsoll contracts.
//!
//! Contracts, keeper and tests speak through this crate; `schema/json` is generated from it by `scripts/schema.sh`.
#![deny(clippy::float_arithmetic, clippy::as_conversions, clippy::arithmetic_side_effects)]

pub mod access;
pub mod account_key;
pub mod compact;
pub mod concentrated;
pub mod event;
pub mod funds;
pub mod liquidator;
pub mod margin;
pub mod objects;
pub mod oracle;
pub mod ownership;
pub mod pair;
pub mod pool;
pub mod pyth;
pub mod route;
pub mod source;
pub mod timelock;
pub mod version;
