//! The sale of what a group seized: hop after hop, then the settlement.

use cosmwasm_std::{BankMsg, Coin, Deps, Env, Response, StdResult, SubMsg, Uint256, WasmMsg, to_json_binary};
use plimsoll_schema::{event, pool};

use crate::error::ContractError;
use crate::payload::{Payload, Sale, Terms};
use crate::state::POOL;

impl Sale {
    /// Sells a coin over the next hop, whose reply goes on. Settles where there is nothing to sell: it says what is
    /// missing.
    pub fn sell(mut self, deps: Deps, env: &Env, coin: Coin) -> Result<Response, ContractError> {
        let swap = self.terms.route.hops.get(self.sold).map(|hop| hop.swap(coin)).transpose()?.flatten();
        let Some(swap) = swap else { return self.settle(deps, env) };
        self.sold = self.sold.saturating_add(1);
        let payload = Payload::Sale(self).encode()?;
        Ok(Response::new().add_submessage(SubMsg::reply_on_success(swap, 0).with_payload(payload)))
    }

    /// A hop has paid: all there is of its denom is sold over the next one, or the sale is over.
    pub fn go_on(self, deps: Deps, env: &Env) -> Result<Response, ContractError> {
        let hops = &self.terms.route.hops;
        match hops.iter().take(self.sold).next_back() {
            Some(paid) if self.sold < hops.len() => {
                let coin = balance(deps, env, &paid.ask_denom)?;
                self.sell(deps, env, coin)
            }
            _ => self.settle(deps, env),
        }
    }

    /// Brings what was repaid to the pool, and pays the rest out: of the debt's denom, of the collateral's, and of
    /// every denom on the way.
    fn settle(self, deps: Deps, env: &Env) -> Result<Response, ContractError> {
        let Self { terms: Terms { caller, group, route }, batch, owed, .. } = self;
        let held = balance(deps, env, &owed.denom)?;
        let wanted = owed.amount.saturating_add(Uint256::from(route.min_profit.raw()));
        if held.amount < wanted {
            return Err(ContractError::Shortfall { group, denom: owed.denom, got: held.amount, wanted });
        }
        let mut left = vec![Coin { denom: held.denom, amount: held.amount.saturating_sub(owed.amount) }];
        left.push(balance(deps, env, &route.collateral_denom)?);
        for hop in route.hops.iter().filter(|hop| hop.ask_denom != owed.denom) {
            left.push(balance(deps, env, &hop.ask_denom)?);
        }
        left.retain(|coin| !coin.amount.is_zero());
        left.sort_by(|a, b| a.denom.cmp(&b.denom));

        let repay = to_json_binary(&pool::ExecuteMsg::RepayBatch(pool::LoanId { id: batch }))?;
        let contract_addr = POOL.load(deps.storage)?.into_string();
        let mut response = Response::new()
            .add_attribute(event::ACTION, "settle")
            .add_attribute(event::GROUP, group.to_string())
            .add_attributes(left.iter().map(|coin| (event::PROCEEDS, coin.to_string())))
            .add_message(WasmMsg::Execute { contract_addr, msg: repay, funds: vec![owed] });
        if !left.is_empty() {
            response = response.add_message(BankMsg::Send { to_address: caller, amount: left });
        }
        Ok(response)
    }
}

fn balance(deps: Deps, env: &Env, denom: &str) -> StdResult<Coin> {
    deps.querier.query_balance(&env.contract.address, denom)
}
