//! Numbers with a decimal exponent, against exact rationals.

use num_bigint::BigUint;
use plimsoll_risk::exponent::{band, times_power_down, times_power_up};
use plimsoll_risk::price::{PRICE_MAX, PRICE_MIN, PriceBand};
use plimsoll_risk::units::Price;
use proptest::prelude::*;

#[test]
fn exponents_of_any_size_make_prices() {
    for (number, exponent, down, up) in [
        (123_456u128, -5, "1.23456", "1.23456"),
        (7, 0, "7", "7"),
        (1, -18, "0.000000000000000001", "0.000000000000000001"),
        (1, -19, "0", "0.000000000000000001"),
        (15, -19, "0.000000000000000001", "0.000000000000000002"),
        (u128::MAX, -60, "0", "0.000000000000000001"),
        (u128::MAX, i64::MIN, "0", "0.000000000000000001"),
        (0, i64::MAX, "0", "0"),
        (0, i64::MIN, "0", "0"),
    ] {
        let price = |text: &str| text.parse::<Price>().unwrap();
        assert_eq!((times_power_down(number, exponent), times_power_up(number, exponent)), (price(down), price(up)));
    }
    for (number, exponent) in [(1, 19), (1, 21), (1, i64::MAX), (u128::MAX, 0), (u128::MAX, -18), (10, 18)] {
        assert_eq!((times_power_down(number, exponent), times_power_up(number, exponent)), (PRICE_MAX, PRICE_MAX));
    }
    assert_eq!(band(0, 0, 5), PriceBand::at(PRICE_MIN));
}

proptest! {
    #[test]
    fn rounding_is_exact(number: u128, exponent in -60i64..30) {
        let ten = |n: i64| BigUint::from(10u8).pow(u32::try_from(n).unwrap());
        let numerator = BigUint::from(number) * ten((exponent + 18).max(0));
        let denominator = ten((-exponent - 18).max(0));
        let most = BigUint::from(PRICE_MAX.raw());
        let down = (&numerator / &denominator).min(most.clone());
        let up = ((&numerator + &denominator - 1u8) / &denominator).min(most);
        prop_assert_eq!(BigUint::from(times_power_down(number, exponent).raw()), down);
        prop_assert_eq!(BigUint::from(times_power_up(number, exponent).raw()), up);
    }
}
