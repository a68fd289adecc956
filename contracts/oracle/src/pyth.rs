//! What Pyth says of a price.

use cosmwasm_std::{QuerierWrapper, to_json_vec};
use plimsoll_risk::exponent::band;
use plimsoll_risk::math::ONE;
use plimsoll_risk::price::{Observation, PriceBand};
use plimsoll_risk::units::Ratio;
use plimsoll_schema::oracle::PythSource;
use plimsoll_schema::pyth::QueryMsg;

use crate::answer::{Answer, Asked};
use crate::error::ContractError;
use crate::heard::Heard;

/// A number with a confidence and the exponent of both.
struct Said {
    price: i64,
    conf: u64,
    expo: i32,
}

/// The price with its confidence, and for borrowing its average with its own. A confidence that is wider than the source
/// takes makes no observation: it widens the edges, and the record grows old. Errors when the price is too old.
pub fn observe(
    querier: &QuerierWrapper,
    denom: &str,
    source: &PythSource,
    max_age: u64,
    now: u64,
) -> Result<Heard, ContractError> {
    let answer = read(querier, denom, source)?;
    let published: i64 = answer.get(&["price_feed", "price", "publish_time"], "publish_time")?;
    let published = u64::try_from(published).unwrap_or_default();
    let time = Asked { denom, name: &source.contract }.timely(published, max_age, now)?;
    let price = Said::read(&answer, "price")?;
    let raw = price.band();
    let extremes = raw.including(Said::read(&answer, "ema_price")?.band());
    if price.is_wide(source.max_confidence) {
        return Ok(Heard::Part(extremes));
    }
    Ok(Heard::Whole(Observation { raw, extremes, time }))
}

/// Asks the contract. Errors when it doesn't answer with the price of this identifier.
pub fn read<'a>(querier: &QuerierWrapper, denom: &'a str, source: &'a PythSource) -> Result<Answer<'a>, ContractError> {
    let asked = Asked { denom, name: &source.contract };
    let answer = asked.ask(querier, to_json_vec(&QueryMsg::PriceFeed { id: source.id.clone() })?)?;
    let what = "price of this id";
    let id: String = answer.get(&["price_feed", "id"], what)?;
    if id.eq_ignore_ascii_case(&source.id) { Ok(answer) } else { Err(asked.unreadable(what)) }
}

impl Said {
    fn read(answer: &Answer, which: &'static str) -> Result<Self, ContractError> {
        Ok(Self {
            price: answer.get(&["price_feed", which, "price"], which)?,
            conf: answer.get(&["price_feed", which, "conf"], which)?,
            expo: answer.get(&["price_feed", which, "expo"], which)?,
        })
    }

    /// The price less and plus its confidence. Below 0 it counts as the lowest.
    fn band(&self) -> PriceBand {
        let price = i128::from(self.price);
        let conf = i128::from(self.conf);
        let countable = |number: i128| u128::try_from(number).unwrap_or_default();
        band(countable(price.saturating_sub(conf)), countable(price.saturating_add(conf)), i64::from(self.expo))
    }

    /// Whether the confidence is a larger share of the price than this.
    fn is_wide(&self, max_confidence: Ratio) -> bool {
        let price = u128::try_from(self.price).unwrap_or_default();
        u128::from(self.conf).saturating_mul(ONE) > price.saturating_mul(max_confidence.raw())
    }
}
