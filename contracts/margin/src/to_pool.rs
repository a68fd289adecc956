//! What is sent to the pool.

use cosmwasm_std::{Binary, Coin, StdResult, WasmMsg, to_json_binary};
use plimsoll_schema::pool::{BatchAction, LoanId};
use serde::Serialize;

/// Two messages of [`plimsoll_schema::pool::ExecuteMsg`]: to write all of them would be a fifth of the code.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ToPool {
    Batch { actions: Vec<BatchAction>, callback: Option<Binary> },
    RepayBatch(LoanId),
}

impl ToPool {
    /// The message with these coins.
    pub fn with(&self, pool: String, funds: Vec<Coin>) -> StdResult<WasmMsg> {
        Ok(WasmMsg::Execute { contract_addr: pool, msg: to_json_binary(self)?, funds })
    }
}
