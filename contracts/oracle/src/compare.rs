//! What a denom's source says, held against its check.

use cosmwasm_std::{StdResult, Storage};
use plimsoll_risk::price::{Observation, PriceBand};

use crate::checked::{Checked, are_apart};
use crate::exchange::Exchange;
use crate::heard::Heard;
use crate::listing::{Check, Listing, quote_of};
use crate::state::CHECKS;

/// What is known of a denom's check, with what it says now. Nothing of a denom without one.
pub fn recall(
    storage: &dyn Storage,
    denom: &str,
    listing: &Listing,
    said: Option<Heard>,
) -> StdResult<Option<Checked>> {
    let Some(check) = &listing.check else { return Ok(None) };
    let known = CHECKS.may_load(storage, (denom, check.seated.generation))?;
    let Some(Heard::Whole(seen)) = said else { return Ok(known) };
    Ok(Some(known.map_or(Checked::first(&seen), |known| known.renewed(&seen))))
}

/// Stores what is known of a denom's check.
pub fn remember(storage: &mut dyn Storage, denom: &str, listing: &Listing, checked: Option<Checked>) -> StdResult<()> {
    let Some((check, checked)) = listing.check.as_ref().zip(checked) else { return Ok(()) };
    CHECKS.save(storage, (denom, check.seated.generation), &checked)
}

/// What the check says in the unit of this quote, where it is apart from `raw`. A check that is silent, or whose unit is,
/// is apart from nothing.
pub fn diverging(
    storage: &dyn Storage,
    check: &Check,
    checked: &Checked,
    quote: Option<&str>,
    raw: PriceBand,
    now: u64,
) -> StdResult<Option<Observation>> {
    let Some(exchange) = Exchange::between(storage, quote_of(&check.seated.source), quote, now)? else {
        return Ok(None);
    };
    let other = exchange.observation(checked.observation());
    let is_silent = now.saturating_sub(other.time) > check.seated.guards.max_age.unwrap_or_default();
    Ok((!is_silent && are_apart(raw, other.raw, check.max_divergence)).then_some(other))
}

/// The observation as it counts beside the check. While the two are apart its extremes include both, and for as long as
/// the check holds, so does what counts for liquidation: inside of that the settled price stands.
pub fn compare(
    storage: &dyn Storage,
    check: &Check,
    checked: &mut Checked,
    quote: Option<&str>,
    seen: Observation,
    now: u64,
) -> StdResult<Observation> {
    let other = diverging(storage, check, checked, quote, seen.raw, now)?;
    checked.note(other.is_some(), now);
    let Some(other) = other else { return Ok(seen) };
    let extremes = seen.extremes.including(other.raw).including(other.extremes);
    let raw = if checked.holds(check.hold, now) { seen.raw.including(other.raw) } else { seen.raw };
    Ok(Observation { raw, extremes, ..seen })
}
