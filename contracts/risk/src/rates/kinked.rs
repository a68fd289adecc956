//! Two straight lines that meet at the optimal utilization.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MAX_RATE, RateModelError};
use crate::math::{MathError, mul_div_up_128};
use crate::units::{Rate, Ratio};

/// `base + slope_1 × U / U_optimal` up to the optimum, and from there `+ slope_2 × (U − U_optimal) / (1 − U_optimal)`
/// (as Aave and Compound do it).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Kinked {
    /// Where the lines meet; between 0 and 1, neither included.
    pub optimal_utilization_rate: Ratio,
    /// The rate at utilization 0.
    pub base: Rate,
    /// What is added from utilization 0 to the optimum.
    pub slope_1: Rate,
    /// What is added from the optimum to utilization 1.
    pub slope_2: Rate,
}

impl Kinked {
    pub(super) fn validate(&self) -> Result<(), RateModelError> {
        let Self { optimal_utilization_rate, base, slope_1, slope_2 } = *self;
        if optimal_utilization_rate.is_zero() || optimal_utilization_rate >= Ratio::ONE {
            return Err(RateModelError::OptimalUtilization(optimal_utilization_rate));
        }
        if base.saturating_add(slope_1).saturating_add(slope_2) > MAX_RATE {
            return Err(RateModelError::TooHigh { base, slope_1, slope_2, max: MAX_RATE });
        }
        Ok(())
    }

    /// The borrow rate at this utilization, rounded up.
    pub(super) fn borrow_rate_up(&self, utilization: Ratio) -> Result<Rate, MathError> {
        let Self { optimal_utilization_rate: optimal, base, slope_1, slope_2 } = self;
        if utilization <= *optimal {
            let climbed = mul_div_up_128(slope_1.raw(), utilization.raw(), optimal.raw())?;
            return base.checked_add(Rate::new(climbed));
        }
        let above = utilization.saturating_sub(*optimal).raw();
        let climbed = mul_div_up_128(slope_2.raw(), above, Ratio::ONE.saturating_sub(*optimal).raw())?;
        base.checked_add(*slope_1)?.checked_add(Rate::new(climbed))
    }
}
