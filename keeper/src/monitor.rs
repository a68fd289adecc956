//! What the keeper shows of itself to the outside.

pub mod requests;

use std::time::{SystemTime, UNIX_EPOCH};

/// This machine's clock, in seconds.
pub fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
