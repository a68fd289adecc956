//! `update_config`, `update_oracle`, `update_roles` and `update_owner`: how the pool as a whole is governed.

use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Ratio, Value};
use plimsoll_schema::event;
use plimsoll_schema::ownership::OwnerUpdate;
use plimsoll_schema::pool::Config;

use crate::book::Book;
use crate::error::ContractError;
use crate::state::{ASSET_COUNT, CONFIG, PROPOSED_ORACLE, ROLES, Roles};
use crate::{access, funds};

const TARGET_MAX: Ratio = Ratio::percent(1_000);
const DAY: u64 = 86_400;
/// How far a new oracle's prices may be from the present one's.
const ORACLE_DISTANCE_MAX: Ratio = Ratio::percent(10);
/// The most that may count as dust, and the most that a debt may be asked to be worth, in units of the quote currency: nobody's account of
/// value is swept, and nobody's repayment leaves a debt that could not have been taken.
const DUST_VALUE_MAX: u64 = 1_000;
const MIN_DEBT_VALUE_MAX: u64 = 10_000;

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
    for (name, value, max) in [
        ("dust_value", dust, Value::whole(DUST_VALUE_MAX)),
        ("min_debt_value", config.min_debt_value, Value::whole(MIN_DEBT_VALUE_MAX)),
    ] {
        if value > max {
            return Err(ContractError::ValueTooHigh { name, value, max });
        }
    }
    if !(DAY..=DAY.saturating_mul(365)).contains(&config.reserves_delay) {
        return Err(ContractError::ReservesDelay(config.reserves_delay));
    }
    Ok(())
}

pub fn update_config(deps: DepsMut, info: MessageInfo, config: Config) -> Result<Response, ContractError> {
    funds::none(&info)?;
    access::assert_owner(deps.storage, info.sender.as_str())?;
    validate(deps.as_ref(), &config)?;
    let oracle = CONFIG.load(deps.storage)?.oracle;
    if config.oracle != oracle {
        return Err(ContractError::OracleChange { oracle });
    }
    CONFIG.save(deps.storage, &config)?;
    Ok(Response::new().add_attribute(event::ACTION, "update_config"))
}

pub fn update_oracle(deps: DepsMut, env: Env, info: MessageInfo, oracle: &str) -> Result<Response, ContractError> {
    funds::none(&info)?;
    access::assert_owner(deps.storage, info.sender.as_str())?;
    let oracle = access::address(deps.api, oracle)?.into_string();
    let now = env.block.time.seconds();
    let mut config = CONFIG.load(deps.storage)?;
    let announced = PROPOSED_ORACLE.load(deps.storage)?.filter(|(proposed, _)| *proposed == oracle);
    let response = Response::new().add_attribute(event::ACTION, "update_oracle").add_attribute("oracle", &oracle);
    let Some((_, effective_at)) = announced else {
        let effective_at = now.saturating_add(config.reserves_delay);
        PROPOSED_ORACLE.save(deps.storage, &Some((oracle, effective_at)))?;
        return Ok(response.add_attribute("effective_at", effective_at.to_string()));
    };
    if now < effective_at {
        return Err(ContractError::OracleTooEarly { effective_at, now });
    }
    assert_near(deps.as_ref(), &env, &oracle)?;
    config.oracle = oracle;
    CONFIG.save(deps.storage, &config)?;
    PROPOSED_ORACLE.save(deps.storage, &None)?;
    Ok(response)
}

/// Under a new oracle every market must have a price, or its accounts could neither borrow nor be liquidated; and not another one, or they
/// could be liquidated at once.
fn assert_near(deps: Deps, env: &Env, oracle: &str) -> Result<(), ContractError> {
    let mut present = Book::open(deps, env)?;
    let mut next = present.clone();
    next.config.oracle = oracle.to_owned();
    for id in (0..ASSET_COUNT.load(deps.storage)?).map(AssetId) {
        for book in [&mut present, &mut next] {
            book.load(deps, id)?;
            book.load_prices(deps)?;
        }
        let new = next.quote(id)?.mid;
        let Ok(old) = present.quote(id).map(|quote| quote.mid) else { continue };
        let (lowest, highest) = (
            old.share_down(Ratio::ONE.saturating_sub(ORACLE_DISTANCE_MAX)),
            old.share_up(ORACLE_DISTANCE_MAX.plus_one()),
        );
        if new < lowest || new > highest {
            let denom = present.denom(id)?;
            return Err(ContractError::OracleTooFar { denom, new, old, max: ORACLE_DISTANCE_MAX });
        }
    }
    Ok(())
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
