//! Entry points. They only route.

use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Reply, Response};
use plimsoll_schema::funds;
use plimsoll_schema::liquidator::{ExecuteMsg, InstantiateMsg, MigrateMsg, QueryMsg};

use crate::error::ContractError;
use crate::{
    batch_callback, group, instantiate as setup, liquidate, migrate as migration, query as answers, reply as replies,
};

/// Sets the liquidator up.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn instantiate(
    deps: DepsMut,
    _env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    funds::none(&info)?;
    setup::instantiate(deps, msg)
}

/// Does what a message asks for.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn execute(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    funds::none(&info)?;
    let deps = deps.as_ref();
    match msg {
        ExecuteMsg::Liquidate { items, routes, min_success } => {
            liquidate::liquidate(deps, &info, group::Order { items, routes, min_success })
        }
        ExecuteMsg::BatchCallback { id, repay, received, msg } => {
            let batch = batch_callback::Batch { id, repay, received, msg };
            batch_callback::batch_callback(deps, &env, &info, batch)
        }
    }
}

/// Takes in what became of a group, and sends the next.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn reply(deps: DepsMut, env: Env, reply: Reply) -> Result<Response, ContractError> {
    replies::reply(deps.as_ref(), &env, reply)
}

/// Answers.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn query(deps: Deps, _env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    match msg {
        QueryMsg::Config {} => answers::config(deps),
    }
}

/// Takes over from an older version of this contract.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn migrate(deps: DepsMut, _env: Env, _msg: MigrateMsg) -> Result<Response, ContractError> {
    migration::migrate(deps)
}
