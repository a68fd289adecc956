//! Sends, once. The intent is on disk before the broadcast, and nothing new is sent by a key while the outcome of its last
//! transaction is unknown.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_risk::units::Value;

use crate::chain::{Balances, Chain, Coin, Execute, Head, Included, Outcome};
use crate::config::Strategy;
use crate::error::{Error, Result};
use crate::journal::{Fate, Intent, Journal};
use crate::order::{Desk, before};
use crate::plan::Action;
use crate::scan::name;

/// The most messages to the pool in one transaction.
const BATCH_MAX: usize = 16;
/// As many items as are sent have to succeed in simulation.
const ALL: usize = usize::MAX;
/// How many actions are tried one by one in a block, so that many failing ones can't hold it up.
const TRIES_MAX: usize = 64;
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

    /// Chooses the best of these actions that go through together in one transaction, within the strategy's bounds and the
    /// wallet's money, by simulation. Says why what would fail even alone was left out.
    pub async fn select(&self, desk: Desk<'_>, actions: &[Action], strategy: &Strategy) -> Result<Batch> {
        let mut batch = Batch::default();
        if actions.is_empty() {
            return Ok(batch);
        }
        let balances = self.chain.balances(&self.sender).await?;
        let bounds = Bounds { strategy, balances: &balances };
        // Most often all is well.
        let first = within(&desk, actions, strategy.max_items);
        if let Fit::Yes(gas) = self.fits(desk, &first, &bounds).await? {
            return Ok(Batch { actions: first, gas, ..Batch::default() });
        }
        for (tried, action) in actions.iter().enumerate() {
            if tried >= TRIES_MAX {
                break;
            }
            let with: Vec<Action> = batch.actions.iter().chain([action]).cloned().collect();
            if within(&desk, &with, strategy.max_items).len() < with.len() {
                continue;
            }
            let alone = with.len() == 1;
            match self.fits(desk, &with, &bounds).await? {
                Fit::Yes(gas) => (batch.actions, batch.gas) = (with, gas),
                Fit::No(reason) if alone => batch.left_out.push((action.clone(), reason)),
                Fit::TooPoor(error) if alone => return Err(error),
                // It may be only with the others that it does not go through: then its turn comes at a later block.
                Fit::No(_) => {
                    if let Fit::No(reason) = self.fits(desk, std::slice::from_ref(action), &bounds).await? {
                        batch.left_out.push((action.clone(), reason));
                    }
                }
                Fit::Full | Fit::TooPoor(_) => {}
            }
        }
        Ok(batch)
    }

    /// These and no others, in one transaction of which at least so many of the liquidator's items must succeed; an error says why it can't be.
    pub async fn exactly(
        &self,
        desk: Desk<'_>,
        actions: Vec<Action>,
        min_success: usize,
        strategy: &Strategy,
    ) -> Result<Batch> {
        let balances = self.chain.balances(&self.sender).await?;
        let bounds = Bounds { strategy, balances: &balances };
        match self.fits_with(desk, &actions, min_success, &bounds).await? {
            Fit::Yes(gas) => Ok(Batch { actions, gas, min_success: Some(min_success), left_out: Vec::new() }),
            Fit::No(reason) => Err(Error::Refused { reason }),
            Fit::TooPoor(error) => Err(error),
            Fit::Full => Err(Error::Refused {
                reason: format!(
                    "{} accounts need more gas than strategy.max_gas_per_tx, {}, or cost more than strategy.max_fee",
                    actions.len(),
                    strategy.max_gas_per_tx
                ),
            }),
        }
    }

    /// Whether these go through in one transaction.
    async fn fits(&self, desk: Desk<'_>, actions: &[Action], bounds: &Bounds<'_>) -> Result<Fit> {
        self.fits_with(desk, actions, ALL, bounds).await
    }

    async fn fits_with(
        &self,
        desk: Desk<'_>,
        actions: &[Action],
        min_success: usize,
        bounds: &Bounds<'_>,
    ) -> Result<Fit> {
        let gas = match self.chain.simulate(&desk.messages(actions, min_success)?).await {
            Ok(gas) => self.chain.gas_limit(gas),
            Err(Error::Refused { reason }) => return Ok(Fit::No(reason)),
            Err(error) => return Err(error),
        };
        let (strategy, fee, alone) = (bounds.strategy, self.chain.fee(gas), actions.len() == 1);
        let too_much = if gas > strategy.max_gas_per_tx {
            Some(format!("it needs {gas} gas, and strategy.max_gas_per_tx is {}", strategy.max_gas_per_tx))
        } else {
            let most = strategy.max_fee.filter(|most| fee.amount > *most);
            most.map(|most| format!("it costs {fee}, and strategy.max_fee is {most}"))
        };
        match too_much {
            Some(reason) if alone => return Ok(Fit::No(reason)),
            Some(_) => return Ok(Fit::Full),
            None => {}
        }
        let spent = actions.iter().filter_map(Action::sent).filter(|coin| coin.denom == fee.denom);
        let wanted = spent.fold(fee.amount, |sum, coin| sum.saturating_add(coin.amount));
        let available = bounds.balances.get(&fee.denom).copied().unwrap_or_default();
        if available < wanted {
            let (address, denom) = (self.sender.clone(), fee.denom);
            return Ok(Fit::TooPoor(Error::EmptyWallet { address, available, wanted, denom }));
        }
        // Each pays its share of the fee.
        if let Some(value) = strategy.fee_value(fee.amount) {
            let count = cosmwasm_std::Uint256::from(u128::try_from(actions.len()).unwrap_or(u128::MAX));
            let share = Value::new(value.raw().checked_div(count).unwrap_or_default());
            let wanted = share.checked_add(strategy.min_profit_value).unwrap_or(share);
            let pays = |action: &Action| matches!(action, Action::WriteOff { .. }) || action.profit() >= wanted;
            if !actions.iter().all(pays) {
                return Ok(Fit::No(format!("it does not pay for its share of the fee of {fee}, worth {share}")));
            }
        }
        Ok(Fit::Yes(gas))
    }

    /// Chooses and sends. Sends nothing while another transaction is in flight.
    pub async fn send(&mut self, desk: Desk<'_>, actions: &[Action], head: &Head, strategy: &Strategy) -> Result<Sent> {
        if actions.is_empty() || self.in_flight(&head.chain_id).is_some() {
            return Ok(Sent::default());
        }
        let batch = self.select(desk, actions, strategy).await?;
        self.send_batch(desk, batch, head, strategy.timeout_blocks).await
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
        let intent = Intent {
            hash: String::new(),
            sender: self.sender.clone(),
            chain_id: head.chain_id.clone(),
            timeout_height: head.height.saturating_add(timeout_blocks),
            accounts: actions.iter().map(|action| name(action.account())).collect(),
            items,
            before,
        };
        sent.hash = Some(self.commit(&messages, batch.gas, intent, head).await?);
        sent.actions = actions;
        Ok(sent)
    }

    /// Signs, writes down, broadcasts: in this order.
    async fn commit(&mut self, messages: &[Execute], gas: u64, intent: Intent, head: &Head) -> Result<String> {
        let signed = self.chain.sign(messages, gas, intent.timeout_height).await?;
        self.journal.intend(Intent { hash: signed.hash.clone(), ..intent })?;
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

/// What to keep back for the fee when planning: the most that a transaction may cost.
pub fn fee_reserve(chain: &impl Chain, strategy: &Strategy) -> Coin {
    let mut fee = chain.fee(strategy.max_gas_per_tx);
    fee.amount = fee.amount.min(strategy.max_fee.unwrap_or(u128::MAX));
    fee
}

/// The first of these that one transaction has room for.
fn within(desk: &Desk<'_>, actions: &[Action], max_items: usize) -> Vec<Action> {
    let (mut items, mut direct) = (0, 0);
    let fits = |action: &&Action| {
        let (count, most) = if desk.is_item(action) { (&mut items, max_items) } else { (&mut direct, BATCH_MAX) };
        *count += 1;
        *count <= most
    };
    actions.iter().filter(fits).cloned().collect()
}

/// What a transaction has to stay within.
struct Bounds<'a> {
    strategy: &'a Strategy,
    balances: &'a Balances,
}

/// Whether actions go through together.
enum Fit {
    /// They do, with this gas limit.
    Yes(u64),
    /// Some of them fail, or don't pay.
    No(String),
    /// They would be too much for one transaction.
    Full,
    /// The wallet can't pay the fee.
    TooPoor(Error),
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
}
