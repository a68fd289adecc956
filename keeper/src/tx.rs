//! Sends, once. The intent is on disk before the broadcast, and nothing new is sent by a key while the outcome of its last
//! transaction is unknown.

mod balances;
mod gas_meter;
pub mod journal;
pub mod messages;
mod nonce;
pub mod receipt;
mod resolve;
mod select;
mod status;
pub mod supplied;
mod throttle;

use std::collections::BTreeSet;
use std::sync::Arc;

use cosmwasm_std::Binary;
use plimsoll_schema::pool::AccountKey;

use crate::chain::{Chain, Coin, Execute, Head, Signed};
use crate::config::Strategy;
use crate::error::{Error, Refusal, Result};
use crate::plan::Action;
use crate::plan::limits::Spent;
use crate::tx::gas_meter::GasMeter;
use crate::tx::journal::{Intent, Journal};
use crate::tx::messages::{Arranged, Targets, before, publish_messages};
use crate::tx::nonce::NonceTracker;

pub use balances::{fee_reserve, gas_money, held, holdings, inventory, less_fee, spendable, useful};
pub use resolve::TIMEOUT_MAX;
pub use select::Bounds;
pub use status::FailureReason;
pub use throttle::Throttle;

/// A transaction that ended without doing anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedTx {
    /// What it was to do.
    pub intent: Intent,
    /// Why it did not.
    pub why: FailureReason,
    /// The same in the chain's words.
    pub reason: String,
    /// The gas that was paid for all the same.
    pub gas_used: u64,
}

/// Sends transactions of one key.
#[derive(Debug)]
pub struct Executor<C> {
    chain: Arc<C>,
    journal: Journal,
    sender: String,
    /// What is known of the key's sequence and of what is in flight.
    nonce: NonceTracker,
    throttle: Throttle,
    /// What one liquidation uses.
    meter: GasMeter,
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
        let resumed: BTreeSet<_> = journal.unresolved_ever().iter().map(|intent| intent.hash.clone()).collect();
        Ok(Self {
            chain,
            journal,
            sender,
            nonce: NonceTracker::resuming(resumed),
            throttle: Throttle::default(),
            meter: GasMeter::default(),
        })
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
    pub const fn throttle(&mut self) -> &mut Throttle {
        &mut self.throttle
    }

    /// Whether blocks after this height were seen that did not have the transaction in flight.
    pub fn was_missing_after(&self, height: u64) -> bool {
        self.nonce.was_missing_after(height)
    }

    /// Writes down what one liquidation uses, where that is news.
    pub fn note_gas(&mut self, chain_id: &str) -> Result<()> {
        self.journal.measure(chain_id, self.meter.figures())
    }

    /// What was sent and is not resolved.
    pub fn in_flight(&self, chain_id: &str) -> Option<&Intent> {
        self.journal.unresolved(&self.sender, chain_id)
    }

    /// Sends what was chosen. Sends nothing while another transaction is in flight.
    pub async fn send_batch(
        &mut self,
        targets: Targets<'_>,
        batch: Batch,
        head: &Head,
        timeout_blocks: u64,
    ) -> Result<Sent> {
        let mut sent = Sent { left_out: batch.left_out, ..Sent::default() };
        if batch.actions.is_empty() || self.in_flight(&head.chain_id).is_some() {
            return Ok(sent);
        }
        // All have gone through in simulation; an item that doesn't any more must not undo the others.
        let messages = targets.messages(&batch.actions, batch.min_success.unwrap_or(1))?;
        let before = before(&batch.actions);
        let Arranged { actions, sold: items, own } = targets.arrange(batch.actions);
        let accounts = actions.iter().map(|action| action.account().to_string()).collect();
        let spent = Spent::of(head.time, &actions, self.chain.fee(batch.gas).amount);
        let intent =
            Intent { accounts, items, own, before, spent: Some(spent.clone()), ..self.intent(head, timeout_blocks) };
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
        if self.in_flight(&head.chain_id).is_some() {
            return Ok(None);
        }
        let gas = self.throttle.gas(self.chain.gas_limit(self.chain.simulate_transfer(to, coin).await?.gas));
        self.send_within(&Outgoing::Transfer { to, coin }, gas, head, (timeout_blocks, max_fee)).await
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
            match self.chain.simulate(&publish_messages(oracle, vec![denom.clone()])?).await {
                Ok(_) => good.push(denom.clone()),
                Err(Error::Refused { reason }) => tracing::debug!(denom, reason, "this live price can't be published"),
                Err(error) => return Err(error),
            }
        }
        self.execute(&publish_messages(oracle, good)?, head, strategy).await
    }

    /// Sends messages that are about no account, within the strategy's bounds. Says what that costs; `None` when
    /// nothing was sent.
    pub async fn execute(&mut self, messages: &[Execute], head: &Head, strategy: &Strategy) -> Result<Option<Spent>> {
        if messages.is_empty() || self.in_flight(&head.chain_id).is_some() {
            return Ok(None);
        }
        let gas = self.throttle.gas(self.chain.gas_limit(self.chain.simulate(messages).await?.gas));
        if gas > strategy.max_gas_per_tx {
            return Ok(None);
        }
        let bounds = (strategy.timeout_blocks, strategy.max_fee);
        self.send_within(&Outgoing::Messages(messages), gas, head, bounds).await
    }

    /// Sends what is about no account, unless its fee is above `max_fee` or another transaction is in flight.
    async fn send_within(
        &mut self,
        what: &Outgoing<'_>,
        gas: u64,
        head: &Head,
        (timeout_blocks, max_fee): (u64, Option<u128>),
    ) -> Result<Option<Spent>> {
        let fee = self.chain.fee(gas).amount;
        if self.in_flight(&head.chain_id).is_some() || max_fee.is_some_and(|most| fee > most) {
            return Ok(None);
        }
        let spent = Spent::of(head.time, &[], fee);
        let intent = Intent { spent: Some(spent.clone()), ..self.intent(head, timeout_blocks) };
        self.commit(what, gas, intent, head).await?;
        Ok(Some(spent))
    }

    fn intent(&self, head: &Head, timeout_blocks: u64) -> Intent {
        let (sender, chain_id) = (self.sender.clone(), head.chain_id.clone());
        let timeout_height = head.height.saturating_add(timeout_blocks);
        Intent { sender, chain_id, timeout_height, ..Intent::default() }
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
        let (sequence, bytes) = (Some(signed.sequence), Some(Binary::from(signed.bytes.as_slice())));
        self.journal.intend(Intent { hash: hash.clone(), sequence, bytes, ..intent })?;
        // Until a node says that it took it, also where this is never asked again.
        self.nonce.sending(&hash);
        match self.chain.broadcast(&signed).await {
            Ok(()) => {
                self.nonce.answered(&hash);
            }
            // The node looked at it and did not take it, so no block will have it.
            Err(error @ (Error::Refused { .. } | Error::Rejected { .. } | Error::Sequence { .. })) => {
                self.nonce.answered(&hash);
                self.journal.resolve(&hash, Some(FailureReason::Refused), head.height)?;
                if let Error::Rejected { refusal: Refusal::FeeTooLow, reason, .. } = &error {
                    self.meet_fee(gas, reason);
                }
                return Err(error);
            }
            Err(error) => tracing::warn!(%error, hash, "nobody knows whether it was sent; waiting for its outcome"),
        }
        Ok(hash)
    }

    /// The fee for this much gas was too low: the next transaction pays what the refusal asks for, or more than this one.
    fn meet_fee(&self, gas: u64, refusal: &str) {
        let mut price = self.chain.gas_price().get();
        if price.meet(gas, refusal) {
            tracing::info!(price = %price.now(), "a node asked for a higher fee; paying more for gas");
        } else {
            tracing::warn!(price = %price.now(), refusal, "a node asks for a higher fee than chain.max_gas_price allows");
        }
    }

    /// Signs, and refuses a sequence that isn't the next: a higher one was used by somebody else, a lower one comes from a node that
    /// is behind.
    async fn sign(&mut self, what: &Outgoing<'_>, gas: u64, timeout_height: u64) -> Result<Signed> {
        let signed = match what {
            Outgoing::Messages(messages) => self.chain.sign(messages, gas, timeout_height).await?,
            Outgoing::Transfer { to, coin } => self.chain.sign_transfer(to, coin, gas, timeout_height).await?,
        };
        match self.nonce.next() {
            Some(next) if !next.may_be(signed.sequence) => {
                self.assert_own(next.most, signed.sequence).await?;
                Err(Error::garbage("the node", format!("sequence {}, not {}", signed.sequence, next.most)))
            }
            None if signed.sequence < self.nonce.least() => {
                let next = self.nonce.least();
                Err(Error::garbage("the node", format!("sequence {} after {next}", signed.sequence)))
            }
            _ => Ok(signed),
        }
    }
}

/// What goes through together in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// In this order.
    pub actions: Vec<Action>,
    /// The gas limit.
    pub gas: u64,
    /// How many items of a message must succeed; one when not said.
    pub min_success: Option<usize>,
    /// What would fail, with the reason.
    pub left_out: Vec<(Action, String)>,
    /// The accounts that the rest of the hour's fees can't pay for even alone, with the fee of each.
    pub too_dear: Vec<(AccountKey, u128)>,
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
