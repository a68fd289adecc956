//! Entry points. They only route.

use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Reply, Response, to_json_binary};
use plimsoll_schema::event::ACTION;
use plimsoll_schema::liquidator::{ConfigResponse, ExecuteMsg, InstantiateMsg, MigrateMsg, QueryMsg};

use crate::error::ContractError;
use crate::state::{FORMER_WORK, POOL};
use crate::{batch_callback, liquidate, reply as replies};

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
    Ok(Response::new().add_attribute(ACTION, "instantiate"))
}

/// Does what a message asks for.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn execute(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    liquidate::no_funds(&info)?;
    let deps = deps.as_ref();
    match msg {
        ExecuteMsg::Liquidate { items, routes, min_success } => {
            liquidate::liquidate(deps, &info, liquidate::Order { items, routes, min_success })
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
    let QueryMsg::Config {} = msg;
    Ok(to_json_binary(&ConfigResponse { pool: POOL.load(deps.storage)?.into_string() })?)
}

/// Takes over from an older version of this contract.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn migrate(deps: DepsMut, _env: Env, _msg: MigrateMsg) -> Result<Response, ContractError> {
    let from = plimsoll_schema::version::ensure_from_older_version(deps.storage, CONTRACT, VERSION)?;
    // Work of that version that is open now fails with its whole transaction: this version doesn't know its steps.
    deps.storage.remove(FORMER_WORK);
    Ok(Response::new().add_attribute(ACTION, "migrate").add_attribute("from", from))
}
