//! The work of one block: follow the book, judge it, resolve what was sent, plan and send.

mod act;
mod block_gas;
mod driver;
mod error_throttle;
mod gas_price;
pub mod observer;
mod outcome;
mod publish;
mod refill;
mod refusals;
mod report;
mod withdraw;
mod worker;

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::time::Instant;

use crate::book::Book;
use crate::book::sync::{BookSync, Counts};
use crate::chain::{Balances, Chain, Head};
use crate::config::Strategy;
use crate::dex::client::DexClient;
use crate::error::{Class, Error, Refusal, Result};
use crate::keeper::block_gas::BlockGas;
use crate::keeper::observer::{Observer, Unobserved};
use crate::keeper::publish::Publishing;
use crate::keeper::report::Untold;
use crate::keeper::worker::Worker;
use crate::plan::account_memory::AccountMemory;
use crate::plan::limits::Budget;
use crate::plan::{Action, Plan, Skip};
use crate::scan::{Scan, scan};
use crate::tx::journal::Journal;
use crate::tx::messages::Targets;
use crate::tx::{Executor, inventory};

pub use report::{BlockReport, BlockTimes};

/// The keeper of one pool.
#[derive(Debug)]
pub struct Keeper<C> {
    chain: Arc<C>,
    book: Book,
    strategy: Strategy,
    /// One for each key; none in a dry run.
    workers: Vec<Worker<C>>,
    /// What further keys are kept supplied with for gas.
    gas_float: Option<u128>,
    /// Whether all of them have been seen to have enough.
    supplied: bool,
    dex_client: Option<DexClient>,
    /// What is remembered of accounts from block to block.
    memory: AccountMemory,
    /// What became of transactions that no report has told yet.
    untold: Untold,
    /// Transactions in a row that failed.
    failures: u32,
    skipped: BTreeSet<Skip>,
    /// What was spent.
    budget: Budget,
    publishing: Publishing,
    /// How much gas a block has.
    block_gas: BlockGas,
    /// When the chain was last asked what gas costs, in its own time.
    gas_price_at: Option<u64>,
    /// Whether shares in the pool may be there that nobody has looked for.
    new_shares: bool,
    sync: BookSync,
    observer: Box<dyn Observer>,
}

impl<C: Chain> Keeper<C> {
    /// A keeper with a book of its own. Without a journal it is a dry run: nothing is ever sent.
    pub fn new(chain: Arc<C>, book: Book, strategy: Strategy, journal: Option<Journal>) -> Result<Self> {
        let executor = journal.map(|journal| Executor::new(chain.clone(), journal)).transpose()?;
        let mut budget = Budget::default();
        executor.iter().for_each(|executor| budget.recall(executor.spent(&book.head.chain_id)));
        let block_gas = BlockGas::within(strategy.max_gas_per_tx);
        Ok(Self {
            chain,
            book,
            strategy,
            workers: executor.map(Worker::new).into_iter().collect(),
            gas_float: None,
            supplied: false,
            dex_client: None,
            memory: AccountMemory::default(),
            untold: Untold::default(),
            failures: 0,
            skipped: BTreeSet::new(),
            budget,
            publishing: Publishing::default(),
            block_gas,
            gas_price_at: None,
            new_shares: true,
            sync: BookSync::default(),
            observer: Box::new(Unobserved),
        })
    }

    /// Tells this observer what the keeper does.
    pub fn watched(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Box::new(observer);
        self
    }

    /// Sends with further keys as well: the same chain with each of them, and a journal of its own. The first key keeps
    /// each supplied with `gas_float` for gas, in base units; with three of the dearest transactions when left out.
    pub fn beside(mut self, keys: Vec<(Arc<C>, Journal)>, gas_float: Option<u128>) -> Result<Self> {
        self.gas_float = gas_float;
        for (chain, journal) in keys {
            let executor = Executor::new(chain, journal)?;
            self.budget.recall(executor.spent(&self.book.head.chain_id));
            self.workers.push(Worker::new(executor));
        }
        Ok(self)
    }

    /// Liquidates through a liquidator as well, and sells there.
    pub fn with_dex(mut self, dex_client: Option<DexClient>) -> Self {
        self.dex_client = dex_client;
        self
    }

    /// Follows and stores the book by this.
    pub fn with_sync(mut self, sync: BookSync) -> Self {
        self.sync = sync;
        self
    }

    /// What was wrong with the book, ever since the start.
    pub const fn counts(&self) -> Counts {
        self.sync.counts()
    }

    /// The book.
    pub const fn book(&self) -> &Book {
        &self.book
    }

    /// Whether a transaction was sent whose outcome nobody knows yet.
    pub fn in_flight(&self) -> bool {
        self.workers.iter().any(|worker| worker.in_flight(&self.book.head.chain_id))
    }

    /// The hashes of those transactions.
    pub fn on_their_way(&self) -> Vec<&str> {
        let flying = self.workers.iter().filter_map(|worker| worker.executor.in_flight(&self.book.head.chain_id));
        flying.map(|intent| intent.hash.as_str()).collect()
    }

    /// All that is done at a block. What the book is followed by waits for pauses and budgets of endpoints. So does what
    /// became of transactions, though it is asked at once: it is judged by the book at this block, and nothing new is
    /// sent without that.
    pub async fn on_block(&mut self, head: &Head) -> Result<BlockReport> {
        self.observer.begin();
        let mut clock = Instant::now();
        let mut lap = || {
            let spent = clock.elapsed();
            clock = Instant::now();
            spent
        };
        let watching = self.workers.iter_mut().map(|worker| worker.executor.watch(head));
        let following = self.sync.follow(&mut self.book, &*self.chain, head);
        // Both to their ends: a book that is cut off midway would not be the file's.
        let (followed, watched) = tokio::join!(following, futures_util::future::join_all(watching));
        followed?;
        self.see_keys(watched)?;
        let follow = lap();
        // A book that was read anew may be at a newer block.
        let head = &self.book.head.clone();
        let scan = scan(&self.book, head.time)?;
        let scanned = lap();
        self.begin_in_memory(&scan);
        self.resolve(head, &scan).await?;
        let oldest = self.memory.oldest_of(scan.keys_liquidatable(&self.book));
        self.ask_block_gas(head).await;
        self.ask_gas_price(head).await;
        let (plan, mut sent) = self.act(head, &scan).await?;
        self.publish_due(head).await?;
        self.withdraw(head, &scan).await?;
        let times = BlockTimes { follow, scan: scanned, plan: lap() };
        self.note_gas(&head.chain_id)?;
        self.tell_skipped(&plan);
        self.sync.keep(&self.book);
        self.observer.counted(self.sync.counts());
        let Untold { settled, failures, failed } = std::mem::take(&mut self.untold);
        let also = sent.split_off(sent.len().min(1));
        let sent = sent.pop().unwrap_or_default();
        let tick = BlockReport { head: head.clone(), scan, plan, sent, also, settled, failures, failed, oldest, times };
        self.observer.done(&self.book, &tick);
        Ok(tick)
    }

    /// Brings the memory of accounts to the book's block.
    fn begin_in_memory(&mut self, scan: &Scan) {
        let fee_left = self.budget.left(self.book.head.time, &self.strategy).fee;
        let actionable = scan.keys_actionable(&self.book);
        self.memory.begin_block(&self.book, &actionable, self.strategy.cooldown_lift, fee_left);
    }

    /// Takes in what the chain said of each key. A key of which nothing is said sends nothing at this block; of all
    /// keys that is an error.
    fn see_keys(&mut self, watched: Vec<Result<()>>) -> Result<()> {
        let mut wrong = Vec::new();
        for (at, watched) in watched.into_iter().enumerate() {
            self.workers[at].unsynced = watched.is_err();
            match watched {
                Err(error) if error.class() == Class::Halt => return Err(error),
                Err(error) => wrong.push((at, error)),
                Ok(()) => {}
            }
        }
        self.unless_all(wrong, "this key sends nothing at this block: nobody says what the chain has of it")
    }

    /// Writes down what one liquidation uses, in the first key's journal.
    fn note_gas(&mut self, chain_id: &str) -> Result<()> {
        self.workers.first_mut().map_or(Ok(()), |worker| worker.executor.note_gas(chain_id))
    }

    /// Says why accounts are left alone, whenever the reasons change.
    fn tell_skipped(&mut self, plan: &Plan) {
        let reasons: BTreeSet<Skip> = plan.skipped.keys().copied().collect();
        if reasons != self.skipped && !reasons.is_empty() {
            let counts: Vec<String> = plan.skipped.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
            let counts = counts.join(", ");
            let runbook = "RUNBOOK.md#left-alone";
            if reasons.contains(&Skip::NoInventory) {
                tracing::warn!(counts, runbook, "accounts below health factor 1 are left alone");
            } else {
                tracing::info!(counts, runbook, "accounts below health factor 1 are left alone");
            }
        }
        self.skipped = reasons;
    }

    /// Denoms that accounts owe and the keeper has none of to spend, after what is kept back for the fee.
    pub async fn lacking(&self) -> Result<Vec<String>> {
        let Some(inventory) = self.inventory().await? else { return Ok(Vec::new()) };
        let debts = self.book.accounts.values().flat_map(|account| account.debts.iter().map(|debt| debt.asset));
        let owed: BTreeSet<String> = debts.map(|id| self.book.denom_of(id)).collect();
        Ok(owed.into_iter().filter(|denom| inventory.get(denom).is_none_or(|held| *held == 0)).collect())
    }

    /// What the first key may spend.
    async fn inventory(&self) -> Result<Option<Balances>> {
        inventory(&*self.chain, &self.book, self.dex_client.is_some(), &self.strategy).await
    }

    /// The node didn't take what this key sent, or the key can't pay for it.
    fn refused(&mut self, at: usize, head: &Head, error: Error, actions: &[Action]) -> Result<()> {
        self.observer.refused(&error);
        // One that is too large alone can't be made smaller.
        if let ([alone], Some(Refusal::TooLarge)) = (actions, error.refusal()) {
            self.memory.note_would_fail(alone.account(), head.height, &self.book, false);
        }
        self.workers[at].refused(head, error, actions.len(), at == 0)
    }
}

/// The addresses that messages go to.
pub fn targets<'a>(book: &'a Book, dex_client: Option<&'a DexClient>, strategy: &Strategy) -> Targets<'a> {
    Targets {
        pool: &book.addresses.pool,
        oracle: &book.addresses.oracle,
        liquidator: dex_client.map(DexClient::liquidator),
        take_shares: strategy.take_shares,
    }
}
