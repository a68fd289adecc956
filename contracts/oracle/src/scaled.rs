//! A redemption rate: what a contract says of it, and how much of its growth counts.

use cosmwasm_std::QuerierWrapper;
use plimsoll_risk::growth::Growth;
use plimsoll_risk::price::{Observation, PriceBand};
use plimsoll_risk::units::Price;
use plimsoll_schema::oracle::ScaledSource;

use crate::answer::Asked;
use crate::error::ContractError;
use crate::heard::Heard;

/// A query for a rate, and where in its answer the rate is.
#[derive(Clone, Copy, Debug)]
pub struct RateQuery<'a> {
    /// The contract.
    pub contract: &'a str,
    /// The query, as JSON text.
    pub query: &'a str,
    /// The keys that lead to the rate.
    pub field: &'a [String],
    /// The keys that lead to its time; `None` where the rate is of this block.
    pub time_field: Option<&'a [String]>,
}

impl RateQuery<'_> {
    /// The rate, and when it was observed if the contract says so. Errors when the rate is 0.
    fn ask(&self, querier: &QuerierWrapper, denom: &str) -> Result<(Price, Option<u64>), ContractError> {
        let answer = self.asked(denom).ask(querier, self.query.as_bytes().to_vec())?;
        let rate = self.asked(denom).told(answer.get(&keys(self.field), "rate")?)?;
        let time = self.time_field.map(|field| answer.get(&keys(field), "time")).transpose()?;
        Ok((rate, time))
    }

    /// What the contract says now. Errors when the rate is too old, or of the future.
    pub fn observe(
        &self,
        querier: &QuerierWrapper,
        denom: &str,
        max_age: u64,
        now: u64,
    ) -> Result<Observation, ContractError> {
        let (rate, time) = self.ask(querier, denom)?;
        let raw = PriceBand::at(rate);
        let time = self.asked(denom).timely(time.unwrap_or(now), max_age, now)?;
        Ok(Observation { raw, extremes: raw, time })
    }

    const fn asked<'a>(&'a self, denom: &'a str) -> Asked<'a> {
        Asked { denom, name: self.contract }
    }
}

/// What counts of a rate, and what its growth is measured from next. What is above the allowed growth lowers no high
/// edge: a debt counts at what was told, a collateral at what is allowed. Votes without a quorum move no growth.
pub fn capped(heard: Heard, growth: Option<Growth>, source: &ScaledSource, now: u64) -> (Heard, Option<Growth>) {
    match heard {
        Heard::Nothing => (heard, growth),
        Heard::Part(said) => {
            let most = growth.map_or(said.low, |growth| growth.allowed_down(source.max_growth, now));
            (Heard::Part(below(said, most)), growth)
        }
        Heard::Whole(seen) => {
            let mut growth = growth.unwrap_or(Growth::start(seen.raw.low, now));
            let most = growth.allowed_down(source.max_growth, now);
            growth.take_down(seen.raw.low, source.max_growth, now);
            let raw = below(seen.raw, most);
            (Heard::Whole(Observation { raw, extremes: below(seen.extremes, most), ..seen }), Some(growth))
        }
    }
}

fn keys(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

/// The band with its low end at most there.
fn below(band: PriceBand, most: Price) -> PriceBand {
    PriceBand { low: band.low.min(most), ..band }
}
