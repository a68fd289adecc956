//! Putting a pending source in force.

use cosmwasm_std::{DepsMut, Env, Response};
use plimsoll_risk::price::Quote;
use plimsoll_risk::units::Ratio;
use plimsoll_schema::event::{ACTION, DENOM, PRICE};
use plimsoll_schema::oracle::PRICE_RECORDS;

use crate::error::ContractError;
use crate::listing::Listing;
use crate::state::{CONFIG, LISTINGS, PENDING_RECORDS, forget};

/// Puts the pending source in force, its record with it. Errors before its delay is over, while it has no valid price, and when
/// that price is too far from the valid price in force; a source whose price fails can't hold its successor up. Anyone may call.
pub fn apply_source(deps: DepsMut, env: &Env, denom: &str) -> Result<Response, ContractError> {
    let now = env.block.time.seconds();
    let unknown = || ContractError::UnknownDenom { denom: denom.to_owned() };
    let none = || ContractError::NoPendingSource { denom: denom.to_owned() };
    let listing = LISTINGS.may_load(deps.storage, denom)?.ok_or_else(unknown)?;
    let pending = listing.pending.ok_or_else(none)?;
    let effective_at = pending.effective_at;
    if now < effective_at {
        return Err(ContractError::TooEarly { denom: denom.to_owned(), effective_at, now });
    }

    let old = PRICE_RECORDS.may_load(deps.storage, denom)?.ok_or_else(unknown)?;
    let new = PENDING_RECORDS.may_load(deps.storage, denom)?.ok_or_else(none)?;
    let quote = new.quote(now).map_err(|fault| ContractError::PendingPrice { denom: denom.to_owned(), fault })?;
    if let Ok(in_force) = old.quote(now) {
        let allowed = CONFIG.load(deps.storage)?.max_replacement_deviation;
        assert_near(denom, &in_force, &quote, allowed)?;
    }

    forget(deps.storage, denom, old.generation);
    PENDING_RECORDS.remove(deps.storage, denom);
    PRICE_RECORDS.save(deps.storage, denom, &new)?;
    LISTINGS.save(deps.storage, denom, &Listing { source: pending.source, pending: None, ..listing })?;
    Ok(Response::new()
        .add_attribute(ACTION, "apply_source")
        .add_attribute(DENOM, denom)
        .add_attribute(PRICE, new.price.to_string()))
}

/// The edges of what is allowed are rounded inwards, so the move is never more than `max_deviation`.
fn assert_near(denom: &str, old: &Quote, new: &Quote, max_deviation: Ratio) -> Result<(), ContractError> {
    let (old, new) = (old.mid, new.mid);
    let lowest = old.share_up(Ratio::ONE.saturating_sub(max_deviation));
    let highest = old.share_down(max_deviation.plus_one());
    if new < lowest || new > highest {
        return Err(ContractError::ReplacementTooFar { denom: denom.to_owned(), old, new, max_deviation });
    }
    Ok(())
}
