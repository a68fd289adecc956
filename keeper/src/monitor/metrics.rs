//! The numbers. Each is named, described and kept here, and nowhere else; `RUNBOOK.md` says which of them call for
//! somebody.
//!
//! Values in quote currency and amounts are floating-point numbers here: they are looked at, nothing is decided by
//! them.

use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry};

use crate::chain::requests::Requests;

/// What every name starts with.
pub const PREFIX: &str = "keeper";
const REQUESTS: &str = "requests";

/// A label with one name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Named {
    /// It.
    pub name: String,
}

/// By token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfDenom {
    /// Which.
    pub denom: String,
}

/// By address, token and place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EncodeLabelSet)]
pub struct Purse {
    /// Whose.
    pub address: String,
    /// Which token.
    pub denom: String,
    /// `wallet`, or `pool` for what shares in the pool are worth.
    pub place: String,
}

/// By what became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Outcome {
    /// `settled`, `failed`, `rival`, `changed`, `expired` or `refused`.
    pub result: String,
    /// Empty, or why it failed, or the name of the error with which it was refused.
    pub reason: String,
}

/// By reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Reason {
    /// Which.
    pub reason: String,
}

/// By endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfEndpoint {
    /// `gRPC` or `RPC`.
    pub kind: String,
    /// Its public name.
    pub endpoint: String,
}

type Number = Gauge<f64, AtomicU64>;

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $field:ident: $kind:ty = $name:literal $(, $make:expr)?;)*) => {
        /// All numbers.
        #[derive(Debug)]
        pub struct Metrics {
            registry: Mutex<Registry>,
            $($(#[doc = $help])+ pub $field: $kind,)*
        }

        /// The names of all numbers, without the prefix; counters show with `_total` behind it.
        pub const NAMES: &[&str] = &[REQUESTS, $($name),*];

        impl Metrics {
            /// All at nothing.
            pub fn new() -> Self {
                let mut registry = Registry::with_prefix(PREFIX);
                $(let $field: $kind = metrics!(@make $($make)?);
                registry.register($name, concat!($($help),+).trim().trim_end_matches('.'), $field.clone());)*
                Self { registry: Mutex::new(registry), $($field,)* }
            }
        }
    };
    (@make) => { Default::default() };
    (@make $make:expr) => { $make };
}

metrics! {
    /// 1 when ready, as /readyz says, else 0.
    ready: Gauge = "ready";
    /// The newest block that an endpoint told.
    chain_height: Gauge = "chain_height";
    /// The block that the book is true for.
    book_height: Gauge = "book_height";
    /// The age of the newest block, by this machine's clock, in seconds.
    block_age: Gauge = "block_age_seconds";
    /// Accounts with debt.
    accounts: Gauge = "accounts";
    /// Accounts below health factor 1 that may be liquidated.
    liquidatable: Gauge = "liquidatable";
    /// Accounts below health factor 1 that the grace after a halt of the oracle spares.
    spared: Gauge = "spared";
    /// For how long the oldest liquidatable account has been so, in seconds.
    oldest_liquidatable: Gauge = "oldest_liquidatable_seconds";
    /// Accounts that could not be judged at the last block.
    unjudged: Gauge = "unjudged";
    /// Planned actions that were not sent at the last block.
    queue: Gauge = "queue";
    /// Time to bring the book to a block, in seconds.
    follow_seconds: Histogram = "follow_seconds", times();
    /// Time to judge the whole book, in seconds.
    scan_seconds: Histogram = "scan_seconds", times();
    /// Time to plan, simulate and send, in seconds.
    plan_seconds: Histogram = "plan_seconds", times();
    /// From seeing a block to the broadcast that it calls for, in seconds.
    detect_to_submit: Histogram = "detect_to_submit_seconds", times();
    /// From a broadcast to knowing what became of it, in seconds.
    submit_to_commit: Histogram = "submit_to_commit_seconds", times();
    /// From seeing a block to knowing what became of what was sent, in seconds.
    detect_to_commit: Histogram = "detect_to_commit_seconds", times();
    /// Transactions by what became of them.
    transactions: Family<Outcome, Counter> = "transactions";
    /// Actions that came to nothing inside a transaction that worked.
    failed_items: Counter = "failed_items";
    /// Accounts below 1 that were left alone, by reason, counted at every block.
    skips: Family<Reason, Counter> = "skips";
    /// Pairs that gave no answer to be used when they were last asked.
    silent_pairs: Gauge = "silent_pairs";
    /// Blocks that could not be done, by error.
    errors: Family<Named, Counter> = "errors";
    /// Accounts liquidated.
    liquidations: Counter = "liquidations";
    /// What liquidations have brought less what they have cost, before gas, in quote currency, since the start.
    profit: Number = "profit_value";
    /// Gas used by transactions in blocks.
    gas: Counter = "gas_used";
    /// What is owed by accounts whose debt will never be paid, in quote currency.
    bad_debt: Number = "bad_debt_value";
    /// Debt written off by this keeper's transactions, in quote currency.
    written_off: Counter<f64, AtomicU64> = "written_off_value";
    /// What the keeper's addresses hold, in base units; with the place pool, what their shares there are worth.
    balance: Family<Purse, Number> = "balance";
    /// The age of the published price that the book has, at the book's block, in seconds.
    oracle_age: Family<OfDenom, Gauge> = "oracle_age_seconds";
    /// 1 while the price is silent at the book's block, else 0.
    oracle_fault: Family<OfDenom, Gauge> = "oracle_fault";
    /// 1 while the live price is older than a quarter of its window at the book's block, else 0.
    oracle_stale: Family<OfDenom, Gauge> = "oracle_stale";
    /// 1 while all that was last observed lies beyond a bound of the price's guards, else 0.
    oracle_beyond_bound: Family<OfDenom, Gauge> = "oracle_beyond_bound";
    /// The time since the oracle's last write, at the book's block, in seconds.
    heartbeat_age: Gauge = "heartbeat_age_seconds";
    /// By how much all gaps between the oracle's writes so far exceeded its heartbeat's gap, in seconds.
    heartbeat_lost: Gauge = "heartbeat_lost_seconds";
    /// 1 while liquidation waits for accounts with enough collateral: in a halt of the oracle, and in the grace after
    /// it.
    halted: Gauge = "halted";
    /// Audits of the book.
    audits: Counter = "audits";
    /// Audits that came to nothing.
    audit_failures: Counter = "audit_failures";
    /// Differences that audits found between book and chain.
    audit_mismatches: Counter = "audit_mismatches";
    /// How often the whole book was read anew, the start not counted.
    book_rebuilds: Counter = "book_rebuilds";
    /// Blocks that were filled from their events because nobody announced them; those since the book was stored, at the
    /// start, don't count.
    book_filled: Counter = "book_filled_blocks";
    /// Answers that can't be, of which nothing entered the book.
    book_refused: Counter = "book_refused_answers";
    /// Attributes of the pool's events that name no account.
    book_malformed: Counter = "book_malformed_events";
    /// How often a market's debt wasn't the sum of its borrowers', since events were missed.
    book_unbalanced: Counter = "book_unbalanced";
    /// How often the book's file couldn't be written.
    book_unwritten: Counter = "book_unwritten";
    /// 1 while the endpoint may be asked, else 0.
    endpoint_up: Family<OfEndpoint, Gauge> = "endpoint_up";
    /// The newest block that the endpoint told.
    endpoint_height: Family<OfEndpoint, Gauge> = "endpoint_height";
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// From a fifth of a millisecond to about two minutes.
fn times() -> Histogram {
    Histogram::new(exponential_buckets(0.0002, 2.0, 20))
}

impl Metrics {
    /// Shows these as well.
    pub fn count_requests(&self, requests: &Requests) {
        self.register(REQUESTS, "Requests by endpoint and what came of them", requests.family());
    }

    fn register(&self, name: &str, help: &str, metric: impl Metric) {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner).register(name, help, metric);
    }

    /// In the text format of OpenMetrics.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing into a string doesn't fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &registry);
        text
    }
}
