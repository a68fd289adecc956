//! What is stored where. The published records, `p`, are [`plimsoll_schema::oracle::PRICE_RECORDS`].

use plimsoll_risk::price::PriceRecord;
use plimsoll_schema::compact::{CompactItem, CompactMap};
use plimsoll_schema::oracle::ConfigResponse;

use crate::listing::Listing;
use crate::votes::Votes;

/// The settings and the owner.
pub const CONFIG: CompactItem<ConfigResponse> = CompactItem::new("c");
/// Each denom's source, and the one that waits to replace it.
pub const LISTINGS: CompactMap<&str, Listing> = CompactMap::new("s");
/// The record of each source that waits.
pub const PENDING_RECORDS: CompactMap<&str, PriceRecord> = CompactMap::new("n");
/// The votes for a denom, of one generation of its source.
pub const VOTES: CompactMap<(&str, u32), Votes> = CompactMap::new("v");
