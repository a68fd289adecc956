//! What a pair's cumulative prices say: the average price between two moments, and the price at its reserves.
//!
//! A pair adds `seconds × price`, with 6 decimals and in base units of one token per base unit of the other, to a number modulo 2¹²⁸
//! whenever its reserves change ([`crate::swap::accumulate_down`]). The difference of two such numbers over the seconds between them is
//! the average price (Uniswap v2). It can't be moved within a block: a price counts for the time that it stood.

use cosmwasm_std::Uint256;
use serde::{Deserialize, Serialize};

use crate::math::{MathError, mul_div_down, mul_div_up, narrow, pow10};
use crate::swap::CUMULATIVE_PRICE_SCALE;
use crate::units::{Amount, CumulativePrice, Price};

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

/// How many whole tokens of the pair's other kind one whole token costs: a fraction, not rounded yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExchangeRate {
    numerator: Uint256,
    denominator: Uint256,
}

impl ExchangeRate {
    /// The average between two samples: of the two directions the one that grew more, the other would have lost digits. So what each
    /// step of the pair rounded away is at most a millionth of it. Forward it is the arithmetic mean of the price, backward the
    /// harmonic one, which lies below. Right as long as the average times the seconds, with 6 decimals, is below 2¹²⁸.
    /// Errors when no time lies between the samples.
    pub fn mean(then: &Sample, now: &Sample, scale: Scale) -> Result<Self, MathError> {
        let seconds = now.time.saturating_sub(then.time);
        if seconds == 0 {
            return Err(MathError::DivideByZero);
        }
        let grown = |then: CumulativePrice, now: CumulativePrice| Uint256::from(now.raw().wrapping_sub(then.raw()));
        let forward = grown(then.forward, now.forward);
        let backward = grown(then.backward, now.backward);
        let whole = times(Uint256::from(seconds), CUMULATIVE_PRICE_SCALE)?;
        if forward >= backward { Self::of(forward, whole, scale) } else { Self::of(whole, backward, scale) }
    }

    /// The price at these reserves. Errors when there is nothing of the token priced.
    pub fn spot(base: Amount, quote: Amount, scale: Scale) -> Result<Self, MathError> {
        if base.is_zero() {
            return Err(MathError::DivideByZero);
        }
        Self::of(Uint256::from(quote.raw()), Uint256::from(base.raw()), scale)
    }

    /// From base units per base unit to whole tokens per whole token.
    fn of(quote: Uint256, base: Uint256, scale: Scale) -> Result<Self, MathError> {
        let (numerator, denominator) = (times(quote, pow10(scale.base)?)?, times(base, pow10(scale.quote)?)?);
        Ok(Self { numerator, denominator })
    }

    /// The price of a whole token when a whole token of the other kind costs `quote`, rounded down.
    pub fn price_down(&self, quote: Price) -> Result<Price, MathError> {
        mul_div_down(self.numerator, Uint256::from(quote.raw()), self.denominator).and_then(narrow).map(Price::new)
    }

    /// The same, rounded up.
    pub fn price_up(&self, quote: Price) -> Result<Price, MathError> {
        mul_div_up(self.numerator, Uint256::from(quote.raw()), self.denominator).and_then(narrow).map(Price::new)
    }
}

fn times(a: Uint256, b: u128) -> Result<Uint256, MathError> {
    a.checked_mul(Uint256::from(b)).map_err(|_| MathError::Overflow { what: "exchange rate" })
}
