//! `liquidate`: checks the order, forms groups, and sends the first.

use std::collections::VecDeque;

use cosmwasm_std::{Deps, MessageInfo, Response, StdResult};
use plimsoll_schema::event;
use plimsoll_schema::liquidator::{HOPS_MAX, ROUTES_MAX, Route};
use plimsoll_schema::pool::LIQUIDATION_ITEMS_MAX;
use plimsoll_schema::route::is_route;

use crate::error::ContractError;
use crate::group::{self, Order, connects};
use crate::payload::Remaining;
use crate::state::POOL;

/// There is no lock, though a route may name a hostile pair, which can call this contract and the pool and send coins
/// in the middle of a sale. Only the caller who names such a pair can lose by it: gas, and what exceeds their own
/// `min_profit`.
///
/// - **Callbacks are authentic.** The pool calls back only the sender of a batch, with the bytes that the sender gave
///   it. All that this contract sends to a pair is `swap`, which is no message of its own and none of the pool, so a
///   route can't make it call itself.
/// - **An order's state is out of reach.** What is left to do travels as the payload of replies, a sale's terms through
///   the pool's callback. A second order in the middle has its own, and can't change the count, the caller or the route
///   of the first.
/// - **A second order in the middle takes no more than a bad price does.** It pays the coins that are inside to its own
///   caller. The first sale then ends below what it owes and asks for, so that its group is undone, and the second
///   order with it, as a part of it.
/// - **Nothing hostile runs between a sum and its payment.** The settlement reads all balances when the last hop has
///   paid, and what runs between that and the payment to the caller is the pool's `repay_batch` alone.
/// - **Groups don't meet.** What a group earns leaves before the next group starts, so a pair never sees the coins of
///   another route.
/// - **Nothing stays inside.** The settlement pays out all there is of every denom of its route, coins sent here in the
///   middle among them.
pub fn liquidate(deps: Deps, info: &MessageInfo, order: Order) -> Result<Response, ContractError> {
    validate(&order)?;
    let pool = POOL.load(deps.storage)?;
    let min_success = order.min_success;
    let groups = group::form(order)?;
    let alone = groups.len() == 1;
    let messages = (0u32..).zip(groups).map(|(at, group)| {
        let least = if alone { min_success } else { group.least_success() };
        group.into_message(&info.sender, at, least)
    });
    let messages = messages.collect::<StdResult<VecDeque<String>>>()?;

    let response = Response::new().add_attribute(event::ACTION, "liquidate");
    if alone {
        // The pool counts by itself, and its error carries the reason, which the chain would hide from a reply.
        return Ok(response.add_messages(messages.into_iter().map(|message| group::to_pool(&pool, message))));
    }
    let first = Remaining { succeeded: 0, min_success, messages }.send_next(&pool, 0)?;
    Ok(response.add_submessages(first))
}

fn validate(order: &Order) -> Result<(), ContractError> {
    let items = order.items.len();
    let max = LIQUIDATION_ITEMS_MAX;
    if items == 0 || items > max {
        return Err(ContractError::ItemCount { items, max });
    }
    if usize::try_from(order.min_success).map_or(true, |wanted| wanted > items) {
        return Err(ContractError::MinSuccess { min_success: order.min_success, items });
    }
    let routes = order.routes.len();
    let max = ROUTES_MAX;
    if routes > max {
        return Err(ContractError::RouteCount { routes, max });
    }
    for (at, route) in order.routes.iter().enumerate() {
        validate_route(route)?;
        if order.routes.iter().take(at).any(|other| connects(other, &route.collateral_denom, &route.debt_denom)) {
            let collateral_denom = route.collateral_denom.clone();
            let debt_denom = route.debt_denom.clone();
            return Err(ContractError::RouteTwice { collateral_denom, debt_denom });
        }
    }
    Ok(())
}

fn validate_route(route: &Route) -> Result<(), ContractError> {
    let Route { collateral_denom, debt_denom, hops, .. } = route;
    if is_route(collateral_denom, debt_denom, hops) {
        return Ok(());
    }
    let collateral_denom = collateral_denom.clone();
    let debt_denom = debt_denom.clone();
    Err(ContractError::BadRoute { collateral_denom, debt_denom, max: HOPS_MAX })
}
