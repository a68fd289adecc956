//! `close`: repay all of a debt out of a collateral.

use plimsoll_schema::margin::{Close, Rest};

use crate::account::Account;
use crate::error::ContractError;
use crate::plan::{Plan, assert_received};
use crate::scene::Scene;
use crate::trade::{self, assert_route};

pub fn plan(scene: &Scene, order: &Close) -> Result<Plan, ContractError> {
    let Close { collateral_denom, debt_denom, hops, .. } = order;
    assert_route(collateral_denom, debt_denom, hops)?;
    let account = Account::load(scene)?;
    let owed = account.owed(debt_denom)?;
    let supplied = account.supplied(collateral_denom)?;
    let rest = order.rest.unwrap_or_default();
    let trade = match rest {
        Rest::Sold => trade::of_offer(scene, collateral_denom, hops, supplied)?,
        Rest::Withdrawn | Rest::Kept => trade::of_return(scene, collateral_denom, hops, owed)?,
    };
    let sold = trade.sold();
    if sold > supplied {
        return Err(ContractError::InsufficientDeposit { denom: collateral_denom.clone(), wanted: sold, supplied });
    }
    let returned = trade.bought();
    if returned < owed {
        return Err(ContractError::DebtUncovered { denom: debt_denom.clone(), returned, owed });
    }
    let (denom, left) = match rest {
        Rest::Sold => (debt_denom, returned.saturating_sub(owed)),
        Rest::Withdrawn | Rest::Kept => (collateral_denom, supplied.saturating_sub(sold)),
    };
    assert_received(denom, left, order.min_received)?;
    let withdrawn = if rest == Rest::Kept { sold } else { supplied };
    Ok(Plan {
        action: "close",
        actions: vec![scene.repay(debt_denom, owed), scene.withdraw(collateral_denom, withdrawn)],
        purse: vec![],
        comes_in: withdrawn,
        due: owed,
        trade,
    })
}
