//! What the chain module of Osmosis says of a pool's price over a while.

use cosmwasm_std::QuerierWrapper;
use plimsoll_risk::math::ONE;
use plimsoll_risk::price::{Observation, PriceBand};
use plimsoll_risk::twap::{Scale, spot};
use plimsoll_risk::units::Amount;
use plimsoll_schema::oracle::OsmosisTwapSource;

use crate::answer::{Asked, decimal, digits, grpc};
use crate::error::ContractError;
use crate::protobuf::{Reader, Writer};

const TWAP: &str = "/osmosis.twap.v1beta1.Query/ArithmeticTwapToNow";
const SPOT: &str = "/osmosis.poolmanager.v1beta1.Query/SpotPrice";
/// A price with fewer digits says too little: the tokens' decimals are too far apart.
const LEAST_DIGITS: u128 = 1_000_000;

/// From the harmonic to the arithmetic mean of the price over the window; borrowing counts the price of now too.
///
/// The messages are `ArithmeticTwapToNowRequest` and its response of `osmosis/twap/v1beta1/query.proto`, and
/// `SpotPriceRequest` and its response of `osmosis/poolmanager/v1beta1/query.proto`. The mean of the inverse price is
/// the inverse of the harmonic mean.
pub fn observe(
    querier: &QuerierWrapper,
    denom: &str,
    source: &OsmosisTwapSource,
    now: u64,
) -> Result<Observation, ContractError> {
    let quote = source.quote_denom.as_str();
    let since = Writer::default().number(1, now.saturating_sub(source.window));
    let mean = |base: &str, quote: &str| {
        let asked = Asked { denom, name: TWAP };
        let answer = grpc(querier, TWAP, pool(source, base, quote).message(4, since.clone()));
        let answer = answer.ok_or_else(|| asked.silent())?;
        // A decimal of the chain: a whole number of 10⁻¹⁸.
        fine(Reader(&answer).text(1).and_then(digits)).ok_or_else(|| asked.unreadable("price of enough digits"))
    };
    let forward = mean(denom, quote)?;
    let backward = mean(quote, denom)?;
    let asked = Asked { denom, name: SPOT };
    let answer = grpc(querier, SPOT, pool(source, denom, quote)).ok_or_else(|| asked.silent())?;
    let present = fine(Reader(&answer).text(1).and_then(decimal));
    let present = present.ok_or_else(|| asked.unreadable("price of enough digits"))?;

    let scale = Scale { base: source.decimals, quote: source.quote_decimals };
    let price = |base: u128, quote: u128| {
        spot(Amount::new(base), Amount::new(quote), scale).map_err(|_| asked.unreadable("price"))
    };
    let harmonic = price(backward, ONE)?;
    let arithmetic = price(ONE, forward)?;
    let raw = PriceBand::between(harmonic.low, arithmetic.high);
    Ok(Observation { raw, extremes: price(ONE, present)?, time: now })
}

/// The three fields that both requests begin with.
fn pool(source: &OsmosisTwapSource, base: &str, quote: &str) -> Writer {
    Writer::default().number(1, source.pool_id).text(2, base).text(3, quote)
}

fn fine(price: Option<u128>) -> Option<u128> {
    price.filter(|price| *price >= LEAST_DIGITS)
}
