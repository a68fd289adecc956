//! One message, ready to be sent.

use cosmwasm_std::{Addr, Binary, Coin, CosmosMsg, WasmMsg, to_json_binary};
use cw_multi_test::{AppResponse, Executor};
use plimsoll_schema::{liquidator, oracle, pair, pool, timelock};
use plimsoll_testing::WorldError;

use crate::stage::Stage;

/// A message to a contract.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who sends it, among the people.
    pub sender: usize,
    /// To whom.
    pub contract: Addr,
    /// What is sent.
    pub msg: Binary,
    /// What is attached.
    pub funds: Vec<Coin>,
}

impl Call {
    /// To the pool.
    pub fn pool(stage: &Stage, sender: usize, msg: &pool::ExecuteMsg, funds: Vec<Coin>) -> Self {
        Self {
            sender,
            contract: stage.world.pool().clone(),
            msg: to_json_binary(msg).expect("it can be written"),
            funds,
        }
    }

    /// To the oracle in force.
    pub fn oracle(stage: &Stage, sender: usize, msg: &oracle::ExecuteMsg) -> Self {
        let contract = stage.oracles[stage.in_force()].clone();
        Self { sender, contract, msg: to_json_binary(msg).expect("it can be written"), funds: vec![] }
    }

    /// To a pair.
    pub fn pair(stage: &Stage, sender: usize, pair: usize, msg: &pair::ExecuteMsg, funds: Vec<Coin>) -> Self {
        Self {
            sender,
            contract: stage.pairs[pair].clone(),
            msg: to_json_binary(msg).expect("it can be written"),
            funds,
        }
    }

    /// To the liquidator.
    pub fn liquidator(stage: &Stage, sender: usize, msg: &liquidator::ExecuteMsg) -> Self {
        let msg = to_json_binary(msg).expect("it can be written");
        Self { sender, contract: stage.liquidator.clone(), msg, funds: vec![] }
    }

    /// To the timelock.
    pub fn timelock(stage: &Stage, sender: usize, msg: &timelock::ExecuteMsg) -> Self {
        let msg = to_json_binary(msg).expect("it can be written");
        Self { sender, contract: stage.timelock.clone(), msg, funds: vec![] }
    }

    /// As the chain carries it.
    pub fn message(self) -> CosmosMsg {
        WasmMsg::Execute { contract_addr: self.contract.into_string(), msg: self.msg, funds: self.funds }.into()
    }

    /// Sends it.
    pub fn send(self, stage: &mut Stage) -> Result<AppResponse, WorldError> {
        let sender = stage.people[self.sender].clone();
        Ok(stage.world.app_mut().execute(sender, self.message())?)
    }
}
