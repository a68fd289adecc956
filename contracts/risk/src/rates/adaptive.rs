//! A curve that moves as a whole toward the rate that holds utilization at its target: Morpho's AdaptiveCurveIRM.

use cosmwasm_std::Uint256;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MAX_RATE, RateModelError};
use crate::exponential::{Exponent, scaled_down};
use crate::interest::YEAR;
use crate::math::{MathError, mul_div_down, mul_div_up, narrow};
use crate::units::{Rate, Ratio};

/// The steepest curve: at full utilization 100 times the rate at the target.
pub const STEEPNESS_MAX: Ratio = Ratio::percent(10_000);
/// The fastest that a curve adapts: e^1000-fold a year, which doubles it in six hours.
pub const ADJUSTMENT_SPEED_MAX: Rate = Rate::percent(100_000);

/// A curve whose height, `rate_at_target`, the market remembers.
///
/// - At the target utilization the rate is `rate_at_target`. At utilization 1 it is `curve_steepness` times that, at 0
///   a `curve_steepness`-th, on straight lines between.
/// - The distance is `(U − target) / (1 − target)` above the target, and `(U − target) / target` below it.
/// - Over time `rate_at_target` is multiplied by `e^(adjustment_speed × distance × years)`, within its bounds.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Adaptive {
    /// The utilization toward which the rate moves borrowers and suppliers; between 0 and 1, neither included.
    pub target_utilization: Ratio,
    /// The rate at utilization 1, in parts of the rate at the target; 1 to 100. Morpho's is 4.
    pub curve_steepness: Ratio,
    /// How fast the curve moves at the greatest distance, a year; at most 1,000. Morpho's is 50.
    pub adjustment_speed: Rate,
    /// The rate at the target where a market begins.
    pub initial_rate_at_target: Rate,
    /// The least rate at the target; above 0, from which it would never rise.
    pub min_rate_at_target: Rate,
    /// The highest rate at the target.
    pub max_rate_at_target: Rate,
}

/// What a market's interest follows over some time in which its utilization stood still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Adapted {
    /// The average of the rate at the target.
    pub average: Rate,
    /// The rate at the target at the end.
    pub end: Rate,
}

impl Adaptive {
    pub(super) fn validate(&self) -> Result<(), RateModelError> {
        let Self { target_utilization, curve_steepness, adjustment_speed, initial_rate_at_target: initial, .. } = *self;
        let (min, max) = (self.min_rate_at_target, self.max_rate_at_target);
        if target_utilization.is_zero() || target_utilization >= Ratio::ONE {
            return Err(RateModelError::TargetUtilization(target_utilization));
        }
        if !(Ratio::ONE..=STEEPNESS_MAX).contains(&curve_steepness) {
            return Err(RateModelError::Steepness(curve_steepness));
        }
        if adjustment_speed > ADJUSTMENT_SPEED_MAX {
            return Err(RateModelError::AdjustmentSpeed(adjustment_speed));
        }
        if min.is_zero() || initial < min || initial > max {
            return Err(RateModelError::RateAtTarget { min, initial, max });
        }
        let highest = self.borrow_rate_up(Ratio::ONE, max);
        if highest.is_ok_and(|highest| highest <= MAX_RATE) {
            Ok(())
        } else {
            Err(RateModelError::TooSteep { max, curve_steepness, limit: MAX_RATE })
        }
    }

    /// The borrow rate at this utilization, rounded up.
    pub(super) fn borrow_rate_up(&self, utilization: Ratio, rate_at_target: Rate) -> Result<Rate, MathError> {
        let target = self.target_utilization;
        let steep = wide(self.curve_steepness);
        let beyond_one = steep.saturating_sub(wide(Ratio::ONE));
        // Both lines as one fraction, so that it is rounded once.
        let (parts, of) = if utilization < target {
            let lacks = product(beyond_one, wide(target.saturating_sub(utilization)))?;
            let of = product(steep, wide(target))?;
            (of.saturating_sub(lacks), of)
        } else {
            let room = Ratio::ONE.saturating_sub(target);
            let of = product(wide(Ratio::ONE), wide(room))?;
            let more = product(beyond_one, wide(utilization.saturating_sub(target)))?;
            (sum(of, more)?, of)
        };
        mul_div_up(Uint256::from(rate_at_target.raw()), parts, of).and_then(narrow).map(Rate::new)
    }

    /// The rate at the target after so many seconds at this utilization, and its average over them: of the start, the
    /// end, and twice the middle, rounded up. That is above the integral by the part `ln(end / start)² / 48`: by 1 %
    /// where the rate doubles.
    pub(super) fn adapt(&self, utilization: Ratio, start: Rate, seconds: u64) -> Result<Adapted, MathError> {
        let start = self.within_bounds(start);
        let end = self.after(utilization, start, Uint256::from(seconds), 1)?;
        let middle = self.after(utilization, start, Uint256::from(seconds), 2)?;
        let total = start.checked_add(end)?.checked_add(middle)?.checked_add(middle)?;
        Ok(Adapted { average: Rate::new(total.raw().div_ceil(4)), end })
    }

    /// The rate, or the bound that it is beyond.
    pub(super) fn within_bounds(&self, rate: Rate) -> Rate {
        rate.max(self.min_rate_at_target).min(self.max_rate_at_target)
    }

    /// `start × e^(speed × distance × seconds / parts / year)`, rounded down, within the bounds.
    fn after(&self, utilization: Ratio, start: Rate, seconds: Uint256, parts: u64) -> Result<Rate, MathError> {
        let target = self.target_utilization;
        let is_above = utilization >= target;
        let (way, whole) = if is_above {
            (utilization.saturating_sub(target), Ratio::ONE.saturating_sub(target))
        } else {
            (target.saturating_sub(utilization), target)
        };
        let per_year = product(Uint256::from(self.adjustment_speed.raw()), wide(way))?;
        let years = product(Uint256::from(YEAR), Uint256::from(parts))?;
        let size = mul_div_down(per_year, seconds, product(wide(whole), years)?)?;
        let exponent = if is_above { Exponent::Growth(size) } else { Exponent::Decay(size) };
        Ok(self.within_bounds(Rate::new(scaled_down(start.raw(), exponent)?)))
    }
}

fn wide(ratio: Ratio) -> Uint256 {
    Uint256::from(ratio.raw())
}

fn product(a: Uint256, b: Uint256) -> Result<Uint256, MathError> {
    a.checked_mul(b).map_err(|_| MathError::Overflow { what: "rate" })
}

fn sum(a: Uint256, b: Uint256) -> Result<Uint256, MathError> {
    a.checked_add(b).map_err(|_| MathError::Overflow { what: "rate" })
}
