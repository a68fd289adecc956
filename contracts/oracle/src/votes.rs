//! The votes of a source's feeders, and the price that they make.

use plimsoll_risk::price::{Observation, PriceBand, median};
use plimsoll_risk::units::Price;
use serde::{Deserialize, Serialize};

use crate::listing::Seat;

/// What a feeder said last.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// The price.
    pub price: Price,
    /// When it was observed, in seconds.
    pub time: u64,
}

/// The votes of one source, in the order of its feeders. One record, so that a vote is one read and one write.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(transparent)]
pub struct Votes(Vec<Option<Vote>>);

impl Votes {
    /// A feeder's last vote.
    pub fn of(&self, seat: Seat) -> Option<Vote> {
        self.0.get(seat.index).copied().flatten()
    }

    /// Takes a feeder's vote in place of their last one.
    pub fn cast(&mut self, seat: Seat, vote: Vote) {
        self.0.resize(seat.feeders, None);
        if let Some(slot) = self.0.get_mut(seat.index) {
            *slot = Some(vote);
        }
    }

    /// What the votes at most `max_age` old say together; `None` while they are fewer than `quorum`. Their median is
    /// the price; its time is that of the `quorum`-th newest. The extremes include each vote that is newer by more than
    /// `step_interval` than the oldest: who votes later may know what the others don't.
    pub fn observe(&self, quorum: usize, max_age: u64, step_interval: u64, now: u64) -> Option<Observation> {
        let is_valid = |vote: &&Vote| now.saturating_sub(vote.time) <= max_age;
        let mut valid: Vec<Vote> = self.0.iter().flatten().filter(is_valid).copied().collect();
        valid.sort_unstable_by_key(|vote| std::cmp::Reverse(vote.time));
        let time = valid.get(quorum.checked_sub(1)?)?.time;
        let oldest = valid.last()?.time;
        let (lower, upper) = median(valid.iter().map(|vote| vote.price).collect())?;
        let raw = PriceBand::between(lower, upper);
        let newer = valid.iter().filter(|vote| vote.time.saturating_sub(oldest) > step_interval);
        let extremes = newer.fold(raw, |band, vote| band.including(PriceBand::at(vote.price)));
        Some(Observation { raw, extremes, time })
    }
}
