//! The price that a constant-product market remembers: price × seconds, summed up.

use cosmwasm_std::{Uint128, Uint256};

use crate::math::{MathError, mul_div_down, narrow};
use crate::swap::wide;
use crate::units::{Amount, CumulativePrice};

/// Cumulative prices have 6 decimals.
pub const CUMULATIVE_PRICE_SCALE: u128 = 1_000_000;

/// The cumulative price of `base` after `seconds` at these reserves: `seconds × quote/base`, with 6 decimals and
/// rounded down, is added modulo 2¹²⁸. Unchanged while a reserve is 0. The difference of two, modulo 2¹²⁸, divided by
/// the seconds between them is the average price (Uniswap v2), as long as that, times the seconds, is below 2¹²⁸.
pub fn accumulate_down(
    price: CumulativePrice,
    base: Amount,
    quote: Amount,
    seconds: u64,
) -> Result<CumulativePrice, MathError> {
    if base.is_zero() || quote.is_zero() {
        return Ok(price);
    }
    let scaled = wide(u128::from(seconds)).saturating_mul(wide(CUMULATIVE_PRICE_SCALE));
    let grown = mul_div_down(scaled, wide(quote.raw()), wide(base.raw()))?;
    // The low half; a power of two is never 0, and what is left always fits.
    let modulus = wide(u128::MAX).saturating_add(Uint256::one());
    let low = grown.checked_rem(modulus).map_err(|_| MathError::DivideByZero)?;
    Ok(CumulativePrice::new(Uint128::new(price.raw()).wrapping_add(Uint128::new(narrow(low)?)).u128()))
}
