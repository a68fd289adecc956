//! That a block has a transaction: as a second endpoint confirms it.

use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::chain::node::Node;
use crate::chain::node::said::block_has;
use crate::chain::transaction::{TxOutcome, included};
use crate::error::{Error, Result};

/// An endpoint that is so many blocks past the one that is said to have a transaction has it in its index, if it is there.
const INDEX_LAG: u64 = 2;

impl Node {
    /// What `at` found, once another says the same, or has the transaction in that block; at once where nobody else can tell. Otherwise the newest
    /// block of those that haven't found it: they may be late. One that two others contradict is left alone.
    pub(in crate::chain) async fn confirmed(
        &self,
        at: usize,
        found: TxOutcome,
    ) -> Result<std::result::Result<TxOutcome, u64>> {
        let same = |other: &TxOutcome| (other.height, other.code) == (found.height, found.code);
        let ask = |channel| second(channel, &found);
        let said = self.remotes.ask_others(Some(at), ask, |other| other.as_ref().is_some_and(same)).await;
        let said: Vec<(usize, Option<TxOutcome>)> =
            said.into_iter().filter_map(|(at, said)| Some((at, said.ok()?))).collect();
        if said.is_empty() || said.iter().any(|(_, other)| other.as_ref().is_some_and(same)) {
            return Ok(Ok(found));
        }
        let (hash, height) = (&found.hash, found.height);
        if let Some(other) = said.iter().find_map(|(_, other)| other.clone()) {
            let agree = |one: &&(usize, Option<TxOutcome>)| {
                one.1.as_ref().is_some_and(|one| (one.height, one.code) == (other.height, other.code))
            };
            if said.iter().filter(agree).count() < 2 {
                let reason = format!("transaction {hash} in block {height}, of which another says {}", other.height);
                return Err(Error::garbage(&self.remotes.name(at), reason));
            }
            self.remotes.refuted(at, &format!("transaction {hash} in block {height}, and not in {}", other.height));
            return Ok(Ok(other));
        }
        let heights: Vec<u64> = said.iter().map(|(other, _)| self.remotes.height(*other)).collect();
        if heights.iter().filter(|told| **told >= height.saturating_add(INDEX_LAG)).count() > 1 {
            self.remotes.refuted(at, &format!("transaction {hash} in block {height}, where others don't find it"));
        }
        Ok(Err(heights.into_iter().min().unwrap_or_default()))
    }
}

/// What another endpoint says of it: its index may have forgotten what its blocks have.
async fn second(channel: Channel, found: &TxOutcome) -> std::result::Result<Option<TxOutcome>, Status> {
    match included(channel.clone(), found.hash.clone()).await {
        Err(status) if status.code() == Code::NotFound => {
            let has = block_has(channel, found.height, &found.hash).await.unwrap_or(false);
            Ok(has.then(|| found.clone()))
        }
        said => said.map(Some),
    }
}
