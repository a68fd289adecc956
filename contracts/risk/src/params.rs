//! What governance sets for an asset, and what it may not set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::math::{ONE, mul_div_down_128, mul_div_up_128};
use crate::outflow::{OUTFLOW_SHARE_MIN, OUTFLOW_WINDOW_MAX, OUTFLOW_WINDOW_MIN, OutflowLimit};
use crate::rates::{RateModel, RateModelError};
use crate::units::{Amount, Ratio, ScaledDebt};

/// A market's number. Account records carry it in place of the denom, which may be 68 characters long.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(transparent)]
pub struct AssetId(pub u16);

/// What a market's `max_borrow_utilization` is where its listing names none.
pub const MAX_BORROW_UTILIZATION_DEFAULT: Ratio = Ratio::percent(95);
/// What `sale_cost` is where a listing names none; the least bonus when that is less.
pub const SALE_COST_DEFAULT: Ratio = Ratio::percent(1);
/// No token has more decimals than this here.
pub const DECIMALS_MAX: u8 = 18;
/// No cap may be above this: 10¹² whole tokens of 18 decimals.
pub const CAP_MAX: Amount = Amount::new(ONE * 1_000_000_000_000);
/// The most that the protocol takes of a liquidator's bonus: with more, nobody would come. And were fee × (1 +
/// sale_cost) above 1, a unit of collateral would bring a liquidator more at a lower bonus, so that splitting a
/// liquidation would pay.
pub const PROTOCOL_LIQUIDATION_FEE_MAX: Ratio = Ratio::percent(50);
/// The least time, in seconds, over which a liquidation threshold falls: three days.
pub const RAMP_MIN: u64 = 3 * 86_400;
/// The most that it falls within [`RAMP_MIN`]. A longer way takes longer in proportion, so that stopping a ramp early
/// and starting another never makes it fall faster than this: whatever governance does, an account sees its threshold
/// fall by no more in three days.
pub const RAMP_FALL_MAX: Ratio = Ratio::percent(20);
/// The most time over which it falls: a year.
pub const RAMP_MAX: u64 = 365 * 86_400;

/// The most denoms that may be owed against an isolated asset.
pub const CEILINGS_MAX: usize = 8;

/// How much of one asset may be owed against an isolated other one.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub struct DebtCeiling {
    /// The asset that is owed.
    pub debt: AssetId,
    /// The most of it, of all accounts together, in scaled debt: interest passes no ceiling.
    pub ceiling: ScaledDebt,
}

/// The most that a debt counts, in parts of its value.
pub const BORROW_WEIGHT_MAX: Ratio = Ratio::percent(1_000);

/// A ratio that moves in a straight line from one value to another.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// The value until the ramp starts.
    pub from: Ratio,
    /// The value once it has ended.
    pub to: Ratio,
    /// When it starts, in seconds.
    pub starts_at: u64,
    /// When it ends, in seconds.
    pub ends_at: u64,
}

impl Ramp {
    /// A ratio that stands still.
    pub const fn flat(value: Ratio) -> Self {
        Self { from: value, to: value, starts_at: 0, ends_at: 0 }
    }

    /// The value at this time, rounded toward `from`, so that a threshold never falls early.
    pub fn at(&self, now: u64) -> Ratio {
        if now >= self.ends_at {
            return self.to;
        }
        let gone = u128::from(now.saturating_sub(self.starts_at));
        let whole = u128::from(self.ends_at.saturating_sub(self.starts_at));
        let moved = |distance: Ratio| mul_div_down_128(distance.raw(), gone, whole).map_or(Ratio::ZERO, Ratio::new);
        if self.to >= self.from {
            self.from.saturating_add(moved(self.to.saturating_sub(self.from)))
        } else {
            self.from.saturating_sub(moved(self.from.saturating_sub(self.to)))
        }
    }

    /// The same ramp, flat where it has ended.
    fn ended(self, now: u64) -> Self {
        if now >= self.ends_at { Self::flat(self.to) } else { self }
    }

    /// The highest value from this time on.
    pub fn highest_from(&self, now: u64) -> Ratio {
        self.at(now).max(self.to)
    }

    /// The same ramp by another clock, which says `new` when the old one says `old`: what is left of it takes as long.
    pub fn at_other_clock(&self, old: u64, new: u64) -> Self {
        if self.from == self.to || old == new {
            return *self;
        }
        if old >= self.ends_at {
            return Self::flat(self.to);
        }
        let moved = |time: u64| time.saturating_add(new).saturating_sub(old);
        Self { starts_at: moved(self.starts_at), ends_at: moved(self.ends_at), ..*self }
    }

    /// The least seconds that a fall from here to `target` takes, rounded up: [`RAMP_MIN`], and longer when it is by
    /// more than [`RAMP_FALL_MAX`].
    pub fn least_seconds(&self, target: Ratio, now: u64) -> u64 {
        let fall = self.at(now).saturating_sub(target);
        let least = mul_div_up_128(fall.raw(), u128::from(RAMP_MIN), RAMP_FALL_MAX.raw()).ok();
        least.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(u64::MAX).max(RAMP_MIN)
    }

    /// The least seconds that a rise from here to `target` takes, where that makes liquidation harsher: as long as a
    /// fall by as much.
    pub fn least_seconds_up(&self, target: Ratio, now: u64) -> u64 {
        Self::flat(target).least_seconds(self.at(now), now)
    }

    /// The ramp that leads from here up to `target` over `seconds`; at once when that lowers the value.
    pub fn rising_toward(&self, target: Ratio, now: u64, seconds: u64) -> Self {
        let here = self.at(now);
        if target <= here {
            return Self::flat(target);
        }
        Self { from: here, to: target, starts_at: now, ends_at: now.saturating_add(seconds) }
    }

    /// The ramp that leads from here to `target`: at once when that raises the value, over `seconds` when it lowers it.
    pub fn toward(&self, target: Ratio, now: u64, seconds: u64) -> Self {
        let here = self.at(now);
        if target >= here {
            return Self::flat(target);
        }
        Self { from: here, to: target, starts_at: now, ends_at: now.saturating_add(seconds) }
    }
}

/// How much a liquidator earns: `min` just below health factor 1, `max` at `full_at` and below.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct BonusCurve {
    /// The bonus just below health factor 1. Less is paid only where the collateral doesn't cover the debt and this
    /// much.
    pub min: Ratio,
    /// The most ever paid.
    pub max: Ratio,
    /// The health factor at which it is reached; below 1.
    pub full_at: Ratio,
}

/// For how long another kind of rate model is announced before it takes over, in seconds: a day.
pub const RATE_MODEL_NOTICE: u64 = 86_400;

/// A rate model of another kind, that takes over at its time by itself.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct NextRateModel {
    /// The model.
    pub rate_model: RateModel,
    /// When it takes over, in seconds.
    pub effective_at: u64,
}

/// What may be done in a market. Repay, debt-free withdrawal and liquidation can't be switched off.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Switches {
    /// Whether deposits are taken.
    pub deposit: bool,
    /// Whether new debt is given.
    pub borrow: bool,
    /// Whether flash loans are given.
    pub flash_loan: bool,
}

/// The parameters of an asset. Validated as a whole whenever one is set.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct AssetParams {
    /// The token's denom in the bank.
    pub denom: String,
    /// The decimals of the whole token.
    pub decimals: u8,
    /// How much may be borrowed against a unit of value.
    pub max_loan_to_value: Ratio,
    /// How much debt a unit of value carries before liquidation begins.
    pub liquidation_threshold: Ramp,
    /// The liquidator's bonus when this asset is seized.
    pub liquidation_bonus: BonusCurve,
    /// The protocol's share of what that bonus exceeds `sale_cost` by; at most [`PROTOCOL_LIQUIDATION_FEE_MAX`].
    pub protocol_liquidation_fee: Ratio,
    /// The reserves' share of interest.
    pub reserve_factor: Ratio,
    /// The share of the debt that must stay in reserves when some are withdrawn.
    pub reserve_floor: Ratio,
    /// The most that suppliers may hold together.
    pub supply_cap: Amount,
    /// The most that borrowers may owe together.
    pub borrow_cap: Amount,
    /// The share of a flash loan that it costs, to reserves.
    pub flash_loan_fee: Ratio,
    /// How the borrow rate follows utilization, until the next model takes over.
    pub rate_model: RateModel,
    /// What may be done.
    pub enabled: Switches,
    /// What selling a unit of the seized asset costs: fees, slippage, gas and a step of the price. The least bonus that
    /// is paid where the collateral hardly covers the debt; the protocol's fee is taken of what is above it. At most
    /// the least bonus.
    pub sale_cost: Ratio,
    /// The most of the supply that may be lent out after a borrow; 1 is no limit.
    pub max_borrow_utilization: Ratio,
    /// By how much more than its value a debt of this asset counts, in health and in borrowing; from 1 to
    /// [`BORROW_WEIGHT_MAX`] (Kamino's borrow factor). A rise takes as long as a fall of the threshold by as much.
    pub borrow_weight: Ramp,
    /// As collateral the asset counts alone where there is something here, and what is owed against it is bounded by
    /// these ceilings: a denom without one can't be borrowed.
    pub isolation: Option<Vec<DebtCeiling>>,
    /// As debt the asset stands alone.
    pub siloed: bool,
    /// The rate model that was announced.
    pub next_rate_model: Option<NextRateModel>,
    /// How much may leave; no limit when there is none.
    pub outflow_limit: Option<OutflowLimit>,
}

/// Why parameters are refused. Each names the parameter, its value and what is allowed.
#[derive(Error, Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum ParamsError {
    /// Too many decimals.
    #[error("decimals {0} is above {DECIMALS_MAX}")]
    Decimals(u8),
    /// A share that is more than all, or more than may be taken.
    #[error("{name} {value} is above {max}")]
    ShareTooHigh { name: &'static str, value: Ratio, max: Ratio },
    /// A cap with which sums could leave their type.
    #[error("{name} {value} is above {CAP_MAX}")]
    CapTooHigh { name: &'static str, value: Amount },
    /// A new loan would be liquidatable at once.
    #[error("max_loan_to_value {max_loan_to_value} is not below liquidation_threshold {liquidation_threshold}")]
    LoanToValue { max_loan_to_value: Ratio, liquidation_threshold: Ratio },
    /// The bonus curve is upside down.
    #[error("liquidation_bonus.min {min} is above liquidation_bonus.max {max}")]
    BonusOrder { min: Ratio, max: Ratio },
    /// A sale that costs more than the least bonus.
    #[error("sale_cost {sale_cost} is above liquidation_bonus.min {min}")]
    SaleCost { sale_cost: Ratio, min: Ratio },
    /// The full bonus must be reached below health factor 1.
    #[error("liquidation_bonus.full_at {0} is not below 1")]
    BonusFullAt(Ratio),
    /// A liquidation could be split for profit, or lower the health factor: threshold × (1 + bonus.max) must be at most
    /// full_at.
    #[error("liquidation_threshold {threshold} x (1 + bonus {bonus}) is above liquidation_bonus.full_at {full_at}")]
    Splittable { threshold: Ratio, bonus: Ratio, full_at: Ratio },
    /// More ceilings than a message should read.
    #[error("{0} debt ceilings are more than {CEILINGS_MAX}")]
    Ceilings(usize),
    /// A debt that counts less than it is, or absurdly much.
    #[error("borrow_weight {0} is not between 1 and {BORROW_WEIGHT_MAX}")]
    BorrowWeight(Ratio),
    /// A ramp that is too fast or too slow.
    #[error("ramp of {0} seconds is not between {RAMP_MIN} and {RAMP_MAX}")]
    RampLength(u64),
    /// A ramp that is too steep: a threshold falls by at most [`RAMP_FALL_MAX`] in [`RAMP_MIN`].
    #[error("ramp from {from} to {to} takes at least {least} seconds, not {seconds}")]
    RampSlope { from: Ratio, to: Ratio, seconds: u64, least: u64 },
    /// An outflow limit that would be a stop, or none.
    #[error(
        "outflow_limit: share {} is not between {OUTFLOW_SHARE_MIN} and 1, window {} not between {OUTFLOW_WINDOW_MIN} and \
        {OUTFLOW_WINDOW_MAX}, or floor {} above {CAP_MAX}", .0.share, .0.window, .0.floor
    )]
    OutflowLimit(OutflowLimit),
    /// The rate model is out of range.
    #[error(transparent)]
    RateModel(#[from] RateModelError),
}

impl BonusCurve {
    /// Checked against both ends of the ramp: splitting a liquidation never pays, and none lowers the health factor.
    fn validate(&self, threshold: &Ramp) -> Result<(), ParamsError> {
        let Self { min, max, full_at } = *self;
        if min > max {
            return Err(ParamsError::BonusOrder { min, max });
        }
        if full_at >= Ratio::ONE {
            return Err(ParamsError::BonusFullAt(full_at));
        }
        let highest = threshold.from.max(threshold.to);
        let carried = mul_div_up_128(highest.raw(), max.plus_one().raw(), ONE).map_or(Ratio::MAX, Ratio::new);
        if carried > full_at {
            return Err(ParamsError::Splittable { threshold: highest, bonus: max, full_at });
        }
        Ok(())
    }
}

impl AssetParams {
    /// The same parameters by another clock, which says `new` when the old one says `old`.
    pub fn at_other_clock(self, old: u64, new: u64) -> Self {
        Self {
            liquidation_threshold: self.liquidation_threshold.at_other_clock(old, new),
            borrow_weight: self.borrow_weight.at_other_clock(old, new),
            ..self
        }
    }

    /// The same parameters without ramps that have ended: nothing is judged by where they came from.
    pub fn with_ramps_ended(self, now: u64) -> Self {
        Self {
            liquidation_threshold: self.liquidation_threshold.ended(now),
            borrow_weight: self.borrow_weight.ended(now),
            ..self
        }
    }

    /// The rate model in force at this time.
    pub fn rate_model_at(&self, now: u64) -> &RateModel {
        match &self.next_rate_model {
            Some(next) if now >= next.effective_at => &next.rate_model,
            _ => &self.rate_model,
        }
    }

    /// The same parameters with another rate model from now on: at once where it is of the kind in force, else after
    /// [`RATE_MODEL_NOTICE`]. Either replaces what was announced.
    pub fn with_rate_model(self, rate_model: RateModel, now: u64) -> Self {
        let in_force = self.rate_model_at(now).clone();
        if in_force.is_of_kind(&rate_model) {
            return Self { rate_model, next_rate_model: None, ..self };
        }
        let effective_at = now.saturating_add(RATE_MODEL_NOTICE);
        Self { rate_model: in_force, next_rate_model: Some(NextRateModel { rate_model, effective_at }), ..self }
    }

    /// The same parameters, with the rate model in force as the one that stands first.
    pub fn with_rate_model_in_force(self, now: u64) -> Self {
        match self.next_rate_model {
            Some(next) if now >= next.effective_at => {
                Self { rate_model: next.rate_model, next_rate_model: None, ..self }
            }
            next_rate_model => Self { next_rate_model, ..self },
        }
    }

    /// Whether the parameters may be set. The error names the first that may not.
    pub fn validate(&self) -> Result<(), ParamsError> {
        if self.decimals > DECIMALS_MAX {
            return Err(ParamsError::Decimals(self.decimals));
        }
        for (name, value, max) in [
            ("liquidation_bonus.max", self.liquidation_bonus.max, Ratio::ONE),
            ("protocol_liquidation_fee", self.protocol_liquidation_fee, PROTOCOL_LIQUIDATION_FEE_MAX),
            ("reserve_factor", self.reserve_factor, Ratio::ONE),
            ("reserve_floor", self.reserve_floor, Ratio::ONE),
            ("flash_loan_fee", self.flash_loan_fee, Ratio::ONE),
            ("max_borrow_utilization", self.max_borrow_utilization, Ratio::ONE),
        ] {
            if value > max {
                return Err(ParamsError::ShareTooHigh { name, value, max });
            }
        }
        for (name, value) in [("supply_cap", self.supply_cap), ("borrow_cap", self.borrow_cap)] {
            if value > CAP_MAX {
                return Err(ParamsError::CapTooHigh { name, value });
            }
        }
        let ceilings = self.isolation.as_ref().map_or(0, Vec::len);
        if ceilings > CEILINGS_MAX {
            return Err(ParamsError::Ceilings(ceilings));
        }
        for weight in [self.borrow_weight.from, self.borrow_weight.to] {
            if !(Ratio::ONE..=BORROW_WEIGHT_MAX).contains(&weight) {
                return Err(ParamsError::BorrowWeight(weight));
            }
        }
        let lowest = self.liquidation_threshold.from.min(self.liquidation_threshold.to);
        // 0 and 0 is an asset that is lent but never collateral.
        if self.max_loan_to_value >= lowest && !(self.max_loan_to_value.is_zero() && lowest.is_zero()) {
            let max_loan_to_value = self.max_loan_to_value;
            return Err(ParamsError::LoanToValue { max_loan_to_value, liquidation_threshold: lowest });
        }
        self.liquidation_bonus.validate(&self.liquidation_threshold)?;
        let sale_cost = self.sale_cost;
        let min = self.liquidation_bonus.min;
        if sale_cost > min {
            return Err(ParamsError::SaleCost { sale_cost, min });
        }
        if let Some(next) = &self.next_rate_model {
            next.rate_model.validate()?;
        }
        if let Some(limit) = self.outflow_limit.filter(|limit| !limit.is_in_range() || limit.floor > CAP_MAX) {
            return Err(ParamsError::OutflowLimit(limit));
        }
        Ok(self.rate_model.validate()?)
    }
}
