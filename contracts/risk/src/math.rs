//! Widen, divide once, round once.

use cosmwasm_std::{Uint128, Uint256, Uint512};
use thiserror::Error;

/// One, with the 18 decimals that ratios, rates, prices, values and the borrow index have.
pub const ONE: u128 = 1_000_000_000_000_000_000;

/// What can be wrong with a computation. No input makes one panic.
#[derive(Error, Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum MathError {
    /// The result does not fit its type.
    #[error("{what} does not fit its type")]
    Overflow { what: &'static str },
    /// A subtraction would fall below zero.
    #[error("{what} would fall below zero: {from} - {minus}")]
    Underflow { what: &'static str, from: u128, minus: u128 },
    /// A division by zero.
    #[error("division by zero")]
    DivideByZero,
}

/// `a × b / c`, rounded down, exact over 512 bits. Errors when `c` is 0 or the result needs more than 256 bits.
pub fn mul_div_down(a: Uint256, b: Uint256, c: Uint256) -> Result<Uint256, MathError> {
    if let Ok(product) = a.checked_mul(b) {
        return product.checked_div(c).map_err(|_| MathError::DivideByZero);
    }
    let wide = a.full_mul(b).checked_div(Uint512::from(c)).map_err(|_| MathError::DivideByZero)?;
    Uint256::try_from(wide).map_err(|_| MathError::Overflow { what: "product" })
}

/// `a × b / c`, rounded up, exact over 512 bits. Errors as [`mul_div_down`] does.
pub fn mul_div_up(a: Uint256, b: Uint256, c: Uint256) -> Result<Uint256, MathError> {
    let floor = mul_div_down(a, b, c)?;
    // One multiplication back tells whether anything was cut off; it can't overflow 512 bits.
    if floor.full_mul(c) == a.full_mul(b) {
        return Ok(floor);
    }
    floor.checked_add(Uint256::one()).map_err(|_| MathError::Overflow { what: "product" })
}

/// `a × b / c` of 128-bit numbers, rounded down. Errors when `c` is 0 or the result needs more than 128 bits.
pub fn mul_div_down_128(a: u128, b: u128, c: u128) -> Result<u128, MathError> {
    narrow(mul_div_down(Uint256::from(a), Uint256::from(b), Uint256::from(c))?)
}

/// `a × b / c` of 128-bit numbers, rounded up. Errors as [`mul_div_down_128`] does.
pub fn mul_div_up_128(a: u128, b: u128, c: u128) -> Result<u128, MathError> {
    narrow(mul_div_up(Uint256::from(a), Uint256::from(b), Uint256::from(c))?)
}

/// `(a × b + rest) / c` of 128-bit numbers, rounded down, and what that leaves over, which is less than `c`. Errors as
/// [`mul_div_down_128`] does.
pub fn mul_add_div_128(a: u128, b: u128, rest: u128, c: u128) -> Result<(u128, u128), MathError> {
    let sum = Uint256::from(a).full_mul(Uint256::from(b)).checked_add(Uint512::from(rest));
    let sum = sum.map_err(|_| MathError::Overflow { what: "product" })?;
    let c = Uint512::from(c);
    let whole = sum.checked_div(c).map_err(|_| MathError::DivideByZero)?;
    let left = sum.checked_rem(c).map_err(|_| MathError::DivideByZero)?;
    let fits = |wide| Uint256::try_from(wide).map_err(|_| MathError::Overflow { what: "product" }).and_then(narrow);
    Ok((fits(whole)?, fits(left)?))
}

/// The number in 128 bits, or an error.
pub fn narrow(wide: Uint256) -> Result<u128, MathError> {
    Uint128::try_from(wide).map(|n| n.u128()).map_err(|_| MathError::Overflow { what: "amount" })
}

/// `10^decimals`. Errors above 38.
pub fn pow10(decimals: u8) -> Result<u128, MathError> {
    10u128.checked_pow(u32::from(decimals)).ok_or(MathError::Overflow { what: "power of ten" })
}
