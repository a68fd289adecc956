//! How soon after a price: from the block that carries it to the broadcast, and to the block that has the liquidation.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fastrand::Rng;
use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::error::{Error, Result};
use serde_json::{Value, json};

use crate::keeper::{Keeper, Launch};
use crate::market::Market;
use crate::party::Party;
use crate::soak::furnish;
use crate::stage::{Stage, TOKENS};
use crate::users::User;

/// How far a price falls.
const FALL: f64 = 0.90;
/// How long a liquidation is waited for.
const WAIT: Duration = Duration::from_secs(10);
/// Of a hundred drops so many have to be answered in the very next block.
const NEXT_BLOCK: f64 = 0.95;

/// When each block was first heard of.
type Heard = Arc<Mutex<BTreeMap<u64, Instant>>>;

/// Lets prices fall so many times, with one account each time that falls below 1. What was seen, as one object; an error when fewer than 95 of 100
/// liquidations are in the block after the price's.
pub async fn drops(stage: &Stage, launch: Launch, keeper_address: &str, drops: u32, seed: u64) -> Result<Value> {
    let market = Arc::new(Market::open(stage).await?);
    furnish(stage, keeper_address).await?;
    let asker = stage.party("user1").await?;
    let heard = listen(&asker).await?;
    let mut keeper = Keeper::start(launch)?;
    keeper.ready(Instant::now()).await?;
    let pool = stage.pool().to_owned();
    let mut user =
        User { party: stage.party("user2").await?, pool, market: market.clone(), random: Rng::with_seed(seed) };
    let (mut latencies, mut late) = (Vec::new(), BTreeMap::<u64, u32>::new());
    for drop in 0..drops {
        let token = usize::try_from(drop).unwrap_or(0) % TOKENS.len();
        user.open_with(drop, token, 2_000.0, 0.99).await?;
        let price = market.price(token);
        let at = market.set(token, price * FALL).await?;
        let landed = landed(&asker, stage.pool(), at).await?;
        *late.entry(landed - at).or_default() += 1;
        latencies.push(latency(&keeper, &heard, at)?);
        market.set(token, price).await?;
        keeper.assert_alive()?;
    }
    keeper.stop().await?;
    latencies.sort_by(f64::total_cmp);
    let quantile = |part: f64| latencies.get(((latencies.len() as f64 - 1.0) * part).round() as usize).copied();
    let next = f64::from(late.get(&1).copied().unwrap_or_default()) / f64::from(drops);
    let report = json!({
        "drops": drops, "block_to_broadcast_ms": { "p50": quantile(0.5), "p99": quantile(0.99), "max": latencies.last() },
        "blocks_after_the_price": late, "in_next_block": next,
    });
    if next < NEXT_BLOCK {
        return Err(Error::DoesNotHold(format!(
            "{next} of liquidations are in the next block, not {NEXT_BLOCK}: {report}"
        )));
    }
    Ok(report)
}

async fn listen(asker: &Party) -> Result<Heard> {
    let (heard, mut heads) = (Heard::default(), asker.node().subscribe().await?);
    let noted = heard.clone();
    tokio::spawn(async move {
        while heads.changed().await.is_ok() {
            let height = heads.borrow_and_update().height;
            if let Ok(mut heard) = noted.lock() {
                heard.entry(height).or_insert_with(Instant::now);
            }
        }
    });
    Ok(heard)
}

/// The block that has a liquidation after the price's.
async fn landed(asker: &Party, pool: &str, at: u64) -> Result<u64> {
    let deadline = Instant::now() + WAIT;
    let mut height = at;
    while Instant::now() < deadline {
        height = asker.node().next_block(height).await?.height.min(height + 1);
        let events = asker.node().events(height).await?;
        if events.iter().any(|event| event.contract == pool && event.get("action") == Some("liquidate")) {
            return Ok(height);
        }
    }
    Err(Error::DoesNotHold(format!("nobody was liquidated within {WAIT:?} of the price at {at}")))
}

/// Milliseconds from when the price's block was heard of, here, to the line that says what the keeper has sent at it. Both ends include the way from
/// node or keeper to here.
fn latency(keeper: &Keeper, heard: &Heard, at: u64) -> Result<f64> {
    let lines = keeper.lines();
    let lines = lines.lock().map_err(|_| Error::DoesNotHold("the keeper's lines are lost".to_owned()))?;
    let sent =
        |line: &Value| line["event"] == "block" && line["height"].as_u64() >= Some(at) && !line["sent"].is_null();
    let sent = lines.iter().find(|(_, line)| sent(line)).map(|(when, _)| *when);
    let heard = heard.lock().ok().and_then(|heard| heard.range(at..).next().map(|(_, when)| *when));
    match (sent, heard) {
        (Some(sent), Some(heard)) => Ok(sent.saturating_duration_since(heard).as_secs_f64() * 1e3),
        _ => Err(Error::DoesNotHold(format!("the keeper doesn't say what it sent after block {at}"))),
    }
}
