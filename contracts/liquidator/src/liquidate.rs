//! `liquidate`: checks the items and routes, forms groups, and starts on them.

use cosmwasm_std::{
    Binary, Coin, DepsMut, Env, MessageInfo, Response, StdResult, SubMsg, Uint256, WasmMsg, to_json_binary,
};
use plimsoll_schema::event::ACTION;
use plimsoll_schema::liquidator::{ExecuteMsg, HOPS_MAX, ITEM_GAS, ITEMS_MAX, Item, Route, Step};
use plimsoll_schema::pool;

use crate::error::ContractError;
use crate::reply::{group_reply, item_reply};
use crate::state::{Group, POOL, WORK, Work};

/// The message's fields.
pub struct Order {
    pub items: Vec<Item>,
    pub routes: Vec<Route>,
    pub min_success: u32,
    pub item_gas: Option<u64>,
}

pub fn liquidate(deps: DepsMut, env: Env, info: MessageInfo, order: Order) -> Result<Response, ContractError> {
    if WORK.load(deps.storage)?.is_some() {
        return Err(ContractError::Busy);
    }
    validate(&order)?;
    let groups = groups(&order)?;
    let pool = POOL.load(deps.storage)?.into_string();
    let item_gas = order.item_gas.unwrap_or(ITEM_GAS);

    let mut response = Response::new().add_attribute(ACTION, "liquidate_batch");
    for (at, group) in (0u32..).zip(&groups) {
        let msg = to_json_binary(&pool::ExecuteMsg::FlashLoan { coin: loan(&order, group)?, msg: group_name(at)? })?;
        let borrow = WasmMsg::Execute { contract_addr: pool.clone(), msg, funds: vec![] };
        response = response.add_submessage(SubMsg::reply_always(borrow, group_reply(at)));
    }
    for (at, item) in (0u32..).zip(&order.items) {
        if let Item::WriteOff { user, account_id } = item {
            let msg = to_json_binary(&pool::ExecuteMsg::WriteOff(pool::UserAccount {
                user: user.clone(),
                account_id: *account_id,
            }))?;
            let write_off = WasmMsg::Execute { contract_addr: pool.clone(), msg, funds: vec![] };
            response =
                response.add_submessage(SubMsg::reply_always(write_off, item_reply(at)).with_gas_limit(item_gas));
        }
    }
    let Order { items, min_success, .. } = order;
    let expected = (!groups.is_empty()).then_some(0);
    let work = Work { caller: info.sender, items, groups, expected, succeeded: 0, min_success, item_gas };
    WORK.save(deps.storage, &Some(work))?;
    Ok(response.add_message(to_self(&env, Step::Finish {})?))
}

/// Errors when anything is attached.
pub fn no_funds(info: &MessageInfo) -> Result<(), ContractError> {
    if info.funds.is_empty() {
        return Ok(());
    }
    let sent = info.funds.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    Err(ContractError::NoFunds { sent })
}

/// A message of this contract to itself.
pub fn to_self(env: &Env, step: Step) -> StdResult<WasmMsg> {
    let msg = to_json_binary(&ExecuteMsg::Step(step))?;
    Ok(WasmMsg::Execute { contract_addr: env.contract.address.to_string(), msg, funds: vec![] })
}

/// What a loan's callback is to carry.
pub fn group_name(at: u32) -> StdResult<Binary> {
    to_json_binary(&at)
}

fn validate(order: &Order) -> Result<(), ContractError> {
    let (items, max) = (order.items.len(), ITEMS_MAX);
    if items == 0 || items > max {
        return Err(ContractError::ItemCount { items, max });
    }
    if usize::try_from(order.min_success).map_or(true, |wanted| wanted > items) {
        return Err(ContractError::MinSuccess { min_success: order.min_success, items });
    }
    for (second, item) in order.items.iter().enumerate() {
        if let Some(first) = order.items.iter().take(second).position(|other| same_work(other, item)) {
            return Err(ContractError::ItemTwice { first, second });
        }
        if let Item::Liquidate { repay, collateral_denom, .. } = item {
            if repay.amount.is_zero() {
                return Err(ContractError::ZeroAmount { item: second, denom: repay.denom.clone() });
            }
            if repay.denom == *collateral_denom {
                return Err(ContractError::SameDenom { item: second, denom: repay.denom.clone() });
            }
        }
    }
    for (at, route) in order.routes.iter().enumerate() {
        validate_route(route)?;
        if order.routes.iter().take(at).any(|other| leads_the_same(other, &route.collateral_denom, &route.debt_denom)) {
            let (collateral_denom, debt_denom) = (route.collateral_denom.clone(), route.debt_denom.clone());
            return Err(ContractError::RouteTwice { collateral_denom, debt_denom });
        }
    }
    Ok(())
}

/// An account liquidated twice with the same denoms could only fail or split what one does.
fn same_work(a: &Item, b: &Item) -> bool {
    let id = |id: &Option<u32>| id.unwrap_or_default();
    match (a, b) {
        (
            Item::Liquidate { user, account_id, repay, collateral_denom, .. },
            Item::Liquidate { user: user_b, account_id: id_b, repay: repay_b, collateral_denom: collateral_b, .. },
        ) => {
            user == user_b
                && id(account_id) == id(id_b)
                && repay.denom == repay_b.denom
                && collateral_denom == collateral_b
        }
        (Item::WriteOff { user, account_id }, Item::WriteOff { user: user_b, account_id: id_b }) => {
            user == user_b && id(account_id) == id(id_b)
        }
        _ => false,
    }
}

fn validate_route(route: &Route) -> Result<(), ContractError> {
    let ends_there = route.hops.last().is_some_and(|hop| hop.ask_denom == route.debt_denom);
    let mut seen: Vec<&str> = vec![&route.collateral_denom];
    let comes_back = route.hops.iter().any(|hop| {
        let again = seen.contains(&hop.ask_denom.as_str());
        seen.push(&hop.ask_denom);
        again
    });
    if route.hops.len() > HOPS_MAX || !ends_there || comes_back {
        let (collateral_denom, debt_denom) = (route.collateral_denom.clone(), route.debt_denom.clone());
        return Err(ContractError::BadRoute { collateral_denom, debt_denom, max: HOPS_MAX });
    }
    Ok(())
}

fn leads_the_same(route: &Route, collateral_denom: &str, debt_denom: &str) -> bool {
    route.collateral_denom == collateral_denom && route.debt_denom == debt_denom
}

/// Items with the same debt and collateral, in the order in which the first of each comes.
fn groups(order: &Order) -> Result<Vec<Group>, ContractError> {
    let mut groups: Vec<Group> = Vec::new();
    for (at, item) in (0u32..).zip(&order.items) {
        let Item::Liquidate { repay, collateral_denom, .. } = item else { continue };
        let route = order.routes.iter().find(|route| leads_the_same(route, collateral_denom, &repay.denom));
        let Some(route) = route else {
            let (collateral_denom, debt_denom) = (collateral_denom.clone(), repay.denom.clone());
            return Err(ContractError::NoRoute { collateral_denom, debt_denom });
        };
        match groups.iter_mut().find(|group| group.route == *route) {
            Some(group) => group.items.push(at),
            None => groups.push(Group { route: route.clone(), items: vec![at] }),
        }
    }
    Ok(groups)
}

/// All that the group's items offer together.
fn loan(order: &Order, group: &Group) -> Result<Coin, ContractError> {
    let denom = group.route.debt_denom.clone();
    let mut amount = Uint256::zero();
    for at in &group.items {
        let item = usize::try_from(*at).ok().and_then(|at| order.items.get(at));
        if let Some(Item::Liquidate { repay, .. }) = item {
            let sum = amount.checked_add(repay.amount);
            amount = sum.map_err(|_| ContractError::AmountTooLarge { denom: denom.clone() })?;
        }
    }
    Ok(Coin { denom, amount })
}
