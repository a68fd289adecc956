//! The median of several sources.

use plimsoll_risk::price::{Observation, PriceBand, median};

use crate::heard::Heard;

/// What the members of a median say.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The observations.
    seen: Vec<Observation>,
    /// All that was said, by members without an observation too.
    said: Option<PriceBand>,
}

impl Tally {
    /// Takes in what one member says. An observation that is too old is none.
    pub fn add(&mut self, heard: Heard, max_age: u64, now: u64) {
        if let Heard::Whole(seen) = heard {
            if now.saturating_sub(seen.time) > max_age {
                return;
            }
            self.seen.push(seen);
        }
        if let Some(said) = heard.band() {
            self.said = Some(self.said.map_or(said, |before| before.including(said)));
        }
    }

    /// How many members have an observation.
    pub const fn present(&self) -> usize {
        self.seen.len()
    }

    /// The median of the lows, the lower of the middle two, to the median of the highs, the upper of the middle two. Its
    /// time is that of the `minimum`-th newest observation. With fewer there is a part of an observation at most.
    pub fn middle(mut self, minimum: u8) -> Heard {
        let Some(extremes) = self.said else { return Heard::Nothing };
        self.seen.sort_unstable_by_key(|seen| std::cmp::Reverse(seen.time));
        let last = usize::from(minimum).saturating_sub(1);
        let low = median(self.seen.iter().map(|seen| seen.raw.low).collect());
        let high = median(self.seen.iter().map(|seen| seen.raw.high).collect());
        match (self.seen.get(last), low, high) {
            (Some(oldest), Some((low, _)), Some((_, high))) => {
                Heard::Whole(Observation { raw: PriceBand::between(low, high), extremes, time: oldest.time })
            }
            _ => Heard::Part(extremes),
        }
    }
}
