//! The key's nonce, which the chain calls its sequence: what the next one may be, by the journal and by what the chain
//! says, and what is known of the transaction in flight. Pure but for [`Executor::watch`].

use std::collections::BTreeSet;

use crate::chain::{Chain, Head};
use crate::error::{Error, Result};
use crate::tx::Executor;

/// So many blocks later the index is believed even where the key's sequence says that a transaction of it was included.
pub(super) const INDEX_LAG_MAX: u64 = 20;

/// What a key's next sequence may be. A transaction that came to nothing may have used its own up, or not: a block may
/// hold one that failed before that, for its timeout or its fee.
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

/// That no block has the transaction in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Missing {
    /// The block at which that was last heard.
    height: u64,
    /// Whether the transaction was broadcast again since.
    broadcast_again: bool,
}

/// What is known of a key's nonce.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NonceTracker {
    /// The sequence of the next transaction, once known.
    next: Option<Next>,
    /// What that is at least, by the journal: a node that says less is behind.
    least: u64,
    /// At which block a node was first seen to say less.
    doubted: Option<u64>,
    /// What was in flight when this keeper started, by hash: nobody knows what was sent until then.
    resumed: BTreeSet<String>,
    /// What no node has said that it took, by hash: it is broadcast again.
    unheard: BTreeSet<String>,
    missing: Option<Missing>,
}

impl NonceTracker {
    /// Begins with these transactions in flight, by hash.
    pub fn resuming(in_flight: BTreeSet<String>) -> Self {
        Self { unheard: in_flight.clone(), resumed: in_flight, ..Self::default() }
    }

    /// What the next sequence may be, once known.
    pub const fn next(&self) -> Option<Next> {
        self.next
    }

    /// What the next sequence is at least, by the journal.
    pub const fn least(&self) -> u64 {
        self.least
    }

    /// The highest sequence that blocks have used up, by the journal: it counts until the next one is known.
    pub const fn used(&mut self, used: Option<u64>) {
        if self.next.is_none() {
            self.least = match used {
                Some(used) => used.saturating_add(1),
                None => 0,
            };
        }
    }

    /// Whether this transaction was in flight when the keeper started.
    pub fn is_resumed(&self, hash: &str) -> bool {
        self.resumed.contains(hash)
    }

    /// The first sequence that the chain confirms, unless the journal knows of a later one: a node that is behind would
    /// make the next one look like somebody else's. A chain that goes on saying less is another one of that name, and
    /// believed. `perhaps_used` may be used up as well.
    pub fn begin(&mut self, confirmed: Option<u64>, perhaps_used: Option<u64>, height: u64) {
        let most = perhaps_used.map_or(0, |sequence| sequence.saturating_add(1));
        let believed = confirmed.and_then(|found| self.believed(found, height));
        self.next = believed.map(|found| Next { least: found, most: found.max(most) });
    }

    fn believed(&mut self, found: u64, height: u64) -> Option<u64> {
        if found >= self.least {
            self.doubted = None;
            return Some(found);
        }
        let since = *self.doubted.get_or_insert(height);
        if height.saturating_sub(since) <= INDEX_LAG_MAX {
            return None;
        }
        tracing::warn!(found, journal = self.least, "the chain has fewer transactions of this key than the journal");
        self.least = found;
        Some(found)
    }

    /// The chain says this sequence while nothing is in flight: one that settles what was open is believed.
    pub fn heard(&mut self, found: u64) {
        if self.next.is_some_and(|next| next.most == found) {
            self.next = Some(Next::is(found));
        }
    }

    /// A transaction is about to be broadcast.
    pub fn sending(&mut self, hash: &str) {
        self.unheard.insert(hash.to_owned());
    }

    /// A node took it, or looked at it and refused it.
    pub fn answered(&mut self, hash: &str) {
        self.unheard.remove(hash);
    }

    /// It is over: a block has it and used its sequence up (`used`), or perhaps did not, or no block ever will have it.
    /// Where it was in flight at the start, the chain has to say what is next.
    pub fn resolved(&mut self, hash: &str, sequence: Option<u64>, used: bool) {
        self.unheard.remove(hash);
        let resumed = self.resumed.remove(hash);
        self.next = sequence.filter(|_| !resumed).map(|sequence| Next::after(sequence, used));
    }

    /// No block up to this one has the transaction in flight.
    pub fn missing(&mut self, height: u64) {
        if self.missing.is_none_or(|missing| missing.height != height) {
            self.missing = Some(Missing { height, broadcast_again: false });
        }
    }

    /// Whether the transaction in flight is to be broadcast again at this block, where no node has said that it took
    /// it; once at a block.
    pub fn broadcast_again(&mut self, height: u64) -> bool {
        let due = self.missing == Some(Missing { height, broadcast_again: false });
        if due {
            self.missing = Some(Missing { height, broadcast_again: true });
        }
        due
    }

    /// Whether a block after this height is known not to have had the transaction in flight.
    pub fn was_missing_after(&self, height: u64) -> bool {
        self.missing.is_some_and(|missing| missing.height > height)
    }

    /// Whether no node has said that it took this one.
    pub fn is_unheard(&self, hash: &str) -> bool {
        self.unheard.contains(hash)
    }
}

impl<C: Chain> Executor<C> {
    /// An error when the chain has transactions of this key that aren't in the journal: somebody else sends with it.
    pub async fn watch(&mut self, head: &Head) -> Result<()> {
        let Some(found) = self.chain.sequence().await? else { return Ok(()) };
        self.nonce.used(self.journal.used(&self.sender, &head.chain_id));
        let expected = match (self.in_flight(&head.chain_id), self.nonce.next()) {
            (Some(intent), _) if self.nonce.is_resumed(&intent.hash) => None,
            // It may be in a block already.
            (Some(intent), _) => intent.sequence.map(|sequence| sequence.saturating_add(1)),
            (None, None) => {
                let confirmed = self.chain.confirmed_sequence().await?;
                let perhaps_used = self.journal.perhaps_used(&self.sender, &head.chain_id);
                self.nonce.begin(confirmed, perhaps_used, head.height);
                None
            }
            (None, Some(next)) => {
                self.nonce.heard(found);
                Some(next.most)
            }
        };
        match expected.filter(|expected| found > *expected) {
            Some(expected) => self.assert_own(expected, found).await,
            None => Ok(()),
        }
    }

    /// An error when the sequence is higher than it can be by what this keeper has sent: one endpoint alone is not
    /// believed where there are others, though they don't answer.
    pub(super) async fn assert_own(&self, expected: u64, found: u64) -> Result<()> {
        match self.chain.agreed_sequence().await? {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_that_worked_uses_its_sequence_up_and_one_that_did_not_perhaps() {
        let mut nonce = NonceTracker::default();
        nonce.begin(Some(4), None, 10);
        assert_eq!(nonce.next(), Some(Next::is(4)));
        nonce.resolved("A", Some(4), true);
        assert_eq!(nonce.next(), Some(Next::is(5)));
        nonce.resolved("B", Some(5), false);
        assert_eq!(nonce.next(), Some(Next { least: 5, most: 6 }));
        // A sequence that leaves it open settles nothing.
        nonce.heard(5);
        assert_eq!(nonce.next(), Some(Next { least: 5, most: 6 }));
        nonce.heard(6);
        assert_eq!(nonce.next(), Some(Next::is(6)));
    }

    #[test]
    fn a_node_behind_the_journal_is_believed_only_after_the_longest_lag() {
        let mut nonce = NonceTracker::default();
        nonce.used(Some(6));
        for height in 100..=100 + INDEX_LAG_MAX {
            nonce.begin(Some(3), None, height);
            assert_eq!(nonce.next(), None, "at {height}");
        }
        nonce.begin(Some(3), None, 101 + INDEX_LAG_MAX);
        assert_eq!((nonce.next(), nonce.least()), (Some(Next::is(3)), 3));
    }

    #[test]
    fn what_was_perhaps_used_leaves_the_first_sequence_open() {
        let mut nonce = NonceTracker::default();
        nonce.used(Some(6));
        nonce.begin(None, Some(8), 1);
        assert_eq!(nonce.next(), None);
        nonce.begin(Some(7), Some(8), 1);
        assert_eq!(nonce.next(), Some(Next { least: 7, most: 9 }));
    }

    #[test]
    fn what_was_in_flight_at_the_start_says_nothing_of_the_next_sequence() {
        let mut nonce = NonceTracker::resuming(["A".to_owned()].into());
        assert!(nonce.is_resumed("A") && nonce.is_unheard("A"));
        nonce.resolved("A", Some(4), true);
        assert_eq!(nonce.next(), None);
        assert!(!nonce.is_resumed("A") && !nonce.is_unheard("A"));
    }

    #[test]
    fn what_is_missing_is_broadcast_again_once_at_a_block() {
        let mut nonce = NonceTracker::default();
        nonce.sending("A");
        assert!(nonce.is_unheard("A") && !nonce.broadcast_again(7));
        nonce.missing(7);
        nonce.missing(7);
        assert!(nonce.broadcast_again(7) && !nonce.broadcast_again(7));
        nonce.missing(7);
        assert!(!nonce.broadcast_again(7));
        nonce.missing(8);
        assert!(nonce.broadcast_again(8));
        nonce.answered("A");
        assert!(!nonce.is_unheard("A"));
    }
}
