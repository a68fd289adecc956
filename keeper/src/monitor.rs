//! What the keeper shows of itself to the outside: whether it lives, whether it is ready, and numbers. See [`serve`].

pub mod latency;
pub mod metrics;
pub mod readiness;
mod record;
pub mod serve;
pub mod summary;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::book::Book;
use crate::book::sync::Counts;
use crate::chain::{Balances, Head, TxStatus};
use crate::clock::clock;
use crate::error::Error;
use crate::keeper::BlockReport;
use crate::keeper::observer::Observer;
use crate::monitor::latency::Flights;
use crate::monitor::metrics::{Metrics, Purse};
use crate::monitor::readiness::{Facts, Verdict};
use crate::monitor::summary::Summary;
use crate::tx::journal::Intent;
use crate::tx::{FailedTx, FailureReason};

/// What is read anew whenever somebody looks.
type Refresh = Box<dyn Fn(&Metrics) -> Option<(Head, crate::chain::endpoints::Readiness)> + Send + Sync>;

/// Hears what the keeper does, and answers who looks. Clones are the same one.
#[derive(Clone)]
pub struct Monitor(Arc<Shared>);

struct Shared {
    metrics: Metrics,
    max_age: u64,
    known: Mutex<Known>,
    refresh: Mutex<Option<Refresh>>,
}

#[derive(Default)]
struct Known {
    facts: Facts,
    flights: Flights,
    /// Where something is or was held.
    held: BTreeSet<Purse>,
    /// Since when a block is being worked on.
    busy: Option<Instant>,
    summary: Summary,
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Monitor")
    }
}

impl Default for Monitor {
    fn default() -> Self {
        Self::new(crate::config::Monitoring::default().max_age)
    }
}

impl Monitor {
    /// Hears and shows; not ready while the newest block is older than `max_age` seconds.
    pub fn new(max_age: u64) -> Self {
        let known = Mutex::default();
        let refresh = Mutex::new(None);
        Self(Arc::new(Shared { metrics: Metrics::new(), max_age, known, refresh }))
    }

    /// The numbers.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// What to read whenever somebody looks: the newest block, and how many endpoints are well.
    pub fn refreshed_by(
        &self,
        refresh: impl Fn(&Metrics) -> Option<(Head, crate::chain::endpoints::Readiness)> + Send + Sync + 'static,
    ) {
        *self.0.refresh.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(refresh));
    }

    /// What this address holds; what it no longer has is 0.
    pub fn balances(&self, address: &str, balances: &Balances) {
        self.held(address, "wallet", balances);
    }

    /// What this address's shares in the pool are worth; what it no longer has is 0.
    pub fn supplied(&self, address: &str, claims: &Balances) {
        self.held(address, "pool", claims);
    }

    fn held(&self, address: &str, place: &str, amounts: &Balances) {
        let mut known = self.known();
        let purse = |denom: &String| {
            let address = address.to_owned();
            let place = place.to_owned();
            Purse { address, denom: denom.clone(), place }
        };
        known.held.extend(amounts.keys().map(purse));
        for purse in known.held.iter().filter(|purse| purse.address == address && purse.place == place) {
            self.metrics().balance(purse, amounts.get(&purse.denom).copied().unwrap_or_default());
        }
    }

    /// What was done since the start.
    pub fn summary(&self) -> Summary {
        self.known().summary.clone()
    }

    /// Whether the process should go on living: a block's work doesn't take minutes.
    pub fn is_live(&self) -> bool {
        const BLOCK_WORK_MAX: Duration = Duration::from_secs(300);
        self.known().busy.is_none_or(|since| since.elapsed() < BLOCK_WORK_MAX)
    }

    /// Whether it sees the chain and would act.
    pub fn ready(&self) -> Verdict {
        self.look();
        self.known().facts.judge(clock(), self.0.max_age)
    }

    /// All numbers in the text format of OpenMetrics, which Prometheus reads.
    pub fn render(&self) -> String {
        let ready = self.ready().is_ready();
        self.metrics().ready.set(i64::from(ready));
        self.metrics().render()
    }

    fn look(&self) {
        let refresh = self.0.refresh.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((chain, endpoints)) = refresh.as_ref().and_then(|refresh| refresh(self.metrics())) else { return };
        let mut known = self.known();
        known.facts.chain = Some(chain);
        known.facts.endpoints = Some(endpoints);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Monitor {
    fn begin(&self) {
        self.known().busy = Some(Instant::now());
    }

    fn done(&self, book: &Book, tick: &BlockReport) {
        let metrics = self.metrics();
        metrics.block(book, tick);
        let mut known = self.known();
        known.summary.done(tick);
        let began = known.busy.take();
        metrics.oldest(tick.oldest, tick.head.time);
        known.facts.book = Some(tick.head.clone());
        known.facts.trouble = None;
        let sent = std::iter::once(&tick.sent).chain(&tick.also).filter_map(|sent| sent.hash.as_ref());
        for (hash, began) in sent.filter_map(|hash| Some((hash, began?))) {
            metrics.detect_to_submit.observe(began.elapsed().as_secs_f64());
            known.flights.sent(hash, began, Instant::now());
        }
    }

    fn trouble(&self, error: &Error) {
        let mut known = self.known();
        known.busy = None;
        known.facts.trouble = Some(error.to_string());
        self.metrics().errors.get_or_create(&metrics::Named { name: error.name().to_owned() }).inc();
    }

    fn ending(&self, reason: &str) {
        self.known().facts.ending = Some(reason.to_owned());
    }

    fn resolved(&self, intent: &Intent, status: &TxStatus) {
        self.metrics().resolved(status);
        self.known().summary.resolved(intent, status);
        if let Some(times) = self.known().flights.landed(&intent.hash, Instant::now()) {
            self.metrics().submit_to_commit.observe(times.0.as_secs_f64());
            self.metrics().detect_to_commit.observe(times.1.as_secs_f64());
        }
    }

    fn failed(&self, failed: &FailedTx) {
        let (result, reason) = match failed.why {
            FailureReason::Expired => ("expired", ""),
            FailureReason::Refused => ("refused", ""),
            FailureReason::Rival => ("rival", ""),
            FailureReason::Changed => ("changed", ""),
            FailureReason::OutOfGas => ("failed", "out_of_gas"),
            FailureReason::Failed => ("failed", "refused_by_contract"),
        };
        self.metrics().transaction(result, reason);
        self.known().summary.failed(failed);
    }

    fn refused(&self, error: &Error) {
        self.metrics().transaction("refused", error.name());
        self.known().summary.refused();
    }

    fn counted(&self, counts: Counts) {
        self.metrics().counted(counts);
    }

    fn silent_pairs(&self, count: usize) {
        self.metrics().silent_pairs.set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}
