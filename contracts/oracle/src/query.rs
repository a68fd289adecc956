//! What the oracle answers.

use cosmwasm_std::{Binary, Deps, Env, StdResult, to_json_binary};
use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_risk::mark::{MarkPrice, RecordMark, SharedValues, times_down};
use plimsoll_risk::math::ONE;
use plimsoll_risk::price::{PriceBand, PriceRecord};
use plimsoll_risk::units::{Price, Ratio};
use plimsoll_schema::compact::encode;
use plimsoll_schema::oracle::{
    CheckSource, DENOMS_MAX, DenomPrice, FallbackSource, HEARTBEAT, PRICE_RECORDS, PriceRecordsResponse,
    PricesResponse, SourceResponse, SourcesResponse, StandingCheck,
};

use crate::error::ContractError;
use crate::heartbeat::Clock;
use crate::listing::{Check, Seated};
use crate::publish::standing;
use crate::state::{CHECKS, CONFIG, LISTINGS, load};

/// The most sources on one page.
pub const SOURCES_LIMIT: u32 = 30;
/// What a page of sources has when no limit is named.
pub const SOURCES_DEFAULT: u32 = 10;

/// The settings, the owner and the guardian.
pub fn config(deps: Deps) -> Result<Binary, ContractError> {
    Ok(to_json_binary(&CONFIG.load(deps.storage)?)?)
}

/// The heartbeat.
pub fn heartbeat(deps: Deps) -> Result<Binary, ContractError> {
    Ok(to_json_binary(&HEARTBEAT.load(deps.storage)?)?)
}

/// For each denom what its records say, with what live sources say at this block; or why it is silent.
pub fn prices_by_denoms(deps: Deps, env: &Env, denoms: Vec<String>) -> Result<Binary, ContractError> {
    assert_few(&denoms)?;
    let heartbeat = HEARTBEAT.load(deps.storage)?;
    let clock = Clock::at(&heartbeat, env);
    let prices = denoms.into_iter().map(|denom| price(deps, denom, &heartbeat, clock));
    Ok(to_json_binary(&PricesResponse { prices: prices.collect::<Result<_, _>>()? })?)
}

/// The records behind these prices, as they would stand if they were published at this block.
pub fn price_records(deps: Deps, env: &Env, denoms: &[String]) -> Result<Binary, ContractError> {
    assert_few(denoms)?;
    let clock = Clock::at(&HEARTBEAT.load(deps.storage)?, env);
    let records = denoms.iter().map(|denom| {
        let Some(record) = published_now(deps, denom, clock)? else { return Ok(None) };
        Ok(Some(Binary::new(encode(&record)?)))
    });
    let records = records.collect::<Result<_, ContractError>>()?;
    Ok(to_json_binary(&PriceRecordsResponse { records })?)
}

fn assert_few(denoms: &[String]) -> Result<(), ContractError> {
    let asked = denoms.len();
    let max = DENOMS_MAX;
    if asked > max { Err(ContractError::TooManyDenoms { asked, max }) } else { Ok(()) }
}

/// None of a denom that isn't known, and of one whose live source gives no price.
fn published_now(deps: Deps, denom: &str, clock: Clock) -> Result<Option<PriceRecord>, ContractError> {
    match load(deps.storage, denom) {
        Ok((listing, record)) => standing(deps, denom, &listing, record, clock),
        Err(ContractError::UnknownDenom { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn price(deps: Deps, denom: String, heartbeat: &Heartbeat, clock: Clock) -> Result<DenomPrice, ContractError> {
    let records = chain(deps, &denom)?;
    let Some((_, own)) = records.first() else { return Ok(DenomPrice::Unknown { denom }) };
    let now = clock.now;
    let mut marks = Vec::new();
    for (name, record) in &records {
        let mark = RecordMark::of(name, record, heartbeat, now);
        marks.push(if mark.is_live {
            let live = published_now(deps, name, clock)?;
            mark.with_live(live.map(|record| RecordMark::of(name, &record, heartbeat, now)).as_ref())
        } else {
            mark
        });
    }
    let times =
        records.iter().filter(|(_, record)| record.guards.max_age.is_some()).map(|(_, record)| record.timestamp);
    let timestamp = times.min().unwrap_or(own.timestamp);
    let settled = records.iter().map(|(_, record)| record.settled_at(now));
    let price = settled.fold(Price::new(ONE), times_down);
    let remaining = marks.iter().map(|mark| mark.remaining).min().unwrap_or(Ratio::ONE);

    let mark = MarkPrice::new(marks);
    let alone = SharedValues::default();
    let counted = PriceBand { low: mark.debt_up(&alone), high: mark.collateral_down(&alone) };
    Ok(match mark.borrow_fault() {
        Some(fault) => DenomPrice::Silent { denom, fault, price, counted, remaining },
        None => {
            let low = mark.low_down(&alone);
            let high = mark.high_up(&alone);
            DenomPrice::Valid { denom, price, counted, low, high, timestamp }
        }
    })
}

/// A denom's record, and that of what it is quoted in, which is quoted in nothing: no chain is longer.
fn chain(deps: Deps, denom: &str) -> StdResult<Vec<(String, PriceRecord)>> {
    let Some(own) = PRICE_RECORDS.may_load(deps.storage, denom)? else { return Ok(vec![]) };
    let mut records = vec![(denom.to_owned(), own.clone())];
    if let Some(quote) = own.quote {
        // What others are quoted in stays listed, and its first record is written with its source.
        records.extend(PRICE_RECORDS.may_load(deps.storage, &quote)?.map(|record| (quote, record)));
    }
    Ok(records)
}

/// A denom's sources and its record. Errors when it has none.
pub fn source(deps: Deps, denom: String) -> Result<Binary, ContractError> {
    Ok(to_json_binary(&load_source(deps, denom)?)?)
}

/// A page of sources, by denom. A page of none would look like the end.
pub fn sources(deps: Deps, start_after: Option<&str>, limit: Option<u32>) -> Result<Binary, ContractError> {
    let limit = limit.unwrap_or(SOURCES_DEFAULT);
    let max = SOURCES_LIMIT;
    if limit == 0 || limit > max {
        return Err(ContractError::Limit { limit, max });
    }
    let asked = usize::try_from(limit).unwrap_or(usize::MAX);
    let denoms = LISTINGS.keys_after(deps.storage, start_after).take(asked);
    let sources = denoms.map(|denom| load_source(deps, denom?)).collect::<Result<_, _>>()?;
    Ok(to_json_binary(&SourcesResponse { sources })?)
}

fn load_source(deps: Deps, denom: String) -> Result<SourceResponse, ContractError> {
    let (listing, record) = load(deps.storage, &denom)?;
    let fallback_in_force = listing.is_held_by_fallback(&record);
    let fallback = listing.fallback.map(|fallback| {
        let seated = fallback.seated;
        let after = fallback.after;
        FallbackSource { source: seated.source, guards: seated.guards, after }
    });
    let check = listing.check.map(|check| standing_check(deps, &denom, check)).transpose()?;
    Ok(SourceResponse {
        denom,
        source: listing.first.source,
        guards: listing.first.guards,
        record,
        pending: listing.pending,
        fallback,
        fallback_in_force,
        pending_fallback: listing.pending_fallback,
        check,
        pending_check: listing.pending_check,
    })
}

fn standing_check(deps: Deps, denom: &str, check: Check) -> StdResult<StandingCheck> {
    let Check { seated, max_divergence, hold } = check;
    let checked = CHECKS.may_load(deps.storage, (denom, seated.generation))?;
    let Seated { source, guards, .. } = seated;
    Ok(StandingCheck {
        check: CheckSource { source, guards, max_divergence, hold },
        raw: checked.map(|checked| checked.raw),
        timestamp: checked.map_or(0, |checked| checked.time),
        diverges: checked.is_some_and(|checked| checked.diverges),
        held_since: checked.map_or(0, |checked| checked.held_since),
    })
}
