//! This machine's clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// The time in seconds since 1970; 0 where the clock stands before that.
pub fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
