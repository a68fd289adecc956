//! What the contract stores. Nothing of an order: that travels with its messages.

use cosmwasm_std::Addr;
use plimsoll_risk::units::Ratio;
use plimsoll_schema::compact::CompactItem;
use serde::{Deserialize, Serialize};

/// The name under which cw2 records this contract.
pub const CONTRACT_NAME: &str = "crates.io:plimsoll-margin";
/// The version that cw2 records.
pub const CONTRACT_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What was said at the start, and never changes.
#[derive(Serialize, Deserialize)]
pub struct Settings {
    /// The pool.
    pub pool: Addr,
    /// The share of a sale that is the fee; 0 without one.
    pub fee: Ratio,
    /// Who gets the fee; nobody without one.
    pub collector: Option<Addr>,
}

/// The settings.
pub const SETTINGS: CompactItem<Settings> = CompactItem::new("s");
