//! One key, which has one transaction on its way at most.

use std::collections::BTreeSet;

use plimsoll_schema::pool::AccountKey;

use crate::chain::{Chain, Head};
use crate::error::{Error, Result};
use crate::plan::Action;
use crate::plan::backoff::Evidence;
use crate::tx::Executor;

/// After how many refusals in a row by the node the keeper gives up.
const REFUSALS_MAX: u32 = 6;

/// A key and what it is doing.
#[derive(Debug)]
pub(super) struct Worker<C> {
    pub executor: Executor<C>,
    /// What is on its way; empty after a restart, when only the journal knows the accounts.
    pub sent: Vec<Action>,
    /// The prices and records that it was decided by.
    pub seen: Option<Evidence>,
    /// Refusals in a row, and the first block at which something is sent again.
    refusals: (u32, u64),
    /// Whether it lacked money for gas.
    pub poor: bool,
    /// Whether nobody said at this block what the chain has of it.
    pub blind: bool,
    /// The last block at which it could not choose or send; 0 once it could.
    pub wrong: u64,
}

impl<C: Chain> Worker<C> {
    pub const fn new(executor: Executor<C>) -> Self {
        Self { executor, sent: Vec::new(), seen: None, refusals: (0, 0), poor: false, blind: false, wrong: 0 }
    }

    /// Whether it has a transaction on its way.
    pub fn in_flight(&self, chain_id: &str) -> bool {
        self.executor.in_flight(chain_id).is_some()
    }

    /// Whether it may send at this block.
    pub fn is_free(&self, head: &Head) -> bool {
        !self.blind && !self.in_flight(&head.chain_id) && head.height >= self.refusals.1
    }

    /// The accounts that its transaction is about.
    pub fn busy(&self, chain_id: &str) -> BTreeSet<AccountKey> {
        let intent = self.executor.in_flight(chain_id).into_iter();
        intent.flat_map(|intent| &intent.accounts).filter_map(|name| name.parse().ok()).collect()
    }

    /// The node took something.
    pub const fn accepted(&mut self) {
        self.refusals = (0, 0);
    }

    /// Money for gas is on its way to it: it tries again as soon as that can be there.
    pub const fn funded(&mut self, head: &Head) {
        self.refusals = (0, head.height.saturating_add(2));
    }

    /// Nothing is sent for twice as many blocks as after the refusal before; after a few the keeper gives up, if it is the key that the
    /// others depend on.
    pub fn refused(&mut self, head: &Head, error: Error, is_first: bool) -> Result<()> {
        self.poor |= matches!(error, Error::EmptyWallet { .. });
        let times = self.refusals.0.saturating_add(1).min(REFUSALS_MAX);
        if times >= REFUSALS_MAX && is_first {
            return Err(Error::RefusedAgain { times, reason: error.to_string() });
        }
        let blocks = 1u64 << times;
        self.refusals = (times, head.height.saturating_add(blocks));
        let sender = self.executor.sender();
        let runbook = error.runbook();
        tracing::warn!(%error, times, sender, runbook, "nothing was sent, and this key sends nothing for {blocks} blocks");
        Ok(())
    }
}
