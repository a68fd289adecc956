//! Queries. Each runs the code that execution runs, at this block.

use cosmwasm_std::{Binary, Deps, Env, to_json_binary};
use plimsoll_risk::liquidity::share_down;
use plimsoll_risk::swap::{reverse_swap_up, swap_down};
use plimsoll_risk::units::LpShares;
use plimsoll_schema::access;
use plimsoll_schema::pair::{
    Asset, AssetInfo, BalanceResponse, ConfigResponse, CumulativePricesResponse, PairInfo, PairParams, PairType,
    PoolResponse, QueryMsg, ReverseSimulationResponse, SimulationResponse,
};

use crate::error::ContractError;
use crate::state::{LEDGER, Ledger, SETTINGS, SHARES};

pub fn query(deps: Deps, env: &Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    use QueryMsg as Q;
    let answer = match msg {
        Q::Pair {} => to_json_binary(&pair(deps, env)?),
        Q::Pool {} => to_json_binary(&pool(deps)?),
        Q::Config {} => to_json_binary(&config(deps, env)?),
        Q::Share { amount } => to_json_binary(&share(deps, amount)?),
        Q::Simulation { offer_asset, ask_asset_info } => {
            to_json_binary(&simulation(deps, env, &offer_asset, ask_asset_info.as_ref())?)
        }
        Q::ReverseSimulation { offer_asset_info, ask_asset } => {
            to_json_binary(&reverse_simulation(deps, env, offer_asset_info.as_ref(), &ask_asset)?)
        }
        Q::CumulativePrices {} => to_json_binary(&cumulative_prices(deps, env)?),
        Q::Balance { address } => to_json_binary(&balance(deps, &address)?),
    };
    Ok(answer?)
}

fn pair(deps: Deps, env: &Env) -> Result<PairInfo, ContractError> {
    let asset_infos = SETTINGS.load(deps.storage)?.infos();
    let address = env.contract.address.to_string();
    Ok(PairInfo { asset_infos, contract_addr: address.clone(), liquidity_token: address, pair_type: PairType::Xyk {} })
}

fn pool(deps: Deps) -> Result<PoolResponse, ContractError> {
    let Ledger { reserves, total_share, .. } = LEDGER.load(deps.storage)?;
    Ok(PoolResponse { assets: SETTINGS.load(deps.storage)?.assets(reserves), total_share })
}

fn config(deps: Deps, env: &Env) -> Result<ConfigResponse, ContractError> {
    let params = to_json_binary(&PairParams { fee: SETTINGS.load(deps.storage)?.fee })?;
    let address = env.contract.address.to_string();
    let block_time_last = LEDGER.load(deps.storage)?.updated_at;
    Ok(ConfigResponse { block_time_last, params: Some(params), owner: address.clone(), factory_addr: address })
}

fn share(deps: Deps, shares: LpShares) -> Result<Vec<Asset>, ContractError> {
    let Ledger { reserves, total_share, .. } = LEDGER.load(deps.storage)?;
    Ok(SETTINGS.load(deps.storage)?.assets(share_down(shares, reserves, total_share)?))
}

fn simulation(
    deps: Deps,
    env: &Env,
    offer: &Asset,
    ask: Option<&AssetInfo>,
) -> Result<SimulationResponse, ContractError> {
    let settings = SETTINGS.load(deps.storage)?;
    let side = settings.offer_side(&offer.info, ask)?;
    let reserves = Ledger::at(deps.storage, env)?.reserves(side);
    Ok(swap_down(reserves, offer.amount, settings.fee)?.into())
}

fn reverse_simulation(
    deps: Deps,
    env: &Env,
    offer: Option<&AssetInfo>,
    ask: &Asset,
) -> Result<ReverseSimulationResponse, ContractError> {
    let settings = SETTINGS.load(deps.storage)?;
    let side = settings.offer_side(&ask.info, offer)?.other();
    let reserves = Ledger::at(deps.storage, env)?.reserves(side);
    Ok(reverse_swap_up(reserves, ask.amount, settings.fee)?.into())
}

fn cumulative_prices(deps: Deps, env: &Env) -> Result<CumulativePricesResponse, ContractError> {
    let settings = SETTINGS.load(deps.storage)?;
    let Ledger { reserves, total_share, prices: [in_second, in_first], .. } = Ledger::at(deps.storage, env)?;
    let token = |denom: &String| AssetInfo::native(denom);
    let first = &settings.first;
    let second = &settings.second;
    let cumulative_prices = vec![(token(first), token(second), in_second), (token(second), token(first), in_first)];
    Ok(CumulativePricesResponse { assets: settings.assets(reserves), total_share, cumulative_prices })
}

fn balance(deps: Deps, address: &str) -> Result<BalanceResponse, ContractError> {
    let owner = access::address(deps.api, address)?;
    let balance = SHARES.may_load(deps.storage, owner.as_str())?.unwrap_or_default();
    Ok(BalanceResponse { balance })
}
