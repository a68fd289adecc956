//! The steps that the liquidator asks of itself: sell, settle, finish.

use cosmwasm_std::{
    BankMsg, Coin, Deps, DepsMut, Env, MessageInfo, Response, StdResult, Uint128, Uint256, WasmMsg, to_json_binary,
};
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::event;
use plimsoll_schema::liquidator::{Route, Step};
use plimsoll_schema::{pair, pool};

use crate::error::ContractError;
use crate::state::{POOL, WORK, Work};

/// What a single swap may lose against the pair's own price: the most that Astroport's pairs accept. What really guards the caller is
/// that the group must end with its loan, its fee and the profit asked for.
const MAX_SPREAD: Ratio = Ratio::percent(50);

pub fn step(deps: DepsMut, env: Env, info: MessageInfo, step: Step) -> Result<Response, ContractError> {
    let unexpected = || ContractError::Unexpected { sender: info.sender.to_string() };
    let work = WORK.load(deps.storage)?.filter(|_| info.sender == env.contract.address).ok_or_else(unexpected)?;
    let route = |group: u32| usize::try_from(group).ok().and_then(|at| work.groups.get(at)).map(|group| &group.route);
    match step {
        Step::Swap { group, hop } => swap(deps.as_ref(), &env, route(group).ok_or_else(unexpected)?, hop),
        Step::Settle { group, loan, owed } => {
            let route = route(group).ok_or_else(unexpected)?.clone();
            settle(deps, &env, work, &route, (group, loan, owed))
        }
        Step::Finish {} => finish(deps, &work),
    }
}

/// Sells all there is of what this hop takes.
fn swap(deps: Deps, env: &Env, route: &Route, hop: u32) -> Result<Response, ContractError> {
    let at = usize::try_from(hop).unwrap_or(usize::MAX);
    let Some(to) = route.hops.get(at) else { return Ok(Response::new()) };
    let from = at.checked_sub(1).and_then(|before| route.hops.get(before));
    let offer = from.map_or(&route.collateral_denom, |before| &before.ask_denom);
    let coin = balance(deps, env, offer)?;
    // Nothing was seized, or nothing came through the hop before: `settle` says so.
    let Some(amount) = counted(&coin).filter(|amount| !amount.is_zero()) else { return Ok(Response::new()) };
    let msg = to_json_binary(&pair::ExecuteMsg::Swap {
        offer_asset: pair::Asset::native(offer.clone(), amount),
        ask_asset_info: None,
        belief_price: None,
        max_spread: Some(MAX_SPREAD),
        to: None,
    })?;
    Ok(Response::new().add_message(WasmMsg::Execute { contract_addr: to.pair.clone(), msg, funds: vec![coin] }))
}

/// Repays the loan, and pays the rest out: of the debt's denom, of the collateral's, and of every denom on the way.
fn settle(
    deps: DepsMut,
    env: &Env,
    mut work: Work,
    route: &Route,
    (group, loan, owed): (u32, u64, Coin),
) -> Result<Response, ContractError> {
    let held = balance(deps.as_ref(), env, &owed.denom)?;
    let wanted = owed.amount.saturating_add(Uint256::from(route.min_profit.raw()));
    if held.amount < wanted {
        let (denom, got) = (owed.denom, held.amount.to_string());
        let wanted = Amount::new(Uint128::try_from(wanted).unwrap_or(Uint128::MAX).u128());
        return Err(ContractError::Shortfall { group, denom, got, wanted });
    }
    let mut left = vec![Coin { denom: held.denom, amount: held.amount.saturating_sub(owed.amount) }];
    left.push(balance(deps.as_ref(), env, &route.collateral_denom)?);
    for hop in route.hops.iter().filter(|hop| hop.ask_denom != owed.denom) {
        left.push(balance(deps.as_ref(), env, &hop.ask_denom)?);
    }
    left.retain(|coin| !coin.amount.is_zero());
    left.sort_by(|a, b| a.denom.cmp(&b.denom));

    let repay = to_json_binary(&pool::ExecuteMsg::RepayFlashLoan(pool::LoanId { id: loan }))?;
    let contract_addr = POOL.load(deps.storage)?.into_string();
    let mut response = Response::new()
        .add_attribute(event::ACTION, "settle")
        .add_attributes(left.iter().map(|coin| (event::PROCEEDS, coin.to_string())))
        .add_message(WasmMsg::Execute { contract_addr, msg: repay, funds: vec![owed] });
    if !left.is_empty() {
        response = response.add_message(BankMsg::Send { to_address: work.caller.to_string(), amount: left });
    }
    work.expected = None;
    WORK.save(deps.storage, &Some(work))?;
    Ok(response)
}

fn finish(deps: DepsMut, work: &Work) -> Result<Response, ContractError> {
    let (succeeded, min_success) = (work.succeeded, work.min_success);
    if succeeded < min_success {
        return Err(ContractError::TooFew { succeeded, min_success });
    }
    WORK.save(deps.storage, &None)?;
    Ok(Response::new().add_attribute(event::ACTION, "finish").add_attribute(event::SUCCEEDED, succeeded.to_string()))
}

fn balance(deps: Deps, env: &Env, denom: &str) -> StdResult<Coin> {
    deps.querier.query_balance(&env.contract.address, denom)
}

fn counted(coin: &Coin) -> Option<Amount> {
    Uint128::try_from(coin.amount).ok().map(|amount| Amount::new(amount.u128()))
}
