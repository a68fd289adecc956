//! Widen, divide once, round once: every result is the exact rational's floor or ceiling, or a typed error.

use crate::model::{agree, agree_wide, any128, any256, big, ceil, config, floor, mul_div, wide};
use cosmwasm_std::Uint256;
use num_bigint::BigInt;
use plimsoll_risk::math::{
    MathError, mul_add_div_128, mul_div_down, mul_div_down_128, mul_div_up, mul_div_up_128, narrow, pow10,
};
use proptest::prelude::*;

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn mul_div_is_the_exact_floor_and_ceiling_over_512_bits(a in any256(), b in any256(), c in any256()) {
        let exact = mul_div(big(a), big(b), big(c));
        agree_wide(mul_div_down(a, b, c), exact.as_ref().map(floor))?;
        agree_wide(mul_div_up(a, b, c), exact.as_ref().map(ceil))?;
    }

    #[test]
    fn mul_div_of_128_bits_is_the_exact_floor_and_ceiling(a in any128(), b in any128(), c in any128()) {
        let exact = mul_div(a, b, c);
        agree(mul_div_down_128(a, b, c), exact.as_ref().map(floor))?;
        agree(mul_div_up_128(a, b, c), exact.as_ref().map(ceil))?;
    }

    #[test]
    fn mul_add_div_is_the_exact_floor_and_what_it_leaves(a in any128(), b in any128(), rest in any128(), c in any128()) {
        let whole = BigInt::from(a) * b + rest;
        let exact = mul_div(whole.clone(), 1, c);
        let got = mul_add_div_128(a, b, rest, c);
        agree(got.map(|(floor, _)| floor), exact.as_ref().map(floor))?;
        if let Ok((floor, left)) = got {
            prop_assert!(left < c);
            prop_assert_eq!(BigInt::from(floor) * c + left, whole);
        }
    }

    #[test]
    fn mul_div_of_a_product_that_divides_evenly_rounds_neither_way(a in any256(), c in any256()) {
        prop_assume!(!c.is_zero());
        prop_assert_eq!(mul_div_down(a, c, c), Ok(a));
        prop_assert_eq!(mul_div_up(a, c, c), Ok(a));
    }

    #[test]
    fn narrow_keeps_what_fits_and_refuses_the_rest(n in any256()) {
        agree(narrow(n), Some(big(n)))?;
    }
}

#[test]
fn mul_div_at_the_largest_numbers() {
    let max = Uint256::MAX;
    let overflow = Err(MathError::Overflow { what: "product" });
    assert_eq!(mul_div_down(max, max, max), Ok(max));
    assert_eq!(mul_div_up(max, max, max), Ok(max));
    assert_eq!(mul_div_down(max, max, max - Uint256::one()), overflow);
    assert_eq!(mul_div_up(max, max, max - Uint256::one()), overflow);
    assert_eq!(mul_div_up(Uint256::one(), Uint256::one(), max), Ok(Uint256::one()));
    assert_eq!(mul_div_down(max, max, Uint256::zero()), Err(MathError::DivideByZero));
    assert_eq!(mul_div_up(max, max, Uint256::zero()), Err(MathError::DivideByZero));
    assert_eq!(mul_div_up(Uint256::zero(), max, Uint256::zero()), Err(MathError::DivideByZero));
    assert_eq!(mul_div_down_128(u128::MAX, u128::MAX, u128::MAX), Ok(u128::MAX));
    assert_eq!(mul_div_up_128(u128::MAX, u128::MAX, u128::MAX), Ok(u128::MAX));
}

/// The floor is 2²⁵⁶ − 1 and something is cut off, so the ceiling alone does not fit.
#[test]
fn mul_div_up_whose_ceiling_alone_does_not_fit_is_an_error() {
    // (2^255 + 2^126) × (2^129 − 1) / 2^128 lies strictly between 2^256 − 1 and 2^256.
    let two = |n: u32| BigInt::from(1) << n;
    let a = wide(&(two(255) + two(126))).unwrap();
    let b = wide(&(two(129) - 1)).unwrap();
    let c = wide(&two(128)).unwrap();
    let exact = mul_div(big(a), big(b), big(c)).unwrap();
    assert_eq!(floor(&exact), two(256) - 1, "the example is what it claims to be");
    assert_eq!(ceil(&exact), two(256));
    assert_eq!(mul_div_down(a, b, c), Ok(Uint256::MAX));
    assert_eq!(mul_div_up(a, b, c), Err(MathError::Overflow { what: "product" }));
}

#[test]
fn pow10_of_every_exponent() {
    for decimals in 0..=u8::MAX {
        agree(pow10(decimals), Some(BigInt::from(10).pow(u32::from(decimals)))).unwrap();
    }
}
