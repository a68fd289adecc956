//! What is done with a liquidator.

use cosmwasm_std::{Addr, Empty};
use cw_multi_test::{AppResponse, Contract, ContractWrapper};
use plimsoll_liquidator::contract;
use plimsoll_risk::units::Amount;
use plimsoll_schema::liquidator::{ExecuteMsg, Hop, InstantiateMsg, Route};
use plimsoll_schema::pool::{LiquidateItem, LiquidationItem};

use crate::actor::{Actor, OWNER};
use crate::error::WorldError;
use crate::world::World;

/// The liquidator's code.
pub fn liquidator_code() -> Box<dyn Contract<Empty>> {
    let code = ContractWrapper::new(contract::execute, contract::instantiate, contract::query);
    Box::new(code.with_reply(contract::reply).with_migrate(contract::migrate))
}

/// A route through these pairs, each with what it pays, that asks for no profit.
pub fn route(collateral_denom: &str, debt_denom: &str, hops: &[(&Addr, &str)]) -> Route {
    let hops = hops.iter().map(|(pair, ask)| Hop { pair: pair.to_string(), ask_denom: (*ask).to_owned() });
    Route {
        collateral_denom: collateral_denom.to_owned(),
        debt_denom: debt_denom.to_owned(),
        hops: hops.collect(),
        min_profit: Amount::ZERO,
    }
}

impl World {
    /// A liquidator of this pool: its address. Panics when it refuses.
    pub fn liquidator(&mut self) -> Addr {
        let msg = InstantiateMsg { pool: self.pool.to_string() };
        self.deploy(liquidator_code(), OWNER, &msg, &[], "liquidator").unwrap_or_else(|error| panic!("{error}"))
    }

    /// An item that repays at most so much of somebody's debt.
    pub fn item(
        &self,
        user: impl Into<Actor>,
        collateral_denom: &str,
        (denom, amount): (&str, u128),
    ) -> LiquidationItem {
        let item = self.liquidate_item(user, collateral_denom, denom);
        LiquidationItem::Liquidate(LiquidateItem { max_repay: Some(Amount::new(amount)), ..item })
    }

    /// Has the liquidator work these items off, at least so many of them.
    pub fn liquidate_all(
        &mut self,
        sender: impl Into<Actor>,
        liquidator: &Addr,
        items: Vec<LiquidationItem>,
        routes: Vec<Route>,
        min_success: u32,
    ) -> Result<AppResponse, WorldError> {
        let msg = ExecuteMsg::Liquidate { items, routes, min_success };
        self.execute_contract(sender, liquidator, &msg, &[])
    }
}
