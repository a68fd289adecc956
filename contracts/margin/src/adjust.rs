//! `adjust`: borrow and buy more, or sell and repay.

use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::margin::{Adjust, Target};

use crate::account::Account;
use crate::error::ContractError;
use crate::plan::{Plan, assert_debt, assert_received};
use crate::scene::Scene;
use crate::size::{self, Purchase, Sale, Way};
use crate::trade::{self, Trade, assert_route, reversed};

pub fn plan(scene: &Scene, order: &Adjust) -> Result<Plan, ContractError> {
    let Adjust { collateral_denom, debt_denom, hops, .. } = order;
    assert_route(debt_denom, collateral_denom, hops)?;
    match order.to {
        Target::Borrow(amount) => buy(scene, order, trade::of_offer(scene, debt_denom, hops, amount)?),
        Target::Sell(amount) => {
            let trade = trade::of_offer(scene, collateral_denom, &reversed(debt_denom, hops), amount)?;
            let owed = Account::load(scene)?.owed(debt_denom)?;
            sell(scene, order, trade, owed)
        }
        Target::Leverage(leverage) => to_leverage(scene, order, leverage),
    }
}

fn to_leverage(scene: &Scene, order: &Adjust, leverage: Ratio) -> Result<Plan, ContractError> {
    let Adjust { collateral_denom, debt_denom, hops, .. } = order;
    let none = Amount::ZERO;
    let purchase = Purchase { collateral_denom, debt_denom, hops, collateral: none, debt: none };
    let back = reversed(debt_denom, hops);
    let sale = Sale { collateral_denom, hops: &back };
    match size::either(scene, &purchase, &sale, leverage)? {
        Way::Buy(_) if order.max_debt.is_none() => Err(ContractError::MaxDebtMissing { leverage }),
        Way::Buy(trade) => buy(scene, order, trade),
        Way::Sell(..) if order.max_sold.is_none() => Err(ContractError::MaxSoldMissing { leverage }),
        Way::Sell(trade, owed) => sell(scene, order, trade, owed),
    }
}

fn buy(scene: &Scene, order: &Adjust, trade: Trade) -> Result<Plan, ContractError> {
    let Adjust { collateral_denom, debt_denom, .. } = order;
    let borrowed = trade.sold();
    let bought = trade.bought();
    assert_debt(debt_denom, borrowed, order.max_debt.unwrap_or(Amount::MAX))?;
    assert_received(collateral_denom, bought, order.min_received)?;
    Ok(Plan {
        action: "adjust",
        actions: vec![scene.deposit(collateral_denom, bought), scene.borrow(debt_denom, borrowed)],
        purse: vec![],
        comes_in: borrowed,
        due: bought,
        trade,
    })
}

fn sell(scene: &Scene, order: &Adjust, trade: Trade, owed: Amount) -> Result<Plan, ContractError> {
    let Adjust { collateral_denom, debt_denom, .. } = order;
    let sold = trade.sold();
    let bought = trade.bought();
    if let Some(max) = order.max_sold.filter(|max| sold > *max) {
        return Err(ContractError::MaxSold { denom: collateral_denom.clone(), sold, max });
    }
    assert_received(debt_denom, bought, order.min_received)?;
    let repaid = bought.min(owed);
    Ok(Plan {
        action: "adjust",
        actions: vec![scene.repay(debt_denom, repaid), scene.withdraw(collateral_denom, sold)],
        purse: vec![],
        comes_in: sold,
        due: repaid,
        trade,
    })
}
