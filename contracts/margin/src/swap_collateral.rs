//! `swap_collateral`: replace a collateral with another.

use plimsoll_schema::margin::SwapCollateral;

use crate::account::Account;
use crate::error::ContractError;
use crate::plan::{Plan, assert_received};
use crate::scene::Scene;
use crate::trade::{self, assert_route};

pub fn plan(scene: &Scene, order: &SwapCollateral) -> Result<Plan, ContractError> {
    let SwapCollateral { from, to, hops, .. } = order;
    assert_route(from, to, hops)?;
    let amount = match order.amount {
        Some(amount) => amount,
        None => Account::load(scene)?.supplied(from)?,
    };
    let trade = trade::of_offer(scene, from, hops, amount)?;
    let bought = trade.bought();
    assert_received(to, bought, order.min_received)?;
    Ok(Plan {
        action: "swap_collateral",
        actions: vec![scene.withdraw(from, amount), scene.deposit(to, bought)],
        purse: vec![],
        comes_in: amount,
        due: bought,
        trade,
    })
}
