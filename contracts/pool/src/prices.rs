//! Prices as the oracle published them, and what its live sources say in this very message.

use cosmwasm_std::{Binary, Deps, StdResult};
use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_risk::mark::{MarkPrice, RecordMark};
use plimsoll_risk::price::PriceRecord;
use plimsoll_schema::compact;
use plimsoll_schema::oracle::{HEARTBEAT, PRICE_RECORDS, PriceRecordsResponse, QueryMsg};

/// What was read of one oracle at one block. Each record is read once.
#[derive(Clone)]
pub struct Prices {
    oracle: String,
    now: u64,
    heartbeat: Heartbeat,
    records: Vec<Read>,
}

#[derive(Clone)]
struct Read {
    denom: String,
    /// `None` where the oracle has no record, or one that can't be read.
    mark: Option<RecordMark>,
    asked: bool,
}

impl Prices {
    /// Reads the oracle's heartbeat. An oracle without one has none to miss.
    pub fn open(deps: Deps, oracle: &str, now: u64) -> StdResult<Self> {
        let raw = deps.querier.query_wasm_raw(oracle, HEARTBEAT.key().as_bytes())?;
        let heartbeat = raw.and_then(|bytes| compact::decode(&bytes).ok()).unwrap_or(Heartbeat::start(0, now));
        Ok(Self { oracle: oracle.to_owned(), now, heartbeat, records: Vec::new() })
    }

    /// The oracle's heartbeat.
    pub const fn heartbeat(&self) -> &Heartbeat {
        &self.heartbeat
    }

    /// The price of a denom by what is published. Reads its record raw, and that of the denom it is quoted in, which
    /// costs a fiftieth of a query.
    pub fn mark(&mut self, deps: Deps, denom: &str) -> StdResult<MarkPrice> {
        MarkPrice::chain(denom, |denom| self.read(deps, denom))
    }

    /// Asks live sources, in one query, for the records that these prices hang on and that weren't asked for yet. From
    /// then on each counts for borrowing at the worse of what is published and what it says now.
    pub fn ask_live(&mut self, deps: Deps, marks: &[MarkPrice]) -> StdResult<()> {
        let hangs = |denom: &str| marks.iter().any(|mark| mark.hangs_on(denom));
        let is_due =
            |read: &&mut Read| !read.asked && read.mark.as_ref().is_some_and(|mark| mark.is_live) && hangs(&read.denom);
        let due: Vec<&mut Read> = self.records.iter_mut().filter(is_due).collect();
        if due.is_empty() {
            return Ok(());
        }
        let query = QueryMsg::PriceRecords { denoms: due.iter().map(|read| read.denom.clone()).collect() };
        // An oracle that refuses to answer gives no price for any of them.
        let answer: Result<PriceRecordsResponse, _> = deps.querier.query_wasm_smart(&self.oracle, &query);
        let mut records = answer.map(|answer| answer.records).unwrap_or_default().into_iter();
        for read in due {
            let live = records.next().flatten().and_then(|bytes| decoded(&bytes));
            let live = live.map(|record| RecordMark::of(&read.denom, &record, &self.heartbeat, self.now));
            read.mark = read.mark.take().map(|mark| mark.with_live(live.as_ref()));
            read.asked = true;
        }
        Ok(())
    }

    fn read(&mut self, deps: Deps, denom: &str) -> StdResult<Option<RecordMark>> {
        if let Some(read) = self.records.iter().find(|read| read.denom == denom) {
            return Ok(read.mark.clone());
        }
        let raw = deps.querier.query_wasm_raw(&self.oracle, PRICE_RECORDS.key(denom))?;
        let record = raw.and_then(|bytes| decoded(&Binary::new(bytes)));
        let mark = record.map(|record| RecordMark::of(denom, &record, &self.heartbeat, self.now));
        self.records.push(Read { denom: denom.to_owned(), mark: mark.clone(), asked: false });
        Ok(mark)
    }
}

/// A record that can't be read, or was never observed, is as good as none.
fn decoded(bytes: &Binary) -> Option<PriceRecord> {
    compact::decode::<PriceRecord>(bytes).ok().filter(PriceRecord::was_observed)
}
