//! One key, which has one transaction on its way at most.

use std::collections::BTreeSet;

use plimsoll_schema::pool::AccountKey;

use crate::chain::{Chain, Head};
use crate::error::{Error, Refusal, Result};
use crate::keeper::refusals::{REFUSALS_MAX, Refusals};
use crate::plan::Action;
use crate::plan::evidence::Evidence;
use crate::tx::Executor;

/// Every so manieth refusal in a row that passes by itself is told.
const PASSING_TOLD_EVERY: u32 = 20;

/// A key and what it is doing.
#[derive(Debug)]
pub(super) struct Worker<C> {
    pub executor: Executor<C>,
    /// What is on its way; empty after a restart, when only the journal knows the accounts.
    pub sent: Vec<Action>,
    /// The prices and records that it was decided by.
    pub seen: Option<Evidence>,
    /// What the node has refused, and when something is sent again.
    refusals: Refusals,
    /// Whether it lacked money for gas.
    pub poor: bool,
    /// Whether nobody said at this block what the chain has of it.
    pub blind: bool,
    /// The last block at which it could not choose or send; 0 once it could.
    pub wrong: u64,
}

impl<C: Chain> Worker<C> {
    pub fn new(executor: Executor<C>) -> Self {
        Self {
            executor,
            sent: Vec::new(),
            seen: None,
            refusals: Refusals::default(),
            poor: false,
            blind: false,
            wrong: 0,
        }
    }

    /// Whether it has a transaction on its way.
    pub fn in_flight(&self, chain_id: &str) -> bool {
        self.executor.in_flight(chain_id).is_some()
    }

    /// Whether it may send at this block.
    pub fn is_free(&self, head: &Head) -> bool {
        !self.blind && !self.in_flight(&head.chain_id) && self.refusals.allow(head)
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
        self.poor |= matches!(error, Error::EmptyWallet { .. });
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
            return Err(Error::RefusedAgain { times, advice: refusal.advice(), reason: error.to_string() });
        }
        let blocks = self.refusals.blocks();
        let runbook = error.runbook();
        tracing::warn!(%error, times, sender, runbook, "nothing was sent, and this key sends nothing for {blocks} blocks");
        Ok(())
    }
}
