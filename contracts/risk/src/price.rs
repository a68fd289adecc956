//! The published price of a denom: the last observation, and the settled price that follows it at limited speed.
//!
//! The oracle writes one record per denom. Whoever reads it (the pool reads it raw, the keeper too) applies what needs
//! a clock with the code here and in [`crate::mark`], so all see the same price at the same block.
//!
//! No observation is refused for what it says. Borrowing counts the worst of all that was observed, at once;
//! liquidation counts the settled price, which nobody can move faster than the guards allow. So a wrong observation
//! neither lends nor liquidates.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use crate::guards::{
    BOUND_HOLD_MAX, FEED_SPEED, Guards, GuardsError, LIVE_SPEED, MAX_AGE_MAX, SPEED_TOLD, STEP_INTERVAL_MAX,
};
pub use crate::price_band::{PRICE_MAX, PRICE_MIN, PriceBand};
use crate::units::{Price, Ratio};

/// The layout of [`PriceRecord`] that this code writes and reads.
pub const RECORD_VERSION: u8 = 2;

/// Why a denom is silent: there is no price to lend against, and none to exchange at in a liquidation.
#[derive(Error, Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum PriceFault {
    /// Nothing was ever observed, or nothing since the source was replaced.
    #[error("no price is published")]
    Missing {},
    /// The last observation is too old.
    #[error("price is {age} s old, at most {max_age} s are allowed")]
    Stale {
        /// Its age in seconds.
        age: u64,
        /// The most that is allowed.
        max_age: u64,
    },
    /// The source was asked in this very message, and gave no price.
    #[error("its source gives no price at this block")]
    Unanswered {},
    /// The record was written by a newer contract.
    #[error("price record has version {version}, this code reads {RECORD_VERSION}")]
    Version {
        /// The version found.
        version: u8,
    },
}

/// What a source says at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// What counts for liquidation: the median of the votes, or of a pair's averages.
    pub raw: PriceBand,
    /// All that was said, for borrowing: newer votes, the price at a pair's reserves, the bounds of a pair that is too
    /// thin.
    pub extremes: PriceBand,
    /// When it was observed, in seconds.
    pub time: u64,
}

/// The latest price of a denom, as the oracle stores it. With a `quote` every price in it is a *rate*, in whole tokens
/// of that denom, and the quote's own record is applied when it is read ([`crate::mark::MarkPrice`]).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct PriceRecord {
    /// The layout, [`RECORD_VERSION`].
    pub version: u8,
    /// How often the source was replaced.
    pub generation: u32,
    /// The denom in which the price is quoted; `None` for the quote currency itself.
    pub quote: Option<String>,
    /// The averaging window of a live source, in seconds; 0 for a source that is fed.
    pub window: u64,
    /// The settled price at `anchored_at`; 0 while nothing was ever observed.
    pub settled: Price,
    /// When the present step of the settled price began, in seconds.
    pub anchored_at: u64,
    /// The last observation that counts for liquidation.
    pub raw: PriceBand,
    /// The extremes of the last observation, for borrowing.
    pub extremes: PriceBand,
    /// When the last observation was made, in seconds: for a feed the time of the oldest vote in the quorum.
    pub timestamp: u64,
    /// Whether the source was replaced, and nothing was observed since.
    pub awaiting: bool,
    /// Since when every observation lay beyond the same bound, in seconds; 0 when the last one didn't.
    pub beyond_since: u64,
    /// The oracle's lost seconds at the last observation ([`crate::heartbeat::Heartbeat`]).
    pub lost_seconds: u64,
    /// The limits.
    pub guards: Guards,
}

/// Beyond which bound a whole observation lies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beyond {
    Floor,
    Ceiling,
}

impl PriceRecord {
    /// A record without a price: what a denom's first source starts with.
    pub const fn unpublished(generation: u32, quote: Option<String>, window: u64, guards: Guards) -> Self {
        let nothing = PriceBand { low: Price::ZERO, high: Price::ZERO };
        Self {
            version: RECORD_VERSION,
            generation,
            quote,
            window,
            settled: Price::ZERO,
            anchored_at: 0,
            raw: nothing,
            extremes: nothing,
            timestamp: 0,
            awaiting: true,
            beyond_since: 0,
            lost_seconds: 0,
            guards,
        }
    }

    /// Whether anything was ever observed.
    pub const fn was_observed(&self) -> bool {
        !self.settled.is_zero()
    }

    /// Takes in an observation. The settled price moves first, under the observation before; the first one of all is
    /// where it starts, at the lower end. Nothing is refused for what it says.
    pub fn observe(&mut self, seen: &Observation, now: u64, lost_seconds: u64) {
        let beyond_before = self.beyond();
        if self.was_observed() {
            let (settled, anchored_at) = self.settle(now);
            self.settled = settled;
            self.anchored_at = anchored_at;
            self.forget_time_before(now);
        } else {
            self.settled = seen.raw.low;
            self.anchored_at = now;
        }
        self.raw = seen.raw;
        self.extremes = seen.extremes.including(seen.raw);
        // A time from the future would never grow old.
        self.timestamp = seen.time.min(now).max(self.timestamp);
        self.awaiting = false;
        self.lost_seconds = lost_seconds;
        self.note_beyond(beyond_before, now);
    }

    /// Includes a price in the extremes that borrowing counts, without a new observation: a vote that makes no quorum.
    pub fn widen(&mut self, said: PriceBand) {
        self.extremes = self.extremes.including(said);
    }

    /// The record of a source that replaces this one: silent until its first observation, the settled price its anchor.
    /// `settled` is that price in the unit of the new source.
    pub fn replaced_by(
        &self,
        generation: u32,
        quote: Option<String>,
        window: u64,
        guards: Guards,
        settled: Price,
        now: u64,
    ) -> Self {
        if !self.was_observed() {
            return Self::unpublished(generation, quote, window, guards);
        }
        let anchor = PriceBand::at(settled);
        // A price that doesn't age is of now at any time.
        let timestamp = if self.guards.max_age.is_some() { self.timestamp } else { now };
        Self {
            generation,
            quote,
            window,
            settled: anchor.low,
            anchored_at: now,
            raw: anchor,
            extremes: anchor,
            timestamp,
            awaiting: true,
            beyond_since: 0,
            guards,
            ..self.clone()
        }
    }

    /// The record with other guards: the settled price is brought up to now under the old ones, and all else stays. No
    /// time from before counts toward a shorter step.
    pub fn with_guards(mut self, guards: Guards, now: u64) -> Self {
        let beyond_before = self.beyond();
        if self.was_observed() {
            let (settled, anchored_at) = self.settle(now);
            self.settled = settled;
            self.anchored_at = anchored_at;
        }
        self.guards = guards;
        if self.was_observed() {
            self.forget_time_before(now);
            self.note_beyond(beyond_before, now);
        }
        self
    }

    /// The settled price at this time: that of `anchored_at`, moved by one step an interval toward the nearest edge of
    /// the last observation, and not at all inside it. It follows no observation that has grown too old.
    pub fn settled_at(&self, now: u64) -> Price {
        self.settle(now).0
    }

    /// Why the denom is silent at this time, if it is.
    pub fn fault(&self, now: u64) -> Option<PriceFault> {
        if self.version != RECORD_VERSION {
            return Some(PriceFault::Version { version: self.version });
        }
        if self.awaiting || !self.was_observed() {
            return Some(PriceFault::Missing {});
        }
        let age = now.saturating_sub(self.timestamp);
        let max_age = self.guards.max_age?;
        (age > max_age).then_some(PriceFault::Stale { age, max_age })
    }

    /// Lets the present step have begun less than an interval ago: what is observed now moves the settled price later,
    /// however long nothing was observed before.
    fn forget_time_before(&mut self, now: u64) {
        let interval = self.guards.step_interval;
        self.anchored_at = self.anchored_at.max(now.saturating_sub(interval.saturating_sub(1)));
    }

    /// Notes since when observations lie beyond the same bound.
    fn note_beyond(&mut self, before: Option<Beyond>, now: u64) {
        let still_beyond = self.beyond_since > 0 && self.beyond() == before;
        self.beyond_since = match self.beyond() {
            None => 0,
            Some(_) if still_beyond => self.beyond_since,
            Some(_) => now,
        };
    }

    /// The settled price at this time, and when its present step began. Each step is a multiplication, so that two ways
    /// through the same steps end at the same price.
    fn settle(&self, now: u64) -> (Price, u64) {
        let until = self.guards.max_age.map_or(now, |max_age| now.min(self.timestamp.saturating_add(max_age)));
        let interval = self.guards.step_interval;
        if interval == 0 {
            return (self.nearest(self.settled, until), until.max(self.anchored_at));
        }
        let steps = until.saturating_sub(self.anchored_at).checked_div(interval).unwrap_or_default();
        let mut settled = self.settled;
        let mut at = self.anchored_at;
        for _ in 0..steps {
            at = at.saturating_add(interval);
            let next = self.toward(settled, at, self.guards.max_deviation);
            if next == settled && !self.is_held(at) {
                break;
            }
            settled = next;
        }
        (settled, self.anchored_at.saturating_add(steps.saturating_mul(interval)))
    }

    /// One step from `settled`, not past where it is heading. Rounded away from `settled`, so that the smallest price
    /// still moves.
    fn toward(&self, settled: Price, at: u64, deviation: Ratio) -> Price {
        let nearest = self.nearest(settled, at);
        if nearest < settled {
            settled.share_down(Ratio::ONE.saturating_sub(deviation)).max(nearest)
        } else {
            settled.share_up(deviation.plus_one()).min(nearest)
        }
    }

    /// Where `settled` is heading: the nearest edge of the observation, or a bound that holds at that time; itself
    /// inside.
    fn nearest(&self, settled: Price, at: u64) -> Price {
        let held = self.is_held(at);
        if settled > self.raw.high {
            let bound = if held { self.guards.floor } else { Price::ZERO };
            self.raw.high.max(bound).min(settled)
        } else if settled < self.raw.low {
            let bound = if held { self.guards.ceiling } else { Price::MAX };
            self.raw.low.min(bound).max(settled)
        } else {
            settled
        }
    }

    /// Whether the bounds hold the settled price at this time.
    fn is_held(&self, at: u64) -> bool {
        self.beyond_since > 0 && at < self.beyond_since.saturating_add(self.guards.bound_hold)
    }

    fn beyond(&self) -> Option<Beyond> {
        if self.raw.high < self.guards.floor {
            Some(Beyond::Floor)
        } else if self.raw.low > self.guards.ceiling {
            Some(Beyond::Ceiling)
        } else {
            None
        }
    }
}

/// The median of some prices, as the two between which it lies: twice the middle one of an odd number, the middle two
/// of an even number. `None` of none.
pub fn median(mut prices: Vec<Price>) -> Option<(Price, Price)> {
    prices.sort_unstable();
    let half = prices.len().checked_div(2)?;
    let upper = prices.get(half).copied()?;
    if prices.len().checked_rem(2)? == 1 {
        return Some((upper, upper));
    }
    Some((prices.get(half.checked_sub(1)?).copied()?, upper))
}
