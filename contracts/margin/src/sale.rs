//! The sale of what a batch paid: hop after hop, then the settlement.

use cosmwasm_std::{BankMsg, Binary, Coin, Deps, Env, Response, StdResult, SubMsg, Uint256};
use plimsoll_schema::pool::LoanId;
use plimsoll_schema::{compact, event};

use crate::coins::coin;
use crate::error::ContractError;
use crate::payload::{Sale, Terms};
use crate::state::{SETTINGS, Settings};
use crate::to_pool::ToPool;
use crate::trade::Trade;

impl Sale {
    /// Sells over the next hop what the plan says, whose reply goes on; settles after the last.
    pub fn go_on(mut self, deps: Deps, env: &Env) -> Result<Response, ContractError> {
        let trade = &self.terms.trade;
        let next = trade.hops.get(self.done).zip(trade.offers.get(self.done));
        let Some((hop, offer)) = next else { return self.settle(deps, env) };
        let offer = coin(trade.offered(self.done), *offer);
        assert_held(deps, env, &offer)?;
        let swap = hop.swap(offer)?;
        self.done = self.done.saturating_add(1);
        let payload = Binary::from(compact::encode(&self)?);
        let swaps = swap.map(|swap| SubMsg::reply_on_success(swap, 0).with_payload(payload));
        Ok(Response::new().add_submessages(swaps))
    }

    /// Brings what is owed to the pool, and pays out the fee and all the rest of every denom on the way.
    fn settle(self, deps: Deps, env: &Env) -> Result<Response, ContractError> {
        let Self { terms: Terms { caller, trade }, batch, owed, .. } = self;
        let Settings { pool, collector, .. } = SETTINGS.load(deps.storage)?;
        let fee = coin(trade.to(), trade.fee);
        let taken = owed.amount.saturating_add(fee.amount);
        assert_held(deps, env, &Coin { denom: owed.denom.clone(), amount: taken })?;
        let mut left = rest(deps, env, &trade)?;
        for held in left.iter_mut().filter(|held| held.denom == owed.denom) {
            held.amount = held.amount.saturating_sub(taken);
        }
        left.retain(|coin| !coin.amount.is_zero());

        let repay = ToPool::RepayBatch(LoanId { id: batch }).with(pool.into_string(), vec![owed])?;
        let mut response = Response::new()
            .add_attribute(event::ACTION, "settle")
            .add_attributes(left.iter().map(|coin| (event::PROCEEDS, coin.to_string())))
            .add_message(repay);
        if let Some(collector) = collector.filter(|_| !fee.amount.is_zero()) {
            response = response.add_message(BankMsg::Send { to_address: collector.into_string(), amount: vec![fee] });
        }
        if !left.is_empty() {
            response = response.add_message(BankMsg::Send { to_address: caller, amount: left });
        }
        Ok(response)
    }
}

/// All that the contract holds of the denoms of a sale, sorted.
pub fn rest(deps: Deps, env: &Env, trade: &Trade) -> StdResult<Vec<Coin>> {
    let denoms = std::iter::once(&trade.from).chain(trade.hops.iter().map(|hop| &hop.ask_denom));
    let mut coins = denoms.map(|denom| balance(deps, env, denom)).collect::<StdResult<Vec<Coin>>>()?;
    coins.sort_by(|a, b| a.denom.cmp(&b.denom));
    Ok(coins)
}

/// Errors when the contract holds less: a pair paid less than it had said.
fn assert_held(deps: Deps, env: &Env, wanted: &Coin) -> Result<(), ContractError> {
    let Coin { denom, amount: got } = balance(deps, env, &wanted.denom)?;
    let wanted: Uint256 = wanted.amount;
    if got < wanted { Err(ContractError::Shortfall { denom, got, wanted }) } else { Ok(()) }
}

fn balance(deps: Deps, env: &Env, denom: &str) -> StdResult<Coin> {
    deps.querier.query_balance(&env.contract.address, denom)
}
