//! What live sources say, published by anyone.

use std::collections::BTreeSet;

use cosmwasm_std::{Deps, DepsMut, Env, Response, Storage};
use plimsoll_risk::math::{MathError, ONE};
use plimsoll_risk::price::{PriceRecord, Quote};
use plimsoll_risk::twap::{ExchangeRate, Scale};
use plimsoll_risk::units::Price;
use plimsoll_schema::compact::CompactMap;
use plimsoll_schema::event::{ACTION, DENOM, PENDING, PRICE};
use plimsoll_schema::oracle::{DENOMS_MAX, PRICE_RECORDS, PairSource, Source};

use crate::error::ContractError;
use crate::pair::{self, Reading};
use crate::samples::Samples;
use crate::state::{LISTINGS, PENDING_RECORDS, SAMPLES};

/// Publishes each denom's live source, the one in force and the one that waits. It is refused only when neither can go on: a broken
/// source could not be replaced otherwise, nor one kept whose replacement is broken. Anyone may call.
pub fn publish(mut deps: DepsMut, env: &Env, denoms: &[String]) -> Result<Response, ContractError> {
    let (count, max) = (denoms.len(), DENOMS_MAX);
    let different: BTreeSet<&String> = denoms.iter().collect();
    if count == 0 || count > max || different.len() < count {
        return Err(ContractError::DenomCount { count, max });
    }
    let now = env.block.time.seconds();
    let mut response = Response::new().add_attribute(ACTION, "publish");
    for denom in denoms {
        response = match take(deps.branch(), now, denom)? {
            Some(mid) => response.add_attribute(DENOM, denom).add_attribute(PRICE, mid.to_string()),
            None => response.add_attribute(PENDING, denom),
        };
    }
    Ok(response)
}

/// Publishes one denom. Says the mid price if the source in force has one.
fn take(mut deps: DepsMut, now: u64, denom: &str) -> Result<Option<Price>, ContractError> {
    let unknown = || ContractError::UnknownDenom { denom: denom.to_owned() };
    let listing = LISTINGS.may_load(deps.storage, denom)?.ok_or_else(unknown)?;
    let in_force = write(deps.branch(), now, denom, Some(&listing.source), &PRICE_RECORDS);
    let waiting = write(deps, now, denom, listing.pending.as_ref().map(|pending| &pending.source), &PENDING_RECORDS);
    match (in_force, waiting) {
        (Some(Ok(published)), _) => Ok(published),
        (_, Some(Ok(_))) => Ok(None),
        (Some(Err(error)), _) | (None, Some(Err(error))) => Err(error),
        (None, None) => Err(ContractError::NotLive { denom: denom.to_owned() }),
    }
}

/// Publishes one source, whose record stands in `records`; `None` when it isn't live. Nothing is written when it errors.
fn write(
    deps: DepsMut,
    now: u64,
    denom: &str,
    source: Option<&Source>,
    records: &CompactMap<&str, PriceRecord>,
) -> Option<Result<Option<Price>, ContractError>> {
    let Some(Source::Pair(source)) = source else { return None };
    let record = match records.may_load(deps.storage, denom) {
        Ok(record) => record?,
        Err(error) => return Some(Err(error.into())),
    };
    let observed = observe(deps.as_ref(), now, denom, source, record);
    Some(observed.and_then(|Observation { record, samples, is_priced }| {
        SAMPLES.save(deps.storage, (denom, record.generation), &samples)?;
        if is_priced {
            records.save(deps.storage, denom, &record)?;
        }
        Ok(is_priced.then_some(record.price))
    }))
}

/// What a live source's record would be if it were published at this block; `None` when the source isn't live, or it can't be published.
pub fn live(deps: Deps, now: u64, denom: &str, record: &PriceRecord) -> Option<PriceRecord> {
    let Source::Pair(source) = LISTINGS.may_load(deps.storage, denom).ok()??.source else { return None };
    observe(deps, now, denom, &source, record.clone()).ok().map(|observed| observed.record)
}

/// What a live source says, before anything is written.
struct Observation {
    record: PriceRecord,
    samples: Samples,
    /// Whether the record has taken a price in; otherwise it is as it was.
    is_priced: bool,
}

/// Asks the source's pair, and holds the price to the record's guards and against its last price.
fn observe(
    deps: Deps,
    now: u64,
    denom: &str,
    source: &PairSource,
    mut record: PriceRecord,
) -> Result<Observation, ContractError> {
    let reading = pair::read(&deps.querier, denom, source, now)?;
    reading.assert_deep(denom, source)?;
    let mut samples = SAMPLES.may_load(deps.storage, (denom, record.generation))?.unwrap_or_default();
    samples.drop_old(now, source.max_window);
    let is_priced = samples.since(now, source.window).is_some();
    if is_priced {
        let (quote, observed_at) = quote(deps.storage, now, denom, source)?;
        let overflow = |error| ContractError::PairPrice { denom: denom.to_owned(), pair: source.pair.clone(), error };
        let band = Band::of(&samples, &reading, source, &quote).map_err(overflow)?;
        let published = record.timestamp;
        if observed_at < published {
            let denom = denom.to_owned();
            return Err(ContractError::OlderThanPublished { denom, timestamp: observed_at, published });
        }
        let refused = |fault| ContractError::Price { denom: denom.to_owned(), fault };
        record.publish_within(band.mid(&record), (band.low, band.high), observed_at, now).map_err(refused)?;
    }
    samples.take(reading.sample, source.window);
    Ok(Observation { record, samples, is_priced })
}

/// What a pair says of a price: the average since the sample that is old enough, the averages since later samples, and the price at the present
/// reserves. Whoever moves the reserves for one transaction can widen it, and narrow it no further than to the averages.
struct Band {
    /// The average, rounded down.
    mean: Price,
    /// The lowest and highest of all, at the mid price of the pair's other token; rounded down.
    lowest: Price,
    highest: Price,
    /// The same at that token's edges; rounded down and up.
    low: Price,
    high: Price,
}

impl Band {
    fn of(samples: &Samples, reading: &Reading, source: &PairSource, quote: &Quote) -> Result<Self, MathError> {
        let (now, scale) = (&reading.sample, Scale { base: source.decimals, quote: source.quote_decimals });
        let (start, later) = samples.since(now.time, source.window).ok_or(MathError::DivideByZero)?;
        let mean = ExchangeRate::mean(start, now, scale)?;
        let (mid, low, high) = (mean.price_down(quote.mid)?, mean.price_down(quote.low)?, mean.price_up(quote.high)?);
        let mut band = Self { mean: mid, lowest: mid, highest: mid, low, high };
        let spot = ExchangeRate::spot(reading.base, reading.quote, scale)?;
        for rate in later.map(|sample| ExchangeRate::mean(sample, now, scale)).chain([Ok(spot)]) {
            let rate = rate?;
            let mid = rate.price_down(quote.mid)?;
            (band.lowest, band.highest) = (band.lowest.min(mid), band.highest.max(mid));
            band.low = band.low.min(rate.price_down(quote.low)?);
            band.high = band.high.max(rate.price_up(quote.high)?);
        }
        Ok(band)
    }

    /// Where the mid price aims: no further than to where all agree that it has moved. A price that was held for a moment stands in the average for
    /// a whole window, as much higher as it was extreme, but the later averages and the present price have forgotten it. The first price is
    /// the average.
    fn mid(&self, record: &PriceRecord) -> Price {
        if record.timestamp == 0 { self.mean } else { record.price.max(self.lowest).min(self.highest) }
    }
}

/// What a whole token of the pair's other kind costs, and when that was observed: now, unless its price was published earlier.
fn quote(storage: &dyn Storage, now: u64, denom: &str, source: &PairSource) -> Result<(Quote, u64), ContractError> {
    if !source.quote_priced {
        let one = Price::new(ONE);
        return Ok((Quote { mid: one, low: one, high: one }, now));
    }
    let record = quote_record(storage, denom, source)?;
    let quote_denom = || source.quote_denom.clone();
    let failed = |fault| ContractError::QuotePrice { denom: denom.to_owned(), quote_denom: quote_denom(), fault };
    // A price that does not age is of now at any time.
    let observed_at = if record.guards.max_age.is_some() { record.timestamp.min(now) } else { now };
    Ok((record.quote(now).map_err(failed)?, observed_at))
}

/// The published record of the pair's other token. Errors when that has no source, or a pair too: two pairs could hold each other up.
pub fn quote_record(storage: &dyn Storage, denom: &str, source: &PairSource) -> Result<PriceRecord, ContractError> {
    let quote_denom = &source.quote_denom;
    let error = || ContractError::QuoteSource { denom: denom.to_owned(), quote_denom: quote_denom.clone() };
    match LISTINGS.may_load(storage, quote_denom)? {
        Some(listing) if !matches!(listing.source, Source::Pair(_)) => {
            PRICE_RECORDS.may_load(storage, quote_denom)?.ok_or_else(error)
        }
        _ => Err(error()),
    }
}
