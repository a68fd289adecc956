//! `deposit`: supply the attached coin.

use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, SupplyShares};
use plimsoll_schema::event;

use crate::access;
use crate::book::{Book, Holder};
use crate::error::ContractError;
use crate::funds::{self, Paid};

pub fn deposit(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    account_id: Option<u32>,
    on_behalf_of: Option<String>,
) -> Result<Response, ContractError> {
    let Paid { denom, amount } = funds::one_coin(&info)?;
    let owner = access::address_or(deps.api, on_behalf_of.as_deref(), &info.sender)?;
    let mut holder = Holder::load(deps.as_ref(), owner, account_id)?;
    let mut book = Book::open(deps.as_ref(), &env)?;
    let id = book.load_denom(deps.as_ref(), &denom)?;

    let is_owner = info.sender == holder.owner;
    let counts = load_if_it_shields(deps.as_ref(), &mut book, &holder, id)?;
    let shares = apply(&mut book, &mut holder, is_owner, id, amount, counts)?;

    let name = holder.name();
    holder.save(deps.storage)?;
    book.save(deps.storage)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "deposit")
        .add_attribute(event::ACCOUNT, name)
        .add_attribute(event::DENOM, denom)
        .add_attribute(event::AMOUNT, amount.to_string())
        .add_attribute(event::SHARES, shares.to_string()))
}

/// Takes the deposit in, in memory.
pub fn apply(
    book: &mut Book,
    holder: &mut Holder,
    is_owner: bool,
    id: AssetId,
    amount: Amount,
    counts: bool,
) -> Result<SupplyShares, ContractError> {
    assert_own_slot(holder, is_owner, id, &book.denom(id)?)?;
    if !is_rescue(holder, id) {
        assert_open(book, id, amount)?;
    }
    let shares = book.market(id)?.deposit(amount).map_err(|error| book.refused(id, error))?;
    let opens = holder.account.collateral(id).is_none();
    holder.account.add_shares(id, shares)?;
    if opens && !counts {
        holder.account.set_enabled(id, false);
    }
    Ok(shares)
}

/// While a price fails, a collateral counts at its hard upper bound in liquidation. So that nobody buys an indebted account a shield with a
/// token whose feed is down, such a deposit opens a slot that doesn't count, and no slot that counts is topped up. Answers whether a
/// new slot may count. Without debt no price is asked for.
pub fn load_if_it_shields(deps: Deps, book: &mut Book, holder: &Holder, id: AssetId) -> Result<bool, ContractError> {
    if holder.account.debts.is_empty() || holder.account.collateral(id).is_some_and(|held| !held.enabled) {
        return Ok(true);
    }
    book.load_prices(deps)?;
    match holder.account.collateral(id) {
        Some(_) => book.quote(id).map(|_| true),
        None => Ok(book.quote(id).is_ok()),
    }
}

/// Nobody but the owner opens a slot: strangers could fill all eight.
fn assert_own_slot(holder: &Holder, is_owner: bool, id: AssetId, denom: &str) -> Result<(), ContractError> {
    if is_owner || holder.account.collateral(id).is_some() {
        return Ok(());
    }
    Err(ContractError::ForeignSlot { account: holder.name(), denom: denom.to_owned() })
}

/// A top-up of enabled collateral of an indebted account passes the guardian's stop and the supply cap: whoever wants to save
/// his account must be able to. A debt taken in the same batch is no reason.
fn is_rescue(holder: &Holder, id: AssetId) -> bool {
    holder.was_debtor && holder.account.collateral(id).is_some_and(|c| c.enabled)
}

fn assert_open(book: &Book, id: AssetId, wanted: Amount) -> Result<(), ContractError> {
    let state = book.state(id)?;
    let denom = state.params.denom.clone();
    if !state.params.enabled.deposit {
        return Err(ContractError::Stopped { action: "deposit", denom });
    }
    let (supplied, cap) = (state.market.supply()?, state.params.supply_cap);
    if supplied.saturating_add(wanted) > cap {
        return Err(ContractError::SupplyCap { denom, cap, wanted, supplied });
    }
    Ok(())
}
