//! `set_off`: have an account's deposit pay its debt in the same denom. Anyone may ask for it below health factor 1.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::health::Health;
use plimsoll_risk::liquidation::LiquidationError;
use plimsoll_risk::market::SetOff;
use plimsoll_risk::params::AssetId;
use plimsoll_schema::access::address;
use plimsoll_schema::event;

use crate::error::ContractError;
use crate::holder::Holder;
use crate::markets::Markets;
use crate::{funds, liquidate, loss};

pub fn set_off(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    user: &str,
    account_id: Option<u32>,
    denom: &str,
) -> Result<Response, ContractError> {
    funds::none(info)?;
    let user = address(deps.api, user)?;
    let mut holder = Holder::load(deps.as_ref(), user, account_id)?;
    let mut markets = Markets::open(deps.as_ref(), env)?;
    let id = markets.load_denom(deps.as_ref(), denom)?;
    markets.load_priced(deps.as_ref(), &holder.account)?;

    let SetOff { amount, burnt, .. } = apply(&mut markets, &mut holder, id)?;
    let losses = loss::book_if_bad(deps.as_ref(), &mut markets, &mut holder)?.unwrap_or_default();

    let name = holder.name();
    holder.save(deps.storage, &markets)?;
    losses.shrink_requests(deps.storage)?;
    markets.save(deps.storage)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "set_off")
        .add_attribute(event::ACCOUNT, name)
        .add_attribute(event::DENOM, denom)
        .add_attribute(event::AMOUNT, amount.to_string())
        .add_attribute(event::SHARES, burnt.to_string())
        .add_attributes(losses.attributes()))
}

/// Sets off, in memory. The price of the denom decides nothing but the account's health, since both sides are of one
/// denom.
fn apply(markets: &mut Markets, holder: &mut Holder, id: AssetId) -> Result<SetOff, ContractError> {
    let account = holder.name();
    let denom = markets.denom(id)?;
    let held = holder.account.shares(id);
    let owed = holder.account.debt(id);
    if held.is_zero() {
        return Err(ContractError::NoDeposit { account, denom });
    }
    if owed.is_zero() {
        return Err(ContractError::NoDebt { account, denom });
    }
    let health = markets.position(&holder.account)?.health()?;
    if !health.is_liquidatable() {
        let Health { adjusted_collateral, debt, spared, .. } = health;
        let reason =
            if spared { LiquidationError::Spared } else { LiquidationError::Healthy { adjusted_collateral, debt } };
        return Err(liquidate::liquidation_error(markets, holder, reason));
    }
    let done = markets.market(id)?.set_off(held, owed).map_err(|error| markets.market_error(id, error))?;
    if done.cleared.is_zero() {
        return Err(ContractError::RepaysNothing { denom, amount: done.amount });
    }
    holder.account.take_shares(id, done.burnt)?;
    holder.account.clear_debt(id, done.cleared)?;
    Ok(done)
}
