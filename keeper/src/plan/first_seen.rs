//! Since when each account is in trouble. Pure.

use std::collections::BTreeMap;

use plimsoll_schema::pool::AccountKey;

/// By account, the time of the first block of all those in a row at which something was to be done about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstSeen(BTreeMap<AccountKey, u64>);

impl FirstSeen {
    /// These accounts and no others are in trouble in a block of this time.
    pub fn see(&mut self, now: u64, actionable: impl IntoIterator<Item = AccountKey>) {
        let before = std::mem::take(&mut self.0);
        self.0 = actionable
            .into_iter()
            .map(|key| (before.get(&key).copied().unwrap_or(now), key))
            .map(|(s, k)| (k, s))
            .collect();
    }

    /// Since when, in seconds; `None` when it was not in trouble.
    pub fn since(&self, key: &AccountKey) -> Option<u64> {
        self.0.get(key).copied()
    }

    /// The earliest of these accounts' times; `None` when none of them was in trouble.
    pub fn oldest_of<'k>(&self, keys: impl IntoIterator<Item = &'k AccountKey>) -> Option<u64> {
        keys.into_iter().filter_map(|key| self.since(key)).min()
    }
}
