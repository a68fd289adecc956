//! What is sent: actions about accounts, gas money for other keys, publications and whatever else is about no account.

use crate::chain::{Chain, Coin, Execute, Head};
use crate::config::Strategy;
use crate::error::{Error, Result};
use crate::plan::limits::Spent;
use crate::tx::journal::Intent;
use crate::tx::messages::{Arranged, Targets, before, publish_messages};
use crate::tx::submit::Outgoing;
use crate::tx::{Batch, Executor, Sent};

/// What a transaction about no account has to stay within.
#[derive(Clone, Copy, Debug)]
pub struct SendLimits {
    /// How many blocks may come before the one that includes it.
    pub timeout_blocks: u64,
    /// The highest fee, in base units of the gas denom; `None` is no limit.
    pub max_fee: Option<u128>,
}

impl<C: Chain> Executor<C> {
    /// Sends what was chosen. Sends nothing while another transaction is in flight.
    pub async fn send_batch(
        &mut self,
        targets: Targets<'_>,
        batch: Batch,
        head: &Head,
        timeout_blocks: u64,
    ) -> Result<Sent> {
        let mut sent = Sent { left_out: batch.left_out, ..Sent::default() };
        if batch.actions.is_empty() || self.in_flight(&head.chain_id).is_some() {
            return Ok(sent);
        }
        // All have gone through in simulation; an item that doesn't any more must not undo the others.
        let messages = targets.messages(&batch.actions, batch.min_success.unwrap_or(1))?;
        let before = before(&batch.actions);
        let Arranged { actions, sold: items, own } = targets.arrange(batch.actions);
        let accounts = actions.iter().map(|action| action.account().to_string()).collect();
        let spent = Spent::of(head.time, &actions, self.chain.fee(batch.gas).amount);
        let intent =
            Intent { accounts, items, own, before, spent: Some(spent.clone()), ..self.intent(head, timeout_blocks) };
        sent.hash = Some(self.commit(&Outgoing::Messages(&messages), batch.gas, intent, head).await?);
        sent.actions = actions;
        sent.spent = Some(spent);
        Ok(sent)
    }

    /// Sends coins to another address. Answers what that costs; `None` when nothing was sent, since the fee would be
    /// above the limit or another transaction is in flight.
    pub async fn transfer(&mut self, to: &str, coin: &Coin, head: &Head, limits: SendLimits) -> Result<Option<Spent>> {
        if self.in_flight(&head.chain_id).is_some() {
            return Ok(None);
        }
        let gas = self.throttle.gas(self.chain.gas_limit(self.chain.simulate_transfer(to, coin).await?.gas));
        self.send_within(&Outgoing::Transfer { to, coin }, gas, head, limits).await
    }

    /// Publishes those of these live prices that the oracle takes now, within the strategy's bounds. Answers what that
    /// costs; `None` when nothing was sent.
    pub async fn publish(
        &mut self,
        oracle: &str,
        denoms: &[String],
        head: &Head,
        strategy: &Strategy,
    ) -> Result<Option<Spent>> {
        let mut good = Vec::new();
        for denom in denoms {
            // One that is refused would fail them all.
            match self.chain.simulate(&publish_messages(oracle, vec![denom.clone()])?).await {
                Ok(_) => good.push(denom.clone()),
                Err(Error::Refused { reason }) => tracing::debug!(denom, reason, "this live price can't be published"),
                Err(error) => return Err(error),
            }
        }
        self.execute(&publish_messages(oracle, good)?, head, strategy).await
    }

    /// Sends messages that are about no account, within the strategy's bounds. Answers what that costs; `None` when
    /// nothing was sent.
    pub async fn execute(&mut self, messages: &[Execute], head: &Head, strategy: &Strategy) -> Result<Option<Spent>> {
        if messages.is_empty() || self.in_flight(&head.chain_id).is_some() {
            return Ok(None);
        }
        let gas = self.throttle.gas(self.chain.gas_limit(self.chain.simulate(messages).await?.gas));
        if gas > strategy.max_gas_per_tx {
            return Ok(None);
        }
        let limits = SendLimits { timeout_blocks: strategy.timeout_blocks, max_fee: strategy.max_fee };
        self.send_within(&Outgoing::Messages(messages), gas, head, limits).await
    }

    /// Sends what is about no account, unless its fee is above the limit or another transaction is in flight.
    async fn send_within(
        &mut self,
        what: &Outgoing<'_>,
        gas: u64,
        head: &Head,
        limits: SendLimits,
    ) -> Result<Option<Spent>> {
        let fee = self.chain.fee(gas).amount;
        if self.in_flight(&head.chain_id).is_some() || limits.max_fee.is_some_and(|most| fee > most) {
            return Ok(None);
        }
        let spent = Spent::of(head.time, &[], fee);
        let intent = Intent { spent: Some(spent.clone()), ..self.intent(head, limits.timeout_blocks) };
        self.commit(what, gas, intent, head).await?;
        Ok(Some(spent))
    }

    fn intent(&self, head: &Head, timeout_blocks: u64) -> Intent {
        Intent {
            sender: self.sender.clone(),
            chain_id: head.chain_id.clone(),
            timeout_height: head.height.saturating_add(timeout_blocks),
            ..Intent::default()
        }
    }
}
