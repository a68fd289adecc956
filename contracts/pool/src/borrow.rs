//! `borrow`: take a loan against the account's collateral.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::Amount;
use plimsoll_schema::event;
use plimsoll_schema::pool::Borrow;

use crate::access;
use crate::book::{Book, Holder};
use crate::error::ContractError;
use crate::funds;

pub fn borrow(deps: DepsMut, env: Env, info: MessageInfo, order: Borrow) -> Result<Response, ContractError> {
    funds::none(&info)?;
    let Borrow { denom, amount, recipient, account_id } = order;
    let recipient = access::recipient(deps.api, &env.contract.address, recipient.as_deref(), &info.sender)?;
    let mut holder = Holder::load(deps.as_ref(), info.sender, account_id)?;
    let mut book = Book::open(deps.as_ref(), &env)?;
    let id = book.load_denom(deps.as_ref(), &denom)?;

    apply(&mut book, &mut holder, id, amount)?;
    book.check(deps.as_ref(), &holder.account)?;
    assert_min_debt(&book, &holder, id)?;

    let name = holder.name();
    holder.save(deps.storage)?;
    book.save(deps.storage)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "borrow")
        .add_attribute(event::ACCOUNT, name)
        .add_attribute(event::DENOM, &denom)
        .add_attribute(event::AMOUNT, amount.to_string())
        .add_attribute(event::RECIPIENT, recipient.as_str())
        .add_messages(funds::pay(recipient.as_str(), amount, &denom)))
}

/// Takes the loan, in memory. Errors unless the market can pay it and its cap allows it. Health is for the caller to check.
pub fn apply(book: &mut Book, holder: &mut Holder, id: AssetId, amount: Amount) -> Result<(), ContractError> {
    let denom = book.denom(id)?;
    funds::nonzero(amount, &denom)?;
    if !book.params(id)?.enabled.borrow {
        return Err(ContractError::Stopped { action: "borrow", denom });
    }
    let scaled = book.market(id)?.borrow(amount).map_err(|error| book.refused(id, error))?;
    let (wanted, cap) = (book.state(id)?.market.debt()?, book.params(id)?.borrow_cap);
    if wanted > cap {
        return Err(ContractError::BorrowCap { denom, cap, wanted });
    }
    Ok(holder.account.add_debt(id, scaled)?)
}

/// A debt that nobody would bother to liquidate is not given.
pub fn assert_min_debt(book: &Book, holder: &Holder, id: AssetId) -> Result<(), ContractError> {
    let state = book.state(id)?;
    let owed = state.market.owed_up(holder.account.debt(id))?;
    let (value, min) = (owed.value_down(state.mark.debt(), state.params.decimals)?, book.config.min_debt_value);
    if value < min {
        return Err(ContractError::BelowMinDebt { denom: state.params.denom.clone(), value, min });
    }
    Ok(())
}
