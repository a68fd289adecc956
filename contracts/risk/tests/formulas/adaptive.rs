//! The curve that adapts, against its closed form in exact rationals.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crate::model::{E18, Q, any128, ceil, config, exp, fixed, floor, frac, kinked, params, q};
use num_bigint::BigInt;
use num_traits::Signed;
use plimsoll_risk::interest::YEAR;
use plimsoll_risk::market::Market;
use plimsoll_risk::params::{AssetParams, NextRateModel, RATE_MODEL_NOTICE};
use plimsoll_risk::rates::{ADJUSTMENT_SPEED_MAX, Adaptive, MAX_RATE, RateModel, RateModelError, STEEPNESS_MAX};
use plimsoll_risk::units::{Amount, Rate, Ratio};
use proptest::prelude::*;

/// Morpho's constants: target 90 %, steepness 4, speed 50 a year, 4 % at first, 0.1 % to 200 %.
fn morpho() -> Adaptive {
    Adaptive {
        target_utilization: Ratio::percent(90),
        curve_steepness: Ratio::percent(400),
        adjustment_speed: Rate::percent(5_000),
        initial_rate_at_target: Rate::percent(4),
        min_rate_at_target: Rate::new(E18 / 1_000),
        max_rate_at_target: Rate::percent(200),
    }
}

/// Any that is accepted.
fn accepted() -> impl Strategy<Value = Adaptive> {
    let rates = (1..=MAX_RATE.raw(), 1..=MAX_RATE.raw(), 1..=MAX_RATE.raw());
    (1..E18, E18..=STEEPNESS_MAX.raw(), 0..=ADJUSTMENT_SPEED_MAX.raw(), rates).prop_map(
        |(target, steepness, speed, (a, b, c))| {
            let most = MAX_RATE.raw() / (steepness / E18 + 1);
            let mut rates = [a, b, c].map(|rate| rate.min(most));
            rates.sort_unstable();
            let [min, initial, max] = rates.map(Rate::new);
            Adaptive {
                target_utilization: Ratio::new(target),
                curve_steepness: Ratio::new(steepness),
                adjustment_speed: Rate::new(speed),
                initial_rate_at_target: initial,
                min_rate_at_target: min,
                max_rate_at_target: max,
            }
        },
    )
}

/// `(U − target) / (1 − target)` above the target, `(U − target) / target` below.
fn distance(model: &Adaptive, utilization: u128) -> Q {
    let target = fixed(model.target_utilization.raw());
    let way = fixed(utilization) - &target;
    if way.is_negative() { way / target } else { way / (q(1) - target) }
}

/// The rate on the curve that is this high at the target.
fn on_curve(model: &Adaptive, utilization: u128, at_target: &Q) -> Q {
    let distance = distance(model, utilization);
    let steep = fixed(model.curve_steepness.raw());
    let slope = if distance.is_negative() { q(1) - q(1) / steep } else { steep - q(1) };
    at_target * (q(1) + slope * distance)
}

/// `e^x` for `0 ≤ x ≤ 45`: the 32nd power of a small one, cut off after 60 decimals at each squaring.
fn power(x: &Q) -> Q {
    let scale = BigInt::from(10).pow(60);
    let cut = |x: Q| Q::new(floor(&(x * q(scale.clone()))), scale.clone());
    (0..5).fold(exp(&(x / q(32))), |root, _| cut(&root * &root))
}

/// The rate at the target after this many seconds.
fn moved(model: &Adaptive, utilization: u128, from: u128, seconds: u64) -> Q {
    let x = fixed(model.adjustment_speed.raw()) * distance(model, utilization) * frac(seconds, YEAR);
    // Beyond, every rate is at a bound: e^45 is more than any two are apart.
    let x = x.min(q(45)).max(q(-45));
    let factor = if x.is_negative() { q(1) / power(&-x) } else { power(&x) };
    let bounds = (fixed(model.min_rate_at_target.raw()), fixed(model.max_rate_at_target.raw()));
    (fixed(from) * factor).max(bounds.0).min(bounds.1)
}

/// Whether these are as near as 18 decimals allow, and a few parts in 10¹⁸ of them.
fn near(got: u128, exact: &Q) -> bool {
    (fixed(got) - exact).abs() <= (q(6) + exact * q(6)) / q(E18)
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn the_borrow_rate_is_the_ceiling_of_the_curve(
        model in accepted(), utilization in 0..=E18, part in 0..=E18,
    ) {
        let span = model.max_rate_at_target.raw() - model.min_rate_at_target.raw();
        let at_target = model.min_rate_at_target.raw() + span / 1_000 * (part / (E18 / 1_000));
        let got = RateModel::Adaptive(model.clone()).borrow_rate_up(Ratio::new(utilization), Rate::new(at_target)).unwrap();
        let exact = on_curve(&model, utilization, &fixed(at_target));
        prop_assert_eq!(BigInt::from(got.raw()), ceil(&(exact * q(E18))));
        prop_assert!(got <= MAX_RATE);
    }

    #[test]
    fn the_rate_at_the_target_moves_as_the_exponential_says(
        model in accepted(), utilization in 0..=E18, seconds in prop_oneof![0..86_400u64, 0..10 * YEAR],
    ) {
        let from = model.initial_rate_at_target;
        let course = RateModel::Adaptive(model.clone()).course_up(Ratio::new(utilization), from, seconds).unwrap();
        let end = moved(&model, utilization, from.raw(), seconds);
        prop_assert!(near(course.rate_at_target.raw(), &end), "{} of {end}", course.rate_at_target);
        let middle = {
            let half = Adaptive { adjustment_speed: Rate::new(model.adjustment_speed.raw() / 2), ..model.clone() };
            moved(&half, utilization, from.raw(), seconds)
        };
        let average = (fixed(from.raw()) + &middle + &middle + &end) / q(4);
        let rate = on_curve(&model, utilization, &average);
        let steep = fixed(model.curve_steepness.raw());
        // Half of an odd speed is cut off by half a unit: e^x moves by that times the years.
        let slack = (q(20) * &steep + &rate * q(40)) / q(E18);
        prop_assert!((fixed(course.rate.raw()) - &rate).abs() <= slack, "{} of {rate}", course.rate);
    }

    #[test]
    fn two_moves_are_one(model in accepted(), utilization in 0..=E18, first in 0..YEAR, second in 0..YEAR) {
        let start = model.initial_rate_at_target;
        let (min, max) = (fixed(model.min_rate_at_target.raw()), fixed(model.max_rate_at_target.raw()));
        let model = RateModel::Adaptive(model);
        let go = |from, seconds| model.course_up(Ratio::new(utilization), from, seconds).unwrap().rate_at_target;
        let (once, twice) = (fixed(go(start, first + second).raw()), fixed(go(go(start, first), second).raw()));
        // What is cut off of the first grows with the second.
        let growth = &max / &min;
        let slack = (q(4) + growth * q(4)) / q(E18);
        prop_assert!((once - twice).abs() <= slack);
    }

    #[test]
    fn any_model_answers_or_errs_without_a_panic(
        raw in (any128(), any128(), any128(), any128(), any128(), any128()),
        utilization in any128(), rate in any128(), seconds in any::<u64>(),
    ) {
        let model = RateModel::Adaptive(Adaptive {
            target_utilization: Ratio::new(raw.0),
            curve_steepness: Ratio::new(raw.1),
            adjustment_speed: Rate::new(raw.2),
            initial_rate_at_target: Rate::new(raw.3),
            min_rate_at_target: Rate::new(raw.4),
            max_rate_at_target: Rate::new(raw.5),
        });
        let _ = model.validate();
        let _ = model.borrow_rate_up(Ratio::new(utilization), Rate::new(rate));
        let _ = model.course_up(Ratio::new(utilization), Rate::new(rate), seconds);
    }

    #[test]
    fn what_is_accepted_never_errs(
        model in accepted(), utilization in 0..=E18, rate in any128(), seconds in any::<u64>(),
    ) {
        let model = RateModel::Adaptive(model);
        prop_assert_eq!(model.validate(), Ok(()));
        let course = model.course_up(Ratio::new(utilization), Rate::new(rate), seconds).unwrap();
        prop_assert!(course.rate <= MAX_RATE);
    }
}

/// The average is `(e^x − 1) / x` of the start; two trapezoids lie above that by the part x² / 48.
#[test]
fn the_average_lies_above_the_integral_by_a_forty_eighth_of_the_square() {
    let model = RateModel::Adaptive(morpho());
    // At full utilization the rate doubles in ln 2 / 50 of a year.
    for (seconds, doublings) in [(437_187u64, 1.0f64), (43_719, 0.1)] {
        let course = model.course_up(Ratio::ONE, Rate::percent(4), seconds).unwrap();
        let x = doublings * std::f64::consts::LN_2;
        let integral = 0.04 * 4.0 * (x.exp() - 1.0) / x;
        let rate: f64 = course.rate.to_string().parse().unwrap();
        let above = rate / integral - 1.0;
        assert!((above / (x * x / 48.0) - 1.0).abs() < 0.02, "{rate} is above {integral} by {above}");
    }
}

#[test]
fn a_curve_stands_still_at_its_target_and_moves_to_its_bounds() {
    let model = RateModel::Adaptive(morpho());
    let after = |utilization, years: u64| {
        model.course_up(Ratio::percent(utilization), Rate::percent(4), years * YEAR).unwrap().rate_at_target
    };
    assert_eq!(after(90, 10), Rate::percent(4));
    assert_eq!(after(100, 1), Rate::percent(200));
    assert_eq!(after(0, 1), Rate::new(E18 / 1_000));
    let at = |utilization| model.borrow_rate_up(Ratio::percent(utilization), Rate::percent(4)).unwrap().to_string();
    assert_eq!([at(0), at(45), at(90), at(95), at(100)], ["0.01", "0.025", "0.04", "0.1", "0.16"]);
}

#[test]
fn what_is_out_of_range_is_refused_by_name() {
    let with = |change: &dyn Fn(&mut Adaptive)| {
        let mut model = morpho();
        change(&mut model);
        RateModel::Adaptive(model).validate()
    };
    assert_eq!(with(&|_| ()), Ok(()));
    for target in [0, 100, 101] {
        let refused = RateModelError::TargetUtilization(Ratio::percent(target));
        assert_eq!(with(&|m| m.target_utilization = Ratio::percent(target)), Err(refused));
    }
    for steepness in [99, 10_001] {
        let refused = RateModelError::Steepness(Ratio::percent(steepness));
        assert_eq!(with(&|m| m.curve_steepness = Ratio::percent(steepness)), Err(refused));
    }
    let fast = Rate::percent(100_001);
    assert_eq!(with(&|m| m.adjustment_speed = fast), Err(RateModelError::AdjustmentSpeed(fast)));
    for change in [
        &(|m: &mut Adaptive| m.min_rate_at_target = Rate::ZERO) as &dyn Fn(&mut Adaptive),
        &|m| m.min_rate_at_target = Rate::percent(5),
        &|m| m.max_rate_at_target = Rate::percent(3),
    ] {
        assert!(matches!(with(change), Err(RateModelError::RateAtTarget { .. })));
    }
    assert_eq!(with(&|m| m.max_rate_at_target = Rate::percent(250)), Ok(()));
    let steep = with(&|m| m.max_rate_at_target = Rate::new(25 * E18 / 10 + 1));
    assert!(matches!(steep, Err(RateModelError::TooSteep { .. })));
}

/// A market half lent out, at utilization 50 %, with these parameters.
fn lent_out(params: &AssetParams) -> Market {
    let mut market = Market::open(0, params).unwrap().accrue(0, params).unwrap();
    market.deposit(Amount::new(2 * E18)).unwrap();
    market.borrow(Amount::new(E18), params).unwrap();
    market.settle(params).unwrap()
}

#[test]
fn a_model_of_the_same_kind_is_set_at_once_and_one_of_another_a_day_later() {
    let params = AssetParams { rate_model: kinked(80, 4, 0, 0), ..params() };
    let other = params.clone().with_rate_model(kinked(80, 5, 0, 0), 1_000);
    assert_eq!((other.rate_model.clone(), &other.next_rate_model), (kinked(80, 5, 0, 0), &None));

    let adaptive = RateModel::Adaptive(morpho());
    let announced = other.with_rate_model(adaptive.clone(), 1_000);
    let effective_at = 1_000 + RATE_MODEL_NOTICE;
    let next = NextRateModel { rate_model: adaptive.clone(), effective_at };
    assert_eq!((&announced.rate_model, &announced.next_rate_model), (&kinked(80, 5, 0, 0), &Some(next)));
    assert_eq!(announced.rate_model_at(effective_at - 1), &kinked(80, 5, 0, 0));
    assert_eq!(announced.rate_model_at(effective_at), &adaptive);

    let called_off = announced.clone().with_rate_model(kinked(80, 5, 0, 0), effective_at - 1);
    assert_eq!((&called_off.rate_model, &called_off.next_rate_model), (&kinked(80, 5, 0, 0), &None));
    let over = announced.with_rate_model_in_force(effective_at);
    assert_eq!((&over.rate_model, &over.next_rate_model), (&adaptive, &None));
}

/// 4 % until the day is over, then the new curve's rate: the same whether the market is touched at that moment or not.
#[test]
fn a_market_changes_its_model_at_the_announced_second() {
    let old = AssetParams { rate_model: kinked(80, 4, 0, 0), ..params() };
    let params = old.clone().with_rate_model(RateModel::Adaptive(morpho()), 0);
    let market = lent_out(&old);
    let then = RATE_MODEL_NOTICE;

    let before = market.clone().accrue(then - 1, &params).unwrap();
    assert_eq!(before.borrow_rate_up(Ratio::percent(50), &params).unwrap(), Rate::percent(4));
    assert_eq!(before.state().rate_at_target, Rate::ZERO);
    let at = market.clone().accrue(then, &params).unwrap();
    assert_eq!(at.state().rate_at_target, Rate::percent(4));

    let once = market.clone().accrue(then + 86_400, &params).unwrap();
    let twice = at.settle(&params).unwrap().accrue(then + 86_400, &params).unwrap();
    assert_eq!(once.state().borrow_index, twice.state().borrow_index);
    assert_eq!(once.state().rate_at_target, twice.state().rate_at_target);

    // The closed form: a day at 4 %, then a day on the curve that falls at a distance of 4/9 below the target.
    let first = 1.0 + 0.04 / 365.0 + (0.04f64 / 365.0).powi(2) / 2.0;
    let x = 50.0f64 / 365.0 * (0.5 - 0.9) / 0.9;
    let average = 0.04 * (x.exp() - 1.0) / x;
    let rate: f64 = average * (1.0 - 0.75 * 4.0 / 9.0);
    let second = (rate / 365.0).exp();
    let index: f64 = once.state().borrow_index.to_string().parse().unwrap();
    assert!((index / (first * second) - 1.0).abs() < 1e-7, "{index} of {}", first * second);
}
