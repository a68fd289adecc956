//! Entry points. They only route. No message takes funds.

use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_schema::funds;
use plimsoll_schema::timelock::{ExecuteMsg, InstantiateMsg, MigrateMsg, QueryMsg};

use crate::accept_ownership::accept_ownership;
use crate::apply::apply;
use crate::cancel::cancel;
use crate::error::ContractError;
use crate::queue::queue;
use crate::update_delay::update_delay;
use crate::update_roles::update_roles;
use crate::veto::veto;
use crate::{instantiate as setup, migrate as migration, query as answers};

/// Sets the timelock up.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn instantiate(deps: DepsMut, env: Env, info: MessageInfo, msg: InstantiateMsg) -> Result<Response, ContractError> {
    funds::none(&info)?;
    setup::instantiate(deps, &env, msg)
}

/// Does what a message asks for.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn execute(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    funds::none(&info)?;
    match msg {
        ExecuteMsg::Queue { msg } => queue(deps, &env, &info, msg),
        ExecuteMsg::Apply { id } => apply(deps, &env, &info, id),
        ExecuteMsg::Veto { id } => veto(deps, &info, id),
        ExecuteMsg::Cancel { id } => cancel(deps, &env, &info, id),
        ExecuteMsg::UpdateDelay { delay } => update_delay(deps, &env, &info, delay),
        ExecuteMsg::UpdateRoles { admin, guardian } => update_roles(deps, &env, &info, &admin, guardian.as_deref()),
        ExecuteMsg::AcceptOwnership { contract } => accept_ownership(deps, &contract),
    }
}

/// Answers.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn query(deps: Deps, _env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    match msg {
        QueryMsg::Config {} => answers::config(deps),
        QueryMsg::Entries { start_after, limit } => answers::entries(deps, start_after, limit),
        QueryMsg::Entry { id } => answers::one(deps, id),
    }
}

/// Takes over from an older version of this contract. What waits goes on waiting.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn migrate(deps: DepsMut, _env: Env, _msg: MigrateMsg) -> Result<Response, ContractError> {
    migration::migrate(deps)
}
