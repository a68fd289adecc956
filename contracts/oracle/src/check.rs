//! A second source that a denom's price is checked against.

use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, Response, Storage};
use plimsoll_risk::price::{BOUND_HOLD_MAX, LIVE_SPEED};
use plimsoll_risk::units::Ratio;
use plimsoll_schema::event::{ACTION, DENOM, PENDING};
use plimsoll_schema::oracle::{CheckSource, PendingCheck, Source};

use crate::access::assert_owner_or_guardian;
use crate::announced::assert_due;
use crate::error::ContractError;
use crate::heartbeat::beat;
use crate::listing::{Check, Listing};
use crate::state::{CONFIG, LISTINGS, forget, load};
use crate::validate::validate_source;

/// The longest hold in production, in seconds: as long as the slowest settled price of a live source takes to halve.
pub const PRODUCTION_HOLD_MAX: u64 = LIVE_SPEED.1;

/// Names a denom's check: at once where the oracle has no delay, otherwise as an announced one, in place of any that
/// waits already. Owner only.
pub fn set_check(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    denom: &str,
    check: CheckSource,
) -> Result<Response, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    config.ownership.assert_owner(info.sender.as_str())?;
    let (listing, _) = load(deps.storage, denom)?;
    validate(deps.as_ref(), config.production, denom, &listing.first.source, &check, env.block.time.seconds())?;
    let clock = beat(deps.storage, env)?;
    let response = Response::new().add_attribute(ACTION, "set_check").add_attribute(DENOM, denom);
    if config.source_delay == 0 {
        stand(deps.storage, denom, check)?;
        return Ok(response);
    }
    let effective_at = clock.now.saturating_add(config.source_delay);
    let pending_check = Some(PendingCheck { check, effective_at });
    LISTINGS.save(deps.storage, denom, &Listing { pending_check, ..listing })?;
    Ok(response.add_attribute(PENDING, denom))
}

/// Lets the announced check stand, validated again. Errors before its delay is over and once it has lapsed. Owner only.
pub fn apply_check(deps: DepsMut, env: &Env, info: &MessageInfo, denom: &str) -> Result<Response, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    config.ownership.assert_owner(info.sender.as_str())?;
    let clock = beat(deps.storage, env)?;
    let none = || ContractError::NoCheck { denom: denom.to_owned() };
    let (listing, _) = load(deps.storage, denom)?;
    let PendingCheck { check, effective_at } = listing.pending_check.ok_or_else(none)?;
    assert_due(denom, effective_at, clock.now)?;
    validate(deps.as_ref(), config.production, denom, &listing.first.source, &check, env.block.time.seconds())?;
    stand(deps.storage, denom, check)?;
    Ok(Response::new().add_attribute(ACTION, "apply_check").add_attribute(DENOM, denom))
}

/// Removes a denom's check, the one that stands and the one that is announced. What was observed while it held stays
/// until the next observation. Owner or guardian.
pub fn remove_check(deps: DepsMut, env: &Env, info: &MessageInfo, denom: &str) -> Result<Response, ContractError> {
    assert_owner_or_guardian(&CONFIG.load(deps.storage)?, info.sender.as_str())?;
    beat(deps.storage, env)?;
    let (mut listing, _) = load(deps.storage, denom)?;
    if listing.check.is_none() && listing.pending_check.is_none() {
        return Err(ContractError::NoCheck { denom: denom.to_owned() });
    }
    dismiss(deps.storage, denom, &mut listing);
    LISTINGS.save(deps.storage, denom, &listing)?;
    Ok(Response::new().add_attribute(ACTION, "remove_check").add_attribute(DENOM, denom))
}

fn validate(
    deps: Deps,
    production: bool,
    denom: &str,
    first: &Source,
    check: &CheckSource,
    now: u64,
) -> Result<(), ContractError> {
    let CheckSource { source, guards, max_divergence, hold } = check;
    if let (Source::Fixed { .. }, _) | (_, Source::Fixed { .. }) = (first, source) {
        return Err(ContractError::FixedCheck { denom: denom.to_owned() });
    }
    if max_divergence.is_zero() || *max_divergence > Ratio::ONE {
        return Err(ContractError::MaxDivergence { denom: denom.to_owned(), max_divergence: *max_divergence });
    }
    let max = if production { PRODUCTION_HOLD_MAX } else { BOUND_HOLD_MAX };
    if *hold > max {
        return Err(ContractError::CheckHold { denom: denom.to_owned(), hold: *hold, max });
    }
    validate_source(deps, production, denom, source, guards, now)
}

fn stand(storage: &mut dyn Storage, denom: &str, named: CheckSource) -> Result<(), ContractError> {
    let (mut listing, _) = load(storage, denom)?;
    dismiss(storage, denom, &mut listing);
    let CheckSource { source, guards, max_divergence, hold } = named;
    let seated = listing.seat(denom, source, guards)?;
    listing.check = Some(Check { seated, max_divergence, hold });
    Ok(LISTINGS.save(storage, denom, &listing)?)
}

fn dismiss(storage: &mut dyn Storage, denom: &str, listing: &mut Listing) {
    if let Some(old) = listing.check.take() {
        forget(storage, denom, &old.seated);
    }
    listing.pending_check = None;
}
