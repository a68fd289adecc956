//! What a source must satisfy to be set.

use std::collections::BTreeSet;

use cosmwasm_std::{Api, Deps, Storage};
use plimsoll_risk::math::pow10;
use plimsoll_risk::params::DECIMALS_MAX;
use plimsoll_risk::price::{FEED_SPEED, Guards, LIVE_SPEED, SPEED_TOLD};
use plimsoll_risk::units::{Amount, Price, Ratio};
use plimsoll_schema::access::address;
use plimsoll_schema::funds::DENOM_LENGTH_MAX;
use plimsoll_schema::oracle::{
    ConnectSource, FEEDERS_MAX, MEMBERS_MAX, MedianSource, ObserveSource, OsmosisTwapSource, PairSource, PythSource,
    RateSource, ScaledSource, Source,
};

use crate::connect;
use crate::error::ContractError;
use crate::listing::{is_by_itself, quote_of, quotes_of};
use crate::observe;
use crate::osmosis_twap;
use crate::pair;
use crate::pyth;
use crate::scaled::RateQuery;
use crate::state::LISTINGS;

/// The least feeders of a source in production: of two, one can stop the price.
pub const PRODUCTION_FEEDERS_MIN: usize = 3;
/// The least members of a median in production: two that disagree hold the settled price for as long as they do.
pub const PRODUCTION_MEMBERS_MIN: usize = 3;
/// The least members of a median that make a price in production: one alone could say anything.
pub const PRODUCTION_MINIMUM_MIN: u8 = 2;
/// The least window: its half holds an interval of two quarters.
pub const WINDOW_MIN: u64 = 2;
/// The least window in production: ten minutes.
pub const PRODUCTION_WINDOW_MIN: u64 = 600;
/// The longest window: a day.
pub const WINDOW_MAX: u64 = 86_400;
/// The most characters of a currency's name in the chain module Connect.
const CURRENCY_NAME_MAX: usize = 64;
/// The digits of an identifier of Pyth's.
const PYTH_ID_LENGTH: usize = 64;
/// The widest confidence of a price of Pyth's in production: a tenth.
pub const PRODUCTION_CONFIDENCE_MAX: Ratio = Ratio::percent(10);
/// The most that a redemption rate may grow in a day in production: a hundredth.
pub const PRODUCTION_GROWTH_MAX: Ratio = Ratio::percent(1);

/// Whether a denom may have this source with these guards.
pub fn validate_source(
    deps: Deps,
    production: bool,
    denom: &str,
    source: &Source,
    guards: &Guards,
    now: u64,
) -> Result<(), ContractError> {
    validate_denom(denom)?;
    guards.validate()?;
    if let Source::Fixed { price } = source {
        return validate_fixed(production, denom, *price, guards);
    }
    let max_age = guards.max_age.ok_or_else(|| ContractError::WithoutMaxAge { denom: denom.to_owned() })?;
    match source {
        Source::Median(median) => {
            validate_median(production, denom, median)?;
            // Another quote's record would be taken as stored: it is neither asked live nor widened with age.
            if production && quote_of(source).is_none() && quotes_of(source).next().is_some() {
                return member(denom, "quoted in another denom");
            }
            for member in &median.members {
                validate_part(deps, production, denom, member, max_age, now)?;
            }
        }
        single => validate_part(deps, production, denom, single, max_age, now)?,
    }
    let speed = if source.is_live() { LIVE_SPEED } else { FEED_SPEED };
    if production { validate_speed(denom, guards, speed) } else { Ok(()) }
}

/// Errors where a source that is fit as a part only would price a denom alone.
pub fn assert_alone(production: bool, denom: &str, source: &Source) -> Result<(), ContractError> {
    match source {
        Source::Observe(_) if production => Err(ContractError::ObserveAlone { denom: denom.to_owned() }),
        _ => Ok(()),
    }
}

fn validate_fixed(production: bool, denom: &str, price: Price, guards: &Guards) -> Result<(), ContractError> {
    let denom = denom.to_owned();
    let Guards { floor, ceiling, max_age, .. } = *guards;
    match max_age {
        _ if production => Err(ContractError::FixedInProduction { denom }),
        Some(max_age) => Err(ContractError::FixedWithMaxAge { denom, max_age }),
        None if price < floor || price > ceiling => {
            Err(ContractError::FixedOutOfBounds { denom, price, floor, ceiling })
        }
        None => Ok(()),
    }
}

/// What a source must satisfy alone and as a member of a median.
fn validate_part(
    deps: Deps,
    production: bool,
    denom: &str,
    source: &Source,
    max_age: u64,
    now: u64,
) -> Result<(), ContractError> {
    match source {
        Source::Fixed { .. } => member(denom, "fixed"),
        Source::Median(_) => member(denom, "a median"),
        Source::Feed { feeders, quorum } => validate_feeders(deps.api, production, denom, feeders, *quorum),
        Source::Pair(pair) => {
            validate_pair(production, denom, pair)?;
            assert_no_chain(deps.storage, denom, source)?;
            assert_answers(deps, denom, pair)
        }
        Source::Scaled(scaled) => {
            validate_scaled(deps, production, denom, scaled, max_age, now)?;
            assert_no_chain(deps.storage, denom, source)
        }
        Source::Pyth(source) => validate_pyth(deps, production, denom, source),
        Source::Observe(pair) => {
            validate_observe(production, denom, pair)?;
            assert_no_chain(deps.storage, denom, source)?;
            address(deps.api, &pair.pair)?;
            observe::assert_concentrated(&deps.querier, denom, pair)
        }
        Source::Connect(module) => validate_connect(deps, denom, module, max_age, now),
        Source::OsmosisTwap(pool) => {
            let OsmosisTwapSource { decimals, quote_denom, quote_decimals, quote_priced, window, .. } = pool;
            validate_tokens(denom, *decimals, quote_denom, *quote_decimals)?;
            validate_window(production, denom, *window)?;
            assert_quote_priced(production, denom, quote_denom, *quote_priced)?;
            assert_no_chain(deps.storage, denom, source)?;
            osmosis_twap::observe(&deps.querier, denom, pool, now).map(drop)
        }
    }
}

fn member(denom: &str, what: &'static str) -> Result<(), ContractError> {
    Err(ContractError::Member { denom: denom.to_owned(), what })
}

fn validate_median(production: bool, denom: &str, source: &MedianSource) -> Result<(), ContractError> {
    let MedianSource { members, minimum } = source;
    let count = members.len();
    let max = MEMBERS_MAX;
    let min = if production { PRODUCTION_MEMBERS_MIN } else { 2 };
    if count < min || count > max {
        return Err(ContractError::MemberCount { denom: denom.to_owned(), count, min, max });
    }
    let min = if production { PRODUCTION_MINIMUM_MIN } else { 1 };
    if *minimum < min || usize::from(*minimum) > count {
        return Err(ContractError::Minimum { denom: denom.to_owned(), minimum: *minimum, min, count });
    }
    let mut seen: Vec<&Source> = Vec::with_capacity(count);
    for one in members {
        if seen.contains(&one) {
            return member(denom, "named twice");
        }
        seen.push(one);
    }
    Ok(())
}

/// Whether a bank could know it.
fn validate_denom(denom: &str) -> Result<(), ContractError> {
    let length = denom.len();
    let max = DENOM_LENGTH_MAX;
    if length == 0 || length > max { Err(ContractError::DenomLength { length, max }) } else { Ok(()) }
}

fn validate_speed(denom: &str, guards: &Guards, (min, max): (u64, u64)) -> Result<(), ContractError> {
    let seconds = guards.halving_seconds(SPEED_TOLD);
    if (min..=max).contains(&seconds) {
        return Ok(());
    }
    let Guards { max_deviation, step_interval, .. } = *guards;
    Err(ContractError::Speed { denom: denom.to_owned(), max_deviation, step_interval, seconds, min, max })
}

fn validate_feeders(
    api: &dyn Api,
    production: bool,
    denom: &str,
    feeders: &[String],
    quorum: u8,
) -> Result<(), ContractError> {
    let count = feeders.len();
    let min = if production { PRODUCTION_FEEDERS_MIN } else { 1 };
    let max = FEEDERS_MAX;
    if count < min || count > max {
        return Err(ContractError::FeederCount { denom: denom.to_owned(), count, min, max });
    }
    let mut seen = BTreeSet::new();
    for feeder in feeders {
        address(api, feeder)?;
        if !seen.insert(feeder) {
            return Err(ContractError::FeederTwice { denom: denom.to_owned(), feeder: feeder.clone() });
        }
    }
    let needed = usize::from(quorum);
    if needed > count || needed.saturating_mul(2) <= count {
        return Err(ContractError::Quorum { denom: denom.to_owned(), quorum, feeders: count });
    }
    Ok(())
}

/// The contract must know the price; it may still be old.
fn validate_pyth(deps: Deps, production: bool, denom: &str, source: &PythSource) -> Result<(), ContractError> {
    let PythSource { contract, id, max_confidence } = source;
    if id.len() != PYTH_ID_LENGTH || !id.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(ContractError::PythId { denom: denom.to_owned(), id: id.clone() });
    }
    let max = if production { PRODUCTION_CONFIDENCE_MAX } else { Ratio::ONE };
    if max_confidence.is_zero() || *max_confidence > max {
        return Err(ContractError::MaxConfidence { denom: denom.to_owned(), max_confidence: *max_confidence, max });
    }
    address(deps.api, contract)?;
    pyth::read(&deps.querier, denom, source).map(drop)
}

/// The chain must have the module, let contracts ask it, and know a price of the pair that is not too old.
fn validate_connect(
    deps: Deps,
    denom: &str,
    source: &ConnectSource,
    max_age: u64,
    now: u64,
) -> Result<(), ContractError> {
    let max = CURRENCY_NAME_MAX;
    for name in [&source.base, &source.quote] {
        if name.is_empty() || name.len() > max || name.contains('/') {
            return Err(ContractError::CurrencyName { denom: denom.to_owned(), name: name.clone(), max });
        }
    }
    connect::observe(&deps.querier, denom, source, max_age, now).map(drop)
}

/// The contract must answer with a rate, of a time that counts where it tells one.
fn validate_scaled(
    deps: Deps,
    production: bool,
    denom: &str,
    source: &ScaledSource,
    max_age: u64,
    now: u64,
) -> Result<(), ContractError> {
    let ScaledSource { rate, quote_denom, max_growth } = source;
    validate_denom(quote_denom)?;
    if quote_denom == denom {
        return Err(ContractError::QuoteSource { denom: denom.to_owned(), quote_denom: quote_denom.clone() });
    }
    let max = if production { PRODUCTION_GROWTH_MAX } else { Ratio::ONE };
    if max_growth.is_zero() || *max_growth > max {
        return Err(ContractError::MaxGrowth { denom: denom.to_owned(), max_growth: *max_growth, max });
    }
    match rate {
        RateSource::Contract { contract, query, field, time_field } => {
            address(deps.api, contract)?;
            let asked = RateQuery { contract, query, field, time_field: time_field.as_deref() };
            asked.observe(&deps.querier, denom, max_age, now).map(drop)
        }
        RateSource::Feed { feeders, quorum } => validate_feeders(deps.api, production, denom, feeders, *quorum),
    }
}

fn validate_pair(production: bool, denom: &str, source: &PairSource) -> Result<(), ContractError> {
    let PairSource { quote_denom, decimals, quote_decimals, min_reserve, min_quote_reserve, window, .. } = source;
    validate_tokens(denom, *decimals, quote_denom, *quote_decimals)?;
    for (token, decimals, reserve) in
        [(denom, *decimals, *min_reserve), (quote_denom, *quote_decimals, *min_quote_reserve)]
    {
        let min = least(production, decimals);
        if reserve < min {
            return Err(ContractError::MinimumReserve {
                denom: denom.to_owned(),
                token: token.to_owned(),
                reserve,
                min,
            });
        }
    }
    validate_window(production, denom, *window)?;
    assert_quote_priced(production, denom, quote_denom, source.quote_priced)
}

fn validate_observe(production: bool, denom: &str, source: &ObserveSource) -> Result<(), ContractError> {
    let ObserveSource { quote_denom, decimals, quote_decimals, trade, quote_trade, window, .. } = source;
    validate_tokens(denom, *decimals, quote_denom, *quote_decimals)?;
    for (token, decimals, trade) in [(denom, *decimals, *trade), (quote_denom, *quote_decimals, *quote_trade)] {
        let min = least(production, decimals);
        if trade < min {
            return Err(ContractError::MinimumTrade { denom: denom.to_owned(), token: token.to_owned(), trade, min });
        }
    }
    validate_window(production, denom, *window)?;
    assert_quote_priced(production, denom, quote_denom, source.quote_priced)
}

fn validate_tokens(denom: &str, decimals: u8, quote_denom: &str, quote_decimals: u8) -> Result<(), ContractError> {
    validate_denom(quote_denom)?;
    for (token, decimals) in [(denom, decimals), (quote_denom, quote_decimals)] {
        if decimals > DECIMALS_MAX {
            return Err(ContractError::Decimals { denom: denom.to_owned(), token: token.to_owned(), decimals });
        }
    }
    Ok(())
}

/// A whole token in production, something elsewhere.
fn least(production: bool, decimals: u8) -> Amount {
    if production { pow10(decimals).map_or(Amount::MAX, Amount::new) } else { Amount::new(1) }
}

fn validate_window(production: bool, denom: &str, window: u64) -> Result<(), ContractError> {
    let min = if production { PRODUCTION_WINDOW_MIN } else { WINDOW_MIN };
    let max = WINDOW_MAX;
    if (min..=max).contains(&window) {
        return Ok(());
    }
    Err(ContractError::Window { denom: denom.to_owned(), window, min, max })
}

fn assert_quote_priced(
    production: bool,
    denom: &str,
    quote_denom: &str,
    quote_priced: bool,
) -> Result<(), ContractError> {
    if production && !quote_priced {
        let quote_denom = quote_denom.to_owned();
        return Err(ContractError::PeggedInProduction { denom: denom.to_owned(), quote_denom });
    }
    Ok(())
}

/// The pair must be there, be of constant product and of these tokens; it may still be empty.
fn assert_answers(deps: Deps, denom: &str, source: &PairSource) -> Result<(), ContractError> {
    address(deps.api, &source.pair)?;
    pair::assert_constant_product(&deps.querier, denom, source)?;
    pair::read(&deps.querier, denom, source, 0).map(drop)
}

/// Errors when a price would hang on another that may hang on it: what this source is quoted in has no source, or one
/// that is a pair or a rate or may become one, or another denom is quoted in this one. Two pairs could hold each other
/// up.
fn assert_no_chain(storage: &dyn Storage, denom: &str, source: &Source) -> Result<(), ContractError> {
    if let Some(quote_denom) = quote_of(source).filter(|quote| *quote != denom) {
        let error = || ContractError::QuoteSource { denom: denom.to_owned(), quote_denom: quote_denom.to_owned() };
        let quote = LISTINGS.may_load(storage, quote_denom)?.ok_or_else(error)?;
        if !quote.sources().all(is_by_itself) {
            return Err(error());
        }
    }
    for other in LISTINGS.keys_after(storage, None) {
        let other = other?;
        let listing = LISTINGS.may_load(storage, &other)?.filter(|_| other != denom);
        if listing.is_some_and(|listing| listing.sources().any(|source| quotes_of(source).any(|quote| quote == denom)))
        {
            return Err(ContractError::QuotesOthers { denom: denom.to_owned(), quoted: other });
        }
    }
    Ok(())
}
