//! `update_asset_collateral_status`: let a deposit count as collateral, or not.

use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::params::AssetId;
use plimsoll_schema::event;
use plimsoll_schema::pool::{CollateralStatus, Scope};

use crate::error::ContractError;
use crate::funds;
use crate::holder::Holder;
use crate::markets::Markets;
use crate::operators;

pub fn update_asset_collateral_status(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    order: CollateralStatus,
) -> Result<Response, ContractError> {
    funds::none(info)?;
    let CollateralStatus { denom, enable, account_id, on_behalf_of } = order;
    let mut holder = Holder::on_behalf(deps.as_ref(), &info.sender, on_behalf_of.as_deref(), account_id)?;
    operators::assert_may(deps.as_ref(), env, &info.sender, &holder, Scope::CollateralStatus)?;
    let mut markets = Markets::open(deps.as_ref(), env)?;
    let id = markets.load_denom(deps.as_ref(), &denom)?;

    let lowered = apply(&markets, &mut holder, id, enable)?;
    assert_not_bought(deps.as_ref(), &mut markets, &holder, id, enable)?;
    if lowered {
        markets.assert_healthy(deps.as_ref(), &holder)?;
    }

    let name = holder.name();
    holder.save(deps.storage, &markets)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "update_asset_collateral_status")
        .add_attribute(event::ACCOUNT, name)
        .add_attribute(event::DENOM, denom)
        .add_attribute(event::ENABLED, enable.to_string()))
}

/// Health can't be bought at a price that the settled one has not reached: an indebted account can't switch such a
/// deposit on. As `deposit` has it. Nor does it bring together what stands alone.
pub fn assert_not_bought(
    deps: Deps,
    markets: &mut Markets,
    holder: &Holder,
    id: AssetId,
    enable: bool,
) -> Result<(), ContractError> {
    if !enable || holder.account.debts.is_empty() {
        return Ok(());
    }
    markets.assert_standing(deps, holder)?;
    markets.assert_not_ahead(deps, id)
}

/// Switches the deposit, in memory. Says whether that lowered borrowing power: enabling only adds to what carries the
/// debt.
pub fn apply(markets: &Markets, holder: &mut Holder, id: AssetId, enable: bool) -> Result<bool, ContractError> {
    let account = holder.name();
    let denom = markets.denom(id)?;
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
