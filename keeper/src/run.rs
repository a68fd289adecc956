//! The pipeline: collect → book → scan → plan → execute → settle, once a block.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use plimsoll_schema::pool::AccountKey;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::book::Book;
use crate::book::touched::account_key;
use crate::chain::{Chain, Head};
use crate::config::Strategy;
use crate::error::{Class, Error, Result};
use crate::execute::{Executor, Landed, Sent};
use crate::journal::{Intent, Journal};
use crate::plan::{Means, Plan, plan};
use crate::scan::{Scan, scan};
use crate::settle::{Settled, settle};

/// For how many blocks an account is left alone after a transaction about it failed.
const COOLDOWN: u64 = 10;
/// How long a drain waits for the transaction in flight.
const DRAIN: Duration = Duration::from_secs(30);

/// The keeper of one pool.
#[derive(Debug)]
pub struct Keeper<C> {
    chain: Arc<C>,
    book: Book,
    strategy: Strategy,
    executor: Option<Executor<C>>,
    cooling: BTreeMap<AccountKey, u64>,
    audited: u64,
    mended: usize,
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
    /// The transaction that ended without doing anything, with the reason.
    pub failed: Option<(Intent, String)>,
}

impl<C: Chain> Keeper<C> {
    /// With a book of its own. Without a journal it is a dry run: nothing is ever sent.
    pub fn new(chain: Arc<C>, book: Book, strategy: Strategy, journal: Option<Journal>) -> Result<Self> {
        let executor = journal.map(|journal| Executor::new(chain.clone(), journal)).transpose()?;
        let audited = book.head.height;
        Ok(Self { chain, book, strategy, executor, cooling: BTreeMap::new(), audited, mended: 0 })
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
        self.book.follow(&*self.chain, head).await?;
        self.audit(head).await;
        self.cooling.retain(|_, until| *until > head.height);
        let scan = scan(&self.book, head.time)?;
        let (settled, failed) = self.settle(head, &scan).await?;
        let plan = self.plan(&scan).await?;
        let mut tick = Tick { head: head.clone(), scan, plan, sent: Sent::default(), settled, failed };
        if let Some(executor) = &mut self.executor {
            let pool = &self.book.addresses.pool;
            match executor.send(pool, &tick.plan.actions, head, self.strategy.timeout_blocks).await {
                Ok(sent) => tick.sent = sent,
                Err(error) if error.class() == Class::Skip => tracing::warn!(%error, "nothing was sent"),
                Err(error) => return Err(error),
            }
            for (action, reason) in &tick.sent.left_out {
                tracing::warn!(account = crate::scan::name(action.account()), reason, "left out: it would fail");
                self.cooling.insert(action.account().clone(), head.height.saturating_add(1));
            }
        }
        Ok(tick)
    }

    /// How many differences audits have found since the start; anything but 0 is a fault of the keeper.
    pub const fn mended(&self) -> usize {
        self.mended
    }

    /// When it is time, compares the book with one read anew, and keeps that.
    async fn audit(&mut self, head: &Head) {
        let every = self.strategy.audit_blocks;
        if every == 0 || head.height < self.audited.saturating_add(every) {
            return;
        }
        match self.book.audit(&*self.chain).await {
            Ok(differences) => {
                self.audited = head.height;
                self.mended = self.mended.saturating_add(differences);
                tracing::info!(height = head.height, differences, ever = self.mended, "the book was read anew");
            }
            // The book stands as it was; the next block tries again.
            Err(error) => tracing::warn!(%error, "the book can't be compared now"),
        }
    }

    /// Resolves the transaction in flight, without sending anything new.
    pub async fn settle(&mut self, head: &Head, scan: &Scan) -> Result<(Vec<Settled>, Option<(Intent, String)>)> {
        let Some(executor) = &mut self.executor else { return Ok((Vec::new(), None)) };
        let Some((intent, landed)) = executor.resolve(head).await? else { return Ok((Vec::new(), None)) };
        let reason = match landed {
            Landed::Included(included) if included.code == 0 => {
                let settled = settle(&included, &self.book, &scan.assets);
                report(&intent, included.gas_used, &settled);
                return Ok((settled, None));
            }
            Landed::Included(included) => {
                for key in intent.accounts.iter().filter_map(|name| account_key(name)) {
                    self.cooling.insert(key, head.height.saturating_add(COOLDOWN));
                }
                format!("failed with code {} of {}: {}", included.code, included.codespace, included.log)
            }
            Landed::Expired => format!("not included by block {}", intent.timeout_height),
        };
        tracing::warn!(hash = intent.hash, reason, "transaction did nothing");
        Ok((Vec::new(), Some((intent, reason))))
    }

    async fn plan(&self, scan: &Scan) -> Result<Plan> {
        let nothing = scan.verdicts.iter().all(|verdict| !verdict.is_liquidatable() && !verdict.bad_debt);
        // While a transaction is in flight, nobody knows what the inventory is, and nothing can be sent.
        if nothing || self.in_flight() {
            return Ok(Plan::default());
        }
        let sender = self.chain.sender();
        let inventory = match sender {
            Some(sender) => Some(self.chain.balances(sender).await?),
            None => None,
        };
        let cooling: BTreeSet<AccountKey> = self.cooling.keys().cloned().collect();
        Ok(plan(&self.book, scan, Means { sender, inventory, strategy: &self.strategy, cooling: &cooling }))
    }

    /// Waits for the transaction in flight, for a bounded time.
    pub async fn drain(&mut self) -> Result<()> {
        let wait = async {
            while self.in_flight() {
                let head = self.chain.head().await?;
                let scan = scan(&self.book, head.time)?;
                self.settle(&head, &scan).await?;
                sleep(Duration::from_millis(100)).await;
            }
            Ok(())
        };
        timeout(DRAIN, wait).await.unwrap_or_else(|_| {
            tracing::warn!("a transaction is still in flight; the next start resolves it from the journal");
            Ok(())
        })
    }

    /// Runs until told to stop, then drains.
    pub async fn run(&mut self, mut stop: watch::Receiver<bool>, mut observe: impl FnMut(&Tick)) -> Result<()> {
        let mut heads = self.chain.subscribe().await?;
        let mut pause = Duration::ZERO;
        loop {
            let head = heads.borrow_and_update().clone();
            match self.on_block(&head).await {
                Ok(tick) => {
                    observe(&tick);
                    pause = Duration::ZERO;
                }
                Err(error) if error.class() == Class::Halt => return Err(error),
                Err(error) => {
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
        self.drain().await
    }
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
