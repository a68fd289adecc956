//! One account in amounts, values and health.

use cosmwasm_std::{Deps, Env};
use plimsoll_risk::health::Position;
use plimsoll_schema::access::address;
use plimsoll_schema::pool::{
    UserCollateral, UserCollateralsResponse, UserDebt, UserDebtsResponse, UserPositionResponse,
};

use crate::book::Book;
use crate::error::ContractError;
use crate::holder::Holder;

pub fn user_position(
    deps: Deps,
    env: &Env,
    user: &str,
    account_id: Option<u32>,
) -> Result<UserPositionResponse, ContractError> {
    let (book, holder, position) = load(deps, env, user, account_id)?;
    let health = position.health()?;
    Ok(UserPositionResponse {
        collaterals: collaterals(&book, &holder, &position)?,
        debts: debts(&book, &position)?,
        collateral_value: health.collateral,
        carried_value: health.carried,
        debt_value: health.debt,
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
    let (book, _, position) = load(deps, env, user, account_id)?;
    Ok(UserDebtsResponse { debts: debts(&book, &position)? })
}

pub fn user_collaterals(
    deps: Deps,
    env: &Env,
    user: &str,
    account_id: Option<u32>,
) -> Result<UserCollateralsResponse, ContractError> {
    let (book, holder, position) = load(deps, env, user, account_id)?;
    Ok(UserCollateralsResponse { collaterals: collaterals(&book, &holder, &position)? })
}

fn load(deps: Deps, env: &Env, user: &str, account_id: Option<u32>) -> Result<(Book, Holder, Position), ContractError> {
    let holder = Holder::read(deps, address(deps.api, user)?, account_id)?;
    let mut book = Book::open(deps, env)?;
    book.load_priced(deps, &holder.account)?;
    let position = book.position(&holder.account)?;
    Ok((book, holder, position))
}

fn collaterals(book: &Book, holder: &Holder, position: &Position) -> Result<Vec<UserCollateral>, ContractError> {
    let lines = position.collaterals.iter().map(|line| {
        Ok(UserCollateral {
            denom: book.denom(line.asset)?,
            shares: holder.account.shares(line.asset),
            amount: line.amount,
            enabled: line.enabled,
            liquidation_price: position.liquidation_price_up(line.asset)?,
        })
    });
    lines.collect()
}

fn debts(book: &Book, position: &Position) -> Result<Vec<UserDebt>, ContractError> {
    let lines = position.debts.iter().map(|line| {
        Ok(UserDebt {
            denom: book.denom(line.asset)?,
            amount: line.amount,
            liquidation_price: position.debt_liquidation_price_down(line.asset)?,
        })
    });
    lines.collect()
}
