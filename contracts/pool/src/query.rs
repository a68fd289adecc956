//! Queries. Each runs the code that execution runs, at this block.

mod accounts;
mod limits;
mod market;
mod operators;
mod position;

use cosmwasm_std::{Binary, Deps, Env, to_json_binary};
use plimsoll_schema::pool::{AccountsPage, ConfigResponse, Listed, QueryMsg, UserAccount, UserAsset};

use crate::error::ContractError;
use crate::liquidate::TakeTerms;
use crate::state::{CONFIG, PROPOSED_ORACLE, ROLES, Roles};

pub fn query(deps: Deps, env: &Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    use QueryMsg as Q;
    let answer = match msg {
        Q::Config {} => to_json_binary(&config(deps)?),
        Q::Market(Listed { denom }) => to_json_binary(&market::market(deps, env, &denom)?),
        Q::Markets { start_after, limit } => to_json_binary(&market::markets(deps, env, start_after, limit)?),
        Q::Rates(Listed { denom }) => to_json_binary(&market::rates(deps, env, &denom)?),
        Q::Solvency(Listed { denom }) => to_json_binary(&market::solvency(deps, env, &denom)?),
        Q::ReservesRequest(Listed { denom }) => to_json_binary(&market::reserves_request(deps, env, &denom)?),
        Q::UserPosition(UserAccount { user, account_id }) => {
            to_json_binary(&position::user_position(deps, env, &user, account_id)?)
        }
        Q::UserDebts(UserAccount { user, account_id }) => {
            to_json_binary(&position::user_debts(deps, env, &user, account_id)?)
        }
        Q::UserCollaterals(UserAccount { user, account_id }) => {
            to_json_binary(&position::user_collaterals(deps, env, &user, account_id)?)
        }
        Q::Operators { user, account_id, start_after, limit } => {
            let account = UserAccount { user, account_id };
            to_json_binary(&operators::operators(deps, env, &account, start_after, limit)?)
        }
        Q::Borrowers(AccountsPage { start_after, limit }) => {
            to_json_binary(&accounts::borrowers(deps, start_after, limit)?)
        }
        Q::Accounts { keys } => to_json_binary(&accounts::accounts(deps, keys)?),
        Q::Liquidatable(AccountsPage { start_after, limit }) => {
            to_json_binary(&accounts::liquidatable(deps, env, start_after, limit)?)
        }
        Q::SimulateLiquidation { user, account_id, collateral_denom, repay, allow_shares } => {
            let terms = TakeTerms::paid(None, allow_shares);
            to_json_binary(&limits::simulate_liquidation(
                deps,
                env,
                &UserAccount { user, account_id },
                &collateral_denom,
                &repay,
                terms,
            )?)
        }
        Q::Simulate { user, account_id, actions } => {
            to_json_binary(&position::simulate(deps, env, &user, account_id, actions)?)
        }
        Q::MaxBorrow(UserAsset { user, account_id, denom }) => {
            to_json_binary(&limits::max_borrow(deps, env, &user, account_id, &denom)?)
        }
        Q::MaxWithdraw(UserAsset { user, account_id, denom }) => {
            to_json_binary(&limits::max_withdraw(deps, env, &user, account_id, &denom)?)
        }
    };
    Ok(answer?)
}

fn config(deps: Deps) -> Result<ConfigResponse, ContractError> {
    let Roles { ownership, risk_manager, guardian } = ROLES.load(deps.storage)?;
    let config = CONFIG.load(deps.storage)?;
    let proposed_oracle = PROPOSED_ORACLE.load(deps.storage)?;
    Ok(ConfigResponse { config, ownership, risk_manager, guardian, proposed_oracle })
}

/// How many a page has. Errors at 0 and above the cap.
fn page(limit: Option<u32>, default: u32, max: u32) -> Result<usize, ContractError> {
    let limit = limit.unwrap_or(default);
    if limit == 0 || limit > max {
        return Err(ContractError::Limit { limit: u64::from(limit), max });
    }
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}
