//! What gas costs, asked of the chain now and then.

use crate::chain::{Chain, Head};
use crate::keeper::Keeper;

/// How often the chain is asked for the price, in seconds of its own time.
const GAS_PRICE_SECONDS: u64 = 15;

impl<C: Chain> Keeper<C> {
    /// Asks what gas costs, when it is time. Where nobody says, what was known before goes on.
    pub(super) async fn ask_gas_price(&mut self, head: &Head) {
        if self.workers.is_empty()
            || self.gas_price_at.is_some_and(|at| head.time < at.saturating_add(GAS_PRICE_SECONDS))
        {
            return;
        }
        self.gas_price_at = Some(head.time);
        match self.chain.gas_price_asked().await {
            Ok(Some(price)) => {
                let mut paid = self.chain.gas_price().get();
                let before = paid.now();
                paid.learn(price);
                let now = paid.now();
                if now != before {
                    tracing::debug!(%price, %before, %now, "the price of gas has changed");
                }
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "nobody says what gas costs; the price stays"),
        }
    }
}
