//! Prices as the oracle published them.

use cosmwasm_std::{Deps, StdResult};
use plimsoll_risk::price::{Mark, PRICE_MAX, PriceFault, PriceRecord, Quote};
use plimsoll_risk::units::Price;
use plimsoll_schema::compact;
use plimsoll_schema::oracle::{DenomPrice, PRICE_RECORDS, PricesResponse, QueryMsg};

/// The price of each denom at `now`, or why there is none. Reads the published records raw, which costs a fiftieth of a query;
/// what is missing or fails is asked for in one query, since a live source may know better than its record.
pub fn marks(deps: Deps, oracle: &str, denoms: &[&str], now: u64) -> StdResult<Vec<Mark>> {
    let mut marks = Vec::with_capacity(denoms.len());
    for denom in denoms {
        let raw = deps.querier.query_wasm_raw(oracle, PRICE_RECORDS.key(denom))?;
        // A record that can't be read is as good as none: the query decides.
        let record = raw.and_then(|bytes| compact::decode::<PriceRecord>(&bytes).ok());
        marks.push(record.map_or(Mark::unknown(), |record| record.mark(now)));
    }
    let failed: Vec<usize> = (0..marks.len()).filter(|at| marks.get(*at).is_some_and(|m| m.quote.is_err())).collect();
    if failed.is_empty() {
        return Ok(marks);
    }
    let asked: Vec<String> = failed.iter().filter_map(|at| denoms.get(*at)).map(|d| (*d).to_owned()).collect();
    // An oracle that doesn't answer leaves the faults as they are, and each caller decides what a fault means to it.
    let query = QueryMsg::PricesByDenoms { denoms: asked };
    if let Ok(answer) = deps.querier.query_wasm_smart::<PricesResponse>(oracle, &query) {
        for (at, price) in failed.into_iter().zip(answer.prices) {
            if let Some(mark) = marks.get_mut(at) {
                take(mark, denoms.get(at).copied().unwrap_or_default(), price);
            }
        }
    }
    Ok(marks)
}

/// Believes an answer about the denom that was asked for, and only if its numbers are in order.
fn take(mark: &mut Mark, asked: &str, answer: DenomPrice) {
    match answer {
        DenomPrice::Valid { denom, price, low, high, .. } if denom == asked => {
            let in_order = low > Price::ZERO && low <= price && price <= high && price <= PRICE_MAX;
            if in_order {
                mark.quote = Ok(Quote { mid: price, low, high });
            }
        }
        DenomPrice::Failed { denom, fault, floor, ceiling } if denom == asked && floor <= ceiling => {
            *mark = Mark { quote: Err(fault), floor, ceiling };
        }
        DenomPrice::Unknown { denom } if denom == asked => mark.quote = Err(PriceFault::Missing {}),
        _ => {}
    }
}
