//! Whole numbers with a decimal exponent as prices. No exponent makes one fail: what is too high counts as the highest
//! price, what is too low as the lowest.

use crate::math::pow10;
use crate::price_band::{PRICE_MAX, PriceBand};
use crate::units::Price;

/// The decimals of a price.
const DECIMALS: i64 = 18;

/// From `low × 10^exponent`, rounded down, to `high × 10^exponent`, rounded up.
pub fn band(low: u128, high: u128, exponent: i64) -> PriceBand {
    PriceBand::between(times_power_down(low, exponent), times_power_up(high, exponent))
}

/// `number × 10^exponent`, rounded down; at most [`PRICE_MAX`].
pub fn times_power_down(number: u128, exponent: i64) -> Price {
    match shift(exponent) {
        Shift::Up(factor) => grown(number, factor),
        Shift::Down(divisor) => {
            Price::new(divisor.and_then(|by| number.checked_div(by)).unwrap_or_default()).min(PRICE_MAX)
        }
    }
}

/// `number × 10^exponent`, rounded up; at most [`PRICE_MAX`].
pub fn times_power_up(number: u128, exponent: i64) -> Price {
    match shift(exponent) {
        Shift::Up(factor) => grown(number, factor),
        Shift::Down(Some(divisor)) => Price::new(number.div_ceil(divisor)).min(PRICE_MAX),
        Shift::Down(None) => Price::new(u128::from(number > 0)),
    }
}

/// By which power of ten a number becomes a raw price; `None` of one that fits no number.
enum Shift {
    Up(Option<u128>),
    Down(Option<u128>),
}

fn shift(exponent: i64) -> Shift {
    let digits = exponent.saturating_add(DECIMALS);
    let power = u8::try_from(digits.unsigned_abs()).ok().and_then(|digits| pow10(digits).ok());
    if digits < 0 { Shift::Down(power) } else { Shift::Up(power) }
}

fn grown(number: u128, factor: Option<u128>) -> Price {
    if number == 0 {
        return Price::ZERO;
    }
    factor.and_then(|factor| number.checked_mul(factor)).map_or(PRICE_MAX, Price::new).min(PRICE_MAX)
}
