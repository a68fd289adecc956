//! What the oracle answers.

use cosmwasm_std::{Binary, Deps, Env, StdResult, to_json_binary};
use plimsoll_risk::price::{Mark, PriceRecord, Quote};
use plimsoll_schema::compact::encode;
use plimsoll_schema::oracle::{
    DENOMS_MAX, DenomPrice, PRICE_RECORDS, PendingSource, PriceRecordsResponse, PricesResponse, SourceResponse,
    SourcesResponse,
};

use crate::error::ContractError;
use crate::publish;
use crate::state::{CONFIG, LISTINGS, PENDING_RECORDS};

/// The most sources on one page.
pub const SOURCES_LIMIT: u32 = 30;
/// What a page of sources has when no limit is named.
pub const SOURCES_DEFAULT: u32 = 10;

/// The settings and the owner.
pub fn config(deps: Deps) -> Result<Binary, ContractError> {
    Ok(to_json_binary(&CONFIG.load(deps.storage)?)?)
}

/// For each denom its published price; where that fails, what a live source would publish at this block; or the guard that failed.
/// While the published price is valid it is the answer, so that whoever asks and whoever reads it raw see the same.
pub fn prices_by_denoms(deps: Deps, env: &Env, denoms: Vec<String>) -> Result<Binary, ContractError> {
    let now = env.block.time.seconds();
    let records = best_records(deps, now, &denoms)?.into_iter().zip(denoms);
    let prices = records.map(|(record, denom)| match record {
        Some(record) => price(denom, &record, now),
        None => DenomPrice::Unknown { denom },
    });
    Ok(to_json_binary(&PricesResponse { prices: prices.collect() })?)
}

/// The records behind these prices.
pub fn price_records(deps: Deps, env: &Env, denoms: Vec<String>) -> Result<Binary, ContractError> {
    let records = best_records(deps, env.block.time.seconds(), &denoms)?;
    let records = records.iter().map(|record| record.as_ref().map(encode).transpose());
    let records = records.map(|bytes| Ok(bytes?.map(Binary::new))).collect::<StdResult<_>>()?;
    Ok(to_json_binary(&PriceRecordsResponse { records })?)
}

fn best_records(deps: Deps, now: u64, denoms: &[String]) -> Result<Vec<Option<PriceRecord>>, ContractError> {
    let (asked, max) = (denoms.len(), DENOMS_MAX);
    if asked > max {
        return Err(ContractError::TooManyDenoms { asked, max });
    }
    let best = denoms.iter().map(|denom| {
        let Some(published) = PRICE_RECORDS.may_load(deps.storage, denom)? else { return Ok(None) };
        let live = if published.quote(now).is_err() { publish::live(deps, now, denom, &published) } else { None };
        Ok(Some(live.unwrap_or(published)))
    });
    best.collect()
}

fn price(denom: String, record: &PriceRecord, now: u64) -> DenomPrice {
    let Mark { quote, floor, ceiling } = record.mark(now);
    match quote {
        Ok(Quote { mid, low, high }) => DenomPrice::Valid { denom, price: mid, low, high, timestamp: record.timestamp },
        Err(fault) => DenomPrice::Failed { denom, fault, floor, ceiling },
    }
}

/// A denom's source, guards, record and pending replacement. Errors when it has none.
pub fn source(deps: Deps, denom: String) -> Result<Binary, ContractError> {
    Ok(to_json_binary(&load_source(deps, denom)?)?)
}

/// A page of sources, by denom. A page of none would look like the end.
pub fn sources(deps: Deps, start_after: Option<&str>, limit: Option<u32>) -> Result<Binary, ContractError> {
    let (limit, max) = (limit.unwrap_or(SOURCES_DEFAULT), SOURCES_LIMIT);
    if limit == 0 || limit > max {
        return Err(ContractError::Limit { limit, max });
    }
    let asked = usize::try_from(limit).unwrap_or(usize::MAX);
    let denoms = LISTINGS.keys_after(deps.storage, start_after).take(asked);
    let sources = denoms.map(|denom| load_source(deps, denom?)).collect::<Result<_, _>>()?;
    Ok(to_json_binary(&SourcesResponse { sources })?)
}

fn load_source(deps: Deps, denom: String) -> Result<SourceResponse, ContractError> {
    let listing = LISTINGS.may_load(deps.storage, &denom)?;
    let record = PRICE_RECORDS.may_load(deps.storage, &denom)?;
    let (Some(listing), Some(record)) = (listing, record) else {
        return Err(ContractError::UnknownDenom { denom });
    };
    let pending = match (listing.pending, PENDING_RECORDS.may_load(deps.storage, &denom)?) {
        (Some(pending), Some(record)) => {
            Some(PendingSource { source: pending.source, record, effective_at: pending.effective_at })
        }
        _ => None,
    };
    Ok(SourceResponse { denom, source: listing.source, record, pending })
}
