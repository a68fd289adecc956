//! What the liquidator stores.

use cosmwasm_std::Addr;
use plimsoll_schema::compact::CompactItem;
use plimsoll_schema::liquidator::{Item, Route};
use serde::{Deserialize, Serialize};

/// The pool.
pub const POOL: CompactItem<Addr> = CompactItem::new("p");
/// The work under way; none between transactions.
pub const WORK: CompactItem<Option<Work>> = CompactItem::new("w");

/// The work of one message.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// Who asked for it, and gets what is left.
    pub caller: Addr,
    /// All items, in the order of the message.
    pub items: Vec<Item>,
    /// The groups, in the order in which they are worked on.
    pub groups: Vec<Group>,
    /// Which group's loan may come now; none but that.
    pub expected: Option<u32>,
    /// How many items have succeeded.
    pub succeeded: u32,
    /// How many must.
    pub min_success: u32,
    /// The most gas that an item may use.
    pub item_gas: u64,
}

/// Items that share a flash loan and a swap.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// How its collateral is sold.
    pub route: Route,
    /// Which items, by their place.
    pub items: Vec<u32>,
}
