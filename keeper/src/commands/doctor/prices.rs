//! Prices: published, within their bounds, settling at a sound speed, and how soon they will be silent.

use plimsoll_risk::heartbeat::{HaltGrace, Heartbeat};
use plimsoll_risk::price::{FEED_SPEED, Guards, LIVE_SPEED, PriceRecord, SPEED_TOLD};

use crate::chain::ChainReader;
use crate::commands::doctor::Check;
use crate::commands::doctor::market::Market;
use crate::error::Result;

/// From which part of its age on a price is near its end, in percent.
const OLD_PERCENT: u64 = 80;

/// A line for the heartbeat, one for each price, and one for each that settles too slowly or too fast.
pub async fn check(chain: &impl ChainReader, pool: &str) -> Vec<Check> {
    match read(chain, pool).await {
        Ok(checks) => checks,
        Err(error) => vec![Check::error("prices", &error)],
    }
}

async fn read(chain: &impl ChainReader, pool: &str) -> Result<Vec<Check>> {
    let now = chain.head().await?.time;
    let market = Market::read(chain, pool).await?;
    if market.assets.is_empty() {
        let finding = format!("no asset is listed at time {now}");
        let remedy = "list assets, or set contracts.pool to another pool";
        return Ok(vec![Check::warn("prices", finding, remedy)]);
    }
    let prices = market.prices(chain).await?;
    let mut checks = vec![heartbeat(prices.heartbeat.as_ref(), &market.config.halt_grace, now)];
    for denom in prices.hangs_on(market.denoms()) {
        let record = prices.records.get(denom);
        checks.push(judge(denom, record, now));
        checks.extend(record.and_then(|record| speed(denom, record)));
    }
    Ok(checks)
}

/// Whether the oracle has been written to lately, and liquidation goes on.
pub fn heartbeat(heartbeat: Option<&Heartbeat>, halt: &HaltGrace, now: u64) -> Check {
    let Some(heartbeat) = heartbeat else {
        let remedy = "instantiate or migrate the oracle with a heartbeat_gap: without one ramps have run their whole way, and nobody had a chance";
        return Check::warn("heartbeat", "the oracle has none", remedy);
    };
    let age = now.saturating_sub(heartbeat.last);
    let found = format!("last written to {age} s ago, {} s lost so far", heartbeat.lost_at(now));
    if heartbeat.is_halted(halt, now) {
        let remedy = "wake the feeders; accounts whose collateral suffices are spared until the grace after it is over";
        return Check::warn("heartbeat", format!("{found}; liquidation waits after a halt"), remedy);
    }
    if heartbeat.gap > 0 && age > heartbeat.gap {
        return Check::warn("heartbeat", found, "see to the feeders");
    }
    Check::ok("heartbeat", found)
}

/// What a price record is worth at this time, in seconds.
pub fn judge(denom: &str, record: Option<&PriceRecord>, now: u64) -> Check {
    let what = format!("price of {denom}");
    let Some(record) = record.filter(|record| record.was_observed()) else {
        let remedy = "no account with it can be liquidated: give the oracle a source for it, and publish it";
        return Check::fail(what, "none is published", remedy);
    };
    let raw = record.raw;
    let age = now.saturating_sub(record.timestamp);
    let unit = record.quote.as_ref().map_or_else(String::new, |quote| format!(" in {quote}"));
    let found = format!("settled at {}{unit}, observed {} to {}", record.settled_at(now), raw.low, raw.high);
    if let Some(fault) = record.fault(now) {
        let remedy = "nothing is seized or repaid at it, and nobody borrows: see to its feeders, or publish it";
        return Check::fail(what, format!("silent: {fault}; {found}"), remedy);
    }
    if record.beyond_since > 0 {
        let Guards { floor, ceiling, bound_hold, .. } = &record.guards;
        let since = now.saturating_sub(record.beyond_since);
        let beyond = format!("beyond its bounds of {floor} and {ceiling} for {since} s, which hold for {bound_hold} s");
        return Check::warn(what, format!("{found}, {beyond}"), "see whether it is true, and set other bounds if so");
    }
    let quarter = record.window.div_ceil(4);
    match record.guards.max_age {
        None => Check::ok(what, format!("{found}, fixed")),
        Some(_) if record.window > 0 && age > quarter => Check::warn(
            what,
            format!("{found}, {age} s old, while a live price is published each {quarter} s"),
            "run a keeper that publishes it: leave strategy.publish_seconds out",
        ),
        Some(most) if age.saturating_mul(100) > most.saturating_mul(OLD_PERCENT) => {
            Check::warn(what, format!("{found}, {age} s old of {most} s"), "see to its feeders before it is silent")
        }
        Some(most) => Check::ok(what, format!("{found}, {age} s old of {most} s")),
    }
}

/// Whether the settled price follows at a sound speed; nothing when it does, and of a fixed price.
pub fn speed(denom: &str, record: &PriceRecord) -> Option<Check> {
    record.guards.max_age?;
    let (least, most) = if record.window > 0 { LIVE_SPEED } else { FEED_SPEED };
    let seconds = record.guards.halving_seconds(SPEED_TOLD);
    if (least..=most).contains(&seconds) {
        return None;
    }
    let Guards { max_deviation, step_interval, .. } = &record.guards;
    let found = format!("{max_deviation} each {step_interval} s lets it fall to a half in {}", told(seconds));
    let remedy = if seconds < least {
        "slow it down: a wrong price liquidates before anybody can react"
    } else {
        "speed it up: in a fast market liquidation never catches up"
    };
    Some(Check::warn(format!("guards of {denom}"), format!("{found}; {least} to {most} s are sound"), remedy))
}

fn told(seconds: u64) -> String {
    if seconds > SPEED_TOLD { format!("more than {SPEED_TOLD} s") } else { format!("{seconds} s") }
}
