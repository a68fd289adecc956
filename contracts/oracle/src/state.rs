//! What is stored where. The published records, `p`, are [`plimsoll_schema::oracle::PRICE_RECORDS`].

use cosmwasm_std::Storage;
use plimsoll_risk::price::PriceRecord;
use plimsoll_schema::compact::{CompactItem, CompactMap};
use plimsoll_schema::oracle::ConfigResponse;

use crate::listing::Listing;
use crate::samples::Samples;
use crate::votes::Votes;

/// The settings and the owner.
pub const CONFIG: CompactItem<ConfigResponse> = CompactItem::new("c");
/// Each denom's source, and the one that waits to replace it.
pub const LISTINGS: CompactMap<&str, Listing> = CompactMap::new("s");
/// The record of each source that waits.
pub const PENDING_RECORDS: CompactMap<&str, PriceRecord> = CompactMap::new("n");
/// The votes for a denom, of one generation of its source.
pub const VOTES: CompactMap<(&str, u32), Votes> = CompactMap::new("v");
/// What was seen of a live source's pair, of one generation of the source.
pub const SAMPLES: CompactMap<(&str, u32), Samples> = CompactMap::new("t");

/// Removes what one generation of a source was told or has seen.
pub fn forget(storage: &mut dyn Storage, denom: &str, generation: u32) {
    VOTES.remove(storage, (denom, generation));
    SAMPLES.remove(storage, (denom, generation));
}
