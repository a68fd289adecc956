//! Items that share a call to the pool and a sale.

use cosmwasm_std::{Addr, Binary, StdResult, WasmMsg, to_json_string};
use plimsoll_schema::compact;
use plimsoll_schema::liquidator::Route;
use plimsoll_schema::pool::{ExecuteMsg, LiquidateBatch, LiquidationItem};

use crate::error::ContractError;
use crate::payload::Terms;

/// The fields of `liquidate`.
pub struct Order {
    pub items: Vec<LiquidationItem>,
    pub routes: Vec<Route>,
    pub min_success: u32,
}

/// Items with the same debt and the same collateral, or write-offs, which sell nothing and have no route.
pub struct Group {
    route: Option<Route>,
    items: Vec<LiquidationItem>,
}

/// The groups, in the order in which the first item of each comes; write-offs are the last. Errors where an item has no
/// route.
pub fn form(order: Order) -> Result<Vec<Group>, ContractError> {
    let mut groups: Vec<Group> = vec![];
    let mut write_offs = vec![];
    for (at, item) in order.items.into_iter().enumerate() {
        let LiquidationItem::Liquidate(liquidation) = &item else {
            write_offs.push(item);
            continue;
        };
        let collateral = &liquidation.collateral_denom;
        let debt = &liquidation.debt_denom;
        if collateral == debt {
            return Err(ContractError::SameDenom { item: at, denom: debt.clone() });
        }
        let leads = |route: &Route| connects(route, collateral, debt);
        if let Some(group) = groups.iter_mut().find(|group| group.route.as_ref().is_some_and(leads)) {
            group.items.push(item);
            continue;
        }
        let Some(route) = order.routes.iter().find(|route| leads(route)) else {
            let collateral_denom = collateral.clone();
            let debt_denom = debt.clone();
            return Err(ContractError::NoRoute { collateral_denom, debt_denom });
        };
        groups.push(Group { route: Some(route.clone()), items: vec![item] });
    }
    if !write_offs.is_empty() {
        groups.push(Group { route: None, items: write_offs });
    }
    Ok(groups)
}

impl Group {
    /// The `min_success` of one group of several: a group of which nothing succeeds fails, write-offs have nothing to
    /// undo.
    pub fn least_success(&self) -> u32 {
        u32::from(self.route.is_some())
    }

    /// The message to the pool, as JSON.
    pub fn into_message(self, caller: &Addr, at: u32, min_success: u32) -> StdResult<String> {
        let terms = self.route.map(|route| Terms { caller: caller.to_string(), group: at, route });
        let callback = terms.map(|terms| compact::encode(&terms)).transpose()?;
        to_json_string(&ExecuteMsg::LiquidateBatch(LiquidateBatch {
            items: self.items,
            recipient: None,
            receive: None,
            allow_shares: None,
            min_success: Some(min_success),
            callback: callback.map(Binary::from),
        }))
    }
}

/// A message to the pool, without coins.
pub fn to_pool(pool: &Addr, message: String) -> WasmMsg {
    WasmMsg::Execute { contract_addr: pool.to_string(), msg: message.into_bytes().into(), funds: vec![] }
}

/// Whether the route sells that for this.
pub fn connects(route: &Route, collateral_denom: &str, debt_denom: &str) -> bool {
    route.collateral_denom == collateral_denom && route.debt_denom == debt_denom
}
