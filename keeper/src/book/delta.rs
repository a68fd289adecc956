//! What a step changed in the book, so that the file can follow.

use std::collections::BTreeSet;

use plimsoll_schema::pool::AccountKey;

/// What changed. Several steps add up to one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BookDelta {
    /// The whole book was read anew; nothing else need be named then.
    pub whole: bool,
    /// Accounts that were read again, whether they are still there or not.
    pub accounts: BTreeSet<AccountKey>,
    /// How many blocks were filled from their events, the newest not counted.
    pub filled: u64,
    /// Attributes of the pool's own events that name no account: left out, and counted.
    pub malformed: u64,
}

impl BookDelta {
    /// The book is another one altogether.
    pub fn whole() -> Self {
        Self { whole: true, ..Self::default() }
    }

    /// Adds what a later step changed.
    pub fn add(&mut self, later: Self) {
        self.whole |= later.whole;
        self.accounts.extend(later.accounts);
        self.filled = self.filled.saturating_add(later.filled);
        self.malformed = self.malformed.saturating_add(later.malformed);
    }
}
