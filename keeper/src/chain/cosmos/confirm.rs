//! That a block has a transaction: as a second endpoint confirms it.

use std::time::Duration;

use tokio::time::timeout;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::chain::cosmos::Node;
use crate::chain::cosmos::grpc::block_has;
use crate::chain::cosmos::transaction::{TxOutcome, included};
use crate::error::Result;

/// An endpoint that is so many blocks past the one that is said to have a transaction has it in its index, if it is there.
const INDEX_LAG: u64 = 2;
/// For how long a second endpoint is waited for: what is free to send waits as well.
const SECOND: Duration = Duration::from_millis(400);

/// What another endpoint says of a transaction.
#[derive(Clone, Debug)]
enum Word {
    /// A block has it.
    Has(TxOutcome),
    /// The block that is said to have it doesn't.
    Lacks,
    /// It hasn't that block, or not any more, or doesn't answer in time.
    Nothing,
}

impl Node {
    /// What `at` found, once another says the same, or has the transaction in that block; at once where nobody else can tell. Otherwise the newest
    /// block of those that say something else: then its timeout and the key's sequence decide in the end. One that two others contradict is left
    /// alone.
    pub(in crate::chain) async fn confirmed(
        &self,
        at: usize,
        found: TxOutcome,
    ) -> Result<std::result::Result<TxOutcome, u64>> {
        let alike = |one: &TxOutcome, other: &TxOutcome| (one.height, one.code) == (other.height, other.code);
        let same = |word: &Word| matches!(word, Word::Has(other) if alike(other, &found));
        let said = self.remotes.ask_others(Some(at), |channel| second(channel, &found), same).await;
        let said = said.into_iter().filter_map(|(at, said)| Some((at, said.ok()?)));
        let said: Vec<(usize, Word)> = said.filter(|(_, word)| !matches!(word, Word::Nothing)).collect();
        if said.is_empty() || said.iter().any(|(_, word)| same(word)) {
            return Ok(Ok(found));
        }
        let (hash, height) = (&found.hash, found.height);
        let others: Vec<&TxOutcome> = said
            .iter()
            .filter_map(|(_, word)| match word {
                Word::Has(other) => Some(other),
                Word::Lacks | Word::Nothing => None,
            })
            .collect();
        if let Some(other) = others.iter().find(|one| others.iter().filter(|other| alike(one, other)).count() > 1) {
            self.remotes.refuted(at, &format!("transaction {hash} in block {height}, and not in {}", other.height));
            return Ok(Ok((*other).clone()));
        }
        let heights: Vec<u64> = said.iter().map(|(other, _)| self.remotes.height(*other)).collect();
        if heights.iter().filter(|told| **told >= height.saturating_add(INDEX_LAG)).count() > 1 {
            self.remotes.refuted(at, &format!("transaction {hash} in block {height}, where others don't find it"));
        }
        Ok(Err(heights.into_iter().min().unwrap_or_default()))
    }
}

/// What another endpoint says of it: its index may have forgotten what its blocks have.
async fn second(channel: Channel, found: &TxOutcome) -> std::result::Result<Word, Status> {
    let ask = async {
        match included(channel.clone(), found.hash.clone()).await {
            Err(status) if status.code() == Code::NotFound => {
                Ok(match block_has(channel, found.height, &found.hash).await {
                    Ok(true) => Word::Has(found.clone()),
                    Ok(false) => Word::Lacks,
                    Err(_) => Word::Nothing,
                })
            }
            said => said.map(Word::Has),
        }
    };
    timeout(SECOND, ask).await.unwrap_or(Ok(Word::Nothing))
}
