//! What the timelock stores, and under which keys.

use plimsoll_schema::compact::{CompactItem, CompactMap};
use plimsoll_schema::timelock::{ConfigResponse, Entry};
use serde::{Deserialize, Serialize};

/// The name under which cw2 records this contract.
pub const CONTRACT_NAME: &str = "crates.io:plimsoll-timelock";
/// The version that cw2 records.
pub const CONTRACT_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What is counted of the queue.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The id given out last; 0 before the first.
    pub last_id: u64,
    /// How many entries wait, lapsed ones among them.
    pub queued: u32,
}

/// The roles and the delay.
pub const CONFIG: CompactItem<ConfigResponse> = CompactItem::new("c");
/// What is counted of the queue.
pub const TALLY: CompactItem<Tally> = CompactItem::new("n");
/// The entries that wait, by id. Their times follow from the delay that was in force when they were queued: no later
/// change touches them.
pub const QUEUE: CompactMap<u64, Entry> = CompactMap::new("q");
