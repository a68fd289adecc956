//! One key's transactions, each sent once. The intent is on disk before the broadcast, and nothing new is sent by a key
//! while the outcome of its last transaction is unknown.
//!
//! A transaction's life, in this order: its actions are chosen by simulation ([`select`]), made into messages
//! ([`messages`]), sent ([`send`]), signed, written down ([`journal`]) and broadcast ([`submit`]), looked up until its
//! outcome is known ([`resolve`], [`nonce`]), and what it did is read ([`receipt`]).

mod balances;
mod gas_meter;
pub mod journal;
pub mod messages;
mod nonce;
pub mod receipt;
mod resolve;
mod select;
mod send;
mod status;
mod submit;
pub mod supplied;
mod throttle;

use std::collections::BTreeSet;
use std::sync::Arc;

use plimsoll_schema::pool::AccountKey;

use crate::chain::Chain;
use crate::error::{Error, Result};
use crate::plan::Action;
use crate::plan::limits::Spent;
use crate::tx::gas_meter::GasMeter;
use crate::tx::journal::{Intent, Journal};
use crate::tx::nonce::NonceTracker;

pub use balances::{
    fee_reserve, gas_money, held, held_at_once, holdings, holdings_at_once, inventory, less_fee, spendable, useful,
};
pub use resolve::TIMEOUT_MAX;
pub use select::Bounds;
pub use send::SendLimits;
pub use status::FailureReason;
pub use throttle::Throttle;

/// A transaction that ended without doing anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedTx {
    /// What the transaction was to do.
    pub intent: Intent,
    /// Why the transaction did not.
    pub why: FailureReason,
    /// The reason in the chain's words.
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

impl<C: Chain> Executor<C> {
    /// An executor for the chain's own key.
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

    /// The address of the key.
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
}

/// What goes through together in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The actions, in this order.
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
