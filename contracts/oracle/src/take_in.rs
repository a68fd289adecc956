//! What a denom's sources say, taken into its record.

use cosmwasm_std::Storage;
use plimsoll_risk::price::{Observation, PriceBand, PriceRecord};

use crate::error::ContractError;
use crate::hand_over::handed_over;
use crate::heartbeat::Clock;
use crate::listing::{Listing, Seated};

/// What a source says.
#[derive(Clone, Copy, Debug)]
pub enum Heard {
    /// What counts only together with what others say later: a vote for one member of a median whose unit is unknown
    /// now.
    Nothing,
    /// Less than an observation: a vote without a quorum, the price of a pair that was not watched for long enough.
    Part(PriceBand),
    /// An observation.
    Whole(Observation),
}

impl Heard {
    /// All that was said.
    pub fn band(&self) -> Option<PriceBand> {
        match self {
            Self::Nothing => None,
            Self::Part(said) => Some(*said),
            Self::Whole(seen) => Some(seen.extremes.including(seen.raw)),
        }
    }
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The record has no new observation: a part of one widens its edges, and a source whose turn it isn't changes
    /// nothing.
    Pending,
    /// The first source was observed.
    First,
    /// The fallback was observed.
    Fallback,
}

/// Takes what was heard into the record. The first source speaks whenever it has an observation; the fallback only
/// while it is its turn ([`Listing::is_fallbacks_turn`]).
pub fn take_in(
    storage: &dyn Storage,
    listing: &Listing,
    record: &mut PriceRecord,
    first: Option<Heard>,
    fallback: Option<Heard>,
    clock: Clock,
) -> Result<Taken, ContractError> {
    if let Some(Heard::Whole(seen)) = first
        && observe(storage, record, &listing.first, &seen, clock)?
    {
        return Ok(Taken::First);
    }
    let standing = listing.fallback.as_ref().filter(|_| listing.is_fallbacks_turn(record, clock.now));
    if let (Some(Heard::Whole(seen)), Some(standing)) = (fallback, standing)
        && observe(storage, record, &standing.seated, &seen, clock)?
    {
        return Ok(Taken::Fallback);
    }
    let speaker = if listing.is_held_by_fallback(record) { fallback } else { first };
    if let Some(Heard::Part(said)) = speaker {
        record.widen(said);
    }
    Ok(Taken::Pending)
}

/// Whether the source could be observed: not while the settled price can't be told in its unit.
fn observe(
    storage: &dyn Storage,
    record: &mut PriceRecord,
    seated: &Seated,
    seen: &Observation,
    clock: Clock,
) -> Result<bool, ContractError> {
    let Some(handed) = handed_over(storage, record, seated, clock.now)? else { return Ok(false) };
    *record = handed;
    record.observe(seen, clock.now, clock.lost_seconds);
    Ok(true)
}
