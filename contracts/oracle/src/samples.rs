//! What was seen of a pair, and the intervals over which its price is averaged.

use plimsoll_risk::twap::Sample;
use serde::{Deserialize, Serialize};

/// So many intervals are averaged when there are as many.
const INTERVALS_MAX: usize = 5;
/// With fewer there is no price: one bend of the pair could decide.
pub const INTERVALS_MIN: usize = 4;
/// A sample is taken every so manieth part of the window.
const EVERY: u64 = 4;

/// One look at a pair.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its cumulative prices.
    pub sample: Sample,
    /// Whether the pair held less than its least reserves, then or at any message before the next look.
    pub was_thin: bool,
}

/// Looks at a pair, the oldest first; as many as bound [`INTERVALS_MAX`] intervals.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(transparent)]
pub struct Samples(Vec<Look>);

impl FromIterator<Look> for Samples {
    fn from_iter<T: IntoIterator<Item = Look>>(looks: T) -> Self {
        Self(looks.into_iter().collect())
    }
}

impl Samples {
    /// Takes a look in, once the last one is a quarter of the window old. Before that it is only noted that the pair is
    /// thin.
    pub fn take(&mut self, look: Look, window: u64) {
        let due = window.div_ceil(EVERY);
        match self.0.last_mut() {
            Some(last) if look.sample.time.saturating_sub(last.sample.time) < due => last.was_thin |= look.was_thin,
            _ => {
                if self.0.len() > INTERVALS_MAX {
                    self.0.remove(0);
                }
                self.0.push(look);
            }
        }
    }

    /// Whether the pair was ever seen thin in the time that is averaged. Its price cost nothing to move then, and depth
    /// that is lent for one message later doesn't change that.
    pub fn were_thin(&self) -> bool {
        self.0.iter().any(|look| look.was_thin)
    }

    /// The last intervals between samples, the newest first, back to one that is longer than half of the window.
    pub fn intervals(&self, window: u64) -> impl Iterator<Item = (&Sample, &Sample)> {
        let half = window.checked_div(2).unwrap_or_default();
        let short = move |(then, now): &(&Sample, &Sample)| now.time.saturating_sub(then.time) <= half;
        let samples = || self.0.iter().map(|look| &look.sample);
        samples().zip(samples().skip(1)).rev().take_while(short).take(INTERVALS_MAX)
    }
}
