//! Whose transactions the chain has: the key's sequence against the journal.

use crate::chain::{Chain, Head};
use crate::error::{Error, Result};
use crate::tx::Executor;

/// So many blocks later the index is believed even where the key's sequence says that a transaction of it was included.
pub(super) const INDEX_LAG_MAX: u64 = 20;

/// What a key's next sequence may be. A transaction that came to nothing may have used its own up, or not: a block may hold one that failed before
/// that, for its timeout or its fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub least: u64,
    pub most: u64,
}

impl Next {
    /// This one.
    pub const fn is(sequence: u64) -> Self {
        Self { least: sequence, most: sequence }
    }

    /// After a transaction with this sequence: the next one if that `worked`, else perhaps the same.
    pub const fn after(sequence: u64, worked: bool) -> Self {
        let most = sequence.saturating_add(1);
        Self { least: if worked { most } else { sequence }, most }
    }

    /// Whether it may be this one.
    pub const fn may_be(self, sequence: u64) -> bool {
        self.least <= sequence && sequence <= self.most
    }
}

impl<C: Chain> Executor<C> {
    /// An error when the chain has transactions of this key that aren't in the journal: somebody else sends with it.
    pub async fn watch(&mut self, head: &Head) -> Result<()> {
        let Some(found) = self.chain.sequence().await? else { return Ok(()) };
        if self.next.is_none() {
            let used = self.journal.used(&self.sender, &head.chain_id);
            self.least = used.map_or(0, |used| used.saturating_add(1));
        }
        let expected = match (self.in_flight(&head.chain_id), self.next) {
            (Some(intent), _) if self.resumed.contains(&intent.hash) => None,
            // It may be in a block already.
            (Some(intent), _) => intent.sequence.map(|sequence| sequence.saturating_add(1)),
            (None, None) => {
                let confirmed = self.chain.confirmed_sequence().await?;
                let perhaps = self.journal.perhaps_used(&self.sender, &head.chain_id);
                let most = perhaps.map_or(0, |sequence| sequence.saturating_add(1));
                let believed = confirmed.and_then(|found| self.believed(found, head));
                self.next = believed.map(|found| Next { least: found, most: found.max(most) });
                None
            }
            (None, Some(next)) => {
                if found == next.most {
                    self.next = Some(Next::is(found));
                }
                Some(next.most)
            }
        };
        match expected.filter(|expected| found > *expected) {
            Some(expected) => self.assert_own(expected, found).await,
            None => Ok(()),
        }
    }

    /// The first sequence that is heard, unless the journal knows of a later one: a node that is behind would make the next one look like
    /// somebody else's. A chain that goes on saying less is another one of that name, and believed.
    fn believed(&mut self, found: u64, head: &Head) -> Option<u64> {
        if found >= self.least {
            self.doubted = None;
            return Some(found);
        }
        let since = *self.doubted.get_or_insert(head.height);
        if head.height.saturating_sub(since) <= INDEX_LAG_MAX {
            return None;
        }
        tracing::warn!(found, journal = self.least, "the chain has fewer transactions of this key than the journal");
        self.least = found;
        Some(found)
    }

    /// An error when the sequence is higher than it can be by what this keeper has sent: one endpoint alone is not believed.
    pub(super) async fn assert_own(&self, expected: u64, found: u64) -> Result<()> {
        match self.chain.confirmed_sequence().await? {
            Some(found) if found > expected => Err(Error::KeyShared { address: self.sender.clone(), expected, found }),
            confirmed => {
                tracing::warn!(
                    sender = self.sender,
                    expected,
                    found,
                    ?confirmed,
                    "one endpoint alone says that sequence"
                );
                Ok(())
            }
        }
    }
}
