//! A contract in a pair's place that answers whatever a test tells it to.

use cosmwasm_std::{Addr, Binary, Deps, DepsMut, Empty, Env, MessageInfo, Response, StdError, StdResult};
use cw_multi_test::{Contract, ContractWrapper};
use serde_json::Value;

use crate::actor::OWNER;
use crate::chain::Chain;

const ANSWER: &[u8] = b"answer";

fn code() -> Box<dyn Contract<Empty>> {
    let instantiate = |deps: DepsMut, _: Env, _: MessageInfo, answer: Value| tell(deps, &answer);
    let execute = |deps: DepsMut, _: Env, _: MessageInfo, answer: Value| tell(deps, &answer);
    Box::new(ContractWrapper::new(execute, instantiate, query))
}

fn tell(deps: DepsMut, answer: &Value) -> StdResult<Response> {
    deps.storage.set(ANSWER, answer.to_string().as_bytes());
    Ok(Response::new())
}

fn query(deps: Deps, _: Env, _: Value) -> StdResult<Binary> {
    match deps.storage.get(ANSWER) {
        Some(answer) if answer != b"null" => Ok(Binary::from(answer)),
        _ => Err(StdError::msg("as it was told to")),
    }
}

impl Chain {
    /// A contract that gives this answer to every query; `null` is an error.
    pub fn scripted_pair(&mut self, answer: &Value) -> Addr {
        self.deploy(code(), OWNER, answer, &[], "scripted pair").expect("it takes any answer")
    }

    /// Gives it another answer.
    pub fn script(&mut self, pair: &Addr, answer: &Value) {
        self.execute_contract(OWNER, pair, answer, &[]).expect("it takes any answer");
    }
}
