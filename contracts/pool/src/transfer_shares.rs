//! `transfer_shares`: move a deposit to another account. No coins move, so the market need not have any.

use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, SupplyShares};
use plimsoll_schema::access::address_or;
use plimsoll_schema::event;
use plimsoll_schema::pool::TransferShares;

use crate::deposit::{self, Deposit};
use crate::error::ContractError;
use crate::funds;
use crate::holder::Holder;
use crate::markets::Markets;

pub fn transfer_shares(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    order: TransferShares,
) -> Result<Response, ContractError> {
    funds::none(info)?;
    let TransferShares { denom, shares, account_id, recipient, recipient_account_id } = order;
    let recipient = address_or(deps.api, recipient.as_deref(), &info.sender)?;
    let mut from = Holder::load(deps.as_ref(), info.sender.clone(), account_id)?;
    let mut to = Holder::load(deps.as_ref(), recipient, recipient_account_id)?;
    let mut markets = Markets::open(deps.as_ref(), env)?;
    let id = markets.load_denom(deps.as_ref(), &denom)?;

    let shares = apply(deps.as_ref(), &mut markets, &mut from, &mut to, id, shares)?;
    // A disabled deposit answers for the account's debt too, so whatever an indebted account gives away is checked.
    markets.assert_healthy(deps.as_ref(), &from)?;

    let [giver, taker] = [&from, &to].map(Holder::name);
    from.save(deps.storage, &markets)?;
    to.save(deps.storage, &markets)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "transfer_shares")
        .add_attribute(event::ACCOUNT, giver)
        .add_attribute(event::ACCOUNT, taker)
        .add_attribute(event::DENOM, denom)
        .add_attribute(event::SHARES, shares.to_string()))
}

/// Moves these shares, all of them when none are named, in memory. Says how many. The health of who gives is for the
/// caller to check. Who takes gets no more by it than by a deposit: a slot that is theirs, health at a price that the
/// settled one has reached, and of a market that is stopped or above its cap no more than saves them. Its shares leave no
/// account that owed something when the message came, and of a stopped one they go to nobody else.
pub fn apply(
    deps: Deps,
    markets: &mut Markets,
    from: &mut Holder,
    to: &mut Holder,
    id: AssetId,
    shares: Option<SupplyShares>,
) -> Result<SupplyShares, ContractError> {
    let denom = markets.denom(id)?;
    let is_own = from.owner == to.owner;
    if is_own && from.account_id == to.account_id {
        return Err(ContractError::TransferToItself { account: from.name() });
    }
    let held = from.account.shares(id);
    if held.is_zero() {
        return Err(ContractError::NoDeposit { account: from.name(), denom });
    }
    let shares = shares.unwrap_or(held);
    if shares.is_zero() || shares > held {
        return Err(ContractError::Shares { account: from.name(), denom, wanted: shares, held });
    }
    deposit::assert_own_slot(to, is_own, id, &denom)?;
    let counts = deposit::may_count(deps, markets, to, id)?;
    if let Err(refusal) = deposit::assert_open(markets, id, Amount::ZERO) {
        let is_stopped = !markets.params(id)?.enabled.deposit;
        let owes = |holder: &Holder| holder.was_debtor() || !holder.account.debts.is_empty();
        // What a rescue let in stays, or it could be repeated.
        if owes(from) || (!is_own && is_stopped && !owes(to)) {
            return Err(refusal);
        }
        if owes(to) {
            let amount = markets.state(id)?.market.shares_value_down(shares)?;
            deposit::assert_rescue(deps, markets, to, &Deposit { id, amount, may_open: is_own }, refusal)?;
        }
    }
    if to.account.collateral(id).is_none() {
        markets.assert_live_slot(deps, &to.account, id)?;
    }
    from.account.take_shares(id, shares)?;
    deposit::add_shares(to, id, shares, counts)?;
    Ok(shares)
}
