//! Naming the source of a denom's price.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Storage};
use plimsoll_risk::price::{Guards, Observation, PriceBand, PriceRecord};
use plimsoll_schema::event::{ACTION, DENOM, PENDING, PRICE};
use plimsoll_schema::oracle::{PRICE_RECORDS, PendingSource, Source};

use crate::error::ContractError;
use crate::hand_over::handed_over;
use crate::heartbeat::{Clock, beat};
use crate::listing::{Listing, quote_of};
use crate::state::{CONFIG, LISTINGS, forget, load};
use crate::validate::{assert_alone, validate_source};

/// Sets a denom's source and guards: at once where it has none yet and where the oracle has no delay, otherwise as an
/// announced source, in place of any that waits already. Owner only.
pub fn set_source(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    denom: &str,
    source: Source,
    guards: Guards,
) -> Result<Response, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    config.ownership.assert_owner(info.sender.as_str())?;
    assert_alone(config.production, denom, &source)?;
    validate_source(deps.as_ref(), config.production, denom, &source, &guards, env.block.time.seconds())?;
    let clock = beat(deps.storage, env)?;

    let response = Response::new().add_attribute(ACTION, "set_source").add_attribute(DENOM, denom);
    if !LISTINGS.has(deps.storage, denom) {
        let listing = Listing::new(source, guards);
        let mut record = listing.first.unpublished();
        observe_fixed(&mut record, &listing.first.source, clock);
        LISTINGS.save(deps.storage, denom, &listing)?;
        PRICE_RECORDS.save(deps.storage, denom, &record)?;
        let published = record.was_observed().then(|| record.settled.to_string());
        return Ok(response.add_attributes(published.map(|price| (PRICE, price))));
    }
    if config.source_delay == 0 {
        put_in_force(deps.storage, denom, source, guards, clock)?;
        return Ok(response);
    }
    let (listing, _) = load(deps.storage, denom)?;
    let pending = PendingSource { source, guards, effective_at: clock.now.saturating_add(config.source_delay) };
    LISTINGS.save(deps.storage, denom, &Listing { pending: Some(pending), ..listing })?;
    Ok(response.add_attribute(PENDING, denom))
}

/// Puts a source in force, and drops what waits. The same source with other guards goes on; another starts from the
/// settled price, and is silent until its first observation. Errors where a fixed price would have a check.
pub fn put_in_force(
    storage: &mut dyn Storage,
    denom: &str,
    source: Source,
    guards: Guards,
    clock: Clock,
) -> Result<(), ContractError> {
    let (mut listing, record) = load(storage, denom)?;
    if let (Source::Fixed { .. }, Some(_)) = (&source, &listing.check) {
        return Err(ContractError::FixedCheck { denom: denom.to_owned() });
    }
    listing.pending = None;
    let record = if listing.first.source == source {
        listing.first.guards = guards.clone();
        let speaks = record.generation == listing.first.generation;
        let window = listing.first.window();
        if speaks { PriceRecord { window, ..record.with_guards(guards, clock.now) } } else { record }
    } else {
        forget(storage, denom, &listing.first);
        listing.first = listing.seat(denom, source, guards)?;
        let mut record = handed_over(storage, &record, &listing.first, clock.now)?.ok_or_else(|| {
            let quote_denom = quote_of(&listing.first.source).unwrap_or_default().to_owned();
            ContractError::QuoteUnpublished { denom: denom.to_owned(), quote_denom }
        })?;
        observe_fixed(&mut record, &listing.first.source, clock);
        record
    };
    LISTINGS.save(storage, denom, &listing)?;
    PRICE_RECORDS.save(storage, denom, &record)?;
    Ok(())
}

/// A fixed price is observed once, when it is set.
fn observe_fixed(record: &mut PriceRecord, source: &Source, clock: Clock) {
    if let Source::Fixed { price } = source {
        let raw = PriceBand::at(*price);
        record.observe(&Observation { raw, extremes: raw, time: clock.now }, clock.now, clock.lost_seconds);
    }
}
