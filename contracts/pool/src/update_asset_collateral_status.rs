//! `update_asset_collateral_status`: let a deposit count as collateral, or not.

use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::params::AssetId;
use plimsoll_schema::event;

use crate::book::Book;
use crate::error::ContractError;
use crate::funds;
use crate::holder::Holder;

pub fn update_asset_collateral_status(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    denom: &str,
    enable: bool,
    account_id: Option<u32>,
) -> Result<Response, ContractError> {
    funds::none(info)?;
    let mut holder = Holder::load(deps.as_ref(), info.sender.clone(), account_id)?;
    let mut book = Book::open(deps.as_ref(), env)?;
    let id = book.load_denom(deps.as_ref(), denom)?;

    let lowered = apply(&book, &mut holder, id, enable)?;
    assert_not_bought(deps.as_ref(), &mut book, &holder, id, enable)?;
    if lowered {
        book.assert_healthy(deps.as_ref(), &holder)?;
    }

    let name = holder.name();
    holder.save(deps.storage)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "update_asset_collateral_status")
        .add_attribute(event::ACCOUNT, name)
        .add_attribute(event::DENOM, denom)
        .add_attribute(event::ENABLED, enable.to_string()))
}

/// Health can't be bought at a price that the settled one has not reached: an indebted account can't switch such a deposit on. As
/// `deposit` has it.
pub fn assert_not_bought(
    deps: Deps,
    book: &mut Book,
    holder: &Holder,
    id: AssetId,
    enable: bool,
) -> Result<(), ContractError> {
    if !enable || holder.account.debts.is_empty() {
        return Ok(());
    }
    book.assert_not_ahead(deps, id)
}

/// Switches the deposit, in memory. Says whether that lowered borrowing power: enabling only adds to what carries the debt.
pub fn apply(book: &Book, holder: &mut Holder, id: AssetId, enable: bool) -> Result<bool, ContractError> {
    let (account, denom) = (holder.name(), book.denom(id)?);
    if enable && !holder.account.debt(id).is_zero() {
        return Err(ContractError::OwedCollateral { account, denom });
    }
    let Some(held) = holder.account.collaterals.iter_mut().find(|c| c.asset == id) else {
        return Err(ContractError::NoDeposit { account, denom });
    };
    let lowered = held.enabled && !enable;
    held.enabled = enable;
    Ok(lowered)
}
