//! What the keeper wrote down that it would send, and what of it the chain has.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_keeper::error::{Error, Result};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::party::Party;

/// How often the journal is read: it is written anew now and then, without what is long settled.
const EVERY: Duration = Duration::from_millis(200);

/// All hashes that ever stood in a journal, read until told to stop.
pub async fn intended(journal: PathBuf, mut stop: watch::Receiver<bool>) -> BTreeSet<String> {
    let mut hashes = BTreeSet::new();
    loop {
        let stopped = timeout(EVERY, stop.wait_for(|stop| *stop)).await.is_ok();
        let text = std::fs::read_to_string(&journal).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        hashes.extend(lines.filter_map(|line| Some(line["intent"]["hash"].as_str()?.to_owned())));
        if stopped {
            return hashes;
        }
    }
}

/// What the chain has of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    /// Intents.
    pub intended: usize,
    /// Those that a block has.
    pub included: u64,
    /// Those among them that failed there.
    pub failed: u64,
    /// How many transactions the chain has counted of the key.
    pub sequence: u64,
}

impl Sent {
    /// Asks for each.
    pub async fn of(asker: &Party, sender: &str, intended: &BTreeSet<String>) -> Result<Self> {
        let mut sent =
            Self { intended: intended.len(), sequence: asker.node().account(sender).await?.1, ..Self::default() };
        for hash in intended {
            if let Some(outcome) = asker.node().transaction(hash).await? {
                sent.included += 1;
                sent.failed += u64::from(outcome.code != 0);
            }
        }
        Ok(sent)
    }

    /// An error when something was sent that was not written down, or was included twice.
    pub fn assert_once(&self) -> Result<()> {
        if self.sequence == self.included {
            return Ok(());
        }
        let Self { sequence, included, .. } = self;
        Err(Error::DoesNotHold(format!(
            "the key has sent {sequence} transactions, but {included} of the journal's are in blocks"
        )))
    }
}
