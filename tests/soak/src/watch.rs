//! Who is below health factor 1 at each block, and for how long.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::error::Result;
use plimsoll_schema::pool::LiquidatableResponse;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::market::number;
use crate::party::Party;

/// For how many blocks a profitable account may stay below 1.
pub const PATIENCE: u64 = 3;
/// What an account has to owe, and to have, so that liquidating it pays for sure: the least bonus is 2 %, pair and flash loan take 0.4 %.
const WORTHWHILE: f64 = 20.0;

/// From which height on no fault is at work; the largest number while one is.
#[derive(Clone, Debug, Default)]
pub struct Calm(Arc<AtomicU64>);

impl Calm {
    /// A fault begins.
    pub fn ends(&self) {
        self.0.store(u64::MAX, Ordering::Relaxed);
    }

    /// It is over.
    pub fn since(&self, height: u64) {
        self.0.store(height, Ordering::Relaxed);
    }

    fn height(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Blocks that were looked at.
    pub blocks: u64,
    /// How often an account fell below 1.
    pub falls: u64,
    /// The most blocks that a worthwhile one stayed there without a fault at work.
    pub longest: u64,
    /// Those that stayed too long: account, from which height, until which at least.
    pub late: BTreeMap<String, (u64, u64)>,
    /// How many are below 1 at the last block and worthwhile.
    pub left: usize,
}

/// The watch.
#[derive(Debug)]
pub struct Watch {
    /// Who asks.
    pub party: Party,
    /// Whom.
    pub pool: String,
    /// When the clock runs.
    pub calm: Calm,
}

impl Watch {
    /// Looks at every block until told to stop.
    pub async fn keep(self, mut stop: watch::Receiver<bool>) -> Result<Seen> {
        let mut heads = self.party.node().subscribe().await?;
        let mut height = heads.borrow_and_update().height;
        let (mut below, mut seen) = (BTreeMap::<String, u64>::new(), Seen::default());
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Ok(seen),
                _ = heads.changed() => {}
            }
            let newest = heads.borrow_and_update().height;
            while height < newest {
                height += 1;
                self.look(height, &mut below, &mut seen).await?;
            }
        }
    }

    async fn look(&self, height: u64, below: &mut BTreeMap<String, u64>, seen: &mut Seen) -> Result<()> {
        let now = self.liquidatable(height).await?;
        below.retain(|name, _| now.contains_key(name));
        seen.blocks += 1;
        seen.left = 0;
        for (name, ask) in now {
            let first = *below.entry(name.clone()).or_insert_with(|| {
                seen.falls += 1;
                height
            });
            let waited = height.saturating_sub(first.max(self.calm.height()));
            if !self.is_worthwhile(&ask, height).await? {
                continue;
            }
            seen.left += 1;
            seen.longest = seen.longest.max(waited);
            if waited > PATIENCE {
                seen.late.entry(name).or_insert((first, height)).1 = height;
            }
        }
        Ok(())
    }

    /// Everybody below 1 at a height, each with what asks for their position.
    async fn liquidatable(&self, height: u64) -> Result<BTreeMap<String, Value>> {
        let (mut all, mut after) = (BTreeMap::new(), Value::Null);
        loop {
            let message = json!({ "liquidatable": { "start_after": after, "limit": 200 } });
            let answer = self.party.ask(&self.pool, &message, Some(height)).await?;
            let page: LiquidatableResponse = serde_json::from_value(answer)
                .map_err(|error| plimsoll_keeper::error::Error::garbage(&self.pool, error))?;
            for account in page.accounts {
                let (user, id) = (account.key.owner, account.key.account_id);
                all.insert(format!("{user}/{id}"), json!({ "user_position": { "user": user, "account_id": id } }));
            }
            match page.next {
                None => return Ok(all),
                Some(next) => after = json!(next),
            }
        }
    }

    async fn is_worthwhile(&self, ask: &Value, height: u64) -> Result<bool> {
        let position = self.party.ask(&self.pool, ask, Some(height)).await?;
        Ok(number(&position["debt_value"])? >= WORTHWHILE && number(&position["collateral_value"])? >= WORTHWHILE)
    }
}
