//! Entry points. They only route.

use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Reply, Response, to_json_binary};
use plimsoll_schema::event::ACTION;
use plimsoll_schema::liquidator::{ConfigResponse, ExecuteMsg, InstantiateMsg, MigrateMsg, QueryMsg};

use crate::error::ContractError;
use crate::state::{POOL, WORK};
use crate::{group, liquidate, reply as replies, step};

/// The name under which cw2 knows this contract.
pub const CONTRACT: &str = "crates.io:plimsoll-liquidator";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Sets the liquidator up.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn instantiate(
    deps: DepsMut,
    _env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    liquidate::no_funds(&info)?;
    let address = msg.pool;
    let pool = deps.api.addr_validate(&address).map_err(|_| ContractError::BadAddress { address })?;
    cw2::set_contract_version(deps.storage, CONTRACT, VERSION)?;
    POOL.save(deps.storage, &pool)?;
    WORK.save(deps.storage, &None)?;
    Ok(Response::new().add_attribute(ACTION, "instantiate"))
}

/// Does what a message asks for.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn execute(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    liquidate::no_funds(&info)?;
    match msg {
        ExecuteMsg::Liquidate { items, routes, min_success, item_gas } => {
            liquidate::liquidate(deps, env, info, liquidate::Order { items, routes, min_success, item_gas })
        }
        ExecuteMsg::FlashLoanCallback { id, coin, fee, msg } => {
            group::flash_loan_callback(deps, env, info, id, coin, fee, &msg)
        }
        ExecuteMsg::Step(step) => step::step(deps, env, info, step),
    }
}

/// Hears what became of an item or a group.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn reply(deps: DepsMut, _env: Env, reply: Reply) -> Result<Response, ContractError> {
    replies::reply(deps, reply)
}

/// Answers.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn query(deps: Deps, _env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    let QueryMsg::Config {} = msg;
    Ok(to_json_binary(&ConfigResponse { pool: POOL.load(deps.storage)?.into_string() })?)
}

/// Takes over from an older version of this contract.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn migrate(deps: DepsMut, _env: Env, _msg: MigrateMsg) -> Result<Response, ContractError> {
    let from = plimsoll_schema::version::ensure_from_older_version(deps.storage, CONTRACT, VERSION)?;
    if WORK.load(deps.storage)?.is_some() {
        return Err(ContractError::Busy);
    }
    Ok(Response::new().add_attribute(ACTION, "migrate").add_attribute("from", from))
}
