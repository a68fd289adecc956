//! The rate follows utilization as the closed form says, rounded once, in the pool's favour.

use crate::model::{E18, agree, any128, ceil, config, fixed, floor, frac, kinked, q};
use num_bigint::BigInt;
use plimsoll_risk::rates::{Kinked, MAX_RATE, RateModel, RateModelError, liquidity_rate_down, utilization_up};
use plimsoll_risk::units::{Amount, Rate, Ratio};
use proptest::prelude::*;

fn curve((optimal, base, slope_1, slope_2): (u128, u128, u128, u128)) -> RateModel {
    RateModel::Kinked(Kinked {
        optimal_utilization_rate: Ratio::new(optimal),
        base: Rate::new(base),
        slope_1: Rate::new(slope_1),
        slope_2: Rate::new(slope_2),
    })
}

/// A curve that passes validation.
fn accepted() -> impl Strategy<Value = (u128, u128, u128, u128)> {
    let third = MAX_RATE.raw() / 3;
    (1..E18, 0..=third, 0..=third, 0..=third)
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn the_borrow_rate_is_the_ceiling_of_the_two_lines(raw in accepted(), utilization in 0..=E18) {
        let (optimal, base, slope_1, slope_2) = raw;
        let exact = if utilization <= optimal {
            q(base) + frac(slope_1, optimal) * q(utilization)
        } else {
            q(base) + q(slope_1) + frac(slope_2, E18 - optimal) * q(utilization - optimal)
        };
        let rate = curve(raw).borrow_rate_up(Ratio::new(utilization), Rate::ZERO);
        agree(rate.map(Rate::raw), Some(ceil(&exact)))?;
        prop_assert!(rate.unwrap() <= MAX_RATE);
    }

    #[test]
    fn the_borrow_rate_never_falls_with_utilization(raw in accepted(), a in 0..=E18, b in 0..=E18) {
        let low = a.min(b);
        let high = a.max(b);
        let at = |u| curve(raw).borrow_rate_up(Ratio::new(u), Rate::ZERO).unwrap();
        prop_assert!(at(low) <= at(high));
        prop_assert_eq!(at(0).raw(), raw.1);
        prop_assert_eq!(at(raw.0).raw(), raw.1 + raw.2);
        prop_assert_eq!(at(E18).raw(), raw.1 + raw.2 + raw.3);
    }

    #[test]
    fn a_model_is_accepted_exactly_when_its_kink_is_inside_and_its_top_is_not_above_the_maximum(
        optimal in prop_oneof![Just(0), Just(E18), Just(E18 - 1), any128(), 0..E18],
        base in prop_oneof![any128(), 0..MAX_RATE.raw()],
        slope_1 in prop_oneof![any128(), 0..MAX_RATE.raw()],
        slope_2 in prop_oneof![any128(), 0..MAX_RATE.raw()],
    ) {
        let top = BigInt::from(base) + slope_1 + slope_2;
        let got = curve((optimal, base, slope_1, slope_2)).validate();
        if optimal == 0 || optimal >= E18 {
            prop_assert_eq!(got, Err(RateModelError::OptimalUtilization(Ratio::new(optimal))));
        } else if top > BigInt::from(10 * E18) {
            let refused = matches!(got, Err(RateModelError::TooHigh { max: MAX_RATE, .. }));
            prop_assert!(refused);
        } else {
            prop_assert_eq!(got, Ok(()));
        }
    }

    #[test]
    fn any_model_answers_or_errs_without_a_panic(
        raw in (any128(), any128(), any128(), any128()), utilization in any128(),
    ) {
        let _ = (curve(raw).validate(), curve(raw).borrow_rate_up(Ratio::new(utilization), Rate::ZERO));
    }

    #[test]
    fn utilization_is_the_ceiling_of_debt_over_supply_and_at_most_one(debt in any128(), supply in any128()) {
        let expected = if debt == 0 {
            BigInt::from(0)
        } else if supply == 0 {
            BigInt::from(E18)
        } else {
            ceil(&frac(BigInt::from(debt) * E18, supply)).min(E18.into())
        };
        agree(utilization_up(Amount::new(debt), Amount::new(supply)).map(Ratio::raw), Some(expected))?;
    }

    /// Two floors: at most two steps of 10⁻¹⁸ below the exact product, never above it.
    #[test]
    fn suppliers_earn_what_borrowers_pay_less_the_reserves_cut(
        borrow in 0..=MAX_RATE.raw(), utilization in 0..=E18, factor in 0..=E18,
    ) {
        let got = liquidity_rate_down(Rate::new(borrow), Ratio::new(utilization), Ratio::new(factor)).unwrap();
        let exact = floor(&(fixed(borrow) * fixed(utilization) * fixed(E18 - factor) * q(E18)));
        prop_assert!(BigInt::from(got.raw()) <= exact);
        prop_assert!(exact - got.raw() <= 2.into());
    }

    #[test]
    fn any_supply_rate_answers_or_errs_without_a_panic(a in any128(), b in any128(), c in any128()) {
        let _ = liquidity_rate_down(Rate::new(a), Ratio::new(b), Ratio::new(c));
    }
}

#[test]
fn the_example_curve_at_its_corners() {
    let model = kinked(80, 1, 9, 90);
    for (percent, rate) in [(0, "0.01"), (40, "0.055"), (80, "0.1"), (90, "0.55"), (100, "1")] {
        assert_eq!(
            model.borrow_rate_up(Ratio::percent(percent), Rate::ZERO).unwrap().to_string(),
            rate,
            "at {percent} %"
        );
    }
}

#[test]
fn the_kink_at_either_end_is_refused() {
    for optimal in [0, 100, 101] {
        let refused = RateModelError::OptimalUtilization(Ratio::percent(optimal));
        assert_eq!(kinked(optimal, 1, 9, 90).validate(), Err(refused));
    }
    assert_eq!(kinked(99, 0, 0, 1_000).validate(), Ok(()));
    assert!(matches!(kinked(99, 1, 0, 1_000).validate(), Err(RateModelError::TooHigh { .. })));
}
