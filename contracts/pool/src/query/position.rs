//! One account in amounts, values and health.

use cosmwasm_std::{Deps, Env};
use plimsoll_risk::health::Position;
use plimsoll_schema::access::address;
use plimsoll_schema::pool::{
    BatchAction, UserCollateral, UserCollateralsResponse, UserDebt, UserDebtsResponse, UserPositionResponse,
};

use crate::batch;
use crate::error::ContractError;
use crate::holder::Holder;
use crate::markets::Markets;

pub fn user_position(
    deps: Deps,
    env: &Env,
    user: &str,
    account_id: Option<u32>,
) -> Result<UserPositionResponse, ContractError> {
    let (markets, holder, position) = load(deps, env, user, account_id)?;
    response(&markets, &holder, &position)
}

/// The account after a batch, which is done in memory.
pub fn simulate(
    deps: Deps,
    env: &Env,
    user: &str,
    account_id: Option<u32>,
    actions: Vec<BatchAction>,
) -> Result<UserPositionResponse, ContractError> {
    let sender = address(deps.api, user)?;
    let (mut markets, holder) = batch::preview(deps, env, sender, account_id, actions)?;
    markets.load_priced(deps, &holder.account)?;
    let position = markets.position(&holder.account)?;
    response(&markets, &holder, &position)
}

fn response(markets: &Markets, holder: &Holder, position: &Position) -> Result<UserPositionResponse, ContractError> {
    let health = position.health()?;
    Ok(UserPositionResponse {
        collaterals: collaterals(markets, holder, position)?,
        debts: debts(markets, position)?,
        collateral_value: health.collateral,
        adjusted_collateral_value: health.adjusted_collateral,
        debt_value: health.debt,
        weighted_debt_value: health.weighted_debt,
        borrow_limit_value: position.borrowing_power().ok().map(|power| power.limit),
        health_factor: health.factor_down(),
        liquidatable: health.is_liquidatable(),
    })
}

pub fn user_debts(
    deps: Deps,
    env: &Env,
    user: &str,
    account_id: Option<u32>,
) -> Result<UserDebtsResponse, ContractError> {
    let (markets, _, position) = load(deps, env, user, account_id)?;
    Ok(UserDebtsResponse { debts: debts(&markets, &position)? })
}

pub fn user_collaterals(
    deps: Deps,
    env: &Env,
    user: &str,
    account_id: Option<u32>,
) -> Result<UserCollateralsResponse, ContractError> {
    let (markets, holder, position) = load(deps, env, user, account_id)?;
    Ok(UserCollateralsResponse { collaterals: collaterals(&markets, &holder, &position)? })
}

fn load(
    deps: Deps,
    env: &Env,
    user: &str,
    account_id: Option<u32>,
) -> Result<(Markets, Holder, Position), ContractError> {
    let holder = Holder::read(deps, address(deps.api, user)?, account_id)?;
    let mut markets = Markets::open(deps, env)?;
    markets.load_priced(deps, &holder.account)?;
    let position = markets.position(&holder.account)?;
    Ok((markets, holder, position))
}

fn collaterals(markets: &Markets, holder: &Holder, position: &Position) -> Result<Vec<UserCollateral>, ContractError> {
    let lines = position.collaterals.iter().map(|line| {
        Ok(UserCollateral {
            denom: markets.denom(line.asset)?,
            shares: holder.account.shares(line.asset),
            amount: line.amount,
            enabled: line.enabled,
            liquidation_price: position.liquidation_price_up(line.asset)?,
        })
    });
    lines.collect()
}

fn debts(markets: &Markets, position: &Position) -> Result<Vec<UserDebt>, ContractError> {
    let lines = position.debts.iter().map(|line| {
        Ok(UserDebt {
            denom: markets.denom(line.asset)?,
            amount: line.amount,
            liquidation_price: position.debt_liquidation_price_down(line.asset)?,
        })
    });
    lines.collect()
}
