//! Live prices are published when they have grown old, though nothing be liquidated: what is below 1 by the price of now may be above it by
//! the one that was published last, and a source that nobody publishes falls silent.

use plimsoll_schema::oracle::{DENOMS_MAX, QueryMsg, Source, SourcesResponse};

use crate::chain::{Chain, Head, query};
use crate::config::Strategy;
use crate::error::{Class, Error, Result};
use crate::run::Keeper;

/// As many sources as the oracle tells at once.
const SOURCES_MAX: u32 = 30;
/// No oracle has more pages of them: whoever leads on lies.
const PAGES_MAX: usize = 100;

impl<C: Chain> Keeper<C> {
    /// With the first key, unless that has something on its way or may not spend. What doesn't work now is tried again when it is due again.
    pub(super) async fn publish(&mut self, head: &Head) -> Result<()> {
        let every = self.strategy.publish_seconds;
        let free = self.lanes.first().is_some_and(|lane| lane.is_free(head));
        let broke = self.budget.left(head.time, &self.strategy).fee == Some(0);
        if every == 0 || !free || broke || head.time < self.published.saturating_add(every) {
            return Ok(());
        }
        let old = self.old(head.time, every);
        if old.is_empty() {
            return Ok(());
        }
        self.published = head.time;
        match self.publish_these(head, old).await {
            Err(error) if error.class() == Class::Halt => Err(error),
            Err(error) => {
                tracing::warn!(%error, "live prices can't be published now");
                Ok(())
            }
            done => done,
        }
    }

    /// The denoms of assets that some account has or owes, whose price is as old as that.
    fn old(&self, now: u64, every: u64) -> Vec<String> {
        let used = |id| self.book.accounts.columns().kinds().iter().any(|kind| kind.asset == id);
        let old = self.book.assets.iter().filter(|(id, asset)| {
            let published = asset.record.as_ref().map(|record| record.timestamp);
            published.is_some_and(|at| at.saturating_add(every) <= now) && used(**id)
        });
        old.map(|(_, asset)| asset.params.denom.clone()).collect()
    }

    async fn publish_these(&mut self, head: &Head, old: Vec<String>) -> Result<()> {
        let live = self.live(head.height).await?;
        let denoms: Vec<String> = old.into_iter().filter(|denom| live.contains(denom)).take(DENOMS_MAX).collect();
        if denoms.is_empty() {
            return Ok(());
        }
        // No more than the hour has left.
        let max_fee = self.budget.left(head.time, &self.strategy).fee;
        let strategy = Strategy { max_fee, ..self.strategy.clone() };
        let Some(lane) = self.lanes.first_mut() else { return Ok(()) };
        match lane.executor.publish(&self.book.addresses.oracle, &denoms, head, &strategy).await {
            Ok(Some(spent)) => {
                tracing::info!(height = head.height, denoms = denoms.join(", "), "live prices are on their way");
                lane.accepted();
                self.budget.spend(spent);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(error @ (Error::Refused { .. } | Error::EmptyWallet { .. })) => lane.refused(head, error, true),
            Err(error) => Err(error),
        }
    }

    /// The denoms that live sources price, page by page.
    async fn live(&self, height: u64) -> Result<Vec<String>> {
        let (mut live, mut start_after) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let question = QueryMsg::Sources { start_after: start_after.clone(), limit: Some(SOURCES_MAX) };
            let page: SourcesResponse =
                query(&*self.chain, &self.book.addresses.oracle, &question, Some(height)).await?;
            let last = page.sources.last().map(|source| source.denom.clone());
            let pairs = page.sources.iter().filter(|source| matches!(source.source, Source::Pair(_)));
            live.extend(pairs.map(|source| source.denom.clone()));
            // A page that doesn't lead on is the last one, whatever it holds.
            if last.is_none() || last <= start_after {
                return Ok(live);
            }
            start_after = last;
        }
        Err(Error::garbage(&self.book.addresses.oracle, format!("more than {PAGES_MAX} pages of sources")))
    }
}
