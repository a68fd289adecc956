//! What a denom's sources say, taken into its record.

use cosmwasm_std::Storage;
use plimsoll_risk::price::{Observation, PriceRecord};

use crate::checked::Checked;
use crate::compare::{compare, diverging};
use crate::error::ContractError;
use crate::hand_over::handed_over;
use crate::heard::Heard;
use crate::heartbeat::Clock;
use crate::listing::{Listing, Seated, quote_of};

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

/// What a denom's sources say; `None` of one that said nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hearing {
    /// The first source.
    pub first: Option<Heard>,
    /// The fallback.
    pub fallback: Option<Heard>,
    /// The check, by its last observation.
    pub check: Option<Checked>,
}

/// Takes what was heard into the record. The first source speaks whenever it has an observation; the fallback only
/// while it is its turn ([`Listing::is_fallbacks_turn`]). The check never speaks: what it notes of a comparison is for
/// the caller to store.
pub fn take_in(
    storage: &dyn Storage,
    listing: &Listing,
    record: &mut PriceRecord,
    hearing: &mut Hearing,
    clock: Clock,
) -> Result<Taken, ContractError> {
    let Hearing { first, fallback, .. } = *hearing;
    if let Some(Heard::Whole(seen)) = first
        && observe(storage, listing, record, &listing.first, seen, hearing, clock)?
    {
        return Ok(Taken::First);
    }
    let standing = listing.fallback.as_ref().filter(|_| listing.is_fallbacks_turn(record, clock.now));
    if let (Some(Heard::Whole(seen)), Some(standing)) = (fallback, standing)
        && observe(storage, listing, record, &standing.seated, seen, hearing, clock)?
    {
        return Ok(Taken::Fallback);
    }
    let speaker = if listing.is_held_by_fallback(record) { fallback } else { first };
    if let Some(Heard::Part(said)) = speaker {
        record.widen(said);
    }
    if let (Some(check), Some(checked)) = (&listing.check, &hearing.check) {
        let apart = diverging(storage, check, checked, record.quote.as_deref(), record.raw, clock.now)?;
        if let Some(other) = apart.filter(|_| record.fault(clock.now).is_none()) {
            record.widen(other.extremes);
        }
    }
    Ok(Taken::Pending)
}

/// Whether the source could be observed: not while the settled price can't be told in its unit.
fn observe(
    storage: &dyn Storage,
    listing: &Listing,
    record: &mut PriceRecord,
    seated: &Seated,
    seen: Observation,
    hearing: &mut Hearing,
    clock: Clock,
) -> Result<bool, ContractError> {
    let Some(handed) = handed_over(storage, record, seated, clock.now)? else { return Ok(false) };
    *record = handed;
    let seen = match (&listing.check, &mut hearing.check) {
        (Some(check), Some(checked)) => compare(storage, check, checked, quote_of(&seated.source), seen, clock.now)?,
        _ => seen,
    };
    record.observe(&seen, clock.now, clock.lost_seconds);
    Ok(true)
}
