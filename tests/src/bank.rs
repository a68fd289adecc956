//! Coins.

use cosmwasm_std::{Coin, Uint128, coin};
use cw_multi_test::{AppResponse, BankSudo, Executor, SudoMsg};

use crate::actor::Actor;
use crate::chain::Chain;
use crate::error::WorldError;

impl Chain {
    /// What an actor or a contract has of a denom, in base units.
    pub fn balance(&self, who: impl Into<Actor>, denom: &str) -> u128 {
        let balance = self.app().wrap().query_balance(self.addr(who), denom).expect("the bank answers");
        Uint128::try_from(balance.amount).expect("no test mints more than 128 bits").u128()
    }

    /// Makes coins out of nothing.
    pub fn mint(&mut self, to: impl Into<Actor>, denom: &str, amount: u128) {
        let to_address = self.addr(to).into_string();
        let mint = BankSudo::Mint { to_address, amount: vec![coin(amount, denom)] };
        self.app_mut().sudo(SudoMsg::Bank(mint)).expect("coins can be minted");
    }

    /// Sends coins, to a contract as well: a donation.
    pub fn send(
        &mut self,
        from: impl Into<Actor>,
        to: impl Into<Actor>,
        coins: &[Coin],
    ) -> Result<AppResponse, WorldError> {
        let from = self.addr(from);
        let to = self.addr(to);
        Ok(self.app_mut().send_tokens(from, to, coins)?)
    }
}
