//! What a message would do, found by running it in memory.

use cosmwasm_std::{Coin, Deps, Env};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::Amount;
use plimsoll_schema::access::address;
use plimsoll_schema::pool::{MaxAmountResponse, SimulateLiquidationResponse, UserAccount};

use crate::error::ContractError;
use crate::holder::Holder;
use crate::liquidate::{self, TakeTerms};
use crate::markets::Markets;
use crate::{borrow, funds, withdraw};

pub fn simulate_liquidation(
    deps: Deps,
    env: &Env,
    account: &UserAccount,
    collateral_denom: &str,
    repay: &Coin,
    terms: TakeTerms,
) -> Result<SimulateLiquidationResponse, ContractError> {
    let coin = funds::counted(repay)?;
    let (mut markets, mut holder) = load(deps, env, &account.user, account.account_id)?;
    let trade = liquidate::load(deps, &mut markets, &holder, collateral_denom, &coin.denom)?;
    let done = liquidate::apply(deps, &mut markets, &mut holder, trade, &coin, terms)?;
    markets.load_priced(deps, &holder.account)?;
    Ok(SimulateLiquidationResponse {
        liquidation: done.sized,
        refund: coin.amount.saturating_sub(done.sized.repay),
        receive: done.sized.seize.saturating_sub(done.sized.fee),
        payable: done.paid,
        health_factor_after: markets.position(&holder.account)?.health()?.factor_down(),
        written_off: done.losses.is_some(),
    })
}

pub fn max_borrow(
    deps: Deps,
    env: &Env,
    user: &str,
    account_id: Option<u32>,
    denom: &str,
) -> Result<MaxAmountResponse, ContractError> {
    let (mut markets, holder) = load(deps, env, user, account_id)?;
    let id = markets.load_denom(deps, denom)?;
    markets.load_live(deps, &holder.account)?;
    let most = markets.state(id)?.market.state().cash;
    let try_borrow = |amount| {
        attempt(&markets, &holder, |markets, holder| {
            borrow::apply(markets, holder, id, amount)?;
            markets.assert_healthy(deps, holder)
        })
    };
    let amount = largest(most, |amount| try_borrow(amount).is_ok());
    let large_enough =
        try_borrow(amount).is_ok_and(|(markets, holder)| borrow::assert_min_debt(&markets, &holder, id).is_ok());
    Ok(MaxAmountResponse { amount: if large_enough { amount } else { Amount::ZERO } })
}

pub fn max_withdraw(
    deps: Deps,
    env: &Env,
    user: &str,
    account_id: Option<u32>,
    denom: &str,
) -> Result<MaxAmountResponse, ContractError> {
    let (mut markets, holder) = load(deps, env, user, account_id)?;
    let id = markets.load_denom(deps, denom)?;
    let Ok(most) = withdraw::payable(&markets, &holder, id) else {
        return Ok(MaxAmountResponse { amount: Amount::ZERO });
    };
    if !holder.account.debts.is_empty() {
        markets.load_live(deps, &holder.account)?;
    }
    let works = |amount| works_withdraw(deps, &markets, &holder, id, amount);
    Ok(MaxAmountResponse { amount: largest(most, works) })
}

fn works_withdraw(deps: Deps, markets: &Markets, holder: &Holder, id: AssetId, amount: Amount) -> bool {
    let withdrawn = attempt(markets, holder, |markets, holder| {
        withdraw::apply(markets, holder, id, amount)?;
        markets.assert_healthy(deps, holder)
    });
    withdrawn.is_ok()
}

/// Runs a change on a copy, and answers with the copy.
fn attempt<T>(
    markets: &Markets,
    holder: &Holder,
    change: impl Fn(&mut Markets, &mut Holder) -> Result<T, ContractError>,
) -> Result<(Markets, Holder), ContractError> {
    let mut markets = markets.clone();
    let mut holder = holder.clone();
    change(&mut markets, &mut holder)?;
    Ok((markets, holder))
}

/// The largest amount up to `most` that works, found by halving; 0 when none does. What works for an amount works for
/// less.
fn largest(most: Amount, works: impl Fn(Amount) -> bool) -> Amount {
    if works(most) {
        return most;
    }
    let mut good = 0;
    let mut bad = most.raw();
    while let Some(half) = bad.checked_sub(good).and_then(|gap| gap.checked_div(2)).filter(|half| *half > 0) {
        let middle = good.saturating_add(half);
        if works(Amount::new(middle)) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Amount::new(good)
}

fn load(deps: Deps, env: &Env, user: &str, account_id: Option<u32>) -> Result<(Markets, Holder), ContractError> {
    let holder = Holder::load(deps, address(deps.api, user)?, account_id)?;
    Ok((Markets::open(deps, env)?, holder))
}
