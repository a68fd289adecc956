//! Entry points. They only route.

use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Reply, Response};
use plimsoll_schema::funds;
use plimsoll_schema::margin::{ExecuteMsg, InstantiateMsg, MigrateMsg, Order, QueryMsg};

use crate::error::ContractError;
use crate::{
    batch_callback, instantiate as setup, migrate as migration, query as answers, quote, reply as replies, send,
};

/// Sets the contract up.
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
    let order = match msg {
        ExecuteMsg::Open(order) => Order::Open(order),
        ExecuteMsg::Adjust(order) => Order::Adjust(order),
        ExecuteMsg::Close(order) => Order::Close(order),
        ExecuteMsg::SwapCollateral(order) => Order::SwapCollateral(order),
        ExecuteMsg::SwapDebt(order) => Order::SwapDebt(order),
        ExecuteMsg::BatchCallback { id, repay, msg, .. } => {
            funds::none(&info)?;
            return batch_callback::batch_callback(deps.as_ref(), &env, &info, id, repay, &msg);
        }
    };
    send::send(deps.as_ref(), &env, info, order)
}

/// Goes on with a sale when a hop has paid.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn reply(deps: DepsMut, env: Env, reply: Reply) -> Result<Response, ContractError> {
    replies::reply(deps.as_ref(), &env, &reply)
}

/// Answers.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn query(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    match msg {
        QueryMsg::Config {} => answers::config(deps),
        QueryMsg::Quote { user, order, funds } => quote::quote(deps, &env, &user, *order, funds),
    }
}

/// Takes over from an older version of this contract.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn migrate(deps: DepsMut, _env: Env, _msg: MigrateMsg) -> Result<Response, ContractError> {
    migration::migrate(deps)
}
