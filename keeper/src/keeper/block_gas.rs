//! How much gas a block has, which bounds what a transaction may ask for.

use crate::chain::{Chain, Head};
use crate::config::BLOCK_SHARE;
use crate::keeper::Keeper;

/// How often the chain is asked, in seconds of its own time.
const EVERY_SECONDS: u64 = 600;

/// What a transaction may ask for by the strategy, and when the chain was last asked what its blocks have.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockGas {
    most: u64,
    asked_at: Option<u64>,
}

impl BlockGas {
    /// The limit of the strategy, while no block is known yet.
    pub const fn within(most: u64) -> Self {
        Self { most, asked_at: None }
    }
}

impl<C: Chain> Keeper<C> {
    /// Asks how much gas a block has, when it is time. Where that isn't told, what was known before goes on.
    pub(super) async fn ask_block_gas(&mut self, head: &Head) {
        let BlockGas { most, asked_at } = self.block_gas;
        if asked_at.is_some_and(|at| head.time < at.saturating_add(EVERY_SECONDS)) {
            return;
        }
        self.block_gas.asked_at = Some(head.time);
        match self.chain.block_gas().await {
            Ok(gas) => {
                let before = self.strategy.max_gas_per_tx;
                self.strategy.max_gas_per_tx = most;
                self.strategy = self.strategy.clone().in_blocks_of(gas);
                let now = self.strategy.max_gas_per_tx;
                if now != before {
                    tracing::info!(block_gas = gas, max_gas_per_tx = now, share = %BLOCK_SHARE, "a transaction asks for no more gas than its share of a block");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "nobody tells how much gas a block has; transactions ask for what they did before");
            }
        }
    }
}
