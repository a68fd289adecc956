//! Prices: published, within their guards, and how soon they won't be.

use plimsoll_risk::price::PriceRecord;
use plimsoll_schema::compact;
use plimsoll_schema::oracle::PRICE_RECORDS;

use crate::chain::Chain;
use crate::commands::doctor::Check;
use crate::commands::doctor::market::Market;
use crate::error::Result;

/// From which part of its age on a price is near its end, in percent.
const OLD_PERCENT: u64 = 80;

/// A line for each market.
pub async fn check(chain: &impl Chain, pool: &str) -> Vec<Check> {
    let read = async { Ok((chain.head().await?.time, records(chain, &Market::read(chain, pool).await?).await?)) };
    match read.await {
        Ok((now, records)) if records.is_empty() => {
            let finding = format!("no asset is listed at time {now}");
            vec![Check::warn("prices", finding, "list assets, or set contracts.pool to another pool")]
        }
        Ok((now, records)) => records.iter().map(|(denom, record)| judge(denom, record.as_ref(), now)).collect(),
        Err(error) => vec![Check::error("prices", &error)],
    }
}

/// What the oracle has published of each asset.
pub async fn records(chain: &impl Chain, market: &Market) -> Result<Vec<(String, Option<PriceRecord>)>> {
    let mut records = Vec::new();
    for listed in &market.assets {
        let denom = listed.params.denom.clone();
        let stored = chain.raw(&market.config.oracle, PRICE_RECORDS.key(&denom), None).await?;
        records.push((denom, stored.and_then(|bytes| compact::decode(&bytes).ok())));
    }
    Ok(records)
}

/// What a price record is worth at this time, in seconds.
pub fn judge(denom: &str, record: Option<&PriceRecord>, now: u64) -> Check {
    let what = format!("price of {denom}");
    let Some(record) = record else {
        let mend = "no account with it can be liquidated: give the oracle a source for it";
        return Check::fail(what, "none is published", mend);
    };
    let quote = match record.quote(now) {
        Ok(quote) => quote,
        Err(fault) => {
            let mend = "no account with it can be liquidated: see to its feeders, or publish it";
            return Check::fail(what, fault.to_string(), mend);
        }
    };
    let age = now.saturating_sub(record.timestamp);
    match record.guards.max_age {
        None => Check::ok(what, format!("{}, fixed", quote.mid)),
        Some(most) if age.saturating_mul(100) > most.saturating_mul(OLD_PERCENT) => Check::warn(
            what,
            format!("{}, {age} s old of {most} s", quote.mid),
            "see to its feeders before it is too old",
        ),
        Some(most) => Check::ok(what, format!("{}, {age} s old of {most} s", quote.mid)),
    }
}
