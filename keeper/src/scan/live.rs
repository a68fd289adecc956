//! What live sources say where what they published has failed: asked for just as the pool asks ([`plimsoll_schema::oracle::QueryMsg::PriceRecords`]).

use std::collections::BTreeMap;

use plimsoll_risk::params::AssetId;
use plimsoll_risk::price::PriceRecord;
use plimsoll_schema::compact;
use plimsoll_schema::oracle::{DENOMS_MAX, PriceRecordsResponse, QueryMsg};

use crate::book::Book;
use crate::chain::{Chain, query};
use crate::error::{Error, Result};

/// By asset, the record that would stand at this block if its source were published.
pub type Live = BTreeMap<AssetId, PriceRecord>;

/// The records that stand behind the prices that fail their guards at the book's block. An oracle that refuses to answer leaves them as they
/// are, as it does for the pool.
pub async fn live(chain: &impl Chain, book: &Book) -> Result<Live> {
    let fails = |record: &Option<PriceRecord>| record.as_ref().is_none_or(|r| r.quote(book.head.time).is_err());
    let failing: Vec<_> = book.assets.iter().filter(|(_, asset)| fails(&asset.record)).collect();
    let mut live = Live::new();
    for part in failing.chunks(DENOMS_MAX) {
        let denoms = part.iter().map(|(_, asset)| asset.params.denom.clone()).collect();
        let question = QueryMsg::PriceRecords { denoms };
        match query::<PriceRecordsResponse>(chain, &book.addresses.oracle, &question, Some(book.head.height)).await {
            Ok(answer) => live.extend(part.iter().zip(answer.records).filter_map(|((id, _), record)| {
                let record = compact::decode(&record?).ok()?;
                Some((**id, record))
            })),
            Err(Error::Query { reason, .. }) => tracing::warn!(reason, "the oracle doesn't say what live sources know"),
            Err(error) => return Err(error),
        }
    }
    Ok(live)
}
