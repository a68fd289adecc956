//! What the numbers are fed with: blocks, transactions, the book's counts, endpoints.

use plimsoll_risk::health::Assets;

use crate::book::Book;
use crate::book::sync::Counts;
use crate::chain::Head;
use crate::chain::TxStatus;
use crate::chain::endpoints::{Endpoints, Health};
use crate::keeper::BlockReport;
use crate::monitor::metrics::{Metrics, OfDenom, OfEndpoint, Outcome, Purse, Reason};

impl Metrics {
    /// What a block came to.
    pub fn block(&self, book: &Book, tick: &BlockReport) {
        self.book_height.set(signed(tick.head.height));
        self.accounts.set(length(tick.scan.accounts));
        self.liquidatable.set(length(tick.scan.count_liquidatable()));
        self.spared.set(length(tick.scan.spared()));
        self.unjudged.set(length(tick.scan.faults.len()));
        let bad = tick.scan.actionable(book).into_iter().filter(|account| account.bad_debt);
        self.bad_debt.set(bad.fold(0.0, |sum, account| sum + account.health.debt));
        let sent = std::iter::once(&tick.sent).chain(&tick.also).map(|sent| sent.actions.len()).sum();
        self.queue.set(length(tick.plan.actions.len().saturating_sub(sent)));
        for (histogram, took) in [
            (&self.follow_seconds, tick.times.follow),
            (&self.scan_seconds, tick.times.scan),
            (&self.plan_seconds, tick.times.plan),
        ] {
            histogram.observe(took.as_secs_f64());
        }
        for (reason, count) in &tick.plan.skipped {
            self.skips.get_or_create(&Reason { reason: reason.to_string() }).inc_by(*count);
        }
        self.settled(tick);
        self.prices(book, tick);
    }

    fn settled(&self, tick: &BlockReport) {
        for done in &tick.settled {
            self.profit.inc_by(number(&done.profit.received) - number(&done.profit.spent));
            self.written_off.inc_by(done.losses.iter().fold(0.0, |sum, loss| sum + number(&loss.value)));
            if done.repaid.is_some() {
                self.liquidations.inc();
            }
        }
        self.failed_items.inc_by(u64::try_from(tick.failures.len()).unwrap_or(u64::MAX));
    }

    fn prices(&self, book: &Book, tick: &BlockReport) {
        let now = tick.head.time;
        for (id, asset) in &book.assets {
            let denom = OfDenom { denom: asset.params.denom.clone() };
            let silent = tick.scan.assets.asset(*id).is_none_or(|state| state.mark.fault().is_some());
            self.oracle_fault.get_or_create(&denom).set(i64::from(silent));
        }
        for (denom, record) in &book.prices.records {
            let labels = OfDenom { denom: denom.clone() };
            // A fixed price has no age.
            if record.was_observed() && record.guards.max_age.is_some() {
                self.oracle_age.get_or_create(&labels).set(signed(now.saturating_sub(record.timestamp)));
            }
            if record.window > 0 {
                let stale = tick.scan.assets.is_stale(denom);
                self.oracle_stale.get_or_create(&labels).set(i64::from(stale));
            }
            self.oracle_beyond_bound.get_or_create(&labels).set(i64::from(record.beyond_since > 0));
        }
        let heartbeat = book.prices.heartbeat_at(now);
        self.heartbeat_age.set(signed(now.saturating_sub(heartbeat.last)));
        self.heartbeat_lost.set(signed(heartbeat.lost_at(now)));
        self.halted.set(i64::from(tick.scan.assets.moment().halted));
    }

    /// Since when the oldest account is below 1, at this time; both in seconds.
    pub fn oldest(&self, since: Option<u64>, now: u64) {
        self.oldest_liquidatable.set(since.map_or(0, |since| signed(now.saturating_sub(since))));
    }

    /// What became of a transaction.
    pub fn resolved(&self, status: &TxStatus) {
        match status {
            TxStatus::Included(included) => {
                self.gas.inc_by(included.gas_used);
                if included.code == 0 {
                    self.transaction("settled", "");
                }
            }
            TxStatus::Expired | TxStatus::NotFound { .. } => {}
        }
    }

    /// One more transaction of which this is known.
    pub fn transaction(&self, result: &str, reason: &str) {
        let outcome = Outcome { result: result.to_owned(), reason: reason.to_owned() };
        self.transactions.get_or_create(&outcome).inc();
    }

    /// What is held there, in base units.
    pub fn balance(&self, purse: &Purse, amount: u128) {
        self.balance.get_or_create(purse).set(number(&amount));
    }

    /// What was wrong with the book, ever since the start.
    pub fn counted(&self, counts: Counts) {
        for (counter, total) in [
            (&self.audit_mismatches, u64::try_from(counts.mended).unwrap_or(u64::MAX)),
            (&self.audits, counts.audits),
            (&self.audit_failures, counts.unaudited),
            (&self.book_rebuilds, counts.rebuilt),
            (&self.book_filled, counts.filled),
            (&self.book_refused, counts.refused),
            (&self.book_malformed, counts.malformed),
            (&self.book_unbalanced, counts.unbalanced),
            (&self.book_unwritten, counts.unwritten),
        ] {
            counter.inc_by(total.saturating_sub(counter.get()));
        }
    }

    /// How all endpoints are.
    pub fn endpoints(&self, endpoints: &Endpoints) {
        for (at, endpoint) in endpoints.all().iter().enumerate() {
            let labels = OfEndpoint { kind: endpoint.kind.to_string(), endpoint: endpoint.name.clone() };
            let good = endpoints.health(at) == Health::Good;
            self.endpoint_up.get_or_create(&labels).set(i64::from(good));
            let height = endpoint.head.as_ref().map_or(0, |(head, _)| head.height);
            self.endpoint_height.get_or_create(&labels).set(signed(height));
        }
    }

    /// The newest block that an endpoint told, at this time.
    pub fn newest(&self, head: &Head, clock: u64) {
        self.chain_height.set(signed(head.height));
        self.block_age.set(signed(clock.saturating_sub(head.time)));
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn length(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A decimal number as one that is looked at; 0 when it isn't one.
fn number(exact: &impl ToString) -> f64 {
    exact.to_string().parse().unwrap_or_default()
}
