//! What a pair's cumulative prices say: the average price between two moments, and the price at its reserves.
//!
//! A pair adds `seconds × price`, with 6 decimals and in base units of one token per base unit of the other, to a
//! number modulo 2¹²⁸ whenever its reserves change ([`crate::cumulative_price::accumulate_down`]). The difference of
//! two such numbers over the seconds between them is the average price (Uniswap v2). It can't be moved within a block:
//! a price counts for the time that it stood.
//!
//! The counter of the price gives the arithmetic mean, that of the inverse price the harmonic mean, which is never
//! higher. A price that stood for a share `f` of the time moves the harmonic mean up by at most `f / (1 − f)`, and the
//! arithmetic mean down by at most `f`, however extreme it was.

use cosmwasm_std::Uint256;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::cumulative_price::CUMULATIVE_PRICE_SCALE;
use crate::math::{MathError, mul_div_down, mul_div_up, narrow, pow10};
use crate::price::{PRICE_MAX, PriceBand, median};
use crate::units::{Amount, CumulativePrice, Price};

/// The least that a cumulative price grows in a second to be averaged. A pair cuts off less than 1 at each change of
/// its reserves, at most once a second: so what is cut off is less than a hundredth of the average.
pub const LEAST_GROWTH: u64 = 100;

/// A pair's cumulative prices at one moment.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When, in seconds.
    pub time: u64,
    /// Of the token priced, in the pair's other token.
    pub forward: CumulativePrice,
    /// Of the other token, in the token priced.
    pub backward: CumulativePrice,
}

/// The decimals of a pair's two tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Of the token priced.
    pub base: u8,
    /// Of the other one.
    pub quote: u8,
}

/// Why no average can be taken.
#[derive(Error, Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum TwapError {
    /// A computation left its type, or no time lies between the samples.
    #[error(transparent)]
    Math(#[from] MathError),
    /// A counter grew by so little that what the pair cuts off matters: the tokens' decimals are too far apart.
    #[error("a cumulative price grew by {grown} in {seconds} s, at least {least} are needed")]
    Coarse {
        /// By how much the slower of the two counters grew.
        grown: u128,
        seconds: u64,
        /// By how much it must grow in this time: [`LEAST_GROWTH`] a second.
        least: u128,
    },
}

/// The averages of a price over one interval, in whole tokens of the pair's other kind per whole token; at most
/// [`PRICE_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Means {
    /// The harmonic mean, rounded down.
    pub harmonic: Price,
    /// The arithmetic mean, rounded up.
    pub arithmetic: Price,
}

impl Means {
    /// The averages between two samples. Right as long as each average times the seconds, with 6 decimals, is below
    /// 2¹²⁸.
    pub fn between(then: &Sample, now: &Sample, scale: Scale) -> Result<Self, TwapError> {
        let seconds = now.time.saturating_sub(then.time);
        if seconds == 0 {
            return Err(MathError::DivideByZero.into());
        }
        let forward = now.forward.raw().wrapping_sub(then.forward.raw());
        let backward = now.backward.raw().wrapping_sub(then.backward.raw());
        let grown = forward.min(backward);
        let least = u128::from(seconds).saturating_mul(u128::from(LEAST_GROWTH));
        if grown < least {
            return Err(TwapError::Coarse { grown, seconds, least });
        }
        let whole = times(Uint256::from(seconds), CUMULATIVE_PRICE_SCALE)?;
        let harmonic = PerToken::of(whole, Uint256::from(backward), scale)?.price_down()?;
        let arithmetic = PerToken::of(Uint256::from(forward), whole, scale)?.price_up()?;
        Ok(Self { harmonic, arithmetic })
    }
}

/// What the averages over several intervals say of the price: the median of the harmonic means, the lower of the middle
/// two, to the median of the arithmetic means, the upper of the middle two. A price that stood in fewer than half of
/// the intervals moves it no further than the means that include the least of it. `None` of none.
pub fn middle(means: &[Means]) -> Option<PriceBand> {
    let (low, _) = median(means.iter().map(|means| means.harmonic).collect())?;
    let (_, high) = median(means.iter().map(|means| means.arithmetic).collect())?;
    Some(PriceBand::between(low, high))
}

/// The price at these reserves, in whole tokens of the pair's other kind per whole token, rounded down and up. Errors
/// when there is nothing of the token priced.
pub fn spot(base: Amount, quote: Amount, scale: Scale) -> Result<PriceBand, MathError> {
    let price = PerToken::of(Uint256::from(quote.raw()), Uint256::from(base.raw()), scale)?;
    Ok(PriceBand::between(price.price_down()?, price.price_up()?))
}

/// Whole tokens of one kind per whole token of another: a fraction, not rounded yet.
struct PerToken {
    numerator: Uint256,
    denominator: Uint256,
}

impl PerToken {
    /// From base units per base unit.
    fn of(quote: Uint256, base: Uint256, scale: Scale) -> Result<Self, MathError> {
        let numerator = times(quote, pow10(scale.base)?)?;
        Ok(Self { numerator, denominator: times(base, pow10(scale.quote)?)? })
    }

    fn price_down(&self) -> Result<Price, MathError> {
        held(mul_div_down(self.numerator, ONE, self.denominator))
    }

    fn price_up(&self) -> Result<Price, MathError> {
        held(mul_div_up(self.numerator, ONE, self.denominator))
    }
}

const ONE: Uint256 = Uint256::new(crate::math::ONE);

/// A price that doesn't fit counts as the highest that may be carried.
fn held(price: Result<Uint256, MathError>) -> Result<Price, MathError> {
    match price.and_then(narrow) {
        Ok(price) => Ok(Price::new(price).min(PRICE_MAX)),
        Err(MathError::Overflow { .. }) => Ok(PRICE_MAX),
        Err(error) => Err(error),
    }
}

fn times(a: Uint256, b: u128) -> Result<Uint256, MathError> {
    a.checked_mul(Uint256::from(b)).map_err(|_| MathError::Overflow { what: "exchange rate" })
}
