//! `provide_liquidity`: both tokens in, shares out.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Storage};
use plimsoll_risk::liquidity::{MINIMUM_LIQUIDITY, check_slippage, first_shares_down, more_shares_down};
use plimsoll_risk::units::{LpShares, Ratio};
use plimsoll_schema::access::address_or;
use plimsoll_schema::event;
use plimsoll_schema::pair::Asset;

use crate::error::ContractError;
use crate::funds;
use crate::settings::listed;
use crate::state::{Ledger, SETTINGS, SHARES};

/// What is provided, for whom, and within which limits.
pub struct Provision {
    pub assets: Vec<Asset>,
    pub slippage_tolerance: Option<Ratio>,
    pub auto_stake: bool,
    pub receiver: Option<String>,
    pub min_lp_to_receive: Option<LpShares>,
}

/// Takes both tokens whole and mints shares by the smaller part. The first provision locks [`MINIMUM_LIQUIDITY`] of
/// them.
pub fn provide_liquidity(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    provision: Provision,
) -> Result<Response, ContractError> {
    let Provision { assets, slippage_tolerance, auto_stake, receiver, min_lp_to_receive } = provision;
    let settings = SETTINGS.load(deps.storage)?;
    let deposits = settings.both("assets", &assets)?;
    let [first, second] = deposits;
    funds::exactly(info, &[(&settings.first, first), (&settings.second, second)])?;
    let receiver = address_or(deps.api, receiver.as_deref(), &info.sender)?;
    if auto_stake {
        return Err(ContractError::AutoStake);
    }

    let mut ledger = Ledger::at(deps.storage, env)?;
    let (minted, locked) = if ledger.total_share.is_zero() {
        (first_shares_down(deposits)?, MINIMUM_LIQUIDITY)
    } else {
        check_slippage(deposits, ledger.reserves, slippage_tolerance)?;
        (more_shares_down(deposits, ledger.reserves, ledger.total_share)?, LpShares::ZERO)
    };
    let shares = minted.checked_sub(locked)?;
    if let Some(wanted) = min_lp_to_receive.filter(|wanted| shares < *wanted) {
        return Err(ContractError::FewerShares { shares, wanted });
    }

    ledger.add(deposits, minted)?;
    ledger.save(deps.storage)?;
    mint(deps.storage, env.contract.address.as_str(), locked)?;
    mint(deps.storage, receiver.as_str(), shares)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "provide_liquidity")
        .add_attribute(event::SENDER, &info.sender)
        .add_attribute(event::RECEIVER, receiver)
        .add_attribute(event::ASSETS, listed(&assets))
        .add_attribute(event::SHARE, shares.to_string()))
}

fn mint(storage: &mut dyn Storage, owner: &str, shares: LpShares) -> Result<(), ContractError> {
    if shares.is_zero() {
        return Ok(());
    }
    let held = SHARES.may_load(storage, owner)?.unwrap_or_default();
    Ok(SHARES.save(storage, owner, &held.checked_add(shares)?)?)
}
