//! Units convert by named functions alone, each the exact floor or ceiling, and read back what they write.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fmt::Debug;
use std::str::FromStr;

use crate::model::{E18, Q, agree, agree_wide, any128, any256, big, ceil, config, floor, mul_div, ten, value, worth};
use cosmwasm_std::Uint256;
use num_bigint::BigInt;
use num_traits::ToPrimitive;
use plimsoll_risk::math::MathError;
use plimsoll_risk::units::{Amount, Index, Price, Rate, Ratio, ScaledDebt, SupplyShares, Value};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Storage and JSON read back what they wrote.
fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(unit: &T) -> String {
    let stored = postcard::to_allocvec(unit).unwrap();
    assert_eq!(&postcard::from_bytes::<T>(&stored).unwrap(), unit);
    let json = serde_json::to_string(unit).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), unit);
    json
}

/// The number that a decimal text says, read digit by digit; `None` when it is not one of at most 18 decimals.
fn read(text: &str) -> Option<BigInt> {
    let (whole, part) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some(halves) => halves,
        None => (text, ""),
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || part.len() > 18 || !digits(whole) || !digits(part) {
        return None;
    }
    BigInt::from_str(&format!("{whole}{part:0<18}")).ok()
}

fn refused<T: DeserializeOwned + Debug>(json: &str) {
    assert!(serde_json::from_str::<T>(json).is_err(), "{json} was read as {:?}", serde_json::from_str::<T>(json));
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn shares_of_an_amount_are_the_exact_floor_and_ceiling(amount in any128(), share in any128()) {
        let exact = mul_div(amount, share, E18).unwrap();
        let share = Ratio::new(share);
        agree(Amount::new(amount).share_down(share).map(Amount::raw), Some(floor(&exact)))?;
        agree(Amount::new(amount).share_up(share).map(Amount::raw), Some(ceil(&exact)))?;
        agree(Ratio::new(amount).mul_down(share).map(Ratio::raw), Some(floor(&exact)))?;
        agree(Ratio::new(amount).mul_up(share).map(Ratio::raw), Some(ceil(&exact)))?;
    }

    #[test]
    fn a_share_of_a_price_saturates(price in any128(), share in any128()) {
        let exact = mul_div(price, share, E18).unwrap();
        let price = Price::new(price);
        let share = Ratio::new(share);
        prop_assert_eq!(price.share_down(share).raw(), floor(&exact).to_u128().unwrap_or(u128::MAX));
        prop_assert_eq!(price.share_up(share).raw(), ceil(&exact).to_u128().unwrap_or(u128::MAX));
    }

    #[test]
    fn the_value_of_an_amount_is_the_exact_floor_and_ceiling(
        amount in any128(), price in any128(), decimals in 0u8..=38,
    ) {
        let exact = worth(amount, price, decimals);
        let amount = Amount::new(amount);
        let price = Price::new(price);
        agree_wide(amount.value_down(price, decimals).map(Value::raw), Some(floor(&exact)))?;
        agree_wide(amount.value_up(price, decimals).map(Value::raw), Some(ceil(&exact)))?;
    }

    #[test]
    fn the_amount_of_a_value_is_the_exact_floor_and_the_saturated_ceiling(
        worth in any256(), price in any128(), decimals in 0u8..=38,
    ) {
        let exact = mul_div(big(worth), ten(decimals), price);
        let worth = Value::new(worth);
        let price = Price::new(price);
        agree(Amount::of_value_down(worth, price, decimals).map(Amount::raw), exact.as_ref().map(floor))?;
        let up = Amount::of_value_up(worth, price, decimals);
        match exact.as_ref().map(ceil) {
            None => prop_assert_eq!(up, Err(MathError::DivideByZero)),
            Some(n) => prop_assert_eq!(up, Ok(n.to_u128().map_or(Amount::MAX, Amount::new))),
        }
    }

    #[test]
    fn decimals_beyond_38_are_an_error(amount in any128(), price in any128(), decimals in 39u8..) {
        let overflow = MathError::Overflow { what: "power of ten" };
        let worth = Value::new(Uint256::from(amount));
        prop_assert_eq!(Amount::new(amount).value_down(Price::new(price), decimals), Err(overflow));
        prop_assert_eq!(Amount::new(amount).value_up(Price::new(price), decimals), Err(overflow));
        prop_assert_eq!(Amount::of_value_down(worth, Price::new(price), decimals), Err(overflow));
        prop_assert_eq!(Amount::of_value_up(worth, Price::new(price), decimals), Err(overflow));
    }

    #[test]
    fn shares_and_quotients_of_a_value_are_the_exact_floor_and_ceiling(raw in any256(), by in any128()) {
        let worth = Value::new(raw);
        let ratio = Ratio::new(by);
        let exact = mul_div(big(raw), by, E18);
        agree_wide(worth.share_down(ratio).map(Value::raw), exact.as_ref().map(floor))?;
        agree_wide(worth.share_up(ratio).map(Value::raw), exact.as_ref().map(ceil))?;
        let exact = mul_div(big(raw), E18, by);
        agree_wide(worth.div_down(ratio).map(Value::raw), exact.as_ref().map(floor))?;
        agree_wide(worth.div_up(ratio).map(Value::raw), exact.as_ref().map(ceil))?;
    }

    #[test]
    fn the_ratio_of_two_values_is_the_exact_floor_and_saturates(part in any256(), whole in any256()) {
        let got = Ratio::of_values_down(Value::new(part), Value::new(whole));
        let exact = mul_div(big(part), E18, big(whole)).map(|x| floor(&x));
        prop_assert_eq!(got, exact.map(|n| n.to_u128().map_or(Ratio::MAX, Ratio::new)));
    }

    #[test]
    fn sums_and_differences_are_exact_or_an_error(a in any128(), b in any128()) {
        let x = Amount::new(a);
        let y = Amount::new(b);
        agree(x.checked_add(y).map(Amount::raw), Some(BigInt::from(a) + b))?;
        let lacking = MathError::Underflow { what: "Amount", from: a, minus: b };
        prop_assert_eq!(x.checked_sub(y), if a >= b { Ok(Amount::new(a - b)) } else { Err(lacking) });
        prop_assert_eq!(x.saturating_add(y).raw(), (BigInt::from(a) + b).to_u128().unwrap_or(u128::MAX));
        prop_assert_eq!(x.saturating_sub(y).raw(), (BigInt::from(a) - b).to_u128().unwrap_or(0));
        prop_assert_eq!(Ratio::new(a).plus_one().raw(), (BigInt::from(a) + E18).to_u128().unwrap_or(u128::MAX));
    }

    #[test]
    fn sums_and_differences_of_values_are_exact_or_an_error(a in any256(), b in any256()) {
        let x = Value::new(a);
        let y = Value::new(b);
        agree_wide(x.checked_add(y).map(Value::raw), Some(big(a) + big(b)))?;
        prop_assert_eq!(big(x.saturating_sub(y).raw()), (big(a) - big(b)).max(BigInt::from(0)));
    }

    #[test]
    fn every_unit_reads_back_what_it_writes(raw in any128(), worth in any256()) {
        let whole = format!("\"{raw}\"");
        prop_assert_eq!(round_trip(&Amount::new(raw)), &whole[..]);
        prop_assert_eq!(round_trip(&SupplyShares::new(raw)), &whole[..]);
        prop_assert_eq!(round_trip(&ScaledDebt::new(raw)), &whole[..]);
        for json in [
            round_trip(&Price::new(raw)),
            round_trip(&Ratio::new(raw)),
            round_trip(&Rate::new(raw)),
            round_trip(&Index::new(raw)),
        ] {
            prop_assert_eq!(read(json.trim_matches('"')), Some(BigInt::from(raw)));
        }
        let json = round_trip(&Value::new(worth));
        prop_assert_eq!(read(json.trim_matches('"')), Some(big(worth)));
    }

    #[test]
    fn a_stored_unit_is_no_larger_than_its_varint(raw in any128()) {
        let bits = 128 - raw.leading_zeros();
        let stored = postcard::to_allocvec(&Amount::new(raw)).unwrap();
        prop_assert_eq!(stored.len(), usize::try_from(bits.div_ceil(7).max(1)).unwrap());
    }

    #[test]
    fn a_text_is_read_exactly_or_refused(text in "[+-]?[0-9]{0,3}[.]?[+-]?[0-9]{0,19}[e ]?[0-9]?") {
        let decimal = read(&text);
        let fits = decimal.as_ref().and_then(ToPrimitive::to_u128);
        prop_assert_eq!(text.parse::<Price>().ok().map(Price::raw), fits);
        prop_assert_eq!(text.parse::<Value>().ok().map(|v| big(v.raw())), decimal);
        let whole = (!text.contains('.')).then(|| read(&text)).flatten().map(|n| n / E18);
        prop_assert_eq!(text.parse::<Amount>().ok().map(Amount::raw), whole.and_then(|n| n.to_u128()));
    }

    #[test]
    fn any_text_at_all_is_read_or_refused_without_a_panic(text in any::<String>()) {
        let _ = (text.parse::<Amount>(), text.parse::<Ratio>(), text.parse::<Value>());
    }
}

#[test]
fn json_refuses_signs_exponents_blanks_and_numbers() {
    for text in ["+5", "-1", "", "1e5", " 1", "1 ", "0x1", "1_000", "1,5", ".", "1.", ".5", "1.+5", "1.-5", "1.2.3"] {
        let json = format!("\"{text}\"");
        refused::<Amount>(&json);
        refused::<SupplyShares>(&json);
        refused::<ScaledDebt>(&json);
        refused::<Price>(&json);
        refused::<Ratio>(&json);
        refused::<Rate>(&json);
        refused::<Index>(&json);
        refused::<Value>(&json);
    }
    for json in ["5", "-1", "0.5", "1e5", "null", "true", "[]", "{}"] {
        refused::<Amount>(json);
        refused::<Price>(json);
        refused::<Value>(json);
    }
    refused::<Amount>("\"1.5\"");
    refused::<Ratio>("\"0.1234567890123456789\"");
    refused::<Amount>("\"340282366920938463463374607431768211456\"");
    refused::<Price>("\"340282366920938463463.374607431768211456\"");
}

#[test]
fn json_shows_integers_whole_and_fractions_with_as_few_decimals_as_they_have() {
    assert_eq!(round_trip(&Amount::new(120)), "\"120\"");
    assert_eq!(round_trip(&Amount::MAX), "\"340282366920938463463374607431768211455\"");
    assert_eq!(round_trip(&Ratio::percent(75)), "\"0.75\"");
    assert_eq!(round_trip(&Ratio::ONE), "\"1\"");
    assert_eq!(round_trip(&Rate::new(1)), "\"0.000000000000000001\"");
    assert_eq!(round_trip(&Value::whole(12)), "\"12\"");
}

#[test]
fn percent_and_basis_points_at_their_largest() {
    assert_eq!(BigInt::from(Ratio::percent(u64::MAX).raw()), BigInt::from(u64::MAX) * E18 / 100);
    assert_eq!(BigInt::from(Ratio::bps(u64::MAX).raw()), BigInt::from(u64::MAX) * E18 / 10_000);
    assert_eq!(BigInt::from(Rate::percent(u64::MAX).raw()), BigInt::from(u64::MAX) * E18 / 100);
    assert_eq!(value(Value::whole(u64::MAX)), Q::from_integer(u64::MAX.into()));
    assert_eq!(Index::ONE.raw(), E18);
}
