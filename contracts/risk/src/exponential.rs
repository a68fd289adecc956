//! `e^x`, in whole numbers.

use cosmwasm_std::Uint256;

use crate::math::{MathError, ONE, mul_div_down, narrow};

/// One, with the decimals that are computed with here: 36.
const UNIT: u128 = ONE * ONE;
/// ln 2 with 36 decimals.
const LN_2: u128 = 693_147_180_559_945_309_417_232_121_458_176_568;
/// A larger exponent counts as this one: e^45 is above 2^64, more than any two rates are apart.
const SIZE_MAX: u128 = 45 * ONE;
/// The series' terms: (ln 2)^28 / 28! is below 10⁻³⁴.
const TERMS: u128 = 28;

/// An exponent, with 18 decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exponent {
    /// Above 0.
    Growth(Uint256),
    /// So far below 0.
    Decay(Uint256),
}

/// `number × e^exponent`, rounded down to within a unit and 10⁻³⁰ of the exact one. Saturates at 128 bits; an exponent
/// beyond ±45 counts as ±45.
pub fn scaled_down(number: u128, exponent: Exponent) -> Result<u128, MathError> {
    let number = Uint256::from(number);
    let unit = Uint256::from(UNIT);
    let scaled = match exponent {
        Exponent::Growth(size) => mul_div_down(number, power(size)?, unit)?,
        Exponent::Decay(size) => mul_div_down(number, unit, power(size)?)?,
    };
    Ok(narrow(scaled).unwrap_or(u128::MAX))
}

/// `e^size` with 36 decimals: `2^k × e^rest` with the rest below ln 2, where few terms of the series suffice.
fn power(size: Uint256) -> Result<Uint256, MathError> {
    let size = size.min(Uint256::from(SIZE_MAX));
    let overflow = |_| MathError::Overflow { what: "exponential" };
    let size = size.checked_mul(Uint256::from(ONE)).map_err(overflow)?;
    let ln_2 = Uint256::from(LN_2);
    let doublings = size.checked_div(ln_2).map_err(|_| MathError::DivideByZero)?;
    let rest = size.checked_rem(ln_2).map_err(|_| MathError::DivideByZero)?;
    let unit = Uint256::from(UNIT);
    let (mut term, mut sum) = (unit, unit);
    for n in 1..=TERMS {
        term = mul_div_down(term, rest, unit)?.checked_div(Uint256::from(n)).map_err(|_| MathError::DivideByZero)?;
        sum = sum.checked_add(term).map_err(|_| MathError::Overflow { what: "exponential" })?;
    }
    let doublings = u32::try_from(narrow(doublings)?).map_err(|_| MathError::Overflow { what: "exponential" })?;
    sum.checked_shl(doublings).map_err(|_| MathError::Overflow { what: "exponential" })
}
