//! `quote`: what a message would do.

use cosmwasm_std::{Binary, Coin, Deps, Env, to_json_binary};
use plimsoll_risk::units::Amount;
use plimsoll_schema::access::address;
use plimsoll_schema::margin::{Order, QuoteResponse};
use plimsoll_schema::pool::{QueryMsg, UserPositionResponse};

use crate::coins::coin;
use crate::error::ContractError;
use crate::order::plan;
use crate::plan::Plan;
use crate::sale;
use crate::state::SETTINGS;

/// The plan that the message would send, and what the pool says of the account after it.
pub fn quote(deps: Deps, env: &Env, user: &str, order: Order, funds: Vec<Coin>) -> Result<Binary, ContractError> {
    let settings = SETTINGS.load(deps.storage)?;
    let user = address(deps.api, user)?.into_string();
    let (scene, plan) = plan(deps, env, &settings, user, order, funds)?;
    let paid = paid(deps, env, &plan)?;
    let Plan { actions, trade, .. } = plan;
    let position: UserPositionResponse = scene.ask_pool(&QueryMsg::Simulate {
        user: scene.user.clone(),
        account_id: scene.account_id,
        actions: actions.clone(),
    })?;
    Ok(to_json_binary(&QuoteResponse {
        actions,
        sold: coin(&trade.from, trade.sold()),
        bought: coin(trade.to(), trade.bought()),
        fee: trade.fee,
        paid,
        position,
    })?)
}

/// What comes in and is not sold, what is bought and not due, and whatever the contract holds before.
fn paid(deps: Deps, env: &Env, plan: &Plan) -> Result<Vec<Coin>, ContractError> {
    let Plan { trade, comes_in, due, .. } = plan;
    let mut left = sale::rest(deps, env, trade)?;
    let more = [(trade.from.as_str(), *comes_in, trade.sold()), (trade.to(), trade.bought(), *due)];
    for (denom, gained, used) in more {
        let kept: Amount = gained.saturating_sub(used);
        for held in left.iter_mut().filter(|held| held.denom == denom) {
            held.amount = held.amount.saturating_add(coin(denom, kept).amount);
        }
    }
    left.retain(|coin| !coin.amount.is_zero());
    Ok(left)
}
