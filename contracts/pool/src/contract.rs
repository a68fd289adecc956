//! Entry points. They only route.

use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::params::Switches;
use plimsoll_schema::pool::{
    ExecuteMsg, InstantiateMsg, LiquidateItem, Listed, LoanId, MigrateMsg, OnBehalf, QueryMsg, UserAccount, UserAsset,
};

use crate::error::ContractError;
use crate::{
    batch, borrow, deposit, finish_batch, flash_loan, funds, init_asset, instantiate, liquidate, liquidate_batch,
    migrate, pause, query, repay, repay_batch, reserves, set_off, set_operator, transfer_shares, update_asset,
    update_asset_collateral_status, update_config, withdraw, write_off,
};

/// Sets the pool up. It has no markets yet.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn instantiate(deps: DepsMut, env: Env, info: MessageInfo, msg: InstantiateMsg) -> Result<Response, ContractError> {
    funds::none(&info)?;
    instantiate::instantiate(deps, &env, msg)
}

/// Does what a message asks for. A failed message leaves storage and balances as they were.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn execute(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    use ExecuteMsg as M;
    match msg {
        M::Deposit(OnBehalf { account_id, on_behalf_of }) => {
            deposit::deposit(deps, &env, &info, account_id, on_behalf_of)
        }
        M::Withdraw(order) => withdraw::withdraw(deps, &env, &info, order),
        M::Borrow(order) => borrow::borrow(deps, &env, &info, order),
        M::Repay(OnBehalf { account_id, on_behalf_of }) => repay::repay(deps, &env, &info, account_id, on_behalf_of),
        M::UpdateAssetCollateralStatus(order) => {
            update_asset_collateral_status::update_asset_collateral_status(deps, &env, &info, order)
        }
        M::TransferShares(order) => transfer_shares::transfer_shares(deps, &env, &info, order),
        M::SetOperator(order) => set_operator::set_operator(deps, &env, &info, order),
        M::RevokeAll {} => set_operator::revoke_all(deps, &info),
        M::Liquidate { user, account_id, collateral_denom, recipient, receive, allow_shares, min_receive } => {
            let (debt_denom, max_repay) = Default::default();
            let item = LiquidateItem { user, account_id, collateral_denom, debt_denom, max_repay, min_receive };
            let terms = liquidate::TakeTerms::paid(receive, allow_shares);
            liquidate::liquidate(deps, &env, &info, liquidate::Order { item, recipient, terms })
        }
        M::LiquidateBatch(order) => liquidate_batch::liquidate_batch(deps, &env, &info, order),
        M::RepayBatch(LoanId { id }) => repay_batch::repay_batch(deps, &env, &info, id),
        M::FinishBatch(LoanId { id }) => finish_batch::finish_batch(deps, &env, &info, id),
        M::SetOff(UserAsset { user, account_id, denom }) => {
            set_off::set_off(deps, &env, &info, &user, account_id, &denom)
        }
        M::WriteOff(UserAccount { user, account_id }) => write_off::write_off(deps, &env, &info, &user, account_id),
        M::InitAsset { params } => init_asset::init_asset(deps, &env, &info, params),
        M::UpdateAsset { denom, changes } => update_asset::update_asset(deps, &env, &info, &denom, changes),
        M::Batch { actions, callback } => batch::batch(deps, &env, &info, actions, callback),
        M::FlashLoan { coin, msg } => flash_loan::flash_loan(deps, &env, &info, coin, msg),
        M::RepayFlashLoan(LoanId { id }) => flash_loan::repay_flash_loan(deps, &env, &info, id),
        M::AssertFlashLoanRepaid(LoanId { id }) => flash_loan::assert_repaid(deps.as_ref(), &info, id),
        M::Cover { beneficiary } => reserves::cover(deps, &env, &info, beneficiary.unwrap_or_default()),
        M::Pause { denom, deposit, borrow, flash_loan } => {
            pause::pause(deps, &info, denom, Switches { deposit, borrow, flash_loan })
        }
        M::Unpause { denom, deposit, borrow, flash_loan } => {
            pause::unpause(deps, &info, &denom, Switches { deposit, borrow, flash_loan })
        }
        M::UpdateConfig { config } => update_config::update_config(deps, &env, &info, config),
        M::UpdateOracle { oracle } => update_config::update_oracle(deps, &env, &info, &oracle),
        M::UpdateRoles { risk_manager, guardian } => update_config::update_roles(deps, &info, risk_manager, guardian),
        M::UpdateOwner(step) => update_config::update_owner(deps, &info, step),
        M::RequestReserves { denom, amount, recipient } => {
            reserves::request_reserves(deps, &env, &info, &denom, amount, &recipient)
        }
        M::CancelReserves(Listed { denom }) => reserves::cancel_reserves(deps, &info, &denom),
        M::WithdrawReserves(Listed { denom }) => reserves::withdraw_reserves(deps, &env, &info, &denom),
    }
}

/// Answers with the code that execution runs, at this block.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn query(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    query::query(deps, &env, msg)
}

/// Takes over from an older version of this contract, and rewrites its records. Errors for another contract's state,
/// for a downgrade, and while a flash loan or a batch is open.
#[cfg_attr(feature = "export", cosmwasm_std::entry_point)]
pub fn migrate(deps: DepsMut, _env: Env, _msg: MigrateMsg) -> Result<Response, ContractError> {
    migrate::migrate(deps)
}
