//! The cap on how fast a redemption rate may grow.
//!
//! A rate is compared with what it was a day or two ago, plus the growth that the cap allows since then. What is above
//! that is not lent against. A rate that fell becomes the new base only once it has stayed low for a whole day, so that
//! one wrong answer doesn't hold the rate down for months.

use serde::{Deserialize, Serialize};

use crate::math::mul_div_down_128;
use crate::price_band::PRICE_MAX;
use crate::units::{Price, Ratio};

/// Seconds after which the base is taken anew: a day.
pub const GROWTH_PERIOD: u64 = 86_400;

/// What a rate's growth is measured from.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// The highest rate that counted in the period before, or the first one of all.
    pub base: Price,
    /// When the present period began, in seconds.
    pub since: u64,
    /// The highest rate that counted in the present period.
    pub peak: Price,
}

impl Growth {
    /// From the first rate of all.
    pub const fn start(rate: Price, now: u64) -> Self {
        Self { base: rate, since: now, peak: rate }
    }

    /// The highest rate that counts at this time: the base, grown by `max_growth` a day in a straight line, rounded
    /// down; at most [`PRICE_MAX`].
    pub fn allowed_down(&self, max_growth: Ratio, now: u64) -> Price {
        let elapsed = now.saturating_sub(self.since);
        let grown = mul_div_down_128(max_growth.raw(), u128::from(elapsed), u128::from(GROWTH_PERIOD));
        let share = grown.map_or(Ratio::new(u128::MAX), Ratio::new).plus_one();
        self.base.share_down(share).min(PRICE_MAX)
    }

    /// Takes in a rate that was told, and answers what counts of it: no more than is allowed.
    pub fn take_down(&mut self, told: Price, max_growth: Ratio, now: u64) -> Price {
        let counted = told.min(self.allowed_down(max_growth, now));
        let peak = self.peak.max(counted);
        *self = if now.saturating_sub(self.since) >= GROWTH_PERIOD {
            Self { base: peak, since: now, peak: counted }
        } else {
            Self { peak, ..*self }
        };
        counted
    }
}
