//! `update_asset`: change an asset's parameters.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Storage};
use plimsoll_risk::params::{AssetParams, DebtCeiling, ParamsError, RAMP_MAX, RAMP_MIN, Ramp};
use plimsoll_risk::units::Ratio;
use plimsoll_schema::event;
use plimsoll_schema::pool::{AssetChanges, Ceiling, OutflowChange};

use crate::error::ContractError;
use crate::markets::{Markets, asset_id};
use crate::state::ASSET_PARAMS;
use crate::{access, funds};

pub fn update_asset(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    denom: &str,
    changes: AssetChanges,
) -> Result<Response, ContractError> {
    funds::none(info)?;
    let tighten_only = access::is_risk_manager_only(deps.storage, info.sender.as_str())?;
    let mut markets = Markets::open(deps.as_ref(), env)?;
    let id = markets.load_denom(deps.as_ref(), denom)?;

    // Ramps run by the clock that leaves the oracle's halts out.
    markets.load_prices(deps.as_ref())?;
    let clock = markets.moment().clock;
    let before = markets.params(id)?.clone();
    if tighten_only {
        assert_tightening(&before, &changes, clock)?;
    }
    let rate_model = changes.rate_model.clone();
    let before = AssetParams { isolation: isolation(deps.storage, &before, &changes)?, ..before };
    let after = changed(before, changes, clock)?.with_rate_model_in_force(markets.now);
    let after = rate_model.into_iter().fold(after, |after, model| after.with_rate_model(model, markets.now));
    after.validate()?;

    // Interest and outflows up to here are the old parameters'; the rate from here on is the new model's.
    ASSET_PARAMS.save(deps.storage, id.0, &after)?;
    markets.set_params(id, after.clone())?;
    markets.save(deps.storage)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "update_asset")
        .add_attribute(event::DENOM, denom)
        .add_attributes(after.next_rate_model.map(|next| (event::EFFECTIVE_AT, next.effective_at.to_string()))))
}

fn changed(mut params: AssetParams, changes: AssetChanges, now: u64) -> Result<AssetParams, ContractError> {
    if let Some(seconds) = changes.ramp_seconds.filter(|seconds| !(RAMP_MIN..=RAMP_MAX).contains(seconds)) {
        return Err(ParamsError::RampLength(seconds).into());
    }
    if let Some(target) = changes.liquidation_threshold {
        let ramp = params.liquidation_threshold;
        let seconds = ramp_seconds(&params, &changes, now);
        assert_slope(ramp.at(now), target, seconds, ramp.least_seconds(target, now), target < ramp.at(now))?;
        params.liquidation_threshold = ramp.toward(target, now, seconds);
    }
    if let Some(target) = changes.borrow_weight {
        let ramp = params.borrow_weight;
        let least = ramp.least_seconds_up(target, now);
        let seconds = changes.ramp_seconds.unwrap_or(least);
        assert_slope(ramp.at(now), target, seconds, least, target > ramp.at(now))?;
        params.borrow_weight = ramp.rising_toward(target, now, seconds);
    }
    let keep = params.with_ramps_ended(now);
    Ok(AssetParams {
        max_loan_to_value: changes.max_loan_to_value.unwrap_or(keep.max_loan_to_value),
        liquidation_bonus: changes.liquidation_bonus.unwrap_or(keep.liquidation_bonus),
        protocol_liquidation_fee: changes.protocol_liquidation_fee.unwrap_or(keep.protocol_liquidation_fee),
        reserve_factor: changes.reserve_factor.unwrap_or(keep.reserve_factor),
        reserve_floor: changes.reserve_floor.unwrap_or(keep.reserve_floor),
        flash_loan_fee: changes.flash_loan_fee.unwrap_or(keep.flash_loan_fee),
        supply_cap: changes.supply_cap.unwrap_or(keep.supply_cap),
        borrow_cap: changes.borrow_cap.unwrap_or(keep.borrow_cap),
        sale_cost: changes.sale_cost.unwrap_or(keep.sale_cost),
        max_borrow_utilization: changes.max_borrow_utilization.unwrap_or(keep.max_borrow_utilization),
        siloed: changes.siloed.unwrap_or(keep.siloed),
        outflow_limit: match changes.outflow_limit {
            None => keep.outflow_limit,
            Some(OutflowChange::Off) => None,
            Some(OutflowChange::Set(limit)) => Some(limit),
        },
        ..keep
    })
}

/// The ceilings, by the numbers of their denoms; none where the asset isn't isolated. Errors where a denom isn't listed,
/// or named twice.
fn isolation(
    storage: &dyn Storage,
    before: &AssetParams,
    changes: &AssetChanges,
) -> Result<Option<Vec<DebtCeiling>>, ContractError> {
    if !changes.isolated.unwrap_or(before.isolation.is_some()) {
        return Ok(None);
    }
    let Some(named) = &changes.debt_ceilings else {
        return Ok(Some(before.isolation.clone().unwrap_or_default()));
    };
    let mut ceilings: Vec<DebtCeiling> = Vec::new();
    for Ceiling { denom, ceiling } in named {
        let debt = asset_id(storage, denom)?;
        if ceilings.iter().any(|other| other.debt == debt) {
            return Err(ContractError::DoubledCeiling { denom: denom.clone() });
        }
        ceilings.push(DebtCeiling { debt, ceiling: *ceiling });
    }
    Ok(Some(ceilings))
}

/// Errors where a change makes liquidation harsher in less than the least time.
fn assert_slope(from: Ratio, to: Ratio, seconds: u64, least: u64, is_harsher: bool) -> Result<(), ParamsError> {
    if is_harsher && seconds < least { Err(ParamsError::RampSlope { from, to, seconds, least }) } else { Ok(()) }
}

/// How long the threshold's ramp takes: as long as is asked for, or as short as is allowed.
fn ramp_seconds(params: &AssetParams, changes: &AssetChanges, now: u64) -> u64 {
    let target = changes.liquidation_threshold.unwrap_or_default();
    changes.ramp_seconds.unwrap_or_else(|| params.liquidation_threshold.least_seconds(target, now))
}

/// The risk manager lowers caps, max LTV, the most utilization and the threshold; never rates, bonuses, fees, reserves
/// or an outflow limit.
fn assert_tightening(params: &AssetParams, changes: &AssetChanges, now: u64) -> Result<(), ContractError> {
    let ramp = ramp_seconds(params, changes, now);
    let loosens = |target| loosens(&params.liquidation_threshold, target, now, ramp);
    let refused = [
        ("max_loan_to_value", changes.max_loan_to_value.is_some_and(|v| v > params.max_loan_to_value)),
        ("liquidation_threshold", changes.liquidation_threshold.is_some_and(loosens)),
        ("supply_cap", changes.supply_cap.is_some_and(|v| v > params.supply_cap)),
        ("borrow_cap", changes.borrow_cap.is_some_and(|v| v > params.borrow_cap)),
        ("max_borrow_utilization", changes.max_borrow_utilization.is_some_and(|v| v > params.max_borrow_utilization)),
        ("liquidation_bonus", changes.liquidation_bonus.is_some()),
        ("protocol_liquidation_fee", changes.protocol_liquidation_fee.is_some()),
        ("reserve_factor", changes.reserve_factor.is_some()),
        ("reserve_floor", changes.reserve_floor.is_some()),
        ("flash_loan_fee", changes.flash_loan_fee.is_some()),
        ("rate_model", changes.rate_model.is_some()),
        ("sale_cost", changes.sale_cost.is_some()),
        ("borrow_weight", changes.borrow_weight.is_some()),
        ("isolated", changes.isolated.is_some()),
        ("debt_ceilings", changes.debt_ceilings.is_some()),
        ("siloed", changes.siloed.is_some()),
        // It holds lenders, who shall see it coming.
        ("outflow_limit", changes.outflow_limit.is_some()),
    ];
    match refused.into_iter().find(|(_, is_refused)| *is_refused) {
        Some((name, _)) => Err(ContractError::NotTightening { name }),
        None => Ok(()),
    }
}

/// Whether this target would put the threshold above what it is now, above where it is heading, or above its way there.
fn loosens(ramp: &Ramp, target: Ratio, now: u64, seconds: u64) -> bool {
    // Both lines start from here: the new one is nowhere above the old one if it isn't where the old one ends.
    target > ramp.at(now).min(ramp.to) || ramp.toward(target, now, seconds).at(ramp.ends_at) > ramp.to
}
