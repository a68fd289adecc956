//! The pipeline: collect → book → scan → plan → execute → settle, once a block.

mod act;
mod cooling;
mod landing;
mod lane;
mod publish;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use crate::book::Book;
use crate::book::shelf::{Counts, Shelf};
use crate::book::touched::account_key;
use crate::chain::{Balances, Chain, Head, Included};
use crate::config::Strategy;
use crate::error::{Class, Error, Result};
use crate::exchange::read::Venue;
use crate::execute::{Executor, Landed, Sent, inventory};
use crate::journal::{Intent, Journal};
use crate::monitor::Monitor;
use crate::order::Desk;
use crate::plan::age::Ages;
use crate::plan::budget::Budget;
use crate::plan::{Plan, Skip};
use crate::run::cooling::{Cooling, Seen};
use crate::run::landing::{Landing, failed_message, is_open, out_of_gas};
use crate::run::lane::Lane;
use crate::scan::{Scan, scan, scan_on};
use crate::settle::{Failure, Settled, failures, settle};

pub use landing::{Lost, Why};

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
    /// One for each key; none in a dry run.
    lanes: Vec<Lane<C>>,
    /// What further keys are kept supplied with for gas.
    gas_float: Option<u128>,
    /// Whether all of them have been seen to have enough.
    supplied: bool,
    venue: Option<Venue>,
    cooling: Cooling,
    /// What landed and no tick has told yet.
    landed: Landing,
    /// Transactions in a row that failed.
    failures: u32,
    skipped: BTreeSet<Skip>,
    /// Since when accounts are in trouble.
    ages: Ages,
    /// What was spent.
    budget: Budget,
    /// When live prices were looked at last, in the chain's time.
    published: u64,
    shelf: Shelf,
    monitor: Monitor,
}

/// How long a block's work took, by part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Bringing the book to the block.
    pub follow: Duration,
    /// Judging it.
    pub scan: Duration,
    /// Planning, simulating and sending.
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
    /// What further keys sent.
    pub also: Vec<Sent>,
    /// What the transaction did that was in flight.
    pub settled: Vec<Settled>,
    /// The items of it that came to nothing, while others went through.
    pub failures: Vec<Failure>,
    /// Transactions that ended without doing anything.
    pub failed: Vec<Lost>,
    /// How long it took.
    pub spent: Spent,
}

impl<C: Chain> Keeper<C> {
    /// With a book of its own. Without a journal it is a dry run: nothing is ever sent.
    pub fn new(chain: Arc<C>, book: Book, strategy: Strategy, journal: Option<Journal>) -> Result<Self> {
        let executor = journal.map(|journal| Executor::new(chain.clone(), journal)).transpose()?;
        let mut budget = Budget::default();
        executor.iter().for_each(|executor| budget.recall(executor.spent(&book.head.chain_id)));
        Ok(Self {
            chain,
            book,
            strategy,
            lanes: executor.map(Lane::new).into_iter().collect(),
            gas_float: None,
            supplied: false,
            venue: None,
            cooling: Cooling::default(),
            landed: Landing::default(),
            failures: 0,
            skipped: BTreeSet::new(),
            ages: Ages::default(),
            budget,
            published: 0,
            shelf: Shelf::default(),
            monitor: Monitor::default(),
        })
    }

    /// Tells that monitor what it does.
    pub fn watched(mut self, monitor: Monitor) -> Self {
        self.monitor = monitor;
        self
    }

    /// Sends with further keys as well: the same chain with each of them, and a journal of its own. The first key keeps each supplied with
    /// `gas_float` for gas, in base units; with three of the dearest transactions when left out.
    pub fn beside(mut self, keys: Vec<(Arc<C>, Journal)>, gas_float: Option<u128>) -> Result<Self> {
        self.gas_float = gas_float;
        for (chain, journal) in keys {
            let executor = Executor::new(chain, journal)?;
            self.budget.recall(executor.spent(&self.book.head.chain_id));
            self.lanes.push(Lane::new(executor));
        }
        Ok(self)
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
        self.lanes.iter().any(|lane| lane.in_flight(&self.book.head.chain_id))
    }

    /// The hashes of those transactions.
    pub fn on_their_way(&self) -> Vec<&str> {
        let flying = self.lanes.iter().filter_map(|lane| lane.executor.in_flight(&self.book.head.chain_id));
        flying.map(|intent| intent.hash.as_str()).collect()
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
        let watching = self.lanes.iter_mut().map(|lane| lane.executor.watch(&head.chain_id));
        let following = self.shelf.follow(&mut self.book, &*self.chain, head);
        // Both to their ends: a book that is cut off midway would not be the file's.
        let (followed, watched) = tokio::join!(following, futures_util::future::try_join_all(watching));
        followed?;
        watched?;
        let follow = lap();
        // A book that was read anew may be at a newer block.
        let head = &self.book.head.clone();
        self.cooling.lift(head.height, &self.book, self.strategy.cooldown_lift);
        let scan = scan_on(&*self.chain, &self.book).await?;
        let scanned = lap();
        self.settle(head, &scan).await?;
        self.ages.see(head.time, scan.keys(&self.book));
        let (plan, mut sent) = self.act(head, &scan).await?;
        self.publish(head).await?;
        let spent = Spent { follow, scan: scanned, plan: lap() };
        self.tell_skipped(&plan);
        self.shelf.keep(&self.book);
        self.monitor.counted(self.shelf.counts());
        let Landing { settled, failures, failed } = std::mem::take(&mut self.landed);
        let also = sent.split_off(sent.len().min(1));
        let sent = sent.pop().unwrap_or_default();
        let tick = Tick { head: head.clone(), scan, plan, sent, also, settled, failures, failed, spent };
        self.monitor.done(&self.book, &tick);
        Ok(tick)
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

    /// Denoms that accounts owe and the keeper has none of to spend, after what is kept back for the fee.
    pub async fn lacking(&self) -> Result<Vec<String>> {
        let Some(inventory) = self.inventory().await? else { return Ok(Vec::new()) };
        let debts = self.book.accounts.values().flat_map(|account| account.debts.iter().map(|debt| debt.asset));
        let owed: BTreeSet<String> = debts.map(|id| self.book.denom_of(id)).collect();
        Ok(owed.into_iter().filter(|denom| inventory.get(denom).is_none_or(|held| *held == 0)).collect())
    }

    /// What the first key may spend.
    async fn inventory(&self) -> Result<Option<Balances>> {
        inventory(&*self.chain, self.venue.is_some(), &self.strategy).await
    }

    /// The node didn't take what this key sent, or the key can't pay for it.
    fn refused(&mut self, at: usize, head: &Head, error: Error) -> Result<()> {
        self.monitor.refused(&error);
        self.lanes[at].refused(head, error, at == 0)
    }

    /// Resolves what is in flight, without sending anything new. The next tick tells what it did.
    async fn settle(&mut self, head: &Head, scan: &Scan) -> Result<()> {
        for at in 0..self.lanes.len() {
            let Some((intent, landed)) = self.lanes[at].executor.resolve(head).await? else { continue };
            self.monitor.landed(&intent, &landed);
            self.lanes[at].sent.clear();
            let seen = self.lanes[at].seen.take();
            match landed {
                Landed::Included(included) if included.code == 0 => {
                    // Gas money and a publication alone prove nothing of liquidations.
                    if !intent.accounts.is_empty() {
                        self.lanes[at].executor.pace().worked();
                        self.failures = 0;
                    }
                    self.settled(&intent, &included, scan, seen.as_ref());
                }
                Landed::Included(included) => self.failed(at, intent, &included, (scan, seen.as_ref()))?,
                Landed::Expired => {
                    let reason = format!("not included by block {}", intent.timeout_height);
                    self.lost(Lost { intent, why: Why::Expired, reason, gas_used: 0 });
                }
            }
        }
        Ok(())
    }

    fn lost(&mut self, lost: Lost) {
        self.monitor.lost(&lost);
        let Lost { intent, why, reason, gas_used } = &lost;
        tracing::warn!(hash = intent.hash, %why, reason, gas_used, "transaction did nothing");
        self.landed.failed.push(lost);
    }

    /// A transaction that failed in its block: whoever is to blame is left alone for a while, unless somebody else was first. When it isn't
    /// said who is, the next transactions are smaller, until one account stands alone.
    fn failed(
        &mut self,
        at: usize,
        intent: Intent,
        included: &Included,
        (scan, seen): (&Scan, Option<&Seen>),
    ) -> Result<()> {
        let pace = self.lanes[at].executor.pace();
        let (count, ran_out) = (intent.accounts.len(), out_of_gas(included));
        let known =
            if ran_out { None } else { failed_message(&included.log).and_then(|index| intent.accounts_of(index)) };
        let alone = || (count == 1).then_some(intent.accounts.as_slice());
        let blamed = match known.or_else(|| alone().filter(|_| !ran_out)) {
            Some(accounts) => accounts,
            None if ran_out && !pace.out_of_gas(count) => &intent.accounts,
            None if ran_out => &[],
            None if count == 0 => &[],
            None => {
                pace.failed(count);
                &[]
            }
        };
        let open: Vec<&String> = blamed.iter().filter(|account| is_open(account, &self.book, scan)).collect();
        for key in open.iter().filter_map(|name| account_key(name)) {
            self.cooling.cool(key, included.height, &self.book, seen);
        }
        let why = match (ran_out, blamed.is_empty(), open.is_empty()) {
            (true, ..) => Why::OutOfGas,
            (false, false, true) => Why::Rival,
            (false, ..) => Why::Failed,
        };
        let reason = format!("failed with code {} of {}: {}", included.code, included.codespace, included.log);
        self.count_failure(why, &reason)?;
        self.lost(Lost { why, reason, gas_used: included.gas_used, intent });
        Ok(())
    }

    /// Too many in a row are not chance: better nothing is sent than gas is burnt.
    fn count_failure(&mut self, why: Why, reason: &str) -> Result<()> {
        if why != Why::Rival {
            self.failures = self.failures.saturating_add(1);
        }
        let (times, most) = (self.failures, self.strategy.max_failures);
        if most > 0 && times >= most {
            return Err(Error::TooManyFailures { times, reason: reason.to_owned() });
        }
        Ok(())
    }

    /// Keeps what a transaction did. Its items that came to nothing are left alone for a while, unless somebody else was first.
    fn settled(&mut self, intent: &Intent, included: &Included, scan: &Scan, seen: Option<&Seen>) {
        let liquidator = self.venue.as_ref().map(Venue::liquidator);
        let settled = settle(included, &self.book, &scan.assets, liquidator);
        report(intent, included.gas_used, &settled);
        for key in settled.iter().filter_map(|done| account_key(&done.account)) {
            self.cooling.forget(&key);
        }
        let items = intent.accounts.get(..intent.items).unwrap_or_default();
        for failure in failures(included, items, &settled, liquidator.unwrap_or_default()) {
            let failure = Failure { rival: !is_open(&failure.account, &self.book, scan), ..failure };
            let Failure { account, reason, rival } = &failure;
            tracing::warn!(
                hash = intent.hash,
                height = included.height,
                account,
                reason,
                rival,
                "an item came to nothing"
            );
            if let Some(key) = account_key(account).filter(|_| !failure.rival) {
                self.cooling.cool(key, included.height, &self.book, seen);
            }
            self.landed.failures.push(failure);
        }
        self.landed.settled.extend(settled);
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
        if !self.landed.is_empty() {
            let Landing { settled, failures, failed } = std::mem::take(&mut self.landed);
            let head = self.book.head.clone();
            let scan = scan(&self.book, head.time)?;
            let (plan, sent, also, spent) = (Plan::default(), Sent::default(), Vec::new(), Spent::default());
            let tick = Tick { head, scan, plan, sent, also, settled, failures, failed, spent };
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
