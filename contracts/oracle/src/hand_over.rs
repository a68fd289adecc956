//! From one source to another: the settled price goes along, in the unit of the new one.

use cosmwasm_std::Storage;
use plimsoll_risk::mark::{over_down, times_down};
use plimsoll_risk::price::PriceRecord;
use plimsoll_risk::units::Price;
use plimsoll_schema::oracle::PRICE_RECORDS;

use crate::error::ContractError;
use crate::listing::{Seated, quote_of};

/// The record with which `next` goes on after this one: silent until its first observation, from the same settled
/// price. `None` while that can't be said in its unit, since its quote never had a price. A denom that never had a
/// price starts without one.
pub fn handed_over(
    storage: &dyn Storage,
    record: &PriceRecord,
    next: &Seated,
    now: u64,
) -> Result<Option<PriceRecord>, ContractError> {
    if record.generation == next.generation {
        return Ok(Some(record.clone()));
    }
    let quote = quote_of(&next.source);
    let mut settled = record.settled_at(now);
    if record.quote.as_deref() != quote {
        if let Some(old) = &record.quote {
            let Some(worth) = settled_price(storage, old, now)? else { return Ok(Some(next.unpublished())) };
            settled = times_down(settled, worth);
        }
        if let Some(new) = quote.filter(|_| record.was_observed()) {
            let Some(worth) = settled_price(storage, new, now)? else { return Ok(None) };
            settled = over_down(settled, worth);
        }
    }
    let generation = next.generation;
    let guards = next.guards.clone();
    Ok(Some(record.replaced_by(generation, quote.map(str::to_owned), next.window(), guards, settled, now)))
}

/// What a denom that others are quoted in has settled at; `None` when it never had a price.
fn settled_price(storage: &dyn Storage, denom: &str, now: u64) -> Result<Option<Price>, ContractError> {
    let record = PRICE_RECORDS.may_load(storage, denom)?.filter(PriceRecord::was_observed);
    Ok(record.map(|record| record.settled_at(now)))
}
