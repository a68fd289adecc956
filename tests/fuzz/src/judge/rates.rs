//! The laws of rate models, by a model of their own in floating point: the curves, how the adaptive one moves, and when a model takes over.

use plimsoll_risk::rates::{Adaptive, Kinked, RateModel};

use super::Case;
use crate::exact::ONE;
use crate::view::Asset;

const DAY: u64 = 86_400;
const YEAR: f64 = 31_536_000.0;
/// What floating point may be off by, of the result.
const SLACK: f64 = 1e-9;

pub fn judge(case: &Case) {
    for (old, new) in case.before.assets.iter().zip(&case.after.assets) {
        another_kind_waits_a_day(old, new, case.after.now);
        if old.stored != new.stored {
            the_curve_moves_by_the_exponential(old, new, case.after.now);
        }
    }
}

/// The model in force, by the record alone.
fn in_force(asset: &Asset, now: u64) -> &RateModel {
    match &asset.params.next_rate_model {
        Some(next) if next.effective_at <= now => &next.rate_model,
        _ => &asset.params.rate_model,
    }
}

fn another_kind_waits_a_day(old: &Asset, new: &Asset, now: u64) {
    let denom = &new.params.denom;
    let kind = |model: &RateModel| matches!(model, RateModel::Kinked(_));
    assert_eq!(kind(in_force(old, now)), kind(in_force(new, now)), "{denom} changed the kind of its rates at once");
    if let Some(next) =
        new.params.next_rate_model.as_ref().filter(|next| Some(*next) != old.params.next_rate_model.as_ref())
    {
        assert_eq!(next.effective_at, now + DAY, "the new rates of {denom} weren't announced for a day");
    }
}

/// What a market's record said, and now must say, of its rate at the target; and how far an adaptive model's debts grew.
fn the_curve_moves_by_the_exponential(old: &Asset, new: &Asset, now: u64) {
    let denom = &new.params.denom;
    let RateModel::Adaptive(model) = in_force(new, now) else {
        return assert!(new.stored.rate_at_target.is_zero(), "{denom} remembers a rate at a target that it hasn't");
    };
    let (_, at_target) = course(old, now);
    // The bounds may have been set anew.
    let bounds = (number(model.min_rate_at_target.raw()), number(model.max_rate_at_target.raw()));
    let expected = at_target.max(bounds.0).min(bounds.1);
    let got = number(new.stored.rate_at_target.raw());
    assert!(near(got, expected), "the rate at the target of {denom} is {got}, not {expected}");
}

/// By what a market's debts grow from its record until then, and its rate at the target at the end, before parameters change.
pub fn course(asset: &Asset, now: u64) -> (f64, f64) {
    let stored = &asset.stored;
    let debt = number(stored.debt_scaled.raw()) * number(stored.borrow_index.raw());
    let rest = number(stored.cash.raw()) + number(stored.lent.raw()) - number(stored.reserves.raw());
    let mut growth = 1.0;
    let mut at_target = number(stored.rate_at_target.raw());
    let mut from = stored.updated_at;
    if let Some(next) =
        asset.params.next_rate_model.as_ref().filter(|next| from < next.effective_at && next.effective_at <= now)
    {
        let (rate, _) = stretch(&asset.params.rate_model, used(debt, rest), at_target, next.effective_at - from);
        growth = taylor(rate, next.effective_at - from);
        from = next.effective_at;
        at_target = match &next.rate_model {
            RateModel::Kinked(_) => 0.0,
            RateModel::Adaptive(model) => number(model.initial_rate_at_target.raw()),
        };
    }
    // Reserves got a part of that interest: it is no supply.
    let interest = debt * (growth - 1.0) * number(asset.params.reserve_factor.raw());
    let (rate, end) = stretch(in_force(asset, now), used(debt * growth, rest - interest), at_target, now - from);
    (growth * taylor(rate, now - from), end)
}

/// Whether a market's interest until then is the exact law's: of a kinked model alone.
pub fn is_kinked(asset: &Asset, now: u64) -> bool {
    let next = asset.params.next_rate_model.as_ref().filter(|next| next.effective_at <= now);
    next.is_none() && matches!(asset.params.rate_model, RateModel::Kinked(_))
}

pub fn near(got: f64, expected: f64) -> bool {
    (got - expected).abs() <= expected.abs() * SLACK + 1e-15
}

fn used(debt: f64, rest: f64) -> f64 {
    if debt == 0.0 { 0.0 } else { (debt / (debt + rest).max(debt)).min(1.0) }
}

fn taylor(rate: f64, seconds: u64) -> f64 {
    let x = rate * seconds as f64 / YEAR;
    1.0 + x + x * x / 2.0 + x * x * x / 6.0
}

/// The borrow rate on average over so many seconds, and the rate at the target at their end.
fn stretch(model: &RateModel, used: f64, at_target: f64, seconds: u64) -> (f64, f64) {
    match model {
        RateModel::Kinked(model) => (two_lines(model, used), 0.0),
        RateModel::Adaptive(model) => {
            let start = bounded(model, at_target);
            let x = number(model.adjustment_speed.raw()) * distance(model, used) * seconds as f64 / YEAR;
            let end = bounded(model, start * x.exp());
            let middle = bounded(model, start * (x / 2.0).exp());
            (curve(model, used, (start + 2.0 * middle + end) / 4.0), end)
        }
    }
}

fn bounded(model: &Adaptive, rate: f64) -> f64 {
    rate.max(number(model.min_rate_at_target.raw())).min(number(model.max_rate_at_target.raw()))
}

fn distance(model: &Adaptive, used: f64) -> f64 {
    let target = number(model.target_utilization.raw());
    if used < target { (used - target) / target } else { (used - target) / (1.0 - target) }
}

fn two_lines(model: &Kinked, used: f64) -> f64 {
    let [kink, base, first, second] =
        [model.optimal_utilization_rate.raw(), model.base.raw(), model.slope_1.raw(), model.slope_2.raw()].map(number);
    base + if used < kink { first * used / kink } else { first + second * (used - kink) / (1.0 - kink) }
}

/// The rate on the adaptive curve that is this high at the target.
pub fn curve(model: &Adaptive, used: f64, at_target: f64) -> f64 {
    let steep = number(model.curve_steepness.raw());
    let distance = distance(model, used);
    at_target * (1.0 + distance * if distance < 0.0 { 1.0 - 1.0 / steep } else { steep - 1.0 })
}

/// What stands with 18 decimals.
pub fn number(raw: u128) -> f64 {
    raw as f64 / ONE as f64
}
