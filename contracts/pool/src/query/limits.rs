//! What a message would do, found by running it in memory.

use cosmwasm_std::{Coin, Deps, Env};
use plimsoll_schema::access::address;
use plimsoll_schema::pool::{MaxAmountResponse, SimulateLiquidationResponse, UserAccount};

use crate::error::ContractError;
use crate::holder::Holder;
use crate::liquidate::{self, TakeTerms};
use crate::markets::Markets;
use crate::{borrow, funds, withdraw};

pub fn simulate_liquidation(
    deps: Deps,
    env: &Env,
    account: &UserAccount,
    collateral_denom: &str,
    repay: &Coin,
    terms: TakeTerms,
) -> Result<SimulateLiquidationResponse, ContractError> {
    let coin = funds::counted(repay)?;
    let (mut markets, mut holder) = load(deps, env, &account.user, account.account_id)?;
    let trade = liquidate::load(deps, &mut markets, &holder, collateral_denom, &coin.denom)?;
    let done = liquidate::apply(deps, &mut markets, &mut holder, trade, &coin, terms)?;
    markets.load_priced(deps, &holder.account)?;
    Ok(SimulateLiquidationResponse {
        liquidation: done.sized,
        refund: coin.amount.saturating_sub(done.sized.repay),
        receive: done.sized.seize.saturating_sub(done.sized.fee),
        payable: done.paid,
        health_factor_after: markets.position(&holder.account)?.health()?.factor_down(),
        written_off: done.losses.is_some(),
    })
}

pub fn max_borrow(
    deps: Deps,
    env: &Env,
    user: &str,
    account_id: Option<u32>,
    denom: &str,
) -> Result<MaxAmountResponse, ContractError> {
    let (mut markets, holder) = load(deps, env, user, account_id)?;
    let id = markets.load_denom(deps, denom)?;
    Ok(MaxAmountResponse { amount: borrow::most(deps, &mut markets, &holder, id)? })
}

pub fn max_withdraw(
    deps: Deps,
    env: &Env,
    user: &str,
    account_id: Option<u32>,
    denom: &str,
) -> Result<MaxAmountResponse, ContractError> {
    let (mut markets, holder) = load(deps, env, user, account_id)?;
    let id = markets.load_denom(deps, denom)?;
    Ok(MaxAmountResponse { amount: withdraw::most(deps, &mut markets, &holder, id)? })
}

fn load(deps: Deps, env: &Env, user: &str, account_id: Option<u32>) -> Result<(Markets, Holder), ContractError> {
    let holder = Holder::load(deps, address(deps.api, user)?, account_id)?;
    Ok((Markets::open(deps, env)?, holder))
}
