//! The published price of an asset, and the guards that stand between it and the ledger.
//!
//! The oracle writes one record per denom; whoever reads it (the pool reads it raw, the keeper too) applies the guards that
//! need a clock with the code below, so all see the same price at the same block.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::math::{ONE, mul_div_up_128};
use crate::units::{Price, Ratio};

/// The layout of [`PriceRecord`] that this code writes and reads.
pub const RECORD_VERSION: u8 = 1;
/// The highest price that a source may carry: 10¹⁸ of the quote currency a token.
pub const PRICE_MAX: Price = Price::new(ONE * ONE);

/// The most seconds that a price may live: a day. An older one says little of what a token is worth.
pub const MAX_AGE_MAX: u64 = 86_400;
/// The most seconds from one step to the next: an hour. With more, the mid price could not follow a crash.
pub const STEP_INTERVAL_MAX: u64 = 3_600;

/// The limits that a source's prices are held to.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Guards {
    /// Seconds after which a price is too old; at most [`MAX_AGE_MAX`]. `None` only for a fixed price, which does not age.
    pub max_age: Option<u64>,
    /// Prices below this are refused; what a debt counts at in liquidation while its price fails.
    pub floor: Price,
    /// Prices above this are refused; what a collateral counts at in liquidation while its price fails.
    pub ceiling: Price,
    /// How far the mid price may move in one step.
    pub max_deviation: Ratio,
    /// Seconds from one step to the next; at most [`STEP_INTERVAL_MAX`].
    pub step_interval: u64,
    /// How much `low` and `high` have widened when a price reaches its maximum age.
    pub age_spread: Ratio,
}

/// Why guards are refused.
#[derive(Error, Debug, Clone, PartialEq, Eq)]
pub enum GuardsError {
    /// The bounds are upside down or out of range.
    #[error("guards: floor {floor} and ceiling {ceiling} must satisfy 0 < floor <= ceiling <= {PRICE_MAX}")]
    Bounds {
        /// The lower bound asked for.
        floor: Price,
        /// The upper bound asked for.
        ceiling: Price,
    },
    /// A step of nothing would freeze the price, and a step of more than all lets any price through downwards.
    #[error("guards: max_deviation {0} must be above 0 and at most 1")]
    MaxDeviation(Ratio),
    /// A spread of all would make `low` 0.
    #[error("guards: age_spread {0} must be below 1")]
    AgeSpread(Ratio),
    /// A price that is too old at once, or lives so long that it is nobody's.
    #[error("guards: max_age {0} must be above 0 and at most {MAX_AGE_MAX}")]
    MaxAge(u64),
    /// Steps so far apart that the mid price stands still.
    #[error("guards: step_interval {0} must be at most {STEP_INTERVAL_MAX}")]
    StepInterval(u64),
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
        Ok(())
    }
}

/// A price that passed its guards: the middle for liquidation, the edges for borrowing.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// What liquidation goes by.
    pub mid: Price,
    /// What collateral is lent against.
    pub low: Price,
    /// What debt is counted at when more is lent.
    pub high: Price,
}

/// The guard that a price failed.
#[derive(Error, Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum PriceFault {
    /// There is no price, or its source was replaced and has not published yet.
    #[error("no price is published")]
    Missing {},
    /// The price is too old.
    #[error("price is {age} s old, at most {max_age} s are allowed")]
    Stale {
        /// Its age in seconds.
        age: u64,
        /// The most that is allowed.
        max_age: u64,
    },
    /// The price lies outside its hard bounds.
    #[error("price {price} is outside {floor} to {ceiling}")]
    OutOfBounds {
        /// The price.
        price: Price,
        /// The lower bound.
        floor: Price,
        /// The upper bound.
        ceiling: Price,
    },
    /// The record was written by a newer contract.
    #[error("price record has version {version}, this code reads {RECORD_VERSION}")]
    Version {
        /// The version found.
        version: u8,
    },
}

/// The latest price of a denom, as the oracle stores it.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct PriceRecord {
    /// Which layout this is.
    pub version: u8,
    /// How often the source was replaced.
    pub generation: u32,
    /// The mid price, which follows the raw price at most one step an interval.
    pub price: Price,
    /// The lower of mid and raw price.
    pub low: Price,
    /// The higher of mid and raw price.
    pub high: Price,
    /// When it was observed, in seconds: the time of the oldest vote in the quorum, or of the oldest price that a live one is made of; 0
    /// while nothing is published.
    pub timestamp: u64,
    /// The mid price at the start of the present step.
    pub anchor: Price,
    /// When the present step started.
    pub anchored_at: u64,
    /// The limits.
    pub guards: Guards,
}

impl PriceRecord {
    /// A record without a price: what a source starts with.
    pub const fn unpublished(generation: u32, guards: Guards) -> Self {
        Self {
            version: RECORD_VERSION,
            generation,
            price: Price::ZERO,
            low: Price::ZERO,
            high: Price::ZERO,
            timestamp: 0,
            anchor: Price::ZERO,
            anchored_at: 0,
            guards,
        }
    }

    /// Takes in a raw price observed at `timestamp`; see [`PriceRecord::publish_between`].
    pub fn publish(&mut self, raw: Price, timestamp: u64, now: u64) -> Result<(), PriceFault> {
        self.publish_between((raw, raw), timestamp, now)
    }

    /// Takes in a raw price that is known to lie between two, observed at `timestamp`: the mid price goes no further than it must to
    /// be between them, so of two disagreeing votes neither alone can move it. A move beyond `max_deviation` is not refused: the mid price follows it
    /// one step per interval, and `low`/`high` include it at once. Errors when it lies outside the hard bounds.
    pub fn publish_between(
        &mut self,
        (lower, upper): (Price, Price),
        timestamp: u64,
        now: u64,
    ) -> Result<(), PriceFault> {
        let raw = if self.timestamp == 0 { lower } else { self.price.max(lower).min(upper.max(lower)) };
        self.publish_within(raw, (lower, upper), timestamp, now)
    }

    /// Takes in a raw price observed at `timestamp`, and two that it lies between, which `low` and `high` include at once. The mid price
    /// follows the raw one, a move beyond `max_deviation` one step per interval. Errors when one of them lies outside the hard bounds.
    pub fn publish_within(
        &mut self,
        raw: Price,
        (lower, upper): (Price, Price),
        timestamp: u64,
        now: u64,
    ) -> Result<(), PriceFault> {
        let Guards { floor, ceiling, max_deviation, step_interval, .. } = self.guards;
        for price in [lower, upper, raw] {
            if price < floor || price > ceiling {
                return Err(PriceFault::OutOfBounds { price, floor, ceiling });
            }
        }
        let first = self.timestamp == 0;
        if first {
            self.price = raw;
        }
        if first || now.saturating_sub(self.anchored_at) >= step_interval {
            self.anchor = self.price;
            self.anchored_at = now;
        }
        let lowest = self.anchor.share_up(Ratio::ONE.saturating_sub(max_deviation));
        let highest = self.anchor.share_down(max_deviation.plus_one());
        self.price = raw.clamp(lowest.min(self.anchor), highest.max(self.anchor));
        self.low = self.price.min(lower);
        self.high = self.price.max(upper);
        // A time from the future would never grow old.
        self.timestamp = timestamp.min(now).max(self.timestamp);
        Ok(())
    }

    /// The price at this time, its edges widened by its age, or the guard that it fails.
    pub fn quote(&self, now: u64) -> Result<Quote, PriceFault> {
        if self.version != RECORD_VERSION {
            return Err(PriceFault::Version { version: self.version });
        }
        if self.timestamp == 0 {
            return Err(PriceFault::Missing {});
        }
        let Guards { max_age, floor, ceiling, age_spread, .. } = self.guards;
        if self.price < floor || self.price > ceiling {
            return Err(PriceFault::OutOfBounds { price: self.price, floor, ceiling });
        }
        let Some(max_age) = max_age else {
            return Ok(Quote { mid: self.price, low: self.low, high: self.high });
        };
        let age = now.saturating_sub(self.timestamp);
        if age > max_age {
            return Err(PriceFault::Stale { age, max_age });
        }
        let spread =
            mul_div_up_128(age_spread.raw(), u128::from(age), u128::from(max_age)).map_or(age_spread, Ratio::new);
        Ok(Quote {
            mid: self.price,
            low: self.low.share_down(Ratio::ONE.saturating_sub(spread)),
            high: self.high.share_up(spread.plus_one()),
        })
    }

    /// The price as health and liquidation take it.
    pub fn mark(&self, now: u64) -> Mark {
        Mark { quote: self.quote(now), floor: self.guards.floor, ceiling: self.guards.ceiling }
    }
}

/// A price, or the reason why there is none together with the bounds that stand in for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The price, or the guard that it failed.
    pub quote: Result<Quote, PriceFault>,
    /// The hard lower bound.
    pub floor: Price,
    /// The hard upper bound.
    pub ceiling: Price,
}

impl Mark {
    /// Where not even a record exists: nothing is known, so nothing is ruled out.
    pub const fn unknown() -> Self {
        Self { quote: Err(PriceFault::Missing {}), floor: Price::ZERO, ceiling: PRICE_MAX }
    }

    /// What a collateral counts at in liquidation: mid, or the hard upper bound, so that a failing price never makes an
    /// account liquidatable.
    pub fn collateral(&self) -> Price {
        self.quote.as_ref().map_or(self.ceiling, |q| q.mid)
    }

    /// What a debt counts at in liquidation: mid, or the hard lower bound.
    pub fn debt(&self) -> Price {
        self.quote.as_ref().map_or(self.floor, |q| q.mid)
    }
}

/// The median of some prices, as the two between which it lies: twice the middle one of an odd number, the middle two of an even
/// number. `None` of none.
pub fn median(mut prices: Vec<Price>) -> Option<(Price, Price)> {
    prices.sort_unstable();
    let half = prices.len().checked_div(2)?;
    let upper = prices.get(half).copied()?;
    if prices.len().checked_rem(2)? == 1 {
        return Some((upper, upper));
    }
    Some((prices.get(half.checked_sub(1)?).copied()?, upper))
}
