//! What the liquidator stores. Nothing of an order: that travels with its messages.

use cosmwasm_std::Addr;
use plimsoll_schema::compact::CompactItem;

/// The name under which cw2 records this contract.
pub const CONTRACT_NAME: &str = "crates.io:plimsoll-liquidator";
/// The version that cw2 records.
pub const CONTRACT_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The pool.
pub const POOL: CompactItem<Addr> = CompactItem::new("p");

/// Where versions up to 0.2.0 kept the work under way. `migrate` removes it.
pub const FORMER_WORK: &[u8] = b"w";
