//! A second source that speaks for a denom while the first is silent.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Storage};
use plimsoll_risk::price::PriceRecord;
use plimsoll_schema::event::{ACTION, DENOM, PENDING};
use plimsoll_schema::oracle::{FallbackSource, PRICE_RECORDS, PendingFallback, Source};

use crate::access::assert_owner_or_guardian;
use crate::announced::assert_due;
use crate::error::ContractError;
use crate::hand_over::handed_over;
use crate::heartbeat::beat;
use crate::listing::{Fallback, Listing};
use crate::state::{CONFIG, LISTINGS, forget, load};
use crate::validate::validate_source;

/// The most seconds of silence after which a fallback speaks: a week.
pub const AFTER_MAX: u64 = 7 * 86_400;

/// Names a denom's fallback: at once where the oracle has no delay, otherwise as an announced one, in place of any that
/// waits already. Owner only.
pub fn set_fallback(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    denom: &str,
    named: FallbackSource,
) -> Result<Response, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    config.ownership.assert_owner(info.sender.as_str())?;
    if let Source::Fixed { .. } = named.source {
        return Err(ContractError::FixedFallback { denom: denom.to_owned() });
    }
    if named.after > AFTER_MAX {
        return Err(ContractError::FallbackAfter { denom: denom.to_owned(), after: named.after, max: AFTER_MAX });
    }
    validate_source(deps.as_ref(), config.production, denom, &named.source, &named.guards, env.block.time.seconds())?;
    let clock = beat(deps.storage, env)?;
    let response = Response::new().add_attribute(ACTION, "set_fallback").add_attribute(DENOM, denom);
    if config.source_delay == 0 {
        stand(deps.storage, denom, named, clock.now)?;
        return Ok(response);
    }
    let (listing, _) = load(deps.storage, denom)?;
    let effective_at = clock.now.saturating_add(config.source_delay);
    let pending_fallback = Some(PendingFallback { fallback: named, effective_at });
    LISTINGS.save(deps.storage, denom, &Listing { pending_fallback, ..listing })?;
    Ok(response.add_attribute(PENDING, denom))
}

/// Lets the announced fallback stand, validated again. Errors before its delay is over and once it has lapsed. Owner
/// only.
pub fn apply_fallback(deps: DepsMut, env: &Env, info: &MessageInfo, denom: &str) -> Result<Response, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    config.ownership.assert_owner(info.sender.as_str())?;
    let clock = beat(deps.storage, env)?;
    let none = || ContractError::NoFallback { denom: denom.to_owned() };
    let PendingFallback { fallback, effective_at } = load(deps.storage, denom)?.0.pending_fallback.ok_or_else(none)?;
    assert_due(denom, effective_at, clock.now)?;
    validate_source(deps.as_ref(), config.production, denom, &fallback.source, &fallback.guards, clock.now)?;
    stand(deps.storage, denom, fallback, clock.now)?;
    Ok(Response::new().add_attribute(ACTION, "apply_fallback").add_attribute(DENOM, denom))
}

/// Removes a denom's fallback, the one that stands and the one that is announced. Owner or guardian.
pub fn remove_fallback(deps: DepsMut, env: &Env, info: &MessageInfo, denom: &str) -> Result<Response, ContractError> {
    assert_owner_or_guardian(&CONFIG.load(deps.storage)?, info.sender.as_str())?;
    let clock = beat(deps.storage, env)?;
    let (mut listing, record) = load(deps.storage, denom)?;
    if listing.fallback.is_none() && listing.pending_fallback.is_none() {
        return Err(ContractError::NoFallback { denom: denom.to_owned() });
    }
    dismiss(deps.storage, denom, &mut listing, &record, clock.now)?;
    LISTINGS.save(deps.storage, denom, &listing)?;
    Ok(Response::new().add_attribute(ACTION, "remove_fallback").add_attribute(DENOM, denom))
}

fn stand(storage: &mut dyn Storage, denom: &str, named: FallbackSource, now: u64) -> Result<(), ContractError> {
    let (mut listing, record) = load(storage, denom)?;
    dismiss(storage, denom, &mut listing, &record, now)?;
    let FallbackSource { source, guards, after } = named;
    let seated = listing.seat(denom, source, guards)?;
    listing.fallback = Some(Fallback { seated, after });
    Ok(LISTINGS.save(storage, denom, &listing)?)
}

/// Takes the fallback out of the listing. Where it had spoken last the denom is silent until the first source speaks;
/// where the settled price can't be told in that one's unit, it starts anew.
fn dismiss(
    storage: &mut dyn Storage,
    denom: &str,
    listing: &mut Listing,
    record: &PriceRecord,
    now: u64,
) -> Result<(), ContractError> {
    if listing.is_held_by_fallback(record) {
        let handed = handed_over(storage, record, &listing.first, now)?;
        PRICE_RECORDS.save(storage, denom, &handed.unwrap_or_else(|| listing.first.unpublished()))?;
    }
    if let Some(old) = listing.fallback.take() {
        forget(storage, denom, &old.seated);
    }
    listing.pending_fallback = None;
    Ok(())
}
