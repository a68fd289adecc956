//! What the price of a token counts as: one value a record and account in the verdict, each line's own edge in the
//! exchange.
//!
//! A token's price hangs on one record, or on several: a rate, and below it the record of the denom that the rate is
//! quoted in. Two lines of an account that hang on one record can't be valued at its two ends at once: a loop of
//! correlated tokens would be judged by a difference that isn't there.

use crate::heartbeat::Heartbeat;
use crate::math::{ONE, mul_div_down_128, mul_div_up_128};
use crate::price::{PRICE_MAX, PRICE_MIN, PriceBand, PriceFault, PriceRecord};
pub use crate::shared_values::SharedValues;
use crate::units::{Price, Ratio};

/// Seconds after its last observation from which a silent collateral counts less and less: a day.
pub const DECLINE_FROM: u64 = 86_400;
/// Seconds over which it falls to nothing: a week.
pub const DECLINE_SECONDS: u64 = 7 * 86_400;
/// The most records that one price hangs on. The oracle quotes no rate in another; a longer chain is cut off, and so no
/// price.
pub const CHAIN_MAX: usize = 4;

/// What one record says at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordMark {
    /// The denom that the record belongs to: lines with the same one hang on one record.
    pub denom: String,
    /// The denom in which it is quoted; `None` for the quote currency itself.
    pub quote: Option<String>,
    /// What liquidation counts: a debt at `low`, a collateral at `high`, which is the edge of the last observation
    /// nearest to the settled price, or the settled price itself inside it. A silent record is held within one
    /// deviation of the settled price.
    pub settled: PriceBand,
    /// What borrowing counts: a collateral at `low`, a debt at `high`.
    pub edges: PriceBand,
    /// Why the record is silent, if it is.
    pub fault: Option<PriceFault>,
    /// Why nothing can be seized or repaid at it in a liquidation, if so: silent, or live and not published just now.
    pub exchange_fault: Option<PriceFault>,
    /// Why nothing can be borrowed by it, if so: silent, or its source doesn't answer in this message.
    pub borrow_fault: Option<PriceFault>,
    /// The share of a silent collateral that still counts.
    pub remaining: Ratio,
    /// How far the settled price moves in a step.
    pub max_deviation: Ratio,
    /// The bound above which the settled price rises only after a while.
    pub ceiling: Price,
    /// Whether a source on the chain can be asked for it.
    pub is_live: bool,
}

/// The price of a token as health, borrowing and liquidation take it: its own record first, then that of the denom in
/// which the one before is quoted. Without any record nothing is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarkPrice {
    records: Vec<RecordMark>,
}

impl RecordMark {
    /// What the record of this denom says at `now`.
    pub fn of(denom: &str, record: &PriceRecord, heartbeat: &Heartbeat, now: u64) -> Self {
        let fault = record.fault(now);
        let deviation = record.guards.max_deviation;
        let settled = record.settled_at(now);
        let mut counted = PriceBand { low: settled.min(record.raw.high), high: settled.max(record.raw.low) };
        let mut edges = PriceBand { low: settled, high: settled }.including(record.extremes);
        let mut remaining = Ratio::ONE;
        if fault.is_some() {
            counted.high = counted.high.min(settled.share_down(deviation.plus_one()));
            counted.low = counted.low.max(settled.share_up(Ratio::ONE.saturating_sub(deviation)));
            remaining = remaining_down(record, heartbeat, now);
        } else {
            edges = widened(edges, record, now);
        }
        let stale = exchange_fault(record, now);
        Self {
            denom: denom.to_owned(),
            quote: record.quote.clone(),
            settled: counted,
            edges,
            exchange_fault: fault.clone().or(stale),
            borrow_fault: fault.clone(),
            fault,
            remaining,
            max_deviation: deviation,
            ceiling: record.guards.ceiling,
            is_live: record.window > 0,
        }
    }

    /// The worse of the published edges and what a live source says in this very message; `None` when it gives no
    /// price.
    pub fn with_live(mut self, live: Option<&Self>) -> Self {
        match live {
            Some(live) if live.fault.is_none() => self.edges = self.edges.including(live.edges),
            _ => self.borrow_fault = self.borrow_fault.or(Some(PriceFault::Unanswered {})),
        }
        self
    }

    /// Whether health must not be bought with this price: silent, or lent against at more than one deviation less than
    /// liquidation counts, so that the settled price has not yet reached what was observed.
    pub fn is_ahead(&self) -> bool {
        let reached = self.settled.high.share_down(Ratio::ONE.saturating_sub(self.max_deviation));
        self.borrow_fault.is_some() || self.edges.low < reached
    }
}

impl MarkPrice {
    /// The price that hangs on these records, the token's own first. None at all: nothing is known.
    pub const fn new(records: Vec<RecordMark>) -> Self {
        Self { records }
    }

    /// The price of this denom, by its record, that of the denom in which it is quoted, and so on; `read` finds what
    /// the record of a denom says. Where one is missing, or the chain has no end, nothing is known.
    pub fn chain<E>(denom: &str, mut read: impl FnMut(&str) -> Result<Option<RecordMark>, E>) -> Result<Self, E> {
        let mut records: Vec<RecordMark> = Vec::new();
        let mut next = Some(denom.to_owned());
        while let Some(denom) = next {
            if records.len() >= CHAIN_MAX || records.iter().any(|record| record.denom == denom) {
                return Ok(Self::unknown());
            }
            let Some(record) = read(&denom)? else { return Ok(Self::unknown()) };
            next = record.quote.clone();
            records.push(record);
        }
        Ok(Self::new(records))
    }

    /// Where not even a record exists.
    pub const fn unknown() -> Self {
        Self::new(vec![])
    }

    /// The records, the token's own first.
    pub fn records(&self) -> &[RecordMark] {
        &self.records
    }

    /// Whether nothing is known of it: no record exists, or one of which nothing was ever observed.
    pub fn is_unknown(&self) -> bool {
        self.records.is_empty() || self.records.iter().any(|record| record.settled.high.is_zero())
    }

    /// Whether it hangs on the record of this denom.
    pub fn hangs_on(&self, denom: &str) -> bool {
        self.records.iter().any(|record| record.denom == denom)
    }

    /// What one token is in units of this denom, on whose record it hangs, or in the quote currency, by these values of
    /// the rates between; rounded down. 0 of what nothing is known of.
    pub fn rate_down(&self, denom: Option<&str>, value: impl Fn(&RecordMark) -> Price) -> Price {
        self.rates(denom).map(value).reduce(times_down).unwrap_or(self.unit())
    }

    /// The same, rounded up.
    pub fn rate_up(&self, denom: Option<&str>, value: impl Fn(&RecordMark) -> Price) -> Price {
        self.rates(denom).map(value).reduce(times_up).unwrap_or(self.unit())
    }

    fn rates(&self, denom: Option<&str>) -> impl Iterator<Item = &RecordMark> {
        self.records.iter().take_while(move |record| Some(record.denom.as_str()) != denom)
    }

    /// What a token is of itself.
    const fn unit(&self) -> Price {
        if self.records.is_empty() { Price::ZERO } else { Price::new(ONE) }
    }

    /// The price as if it had not been silent long enough for its collateral to decline.
    pub fn undeclined(&self) -> Self {
        let whole = |record: &RecordMark| RecordMark { remaining: Ratio::ONE, ..record.clone() };
        Self::new(self.records.iter().map(whole).collect())
    }

    /// Why the token is silent, if it is.
    pub fn fault(&self) -> Option<PriceFault> {
        self.first_fault(|record| &record.fault)
    }

    /// Why it can't be seized or repaid in a liquidation, if so.
    pub fn exchange_fault(&self) -> Option<PriceFault> {
        self.first_fault(|record| &record.exchange_fault)
    }

    /// Why nothing can be borrowed by its price, if so.
    pub fn borrow_fault(&self) -> Option<PriceFault> {
        self.first_fault(|record| &record.borrow_fault)
    }

    fn first_fault(&self, which: impl Fn(&RecordMark) -> &Option<PriceFault>) -> Option<PriceFault> {
        if self.records.is_empty() {
            return Some(PriceFault::Missing {});
        }
        self.records.iter().find_map(|record| which(record).clone())
    }

    /// Whether health must not be bought with this token now: by one of its records ([`RecordMark::is_ahead`]), or by
    /// all of them together, when what is lent against is less than what liquidation counts by more than the token's
    /// own deviation.
    pub fn is_ahead(&self) -> bool {
        let Some(own) = self.records.first() else { return true };
        let counted = self.rate_down(None, |record| record.settled.high);
        let reached = counted.share_down(Ratio::ONE.saturating_sub(own.max_deviation));
        self.records.iter().any(RecordMark::is_ahead) || self.rate_down(None, |record| record.edges.low) < reached
    }

    /// Whether a source on the chain can be asked for it.
    pub fn is_live(&self) -> bool {
        self.records.iter().any(|record| record.is_live)
    }

    /// What a collateral counts at in liquidation, rounded down. 0 of what nothing is known of.
    pub fn collateral_down(&self, shared: &SharedValues) -> Price {
        self.rate_down(None, |record| shared.of(&record.denom).unwrap_or(record.settled.high))
    }

    /// What a debt counts at in liquidation, rounded up.
    pub fn debt_up(&self, shared: &SharedValues) -> Price {
        self.rate_up(None, |record| shared.of(&record.denom).unwrap_or(record.settled.low))
    }

    /// What is lent against, rounded down: 0 while it is silent.
    pub fn low_down(&self, shared: &SharedValues) -> Price {
        if self.borrow_fault().is_some() { Price::ZERO } else { self.observed_low_down(shared) }
    }

    /// The same of a silent token by what was last observed, rounded down.
    pub fn observed_low_down(&self, shared: &SharedValues) -> Price {
        self.rate_down(None, |record| shared.of(&record.denom).unwrap_or(record.edges.low))
    }

    /// What a debt counts at when more is lent, rounded up.
    pub fn high_up(&self, shared: &SharedValues) -> Price {
        self.rate_up(None, |record| shared.of(&record.denom).unwrap_or(record.edges.high))
    }

    /// The most that a token is worth within its bounds, rounded up.
    pub fn ceiling_up(&self) -> Price {
        self.rate_up(None, |record| record.ceiling)
    }

    /// What a seized token is exchanged at, rounded up: its own edges, but for the records that the repaid one hangs on
    /// too, which cancel.
    pub fn seized_up(&self, other: &Self, shared: &SharedValues) -> Price {
        self.rate_up(None, |record| self.exchange_value(record, other, shared).unwrap_or(record.settled.high))
    }

    /// What a repaid token is exchanged at, rounded down; see [`MarkPrice::seized_up`].
    pub fn repaid_down(&self, other: &Self, shared: &SharedValues) -> Price {
        self.rate_down(None, |record| self.exchange_value(record, other, shared).unwrap_or(record.settled.low))
    }

    fn exchange_value(&self, record: &RecordMark, other: &Self, shared: &SharedValues) -> Option<Price> {
        if other.hangs_on(&record.denom) { shared.of(&record.denom) } else { None }
    }
}

/// A rate times the price of what it is quoted in, rounded down; at most [`PRICE_MAX`].
pub fn times_down(rate: Price, quote: Price) -> Price {
    mul_div_down_128(rate.raw(), quote.raw(), ONE).map_or(PRICE_MAX, Price::new).min(PRICE_MAX)
}

/// A rate times the price of what it is quoted in, rounded up; at most [`PRICE_MAX`].
pub fn times_up(rate: Price, quote: Price) -> Price {
    mul_div_up_128(rate.raw(), quote.raw(), ONE).map_or(PRICE_MAX, Price::new).min(PRICE_MAX)
}

/// A price as a rate in what costs `quote`, rounded down; at most [`PRICE_MAX`]. A quote of 0 counts as [`PRICE_MIN`].
pub fn over_down(price: Price, quote: Price) -> Price {
    mul_div_down_128(price.raw(), ONE, quote.max(PRICE_MIN).raw()).map_or(PRICE_MAX, Price::new).min(PRICE_MAX)
}

/// A price as a rate in what costs `quote`, rounded up; at most [`PRICE_MAX`]. A quote of 0 counts as [`PRICE_MIN`].
pub fn over_up(price: Price, quote: Price) -> Price {
    mul_div_up_128(price.raw(), ONE, quote.max(PRICE_MIN).raw()).map_or(PRICE_MAX, Price::new).min(PRICE_MAX)
}

/// The edges, widened in proportion to the age of the last observation.
fn widened(edges: PriceBand, record: &PriceRecord, now: u64) -> PriceBand {
    let Some(max_age) = record.guards.max_age else { return edges };
    let age = now.saturating_sub(record.timestamp);
    let full = record.guards.age_spread;
    let spread = mul_div_up_128(full.raw(), u128::from(age), u128::from(max_age)).map_or(full, Ratio::new);
    PriceBand {
        low: edges.low.share_down(Ratio::ONE.saturating_sub(spread)),
        high: edges.high.share_up(spread.plus_one()),
    }
}

/// A live price is exchanged at only while it is at most a quarter of its window old: publish it in the same
/// transaction.
fn exchange_fault(record: &PriceRecord, now: u64) -> Option<PriceFault> {
    let max_age = record.window / 4;
    let age = now.saturating_sub(record.timestamp);
    (record.window > 0 && age > max_age).then_some(PriceFault::Stale { age, max_age })
}

/// The share of a silent collateral that still counts, rounded down: all of it for a day, then in a straight line to
/// nothing over a week. The oracle's lost seconds don't count.
fn remaining_down(record: &PriceRecord, heartbeat: &Heartbeat, now: u64) -> Ratio {
    let lost = heartbeat.lost_at(now).saturating_sub(record.lost_seconds);
    let age = now.saturating_sub(record.timestamp).saturating_sub(lost);
    let left = DECLINE_FROM.saturating_add(DECLINE_SECONDS).saturating_sub(age).min(DECLINE_SECONDS);
    mul_div_down_128(ONE, u128::from(left), u128::from(DECLINE_SECONDS)).map_or(Ratio::ZERO, Ratio::new)
}
