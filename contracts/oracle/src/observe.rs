//! What an Astroport concentrated pair says of a price.

use cosmwasm_std::{QuerierWrapper, to_json_vec};
use plimsoll_risk::price::{Observation, PriceBand, median};
use plimsoll_risk::twap::{Scale, spot};
use plimsoll_risk::units::{Amount, Price};
use plimsoll_schema::concentrated::{CONCENTRATED, ConcentratedPair, QueryMsg};
use plimsoll_schema::oracle::ObserveSource;
use plimsoll_schema::pair::{Asset, AssetInfo, PairType};

use crate::answer::Asked;
use crate::error::ContractError;

/// A price with fewer digits says too little: the tokens' decimals are too far apart.
const LEAST_DIGITS: u128 = 1_000_000;
/// The pair's own unit: base units of one token, for base units of the other.
const UNIT: u128 = plimsoll_risk::math::ONE;

/// The median of what the pair observed now, half a window ago and a window ago. Borrowing counts all three, and what
/// the amounts of the source yield in either direction now. Errors when the pair doesn't say all of that.
pub fn observe(
    querier: &QuerierWrapper,
    denom: &str,
    source: &ObserveSource,
    now: u64,
) -> Result<Observation, ContractError> {
    let mut seen = Vec::new();
    let mut extremes = traded(querier, denom, source)?;
    for seconds_ago in [0, source.window / 2, source.window] {
        let price = at(querier, denom, source, seconds_ago)?;
        extremes = extremes.including(price);
        seen.push(price);
    }
    let low = median(seen.iter().map(|price| price.low).collect());
    let high = median(seen.iter().map(|price| price.high).collect());
    let none = || asked(denom, source).unreadable("price");
    let ((low, _), (_, high)) = low.zip(high).ok_or_else(none)?;
    Ok(Observation { raw: PriceBand::between(low, high), extremes, time: now })
}

/// Errors unless the pair says that it is concentrated and of these two tokens, in the order that the source says.
pub fn assert_concentrated(querier: &QuerierWrapper, denom: &str, source: &ObserveSource) -> Result<(), ContractError> {
    let asked = asked(denom, source);
    let answer: Result<ConcentratedPair, _> = querier.query_wasm_smart(&source.pair, &QueryMsg::Pair {});
    let ConcentratedPair { asset_infos, pair_type } = answer.map_err(|_| asked.silent())?;
    let [first, second] = if source.is_first { [denom, &source.quote_denom] } else { [&source.quote_denom, denom] };
    if asset_infos != [first, second].map(AssetInfo::native) {
        return Err(asked.unreadable("order of these two tokens"));
    }
    if pair_type != PairType::Custom(CONCENTRATED.to_owned()) {
        return Err(asked.unreadable("type concentrated"));
    }
    Ok(())
}

/// What the pair observed so long ago.
fn at(
    querier: &QuerierWrapper,
    denom: &str,
    source: &ObserveSource,
    seconds_ago: u64,
) -> Result<PriceBand, ContractError> {
    let asked = asked(denom, source);
    let answer = asked.ask(querier, to_json_vec(&QueryMsg::Observe { seconds_ago })?)?;
    let price: Price = answer.get(&["price"], "price")?;
    if price < Price::new(LEAST_DIGITS) {
        return Err(asked.unreadable("price of enough digits"));
    }
    let [unit, observed] = [UNIT, price.raw()].map(Amount::new);
    let (base, quote) = if source.is_first { (observed, unit) } else { (unit, observed) };
    spot(base, quote, scale(source)).map_err(|_| asked.unreadable("price"))
}

/// What the amounts of the source are traded for now: sold at the low end, bought at the high end.
fn traded(querier: &QuerierWrapper, denom: &str, source: &ObserveSource) -> Result<PriceBand, ContractError> {
    let asked = asked(denom, source);
    let yielded = |denom: &str, amount| -> Result<Amount, ContractError> {
        let query = QueryMsg::Simulation { offer_asset: Asset::native(denom, amount) };
        asked.ask(querier, to_json_vec(&query)?)?.get(&["return_amount"], "yield")
    };
    let sold = spot(source.trade, yielded(denom, source.trade)?, scale(source));
    let bought = spot(yielded(&source.quote_denom, source.quote_trade)?, source.quote_trade, scale(source));
    let both = sold.and_then(|sold| Ok(sold.including(bought?)));
    both.map_err(|_| asked.unreadable("yield"))
}

const fn scale(source: &ObserveSource) -> Scale {
    Scale { base: source.decimals, quote: source.quote_decimals }
}

const fn asked<'a>(denom: &'a str, source: &'a ObserveSource) -> Asked<'a> {
    Asked { denom, name: source.pair.as_str() }
}
