//! How long transactions take. Pure: time comes from outside.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// So many are remembered; one more forgets the oldest.
const MOST: usize = 1_000;

/// By hash: when the block was seen that called for it, and when it was sent.
#[derive(Clone, Debug, Default)]
pub struct Flights(BTreeMap<String, (Instant, Instant)>);

impl Flights {
    /// It was sent.
    pub fn sent(&mut self, hash: &str, detected: Instant, submitted: Instant) {
        if self.0.len() >= MOST {
            let oldest = self.0.iter().min_by_key(|(_, times)| times.1).map(|(hash, _)| hash.clone());
            oldest.map(|hash| self.0.remove(&hash));
        }
        self.0.insert(hash.to_owned(), (detected, submitted));
    }

    /// It is known what became of it: the time since it was sent, and since the block was seen. `None` when it was sent
    /// before this start.
    pub fn landed(&mut self, hash: &str, now: Instant) -> Option<(Duration, Duration)> {
        let (detected, submitted) = self.0.remove(hash)?;
        Some((now.saturating_duration_since(submitted), now.saturating_duration_since(detected)))
    }
}
