//! The votes of a source's feeders, and the price that they make.

use plimsoll_risk::price::median;
use plimsoll_risk::units::Price;
use serde::{Deserialize, Serialize};

use crate::listing::Seat;

/// What a feeder said last.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// The price.
    pub price: Price,
    /// The time of the block in which he said it, in seconds.
    pub time: u64,
}

/// What the fresh votes of a source say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Their median, as the two prices between which it lies.
    pub between: (Price, Price),
    /// The time of the oldest vote in the quorum, in seconds.
    pub time: u64,
}

/// The votes of one source, in the order of its feeders. One record, so that a vote is one read and one write.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(transparent)]
pub struct Votes(Vec<Option<Vote>>);

impl Votes {
    /// Takes a feeder's vote in place of his last one.
    pub fn cast(&mut self, seat: Seat, vote: Vote) {
        self.0.resize(seat.feeders, None);
        if let Some(slot) = self.0.get_mut(seat.index) {
            *slot = Some(vote);
        }
    }

    /// The median of all votes at most `max_age` old, and the time of the oldest in the quorum: the `quorum`-th
    /// newest. `None` while fewer than `quorum` are that fresh.
    pub fn tally(&self, quorum: usize, max_age: u64, now: u64) -> Option<Tally> {
        let mut fresh: Vec<Vote> =
            self.0.iter().flatten().filter(|vote| now.saturating_sub(vote.time) <= max_age).copied().collect();
        fresh.sort_unstable_by_key(|vote| std::cmp::Reverse(vote.time));
        let time = fresh.get(quorum.checked_sub(1)?)?.time;
        let between = median(fresh.into_iter().map(|vote| vote.price).collect())?;
        Some(Tally { between, time })
    }
}
