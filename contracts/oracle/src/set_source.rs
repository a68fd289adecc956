//! Naming the source of a denom's price.

use std::collections::BTreeSet;

use cosmwasm_std::{Api, Deps, DepsMut, Env, MessageInfo, Response, Storage};
use plimsoll_risk::price::{Guards, PriceRecord};
use plimsoll_schema::event::{ACTION, DENOM, PENDING, PRICE};
use plimsoll_schema::oracle::{ConfigResponse, FEEDERS_MAX, PRICE_RECORDS, Source};

use crate::access::address;
use crate::error::ContractError;
use crate::listing::{Listing, PendingListing};
use crate::pair;
use crate::state::{CONFIG, LISTINGS, PENDING_RECORDS, forget};

/// The longest denom that a bank knows.
pub const DENOM_LENGTH_MAX: usize = 128;

/// Sets a denom's source and guards: at once when it has none yet, otherwise as a pending source, in place of any that waits
/// already. Votes for one that is dropped that way are lost, and what it saw of its pair. Owner only.
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
    validate(deps.as_ref(), config.production, denom, &source, &guards)?;

    let now = env.block.time.seconds();
    let response = Response::new().add_attribute(ACTION, "set_source").add_attribute(DENOM, denom);
    let Some(listing) = LISTINGS.may_load(deps.storage, denom)? else {
        let record = first_record(denom, &source, 0, guards, now)?;
        LISTINGS.save(deps.storage, denom, &Listing { source, generation: 0, pending: None })?;
        PRICE_RECORDS.save(deps.storage, denom, &record)?;
        let published = (record.timestamp > 0).then(|| record.price.to_string());
        return Ok(response.add_attributes(published.map(|price| (PRICE, price))));
    };
    replace(deps.storage, &config, denom, listing, (source, guards), now)?;
    Ok(response.add_attribute(PENDING, denom))
}

fn replace(
    storage: &mut dyn Storage,
    config: &ConfigResponse,
    denom: &str,
    listing: Listing,
    (source, guards): (Source, Guards),
    now: u64,
) -> Result<(), ContractError> {
    let last = listing.generation;
    let generation = last
        .checked_add(1)
        .ok_or_else(|| ContractError::GenerationsExhausted { denom: denom.to_owned(), generation: last })?;
    if listing.pending.is_some() {
        forget(storage, denom, last);
    }
    PENDING_RECORDS.save(storage, denom, &first_record(denom, &source, generation, guards, now)?)?;
    let pending = PendingListing { source, effective_at: now.saturating_add(config.source_delay) };
    LISTINGS.save(storage, denom, &Listing { generation, pending: Some(pending), ..listing })?;
    Ok(())
}

/// What a source starts with: no price, unless it is fixed.
fn first_record(
    denom: &str,
    source: &Source,
    generation: u32,
    guards: Guards,
    now: u64,
) -> Result<PriceRecord, ContractError> {
    let mut record = PriceRecord::unpublished(generation, guards);
    if let Source::Fixed { price } = source {
        let refused = |fault| ContractError::Price { denom: denom.to_owned(), fault };
        record.publish(*price, now, now).map_err(refused)?;
    }
    Ok(record)
}

fn validate(deps: Deps, production: bool, denom: &str, source: &Source, guards: &Guards) -> Result<(), ContractError> {
    validate_denom(denom)?;
    guards.validate()?;
    let named = || denom.to_owned();
    match (source, guards.max_age) {
        (Source::Fixed { .. }, _) if production => Err(ContractError::FixedInProduction { denom: named() }),
        (Source::Fixed { .. }, Some(max_age)) => Err(ContractError::FixedWithMaxAge { denom: named(), max_age }),
        (Source::Fixed { .. }, None) => Ok(()),
        (_, _) if production && guards.step_interval == 0 => Err(ContractError::NoStepInProduction { denom: named() }),
        (_, None) => Err(ContractError::WithoutMaxAge { denom: named() }),
        (Source::Feed { feeders, quorum }, _) => validate_feeders(deps.api, named(), feeders, *quorum),
        (Source::Pair(source), _) => pair::validate(deps, production, denom, source),
    }
}

/// Whether a bank could know it.
pub fn validate_denom(denom: &str) -> Result<(), ContractError> {
    let (length, max) = (denom.len(), DENOM_LENGTH_MAX);
    if length == 0 || length > max { Err(ContractError::DenomLength { length, max }) } else { Ok(()) }
}

fn validate_feeders(api: &dyn Api, denom: String, feeders: &[String], quorum: u8) -> Result<(), ContractError> {
    let (count, max) = (feeders.len(), FEEDERS_MAX);
    if count == 0 || count > max {
        return Err(ContractError::FeederCount { denom, count, max });
    }
    let mut seen = BTreeSet::new();
    for feeder in feeders {
        address(api, feeder)?;
        if !seen.insert(feeder) {
            return Err(ContractError::FeederTwice { denom, feeder: feeder.clone() });
        }
    }
    let needed = usize::from(quorum);
    if needed > count || needed.saturating_mul(2) <= count {
        return Err(ContractError::Quorum { denom, quorum, feeders: count });
    }
    Ok(())
}
