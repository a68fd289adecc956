//! What the oracle knows of a denom's source.

use plimsoll_schema::oracle::Source;
use serde::{Deserialize, Serialize};

/// A denom's source, and the one that waits to replace it. Guards and generation of each stand in its record.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The source in force.
    pub source: Source,
    /// The generation given out last. None is given out twice, so votes for a source that was dropped never count again.
    pub generation: u32,
    /// The replacement that waits.
    pub pending: Option<PendingListing>,
}

/// A source that waits for its delay to pass.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct PendingListing {
    /// Where the price will come from.
    pub source: Source,
    /// When it can be put in force, in seconds.
    pub effective_at: u64,
}

/// A feeder's place in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Which feeder of the source.
    pub index: usize,
    /// How many feeders the source has.
    pub feeders: usize,
    /// How many fresh votes make a price.
    pub quorum: usize,
}

impl Seat {
    /// The place of `sender` in `source`; `None` when he has none.
    pub fn of(sender: &str, source: &Source) -> Option<Self> {
        let Source::Feed { feeders, quorum } = source else { return None };
        let index = feeders.iter().position(|feeder| feeder == sender)?;
        Some(Self { index, feeders: feeders.len(), quorum: usize::from(*quorum) })
    }
}
