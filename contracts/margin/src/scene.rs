//! On whose account a message acts, where, and what is asked of others for it.

use cosmwasm_std::{Coin, Deps, Env, StdResult};
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::pool::{AmountOrMax, BatchAction, Borrow, FromPurse, QueryMsg, Withdraw};
use serde::de::DeserializeOwned;

use crate::coins::coin;
use crate::state::Settings;

/// A message's surroundings. The account is always the sender's own: no message names another owner.
pub struct Scene<'a> {
    pub deps: Deps<'a>,
    pub env: &'a Env,
    pub pool: String,
    pub fee: Ratio,
    pub user: String,
    pub account_id: Option<u32>,
}

impl<'a> Scene<'a> {
    pub fn of(deps: Deps<'a>, env: &'a Env, settings: &Settings, user: String, account_id: Option<u32>) -> Self {
        Self { deps, env, pool: settings.pool.to_string(), fee: settings.fee, user, account_id }
    }

    /// Asks the pool.
    pub fn ask_pool<T: DeserializeOwned>(&self, query: &QueryMsg) -> StdResult<T> {
        self.deps.querier.query_wasm_smart(&self.pool, query)
    }

    pub fn deposit(&self, denom: &str, amount: Amount) -> BatchAction {
        BatchAction::Deposit(self.purse(coin(denom, amount)))
    }

    pub fn repay(&self, denom: &str, amount: Amount) -> BatchAction {
        BatchAction::Repay(self.purse(coin(denom, amount)))
    }

    /// Into this contract's hands.
    pub fn borrow(&self, denom: &str, amount: Amount) -> BatchAction {
        BatchAction::Borrow(Borrow {
            denom: denom.to_owned(),
            amount: amount.into(),
            recipient: self.recipient(),
            account_id: self.account_id,
            on_behalf_of: self.owner(),
        })
    }

    /// Into this contract's hands.
    pub fn withdraw(&self, denom: &str, amount: Amount) -> BatchAction {
        BatchAction::Withdraw(Withdraw {
            denom: denom.to_owned(),
            amount: Some(AmountOrMax::Amount(amount)),
            recipient: self.recipient(),
            account_id: self.account_id,
            on_behalf_of: self.owner(),
        })
    }

    fn purse(&self, coin: Coin) -> FromPurse {
        FromPurse { coin, account_id: self.account_id, on_behalf_of: self.owner() }
    }

    fn owner(&self) -> Option<String> {
        Some(self.user.clone())
    }

    fn recipient(&self) -> Option<String> {
        Some(self.env.contract.address.to_string())
    }
}
