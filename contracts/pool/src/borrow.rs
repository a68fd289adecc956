//! `borrow`: take a loan against the account's collateral.

use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::health::AssetState;
use plimsoll_risk::mark::SharedValues;
use plimsoll_risk::market::Borrowed;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::Amount;
use plimsoll_schema::event;
use plimsoll_schema::pool::{AmountOrMax, Borrow};

use crate::error::ContractError;
use crate::funds;
use crate::holder::Holder;
use crate::largest::{attempt, largest, named_or_most};
use crate::markets::Markets;
use crate::operators;

pub fn borrow(deps: DepsMut, env: &Env, info: &MessageInfo, order: Borrow) -> Result<Response, ContractError> {
    funds::none(info)?;
    let Borrow { denom, amount, recipient, account_id, on_behalf_of } = order;
    let mut holder = Holder::on_behalf(deps.as_ref(), &info.sender, on_behalf_of.as_deref(), account_id)?;
    let recipient =
        operators::payee(deps.as_ref(), env, &info.sender, &holder, recipient.as_deref(), &operators::BORROW)?;
    let mut markets = Markets::open(deps.as_ref(), env)?;
    let id = markets.load_denom(deps.as_ref(), &denom)?;

    let amount = amount_or_most(deps.as_ref(), &mut markets, &holder, id, amount)?;
    let interest = apply(&mut markets, &mut holder, id, amount)?;
    markets.assert_live_slot(deps.as_ref(), &holder.account, id)?;
    markets.assert_healthy(deps.as_ref(), &holder)?;
    assert_min_debt(&markets, &holder, id)?;

    let name = holder.name();
    holder.save(deps.storage, &markets)?;
    markets.save(deps.storage)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "borrow")
        .add_attribute(event::ACCOUNT, name)
        .add_attribute(event::DENOM, &denom)
        .add_attribute(event::AMOUNT, amount.to_string())
        .add_attribute(event::INTEREST, interest.to_string())
        .add_attribute(event::RECIPIENT, recipient.as_str())
        .add_messages(funds::pay(recipient.as_str(), amount, &denom)))
}

/// The amount that is named, or else the most that can be borrowed. Errors when that is nothing.
pub fn amount_or_most(
    deps: Deps,
    markets: &mut Markets,
    holder: &Holder,
    id: AssetId,
    amount: AmountOrMax,
) -> Result<Amount, ContractError> {
    named_or_most(markets, id, amount, "borrowed", |markets| most(deps, markets, holder, id))
}

/// The most that can be borrowed of a loaded market; 0 when that would be a debt too small to be worth a liquidation.
pub fn most(deps: Deps, markets: &mut Markets, holder: &Holder, id: AssetId) -> Result<Amount, ContractError> {
    // Asked once here, and not again in each attempt.
    markets.load_live(deps, &holder.account)?;
    markets.load_live(deps, &holder.before)?;
    markets.ask_live(deps, &[id])?;
    let most = markets.state(id)?.market.state().cash.min(markets.outflow_room(id, true)?);
    let try_borrow = |amount| {
        attempt(markets, holder, |markets, holder| {
            apply(markets, holder, id, amount)?;
            markets.assert_healthy(deps, holder)
        })
    };
    let amount = largest(most, |amount| try_borrow(amount).is_ok());
    let large_enough = try_borrow(amount).is_ok_and(|(markets, holder)| assert_min_debt(&markets, &holder, id).is_ok());
    Ok(if large_enough { amount } else { Amount::ZERO })
}

/// Takes the loan, in memory. Says how much interest it owes at once. Errors unless the market can pay it, and its cap
/// and its most utilization allow it. Health is for the caller to check.
pub fn apply(markets: &mut Markets, holder: &mut Holder, id: AssetId, amount: Amount) -> Result<Amount, ContractError> {
    let denom = markets.denom(id)?;
    funds::nonzero(amount, &denom)?;
    if !markets.params(id)?.enabled.borrow {
        return Err(ContractError::Stopped { action: "borrow", denom });
    }
    let (market, params) = markets.market_and_params(id)?;
    let Borrowed { scaled, interest } =
        market.borrow(amount, params).map_err(|error| markets.market_error(id, error))?;
    let AssetState { market, params, .. } = markets.state(id)?;
    let wanted = market.debt()?;
    let cap = params.borrow_cap;
    if wanted > cap {
        return Err(ContractError::BorrowCap { denom, cap, wanted });
    }
    let utilization = market.utilization_up()?;
    let max = params.max_borrow_utilization;
    if utilization > max {
        return Err(ContractError::BorrowUtilization { denom, utilization, max });
    }
    markets.flow(id)?.borrow(amount);
    holder.account.add_debt(id, scaled)?;
    Ok(interest)
}

/// A debt that nobody would bother to liquidate is not given.
pub fn assert_min_debt(markets: &Markets, holder: &Holder, id: AssetId) -> Result<(), ContractError> {
    let state = markets.state(id)?;
    let owed = state.market.owed_up(holder.account.debt(id))?;
    let value = owed.value_down(state.mark.debt_up(&SharedValues::default()), state.params.decimals)?;
    let min = markets.config.min_debt_value;
    if value < min {
        return Err(ContractError::BelowMinDebt { denom: state.params.denom.clone(), value, min });
    }
    Ok(())
}
