//! The formulas of leverage against exact rational arithmetic.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "tests: names say what is tested, and exact numbers don't overflow"
)]

use cosmwasm_std::Uint256;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};
use plimsoll_margin::leverage::Sides;
use plimsoll_margin::valuation::FIRST_INTEREST;
use plimsoll_risk::interest::MIN_LOAN_SECONDS;
use plimsoll_risk::rates::MAX_RATE;
use plimsoll_risk::units::{Ratio, Value};
use proptest::prelude::*;

fn value(raw: u128) -> Value {
    Value::new(Uint256::from(raw))
}

fn exact(value: Value) -> BigRational {
    BigRational::from_integer(value.raw().to_string().parse::<BigInt>().unwrap())
}

fn fraction(ratio: Ratio) -> BigRational {
    BigRational::new(ratio.raw().into(), BigInt::from(10u128.pow(18)))
}

/// What roundings may come to: a few steps of 10⁻¹⁸, of the value or, through the divisor, in proportion to it.
fn slack(wanted: &BigRational, divisor: &BigRational, leverage: &BigRational) -> BigRational {
    let step = BigRational::new(BigInt::one(), BigInt::from(10u128.pow(18)));
    (BigRational::from_integer(4.into()) * leverage + wanted * &step * BigRational::from_integer(4.into())) / divisor
        + BigRational::from_integer(4.into())
}

/// Collateral, the share of it that is owed, leverage and rate.
fn accounts() -> impl Strategy<Value = (u128, u128, u64, u64)> {
    (1..10u128.pow(30), 0..1_000u128, 1_001..100_000u64, 500..1_005u64)
}

fn sides(collateral: u128, owed_mille: u128) -> Sides {
    Sides { collateral: value(collateral), debt: value(collateral / 1_000 * owed_mille) }
}

fn mille(mille: u64) -> Ratio {
    Ratio::bps(mille * 10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_purchase_ends_at_the_leverage_and_not_above(
        (collateral, owed, leverage, rate) in accounts(), own in 0..10u128.pow(28),
    ) {
        let (leverage, rate) = (mille(leverage), mille(rate));
        let before = sides(collateral, owed);
        let (l, r) = (fraction(leverage), fraction(rate));
        let less = &l - BigRational::one();
        let divisor = &l - &r * &less;
        prop_assume!(divisor > BigRational::new(1.into(), 1_000.into()));
        let bought = exact(before.purchase_down(value(own), rate, leverage).unwrap());
        let room = &less * exact(before.collateral) + &l * exact(value(own)) - &l * exact(before.debt);
        let wanted = if room > BigRational::zero() { &room / &divisor } else { BigRational::zero() };
        prop_assert!(bought <= wanted, "{bought} above {wanted}");
        prop_assert!(&wanted - &bought <= slack(&wanted, &divisor, &l), "{bought} far below {wanted}");
        if room > BigRational::zero() {
            let after = exact(before.collateral) + &r * &bought;
            let debt = exact(before.debt) + &bought - exact(value(own));
            prop_assert!(&l * debt <= &less * after);
        }
    }

    #[test]
    fn a_sale_ends_at_the_leverage_and_not_above((collateral, owed, leverage, rate) in accounts()) {
        let (leverage, rate) = (mille(leverage), mille(rate));
        let before = sides(collateral, owed);
        let (l, r) = (fraction(leverage), fraction(rate));
        let less = &l - BigRational::one();
        let divisor = &r * &l - &less;
        let Some(sold) = before.sale_up(rate, leverage).unwrap() else {
            prop_assert!(divisor <= BigRational::zero());
            return Ok(());
        };
        prop_assume!(divisor > BigRational::new(1.into(), 1_000.into()));
        let sold = exact(sold);
        let excess = &l * exact(before.debt) - &less * exact(before.collateral);
        let wanted = if excess > BigRational::zero() { &excess / &divisor } else { BigRational::zero() };
        prop_assert!(sold >= wanted, "{sold} below {wanted}");
        prop_assert!(&sold - &wanted <= slack(&wanted, &divisor, &l), "{sold} far above {wanted}");
        let after = exact(before.collateral) - &sold;
        prop_assert!(&l * (exact(before.debt) - &r * &sold) <= &less * after);
    }

    #[test]
    fn within_is_exact((collateral, owed, leverage, _) in accounts()) {
        let leverage = mille(leverage);
        let before = sides(collateral, owed);
        let l = fraction(leverage);
        let equity = exact(before.collateral) - exact(before.debt);
        let within = exact(before.collateral) <= &l * equity;
        prop_assert_eq!(before.is_within(leverage), within);
    }
}

#[test]
fn five_times_a_hundred_is_four_hundred_of_debt() {
    let before = Sides { collateral: Value::whole(100), debt: Value::ZERO };
    let five = Ratio::percent(500);
    assert_eq!(before.purchase_down(Value::ZERO, Ratio::ONE, five).unwrap(), Value::whole(400));
    // Of coins of the debt's denom, 500 are bought with 400 borrowed.
    let empty = Sides { collateral: Value::ZERO, debt: Value::ZERO };
    assert_eq!(empty.purchase_down(Value::whole(100), Ratio::ONE, five).unwrap(), Value::whole(500));
    // From five to two times: of 500 and 400, 300 are sold.
    let high = Sides { collateral: Value::whole(500), debt: Value::whole(400) };
    assert_eq!(high.sale_up(Ratio::ONE, Ratio::percent(200)).unwrap(), Some(Value::whole(300)));
    // A sale that loses half of what it takes leads nowhere from ten times.
    assert_eq!(high.sale_up(Ratio::percent(50), Ratio::percent(1_000)).unwrap(), None);
}

#[test]
fn the_first_interest_is_that_of_a_minute_at_the_highest_rate() {
    let minute = BigRational::new(MIN_LOAN_SECONDS.into(), 31_536_000.into());
    let most = minute * BigRational::new(MAX_RATE.raw().into(), BigInt::from(10u128.pow(18)));
    assert!(fraction(FIRST_INTEREST) >= most);
}

#[test]
fn a_rate_that_pays_for_the_debt_counts_as_one() {
    let before = Sides { collateral: Value::whole(100), debt: Value::ZERO };
    let five = Ratio::percent(500);
    for rate in [Ratio::percent(125), Ratio::percent(200)] {
        assert_eq!(before.purchase_down(Value::ZERO, rate, five).unwrap(), Value::whole(400));
    }
}
