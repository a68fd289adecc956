//! What a journal says is still on its way, and whether the next start can find out what became of it.

use std::path::Path;

use crate::chain::{Chain, Head, INDEX_LAG_BLOCKS, REWIND_MAX, TxStatus};
use crate::commands::doctor::Check;
use crate::error::Result;
use crate::tx::TIMEOUT_MAX;
use crate::tx::journal::{Intent, Journal};

/// A line for each transaction that isn't resolved in this file, which the chain's own key is to write on, and one when
/// the file is older than the chain.
pub async fn check(chain: &impl Chain, path: &Path) -> Vec<Check> {
    let checks = async {
        let mut checks = unresolved(chain, path).await?;
        checks.extend(outlived(chain, path).await?);
        Ok(checks)
    };
    checks.await.unwrap_or_else(|error| vec![Check::error("journal", &error)])
}

/// Whether the chain has forgotten what the key has sent; nothing when it hasn't.
async fn outlived(chain: &impl Chain, path: &Path) -> Result<Option<Check>> {
    let head = chain.head().await?;
    let sender = chain.sender().unwrap_or_default();
    let Some((used, height)) = Journal::look_used(path, sender, &head.chain_id)? else { return Ok(None) };
    let next = chain.sequence().await?;
    Ok(next.and_then(|next| reset(path, &head, used, height, next)))
}

/// What it means that the key's next sequence is `next` when by the journal a block of this height has `used` one. A
/// node may be a few blocks behind the one that told the journal.
pub fn reset(path: &Path, head: &Head, used: u64, height: u64, next: u64) -> Option<Check> {
    let behind = head.height < height && height - head.height <= REWIND_MAX;
    (next <= used && !behind).then(|| {
        let found = format!(
            "{}: block {height} of {} has the transaction with sequence {used} of the key, and at block {} the key's next sequence is {next}: the chain was reset",
            path.display(),
            head.chain_id,
            head.height
        );
        Check::fail("journal", found, "move the journal away")
    })
}

async fn unresolved(chain: &impl Chain, path: &Path) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    let intents = Journal::look(path)?;
    if intents.is_empty() {
        return Ok(checks);
    }
    let head = chain.head().await?;
    let sender = chain.sender().unwrap_or_default();
    for intent in intents {
        checks.push(if intent.chain_id == head.chain_id && intent.sender == sender {
            let used = chain.sequence().await?.zip(intent.sequence).is_some_and(|(found, used)| found > used);
            judge(&intent, &head, &chain.tx_status(&intent.hash).await?, used)
        } else {
            foreign(&intent, path)
        });
    }
    Ok(checks)
}

/// Sent by another key, or on another chain: nobody asks for it any more.
fn foreign(intent: &Intent, path: &Path) -> Check {
    let Intent { hash, chain_id, sender, timeout_height, .. } = intent;
    Check::warn(
        "journal",
        format!(
            "{}: transaction {hash} was sent by {sender} on {chain_id}, of which this keeper never asks what became",
            path.display()
        ),
        format!(
            "move the file away once {chain_id} is past block {timeout_height}, and give each chain and key a journal.path of its own"
        ),
    )
}

/// What will become of it at the next start. `used` says whether the chain has seen a transaction with its sequence.
pub fn judge(intent: &Intent, head: &Head, outcome: &TxStatus, used: bool) -> Check {
    let hash = &intent.hash;
    let timeout = intent.timeout_height;
    let away = "move the journal away: with it the keeper ends, or waits forever";
    match outcome {
        TxStatus::Included(included) if included.height == 0 || included.height > timeout => {
            let found =
                format!("transaction {hash} was for blocks up to {timeout}, and is in block {}", included.height);
            Check::fail("journal", found, format!("the chain was reset, or the node is wrong; {away}"))
        }
        TxStatus::Included(included) => {
            let found = format!("transaction {hash} is in block {}: the next start tells what it did", included.height);
            Check::ok("journal", found)
        }
        TxStatus::NotFound { .. } if timeout > head.height.saturating_add(TIMEOUT_MAX) => {
            let found = format!(
                "transaction {hash} was for blocks up to {timeout}, and {} is at {}: it was sent on another chain of that name",
                head.chain_id, head.height
            );
            Check::fail("journal", found, away)
        }
        TxStatus::NotFound { height } if *height <= timeout.saturating_add(INDEX_LAG_BLOCKS) => {
            let found = format!("transaction {hash} is on its way, until block {timeout}; {height} is the newest");
            Check::ok("journal", found)
        }
        TxStatus::NotFound { .. } if used => {
            let found = format!(
                "transaction {hash} was for blocks up to {timeout}; the key's sequence says that one has it, and the node doesn't find it"
            );
            let remedy = "use a node that keeps its index of transactions; otherwise it counts as if no block had it, and what it did isn't told";
            Check::warn("journal", found, remedy)
        }
        TxStatus::NotFound { .. } | TxStatus::Expired => {
            let found = format!("transaction {hash} is in no block up to {timeout}: the next start plans anew");
            Check::ok("journal", found)
        }
    }
}
