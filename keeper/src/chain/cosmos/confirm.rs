//! That a block has a transaction: as a second endpoint confirms it.

use tokio::time::timeout;
use tonic::{Code, Status};

use crate::chain::cosmos::Node;
use crate::chain::cosmos::channel::Channel;
use crate::chain::cosmos::grpc::block_has;
use crate::chain::cosmos::lookup::{TxOutcome, included};
use crate::chain::cosmos::timeouts::CONFIRM_TIMEOUT;
use crate::chain::{INDEX_LAG_BLOCKS, TxStatus};
use crate::error::Result;

/// What another endpoint says of a transaction.
#[derive(Clone, Debug)]
enum SecondOpinion {
    /// A block has it.
    Included(TxOutcome),
    /// The block that is said to have it doesn't.
    Missing,
    /// It hasn't that block, or not any more, or doesn't answer in time.
    Unknown,
}

impl Node {
    /// What the endpoint `at` found, once a second endpoint confirms it: by the same height and code, or by having the
    /// transaction in that block. At once where nobody else can tell within [`CONFIRM_TIMEOUT`]. Otherwise not found,
    /// at the lowest height of the endpoints that disagree: then the transaction's timeout and the key's sequence
    /// decide in the end. An endpoint that two others contradict is left out.
    pub(in crate::chain) async fn confirmed(&self, at: usize, found: TxOutcome) -> Result<TxStatus<TxOutcome>> {
        let alike = |one: &TxOutcome, other: &TxOutcome| (one.height, one.code) == (other.height, other.code);
        let same = |opinion: &SecondOpinion| matches!(opinion, SecondOpinion::Included(other) if alike(other, &found));
        let said = self.connections.ask_others(Some(at), |channel| second_opinion(channel, &found), same).await;
        let said = said.into_iter().filter_map(|(at, said)| Some((at, said.ok()?)));
        let said: Vec<(usize, SecondOpinion)> =
            said.filter(|(_, opinion)| !matches!(opinion, SecondOpinion::Unknown)).collect();
        if said.is_empty() || said.iter().any(|(_, opinion)| same(opinion)) {
            return Ok(TxStatus::Included(found));
        }
        let (hash, height) = (&found.hash, found.height);
        let others: Vec<&TxOutcome> = said
            .iter()
            .filter_map(|(_, opinion)| match opinion {
                SecondOpinion::Included(other) => Some(other),
                SecondOpinion::Missing | SecondOpinion::Unknown => None,
            })
            .collect();
        if let Some(other) = others.iter().find(|one| others.iter().filter(|other| alike(one, other)).count() > 1) {
            self.connections.refuted(at, &format!("transaction {hash} in block {height}, and not in {}", other.height));
            return Ok(TxStatus::Included((*other).clone()));
        }
        let heights: Vec<u64> = said.iter().map(|(other, _)| self.connections.height(*other)).collect();
        if heights.iter().filter(|told| **told >= height.saturating_add(INDEX_LAG_BLOCKS)).count() > 1 {
            self.connections.refuted(at, &format!("transaction {hash} in block {height}, where others don't find it"));
        }
        Ok(TxStatus::NotFound { height: heights.into_iter().min().unwrap_or_default() })
    }
}

/// What another endpoint says of it: its index may have forgotten what its blocks have.
async fn second_opinion(channel: Channel, found: &TxOutcome) -> std::result::Result<SecondOpinion, Status> {
    let ask = async {
        match included(channel.clone(), found.hash.clone()).await {
            Err(status) if status.code() == Code::NotFound => {
                Ok(match block_has(channel, found.height, &found.hash).await {
                    Ok(true) => SecondOpinion::Included(found.clone()),
                    Ok(false) => SecondOpinion::Missing,
                    Err(_) => SecondOpinion::Unknown,
                })
            }
            said => said.map(SecondOpinion::Included),
        }
    };
    timeout(CONFIRM_TIMEOUT, ask).await.unwrap_or(Ok(SecondOpinion::Unknown))
}
