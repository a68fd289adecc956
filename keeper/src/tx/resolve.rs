//! What became of a transaction: it is looked up by its hash before anything is sent again.

use std::time::Duration;

use tokio::time::timeout;

use crate::chain::{Chain, Head, INDEX_LAG_BLOCKS, Included, Signed, TxStatus};
use crate::error::{Error, Result};
use crate::tx::journal::Intent;
use crate::tx::nonce::INDEX_LAG_MAX;
use crate::tx::{Executor, FailureReason};

/// No transaction is given more blocks: one that seems to have more was sent on another chain.
pub const TIMEOUT_MAX: u64 = 1_000;
/// Every so many blocks it is said that a transaction is still in flight.
const WARN_EVERY_BLOCKS: u64 = 10;
/// How soon an outcome that isn't known yet is asked for again within a block: most often the index is a few
/// milliseconds late, and without asking again the next transaction would be a block late.
const ASK_AGAIN_AFTER: [Duration; 3] =
    [Duration::from_millis(10), Duration::from_millis(20), Duration::from_millis(40)];

/// How long an answer to what is broadcast again is waited for: it goes on its way all the same, and the block's work
/// waits meanwhile.
const REBROADCAST_TIMEOUT: Duration = Duration::from_millis(500);

impl<C: Chain> Executor<C> {
    /// Asks what became of the transaction in flight, and writes it down. `None` while nobody knows.
    pub async fn resolve(&mut self, head: &Head) -> Result<Option<(Intent, TxStatus)>> {
        let Some(intent) = self.in_flight(&head.chain_id).cloned() else { return Ok(None) };
        match self.look_up(&intent.hash).await? {
            TxStatus::Included(included) if can_not_be(&included, &intent) => {
                let Included { height, code, .. } = included;
                let timeout = intent.timeout_height;
                Err(Error::garbage(
                    "the node",
                    format!("a transaction with timeout height {timeout} with code {code} in block {height}"),
                ))
            }
            // Nodes put one whose timeout has passed while it waited into a block all the same, where it fails.
            TxStatus::Included(included) if included.height > intent.timeout_height => {
                self.expire(intent, head).map(Some)
            }
            // The book hasn't come to that block: until it has, this is still on its way.
            TxStatus::Included(included) if included.height > head.height => Ok(None),
            TxStatus::Included(included) => {
                self.chain.gas_price().get().ease();
                if let (0, [_], true) = (included.code, intent.accounts.as_slice(), intent.items + intent.own == 1) {
                    self.meter.see_one(intent.items == 1, included.gas_used);
                }
                let failure = (included.code != 0).then_some(FailureReason::Failed);
                self.journal.resolve(&intent.hash, failure, included.height)?;
                self.nonce.resolved(&intent.hash, intent.sequence, has_used(&included));
                Ok(Some((intent, TxStatus::Included(included))))
            }
            TxStatus::Expired => self.expire(intent, head).map(Some),
            TxStatus::NotFound { height } if self.has_expired(&intent, height).await? => {
                self.expire(intent, head).map(Some)
            }
            TxStatus::NotFound { .. } if intent.timeout_height > head.height.saturating_add(TIMEOUT_MAX) => {
                let Intent { hash, timeout_height, .. } = intent;
                Err(Error::OtherChainsJournal {
                    hash,
                    timeout_height,
                    chain_id: head.chain_id.clone(),
                    height: head.height,
                })
            }
            TxStatus::NotFound { .. } => {
                self.nonce.missing(head.height);
                if head.height.is_multiple_of(WARN_EVERY_BLOCKS) {
                    let hash = &intent.hash;
                    let timeout_height = intent.timeout_height;
                    tracing::warn!(height = head.height, hash, timeout_height, "still in flight; nothing else is sent");
                }
                Ok(None)
            }
        }
    }

    /// What no block has and no node has said to have is broadcast again, byte for byte, once at a block, and not
    /// waited for long: a chain includes it once at most, and without this the key would wait for the timeout. What a
    /// node says against it now settles nothing: another one may have taken it before.
    pub async fn broadcast_again(&mut self, head: &Head) {
        if !self.nonce.broadcast_again(head.height) {
            return;
        }
        let unheard = |signed: &Signed| self.nonce.is_unheard(&signed.hash) && signed.timeout_height > head.height;
        let signed = self.in_flight(&head.chain_id).and_then(Intent::signed);
        let Some(signed) = signed.filter(unheard) else { return };
        match timeout(REBROADCAST_TIMEOUT, self.chain.broadcast(&signed)).await {
            Ok(Ok(())) => {
                tracing::info!(hash = signed.hash, "broadcast again: a node has it now");
                self.nonce.answered(&signed.hash);
            }
            Ok(Err(error)) => tracing::debug!(%error, hash = signed.hash, "it could not be broadcast again"),
            Err(_) => tracing::debug!(hash = signed.hash, "broadcast again; no answer so far"),
        }
    }

    fn expire(&mut self, intent: Intent, head: &Head) -> Result<(Intent, TxStatus)> {
        self.journal.resolve(&intent.hash, Some(FailureReason::Expired), head.height)?;
        // What no block took at this fee is not sent again at the same.
        self.chain.gas_price().get().raise();
        self.nonce.resolved(&intent.hash, intent.sequence, false);
        Ok((intent, TxStatus::Expired))
    }

    /// Whether a transaction that isn't found up to the block of this height never will be: unless the key's sequence
    /// says otherwise.
    async fn has_expired(&self, intent: &Intent, height: u64) -> Result<bool> {
        let past = |lag: u64| height > intent.timeout_height.saturating_add(lag);
        if !past(INDEX_LAG_BLOCKS) {
            return Ok(false);
        }
        let used = intent.sequence;
        let found = self.chain.sequence().await?;
        let contradicted = used.zip(found).is_some_and(|(used, found)| found > used);
        Ok(!contradicted || past(INDEX_LAG_MAX))
    }

    async fn look_up(&self, hash: &str) -> Result<TxStatus> {
        for pause in ASK_AGAIN_AFTER {
            match self.chain.tx_status(hash).await? {
                TxStatus::NotFound { .. } => tokio::time::sleep(pause).await,
                known => return Ok(known),
            }
        }
        self.chain.tx_status(hash).await
    }
}

/// Whether it has surely used its sequence: one of its messages failed, if anything. What fails before that says so in
/// the SDK's own code, as out of gas does, which may be either.
fn has_used(included: &Included) -> bool {
    included.code == 0 || included.codespace != "sdk" || included.log.contains("message index: ")
}

/// Whether no chain says such a thing: a transaction works in no block after its timeout, and block 0 has none.
const fn can_not_be(included: &Included, intent: &Intent) -> bool {
    included.height == 0 || (included.height > intent.timeout_height && included.code == 0)
}
