//! What governance may not set, and ramps that are never early.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crate::model::{E18, any128, ceil, config, floor, frac, kinked, params, q};
use num_bigint::BigInt;
use plimsoll_risk::params::{
    AssetParams, BonusCurve, CAP_MAX, DECIMALS_MAX, ParamsError, RAMP_FALL_MAX, RAMP_MAX, RAMP_MIN, Ramp,
};
use plimsoll_risk::rates::RateModelError;
use plimsoll_risk::units::{Amount, Ratio};
use proptest::prelude::*;

/// A ratio, often near 0 and 1.
fn ratio() -> impl Strategy<Value = u128> {
    prop_oneof![6 => 0..=E18, 1 => Just(0), 1 => Just(E18), 1 => Just(E18 - 1), 1 => Just(E18 + 1), 1 => any128()]
}

fn ramp() -> impl Strategy<Value = Ramp> {
    (0..=E18, 0..=E18, 0u64..10_000_000_000, 1u64..40_000_000).prop_map(|(from, to, starts_at, length)| Ramp {
        from: Ratio::new(from),
        to: Ratio::new(to),
        starts_at,
        ends_at: starts_at + length,
    })
}

/// The straight line that a ramp follows, exactly.
fn line(ramp: &Ramp, now: u64) -> crate::model::Q {
    let now = now.clamp(ramp.starts_at, ramp.ends_at);
    let from = q(ramp.from.raw());
    let to = q(ramp.to.raw());
    &from + (to - &from) * frac(now - ramp.starts_at, ramp.ends_at - ramp.starts_at)
}

proptest! {
    #![proptest_config(config(4_000))]

    /// `max_ltv < LT` at both ends (or neither above 0), `min ≤ max ≤ 1`, `LT × (1 + max) ≤ full_at < 1`, shares at most 1, the
    /// protocol's of a bonus at most a half.
    #[test]
    fn parameters_are_accepted_exactly_when_every_rule_holds(
        (ltv, from, to) in (0..E18, 0..E18, 0..E18),
        min in prop_oneof![3 => 0..E18 / 10, 1 => ratio()],
        max in prop_oneof![3 => 0..E18 / 5, 1 => ratio()],
        full_at in ratio(),
        (fee, factor, reserve) in (prop_oneof![9 => 0..=E18 / 2, 1 => ratio()], 0..=E18, prop_oneof![9 => 0..=E18, 1 => ratio()]),
    ) {
        let given = AssetParams {
            max_loan_to_value: Ratio::new(ltv),
            liquidation_threshold: Ramp { from: Ratio::new(from), to: Ratio::new(to), starts_at: 5, ends_at: 9 },
            liquidation_bonus: BonusCurve { min: Ratio::new(min), max: Ratio::new(max), full_at: Ratio::new(full_at) },
            protocol_liquidation_fee: Ratio::new(fee),
            reserve_factor: Ratio::new(factor),
            reserve_floor: Ratio::new(reserve),
            flash_loan_fee: Ratio::new(reserve),
            sale_cost: Ratio::new(min / 2),
            ..params()
        };
        let lowest = from.min(to);
        let highest = from.max(to);
        let carried = BigInt::from(highest) * (BigInt::from(E18) + max);
        let accepted = (ltv < lowest || (ltv == 0 && lowest == 0))
            && min <= max
            && max <= E18
            && full_at < E18
            && carried <= BigInt::from(full_at) * E18
            && reserve <= E18
            && fee <= E18 / 2;
        prop_assert_eq!(given.validate().is_ok(), accepted, "{:?}", given.validate());
    }

    #[test]
    fn a_ramp_rounds_toward_its_start_so_that_it_is_never_early(ramp in ramp(), now in 0u64..10_100_000_000) {
        let exact = line(&ramp, now);
        let expected = if ramp.to >= ramp.from { floor(&exact) } else { ceil(&exact) };
        prop_assert_eq!(BigInt::from(ramp.at(now).raw()), expected);
    }

    #[test]
    fn a_ramp_moves_one_way_from_its_start_to_its_end(ramp in ramp(), a in 0u64..60_000_000, b in 0u64..60_000_000) {
        let at = |t: u64| ramp.at((ramp.starts_at + t).saturating_sub(10_000_000));
        let early = at(a.min(b));
        let late = at(a.max(b));
        if ramp.to >= ramp.from { prop_assert!(early <= late) } else { prop_assert!(early >= late) }
        prop_assert_eq!(ramp.at(ramp.starts_at), ramp.from);
        prop_assert_eq!(ramp.at(0), ramp.from);
        prop_assert_eq!(ramp.at(ramp.ends_at), ramp.to);
        prop_assert_eq!(ramp.at(u64::MAX), ramp.to);
        if ramp.from != ramp.to {
            prop_assert_ne!(ramp.at(ramp.ends_at - 1), ramp.to, "a second before its end it is not there yet");
        }
    }

    /// However ramps are started, stopped and started again: between any two moments the threshold falls by no more than a fifth for every
    /// three days between them, and what a ramp may take at least is never less than three days.
    #[test]
    fn a_threshold_never_falls_faster_than_a_fifth_in_three_days(
        first in 0..=E18,
        steps in prop::collection::vec((0u64..400_000, prop_oneof![2 => 0..=E18, 1 => Just(0)], 0u64..100_000), 1..8),
    ) {
        let mut ramp = Ramp::flat(Ratio::new(first));
        let mut now = 1_000;
        let mut seen = vec![(now, ramp.at(now).raw())];
        for (wait, target, extra) in steps {
            for at in [now + wait / 3, now + wait / 2, now + wait] {
                seen.push((at, ramp.at(at).raw()));
            }
            now += wait;
            let target = Ratio::new(target);
            let least = ramp.least_seconds(target, now);
            prop_assert!((RAMP_MIN..=RAMP_MAX).contains(&least));
            ramp = ramp.toward(target, now, least + extra);
        }
        seen.extend([1, 86_400, RAMP_MIN, 2 * RAMP_MAX].map(|later| (now + later, ramp.at(now + later).raw())));
        for (i, early) in seen.iter().enumerate() {
            for late in &seen[i..] {
                // In parts of a fifth of three days, and one of rounding.
                let fall = early.1.saturating_sub(late.1) * 5 * 3 * 86_400;
                prop_assert!(fall <= E18 * u128::from(late.0 - early.0) + 5 * 3 * 86_400, "{early:?} {late:?}");
            }
        }
    }

    /// Wherever another ramp stands: a rise is at once, a fall starts from there and takes the time it is given, never faster.
    #[test]
    fn a_new_target_while_another_ramp_runs_starts_from_where_that_stands(
        running in ramp(),
        target in 0..=E18,
        gone in 0u64..50_000_000,
        seconds in RAMP_MIN..=RAMP_MAX,
        later in 0u64..RAMP_MAX,
    ) {
        let now = running.starts_at + gone;
        let here = running.at(now);
        let next = running.toward(Ratio::new(target), now, seconds);
        if target >= here.raw() {
            prop_assert_eq!(next.at(now), Ratio::new(target));
            prop_assert_eq!(next.at(now + later), Ratio::new(target));
        } else {
            prop_assert_eq!(next.at(now), here);
            let fallen = BigInt::from(here.raw() - next.at(now + later).raw());
            let allowed = floor(&(q(here.raw() - target) * frac(later.min(seconds), seconds)));
            prop_assert_eq!(fallen, allowed);
            prop_assert_eq!(next.at(now + seconds), Ratio::new(target));
        }
        // Neither end is outside of what was or will be in force, so both ends of it can be validated.
        prop_assert!(next.from == here || next.from == Ratio::new(target));
        prop_assert_eq!(next.to, Ratio::new(target));
    }

    #[test]
    fn any_parameters_and_ramps_answer_without_a_panic(
        raw in (any128(), any128(), any128(), any128(), any128(), any128(), any128()),
        times in (any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>()), decimals in any::<u8>(),
    ) {
        let ramp = Ramp { from: Ratio::new(raw.0), to: Ratio::new(raw.1), starts_at: times.0, ends_at: times.1 };
        let at = ramp.at(times.2).raw();
        prop_assert!(at >= raw.0.min(raw.1) && at <= raw.0.max(raw.1));
        let next = ramp.toward(Ratio::new(raw.2), times.2, times.3);
        let given = AssetParams {
            decimals,
            max_loan_to_value: Ratio::new(raw.3),
            liquidation_threshold: next,
            liquidation_bonus: BonusCurve { min: Ratio::new(raw.4), max: Ratio::new(raw.5), full_at: Ratio::new(raw.6) },
            ..params()
        };
        let _ = given.validate();
    }
}

fn refusal(change: impl FnOnce(&mut AssetParams)) -> ParamsError {
    let mut given = params();
    assert_eq!(given.validate(), Ok(()));
    change(&mut given);
    given.validate().unwrap_err()
}

#[test]
fn too_many_decimals_are_refused() {
    assert_eq!(refusal(|p| p.decimals = DECIMALS_MAX + 1), ParamsError::Decimals(19));
}

#[test]
fn a_share_above_one_is_refused() {
    let value = Ratio::new(E18 + 1);
    let above = |name| ParamsError::ShareTooHigh { name, value, max: Ratio::ONE };
    assert_eq!(refusal(|p| p.liquidation_bonus.max = value), above("liquidation_bonus.max"));
    assert_eq!(refusal(|p| p.flash_loan_fee = value), above("flash_loan_fee"));
    assert_eq!(refusal(|p| p.reserve_factor = value), above("reserve_factor"));
    assert_eq!(refusal(|p| p.reserve_floor = value), above("reserve_floor"));
    assert_eq!(refusal(|p| p.max_borrow_utilization = value), above("max_borrow_utilization"));
}

#[test]
fn a_protocol_fee_that_takes_more_than_half_of_the_bonus_is_refused() {
    let name = "protocol_liquidation_fee";
    let max = Ratio::percent(50);
    let value = Ratio::new(max.raw() + 1);
    assert_eq!(refusal(|p| p.protocol_liquidation_fee = value), ParamsError::ShareTooHigh { name, value, max });
    assert_eq!(AssetParams { protocol_liquidation_fee: max, ..params() }.validate(), Ok(()));
}

#[test]
fn a_cap_above_the_highest_is_refused() {
    let value = Amount::new(CAP_MAX.raw() + 1);
    assert_eq!(refusal(|p| p.supply_cap = value), ParamsError::CapTooHigh { name: "supply_cap", value });
    assert_eq!(refusal(|p| p.borrow_cap = value), ParamsError::CapTooHigh { name: "borrow_cap", value });
}

#[test]
fn a_max_ltv_that_is_not_below_either_end_of_the_ramp_is_refused() {
    for (from, to) in [(70, 70), (75, 70), (70, 75)] {
        let from = Ratio::percent(from);
        let to = Ratio::percent(to);
        let got = refusal(|p| p.liquidation_threshold = Ramp { from, to, starts_at: 0, ends_at: RAMP_MIN });
        let seventy = Ratio::percent(70);
        assert_eq!(got, ParamsError::LoanToValue { max_loan_to_value: seventy, liquidation_threshold: seventy });
    }
}

#[test]
fn an_asset_that_is_lent_but_never_collateral_is_accepted() {
    let flat = Ramp::flat(Ratio::ZERO);
    let given = AssetParams { max_loan_to_value: Ratio::ZERO, liquidation_threshold: flat, ..params() };
    assert_eq!(given.validate(), Ok(()));
}

#[test]
fn a_bonus_curve_that_is_upside_down_or_full_at_one_is_refused() {
    let min = Ratio::percent(11);
    let max = Ratio::percent(10);
    assert_eq!(refusal(|p| p.liquidation_bonus.min = min), ParamsError::BonusOrder { min, max });
    assert_eq!(refusal(|p| p.liquidation_bonus.full_at = Ratio::ONE), ParamsError::BonusFullAt(Ratio::ONE));
}

#[test]
fn a_sale_that_costs_more_than_the_least_bonus_is_refused() {
    let min = Ratio::percent(2);
    let sale_cost = Ratio::new(Ratio::percent(2).raw() + 1);
    assert_eq!(refusal(|p| p.sale_cost = sale_cost), ParamsError::SaleCost { sale_cost, min });
    assert_eq!(AssetParams { sale_cost: min, ..params() }.validate(), Ok(()));
}

#[test]
fn a_bonus_that_makes_splitting_pay_is_refused_at_either_end_of_the_ramp() {
    // 0.75 × 1.1 = 0.825.
    let bonus = Ratio::percent(10);
    let just_below = Ratio::new(825 * E18 / 1_000 - 1);
    let splittable = |full_at| ParamsError::Splittable { threshold: Ratio::percent(75), bonus, full_at };
    assert_eq!(refusal(|p| p.liquidation_bonus.full_at = just_below), splittable(just_below));
    for (from, to) in [(75, 72), (72, 75)] {
        let from = Ratio::percent(from);
        let to = Ratio::percent(to);
        let got = refusal(|p| {
            p.liquidation_threshold = Ramp { from, to, starts_at: 0, ends_at: RAMP_MIN };
            p.liquidation_bonus.full_at = just_below;
        });
        assert_eq!(got, splittable(just_below));
    }
    let mut given = params();
    given.liquidation_bonus.full_at = Ratio::new(just_below.raw() + 1);
    assert_eq!(given.validate(), Ok(()));
}

#[test]
fn a_rate_model_out_of_range_is_refused() {
    let got = refusal(|p| p.rate_model = kinked(100, 1, 9, 90));
    assert_eq!(got, ParamsError::RateModel(RateModelError::OptimalUtilization(Ratio::ONE)));
}

#[test]
fn errors_name_the_parameter_its_value_and_what_is_allowed() {
    let text = refusal(|p| p.decimals = 19).to_string();
    assert_eq!(text, "decimals 19 is above 18");
    let text = ParamsError::RampLength(60).to_string();
    assert_eq!(text, "ramp of 60 seconds is not between 259200 and 31536000");
}

#[test]
fn parameters_read_back_what_they_write_and_refuse_unknown_fields_in_json() -> Result<(), Box<dyn std::error::Error>> {
    let given = params();
    assert_eq!(postcard::from_bytes::<AssetParams>(&postcard::to_allocvec(&given)?)?, given);
    let mut json = serde_json::to_value(&given)?;
    assert_eq!(serde_json::from_value::<AssetParams>(json.clone())?, given);
    json["liquidation_bonus"]["most"] = "0.2".into();
    assert!(serde_json::from_value::<AssetParams>(json).is_err());
    Ok(())
}

#[test]
fn a_fall_takes_three_days_for_a_fifth_and_in_proportion_for_more() {
    let from = |percent| Ramp::flat(Ratio::percent(percent));
    assert_eq!(RAMP_FALL_MAX, Ratio::percent(20));
    for (start, end, seconds) in
        [(75, 80, RAMP_MIN), (75, 74, RAMP_MIN), (75, 55, RAMP_MIN), (75, 35, 2 * RAMP_MIN), (100, 0, 5 * RAMP_MIN)]
    {
        assert_eq!(from(start).least_seconds(Ratio::percent(end), 7), seconds);
    }
    // A unit more is a second more.
    let target = Ratio::new(Ratio::percent(55).raw() - 1);
    assert_eq!(from(75).least_seconds(target, 7), RAMP_MIN + 1);
}
