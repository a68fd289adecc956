//! `update_config`, `update_oracle`, `update_roles` and `update_owner`: how the pool as a whole is governed.

use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::price::PriceFault;
use plimsoll_risk::units::{Ratio, Value};
use plimsoll_schema::access::address;
use plimsoll_schema::event;
use plimsoll_schema::ownership::OwnerUpdate;
use plimsoll_schema::pool::Config;

use crate::error::ContractError;
use crate::init_asset::assert_divisible;
use crate::prices::Prices;
use crate::state::{ASSET_COUNT, ASSET_PARAMS, CONFIG, PROPOSED_ORACLE, ROLES, Roles, SPARED_UNTIL};
use crate::{access, funds};

const TARGET_MAX: Ratio = Ratio::percent(1_000);
const DAY: u64 = 86_400;
/// The longest notice of a change of the oracle: thirty days. Where the owner is a timelock it is 0, and the timelock's
/// delay the only one.
pub const ORACLE_DELAY_MAX: u64 = 30 * DAY;
/// How long an announced oracle can take over: a notice that never expired would be none.
const ORACLE_WINDOW: u64 = 7 * DAY;
/// The most that may count as dust, in units of the quote currency. What counts as dust is what a stranger's
/// `write_off` or a part liquidation may cost a debt's lenders though it could be paid, so it is a few units.
pub const DUST_VALUE_MAX: u64 = 5;
/// The most that a debt may be asked to be worth, in units of the quote currency.
pub const MIN_DEBT_VALUE_MAX: u64 = 100;

/// Whether the settings may be used. The error names the first that may not.
pub fn validate(deps: Deps, config: &Config, now: u64) -> Result<(), ContractError> {
    address(deps.api, &config.oracle)?;
    let target = config.liquidation.target_health_factor;
    let dust = config.liquidation.dust_value;
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
    if config.oracle_delay > ORACLE_DELAY_MAX {
        return Err(ContractError::OracleDelay(config.oracle_delay));
    }
    if !config.halt_grace.is_valid() {
        return Err(ContractError::HaltGrace(config.halt_grace));
    }
    assert_same_gap(config, &Prices::open(deps, &config.oracle, now)?)
}

/// What is a halt to the pool is a gap to its oracle. Were the oracle's shorter, a pause that is no halt would start
/// its one grace a day; were it longer, none would follow a halt.
fn assert_same_gap(config: &Config, prices: &Prices) -> Result<(), ContractError> {
    let pool = config.halt_grace.gap;
    let oracle = prices.heartbeat().gap;
    if pool > 0 && pool != oracle { Err(ContractError::HaltGap { pool, oracle }) } else { Ok(()) }
}

pub fn update_config(deps: DepsMut, env: &Env, info: &MessageInfo, config: Config) -> Result<Response, ContractError> {
    funds::none(info)?;
    access::assert_owner(deps.storage, info.sender.as_str())?;
    validate(deps.as_ref(), &config, env.block.time.seconds())?;
    let Config { oracle, liquidation, .. } = CONFIG.load(deps.storage)?;
    if config.oracle != oracle {
        return Err(ContractError::OracleChange { oracle });
    }
    if config.liquidation.dust_value < liquidation.dust_value {
        assert_all_divisible(deps.as_ref(), &config, env.block.time.seconds())?;
    }
    CONFIG.save(deps.storage, &config)?;
    Ok(Response::new().add_attribute(event::ACTION, "update_config"))
}

/// What is listed may be held in units that are worth less than dust, and so it stays.
fn assert_all_divisible(deps: Deps, config: &Config, now: u64) -> Result<(), ContractError> {
    let mut prices = Prices::open(deps, &config.oracle, now)?;
    for id in 0..ASSET_COUNT.load(deps.storage)? {
        let params = ASSET_PARAMS.may_load(deps.storage, id)?.ok_or(ContractError::UnknownAsset(AssetId(id)))?;
        assert_divisible(&prices.mark(deps, &params.denom)?, &params, config.liquidation.dust_value)?;
    }
    Ok(())
}

pub fn update_oracle(deps: DepsMut, env: &Env, info: &MessageInfo, oracle: &str) -> Result<Response, ContractError> {
    funds::none(info)?;
    access::assert_owner(deps.storage, info.sender.as_str())?;
    let oracle = address(deps.api, oracle)?.into_string();
    let now = env.block.time.seconds();
    let mut config = CONFIG.load(deps.storage)?;
    let announced = PROPOSED_ORACLE.load(deps.storage)?.filter(|(proposed, _)| *proposed == oracle);
    let in_time = announced.filter(|(_, effective_at)| now <= effective_at.saturating_add(ORACLE_WINDOW));
    let response = Response::new().add_attribute(event::ACTION, "update_oracle").add_attribute(event::ORACLE, &oracle);
    let effective_at = match in_time {
        Some((_, effective_at)) => effective_at,
        None if config.oracle_delay > 0 => {
            let effective_at = now.saturating_add(config.oracle_delay);
            PROPOSED_ORACLE.save(deps.storage, &Some((oracle, effective_at)))?;
            return Ok(response.add_attribute(event::EFFECTIVE_AT, effective_at.to_string()));
        }
        None => now,
    };
    if now < effective_at {
        return Err(ContractError::OracleTooEarly { effective_at, now });
    }
    let before = *Prices::open(deps.as_ref(), &config.oracle, now)?.heartbeat();
    let mut prices = Prices::open(deps.as_ref(), &oracle, now)?;
    assert_same_gap(&config, &prices)?;
    // Nobody could react while the old one was halted: the new one starts with a grace, and ramps go on from where they
    // were.
    if config.oracle != oracle && before.is_halted(&config.halt_grace, now) {
        SPARED_UNTIL.save(deps.storage, &now.saturating_add(config.halt_grace.grace))?;
    }
    let clock = prices.heartbeat().clock(now);
    for id in 0..ASSET_COUNT.load(deps.storage)? {
        let params = ASSET_PARAMS.may_load(deps.storage, id)?.ok_or(ContractError::UnknownAsset(AssetId(id)))?;
        assert_known(deps.as_ref(), &mut prices, &params.denom)?;
        let moved = params.clone().at_other_clock(before.clock(now), clock);
        if moved != params {
            ASSET_PARAMS.save(deps.storage, id, &moved)?;
        }
    }
    config.oracle = oracle;
    CONFIG.save(deps.storage, &config)?;
    PROPOSED_ORACLE.save(deps.storage, &None)?;
    Ok(response)
}

/// Of every market another oracle must know a price, silent or not, or its accounts could never be liquidated. How far
/// that is from the present one's is for those to judge who had notice: a wrong price couldn't be replaced otherwise.
fn assert_known(deps: Deps, prices: &mut Prices, denom: &str) -> Result<(), ContractError> {
    if prices.mark(deps, denom)?.records().is_empty() {
        return Err(ContractError::Price { denom: denom.to_owned(), fault: PriceFault::Missing {} });
    }
    Ok(())
}

pub fn update_roles(
    deps: DepsMut,
    info: &MessageInfo,
    risk_manager: Option<String>,
    guardian: Option<String>,
) -> Result<Response, ContractError> {
    funds::none(info)?;
    access::assert_owner(deps.storage, info.sender.as_str())?;
    let Roles { ownership, .. } = ROLES.load(deps.storage)?;
    let risk_manager = access::valid(deps.api, risk_manager)?;
    let guardian = access::valid(deps.api, guardian)?;
    ROLES.save(deps.storage, &Roles { ownership, risk_manager, guardian })?;
    Ok(Response::new().add_attribute(event::ACTION, "update_roles"))
}

pub fn update_owner(deps: DepsMut, info: &MessageInfo, step: OwnerUpdate) -> Result<Response, ContractError> {
    funds::none(info)?;
    if let OwnerUpdate::Propose { owner } = &step {
        address(deps.api, owner)?;
    }
    let mut roles = ROLES.load(deps.storage)?;
    roles.ownership = roles.ownership.update(info.sender.as_str(), step)?;
    ROLES.save(deps.storage, &roles)?;
    Ok(Response::new().add_attribute(event::ACTION, "update_owner"))
}
