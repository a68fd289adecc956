//! What a source says.

use plimsoll_risk::price::{Observation, PriceBand};

/// What a source says.
#[derive(Clone, Copy, Debug)]
pub enum Heard {
    /// What counts only together with what others say later: a vote for one member of a median whose unit is unknown
    /// now.
    Nothing,
    /// Less than an observation: a vote without a quorum, the price of a pair that was not watched for long enough.
    Part(PriceBand),
    /// An observation.
    Whole(Observation),
}

impl Heard {
    /// All that was said.
    pub fn band(&self) -> Option<PriceBand> {
        match self {
            Self::Nothing => None,
            Self::Part(said) => Some(*said),
            Self::Whole(seen) => Some(seen.extremes.including(seen.raw)),
        }
    }
}
