//! `update_config`, `update_roles` and `update_owner`: how the pool as a whole is governed.

use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::units::Ratio;
use plimsoll_schema::event;
use plimsoll_schema::ownership::OwnerUpdate;
use plimsoll_schema::pool::Config;

use crate::book::Book;
use crate::error::ContractError;
use crate::state::{ASSET_COUNT, CONFIG, ROLES, Roles};
use crate::{access, funds};

const TARGET_MAX: Ratio = Ratio::percent(1_000);
const DAY: u64 = 86_400;

/// Whether the settings may be used. The error names the first that may not.
pub fn validate(deps: Deps, config: &Config) -> Result<(), ContractError> {
    access::address(deps.api, &config.oracle)?;
    let (target, dust) = (config.liquidation.target_health_factor, config.liquidation.dust_value);
    if target <= Ratio::ONE || target > TARGET_MAX {
        return Err(ContractError::TargetHealthFactor(target));
    }
    if dust.is_zero() || config.min_debt_value <= dust {
        return Err(ContractError::MinDebt { min_debt: config.min_debt_value, dust });
    }
    if !(DAY..=DAY.saturating_mul(365)).contains(&config.reserves_delay) {
        return Err(ContractError::ReservesDelay(config.reserves_delay));
    }
    Ok(())
}

pub fn update_config(deps: DepsMut, env: Env, info: MessageInfo, config: Config) -> Result<Response, ContractError> {
    funds::none(&info)?;
    access::assert_owner(deps.storage, info.sender.as_str())?;
    validate(deps.as_ref(), &config)?;
    CONFIG.save(deps.storage, &config)?;

    // Under a new oracle every market must have a price, or its accounts could neither borrow nor be liquidated.
    let mut book = Book::open(deps.as_ref(), &env)?;
    for id in 0..ASSET_COUNT.load(deps.storage)? {
        let id = plimsoll_risk::params::AssetId(id);
        book.load(deps.as_ref(), id)?;
        book.load_prices(deps.as_ref())?;
        if let Err(fault) = &book.state(id)?.mark.quote {
            return Err(ContractError::Price { denom: book.denom(id)?, fault: fault.clone() });
        }
    }
    Ok(Response::new().add_attribute(event::ACTION, "update_config"))
}

pub fn update_roles(
    deps: DepsMut,
    info: MessageInfo,
    risk_manager: Option<String>,
    guardian: Option<String>,
) -> Result<Response, ContractError> {
    funds::none(&info)?;
    access::assert_owner(deps.storage, info.sender.as_str())?;
    let Roles { ownership, .. } = ROLES.load(deps.storage)?;
    let risk_manager = access::valid(deps.api, risk_manager)?;
    let guardian = access::valid(deps.api, guardian)?;
    ROLES.save(deps.storage, &Roles { ownership, risk_manager, guardian })?;
    Ok(Response::new().add_attribute(event::ACTION, "update_roles"))
}

pub fn update_owner(deps: DepsMut, info: MessageInfo, step: OwnerUpdate) -> Result<Response, ContractError> {
    funds::none(&info)?;
    if let OwnerUpdate::Propose { owner } = &step {
        access::address(deps.api, owner)?;
    }
    let mut roles = ROLES.load(deps.storage)?;
    roles.ownership = roles.ownership.update(info.sender.as_str(), step)?;
    ROLES.save(deps.storage, &roles)?;
    Ok(Response::new().add_attribute(event::ACTION, "update_owner"))
}
