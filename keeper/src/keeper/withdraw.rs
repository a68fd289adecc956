//! Shares in the pool that liquidations paid where a market lacked the cash: the keeper withdraws them once the cash is
//! there.

use cosmwasm_std::Uint256;
use plimsoll_risk::units::Value;
use plimsoll_schema::pool::{ExecuteMsg, Withdraw};

use crate::chain::{Chain, Execute, Head};
use crate::error::{Class, Error, Result};
use crate::keeper::Keeper;
use crate::scan::Scan;
use crate::tx::supplied::{Supplied, supplied, valued};

/// How many blocks pass between two looks at what there is to withdraw.
const EVERY_BLOCKS: u64 = 20;
/// A part of a claim is withdrawn when it is worth so many times the gas of its withdrawal.
const GAS_TIMES: u64 = 10;

impl<C: Chain> Keeper<C> {
    /// Each key that has sent nothing at this block withdraws what its shares can be paid: liquidations come first, to
    /// the cash as well. Nothing where shares aren't taken: then whatever the key supplied is somebody's deposit.
    pub(super) async fn withdraw(&mut self, head: &Head, scan: &Scan) -> Result<()> {
        if !self.strategy.take_shares || !(self.new_shares || head.height.is_multiple_of(EVERY_BLOCKS)) {
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
        let pool = self.book.addresses.pool.clone();
        let sender = self.workers[at].executor.sender().to_owned();
        let claims = valued(&self.book, &scan.assets, supplied(&*self.chain, &pool, &sender).await?);
        let mut due = Vec::new();
        let mut messages = Vec::new();
        for claim in claims.into_iter().filter(|claim| !claim.payable_value.is_zero()) {
            let message = withdrawal(&pool, &claim.denom)?;
            let gas = match self.workers[at].executor.chain().simulate(std::slice::from_ref(&message)).await {
                Ok(simulated) => self.gas_value(simulated.gas),
                Err(Error::Refused { reason }) => {
                    tracing::debug!(denom = claim.denom, reason, "this claim can't be withdrawn");
                    continue;
                }
                Err(error) => return Err(error),
            };
            if pays(&claim, gas) {
                due.push(claim);
                messages.push(message);
            }
        }
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

    /// What this much simulated gas costs, in value.
    fn gas_value(&self, simulated: u64) -> Value {
        let fee = self.chain.fee(self.chain.gas_limit(simulated)).amount;
        self.strategy.fee_value(fee).unwrap_or(self.strategy.gas_value)
    }
}

/// The message that withdraws all that can be paid of this denom.
fn withdrawal(pool: &str, denom: &str) -> Result<Execute> {
    let withdraw =
        Withdraw { denom: denom.to_owned(), amount: None, recipient: None, account_id: None, on_behalf_of: None };
    Execute::new(pool, &ExecuteMsg::Withdraw(withdraw), Vec::new())
}

/// Whether it is worth its gas to withdraw what can be had of this.
fn pays(claim: &Supplied, gas: Value) -> bool {
    let times = if claim.payable == claim.amount { 1 } else { GAS_TIMES };
    let wanted = gas.raw().checked_mul(Uint256::from(times)).map_or(Value::new(Uint256::MAX), Value::new);
    claim.payable_value > wanted
}
