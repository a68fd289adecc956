//! What the liquidator stores. Nothing of an order: that travels with its messages.

use cosmwasm_std::Addr;
use plimsoll_schema::compact::CompactItem;

/// The pool.
pub const POOL: CompactItem<Addr> = CompactItem::new("p");

/// Where versions up to 0.2.0 kept the work under way. `migrate` removes it.
pub const FORMER_WORK: &[u8] = b"w";
