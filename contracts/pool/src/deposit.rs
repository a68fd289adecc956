//! `deposit`: supply the attached coin.

use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::account::Account;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, SupplyShares};
use plimsoll_schema::event;

use crate::error::ContractError;
use crate::funds::{self, Paid};
use crate::holder::Holder;
use crate::markets::Markets;
use crate::operators;

pub fn deposit(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    account_id: Option<u32>,
    on_behalf_of: Option<String>,
) -> Result<Response, ContractError> {
    let Paid { denom, amount } = funds::one_coin(info)?;
    let mut holder = Holder::on_behalf(deps.as_ref(), &info.sender, on_behalf_of.as_deref(), account_id)?;
    let mut markets = Markets::open(deps.as_ref(), env)?;
    let id = markets.load_denom(deps.as_ref(), &denom)?;

    let may_open = operators::may_open_slot(deps.as_ref(), env, &info.sender, &holder, id)?;
    let order = Deposit { id, amount, may_open };
    let shares = apply(deps.as_ref(), &mut markets, &mut holder, &order)?;

    let name = holder.name();
    holder.save(deps.storage, &markets)?;
    markets.save(deps.storage)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "deposit")
        .add_attribute(event::ACCOUNT, name)
        .add_attribute(event::DENOM, denom)
        .add_attribute(event::AMOUNT, amount.to_string())
        .add_attribute(event::SHARES, shares.to_string()))
}

/// A deposit, and whether it may open a slot.
pub struct Deposit {
    pub id: AssetId,
    pub amount: Amount,
    pub may_open: bool,
}

/// Takes the deposit in, in memory.
pub fn apply(
    deps: Deps,
    markets: &mut Markets,
    holder: &mut Holder,
    order: &Deposit,
) -> Result<SupplyShares, ContractError> {
    let Deposit { id, amount, may_open } = *order;
    assert_own_slot(holder, may_open, id, &markets.denom(id)?)?;
    let counts = may_count(deps, markets, holder, id)?;
    if let Err(refusal) = assert_open(markets, id, amount) {
        assert_rescue(deps, markets, holder, order, refusal)?;
    }
    let opens = holder.account.collateral(id).is_none();
    if opens {
        markets.assert_live_slot(deps, &holder.account, id)?;
    }
    let shares = markets.market(id)?.deposit(amount).map_err(|error| markets.market_error(id, error))?;
    markets.flow(id)?.take_in(amount);
    add_shares(holder, id, shares, counts)?;
    Ok(shares)
}

/// Adds shares to the account's slot. One that they open is switched off unless it may count ([`may_count`]).
pub fn add_shares(holder: &mut Holder, id: AssetId, shares: SupplyShares, counts: bool) -> Result<(), ContractError> {
    let opens = holder.account.collateral(id).is_none();
    holder.account.add_shares(id, shares)?;
    if opens && !counts {
        holder.account.set_enabled(id, false);
    }
    Ok(())
}

/// Health can't be bought at a price that the settled one has not reached: while a token is silent, or lent against at
/// much less than liquidation counts, a deposit of it into an indebted account opens a slot that doesn't count, and no
/// slot that counts is topped up. Answers whether a new slot may count. Without debt no price is asked for.
pub fn may_count(deps: Deps, markets: &mut Markets, holder: &Holder, id: AssetId) -> Result<bool, ContractError> {
    let combines = combines(deps, markets, holder, id)?;
    Ok(counts(holder, id, || markets.assert_not_ahead(deps, id))? && combines)
}

/// The same where no live source is asked: what one prices may count as little as what is silent.
pub fn may_count_unasked(
    deps: Deps,
    markets: &mut Markets,
    holder: &Holder,
    id: AssetId,
) -> Result<bool, ContractError> {
    let combines = combines(deps, markets, holder, id)?;
    Ok(counts(holder, id, || markets.assert_not_ahead_unasked(deps, id))? && combines)
}

/// Whether a slot that a deposit opens may count beside the account's others. Without debt that is asked when there is
/// some.
fn combines(deps: Deps, markets: &mut Markets, holder: &Holder, id: AssetId) -> Result<bool, ContractError> {
    let asks = !holder.account.debts.is_empty() && holder.account.collateral(id).is_none();
    if asks { markets.combines(deps, &holder.account, id) } else { Ok(true) }
}

fn counts(
    holder: &Holder,
    id: AssetId,
    assert_not_ahead: impl FnOnce() -> Result<(), ContractError>,
) -> Result<bool, ContractError> {
    if holder.account.debts.is_empty() || holder.account.collateral(id).is_some_and(|held| !held.enabled) {
        return Ok(true);
    }
    let opens = holder.account.collateral(id).is_none();
    match assert_not_ahead() {
        Ok(()) => Ok(true),
        Err(ContractError::Price { .. } | ContractError::PriceAhead { .. } | ContractError::PriceUnasked { .. })
            if opens =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Nobody but the owner and their operators opens a slot: strangers could fill all eight.
pub fn assert_own_slot(holder: &Holder, may_open: bool, id: AssetId, denom: &str) -> Result<(), ContractError> {
    if may_open || holder.account.collateral(id).is_some() {
        return Ok(());
    }
    Err(ContractError::ForeignSlot { account: holder.name(), denom: denom.to_owned() })
}

/// A top-up of enabled collateral passes the guardian's stop and the supply cap as far as it brings an indebted account
/// back within its max LTV: whoever wants to save their account must be able to. What the same batch borrowed or took
/// out is no reason: as much passes as the account needs now, and no more than it needed before. Errors with the
/// refusal of the market otherwise.
pub fn assert_rescue(
    deps: Deps,
    markets: &mut Markets,
    holder: &Holder,
    order: &Deposit,
    refusal: ContractError,
) -> Result<(), ContractError> {
    let tops_up = |account: &Account| account.collateral(order.id).is_some_and(|held| held.enabled);
    if !holder.was_debtor() || holder.account.debts.is_empty() || !tops_up(&holder.account) || !tops_up(&holder.before)
    {
        return Err(refusal);
    }
    let held = |account: &Account| markets.supplied(account, order.id);
    let added = held(&holder.account)?.saturating_sub(held(&holder.before)?);
    for (account, added) in [(&holder.account, Amount::ZERO), (&holder.before, added)] {
        if !markets.is_needed(deps, account, order.id, added)? {
            return Err(refusal);
        }
        if !markets.is_needed(deps, account, order.id, added.saturating_add(order.amount))? {
            return Err(ContractError::RescueTooLarge { denom: markets.denom(order.id)?, wanted: order.amount });
        }
    }
    Ok(())
}

/// Errors when the market takes no deposits, or not so much.
pub fn assert_open(markets: &Markets, id: AssetId, wanted: Amount) -> Result<(), ContractError> {
    let state = markets.state(id)?;
    let denom = state.params.denom.clone();
    if !state.params.enabled.deposit {
        return Err(ContractError::Stopped { action: "deposit", denom });
    }
    let supplied = state.market.supply()?;
    let cap = state.params.supply_cap;
    if supplied.saturating_add(wanted) > cap {
        return Err(ContractError::SupplyCap { denom, cap, wanted, supplied });
    }
    Ok(())
}
