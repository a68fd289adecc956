//! One key, which has one transaction in flight at most.

use std::collections::BTreeSet;

use plimsoll_schema::pool::AccountKey;

use crate::chain::{Chain, Head};
use crate::error::{Error, Refusal, Result};
use crate::keeper::refusals::{REFUSALS_MAX, Refusals};
use crate::plan::Action;
use crate::plan::evidence::Evidence;
use crate::tx::Executor;

/// One refusal in so many, in a row and passing by itself, is told.
const PASSING_TOLD_EVERY: u32 = 20;

/// A key and what it is doing.
#[derive(Debug)]
pub(super) struct Worker<C> {
    pub executor: Executor<C>,
    /// What is in flight; empty after a restart, when only the journal knows the accounts.
    pub sent: Vec<Action>,
    /// The prices and records that the transaction in flight was decided by.
    pub seen: Option<Evidence>,
    /// What the node has refused, and when something is sent again.
    refusals: Refusals,
    /// Whether the key lacked money for gas.
    pub needs_gas: bool,
    /// Whether nobody said at this block what the chain has of the key.
    pub unsynced: bool,
    /// The last block at which the key could not choose or send; 0 once it could.
    pub last_error_height: u64,
}

impl<C: Chain> Worker<C> {
    pub fn new(executor: Executor<C>) -> Self {
        Self {
            executor,
            sent: Vec::new(),
            seen: None,
            refusals: Refusals::default(),
            needs_gas: false,
            unsynced: false,
            last_error_height: 0,
        }
    }

    /// Whether the key has a transaction in flight.
    pub fn in_flight(&self, chain_id: &str) -> bool {
        self.executor.in_flight(chain_id).is_some()
    }

    /// Whether the key may send at this block.
    pub fn is_free(&self, head: &Head) -> bool {
        !self.unsynced && !self.in_flight(&head.chain_id) && self.refusals.allow(head)
    }

    /// The accounts that its transaction is about.
    pub fn busy(&self, chain_id: &str) -> BTreeSet<AccountKey> {
        let intent = self.executor.in_flight(chain_id).into_iter();
        intent.flat_map(|intent| &intent.accounts).filter_map(|name| name.parse().ok()).collect()
    }

    /// The node took something.
    pub fn accepted(&mut self) {
        self.refusals.forget();
    }

    /// Money for gas is on its way to it: it tries again as soon as that can be there.
    pub fn funded(&mut self, head: &Head) {
        self.refusals.wait_for(head.height.saturating_add(2));
    }

    /// A transaction of so many actions was refused. What passes by itself is tried again in seconds, without end; what
    /// is too large is followed by a smaller one. After anything else nothing is sent for twice as many blocks as after
    /// the refusal before, and after a few the keeper gives up, if it is the key that the others depend on.
    pub fn refused(&mut self, head: &Head, error: Error, actions: usize, is_first: bool) -> Result<()> {
        self.needs_gas |= matches!(error, Error::EmptyWallet { .. });
        let refusal = error.refusal().unwrap_or(Refusal::Other);
        let times = self.refusals.met(refusal, head);
        let sender = self.executor.sender().to_owned();
        // Some nodes ask more of one above a size.
        if refusal == Refusal::TooLarge || (refusal == Refusal::FeeTooLow && times > 1) {
            self.executor.throttle().failed(actions);
        }
        if refusal.is_passing() || refusal == Refusal::TooLarge {
            if times % PASSING_TOLD_EVERY == 1 {
                let runbook = error.runbook();
                tracing::warn!(%error, times, sender, runbook, "the node refused a transaction; trying again");
            }
            return Ok(());
        }
        if times >= REFUSALS_MAX && is_first {
            return Err(Error::RefusedAgain { times, refusal, reason: error.to_string() });
        }
        let blocks = self.refusals.blocks();
        let runbook = error.runbook();
        tracing::warn!(%error, times, sender, runbook, "nothing was sent, and this key sends nothing for {blocks} blocks");
        Ok(())
    }
}
