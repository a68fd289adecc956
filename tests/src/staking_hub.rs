//! A contract in the place of a liquid staking hub: what is bonded over what is issued is the redemption rate of its
//! token. It stands in for the hubs of Eris, Stride and others, and speaks the messages of none in full.

use cosmwasm_std::{
    Addr, Binary, Decimal, Deps, DepsMut, Empty, Env, MessageInfo, Response, StdResult, Uint128, from_json, to_json_vec,
};
use cw_multi_test::{Contract, ContractWrapper};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::actor::OWNER;
use crate::chain::Chain;

const HUB: &[u8] = b"hub";

/// The books of a hub. Anyone may write them.
#[derive(Serialize, Deserialize, Clone, Debug)]
struct Books {
    bonded: Uint128,
    issued: Uint128,
    /// When they were last written, in seconds.
    updated: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Query {
    /// The rate among other things.
    State {},
    /// The rate alone.
    ExchangeRate {},
}

/// A hub's code.
pub fn hub_code() -> Box<dyn Contract<Empty>> {
    let instantiate = |deps: DepsMut, env: Env, _: MessageInfo, amounts: [Uint128; 2]| write(deps, &env, amounts);
    let execute = |deps: DepsMut, env: Env, _: MessageInfo, amounts: [Uint128; 2]| write(deps, &env, amounts);
    Box::new(ContractWrapper::new(execute, instantiate, query))
}

fn write(deps: DepsMut, env: &Env, [bonded, issued]: [Uint128; 2]) -> StdResult<Response> {
    let books = Books { bonded, issued, updated: env.block.time.seconds() };
    deps.storage.set(HUB, &to_json_vec(&books)?);
    Ok(Response::new())
}

fn query(deps: Deps, _: Env, msg: Query) -> StdResult<Binary> {
    let Books { bonded, issued, updated } = from_json(deps.storage.get(HUB).unwrap_or_default())?;
    let rate = Decimal::checked_from_ratio(bonded, issued).map_err(cosmwasm_std::StdError::msg)?;
    let answer = match msg {
        Query::State {} => json!({ "total": { "bonded": bonded, "rate": rate }, "updated": updated, "paused": false }),
        Query::ExchangeRate {} => json!(rate),
    };
    Ok(Binary::from(answer.to_string().as_bytes()))
}

impl Chain {
    /// A hub with so much bonded and issued.
    pub fn staking_hub(&mut self, bonded: u128, issued: u128) -> Addr {
        let amounts = [bonded, issued].map(Uint128::new);
        self.deploy(hub_code(), OWNER, &amounts, &[], "staking hub").expect("it takes any amounts")
    }

    /// Writes a hub's books anew.
    pub fn set_bonded(&mut self, hub: &Addr, bonded: u128, issued: u128) {
        let amounts = [bonded, issued].map(Uint128::new);
        self.execute_contract(OWNER, hub, &amounts, &[]).expect("it takes any amounts");
    }
}
