//! `withdraw`: take a deposit out.

use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, SupplyShares};
use plimsoll_schema::event;
use plimsoll_schema::pool::{AmountOrMax, Withdraw};

use crate::error::ContractError;
use crate::funds;
use crate::holder::Holder;
use crate::largest::{attempt, largest, named_or_most};
use crate::markets::Markets;
use crate::operators;

pub fn withdraw(deps: DepsMut, env: &Env, info: &MessageInfo, order: Withdraw) -> Result<Response, ContractError> {
    funds::none(info)?;
    let Withdraw { denom, amount, recipient, account_id, on_behalf_of } = order;
    let mut holder = Holder::on_behalf(deps.as_ref(), &info.sender, on_behalf_of.as_deref(), account_id)?;
    let recipient =
        operators::payee(deps.as_ref(), env, &info.sender, &holder, recipient.as_deref(), &operators::WITHDRAW)?;
    let mut markets = Markets::open(deps.as_ref(), env)?;
    let id = markets.load_denom(deps.as_ref(), &denom)?;

    let amount = amount_or_most(deps.as_ref(), &mut markets, &holder, id, amount)?;
    let (amount, burnt) = amount_or_all(&mut markets, &mut holder, id, amount)?;
    // A disabled deposit answers for the account's debt too, so any withdrawal of an indebted account is checked.
    markets.assert_healthy(deps.as_ref(), &holder)?;

    let name = holder.name();
    holder.save(deps.storage, &markets)?;
    markets.save(deps.storage)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "withdraw")
        .add_attribute(event::ACCOUNT, name)
        .add_attribute(event::DENOM, &denom)
        .add_attribute(event::AMOUNT, amount.to_string())
        .add_attribute(event::SHARES, burnt.to_string())
        .add_attribute(event::RECIPIENT, recipient.as_str())
        .add_messages(funds::pay(recipient.as_str(), amount, &denom)))
}

/// The amount that is named, or else the most that can be withdrawn; `None` for all that can be paid. Errors when the
/// most is nothing.
pub fn amount_or_most(
    deps: Deps,
    markets: &mut Markets,
    holder: &Holder,
    id: AssetId,
    amount: Option<AmountOrMax>,
) -> Result<Option<Amount>, ContractError> {
    let named = |amount| named_or_most(markets, id, amount, "withdrawn", |markets| most(deps, markets, holder, id));
    amount.map(named).transpose()
}

/// The most that can be withdrawn of a loaded market; 0 where there is no deposit or no cash.
pub fn most(deps: Deps, markets: &mut Markets, holder: &Holder, id: AssetId) -> Result<Amount, ContractError> {
    let Ok(most) = payable(markets, holder, id) else { return Ok(Amount::ZERO) };
    if !holder.account.debts.is_empty() {
        // Asked once here, and not again in each attempt.
        markets.load_live(deps, &holder.account)?;
        markets.load_live(deps, &holder.before)?;
    }
    let try_withdraw = |amount| {
        attempt(markets, holder, |markets, holder| {
            apply(markets, holder, id, amount)?;
            markets.assert_healthy(deps, holder)
        })
    };
    Ok(largest(most, |amount| try_withdraw(amount).is_ok()))
}

/// Takes out this amount, or all that can be paid when none is named, in memory. Shares that a total loss has left
/// without worth are given up then, so that their slot is free again. Says how much is paid and how many shares were
/// burnt.
pub fn amount_or_all(
    markets: &mut Markets,
    holder: &mut Holder,
    id: AssetId,
    amount: Option<Amount>,
) -> Result<(Amount, SupplyShares), ContractError> {
    let held = holder.account.shares(id);
    if amount.is_none() && !held.is_zero() && markets.supplied(&holder.account, id)?.is_zero() {
        let burnt =
            markets.market(id)?.withdraw(Amount::ZERO, held).map_err(|error| markets.market_error(id, error))?;
        holder.account.take_shares(id, burnt)?;
        return Ok((Amount::ZERO, burnt));
    }
    let amount = amount.map_or_else(|| payable(markets, holder, id), Ok)?;
    Ok((amount, apply(markets, holder, id, amount)?))
}

/// Takes `amount` out of the account, in memory. Errors unless it is there and can be paid. Health is for the caller to
/// check.
pub fn apply(
    markets: &mut Markets,
    holder: &mut Holder,
    id: AssetId,
    amount: Amount,
) -> Result<SupplyShares, ContractError> {
    let denom = markets.denom(id)?;
    funds::nonzero(amount, &denom)?;
    let held = holder.account.shares(id);
    if held.is_zero() {
        return Err(ContractError::NoDeposit { account: holder.name(), denom });
    }
    let supplied = markets.supplied(&holder.account, id)?;
    if amount > supplied {
        return Err(ContractError::InsufficientDeposit { denom, wanted: amount, supplied });
    }
    let burnt = markets.market(id)?.withdraw(amount, held).map_err(|error| markets.market_error(id, error))?;
    markets.flow(id)?.withdraw(amount);
    holder.account.take_shares(id, burnt)?;
    Ok(burnt)
}

/// The whole claim, or all the cash when that is less, or all that may leave.
pub fn payable(markets: &Markets, holder: &Holder, id: AssetId) -> Result<Amount, ContractError> {
    let supplied = markets.supplied(&holder.account, id)?;
    let denom = markets.denom(id)?;
    if supplied.is_zero() {
        return Err(ContractError::NoDeposit { account: holder.name(), denom });
    }
    let cash = markets.state(id)?.market.state().cash;
    if cash.is_zero() {
        return Err(ContractError::InsufficientLiquidity { denom, wanted: supplied, available: cash });
    }
    markets.may_leave(id, supplied.min(cash))
}
