//! What happened in blocks, and which nodes keep it.

use std::sync::atomic::Ordering;

use tokio::time::timeout;

use crate::chain::ContractEvent;
use crate::chain::cosmos::Node;
use crate::chain::cosmos::classify::{Failure, Meaning, discards_results};
use crate::chain::cosmos::connections::Connection;
use crate::chain::cosmos::timeouts::REQUEST_TIMEOUT;
use crate::chain::endpoints::Health;
use crate::error::{Error, Result};

/// For how many blocks the index alone is asked once it had what no endpoint's block results had.
const INDEX_ALONE_BLOCKS: u64 = 100;
/// How old a block may be whose results a node that keeps any has.
const RECENT_BLOCKS: u64 = 2;

impl Node {
    /// What contracts said in a block: by its results, or by the index of transactions where no endpoint keeps results.
    pub(super) async fn block_events(&self, height: u64) -> Result<Vec<ContractEvent>> {
        if height < self.connections.index_until.load(Ordering::Relaxed) {
            return self.indexed_events(height).await;
        }
        let error = match self.connections.ask_rpc(Some(height), |rpc| rpc.events(height)).await {
            Err(error @ Error::Query { .. }) => error,
            answer => return answer,
        };
        if discards_results(&error.reason()) {
            self.connections.say_discarded();
            return self.indexed_events(height).await;
        }
        if error.meaning() != Meaning::NoResults {
            return Err(error);
        }
        // Other versions say no more than that they don't find them.
        let found = self.indexed_events(height).await.map_err(|_| error)?;
        if self.newest().height.saturating_sub(height) <= RECENT_BLOCKS {
            self.connections.index_until.store(height.saturating_add(INDEX_ALONE_BLOCKS), Ordering::Relaxed);
            self.connections.say_discarded();
        }
        Ok(found)
    }

    async fn indexed_events(&self, height: u64) -> Result<Vec<ContractEvent>> {
        self.connections.ask_rpc(Some(height), |rpc| rpc.indexed_events(height)).await
    }

    /// By RPC endpoint that is well, why it can't say what happened in the block before its newest by that block's
    /// results, if it can't.
    pub async fn results(&self) -> Vec<(String, Option<String>)> {
        let mut told = Vec::new();
        for (at, line) in self.connections.channels.iter().enumerate() {
            let Connection::Rpc(rpc) = line else { continue };
            if self.connections.state().health(at) != Health::Good {
                continue;
            }
            let height = self.connections.height(at).saturating_sub(1).max(1);
            let asked = self.connections.spending(at, rpc.events(height));
            let reason = match timeout(REQUEST_TIMEOUT, asked).await {
                Ok(Ok(_)) => None,
                Ok(Err(error)) => Some(error.reason()),
                Err(_) => Some(format!("no answer in {} s", REQUEST_TIMEOUT.as_secs())),
            };
            told.push((self.connections.name(at), reason));
        }
        told
    }

    /// Says so at once where no RPC endpoint keeps what happened in blocks.
    pub async fn warn_without_results(&self) {
        let told = self.results().await;
        if !told.is_empty() && told.iter().all(|(_, reason)| reason.as_deref().is_some_and(lacks_results)) {
            self.connections.say_discarded();
        }
    }
}

/// Whether a node that says this keeps no results of blocks.
pub fn lacks_results(reason: &str) -> bool {
    discards_results(reason) || reason.contains("could not find results for height")
}
