//! The pipeline: collect → book → scan → plan → execute → settle, once a block.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use plimsoll_schema::pool::AccountKey;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use crate::book::Book;
use crate::book::shelf::{Counts, Shelf};
use crate::book::touched::account_key;
use crate::chain::{Balances, Chain, Head, Included};
use crate::config::Strategy;
use crate::error::{Class, Error, Result};
use crate::exchange::Exchange;
use crate::exchange::read::Venue;
use crate::execute::{Batch, Executor, Landed, Sent, fee_reserve};
use crate::journal::{Intent, Journal};
use crate::monitor::Monitor;
use crate::order::Desk;
use crate::plan::age::Ages;
use crate::plan::budget::Budget;
use crate::plan::{Means, Plan, Skip, keep_back, plan};
use crate::scan::{Scan, scan, scan_on};
use crate::settle::{Failure, Settled, failures, settle};

/// For how many blocks an account is left alone after a transaction about it failed.
const COOLDOWN: u64 = 10;
/// How often a block's plan is made again without what would fail, so that what that would have spent is spent on others.
const ROUNDS: usize = 4;
/// After how many refusals in a row by the node the keeper gives up.
const REFUSALS_MAX: u32 = 6;
/// How long a drain waits for the transaction in flight.
const DRAIN: Duration = Duration::from_secs(30);
/// How long a block's work may go on once the keeper is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// The keeper of one pool.
#[derive(Debug)]
pub struct Keeper<C> {
    chain: Arc<C>,
    book: Book,
    strategy: Strategy,
    executor: Option<Executor<C>>,
    venue: Option<Venue>,
    cooling: BTreeMap<AccountKey, u64>,
    /// What landed and no tick has told yet.
    landed: Landing,
    /// Refusals in a row, and the first block at which something is sent again.
    refusals: (u32, u64),
    skipped: BTreeSet<Skip>,
    /// Since when accounts are in trouble.
    ages: Ages,
    /// What was spent.
    budget: Budget,
    shelf: Shelf,
    monitor: Monitor,
}

/// What a transaction came to.
#[derive(Debug, Default)]
struct Landing {
    settled: Vec<Settled>,
    failures: Vec<Failure>,
    failed: Option<(Intent, String)>,
}

/// How long a block's work took, by part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Bringing the book to the block.
    pub follow: Duration,
    /// Judging it.
    pub scan: Duration,
    /// Planning and simulating.
    pub plan: Duration,
}

/// What happened at one block.
#[derive(Clone, Debug)]
pub struct Tick {
    /// The block.
    pub head: Head,
    /// The whole book, judged.
    pub scan: Scan,
    /// What is to be done.
    pub plan: Plan,
    /// What was sent; nothing in a dry run.
    pub sent: Sent,
    /// What the transaction did that was in flight.
    pub settled: Vec<Settled>,
    /// The items of it that came to nothing, while others went through.
    pub failures: Vec<Failure>,
    /// The transaction that ended without doing anything, with the reason.
    pub failed: Option<(Intent, String)>,
    /// How long it took.
    pub spent: Spent,
}

impl<C: Chain> Keeper<C> {
    /// With a book of its own. Without a journal it is a dry run: nothing is ever sent.
    pub fn new(chain: Arc<C>, book: Book, strategy: Strategy, journal: Option<Journal>) -> Result<Self> {
        let executor = journal.map(|journal| Executor::new(chain.clone(), journal)).transpose()?;
        Ok(Self {
            chain,
            book,
            strategy,
            executor,
            venue: None,
            cooling: BTreeMap::new(),
            landed: Landing::default(),
            refusals: (0, 0),
            skipped: BTreeSet::new(),
            ages: Ages::default(),
            budget: Budget::default(),
            shelf: Shelf::default(),
            monitor: Monitor::default(),
        })
    }

    /// Tells that monitor what it does.
    pub fn watched(mut self, monitor: Monitor) -> Self {
        self.monitor = monitor;
        self
    }

    /// Liquidates through a liquidator as well, and sells there.
    pub fn through(mut self, venue: Option<Venue>) -> Self {
        self.venue = venue;
        self
    }

    /// Keeps the book there.
    pub fn shelved(mut self, shelf: Shelf) -> Self {
        self.shelf = shelf;
        self
    }

    /// What was wrong with the book, ever since the start.
    pub const fn counts(&self) -> Counts {
        self.shelf.counts()
    }

    /// The book.
    pub const fn book(&self) -> &Book {
        &self.book
    }

    /// Whether a transaction was sent whose outcome nobody knows yet.
    pub fn in_flight(&self) -> bool {
        self.executor.as_ref().is_some_and(|executor| executor.in_flight(&self.book.head.chain_id).is_some())
    }

    /// All that is done at a block.
    pub async fn on_block(&mut self, head: &Head) -> Result<Tick> {
        self.monitor.begin();
        let mut clock = Instant::now();
        let mut lap = || {
            let spent = clock.elapsed();
            clock = Instant::now();
            spent
        };
        self.shelf.follow(&mut self.book, &*self.chain, head).await?;
        let follow = lap();
        // A book that was read anew may be at a newer block.
        let head = &self.book.head.clone();
        self.cooling.retain(|_, until| *until > head.height);
        lap();
        let scan = scan_on(&*self.chain, &self.book).await?;
        let scanned = lap();
        self.settle(head, &scan).await?;
        self.ages.see(head.time, scan.keys(&self.book));
        let (plan, batch) = self.choose(head, &scan).await?;
        let spent = Spent { follow, scan: scanned, plan: lap() };
        let sent = self.send(head, batch).await?;
        self.tell_skipped(&plan);
        self.shelf.keep(&self.book);
        self.monitor.audited(self.shelf.counts().mended);
        let Landing { settled, failures, failed } = std::mem::take(&mut self.landed);
        let tick = Tick { head: head.clone(), scan, plan, sent, settled, failures, failed, spent };
        self.monitor.done(&self.book, &tick);
        Ok(tick)
    }

    /// The plan, and what of it goes through. What would fail even alone is left alone for a while, and the rest is planned
    /// again, so that nothing is kept for it.
    async fn choose(&mut self, head: &Head, scan: &Scan) -> Result<(Plan, Batch)> {
        if self.nothing_to_do(scan) {
            return Ok((Plan::default(), Batch::default()));
        }
        let exchange = match &self.venue {
            Some(venue) => Some(venue.read(&*self.chain, Some(head.height)).await?),
            None => None,
        };
        let mut plan = self.plan(scan, exchange.as_ref()).await?;
        let (mut batch, mut left_out) = (Batch::default(), Vec::new());
        for round in 1..=ROUNDS {
            let Some(executor) = self.executor.as_ref().filter(|_| head.height >= self.refusals.1) else { break };
            let fee = self.budget.left(head.time, &self.strategy).fee;
            let strategy = Strategy { max_fee: fee, ..self.strategy.clone() };
            batch = match executor.select(self.desk(), &plan.actions, &strategy).await {
                Ok(batch) => batch,
                Err(error @ (Error::Refused { .. } | Error::EmptyWallet { .. })) => {
                    self.refused(head, error)?;
                    break;
                }
                Err(error) => return Err(error),
            };
            for (action, reason) in &batch.left_out {
                tracing::warn!(account = crate::scan::name(action.account()), reason, "left out: it would fail");
                self.cooling.insert(action.account().clone(), head.height.saturating_add(COOLDOWN));
            }
            let again = round < ROUNDS && !batch.left_out.is_empty();
            left_out.append(&mut batch.left_out);
            if !again {
                break;
            }
            plan = self.plan(scan, exchange.as_ref()).await?;
        }
        batch.left_out = left_out;
        Ok((plan, batch))
    }

    async fn send(&mut self, head: &Head, batch: Batch) -> Result<Sent> {
        let desk = desk(&self.book, self.venue.as_ref(), &self.strategy);
        let Some(executor) = &mut self.executor else { return Ok(Sent::default()) };
        let (left_out, fee) = (batch.left_out.clone(), self.chain.fee(batch.gas).amount);
        match executor.send_batch(desk, batch, head, self.strategy.timeout_blocks).await {
            Ok(sent) => {
                if sent.hash.is_some() {
                    self.budget.spend(head.time, &sent.actions, fee);
                    self.refusals = (0, 0);
                }
                Ok(sent)
            }
            Err(error @ (Error::Refused { .. } | Error::EmptyWallet { .. })) => {
                self.refused(head, error)?;
                Ok(Sent { left_out, ..Sent::default() })
            }
            Err(error) => Err(error),
        }
    }

    /// Nothing is sent for twice as many blocks as after the refusal before; after a few the keeper gives up.
    fn refused(&mut self, head: &Head, error: Error) -> Result<()> {
        self.monitor.refused(&error);
        let times = self.refusals.0.saturating_add(1);
        if times >= REFUSALS_MAX {
            return Err(Error::RefusedAgain { times, reason: error.to_string() });
        }
        let blocks = 1u64 << times;
        self.refusals = (times, head.height.saturating_add(blocks));
        tracing::warn!(%error, times, "nothing was sent, nor will be for {blocks} blocks");
        Ok(())
    }

    /// Says why accounts are left alone, whenever the reasons change.
    fn tell_skipped(&mut self, plan: &Plan) {
        let reasons: BTreeSet<Skip> = plan.skipped.keys().copied().collect();
        if reasons != self.skipped && !reasons.is_empty() {
            let counts: Vec<String> = plan.skipped.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
            let counts = counts.join(", ");
            if reasons.contains(&Skip::NoInventory) {
                tracing::warn!(counts, "accounts below health factor 1 are left alone");
            } else {
                tracing::info!(counts, "accounts below health factor 1 are left alone");
            }
        }
        self.skipped = reasons;
    }

    fn desk(&self) -> Desk<'_> {
        desk(&self.book, self.venue.as_ref(), &self.strategy)
    }

    /// Denoms that accounts owe and the keeper has none of to spend, after what is kept back for the fee.
    pub async fn lacking(&self) -> Result<Vec<String>> {
        let Some(inventory) = self.inventory().await? else { return Ok(Vec::new()) };
        let debts = self.book.accounts.values().flat_map(|account| account.debts.iter().map(|debt| debt.asset));
        let owed: BTreeSet<String> = debts.map(|id| self.book.denom_of(id)).collect();
        Ok(owed.into_iter().filter(|denom| inventory.get(denom).is_none_or(|held| *held == 0)).collect())
    }

    /// What may be spent: what the key has, less what the fee may cost.
    async fn inventory(&self) -> Result<Option<Balances>> {
        let Some(sender) = self.chain.sender() else { return Ok(None) };
        let mut inventory = self.chain.balances(sender).await?;
        keep_back(&mut inventory, &fee_reserve(&*self.chain, &self.strategy));
        Ok(Some(inventory))
    }

    /// Resolves the transaction in flight, without sending anything new. The next tick tells what it did.
    async fn settle(&mut self, head: &Head, scan: &Scan) -> Result<()> {
        let Some(executor) = &mut self.executor else { return Ok(()) };
        let Some((intent, landed)) = executor.resolve(head).await? else { return Ok(()) };
        self.monitor.landed(&intent, &landed);
        let reason = match landed {
            Landed::Included(included) if included.code == 0 => {
                self.settled(&intent, &included, scan);
                return Ok(());
            }
            Landed::Included(included) => {
                // When it isn't said which message failed, any may have.
                let suspects = failed_message(&included.log).and_then(|index| intent.accounts_of(index));
                for key in suspects.unwrap_or(&intent.accounts).iter().filter_map(|name| account_key(name)) {
                    self.cooling.insert(key, head.height.saturating_add(COOLDOWN));
                }
                let reason = format!("failed with code {} of {}: {}", included.code, included.codespace, included.log);
                reason
            }
            Landed::Expired => format!("not included by block {}", intent.timeout_height),
        };
        tracing::warn!(hash = intent.hash, reason, "transaction did nothing");
        self.landed.failed = Some((intent, reason));
        Ok(())
    }

    /// Keeps what a transaction did. Its items that came to nothing are left alone for a while.
    fn settled(&mut self, intent: &Intent, included: &Included, scan: &Scan) {
        let liquidator = self.venue.as_ref().map(Venue::liquidator);
        let settled = settle(included, &self.book, &scan.assets, liquidator);
        report(intent, included.gas_used, &settled);
        let items = intent.accounts.get(..intent.items).unwrap_or_default();
        for failure in failures(included, items, &settled, liquidator.unwrap_or_default()) {
            let Failure { account, reason } = &failure;
            tracing::warn!(hash = intent.hash, height = included.height, account, reason, "an item came to nothing");
            if let Some(key) = account_key(account) {
                self.cooling.insert(key, included.height.saturating_add(COOLDOWN));
            }
            self.landed.failures.push(failure);
        }
        self.landed.settled.extend(settled);
    }

    /// Nothing is below 1; or a transaction is in flight: then nobody knows what the inventory is, and nothing can be sent.
    fn nothing_to_do(&self, scan: &Scan) -> bool {
        scan.is_quiet() || self.in_flight()
    }

    async fn plan(&self, scan: &Scan, exchange: Option<&Exchange>) -> Result<Plan> {
        let (sender, inventory) = (self.chain.sender(), self.inventory().await?);
        let cooling: BTreeSet<AccountKey> = self.cooling.keys().cloned().collect();
        let means = Means::new(sender, inventory, &self.strategy, &cooling).through(exchange);
        let means = means.within(self.budget.left(scan.now, &self.strategy)).waiting(&self.ages);
        Ok(plan(&self.book, scan, means))
    }

    /// Waits for the transaction in flight, for a bounded time, and tells what it did.
    pub async fn drain(&mut self, mut observe: impl FnMut(&Tick)) -> Result<()> {
        let deadline = Instant::now() + DRAIN;
        while self.in_flight() {
            let step = timeout_at(deadline, self.drain_step());
            match step.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) if error.class() == Class::Halt => return Err(error),
                Ok(Err(error)) => tracing::warn!(%error, "asking again what became of the transaction in flight"),
                Err(_) => break,
            }
            if self.in_flight() {
                sleep(Duration::from_millis(100)).await;
            }
        }
        let Landing { settled, failures, failed } = std::mem::take(&mut self.landed);
        if !settled.is_empty() || !failures.is_empty() || failed.is_some() {
            let head = self.book.head.clone();
            let scan = scan(&self.book, head.time)?;
            let (plan, sent, spent) = (Plan::default(), Sent::default(), Spent::default());
            let tick = Tick { head, scan, plan, sent, settled, failures, failed, spent };
            self.monitor.done(&self.book, &tick);
            observe(&tick);
        }
        if self.in_flight() {
            tracing::warn!("a transaction is still in flight; the next start resolves it from the journal");
        }
        Ok(())
    }

    async fn drain_step(&mut self) -> Result<()> {
        let head = self.chain.head().await?;
        let scan = scan(&self.book, head.time)?;
        self.settle(&head, &scan).await
    }

    /// Runs until told to stop, then drains.
    pub async fn run(&mut self, mut stop: watch::Receiver<bool>, mut observe: impl FnMut(&Tick)) -> Result<()> {
        let mut heads = self.chain.subscribe().await?;
        let mut pause = Duration::ZERO;
        let lacking = tokio::select! {
            lacking = self.lacking() => lacking.unwrap_or_default(),
            () = stopped_for(stop.clone(), Duration::ZERO) => Vec::new(),
        };
        if !lacking.is_empty() && self.venue.is_none() {
            let denoms = lacking.join(", ");
            tracing::warn!(denoms, "there is nothing to repay these debts with: send some to the keeper's address");
        }
        loop {
            let head = heads.borrow_and_update().clone();
            let done = tokio::select! {
                done = self.on_block(&head) => done,
                // What is cut off midway is in the journal if it was to be sent.
                () = stopped_for(stop.clone(), GRACE) => break,
            };
            match done {
                Ok(tick) => {
                    observe(&tick);
                    pause = Duration::ZERO;
                }
                Err(error) if error.class() == Class::Halt => {
                    self.monitor.halt(Some(error.to_string()));
                    return Err(error);
                }
                Err(error) => {
                    self.monitor.trouble(&error);
                    tracing::warn!(%error, "nothing is sent until that is mended");
                    pause = (pause * 2).clamp(Duration::from_millis(250), Duration::from_secs(10));
                }
            }
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                changed = heads.changed() => changed.map_err(|_| Error::garbage("the subscription", "it ended"))?,
                () = sleep(pause), if !pause.is_zero() => {}
            }
        }
        tracing::info!("stopping; no new transaction is sent");
        self.shelf.close();
        self.drain(observe).await
    }
}

/// Where messages go.
pub fn desk<'a>(book: &'a Book, venue: Option<&'a Venue>, strategy: &Strategy) -> Desk<'a> {
    Desk {
        pool: &book.addresses.pool,
        oracle: &book.addresses.oracle,
        liquidator: venue.map(Venue::liquidator),
        item_gas: strategy.item_gas,
    }
}

/// Returns when it has been told to stop for that long.
async fn stopped_for(mut stop: watch::Receiver<bool>, grace: Duration) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
    sleep(grace).await;
}

/// The message that a chain's log says made the transaction fail.
fn failed_message(log: &str) -> Option<usize> {
    let (_, after) = log.split_once("message index: ")?;
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    after.get(..digits)?.parse().ok()
}

fn report(intent: &Intent, gas_used: u64, settled: &[Settled]) {
    for done in settled {
        let coin = |coin: &Option<crate::chain::Coin>| coin.as_ref().map(ToString::to_string).unwrap_or_default();
        tracing::info!(
            hash = intent.hash,
            height = done.height,
            gas_used,
            account = done.account,
            action = done.action,
            repaid = coin(&done.repaid),
            seized = coin(&done.seized),
            fee = coin(&done.fee),
            profit = %done.profit,
            losses = done.losses.len(),
            "settled"
        );
    }
}
