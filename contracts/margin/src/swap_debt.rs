//! `swap_debt`: replace a debt with another.

use plimsoll_schema::margin::SwapDebt;

use crate::account::Account;
use crate::error::ContractError;
use crate::plan::{Plan, assert_debt};
use crate::scene::Scene;
use crate::trade::{self, assert_route};

pub fn plan(scene: &Scene, order: &SwapDebt) -> Result<Plan, ContractError> {
    let SwapDebt { from, to, hops, .. } = order;
    assert_route(to, from, hops)?;
    let owed = Account::load(scene)?.owed(from)?;
    let repaid = order.amount.map_or(owed, |amount| amount.min(owed));
    let trade = trade::of_return(scene, to, hops, repaid)?;
    let borrowed = trade.sold();
    assert_debt(to, borrowed, order.max_debt)?;
    Ok(Plan {
        action: "swap_debt",
        actions: vec![scene.repay(from, repaid), scene.borrow(to, borrowed)],
        purse: vec![],
        comes_in: borrowed,
        due: repaid,
        trade,
    })
}
