//! A transaction from its messages to its block, for deploying and for scripts.

use cosmos_sdk_proto::Any;

use crate::chain::cosmos::Node;
use crate::chain::cosmos::lookup::TxOutcome;
use crate::chain::{ChainReader, TxSender, TxStatus};
use crate::error::{Error, Result};

/// How many blocks [`Node::sign_and_wait`] gives a transaction.
const WAIT_BLOCKS: u64 = 30;

impl Node {
    /// Simulates, signs, sends, and waits until a block has it. A transaction that failed in its block is an outcome
    /// with a code, not an error. For deploying and for scripts: it keeps no journal.
    pub async fn sign_and_wait(&self, messages: Vec<Any>) -> Result<TxOutcome> {
        let gas = self.with_reserve(self.simulate_any(&messages).await?.gas);
        self.sign_and_wait_with_gas(messages, gas).await
    }

    /// As [`Node::sign_and_wait`], with a gas limit in place of a simulation.
    pub async fn sign_and_wait_with_gas(&self, messages: Vec<Any>, gas: u64) -> Result<TxOutcome> {
        let timeout_height = self.head().await?.height.saturating_add(WAIT_BLOCKS);
        let signed = self.sign_any(messages, gas, timeout_height).await?;
        self.broadcast(&signed).await?;
        loop {
            match self.look_up(&signed.hash).await? {
                TxStatus::Included(included) => {
                    // The next transaction reads its sequence from a state that has this block.
                    self.next_block(included.height.saturating_sub(1)).await?;
                    return Ok(included);
                }
                TxStatus::NotFound { height } if height > timeout_height.saturating_add(1) => {
                    return Err(Error::Expired { hash: signed.hash, timeout_height });
                }
                TxStatus::NotFound { .. } | TxStatus::Expired => {
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await
                }
            }
        }
    }
}
