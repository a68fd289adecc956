//! What a borrower pays a year, by how much of the market is lent out.

mod adaptive;
mod kinked;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::adaptive::{ADJUSTMENT_SPEED_MAX, Adaptive, STEEPNESS_MAX};
pub use self::kinked::Kinked;
use crate::math::{MathError, ONE, mul_div_down_128, mul_div_up_128};
use crate::units::{Amount, Rate, Ratio};

/// No model may ask for more a year than this: 1,000 %. Ten years at it must not lock a market.
pub const MAX_RATE: Rate = Rate::percent(1_000);

/// How the borrow rate follows utilization.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum RateModel {
    /// Two straight lines that meet at the optimal utilization (as Aave and Compound do it).
    Kinked(Kinked),
    /// A curve that moves toward the rate that holds utilization at its target (as Morpho's AdaptiveCurveIRM does).
    Adaptive(Adaptive),
}

/// Why a rate model is refused.
#[derive(Error, Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum RateModelError {
    /// The kink must lie strictly inside.
    #[error("optimal_utilization_rate {0} is not between 0 and 1")]
    OptimalUtilization(Ratio),
    /// A full market would pay more than the code can promise to survive.
    #[error("rate at full utilization is above {max}: base {base} + slope_1 {slope_1} + slope_2 {slope_2}")]
    TooHigh { base: Rate, slope_1: Rate, slope_2: Rate, max: Rate },
    /// The target must lie strictly inside.
    #[error("target_utilization {0} is not between 0 and 1")]
    TargetUtilization(Ratio),
    /// A curve that falls, or is nearly a wall.
    #[error("curve_steepness {0} is not between 1 and {STEEPNESS_MAX}")]
    Steepness(Ratio),
    /// A curve that moves faster than anyone can follow.
    #[error("adjustment_speed {0} is above {ADJUSTMENT_SPEED_MAX}")]
    AdjustmentSpeed(Rate),
    /// The bounds are empty, or the start is outside.
    #[error("rates at target are not in order, above 0: min {min}, initial {initial}, max {max}")]
    RateAtTarget { min: Rate, initial: Rate, max: Rate },
    /// A full market would pay more than the code can promise to survive.
    #[error("max_rate_at_target {max} x curve_steepness {curve_steepness} is above {limit}")]
    TooSteep { max: Rate, curve_steepness: Ratio, limit: Rate },
}

/// What interest follows over some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// The borrow rate, on average.
    pub rate: Rate,
    /// The rate at the target at the end; 0 where the model has no such rate.
    pub rate_at_target: Rate,
}

impl RateModel {
    /// Whether the model may be used. Errors name the parameter and its value.
    pub fn validate(&self) -> Result<(), RateModelError> {
        match self {
            Self::Kinked(model) => model.validate(),
            Self::Adaptive(model) => model.validate(),
        }
    }

    /// Whether both are of one kind, so that a market changes from one to the other at once.
    pub const fn is_of_kind(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Kinked(_), Self::Kinked(_)) | (Self::Adaptive(_), Self::Adaptive(_)))
    }

    /// The borrow rate at this utilization, rounded up. `rate_at_target` is what the market remembers.
    pub fn borrow_rate_up(&self, utilization: Ratio, rate_at_target: Rate) -> Result<Rate, MathError> {
        match self {
            Self::Kinked(model) => model.borrow_rate_up(utilization),
            Self::Adaptive(model) => model.borrow_rate_up(utilization, rate_at_target),
        }
    }

    /// The rate at the target where a market begins; 0 where the model has no such rate.
    pub const fn initial_rate_at_target(&self) -> Rate {
        match self {
            Self::Kinked(_) => Rate::ZERO,
            Self::Adaptive(model) => model.initial_rate_at_target,
        }
    }

    /// What a market remembers as its rate at the target, within the model's bounds.
    pub fn kept_rate_at_target(&self, rate_at_target: Rate) -> Rate {
        match self {
            Self::Kinked(_) => Rate::ZERO,
            Self::Adaptive(model) => model.within_bounds(rate_at_target),
        }
    }

    /// What interest follows over so many seconds at this utilization.
    pub fn course_up(&self, utilization: Ratio, rate_at_target: Rate, seconds: u64) -> Result<Course, MathError> {
        match self {
            Self::Kinked(model) => Ok(Course { rate: model.borrow_rate_up(utilization)?, rate_at_target: Rate::ZERO }),
            Self::Adaptive(model) => {
                let adapted = model.adapt(utilization, rate_at_target, seconds)?;
                Ok(Course { rate: model.borrow_rate_up(utilization, adapted.average)?, rate_at_target: adapted.end })
            }
        }
    }
}

/// `debt / (cash + lent + debt − reserves)`, at most 1, rounded up; 0 without debt, 1 when nothing else is there.
pub fn utilization_up(debt: Amount, supply: Amount) -> Result<Ratio, MathError> {
    if debt.is_zero() {
        return Ok(Ratio::ZERO);
    }
    if debt >= supply {
        return Ok(Ratio::ONE);
    }
    mul_div_up_128(debt.raw(), ONE, supply.raw()).map(Ratio::new)
}

/// What suppliers earn a year: `borrow rate × U × (1 − reserve factor)`, rounded down.
pub fn liquidity_rate_down(borrow: Rate, utilization: Ratio, reserve_factor: Ratio) -> Result<Rate, MathError> {
    let earned = mul_div_down_128(borrow.raw(), utilization.raw(), ONE)?;
    mul_div_down_128(earned, Ratio::ONE.saturating_sub(reserve_factor).raw(), ONE).map(Rate::new)
}
