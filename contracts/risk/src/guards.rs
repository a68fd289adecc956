//! The limits that a source's prices are held to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::math::ONE;
use crate::price_band::PRICE_MAX;
use crate::units::{Price, Ratio};

/// The most seconds that a price may live: a day. An older one says little of what a token is worth.
pub const MAX_AGE_MAX: u64 = 86_400;
/// The most seconds from one step to the next: an hour. With more, the settled price could not follow a crash.
pub const STEP_INTERVAL_MAX: u64 = 3_600;
/// The most seconds for which a bound holds the settled price: an hour. A price that stays beyond it for longer is the
/// price.
pub const BOUND_HOLD_MAX: u64 = 3_600;
/// The least and the most seconds in which a fed settled price may fall to a half in production.
pub const FEED_SPEED: (u64, u64) = (60, 300);
/// The same of a live source's: anyone chooses when it is published, and a pair costs less to bend than feeders.
pub const LIVE_SPEED: (u64, u64) = (120, 900);
/// So far the time is told in which a settled price halves: a day.
pub const SPEED_TOLD: u64 = 86_400;

/// The limits that a source's prices are held to.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Guards {
    /// Seconds after which a price is too old; at most [`MAX_AGE_MAX`]. `None` only for a fixed price, which does not
    /// age.
    pub max_age: Option<u64>,
    /// The settled price falls below this only once everything observed has been below it for `bound_hold`. The low
    /// edge of a pair that is too thin.
    pub floor: Price,
    /// The settled price rises above this only once everything observed has been above it for `bound_hold`. The high
    /// edge of a pair that is too thin.
    pub ceiling: Price,
    /// Seconds for which the bounds hold the settled price; at most [`BOUND_HOLD_MAX`].
    pub bound_hold: u64,
    /// How far the settled price moves in one step.
    pub max_deviation: Ratio,
    /// Seconds from one step to the next; at most [`STEP_INTERVAL_MAX`]. 0 sets no limit to the settled price's speed.
    pub step_interval: u64,
    /// How much `low` and `high` have widened when a price reaches its maximum age.
    pub age_spread: Ratio,
}

/// Why guards are refused.
#[derive(Error, Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum GuardsError {
    /// The bounds are upside down or out of range.
    #[error("guards: floor {floor} and ceiling {ceiling} must satisfy 0 < floor <= ceiling <= {PRICE_MAX}")]
    Bounds { floor: Price, ceiling: Price },
    /// A step of nothing would freeze the price, and a step of more than all lets any price through downwards.
    #[error("guards: max_deviation {0} must be above 0 and at most 1")]
    MaxDeviation(Ratio),
    /// A spread of all would make `low` 0.
    #[error("guards: age_spread {0} must be below 1")]
    AgeSpread(Ratio),
    /// A price that is too old at once, or lives so long that it is nobody's.
    #[error("guards: max_age {0} must be above 0 and at most {MAX_AGE_MAX}")]
    MaxAge(u64),
    /// Steps so far apart that the settled price stands still.
    #[error("guards: step_interval {0} must be at most {STEP_INTERVAL_MAX}")]
    StepInterval(u64),
    /// Bounds that hold for too long.
    #[error("guards: bound_hold {0} must be at most {BOUND_HOLD_MAX}")]
    BoundHold(u64),
}

impl Guards {
    /// Whether the guards may be set.
    pub fn validate(&self) -> Result<(), GuardsError> {
        if self.floor.is_zero() || self.floor > self.ceiling || self.ceiling > PRICE_MAX {
            return Err(GuardsError::Bounds { floor: self.floor, ceiling: self.ceiling });
        }
        if self.max_deviation.is_zero() || self.max_deviation > Ratio::ONE {
            return Err(GuardsError::MaxDeviation(self.max_deviation));
        }
        if self.age_spread >= Ratio::ONE {
            return Err(GuardsError::AgeSpread(self.age_spread));
        }
        if let Some(max_age) = self.max_age.filter(|max_age| !(1..=MAX_AGE_MAX).contains(max_age)) {
            return Err(GuardsError::MaxAge(max_age));
        }
        if self.step_interval > STEP_INTERVAL_MAX {
            return Err(GuardsError::StepInterval(self.step_interval));
        }
        if self.bound_hold > BOUND_HOLD_MAX {
            return Err(GuardsError::BoundHold(self.bound_hold));
        }
        Ok(())
    }

    /// Seconds in which the settled price can fall to a half: `⌈ln 0.5 / ln(1 − d)⌉ × step_interval`, found by halving
    /// step by step. [`u64::MAX`] when that is more than `most`.
    pub fn halving_seconds(&self, most: u64) -> u64 {
        if self.step_interval == 0 {
            return 0;
        }
        let kept = Ratio::ONE.saturating_sub(self.max_deviation);
        let mut left = Price::new(ONE);
        let mut seconds = 0u64;
        while left > Price::new(ONE / 2) {
            seconds = seconds.saturating_add(self.step_interval);
            if seconds > most {
                return u64::MAX;
            }
            left = left.share_up(kept);
        }
        seconds
    }
}
