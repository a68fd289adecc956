//! Markets, their rates, and whether their books balance.

use cosmwasm_std::{Deps, Env, Uint128};
use plimsoll_risk::params::{AssetId, AssetParams};
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{
    IsolatedDebt, MARKETS_DEFAULT, MARKETS_LIMIT, MarketResponse, MarketsResponse, RatesResponse,
    ReservesRequestResponse, SolvencyResponse,
};

use super::page;
use crate::error::ContractError;
use crate::isolated_debts;
use crate::markets::Markets;
use crate::state::{ASSET_COUNT, MARKETS, RESERVES_REQUESTS};

pub fn market(deps: Deps, env: &Env, denom: &str) -> Result<MarketResponse, ContractError> {
    let mut markets = Markets::open(deps, env)?;
    let id = markets.load_denom(deps, denom)?;
    markets.load_prices(deps)?;
    response(deps, &markets, id)
}

pub fn markets(
    deps: Deps,
    env: &Env,
    start_after: Option<String>,
    limit: Option<u32>,
) -> Result<MarketsResponse, ContractError> {
    let limit = page(limit, MARKETS_DEFAULT, MARKETS_LIMIT)?;
    let mut markets = Markets::open(deps, env)?;
    let first = match start_after {
        Some(denom) => markets.load_denom(deps, &denom)?.0.saturating_add(1),
        None => 0,
    };
    let mut responses = Vec::new();
    for id in (first..ASSET_COUNT.load(deps.storage)?).take(limit).map(AssetId) {
        markets.load(deps, id)?;
        markets.load_prices(deps)?;
        responses.push(response(deps, &markets, id)?);
    }
    Ok(MarketsResponse { markets: responses })
}

fn response(deps: Deps, markets: &Markets, asset: AssetId) -> Result<MarketResponse, ContractError> {
    let state = markets.state(asset)?;
    let stored = MARKETS.may_load(deps.storage, asset.0)?.ok_or(ContractError::UnknownAsset(asset))?;
    Ok(MarketResponse {
        asset,
        params: state.params.clone(),
        stored,
        borrow_index: state.market.state().borrow_index,
        // A market that can't be computed fails no page.
        debt: state.market.debt().unwrap_or(Amount::MAX),
        supply: state.market.supply().unwrap_or(Amount::ZERO),
        reserves: state.market.state().reserves,
        liquidation_threshold: state.params.liquidation_threshold.at(markets.moment().clock),
        isolated_debts: isolated_debts(deps, asset, &state.params)?,
        outflow: markets.outflow_status(deps.storage, asset)?,
    })
}

/// What is owed against an isolated asset, of each denom that has a ceiling.
fn isolated_debts(deps: Deps, asset: AssetId, params: &AssetParams) -> Result<Vec<IsolatedDebt>, ContractError> {
    let owed = |debt| Ok(IsolatedDebt { debt, scaled: isolated_debts::debts_against(deps.storage, asset, debt)? });
    params.isolation.iter().flatten().map(|ceiling| owed(ceiling.debt)).collect()
}

pub fn rates(deps: Deps, env: &Env, denom: &str) -> Result<RatesResponse, ContractError> {
    let mut markets = Markets::open(deps, env)?;
    let id = markets.load_denom(deps, denom)?;
    let state = markets.state(id)?;
    let utilization = state.market.utilization_up()?;
    Ok(RatesResponse {
        utilization,
        borrow_rate: state.market.borrow_rate_up(utilization, &state.params)?,
        liquidity_rate: state.market.liquidity_rate_down(&state.params)?,
    })
}

pub fn solvency(deps: Deps, env: &Env, denom: &str) -> Result<SolvencyResponse, ContractError> {
    let mut markets = Markets::open(deps, env)?;
    let id = markets.load_denom(deps, denom)?;
    let market = &markets.state(id)?.market;
    let ledger = market.state();
    let debt = market.debt()?;
    let supply = market.supply()?;
    let balance = deps.querier.query_balance(&env.contract.address, denom)?.amount;
    let bank_balance = Amount::new(Uint128::try_from(balance).unwrap_or(Uint128::MAX).u128());
    let claims = market.shares_value_down(ledger.supply_shares)?;
    Ok(SolvencyResponse {
        bank_balance,
        cash: ledger.cash,
        lent: ledger.lent,
        debt,
        reserves: ledger.reserves,
        supply,
        claims,
        solvent: bank_balance >= ledger.cash && claims <= supply,
    })
}

pub fn reserves_request(deps: Deps, env: &Env, denom: &str) -> Result<ReservesRequestResponse, ContractError> {
    let mut markets = Markets::open(deps, env)?;
    let id = markets.load_denom(deps, denom)?;
    Ok(ReservesRequestResponse { request: RESERVES_REQUESTS.may_load(deps.storage, id.0)? })
}
