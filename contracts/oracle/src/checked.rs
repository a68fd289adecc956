//! What a second source says, and when the settled price last stood because of it.

use plimsoll_risk::price::{Observation, PriceBand};
use plimsoll_risk::units::Ratio;
use serde::{Deserialize, Serialize};

/// Seconds from one hold to the next: a day. Whoever can bend one of two sources stops liquidation no more than that.
pub const HOLD_REST: u64 = 86_400;

/// What a second source was last heard to say.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What would count for liquidation.
    pub raw: PriceBand,
    /// All that was said.
    pub extremes: PriceBand,
    /// When it was observed, in seconds.
    pub time: u64,
    /// Whether the two were apart at the last comparison.
    pub diverges: bool,
    /// When the settled price last began to stand, in seconds; 0 when it never did.
    pub held_since: u64,
}

impl Checked {
    /// From the first observation of all.
    pub const fn first(seen: &Observation) -> Self {
        Self { raw: seen.raw, extremes: seen.extremes, time: seen.time, diverges: false, held_since: 0 }
    }

    /// With another observation.
    pub fn renewed(self, seen: &Observation) -> Self {
        Self { raw: seen.raw, extremes: seen.extremes, time: seen.time.max(self.time), ..self }
    }

    /// The last observation.
    pub const fn observation(&self) -> Observation {
        Observation { raw: self.raw, extremes: self.extremes, time: self.time }
    }

    /// Notes whether the two are apart now. A hold begins when they come apart, and a day after the last one at the
    /// earliest.
    pub fn note(&mut self, diverges: bool, now: u64) {
        let is_rested = self.held_since == 0 || now.saturating_sub(self.held_since) >= HOLD_REST;
        if diverges && !self.diverges && is_rested {
            self.held_since = now;
        }
        self.diverges = diverges;
    }

    /// Whether the settled price stands now.
    pub const fn holds(&self, hold: u64, now: u64) -> bool {
        self.diverges && self.held_since > 0 && now.saturating_sub(self.held_since) < hold
    }
}

/// Whether two bands are further apart than this share of the lower one.
pub fn are_apart(one: PriceBand, other: PriceBand, max_divergence: Ratio) -> bool {
    let reach = |price: PriceBand| price.high.share_up(max_divergence.plus_one());
    one.low > reach(other) || other.low > reach(one)
}
