//! What a pair is asked, and what a source that names one must satisfy.

use cosmwasm_std::{Deps, QuerierWrapper};
use plimsoll_risk::params::DECIMALS_MAX;
use plimsoll_risk::twap::Sample;
use plimsoll_risk::units::Amount;
use plimsoll_schema::oracle::PairSource;
use plimsoll_schema::pair::{AssetInfo, CumulativePricesResponse, QueryMsg};

use crate::access::address;
use crate::error::ContractError;
use crate::publish;
use crate::set_source::validate_denom;

/// The least seconds of an average in production: ten minutes.
pub const WINDOW_MIN: u64 = 600;
/// The most: a day.
pub const WINDOW_MAX: u64 = 86_400;

/// What a pair says at this block.
pub struct Reading {
    /// Its cumulative prices.
    pub sample: Sample,
    /// What it holds of the denom priced.
    pub base: Amount,
    /// What it holds of the other token.
    pub quote: Amount,
}

/// Whether the source may be set. The pair must be there and be one of these tokens; it may still be empty.
pub fn validate(deps: Deps, production: bool, denom: &str, source: &PairSource) -> Result<(), ContractError> {
    let named = || denom.to_owned();
    let quote_denom = source.quote_denom.clone();
    validate_denom(&quote_denom)?;
    for (token, decimals) in [(denom, source.decimals), (&quote_denom, source.quote_decimals)] {
        if decimals > DECIMALS_MAX {
            return Err(ContractError::Decimals { denom: named(), token: token.to_owned(), decimals });
        }
    }
    let PairSource { window, max_window, min_reserve, min_quote_reserve, .. } = *source;
    let (min, max) = (if production { WINDOW_MIN } else { 1 }, WINDOW_MAX);
    if window < min || max_window < window.saturating_mul(2) || max_window > max {
        return Err(ContractError::Window { denom: named(), window, max_window, min, max });
    }
    if min_reserve.is_zero() || min_quote_reserve.is_zero() {
        return Err(ContractError::NoMinimum { denom: named(), min_reserve, min_quote_reserve });
    }
    if source.quote_priced {
        publish::quote_record(deps.storage, denom, source)?;
    }
    address(deps.api, &source.pair)?;
    read(&deps.querier, denom, source, 0).map(drop)
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

impl Reading {
    /// Errors when the pair holds too little of either token.
    pub fn assert_deep(&self, denom: &str, source: &PairSource) -> Result<(), ContractError> {
        let PairSource { pair, quote_denom, min_reserve, min_quote_reserve, .. } = source;
        let sides = [(denom, self.base, *min_reserve), (quote_denom, self.quote, *min_quote_reserve)];
        match sides.into_iter().find(|(_, reserve, min)| reserve < min) {
            None => Ok(()),
            Some((token, reserve, min)) => {
                let (denom, pair) = (denom.to_owned(), pair.clone());
                Err(ContractError::PairThin { denom, pair, token: token.to_owned(), reserve, min })
            }
        }
    }
}
