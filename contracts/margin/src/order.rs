//! From a message to its plan.

use cosmwasm_std::{Coin, Deps, Env};
use plimsoll_schema::funds::{FundsSent, listed};
use plimsoll_schema::margin::Order;

use crate::error::ContractError;
use crate::plan::Plan;
use crate::scene::Scene;
use crate::state::Settings;
use crate::{adjust, close, open, swap_collateral, swap_debt};

/// The plan of a message, for execution and for a quote. It asks the pool and the pairs, and writes nothing.
pub fn plan<'a>(
    deps: Deps<'a>,
    env: &'a Env,
    settings: &Settings,
    user: String,
    order: Order,
    funds: Vec<Coin>,
) -> Result<(Scene<'a>, Plan), ContractError> {
    if !matches!(order, Order::Open(_)) && !funds.is_empty() {
        return Err(FundsSent { sent: listed(&funds) }.into());
    }
    let account_id = match &order {
        Order::Open(open) => open.account_id,
        Order::Adjust(adjust) => adjust.account_id,
        Order::Close(close) => close.account_id,
        Order::SwapCollateral(swap) => swap.account_id,
        Order::SwapDebt(swap) => swap.account_id,
    };
    let scene = Scene::of(deps, env, settings, user, account_id);
    let plan = match order {
        Order::Open(order) => open::plan(&scene, &order, &funds),
        Order::Adjust(order) => adjust::plan(&scene, &order),
        Order::Close(order) => close::plan(&scene, &order),
        Order::SwapCollateral(order) => swap_collateral::plan(&scene, &order),
        Order::SwapDebt(order) => swap_debt::plan(&scene, &order),
    }?;
    Ok((scene, plan))
}
