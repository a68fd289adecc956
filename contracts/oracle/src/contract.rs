//! Where messages go. No message takes funds.

use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_schema::funds;
use plimsoll_schema::oracle::{ExecuteMsg, FallbackSource, InstantiateMsg, MigrateMsg, QueryMsg};

use crate::apply_source::apply_source;
use crate::cancel_source::cancel_source;
use crate::check::{apply_check, remove_check, set_check};
use crate::error::ContractError;
use crate::fallback::{apply_fallback, remove_fallback, set_fallback};
use crate::feed::feed;
use crate::publish::publish;
use crate::set_source::set_source;
use crate::update_guardian::update_guardian;
use crate::update_owner::update_owner;
use crate::{instantiate as setup, migrate as migration, query as answers};

/// Sets the oracle up.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn instantiate(deps: DepsMut, env: Env, info: MessageInfo, msg: InstantiateMsg) -> Result<Response, ContractError> {
    funds::none(&info)?;
    setup::instantiate(deps, &env, msg)
}

/// Does what is asked.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn execute(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    funds::none(&info)?;
    match msg {
        ExecuteMsg::SetSource { denom, source, guards } => set_source(deps, &env, &info, &denom, source, guards),
        ExecuteMsg::ApplySource { denom } => apply_source(deps, &env, &info, &denom),
        ExecuteMsg::CancelSource { denom } => cancel_source(deps, &env, &info, &denom),
        ExecuteMsg::SetFallback { denom, source, guards, after } => {
            set_fallback(deps, &env, &info, &denom, FallbackSource { source, guards, after })
        }
        ExecuteMsg::ApplyFallback { denom } => apply_fallback(deps, &env, &info, &denom),
        ExecuteMsg::RemoveFallback { denom } => remove_fallback(deps, &env, &info, &denom),
        ExecuteMsg::SetCheck { denom, check } => set_check(deps, &env, &info, &denom, check),
        ExecuteMsg::ApplyCheck { denom } => apply_check(deps, &env, &info, &denom),
        ExecuteMsg::RemoveCheck { denom } => remove_check(deps, &env, &info, &denom),
        ExecuteMsg::Feed { prices } => feed(deps, &env, &info, &prices),
        ExecuteMsg::Publish { denoms } => publish(deps, &env, &denoms),
        ExecuteMsg::UpdateGuardian { guardian } => update_guardian(deps, &env, &info, guardian),
        ExecuteMsg::UpdateOwner(step) => update_owner(deps, &env, &info, step),
    }
}

/// Answers.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn query(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    match msg {
        QueryMsg::Config {} => answers::config(deps),
        QueryMsg::PricesByDenoms { denoms } => answers::prices_by_denoms(deps, &env, denoms),
        QueryMsg::PriceRecords { denoms } => answers::price_records(deps, &env, &denoms),
        QueryMsg::Source { denom } => answers::source(deps, denom),
        QueryMsg::Sources { start_after, limit } => answers::sources(deps, start_after.as_deref(), limit),
        QueryMsg::Heartbeat {} => answers::heartbeat(deps),
    }
}

/// Takes over from an older version of this contract.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn migrate(deps: DepsMut, env: Env, msg: MigrateMsg) -> Result<Response, ContractError> {
    migration::migrate(deps, &env, &msg)
}
