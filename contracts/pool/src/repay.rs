//! `repay`: pay a debt back with the attached coin. A full repayment needs no price, and nothing stops it.

use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::mark::SharedValues;
use plimsoll_risk::market::Repaid;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::Amount;
use plimsoll_schema::event;

use crate::error::ContractError;
use crate::funds::{self, Paid};
use crate::holder::Holder;
use crate::markets::Markets;

pub fn repay(
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

    let repaid = apply(&mut markets, &mut holder, id, amount)?;
    assert_min_rest(deps.as_ref(), &mut markets, &holder, id)?;

    let name = holder.name();
    holder.save(deps.storage, &markets)?;
    markets.save(deps.storage)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "repay")
        .add_attribute(event::ACCOUNT, name)
        .add_attribute(event::DENOM, &denom)
        .add_attribute(event::AMOUNT, repaid.amount.to_string())
        .add_messages(funds::pay(info.sender.as_str(), amount.saturating_sub(repaid.amount), &denom)))
}

/// Repays, in memory, with at most `offered`.
pub fn apply(
    markets: &mut Markets,
    holder: &mut Holder,
    id: AssetId,
    offered: Amount,
) -> Result<Repaid, ContractError> {
    let denom = markets.denom(id)?;
    let owed = holder.account.debt(id);
    if owed.is_zero() {
        return Err(ContractError::NoDebt { account: holder.name(), denom });
    }
    let repaid = markets.market(id)?.repay(offered, owed).map_err(|error| markets.market_error(id, error))?;
    if repaid.cleared.is_zero() {
        return Err(ContractError::RepaysNothing { denom, amount: offered });
    }
    markets.flow(id)?.take_in(repaid.amount);
    holder.account.clear_debt(id, repaid.cleared)?;
    Ok(repaid)
}

/// A rest that nobody would bother to liquidate is not left: it would be a reason to pass a stop or a cap. Valued at
/// the settled price, silent or not; where nothing at all is known of the price, any rest may stay.
pub fn assert_min_rest(deps: Deps, markets: &mut Markets, holder: &Holder, id: AssetId) -> Result<(), ContractError> {
    let scaled = holder.account.debt(id);
    if scaled.is_zero() {
        return Ok(());
    }
    markets.load_prices(deps)?;
    let state = markets.state(id)?;
    if state.mark.records().is_empty() {
        return Ok(());
    }
    let price = state.mark.debt_up(&SharedValues::default());
    let value = state.market.owed_up(scaled)?.value_up(price, state.params.decimals)?;
    let min = markets.config.min_debt_value;
    if value < min {
        return Err(ContractError::RestBelowMinDebt { denom: state.params.denom.clone(), value, min });
    }
    Ok(())
}
