//! Sends, once. The intent is on disk before the broadcast, and nothing new is sent by a key while the outcome of its last
//! transaction is unknown.

use std::sync::Arc;
use std::time::Duration;

use crate::chain::{Chain, Execute, Head, Included, Outcome};
use crate::error::{Error, Result};
use crate::journal::{Fate, Intent, Journal};
use crate::plan::Action;
use crate::scan::name;

/// The most messages in one transaction.
const BATCH_MAX: usize = 16;
/// Blocks to wait beyond the timeout before a transaction counts as never included: a node indexes a block a little later
/// than it reports its height.
const INDEX_LAG: u64 = 2;
/// No transaction is given more blocks: one that seems to have more was sent on another chain.
const TIMEOUT_MAX: u64 = 1_000;
/// Every so many blocks it is said that a transaction is still in flight.
const WARN_EVERY: u64 = 10;
/// How soon an outcome that isn't known yet is asked for again within a block: most often the index is a few milliseconds late,
/// and without asking again the next transaction would be a block late.
const ASK_AGAIN: [Duration; 3] = [Duration::from_millis(10), Duration::from_millis(20), Duration::from_millis(40)];

/// What became of the transaction in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Landed {
    /// A block has it.
    Included(Included),
    /// No block ever will.
    Expired,
}

/// Sends transactions of one key.
#[derive(Debug)]
pub struct Executor<C> {
    chain: Arc<C>,
    journal: Journal,
    sender: String,
}

impl<C: Chain> Executor<C> {
    /// For the chain's own key.
    pub fn new(chain: Arc<C>, journal: Journal) -> Result<Self> {
        let sender = chain.sender().ok_or(Error::NoKey)?.to_owned();
        Ok(Self { chain, journal, sender })
    }

    /// What was sent and is not resolved.
    pub fn in_flight(&self, chain_id: &str) -> Option<&Intent> {
        self.journal.unresolved(&self.sender, chain_id)
    }

    /// Asks what became of the transaction in flight, and writes it down. `None` while nobody knows.
    pub async fn resolve(&mut self, head: &Head) -> Result<Option<(Intent, Landed)>> {
        let Some(intent) = self.in_flight(&head.chain_id).cloned() else { return Ok(None) };
        match self.outcome(&intent.hash).await? {
            Outcome::Included(included) => {
                let fate = if included.code == 0 { Fate::Settled } else { Fate::Failed };
                self.journal.resolve(&intent.hash, fate, included.height)?;
                Ok(Some((intent, Landed::Included(included))))
            }
            Outcome::NotFound if head.height > intent.timeout_height.saturating_add(INDEX_LAG) => {
                self.journal.resolve(&intent.hash, Fate::Expired, head.height)?;
                Ok(Some((intent, Landed::Expired)))
            }
            Outcome::NotFound if intent.timeout_height > head.height.saturating_add(TIMEOUT_MAX) => {
                Err(Error::DoesNotHold(format!(
                    "the journal has transaction {} with timeout height {}, but {} is at block {}: it was sent on another chain of that name; move the journal away",
                    intent.hash, intent.timeout_height, head.chain_id, head.height
                )))
            }
            Outcome::NotFound => {
                if head.height.is_multiple_of(WARN_EVERY) {
                    let (hash, timeout_height) = (&intent.hash, intent.timeout_height);
                    tracing::warn!(height = head.height, hash, timeout_height, "still in flight; nothing else is sent");
                }
                Ok(None)
            }
        }
    }

    async fn outcome(&self, hash: &str) -> Result<Outcome> {
        for pause in ASK_AGAIN {
            match self.chain.outcome(hash).await? {
                Outcome::NotFound => tokio::time::sleep(pause).await,
                included @ Outcome::Included(_) => return Ok(included),
            }
        }
        self.chain.outcome(hash).await
    }

    /// Simulates and sends the best of these actions in one transaction, leaving out those that would fail. Says what was
    /// sent, and why what was left out was. Sends nothing while another transaction is in flight.
    pub async fn send(&mut self, pool: &str, actions: &[Action], head: &Head, timeout_blocks: u64) -> Result<Sent> {
        let mut sent = Sent::default();
        if actions.is_empty() || self.in_flight(&head.chain_id).is_some() {
            return Ok(sent);
        }
        let mut messages = Vec::new();
        let batch: Vec<Action> = actions.iter().take(BATCH_MAX).cloned().collect();
        for action in &batch {
            messages.push(action.message(pool)?);
        }
        let gas = match self.chain.simulate(&messages).await {
            Ok(gas) => {
                sent.actions = batch;
                gas
            }
            Err(Error::Refused { .. }) => {
                messages = self.leave_out_failing(batch, messages, &mut sent).await?;
                match self.chain.simulate(&messages).await {
                    _ if messages.is_empty() => return Ok(sent),
                    Ok(gas) => gas,
                    // Each alone would work, together they don't: the best one alone.
                    Err(Error::Refused { .. }) => {
                        messages.truncate(1);
                        sent.actions.truncate(1);
                        self.chain.simulate(&messages).await?
                    }
                    Err(error) => return Err(error),
                }
            }
            Err(error) => return Err(error),
        };
        let timeout_height = head.height.saturating_add(timeout_blocks);
        sent.hash = Some(self.commit(&messages, self.chain.gas_limit(gas), timeout_height, &sent.actions, head).await?);
        Ok(sent)
    }

    async fn leave_out_failing(
        &self,
        batch: Vec<Action>,
        messages: Vec<Execute>,
        sent: &mut Sent,
    ) -> Result<Vec<Execute>> {
        let mut working = Vec::new();
        for (action, message) in batch.into_iter().zip(messages) {
            match self.chain.simulate(std::slice::from_ref(&message)).await {
                Ok(_) => {
                    working.push(message);
                    sent.actions.push(action);
                }
                Err(Error::Refused { reason }) => sent.left_out.push((action, reason)),
                Err(error) => return Err(error),
            }
        }
        Ok(working)
    }

    /// Signs, writes down, broadcasts: in this order.
    async fn commit(
        &mut self,
        messages: &[Execute],
        gas: u64,
        timeout_height: u64,
        actions: &[Action],
        head: &Head,
    ) -> Result<String> {
        let signed = self.chain.sign(messages, gas, timeout_height).await?;
        self.journal.intend(Intent {
            hash: signed.hash.clone(),
            sender: self.sender.clone(),
            chain_id: head.chain_id.clone(),
            timeout_height,
            accounts: actions.iter().map(|action| name(action.account())).collect(),
        })?;
        match self.chain.broadcast(&signed).await {
            Ok(()) => {}
            // The node looked at it and did not take it, so no block will have it.
            Err(Error::Refused { reason }) => {
                self.journal.resolve(&signed.hash, Fate::Refused, head.height)?;
                return Err(Error::Refused { reason });
            }
            Err(error) => {
                tracing::warn!(%error, hash = signed.hash, "nobody knows whether it was sent; waiting for its outcome")
            }
        }
        Ok(signed.hash)
    }
}

/// What was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The transaction; `None` when nothing was sent.
    pub hash: Option<String>,
    /// What it does.
    pub actions: Vec<Action>,
    /// What would have failed, with the reason.
    pub left_out: Vec<(Action, String)>,
}
