//! `cover`, `request_reserves`, `cancel_reserves`, `withdraw_reserves`: the protocol's part leaves with notice, and never all of it.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::event;
use plimsoll_schema::pool::ReservesRequest;

use crate::access;
use crate::book::{Book, asset_id};
use crate::error::ContractError;
use crate::funds::{self, Paid};
use crate::state::RESERVES_REQUESTS;

/// How long an announced withdrawal can be made: a notice that never expired would be none.
const RESERVES_WINDOW: u64 = 7 * 86_400;

pub fn request_reserves(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    denom: &str,
    amount: Amount,
    recipient: &str,
) -> Result<Response, ContractError> {
    funds::none(&info)?;
    access::assert_owner(deps.storage, info.sender.as_str())?;
    funds::nonzero(amount, denom)?;
    let recipient = access::recipient(deps.api, &env.contract.address, Some(recipient), &info.sender)?.into_string();
    let mut book = Book::open(deps.as_ref(), &env)?;
    let id = book.load_denom(deps.as_ref(), denom)?;
    let floor = book.params(id)?.reserve_floor;
    assert_floor(&book, id, amount, floor)?;
    let effective_at = book.now.saturating_add(book.config.reserves_delay);
    RESERVES_REQUESTS.save(deps.storage, id.0, &ReservesRequest { amount, recipient, effective_at, floor })?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "request_reserves")
        .add_attribute(event::DENOM, denom)
        .add_attribute(event::AMOUNT, amount.to_string())
        .add_attribute("effective_at", effective_at.to_string()))
}

pub fn cancel_reserves(deps: DepsMut, info: MessageInfo, denom: &str) -> Result<Response, ContractError> {
    funds::none(&info)?;
    access::assert_owner(deps.storage, info.sender.as_str())?;
    let id = asset_id(deps.storage, denom)?.0;
    if !RESERVES_REQUESTS.has(deps.storage, id) {
        return Err(ContractError::NoReservesRequest { denom: denom.to_owned() });
    }
    RESERVES_REQUESTS.remove(deps.storage, id);
    Ok(Response::new().add_attribute(event::ACTION, "cancel_reserves").add_attribute(event::DENOM, denom))
}

pub fn withdraw_reserves(deps: DepsMut, env: Env, info: MessageInfo, denom: &str) -> Result<Response, ContractError> {
    funds::none(&info)?;
    access::assert_owner(deps.storage, info.sender.as_str())?;
    let mut book = Book::open(deps.as_ref(), &env)?;
    let id = book.load_denom(deps.as_ref(), denom)?;
    let request = RESERVES_REQUESTS.may_load(deps.storage, id.0)?;
    let request = request.ok_or_else(|| ContractError::NoReservesRequest { denom: denom.to_owned() })?;
    let (now, effective_at, amount) = (book.now, request.effective_at, request.amount);
    if now < effective_at {
        return Err(ContractError::ReservesTooEarly { denom: denom.to_owned(), effective_at, now });
    }
    let expired_at = effective_at.saturating_add(RESERVES_WINDOW);
    if now > expired_at {
        return Err(ContractError::ReservesTooLate { denom: denom.to_owned(), expired_at, now });
    }

    // A floor that was lowered in the meantime was not part of the notice.
    assert_floor(&book, id, amount, request.floor.max(book.params(id)?.reserve_floor))?;
    book.market(id)?.withdraw_reserves(amount).map_err(|error| book.refused(id, error))?;
    RESERVES_REQUESTS.remove(deps.storage, id.0);
    book.save(deps.storage)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "withdraw_reserves")
        .add_attribute(event::DENOM, denom)
        .add_attribute(event::AMOUNT, amount.to_string())
        .add_attribute(event::RECIPIENT, &request.recipient)
        .add_messages(funds::pay(&request.recipient, amount, denom)))
}

pub fn cover(deps: DepsMut, env: Env, info: MessageInfo) -> Result<Response, ContractError> {
    let Paid { denom, amount } = funds::one_coin(&info)?;
    let mut book = Book::open(deps.as_ref(), &env)?;
    let id = book.load_denom(deps.as_ref(), &denom)?;
    book.market(id)?.cover(amount).map_err(|error| book.refused(id, error))?;
    book.save(deps.storage)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "cover")
        .add_attribute(event::DENOM, denom)
        .add_attribute(event::AMOUNT, amount.to_string()))
}

/// Errors unless this share of the debt stays in reserves.
fn assert_floor(book: &Book, id: AssetId, wanted: Amount, share: Ratio) -> Result<(), ContractError> {
    let state = book.state(id)?;
    let reserves = state.market.state().reserves;
    let floor = state.market.debt()?.share_up(share)?;
    if reserves < wanted.saturating_add(floor) {
        return Err(ContractError::ReserveFloor { denom: state.params.denom.clone(), wanted, reserves, floor });
    }
    Ok(())
}
