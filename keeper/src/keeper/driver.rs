//! The loop: a block's work for each new block until told to stop, and the wait for the transaction in flight after
//! that.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use crate::chain::Chain;
use crate::error::{Class, Error, Result};
use crate::keeper::error_throttle::Trouble;
use crate::keeper::report::Untold;
use crate::keeper::{BlockReport, BlockTimes, Keeper};
use crate::plan::Plan;
use crate::scan::scan;
use crate::tx::Sent;

/// How long a drain waits for the transaction in flight.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a block's work may go on once the keeper is told to stop.
const STOP_GRACE: Duration = Duration::from_secs(5);

impl<C: Chain> Keeper<C> {
    /// Waits for the transaction in flight, for a bounded time, and tells what it did.
    pub async fn drain(&mut self, mut observe: impl FnMut(&BlockReport)) -> Result<()> {
        let deadline = Instant::now() + DRAIN_TIMEOUT;
        let mut trouble = Trouble::default();
        while self.in_flight() {
            let step = timeout_at(deadline, self.drain_step());
            match step.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) if error.class() == Class::Halt => return Err(error),
                Ok(Err(error)) if trouble.met(&error) => {
                    tracing::warn!(%error, "asking again what became of the transaction in flight");
                }
                Ok(Err(_)) => {}
                Err(_) => break,
            }
            if self.in_flight() {
                sleep(Duration::from_millis(100)).await;
            }
        }
        if !self.untold.is_empty() {
            let tick = self.last_report()?;
            self.observer.done(&self.book, &tick);
            observe(&tick);
        }
        if self.in_flight() {
            tracing::warn!("a transaction is still in flight; the next start resolves it from the journal");
        }
        Ok(())
    }

    /// What became of transactions after the last block's work: nothing was planned or sent since.
    fn last_report(&mut self) -> Result<BlockReport> {
        let Untold { settled, failures, failed } = std::mem::take(&mut self.untold);
        let head = self.book.head.clone();
        let scan = scan(&self.book, head.time)?;
        Ok(BlockReport {
            oldest: self.memory.oldest_of(scan.keys_liquidatable(&self.book)),
            head,
            scan,
            plan: Plan::default(),
            sent: Sent::default(),
            also: Vec::new(),
            settled,
            failures,
            failed,
            times: BlockTimes::default(),
        })
    }

    /// At once: an endpoint that asked for a pause longer than the drain would leave it without an outcome.
    async fn drain_step(&mut self) -> Result<()> {
        let head = self.chain.head_at_once().await?;
        let scan = scan(&self.book, head.time)?;
        self.resolve(&head, &scan).await
    }

    /// Runs until told to stop, then drains.
    pub async fn run(&mut self, mut stop: watch::Receiver<bool>, mut observe: impl FnMut(&BlockReport)) -> Result<()> {
        let mut heads = self.chain.subscribe().await?;
        let mut pause = Duration::ZERO;
        let mut trouble = Trouble::default();
        let lacking = tokio::select! {
            lacking = self.lacking() => lacking.unwrap_or_default(),
            () = stopped_for(stop.clone(), Duration::ZERO) => Vec::new(),
        };
        if !lacking.is_empty() && self.dex_client.is_none() {
            let denoms = lacking.join(", ");
            tracing::warn!(denoms, "there is nothing to repay these debts with: send some to the keeper's address");
        }
        loop {
            let head = heads.borrow_and_update().clone();
            let done = tokio::select! {
                done = self.on_block(&head) => done,
                // What is cut off midway is in the journal if it was to be sent.
                () = stopped_for(stop.clone(), STOP_GRACE) => break,
            };
            match done {
                Ok(tick) => {
                    observe(&tick);
                    pause = Duration::ZERO;
                    tell_end(trouble.over(), tick.head.height);
                }
                Err(error) if error.class() == Class::Halt => {
                    self.observer.ending(&error.to_string());
                    return Err(error);
                }
                Err(error) => {
                    self.observer.trouble(&error);
                    tell(&mut trouble, &error);
                    pause = (pause * 2).clamp(Duration::from_millis(250), Duration::from_secs(10));
                }
            }
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                // A new block doesn't mend what failed a moment ago.
                () = sleep(pause), if !pause.is_zero() => {}
                changed = heads.changed(), if pause.is_zero() => {
                    changed.map_err(|_| Error::garbage("the subscription", "it ended"))?;
                }
            }
        }
        tracing::info!("stopping; no new transaction is sent");
        self.sync.close();
        self.drain(observe).await
    }
}

/// Tells of a block that could not be done, now and then while that lasts.
fn tell(trouble: &mut Trouble, error: &Error) {
    if trouble.met(error) {
        let runbook = error.runbook();
        tracing::warn!(%error, runbook, "this block could not be done; nothing is sent until one can be");
    } else {
        tracing::debug!(%error, "this block could not be done either");
    }
}

/// Tells that a block was done after so many attempts that failed.
fn tell_end(times: u64, height: u64) {
    if times > 0 {
        tracing::info!(height, failed_attempts = times, "block done after failed attempts; continuing");
    }
}

/// Returns when it has been told to stop for that long.
async fn stopped_for(mut stop: watch::Receiver<bool>, grace: Duration) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
    sleep(grace).await;
}
