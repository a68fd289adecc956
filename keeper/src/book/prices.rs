//! The oracle's published prices, as stored: its heartbeat, and the record of every denom on which a listed one's price
//! hangs. Ageing, steps and chains are applied for the time that is judged, by the same code as the pool's.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use futures_util::future::try_join_all;
use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_risk::mark::{CHAIN_MAX, MarkPrice, RecordMark};
use plimsoll_risk::price::PriceRecord;
use plimsoll_schema::compact;
use plimsoll_schema::oracle::{HEARTBEAT, PRICE_RECORDS};

use crate::chain::ChainReader;
use crate::error::Result;

/// What the oracle has published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// Its heartbeat; `None` when it has none that can be read.
    pub heartbeat: Option<Heartbeat>,
    /// By denom, the records of listed denoms and of those in which they are quoted.
    pub records: BTreeMap<String, PriceRecord>,
}

/// A denom's record as it was read; `None` where there is none that can be read.
pub(super) type Read = (String, Option<PriceRecord>);

impl Prices {
    /// The heartbeat. As for the pool, an oracle without one has none to miss.
    pub fn heartbeat_at(&self, now: u64) -> Heartbeat {
        self.heartbeat.unwrap_or(Heartbeat::start(0, now))
    }

    /// What the record of this denom says at this time; `None` where nothing was ever observed.
    pub fn record_mark(&self, denom: &str, now: u64) -> Option<RecordMark> {
        let record = self.records.get(denom).filter(|record| record.was_observed())?;
        Some(RecordMark::of(denom, record, &self.heartbeat_at(now), now))
    }

    /// The price of this denom at this time.
    pub fn price(&self, denom: &str, now: u64) -> MarkPrice {
        let Ok(price) = MarkPrice::chain(denom, |denom| Ok::<_, Infallible>(self.record_mark(denom, now)));
        price
    }

    /// These denoms, and all on whose records their prices hang.
    pub fn hangs_on<'a>(&'a self, denoms: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
        let mut all: BTreeSet<&str> = BTreeSet::new();
        let mut next: Vec<&str> = denoms.collect();
        while let Some(denom) = next.pop() {
            if all.insert(denom) {
                next.extend(self.records.get(denom).and_then(|record| record.quote.as_deref()));
            }
        }
        all
    }

    /// All that these denoms' prices hang on, at this block; the latest when `None`.
    pub async fn read<'a>(
        chain: &impl ChainReader,
        oracle: &str,
        denoms: impl Iterator<Item = &'a str>,
        height: Option<u64>,
    ) -> Result<Self> {
        let mut prices = Self::default();
        let wanted = denoms.map(str::to_owned).collect();
        let (heartbeat, read) =
            tokio::try_join!(heartbeat(chain, oracle, height), prices.read_records(chain, oracle, wanted, height))?;
        prices.heartbeat = heartbeat;
        prices.put(read);
        Ok(prices)
    }

    /// The records of these denoms, and of those in which they are quoted unless they are known.
    pub(super) async fn read_records(
        &self,
        chain: &impl ChainReader,
        oracle: &str,
        mut wanted: BTreeSet<String>,
        height: Option<u64>,
    ) -> Result<Vec<Read>> {
        let mut read: Vec<Read> = Vec::new();
        for _ in 0..CHAIN_MAX {
            let found = try_join_all(wanted.iter().map(|denom| record(chain, oracle, denom, height))).await?;
            let quotes: BTreeSet<String> = found.iter().flatten().filter_map(|record| record.quote.clone()).collect();
            read.extend(wanted.into_iter().zip(found));
            let is_known =
                |denom: &String| self.records.contains_key(denom) || read.iter().any(|(known, _)| known == denom);
            wanted = quotes.into_iter().filter(|denom| !is_known(denom)).collect();
            if wanted.is_empty() {
                break;
            }
        }
        Ok(read)
    }

    /// Puts records in place of those that are there.
    pub(super) fn put(&mut self, read: Vec<Read>) {
        for (denom, record) in read {
            match record {
                Some(record) => _ = self.records.insert(denom, record),
                None => _ = self.records.remove(&denom),
            }
        }
    }

    /// Keeps what these denoms' prices hang on.
    pub(super) fn keep<'a>(&mut self, denoms: impl Iterator<Item = &'a str>) {
        let listed: Vec<String> = denoms.map(str::to_owned).collect();
        let wanted: BTreeSet<String> =
            self.hangs_on(listed.iter().map(String::as_str)).into_iter().map(str::to_owned).collect();
        self.records.retain(|denom, _| wanted.contains(denom));
    }
}

/// The oracle's heartbeat, read raw, as the pool reads it.
pub(super) async fn heartbeat(
    chain: &impl ChainReader,
    oracle: &str,
    height: Option<u64>,
) -> Result<Option<Heartbeat>> {
    let bytes = chain.raw(oracle, HEARTBEAT.key().as_bytes().to_vec(), height).await?;
    Ok(bytes.and_then(|bytes| compact::decode(&bytes).ok()))
}

/// The published record of a denom, read raw, as the pool reads it. One that can't be read is as good as none.
async fn record(
    chain: &impl ChainReader,
    oracle: &str,
    denom: &str,
    height: Option<u64>,
) -> Result<Option<PriceRecord>> {
    let bytes = chain.raw(oracle, PRICE_RECORDS.key(denom), height).await?;
    Ok(bytes.and_then(|bytes| compact::decode(&bytes).ok()))
}
