//! Prices as the oracle published them.

use cosmwasm_std::{Deps, StdResult};
use plimsoll_risk::price::{Mark, PriceRecord};
use plimsoll_schema::compact;
use plimsoll_schema::oracle::{PRICE_RECORDS, PriceRecordsResponse, QueryMsg};

/// The price of each denom at `now`, or why there is none. Reads the published records raw, which costs a fiftieth of a query;
/// what is missing or fails is asked for in one query, since a live source may know better than its record.
pub fn marks(deps: Deps, oracle: &str, denoms: &[&str], now: u64) -> StdResult<Vec<Mark>> {
    let mut marks = Vec::with_capacity(denoms.len());
    for denom in denoms {
        let raw = deps.querier.query_wasm_raw(oracle, PRICE_RECORDS.key(denom))?;
        marks.push(raw.and_then(|bytes| mark(&bytes, now)).unwrap_or(Mark::unknown()));
    }
    let failed: Vec<usize> = (0..marks.len()).filter(|at| marks.get(*at).is_some_and(|m| m.quote.is_err())).collect();
    if failed.is_empty() {
        return Ok(marks);
    }
    let asked: Vec<String> = failed.iter().filter_map(|at| denoms.get(*at)).map(|d| (*d).to_owned()).collect();
    // An oracle that doesn't answer leaves the faults as they are, and each caller decides what a fault means to it.
    let query = QueryMsg::PriceRecords { denoms: asked };
    if let Ok(answer) = deps.querier.query_wasm_smart::<PriceRecordsResponse>(oracle, &query) {
        for (at, record) in failed.into_iter().zip(answer.records) {
            let better = record.and_then(|bytes| mark(&bytes, now));
            if let (Some(mark), Some(better)) = (marks.get_mut(at), better) {
                *mark = better;
            }
        }
    }
    Ok(marks)
}

/// The guards applied to a record. One that can't be read is as good as none.
fn mark(record: &[u8], now: u64) -> Option<Mark> {
    compact::decode::<PriceRecord>(record).ok().map(|record| record.mark(now))
}
