//! Shares in the pool that liquidations paid where a market lacked the cash: the keeper withdraws them once the cash is
//! there.

use cosmwasm_std::Uint256;
use plimsoll_risk::units::Value;
use plimsoll_schema::pool::{ExecuteMsg, Withdraw};

use crate::chain::{Chain, Execute, Head};
use crate::error::{Class, Result};
use crate::keeper::Keeper;
use crate::scan::Scan;
use crate::tx::supplied::{Supplied, supplied, valued};

/// Every so many blocks it is looked what there is to withdraw.
const EVERY: u64 = 20;
/// The gas of a withdrawal, about: what `scripts/gas.sh` measures, rounded up.
const GAS: u64 = 160_000;
/// A part of a claim is withdrawn when it is worth so many times that gas.
const GAS_TIMES: u64 = 10;

impl<C: Chain> Keeper<C> {
    /// Each key that has sent nothing at this block withdraws what its shares can be paid: liquidations come first, to
    /// the cash as well. Nothing where shares aren't taken: then whatever the key supplied is somebody's deposit.
    pub(super) async fn withdraw(&mut self, head: &Head, scan: &Scan) -> Result<()> {
        if !self.strategy.take_shares || !(self.new_shares || head.height.is_multiple_of(EVERY)) {
            return Ok(());
        }
        self.new_shares = false;
        for at in 0..self.workers.len() {
            if !self.workers[at].is_free(head) {
                self.new_shares = true;
                continue;
            }
            match self.withdraw_with(at, head, scan).await {
                Err(error) if error.class() == Class::Halt => return Err(error),
                Err(error) => tracing::warn!(%error, "shares in the pool can't be withdrawn now; trying again later"),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    async fn withdraw_with(&mut self, at: usize, head: &Head, scan: &Scan) -> Result<()> {
        let (pool, sender) = (&self.book.addresses.pool, self.workers[at].executor.sender().to_owned());
        let claims = valued(&self.book, &scan.assets, supplied(&*self.chain, pool, &sender).await?);
        let fee = self.chain.fee(self.chain.gas_limit(GAS)).amount;
        let gas = self.strategy.fee_value(fee).unwrap_or(self.strategy.gas_value);
        let due: Vec<Supplied> = claims.into_iter().filter(|claim| pays(claim, gas)).collect();
        let message = |claim: &Supplied| {
            let (denom, account_id) = (claim.denom.clone(), None);
            let msg = ExecuteMsg::Withdraw(Withdraw { denom, amount: None, recipient: None, account_id });
            Execute::new(pool, &msg, Vec::new())
        };
        let messages = due.iter().map(message).collect::<Result<Vec<_>>>()?;
        // No more than the hour has left.
        let max_fee = self.budget.left(head.time, &self.strategy).fee;
        let strategy = crate::config::Strategy { max_fee, ..self.strategy.clone() };
        if let Some(spent) = self.workers[at].executor.execute(&messages, head, &strategy).await? {
            for Supplied { denom, payable, amount, .. } in &due {
                tracing::info!(height = head.height, sender, denom, %payable, claim = %amount, "withdrawing from the pool");
            }
            self.workers[at].accepted();
            self.budget.spend(spent);
        }
        Ok(())
    }
}

/// Whether it is worth its gas to withdraw what can be had of this.
fn pays(claim: &Supplied, gas: Value) -> bool {
    let times = if claim.payable == claim.amount { 1 } else { GAS_TIMES };
    let wanted = gas.raw().checked_mul(Uint256::from(times)).map_or(Value::new(Uint256::MAX), Value::new);
    claim.payable_value > wanted
}
