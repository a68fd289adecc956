//! Where messages go.

use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_schema::pair::{ExecuteMsg, InstantiateMsg, MigrateMsg, QueryMsg};

use crate::error::ContractError;
use crate::provide_liquidity::{Provision, provide_liquidity};
use crate::swap::{Order, swap};
use crate::withdraw_liquidity::{Withdrawal, withdraw_liquidity};
use crate::{instantiate as setup, migrate as migration, query as answers};

/// Sets the pair up, without liquidity.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn instantiate(
    deps: DepsMut,
    _env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    setup::instantiate(deps, &info, msg)
}

/// Does what is asked. A failed message leaves storage and balances as they were.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn execute(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    match msg {
        ExecuteMsg::ProvideLiquidity { assets, slippage_tolerance, auto_stake, receiver, min_lp_to_receive } => {
            let auto_stake = auto_stake.unwrap_or_default();
            let provision = Provision { assets, slippage_tolerance, auto_stake, receiver, min_lp_to_receive };
            provide_liquidity(deps, &env, &info, provision)
        }
        ExecuteMsg::WithdrawLiquidity { amount, assets, min_assets_to_receive } => {
            withdraw_liquidity(deps, &env, &info, Withdrawal { amount, assets, min_assets_to_receive })
        }
        ExecuteMsg::Swap { offer_asset, ask_asset_info, belief_price, max_spread, to } => {
            swap(deps, &env, &info, Order { offer_asset, ask_asset_info, belief_price, max_spread, to })
        }
    }
}

/// Answers with the code that execution runs, at this block.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn query(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    answers::query(deps, &env, msg)
}

/// Takes over from an older version of this contract. Errors for another contract's state and for a downgrade.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn migrate(deps: DepsMut, _env: Env, _msg: MigrateMsg) -> Result<Response, ContractError> {
    migration::migrate(deps)
}
