//! Live prices are published each quarter of their window, though nothing be liquidated. Health is judged by what is
//! published; a source that nobody publishes falls silent, since its samples lie too far apart; and by a record that is
//! older nothing is seized or repaid.

use std::collections::BTreeMap;

use plimsoll_schema::oracle::DENOMS_MAX;

use crate::book::Book;
use crate::book::sources::{sources, windows};
use crate::chain::{Chain, ChainReader, Head};
use crate::config::Strategy;
use crate::error::{Class, Result};
use crate::keeper::Keeper;

/// How often the oracle is asked which sources are live, in seconds of the chain's time.
const SOURCES_EVERY_SECONDS: u64 = 600;
/// After how many seconds of the chain's time the oracle is asked again when it didn't answer.
const SOURCES_RETRY_SECONDS: u64 = 60;
/// A live price is published each so manieth part of its window.
const PARTS: u64 = 4;

/// What is known of live sources.
#[derive(Clone, Debug, Default)]
pub(super) struct Publishing {
    /// The window of each denom's live source, in seconds.
    windows: BTreeMap<String, u64>,
    /// When the oracle was asked last, in the chain's time.
    asked_at: Option<u64>,
    /// By denom, when it was last to be published, in the chain's time: what waits for its first price has no record
    /// that says so.
    tried_at: BTreeMap<String, u64>,
}

impl Publishing {
    /// The live denoms on which the market's prices hang and whose record is old enough, the oldest first, no more than
    /// one message takes.
    pub fn due(&self, book: &Book, strategy: &Strategy, now: u64) -> Vec<String> {
        let concerned = book.prices.hangs_on(book.denoms());
        let live = self.windows.iter().filter(|(denom, _)| concerned.contains(denom.as_str()));
        let last = |denom: &String| {
            // Where another source speaks the record's time says nothing of this one.
            let record = book.prices.records.get(denom).filter(|record| record.window > 0);
            let published = record.map_or(0, |record| record.timestamp);
            self.tried_at.get(denom).copied().unwrap_or_default().max(published)
        };
        let due = live.filter_map(|(denom, window)| {
            let every = strategy.publish_seconds.unwrap_or(window.div_ceil(PARTS));
            let last = last(denom);
            (every > 0 && last.saturating_add(every) <= now).then_some((last, denom))
        });
        let mut due: Vec<(u64, &String)> = due.collect();
        due.sort_unstable();
        due.into_iter().take(DENOMS_MAX).map(|(_, denom)| denom.clone()).collect()
    }

    /// Asks which sources are live, when it is time. Where that isn't told, what was known before goes on.
    async fn ask(&mut self, chain: &impl ChainReader, oracle: &str, head: &Head) {
        if self.asked_at.is_some_and(|at| head.time < at.saturating_add(SOURCES_EVERY_SECONDS)) {
            return;
        }
        self.asked_at = Some(head.time);
        match sources(chain, oracle, Some(head.height)).await {
            Ok(sources) => self.windows = windows(&sources),
            Err(error) => {
                self.asked_at =
                    Some(head.time.saturating_sub(SOURCES_EVERY_SECONDS).saturating_add(SOURCES_RETRY_SECONDS));
                tracing::warn!(%error, "the oracle doesn't tell its sources; live prices are published as before")
            }
        }
    }
}

impl<C: Chain> Keeper<C> {
    /// Publishes what is due with the first key, unless that has a transaction in flight or may not spend. What doesn't
    /// work now is tried again when it is due again.
    pub(super) async fn publish_due(&mut self, head: &Head) -> Result<()> {
        let free = self.workers.first().is_some_and(|worker| worker.is_free(head));
        let broke = self.budget.left(head.time, &self.strategy).fee == Some(0);
        if self.strategy.publish_seconds == Some(0) || !free || broke {
            return Ok(());
        }
        self.publishing.ask(&*self.chain, &self.book.addresses.oracle, head).await;
        let due = self.publishing.due(&self.book, &self.strategy, head.time);
        if due.is_empty() {
            return Ok(());
        }
        self.publishing.tried_at.extend(due.iter().map(|denom| (denom.clone(), head.time)));
        match self.publish_these(head, due).await {
            Err(error) if error.class() == Class::Halt => Err(error),
            Err(error) => {
                tracing::warn!(%error, "live prices can't be published now");
                Ok(())
            }
            done => done,
        }
    }

    async fn publish_these(&mut self, head: &Head, denoms: Vec<String>) -> Result<()> {
        // No more than the hour has left.
        let max_fee = self.budget.left(head.time, &self.strategy).fee;
        let strategy = Strategy { max_fee, ..self.strategy.clone() };
        let Some(worker) = self.workers.first_mut() else { return Ok(()) };
        match worker.executor.publish(&self.book.addresses.oracle, &denoms, head, &strategy).await {
            Ok(Some(spent)) => {
                tracing::info!(height = head.height, denoms = denoms.join(", "), "live prices are on their way");
                worker.accepted();
                self.budget.spend(spent);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(error) if error.refusal().is_some() => self.refused(0, head, error, &[]),
            Err(error) => Err(error),
        }
    }
}
