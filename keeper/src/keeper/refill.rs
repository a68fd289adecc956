//! The gas money that further keys get from the first.

use crate::chain::{Chain, Coin, Head};
use crate::error::{Class, Result};
use crate::keeper::Keeper;
use crate::tx::{SendLimits, fee_reserve, held_at_once};

/// So many of the dearest transactions a further key is kept supplied for, unless told otherwise.
const FLOAT_FEES: u128 = 3;
/// How many blocks pass between two looks at what further keys have for gas.
const REFILL_EVERY_BLOCKS: u64 = 20;

impl<C: Chain> Keeper<C> {
    /// Whether it is time to look at what further keys have.
    pub(super) fn is_refill_due(&self, head: &Head) -> bool {
        !self.supplied || head.height.is_multiple_of(REFILL_EVERY_BLOCKS)
    }

    /// What doesn't work now is tried again at the next block: it must not take away what this one has done.
    pub(super) async fn refill(&mut self, head: &Head) -> Result<()> {
        match self.refill_one(head).await {
            Err(error) if error.class() != Class::Halt => {
                self.supplied = false;
                tracing::warn!(%error, "further keys can't be supplied with gas money now");
                Ok(())
            }
            done => done,
        }
    }

    /// The first key sends gas money to one that has less than half of what it should have, if it is free to and the
    /// limits on fees allow it.
    async fn refill_one(&mut self, head: &Head) -> Result<()> {
        if self.chain.fee_granter().is_some() {
            // Further keys need no gas money.
            self.supplied = true;
            return Ok(());
        }
        if self.workers.len() < 2 || !self.workers[0].is_free(head) {
            return Ok(());
        }
        let reserve = fee_reserve(&*self.chain, &self.strategy);
        let float = self.gas_float.unwrap_or_else(|| reserve.amount.saturating_mul(FLOAT_FEES));
        let first = held_at_once(&*self.chain, self.workers[0].executor.sender(), &reserve.denom).await?;
        for at in 1..self.workers.len() {
            let to = self.workers[at].executor.sender().to_owned();
            let has = held_at_once(&*self.chain, &to, &reserve.denom).await?;
            self.workers[at].needs_gas = false;
            let lacks = float.saturating_sub(has);
            if has >= float / 2 || lacks == 0 {
                continue;
            }
            if first < lacks.saturating_add(reserve.amount) {
                tracing::warn!(
                    to,
                    has,
                    lacks,
                    held = first,
                    denom = reserve.denom,
                    "the first key has no gas money to share"
                );
                return Ok(());
            }
            return self.send_gas_money(&to, at, Coin { denom: reserve.denom, amount: lacks }, head).await;
        }
        self.supplied = true;
        Ok(())
    }

    /// The first key sends this gas money to the address of another, if the limits on fees allow it.
    async fn send_gas_money(&mut self, to: &str, at: usize, coin: Coin, head: &Head) -> Result<()> {
        let max_fee = self.budget.left(head.time, &self.strategy).fee;
        let limits = SendLimits { timeout_blocks: self.strategy.timeout_blocks, max_fee };
        match self.workers[0].executor.transfer(to, &coin, head, limits).await {
            Ok(Some(spent)) => {
                self.budget.spend(spent);
                self.workers[at].funded(head);
                tracing::info!(to, %coin, "gas money is on its way");
                Ok(())
            }
            Ok(None) => {
                tracing::warn!(to, lacks = coin.amount, "no gas money is sent: its fee would be above the limits");
                Ok(())
            }
            Err(error) if error.refusal().is_some() => self.refused(0, head, error, &[]),
            Err(error) => Err(error),
        }
    }
}
