//! Since when each account is below health factor 1. Pure.

use std::collections::BTreeMap;

use plimsoll_schema::pool::AccountKey;

/// By account, the time of the block at which it was first seen below 1 without a pause since.
#[derive(Clone, Debug, Default)]
pub struct Ages(BTreeMap<AccountKey, u64>);

impl Ages {
    /// These and no others are below 1 in a block of this time, in seconds. Answers with the age of the oldest; 0 without any.
    pub fn at(&mut self, time: u64, below: Vec<AccountKey>) -> i64 {
        let mut before = std::mem::take(&mut self.0);
        let since = |key: AccountKey| {
            let since = before.remove(&key).unwrap_or(time);
            (key, since)
        };
        self.0 = below.into_iter().map(since).collect();
        let oldest = self.0.values().min().copied().unwrap_or(time);
        i64::try_from(time.saturating_sub(oldest)).unwrap_or(i64::MAX)
    }
}
