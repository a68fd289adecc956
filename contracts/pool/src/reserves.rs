//! `cover`, `request_reserves`, `cancel_reserves`, `withdraw_reserves`: the protocol's part leaves with notice, and
//! never all of it.

use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, Response, Storage};
use plimsoll_risk::math::mul_div_down_128;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::event;
use plimsoll_schema::pool::{Beneficiary, ReservesRequest};

use crate::error::ContractError;
use crate::funds::{self, Paid};
use crate::markets::{Markets, asset_id};
use crate::state::RESERVES_REQUESTS;
use crate::{access, deposit};

/// How long an announced withdrawal can be made: a notice that never expired would be none.
const RESERVES_WINDOW: u64 = RESERVES_PARTS * RESERVES_PART_EVERY;
/// In how many parts it is made, one each day: a loss that follows the first still finds the others.
const RESERVES_PARTS: u64 = 7;
const RESERVES_PART_EVERY: u64 = 86_400;

pub fn request_reserves(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    denom: &str,
    amount: Amount,
    recipient: &str,
) -> Result<Response, ContractError> {
    funds::none(info)?;
    access::assert_owner(deps.storage, info.sender.as_str())?;
    funds::nonzero(amount, denom)?;
    let recipient = access::recipient(deps.api, &env.contract.address, Some(recipient), &info.sender)?.into_string();
    let mut markets = Markets::open(deps.as_ref(), env)?;
    let id = markets.load_denom(deps.as_ref(), denom)?;
    let floor = markets.params(id)?.reserve_floor;
    assert_floor(&markets, id, amount, floor)?;
    let effective_at = markets.now.saturating_add(markets.config.reserves_delay);
    let request = ReservesRequest { amount, recipient, effective_at, floor, paid: Amount::ZERO };
    RESERVES_REQUESTS.save(deps.storage, id.0, &request)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "request_reserves")
        .add_attribute(event::DENOM, denom)
        .add_attribute(event::AMOUNT, amount.to_string())
        .add_attribute(event::EFFECTIVE_AT, effective_at.to_string()))
}

pub fn cancel_reserves(deps: DepsMut, info: &MessageInfo, denom: &str) -> Result<Response, ContractError> {
    funds::none(info)?;
    access::assert_owner(deps.storage, info.sender.as_str())?;
    let id = asset_id(deps.storage, denom)?.0;
    if !RESERVES_REQUESTS.has(deps.storage, id) {
        return Err(ContractError::NoReservesRequest { denom: denom.to_owned() });
    }
    RESERVES_REQUESTS.remove(deps.storage, id);
    Ok(Response::new().add_attribute(event::ACTION, "cancel_reserves").add_attribute(event::DENOM, denom))
}

pub fn withdraw_reserves(deps: DepsMut, env: &Env, info: &MessageInfo, denom: &str) -> Result<Response, ContractError> {
    // Anyone may ask: all of it was announced, and a timelock that owns the pool would have each part wait for its
    // delay.
    funds::none(info)?;
    let mut markets = Markets::open(deps.as_ref(), env)?;
    let id = markets.load_denom(deps.as_ref(), denom)?;
    let request = RESERVES_REQUESTS.may_load(deps.storage, id.0)?;
    let mut request = request.ok_or_else(|| ContractError::NoReservesRequest { denom: denom.to_owned() })?;
    let amount = payable(&request, denom, markets.now)?;

    // A floor that was lowered in the meantime was not part of the notice.
    assert_floor(&markets, id, amount, request.floor.max(markets.params(id)?.reserve_floor))?;
    markets.market(id)?.withdraw_reserves(amount).map_err(|error| markets.market_error(id, error))?;
    request.paid = request.paid.checked_add(amount)?;
    save_request(deps.storage, id, &request)?;
    markets.save(deps.storage)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "withdraw_reserves")
        .add_attribute(event::DENOM, denom)
        .add_attribute(event::AMOUNT, amount.to_string())
        .add_attribute(event::RECIPIENT, &request.recipient)
        .add_messages(funds::pay(&request.recipient, amount, denom)))
}

/// What is due of an announced withdrawal and not yet paid. Errors when that is nothing, and when its week is over.
fn payable(request: &ReservesRequest, denom: &str, now: u64) -> Result<Amount, ContractError> {
    let part_at =
        |part: u64| request.effective_at.saturating_add(part.saturating_sub(1).saturating_mul(RESERVES_PART_EVERY));
    let expired_at = request.effective_at.saturating_add(RESERVES_WINDOW);
    if now > expired_at {
        return Err(ContractError::ReservesTooLate { denom: denom.to_owned(), expired_at, now });
    }
    let mut due = Amount::ZERO;
    for part in 1..=RESERVES_PARTS {
        let by_then = mul_div_down_128(request.amount.raw(), u128::from(part), u128::from(RESERVES_PARTS))?;
        let unpaid = Amount::new(by_then).saturating_sub(request.paid);
        let effective_at = part_at(part);
        if now >= effective_at {
            due = unpaid;
        } else if due.is_zero() && !unpaid.is_zero() {
            return Err(ContractError::ReservesTooEarly { denom: denom.to_owned(), effective_at, now });
        }
    }
    Ok(due)
}

/// Lowers an announced withdrawal by what was written off since.
pub fn shrink_request(storage: &mut dyn Storage, id: AssetId, lost: Amount) -> Result<(), ContractError> {
    if let Some(mut request) = RESERVES_REQUESTS.may_load(storage, id.0)? {
        request.amount = request.amount.saturating_sub(lost);
        save_request(storage, id, &request)?;
    }
    Ok(())
}

/// A request of which nothing is to come is over.
fn save_request(storage: &mut dyn Storage, id: AssetId, request: &ReservesRequest) -> Result<(), ContractError> {
    if request.paid >= request.amount {
        RESERVES_REQUESTS.remove(storage, id.0);
        return Ok(());
    }
    Ok(RESERVES_REQUESTS.save(storage, id.0, request)?)
}

pub fn cover(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    beneficiary: Beneficiary,
) -> Result<Response, ContractError> {
    let Paid { denom, amount } = funds::one_coin(info)?;
    let mut markets = Markets::open(deps.as_ref(), env)?;
    let id = markets.load_denom(deps.as_ref(), &denom)?;
    let (covered, named) = match beneficiary {
        Beneficiary::Reserves => (markets.market(id)?.cover(amount), "reserves"),
        Beneficiary::Suppliers => {
            assert_gift(deps.as_ref(), &mut markets, id, amount)?;
            (markets.market(id)?.cover_suppliers(amount), "suppliers")
        }
    };
    covered.map_err(|error| markets.market_error(id, error))?;
    markets.save(deps.storage)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "cover")
        .add_attribute(event::DENOM, denom)
        .add_attribute(event::AMOUNT, amount.to_string())
        .add_attribute(event::BENEFICIARY, named))
}

/// What suppliers are given counts in their accounts as a deposit does, so it passes neither the cap nor the guardian's
/// stop, nor does it buy health at a price that the settled one has not reached. Only what reopens a market below its
/// share price floor always passes: shares are worth next to nothing there.
fn assert_gift(deps: Deps, markets: &mut Markets, id: AssetId, amount: Amount) -> Result<(), ContractError> {
    if amount <= markets.state(id)?.market.lacks_to_price_floor()? {
        return Ok(());
    }
    deposit::assert_open(markets, id, amount)?;
    markets.assert_not_ahead(deps, id)
}

/// Errors unless this share of the debt stays in reserves.
fn assert_floor(markets: &Markets, id: AssetId, wanted: Amount, share: Ratio) -> Result<(), ContractError> {
    let state = markets.state(id)?;
    let reserves = state.market.state().reserves;
    let floor = state.market.debt()?.share_up(share)?;
    if reserves < wanted.saturating_add(floor) {
        return Err(ContractError::ReserveFloor { denom: state.params.denom.clone(), wanted, reserves, floor });
    }
    Ok(())
}
