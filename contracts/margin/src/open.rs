//! `open`: deposit the attached coin and what is bought with a debt.

use cosmwasm_std::Coin;
use plimsoll_risk::units::Amount;
use plimsoll_schema::funds::listed;
use plimsoll_schema::margin::{Open, Size};

use crate::coins::counted;
use crate::error::ContractError;
use crate::plan::{Plan, assert_debt, assert_received};
use crate::scene::Scene;
use crate::size::{self, Purchase};
use crate::trade::{self, assert_route};

pub fn plan(scene: &Scene, order: &Open, funds: &[Coin]) -> Result<Plan, ContractError> {
    let Open { collateral_denom, debt_denom, hops, .. } = order;
    assert_route(debt_denom, collateral_denom, hops)?;
    let attached = attached(order, funds)?;
    let trade = match order.size {
        Size::Borrow(amount) => trade::of_offer(scene, debt_denom, hops, amount.checked_add(attached.debt)?)?,
        Size::Leverage(leverage) => {
            let Attached { collateral, debt } = attached;
            size::purchase(scene, &Purchase { collateral_denom, debt_denom, hops, collateral, debt }, leverage)?
        }
    };
    let borrowed = trade.sold().saturating_sub(attached.debt);
    let bought = trade.bought();
    assert_debt(debt_denom, borrowed, order.max_debt.unwrap_or(Amount::MAX))?;
    assert_received(collateral_denom, bought, order.min_received)?;
    // First the deposit: it is into an account without this debt, whose health nothing can be bought for.
    let deposit = scene.deposit(collateral_denom, bought.checked_add(attached.collateral)?);
    Ok(Plan {
        action: "open",
        actions: vec![deposit, scene.borrow(debt_denom, borrowed)],
        purse: if attached.collateral.is_zero() { vec![] } else { funds.to_vec() },
        comes_in: trade.sold(),
        due: bought,
        trade,
    })
}

/// The attached coin, as one of the two denoms.
struct Attached {
    collateral: Amount,
    debt: Amount,
}

fn attached(order: &Open, funds: &[Coin]) -> Result<Attached, ContractError> {
    let Open { collateral_denom, debt_denom, .. } = order;
    match funds {
        [coin] if coin.denom == *collateral_denom && !coin.amount.is_zero() => {
            Ok(Attached { collateral: counted(coin)?, debt: Amount::ZERO })
        }
        [coin] if coin.denom == *debt_denom && !coin.amount.is_zero() => {
            Ok(Attached { collateral: Amount::ZERO, debt: counted(coin)? })
        }
        _ => Err(ContractError::OpeningCoin {
            collateral_denom: collateral_denom.clone(),
            debt_denom: debt_denom.clone(),
            sent: listed(funds),
        }),
    }
}
