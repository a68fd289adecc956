//! What Pyth says of a price.

use cosmwasm_std::QuerierWrapper;
use plimsoll_risk::exponent::band;
use plimsoll_risk::math::ONE;
use plimsoll_risk::price::{Observation, PriceBand};
use plimsoll_risk::units::Ratio;
use plimsoll_schema::oracle::PythSource;
use plimsoll_schema::pyth::{PriceFeed, PriceFeedResponse, PythPrice, QueryMsg};

use crate::answer::Asked;
use crate::error::ContractError;
use crate::heard::Heard;

/// The price with its confidence, and for borrowing its average with its own. A confidence that is wider than the source
/// takes makes no observation: it widens the edges, and the record grows old. Errors when the price is too old.
pub fn observe(
    querier: &QuerierWrapper,
    denom: &str,
    source: &PythSource,
    max_age: u64,
    now: u64,
) -> Result<Heard, ContractError> {
    let PriceFeed { price, ema_price, .. } = read(querier, denom, source)?;
    let published = u64::try_from(price.publish_time).unwrap_or_default();
    let time = Asked { denom, name: &source.contract }.timely(published, max_age, now)?;
    let raw = confident(&price);
    let extremes = raw.including(confident(&ema_price));
    if is_wide(&price, source.max_confidence) {
        return Ok(Heard::Part(extremes));
    }
    Ok(Heard::Whole(Observation { raw, extremes, time }))
}

/// Asks the contract. Errors when it doesn't answer with the price of this identifier.
pub fn read(querier: &QuerierWrapper, denom: &str, source: &PythSource) -> Result<PriceFeed, ContractError> {
    let asked = Asked { denom, name: &source.contract };
    let query = QueryMsg::PriceFeed { id: source.id.clone() };
    let answer: Result<PriceFeedResponse, _> = querier.query_wasm_smart(&source.contract, &query);
    let feed = answer.map_err(|_| asked.silent())?.price_feed;
    if feed.id.eq_ignore_ascii_case(&source.id) { Ok(feed) } else { Err(asked.unreadable("price of this id")) }
}

/// A price less and plus its confidence. Below 0 it counts as the lowest.
fn confident(said: &PythPrice) -> PriceBand {
    let price = i128::from(said.price.i64());
    let conf = i128::from(said.conf.u64());
    let countable = |number: i128| u128::try_from(number).unwrap_or_default();
    band(countable(price.saturating_sub(conf)), countable(price.saturating_add(conf)), i64::from(said.expo))
}

/// Whether the confidence is a larger share of the price than this.
fn is_wide(said: &PythPrice, max_confidence: Ratio) -> bool {
    let price = u128::try_from(said.price.i64()).unwrap_or_default();
    let conf = u128::from(said.conf.u64());
    conf.saturating_mul(ONE) > price.saturating_mul(max_confidence.raw())
}
