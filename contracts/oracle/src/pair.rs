//! What a pair is asked, and what it says of a price.

use cosmwasm_std::{Deps, QuerierWrapper};
use plimsoll_risk::price::{Guards, Observation, PriceBand};
use plimsoll_risk::twap::{Means, Sample, Scale, TwapError, middle, spot};
use plimsoll_risk::units::Amount;
use plimsoll_schema::oracle::PairSource;
use plimsoll_schema::pair::{AssetInfo, CumulativePricesResponse, PairType, QueryMsg};
use serde::Deserialize;

use crate::error::ContractError;
use crate::heard::Heard;
use crate::listing::Seated;
use crate::samples::{INTERVALS_MIN, Look, Samples};
use crate::state::SAMPLES;

/// What a pair says at this block.
pub struct Reading {
    /// Its cumulative prices.
    sample: Sample,
    /// What it holds of the denom priced.
    base: Amount,
    /// What it holds of the other token.
    quote: Amount,
}

/// What was seen of a pair, this block included, and what that says.
pub struct Watched {
    /// The samples, to be stored.
    pub samples: Samples,
    /// What they say.
    pub heard: Heard,
}

/// Asks a source's pair at this block. Errors when it doesn't answer as a pair of these tokens does, or its counters
/// are too coarse.
pub fn watch(
    deps: Deps,
    denom: &str,
    seated: &Seated,
    source: &PairSource,
    now: u64,
) -> Result<Watched, ContractError> {
    let reading = read(&deps.querier, denom, source, now)?;
    let mut samples = SAMPLES.may_load(deps.storage, (denom, seated.generation))?.unwrap_or_default();
    samples.take(Look { sample: reading.sample, was_thin: reading.is_thin(source) }, source.window);
    let heard = said(&samples, &reading, source, &seated.guards, now);
    Ok(Watched { samples, heard: heard.map_err(|error| no_price(denom, source, error))? })
}

fn no_price(denom: &str, source: &PairSource, error: TwapError) -> ContractError {
    let denom = denom.to_owned();
    let pair = source.pair.clone();
    match error {
        TwapError::Math(error) => ContractError::PairPrice { denom, pair, error },
        TwapError::Coarse { grown, seconds, least } => ContractError::PairCoarse { denom, pair, grown, seconds, least },
    }
}

fn said(
    samples: &Samples,
    reading: &Reading,
    source: &PairSource,
    guards: &Guards,
    now: u64,
) -> Result<Heard, TwapError> {
    let scale = Scale { base: source.decimals, quote: source.quote_decimals };
    // The price of a thin pair costs nothing to move: only the bounds are known of it.
    let bounds = PriceBand::between(guards.floor, guards.ceiling);
    let spot = if reading.base.is_zero() { bounds } else { spot(reading.base, reading.quote, scale)? };
    let extremes = if samples.were_thin() { bounds.including(spot) } else { spot };
    let intervals = samples.intervals(source.window);
    let means = intervals.map(|(then, now)| Means::between(then, now, scale)).collect::<Result<Vec<_>, _>>()?;
    let raw = if means.len() < INTERVALS_MIN { None } else { middle(&means) };
    Ok(raw.map_or(Heard::Part(extremes), |raw| Heard::Whole(Observation { raw, extremes, time: now })))
}

impl Reading {
    /// Whether the pair holds less than the least of either token.
    fn is_thin(&self, source: &PairSource) -> bool {
        self.base < source.min_reserve || self.quote < source.min_quote_reserve
    }
}

/// Asks the pair. Errors when it doesn't answer as a pair of these two tokens does.
pub fn read(querier: &QuerierWrapper, denom: &str, source: &PairSource, time: u64) -> Result<Reading, ContractError> {
    let PairSource { pair, quote_denom, .. } = source;
    let silent = |_| ContractError::PairSilent { denom: denom.to_owned(), pair: pair.clone() };
    let answer: CumulativePricesResponse =
        querier.query_wasm_smart(pair, &QueryMsg::CumulativePrices {}).map_err(silent)?;
    parse(&answer, denom, quote_denom, time).ok_or_else(|| ContractError::PairTokens {
        denom: denom.to_owned(),
        pair: pair.clone(),
        quote_denom: quote_denom.clone(),
    })
}

/// What is said about the two tokens, in any order. `None` when that is anything less or more.
fn parse(answer: &CumulativePricesResponse, denom: &str, quote_denom: &str, time: u64) -> Option<Reading> {
    let CumulativePricesResponse { assets, cumulative_prices: prices, .. } = answer;
    if denom == quote_denom || assets.len() != 2 || prices.len() != 2 {
        return None;
    }
    let held = |denom| assets.iter().find(|asset| is(&asset.info, denom)).map(|asset| asset.amount);
    let price = |of, with| prices.iter().find(|(a, b, _)| is(a, of) && is(b, with)).map(|(_, _, price)| *price);
    let sample = Sample { time, forward: price(denom, quote_denom)?, backward: price(quote_denom, denom)? };
    Some(Reading { sample, base: held(denom)?, quote: held(quote_denom)? })
}

fn is(info: &AssetInfo, denom: &str) -> bool {
    matches!(info, AssetInfo::NativeToken { denom: named } if named == denom)
}

/// The one thing that is read of a pair's answer to `pair`, so that any pair of Astroport's kind can give it.
#[derive(Deserialize)]
struct Kind {
    pair_type: PairType,
}

/// Errors unless the pair says that it is one of constant product: cumulative prices of any other are no price of what
/// it trades.
pub fn assert_constant_product(
    querier: &QuerierWrapper,
    denom: &str,
    source: &PairSource,
) -> Result<(), ContractError> {
    let kind = querier.query_wasm_smart::<Kind>(&source.pair, &QueryMsg::Pair {});
    let found = match kind.map(|kind| kind.pair_type) {
        Ok(PairType::Xyk {}) => return Ok(()),
        Ok(PairType::Stable {}) => "stable".to_owned(),
        Ok(PairType::Custom(name)) => name,
        Err(_) => "unknown".to_owned(),
    };
    Err(ContractError::PairKind { denom: denom.to_owned(), pair: source.pair.clone(), found })
}
