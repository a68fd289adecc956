//! What was seen of a pair, and since when its price is averaged.

use plimsoll_risk::twap::Sample;
use serde::{Deserialize, Serialize};

/// So many samples are kept.
const KEPT: usize = 6;
/// A sample is taken every so manieth part of the window. The kept ones span more than a window even when another takes the oldest one's place,
/// so one of them may always begin an average, while there is a message at least every `max_window − window` seconds.
const EVERY: u64 = 4;

/// Samples of a pair, the oldest first. The averages since the later ones forget what the whole window's still remembers.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(transparent)]
pub struct Samples(Vec<Sample>);

impl Samples {
    /// Drops those that are more than `max_window` old.
    pub fn drop_old(&mut self, now: u64, max_window: u64) {
        self.0.retain(|sample| now.saturating_sub(sample.time) <= max_window);
    }

    /// The youngest sample at least `window` old, with which the average begins, and those taken after it, before `now`. `None` when there
    /// is none.
    pub fn since(&self, now: u64, window: u64) -> Option<(&Sample, impl Iterator<Item = &Sample>)> {
        let old = self.0.iter().filter(|sample| now.saturating_sub(sample.time) >= window).count();
        let start = self.0.get(old.checked_sub(1)?)?;
        Some((start, self.0.iter().skip(old).filter(move |sample| sample.time < now)))
    }

    /// Takes a sample in, once the last one is a quarter of the window old.
    pub fn take(&mut self, sample: Sample, window: u64) {
        if self.0.last().is_some_and(|last| sample.time.saturating_sub(last.time) < window.div_ceil(EVERY)) {
            return;
        }
        if self.0.len() >= KEPT {
            self.0.remove(0);
        }
        self.0.push(sample);
    }
}
