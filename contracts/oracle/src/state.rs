//! What is stored where. The published records, `p`, are [`plimsoll_schema::oracle::PRICE_RECORDS`], and the heartbeat,
//! `h`, is [`plimsoll_schema::oracle::HEARTBEAT`].

use cosmwasm_std::Storage;
use plimsoll_risk::growth::Growth;
use plimsoll_risk::price::PriceRecord;
use plimsoll_schema::compact::{CompactItem, CompactMap};
use plimsoll_schema::oracle::{ConfigResponse, PRICE_RECORDS};

use crate::checked::Checked;
use crate::error::ContractError;
use crate::listing::{Listing, Seated};
use crate::samples::Samples;
use crate::votes::Votes;

/// The name under which cw2 records this contract.
pub const CONTRACT_NAME: &str = "crates.io:plimsoll-oracle";
/// The version that cw2 records.
pub const CONTRACT_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The settings, the owner and the guardian.
pub const CONFIG: CompactItem<ConfigResponse> = CompactItem::new("c");
/// Each denom's sources.
pub const LISTINGS: CompactMap<&str, Listing> = CompactMap::new("s");
/// The votes for a denom, of one generation of its sources.
pub const VOTES: CompactMap<(&str, u32), Votes> = CompactMap::new("v");
/// What was seen of a live source's pair, of one generation of its sources.
pub const SAMPLES: CompactMap<(&str, u32), Samples> = CompactMap::new("t");
/// What a redemption rate's growth is measured from, of one generation of a denom's sources.
pub const GROWTHS: CompactMap<(&str, u32), Growth> = CompactMap::new("r");
/// What a check was last heard to say, of one generation of a denom's sources.
pub const CHECKS: CompactMap<(&str, u32), Checked> = CompactMap::new("k");

/// A denom's sources and its record. Errors when it has none.
pub fn load(storage: &dyn Storage, denom: &str) -> Result<(Listing, PriceRecord), ContractError> {
    let unknown = || ContractError::UnknownDenom { denom: denom.to_owned() };
    let listing = LISTINGS.may_load(storage, denom)?.ok_or_else(unknown)?;
    let record = PRICE_RECORDS.may_load(storage, denom)?.ok_or_else(unknown)?;
    Ok((listing, record))
}

/// Removes what a source and its members were told or have seen.
pub fn forget(storage: &mut dyn Storage, denom: &str, seated: &Seated) {
    for generation in seated.generations() {
        forget_generation(storage, denom, generation);
    }
}

/// Removes what one generation of a source was told or has seen.
pub fn forget_generation(storage: &mut dyn Storage, denom: &str, generation: u32) {
    VOTES.remove(storage, (denom, generation));
    SAMPLES.remove(storage, (denom, generation));
    GROWTHS.remove(storage, (denom, generation));
    CHECKS.remove(storage, (denom, generation));
}
