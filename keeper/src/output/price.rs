//! A price as it is told: record by record, the token's own first. Pure.

use std::collections::BTreeMap;

use plimsoll_risk::mark::RecordMark;
use plimsoll_risk::price::{PriceBand, PriceRecord};
use plimsoll_risk::units::{Price, Ratio};
use serde::Serialize;

use crate::book::Book;

/// What one record says at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToldRecord {
    /// Whose price it is.
    pub denom: String,
    /// The denom in which it is quoted; `None` for the quote currency.
    pub quote: Option<String>,
    /// The settled price.
    pub settled: Price,
    /// The last observation that counts for liquidation.
    pub raw: PriceBand,
    /// What liquidation counts: a debt at `low`, a collateral at `high`.
    pub counted: PriceBand,
    /// What borrowing counts: a collateral at `low`, a debt at `high`.
    pub edges: PriceBand,
    /// The age of the last observation, in seconds.
    pub age: u64,
    /// Why it is silent; `None` when it isn't.
    pub fault: Option<String>,
    /// The share of a silent collateral that still counts.
    pub remaining: Ratio,
    /// Whether it is live, and too old to seize or repay by unless it is published in the same transaction.
    pub stale: bool,
}

/// The records on which the price of this denom hangs, at the book's block. None where nothing is known of it.
pub fn records(book: &Book, denom: &str) -> Vec<ToldRecord> {
    let now = book.head.time;
    let price = book.prices.price(denom, now);
    let told = |mark: &RecordMark| Some(told(mark, book.prices.records.get(&mark.denom)?, now));
    price.records().iter().filter_map(told).collect()
}

/// The records of every listed denom.
pub fn by_denom(book: &Book) -> BTreeMap<&str, Vec<ToldRecord>> {
    book.denoms().map(|denom| (denom, records(book, denom))).collect()
}

fn told(mark: &RecordMark, record: &PriceRecord, now: u64) -> ToldRecord {
    ToldRecord {
        denom: mark.denom.clone(),
        quote: mark.quote.clone(),
        settled: record.settled_at(now),
        raw: record.raw,
        counted: mark.settled,
        edges: mark.edges,
        age: now.saturating_sub(record.timestamp),
        fault: mark.fault.as_ref().map(ToString::to_string),
        remaining: mark.remaining,
        stale: mark.fault.is_none() && mark.exchange_fault.is_some(),
    }
}

impl ToldRecord {
    /// In words; `None` where everything observed and the settled price are one.
    pub fn in_words(&self) -> Option<String> {
        let Self { denom, settled, raw, edges, .. } = self;
        let unit = self.quote.as_ref().map_or_else(String::new, |quote| format!(" in {quote}"));
        let plain = raw.low == raw.high && raw.low == *settled && edges == raw && self.quote.is_none();
        let mut words = vec![format!(
            "{denom}{unit}: settled {settled}, observed {} to {}, borrowed against {} to {}",
            raw.low, raw.high, edges.low, edges.high
        )];
        words.extend(self.fault.as_ref().map(|fault| {
            format!(
                "silent, {fault}: nothing is seized or repaid at it, {} of such collateral still counts",
                self.remaining
            )
        }));
        words.extend(self.stale.then(|| "published with a liquidation, since it has grown old".to_owned()));
        (!plain || words.len() > 1).then(|| words.join("; "))
    }
}
