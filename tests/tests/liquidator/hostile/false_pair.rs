//! A contract that poses as a pair.

use cosmwasm_std::{
    Addr, BankMsg, Binary, Coin, CosmosMsg, Deps, DepsMut, Empty, Env, MessageInfo, Reply, Response, StdResult, SubMsg,
    SubMsgResult, from_json, to_json_vec,
};
use cw_multi_test::{Contract, ContractWrapper};
use plimsoll_schema::pair;
use plimsoll_testing::{OWNER, World};
use serde::{Deserialize, Serialize};

use super::setup::DENOMS;

/// What a false pair does when somebody sells to it: it tries to send these, and then pays these.
#[derive(Serialize, Deserialize)]
struct Plan {
    sends: Vec<CosmosMsg>,
    pays: Vec<Coin>,
}

fn set_plan(deps: DepsMut, _: Env, _: MessageInfo, plan: Plan) -> StdResult<Response> {
    deps.storage.set(b"plan", &to_json_vec(&plan)?);
    Ok(Response::new())
}

fn swap(deps: DepsMut, _: Env, info: MessageInfo, _: pair::ExecuteMsg) -> StdResult<Response> {
    let plan: Plan = from_json(deps.storage.get(b"plan").unwrap())?;
    let pays = BankMsg::Send { to_address: info.sender.into_string(), amount: plan.pays };
    let tries = plan.sends.into_iter().map(|msg| SubMsg::reply_always(msg, 0));
    Ok(Response::new().add_submessages(tries).add_message(pays))
}

fn tell(_: DepsMut, _: Env, reply: Reply) -> StdResult<Response> {
    let said = match reply.result {
        SubMsgResult::Ok(_) => "done".to_owned(),
        SubMsgResult::Err(error) => error,
    };
    Ok(Response::new().add_attribute("tried", said))
}

fn no_query(_: Deps, _: Env, _: Empty) -> StdResult<Binary> {
    Ok(Binary::default())
}

fn false_pair_code() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(swap, set_plan, no_query).with_reply(tell))
}

/// A contract that poses as a pair, with a million of everything.
pub fn false_pair(world: &mut World, sends: Vec<CosmosMsg>, pays: Vec<Coin>) -> Addr {
    let pair = world.deploy(false_pair_code(), OWNER, &Plan { sends, pays }, &[], "pair").unwrap();
    for denom in DENOMS {
        world.mint(&pair, denom, 1_000_000_000_000);
    }
    pair
}
