//! What a borrower pays a year, by how much of the market is lent out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

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
}

/// `base + slope_1 × U / U_optimal` up to the optimum, and from there `+ slope_2 × (U − U_optimal) / (1 − U_optimal)`.
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
}

impl RateModel {
    /// Whether the model may be used. Errors name the parameter and its value.
    pub fn validate(&self) -> Result<(), RateModelError> {
        let Self::Kinked(Kinked { optimal_utilization_rate, base, slope_1, slope_2 }) = self;
        if optimal_utilization_rate.is_zero() || *optimal_utilization_rate >= Ratio::ONE {
            return Err(RateModelError::OptimalUtilization(*optimal_utilization_rate));
        }
        if base.saturating_add(*slope_1).saturating_add(*slope_2) > MAX_RATE {
            let base = *base;
            let slope_1 = *slope_1;
            let slope_2 = *slope_2;
            return Err(RateModelError::TooHigh { base, slope_1, slope_2, max: MAX_RATE });
        }
        Ok(())
    }

    /// The borrow rate at this utilization, rounded up.
    pub fn borrow_rate_up(&self, utilization: Ratio) -> Result<Rate, MathError> {
        let Self::Kinked(Kinked { optimal_utilization_rate: optimal, base, slope_1, slope_2 }) = self;
        if utilization <= *optimal {
            let climbed = mul_div_up_128(slope_1.raw(), utilization.raw(), optimal.raw())?;
            return base.checked_add(Rate::new(climbed));
        }
        let above = utilization.saturating_sub(*optimal).raw();
        let climbed = mul_div_up_128(slope_2.raw(), above, Ratio::ONE.saturating_sub(*optimal).raw())?;
        base.checked_add(*slope_1)?.checked_add(Rate::new(climbed))
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
