//! Sends, once. The intent is on disk before the broadcast, and nothing new is sent by a key while the outcome of its last
//! transaction is unknown.

mod pace;
mod select;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::book::Book;
use crate::chain::{Balances, Chain, Coin, Execute, Head, Included, Outcome, Signed};
use crate::config::Strategy;
use crate::error::{Error, Result};
use crate::journal::{Fate, Intent, Journal};
use crate::order::{Desk, before, publish};
use crate::plan::budget::Spent;
use crate::plan::{Action, keep_back};
use crate::scan::name;

pub use pace::Pace;

/// Blocks to wait beyond the timeout before a transaction counts as never included: a node indexes a block a little later
/// than it reports its height.
pub const INDEX_LAG: u64 = 2;
/// So many blocks later the index is believed even where the key's sequence says that a transaction of it was included.
const INDEX_LAG_MAX: u64 = 20;
/// No transaction is given more blocks: one that seems to have more was sent on another chain.
pub const TIMEOUT_MAX: u64 = 1_000;
/// Every so many blocks it is said that a transaction is still in flight.
const WARN_EVERY: u64 = 10;
/// How soon an outcome that isn't known yet is asked for again within a block: most often the index is a few milliseconds late,
/// and without asking again the next transaction would be a block late.
const ASK_AGAIN: [Duration; 3] = [Duration::from_millis(10), Duration::from_millis(20), Duration::from_millis(40)];
/// The gas limit of a transfer, before the pace.
const TRANSFER_GAS: u64 = 200_000;

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
    /// The sequence of the next transaction, once known.
    next: Option<u64>,
    /// What that is at least, by the journal: a node that says less is behind.
    least: u64,
    /// At which block a node was first seen to say less.
    doubted: Option<u64>,
    /// What was in flight when this keeper started, by hash: nobody knows what was sent until then.
    resumed: BTreeSet<String>,
    pace: Pace,
}

/// What a transaction does.
enum Outgoing<'a> {
    Messages(&'a [Execute]),
    Transfer { to: &'a str, coin: &'a Coin },
}

impl<C: Chain> Executor<C> {
    /// For the chain's own key.
    pub fn new(chain: Arc<C>, journal: Journal) -> Result<Self> {
        let sender = chain.sender().ok_or(Error::NoKey)?.to_owned();
        let resumed = journal.unresolved_ever().iter().map(|intent| intent.hash.clone()).collect();
        Ok(Self { chain, journal, sender, next: None, least: 0, doubted: None, resumed, pace: Pace::default() })
    }

    /// What transactions of this key on this chain spent before, as far as its journal goes back.
    pub fn spent(&self, chain_id: &str) -> impl Iterator<Item = &Spent> {
        self.journal.spent(chain_id)
    }

    /// Whose key it is.
    pub fn sender(&self) -> &str {
        &self.sender
    }

    /// The chain that it sends on, with its key.
    pub fn chain(&self) -> &C {
        &self.chain
    }

    /// How much the next transaction is trusted with.
    pub const fn pace(&mut self) -> &mut Pace {
        &mut self.pace
    }

    /// What was sent and is not resolved.
    pub fn in_flight(&self, chain_id: &str) -> Option<&Intent> {
        self.journal.unresolved(&self.sender, chain_id)
    }

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
                self.next = self.chain.confirmed_sequence().await?.and_then(|found| self.believed(found, head));
                None
            }
            (None, next) => next,
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
    async fn assert_own(&self, expected: u64, found: u64) -> Result<()> {
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

    /// Asks what became of the transaction in flight, and writes it down. `None` while nobody knows.
    pub async fn resolve(&mut self, head: &Head) -> Result<Option<(Intent, Landed)>> {
        let Some(intent) = self.in_flight(&head.chain_id).cloned() else { return Ok(None) };
        match self.outcome(&intent.hash).await? {
            Outcome::Included(included) if included.height == 0 || included.height > intent.timeout_height => {
                let (height, timeout) = (included.height, intent.timeout_height);
                Err(Error::garbage(
                    "the node",
                    format!("a transaction with timeout height {timeout} in block {height}"),
                ))
            }
            Outcome::Included(included) => {
                let fate = if included.code == 0 { Fate::Settled } else { Fate::Failed };
                self.journal.resolve(&intent.hash, fate, included.height)?;
                let resumed = self.resumed.remove(&intent.hash);
                self.next = intent.sequence.filter(|_| !resumed).map(|sequence| sequence.saturating_add(1));
                Ok(Some((intent, Landed::Included(included))))
            }
            Outcome::NotFound { height } if self.has_expired(&intent, height).await? => {
                self.journal.resolve(&intent.hash, Fate::Expired, head.height)?;
                let resumed = self.resumed.remove(&intent.hash);
                self.next = intent.sequence.filter(|_| !resumed);
                Ok(Some((intent, Landed::Expired)))
            }
            Outcome::NotFound { .. } if intent.timeout_height > head.height.saturating_add(TIMEOUT_MAX) => {
                Err(Error::DoesNotHold(format!(
                    "the journal has transaction {} with timeout height {}, but {} is at block {}: it was sent on another chain of that name; move the journal away",
                    intent.hash, intent.timeout_height, head.chain_id, head.height
                )))
            }
            Outcome::NotFound { .. } => {
                if head.height.is_multiple_of(WARN_EVERY) {
                    let (hash, timeout_height) = (&intent.hash, intent.timeout_height);
                    tracing::warn!(height = head.height, hash, timeout_height, "still in flight; nothing else is sent");
                }
                Ok(None)
            }
        }
    }

    /// Whether a transaction that isn't found up to the block of this height never will be: unless the key's sequence says otherwise.
    async fn has_expired(&self, intent: &Intent, height: u64) -> Result<bool> {
        let past = |lag: u64| height > intent.timeout_height.saturating_add(lag);
        if !past(INDEX_LAG) {
            return Ok(false);
        }
        let (used, found) = (intent.sequence, self.chain.sequence().await?);
        let contradicted = used.zip(found).is_some_and(|(used, found)| found > used);
        Ok(!contradicted || past(INDEX_LAG_MAX))
    }

    async fn outcome(&self, hash: &str) -> Result<Outcome> {
        for pause in ASK_AGAIN {
            match self.chain.outcome(hash).await? {
                Outcome::NotFound { .. } => tokio::time::sleep(pause).await,
                included @ Outcome::Included(_) => return Ok(included),
            }
        }
        self.chain.outcome(hash).await
    }

    /// Sends what was chosen. Sends nothing while another transaction is in flight.
    pub async fn send_batch(&mut self, desk: Desk<'_>, batch: Batch, head: &Head, timeout_blocks: u64) -> Result<Sent> {
        let mut sent = Sent { left_out: batch.left_out, ..Sent::default() };
        if batch.actions.is_empty() || self.in_flight(&head.chain_id).is_some() {
            return Ok(sent);
        }
        // All have gone through in simulation; one that doesn't any more must not undo the others.
        let messages = desk.messages(&batch.actions, batch.min_success.unwrap_or(1))?;
        let before = before(&batch.actions);
        let (actions, items) = desk.arrange(batch.actions);
        let accounts = actions.iter().map(|action| name(action.account())).collect();
        let spent = Spent::of(head.time, &actions, self.chain.fee(batch.gas).amount);
        let intent =
            Intent { accounts, items, before, spent: Some(spent.clone()), ..self.intent(head, timeout_blocks) };
        sent.hash = Some(self.commit(&Outgoing::Messages(&messages), batch.gas, intent, head).await?);
        (sent.actions, sent.spent) = (actions, Some(spent));
        Ok(sent)
    }

    /// Sends coins to another address, for a fee of `max_fee` at most. Says what that costs; `None` when nothing was sent, since the fee would be
    /// more or another transaction is in flight.
    pub async fn transfer(
        &mut self,
        to: &str,
        coin: &Coin,
        head: &Head,
        (timeout_blocks, max_fee): (u64, Option<u128>),
    ) -> Result<Option<Spent>> {
        let gas = self.pace.gas(TRANSFER_GAS);
        let fee = self.chain.fee(gas).amount;
        if self.in_flight(&head.chain_id).is_some() || max_fee.is_some_and(|most| fee > most) {
            return Ok(None);
        }
        let spent = Spent::of(head.time, &[], fee);
        let intent = Intent { spent: Some(spent.clone()), ..self.intent(head, timeout_blocks) };
        self.commit(&Outgoing::Transfer { to, coin }, gas, intent, head).await?;
        Ok(Some(spent))
    }

    /// Publishes those of these live prices that the oracle takes now, within the strategy's bounds. Says what that costs; `None` when nothing
    /// was sent.
    pub async fn publish(
        &mut self,
        oracle: &str,
        denoms: &[String],
        head: &Head,
        strategy: &Strategy,
    ) -> Result<Option<Spent>> {
        let mut good = Vec::new();
        for denom in denoms {
            // One that is refused would fail them all.
            match self.chain.simulate(&publish(oracle, vec![denom.clone()])?).await {
                Ok(_) => good.push(denom.clone()),
                Err(Error::Refused { reason }) => tracing::debug!(denom, reason, "this live price can't be published"),
                Err(error) => return Err(error),
            }
        }
        let messages = publish(oracle, good)?;
        if messages.is_empty() || self.in_flight(&head.chain_id).is_some() {
            return Ok(None);
        }
        let gas = self.pace.gas(self.chain.gas_limit(self.chain.simulate(&messages).await?));
        let fee = self.chain.fee(gas).amount;
        if gas > strategy.max_gas_per_tx || strategy.max_fee.is_some_and(|most| fee > most) {
            return Ok(None);
        }
        let spent = Spent::of(head.time, &[], fee);
        let intent = Intent { spent: Some(spent.clone()), ..self.intent(head, strategy.timeout_blocks) };
        self.commit(&Outgoing::Messages(&messages), gas, intent, head).await?;
        Ok(Some(spent))
    }

    fn intent(&self, head: &Head, timeout_blocks: u64) -> Intent {
        Intent {
            hash: String::new(),
            sender: self.sender.clone(),
            chain_id: head.chain_id.clone(),
            timeout_height: head.height.saturating_add(timeout_blocks),
            accounts: Vec::new(),
            items: 0,
            before: 0,
            sequence: None,
            spent: None,
        }
    }

    /// Sends; once more when the chain expects another sequence, which is read anew then. A second time it is refused.
    async fn commit(&mut self, what: &Outgoing<'_>, gas: u64, intent: Intent, head: &Head) -> Result<String> {
        match self.attempt(what, gas, intent.clone(), head).await {
            Err(Error::Sequence { expected, .. }) => {
                tracing::warn!(expected, sender = self.sender, "the sequence was another; signing once more");
            }
            other => return other,
        }
        let again = self.attempt(what, gas, intent, head).await;
        again.map_err(|error| match error {
            Error::Sequence { .. } => Error::Refused { reason: error.to_string() },
            other => other,
        })
    }

    /// Signs, writes down, broadcasts: in this order.
    async fn attempt(&mut self, what: &Outgoing<'_>, gas: u64, intent: Intent, head: &Head) -> Result<String> {
        let signed = self.sign(what, gas, intent.timeout_height).await?;
        let hash = signed.hash.clone();
        self.journal.intend(Intent { hash: hash.clone(), sequence: Some(signed.sequence), ..intent })?;
        match self.chain.broadcast(&signed).await {
            Ok(()) => {}
            // The node looked at it and did not take it, so no block will have it.
            Err(error @ (Error::Refused { .. } | Error::Sequence { .. })) => {
                self.journal.resolve(&hash, Fate::Refused, head.height)?;
                return Err(error);
            }
            Err(error) => tracing::warn!(%error, hash, "nobody knows whether it was sent; waiting for its outcome"),
        }
        Ok(hash)
    }

    /// Signs, and refuses a sequence that isn't the next: a higher one was used by somebody else, a lower one comes from a node that
    /// is behind.
    async fn sign(&mut self, what: &Outgoing<'_>, gas: u64, timeout_height: u64) -> Result<Signed> {
        let signed = match what {
            Outgoing::Messages(messages) => self.chain.sign(messages, gas, timeout_height).await?,
            Outgoing::Transfer { to, coin } => self.chain.sign_transfer(to, coin, gas, timeout_height).await?,
        };
        match self.next {
            Some(next) if signed.sequence != next => {
                self.assert_own(next, signed.sequence).await?;
                Err(Error::garbage("the node", format!("sequence {} after {next}", signed.sequence)))
            }
            None if signed.sequence < self.least => {
                let next = self.least;
                Err(Error::garbage("the node", format!("sequence {} after {next}", signed.sequence)))
            }
            _ => Ok(signed),
        }
    }
}

/// What to keep back for the fee when planning: the most that a transaction may cost.
pub fn fee_reserve(chain: &impl Chain, strategy: &Strategy) -> Coin {
    let mut fee = chain.fee(strategy.max_gas_per_tx);
    fee.amount = fee.amount.min(strategy.max_fee.unwrap_or(u128::MAX));
    fee
}

/// What a keeper of this book can use: the denoms of its assets, and the one that gas is paid in. Of others it may have been sent thousands.
pub fn useful(chain: &impl Chain, book: &Book) -> Vec<String> {
    let assets = book.assets.values().map(|asset| asset.params.denom.clone());
    let denoms: BTreeSet<String> = assets.chain([chain.fee(0).denom]).filter(|denom| !denom.is_empty()).collect();
    denoms.into_iter().collect()
}

/// What this address may spend: what it has, less what the fee may cost.
pub async fn spendable(chain: &impl Chain, book: &Book, address: &str, strategy: &Strategy) -> Result<Balances> {
    let mut held = chain.balances(address, &useful(chain, book)).await?;
    keep_back(&mut held, &fee_reserve(chain, strategy));
    Ok(held)
}

/// What the chain's own key may spend. Whoever hasn't said what he has is taken to have money for gas only where that is enough, and everything he could
/// need (`None`) where there is no liquidator.
pub async fn inventory(
    chain: &impl Chain,
    book: &Book,
    through_liquidator: bool,
    strategy: &Strategy,
) -> Result<Option<Balances>> {
    match chain.sender() {
        Some(sender) => spendable(chain, book, sender, strategy).await.map(Some),
        None => Ok(through_liquidator.then(Balances::new)),
    }
}

/// What goes through together in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// In this order.
    pub actions: Vec<Action>,
    /// The gas limit.
    pub gas: u64,
    /// How many of the liquidator's items must succeed; one when not said.
    pub min_success: Option<usize>,
    /// What would fail even alone, with the reason.
    pub left_out: Vec<(Action, String)>,
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
    /// What it spends; `None` when nothing was sent.
    pub spent: Option<Spent>,
}
