//! What owner, risk manager and guardian ask of the pool.

use plimsoll_pool::state::{ASSET_IDS, ASSET_PARAMS, MARKETS};
use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_risk::liquidation::LiquidationTerms;
use plimsoll_risk::math::ONE;
use plimsoll_risk::outflow::OutflowLimit;
use plimsoll_risk::params::BonusCurve;
use plimsoll_risk::rates::{Adaptive, Kinked, RateModel};
use plimsoll_risk::units::{Amount, Rate, Ratio, ScaledDebt, Value};
use plimsoll_schema::ownership::OwnerUpdate;
use plimsoll_schema::pool::{AssetChanges, Ceiling, Config, ExecuteMsg, Listed, OutflowChange};

use crate::call::Call;
use crate::cast::{DENOMS, LISTED, share};
use crate::op::{By, Change, Handover, Op};
use crate::stage::{HALT, Stage, asset};

/// The message of a role's operation on the pool; none of another operation.
#[allow(clippy::too_many_lines, reason = "an arm an operation")]
pub fn call(stage: &Stage, op: &Op) -> Option<Call> {
    let [owner, proposed, _, guardian] = stage.roles();
    let name = |denom: usize| DENOMS[denom].to_owned();
    let address = |person: usize| stage.people[person].to_string();
    let (by, rightful, msg) = match *op {
        Op::InitAsset { by, denom, odd } => (by, owner, ExecuteMsg::InitAsset { params: new_asset(stage, denom, odd) }),
        Op::UpdateAsset { by, denom, change } => {
            (by, owner, ExecuteMsg::UpdateAsset { denom: name(denom), changes: changes(stage, denom, change) })
        }
        Op::Pause { by, denom, deposit, borrow, flash_loan } => {
            (by, guardian.or(owner), ExecuteMsg::Pause { denom: denom.map(name), deposit, borrow, flash_loan })
        }
        Op::Unpause { by, denom } => {
            let denom = name(closed(stage, denom));
            (by, owner, ExecuteMsg::Unpause { denom, deposit: true, borrow: true, flash_loan: true })
        }
        Op::UpdateConfig { by, target_percent, dust_cents, min_debt_cents, delay_hours, halt_minutes } => {
            let cents = |n: u64| Value::whole(n).share_down(Ratio::percent(1)).expect("cents fit");
            let oracle = stage.oracles[stage.in_force()].to_string();
            let liquidation = LiquidationTerms {
                target_health_factor: Ratio::percent(target_percent),
                dust_value: cents(dust_cents),
            };
            // The oracle's gap, or off.
            let (gap, grace) = (if halt_minutes == 0 { 0 } else { HALT }, halt_minutes * 60);
            let config = Config {
                oracle,
                liquidation,
                min_debt_value: cents(min_debt_cents),
                reserves_delay: delay_hours * 3_600,
                oracle_delay: delay_hours * 200,
                halt_grace: HaltGrace { gap, grace },
            };
            (by, owner, ExecuteMsg::UpdateConfig { config })
        }
        Op::UpdateOracle { by } => {
            let oracle = stage.oracles[1 - stage.in_force()].to_string();
            (by, owner, ExecuteMsg::UpdateOracle { oracle })
        }
        Op::UpdateRoles { by, risk_manager, guardian } => {
            let (risk_manager, guardian) = (risk_manager.map(address), guardian.map(address));
            (by, owner, ExecuteMsg::UpdateRoles { risk_manager, guardian })
        }
        Op::UpdateOwner { oracle: false, by, step } => {
            let rightful = if step == Handover::Accept { proposed.or(owner) } else { owner };
            (by, rightful, ExecuteMsg::UpdateOwner(handover(stage, step)))
        }
        Op::RequestReserves { by, denom, permille, to } => {
            let (amount, denom) = (Amount::new(share(reserves(stage, denom), permille)), name(denom));
            (by, owner, ExecuteMsg::RequestReserves { denom, amount, recipient: address(to) })
        }
        Op::CancelReserves { by, denom } => (by, owner, ExecuteMsg::CancelReserves(Listed { denom: name(denom) })),
        Op::WithdrawReserves { by, denom } => (by, owner, ExecuteMsg::WithdrawReserves(Listed { denom: name(denom) })),
        _ => return None,
    };
    Some(Call::pool(stage, person(by, rightful), &msg, vec![]))
}

/// Who sends it: a person, or whoever may; the first user when nobody may.
pub fn person(by: By, rightful: Option<usize>) -> usize {
    match by {
        By::Rightful => rightful.unwrap_or(0),
        By::Person(person) => person,
    }
}

/// As both contracts take it.
pub fn handover(stage: &Stage, step: Handover) -> OwnerUpdate {
    match step {
        Handover::Propose(person) => OwnerUpdate::Propose { owner: stage.people[person].to_string() },
        Handover::ProposeTimelock => OwnerUpdate::Propose { owner: stage.timelock.to_string() },
        Handover::Accept => OwnerUpdate::Accept {},
        Handover::Cancel => OwnerUpdate::Cancel {},
    }
}

/// An asset to be listed, or an attempt that must fail.
fn new_asset(stage: &Stage, denom: usize, odd: u8) -> plimsoll_schema::pool::NewAsset {
    let listed =
        |denom: usize| ASSET_IDS.may_load(&*stage.pool(), DENOMS[denom]).expect("numbers can be read").is_some();
    // The first from here on that isn't listed, so that it is not always the same that fails.
    let fresh = (denom..DENOMS.len()).chain(LISTED..denom).find(|denom| !listed(*denom));
    let mut params = asset(fresh.unwrap_or(denom)).params;
    match odd {
        1 => params.max_loan_to_value = params.liquidation_threshold,
        2 => params.liquidation_bonus.full_at = Ratio::ONE,
        3 => params.denom = DENOMS[denom].to_owned(),
        _ => {}
    }
    params
}

/// The market from here on that something is stopped in; this one when there is none.
fn closed(stage: &Stage, denom: usize) -> usize {
    let is_closed = |denom: &usize| {
        let pool = stage.pool();
        let id = ASSET_IDS.may_load(&*pool, DENOMS[*denom]).expect("numbers can be read");
        let params = id.and_then(|id| ASSET_PARAMS.may_load(&*pool, id).expect("parameters can be read"));
        params.is_some_and(|p| !(p.enabled.deposit && p.enabled.borrow && p.enabled.flash_loan))
    };
    (denom..DENOMS.len()).chain(0..denom).find(is_closed).unwrap_or(denom)
}

fn reserves(stage: &Stage, denom: usize) -> u128 {
    market(stage, denom).map_or(0, |market| market.reserves.raw())
}

fn market(stage: &Stage, denom: usize) -> Option<plimsoll_risk::market::Market> {
    let pool = stage.pool();
    let id = ASSET_IDS.may_load(&*pool, DENOMS[denom]).expect("numbers can be read")?;
    MARKETS.may_load(&*pool, id).expect("markets can be read")
}

fn changes(stage: &Stage, denom: usize, change: Change) -> AssetChanges {
    let none = AssetChanges::default();
    let cap = |permille: u32| {
        let market = market(stage, denom);
        let there = market.map_or(0, |m| m.cash.raw().saturating_add(m.debt_scaled.raw())).max(1_000_000);
        Some(Amount::new(share(there, permille)))
    };
    match change {
        Change::MaxLoanToValue { percent } => AssetChanges { max_loan_to_value: Some(Ratio::percent(percent)), ..none },
        Change::Threshold { percent, days } => AssetChanges {
            liquidation_threshold: Some(Ratio::percent(percent)),
            ramp_seconds: days.map(|days| days * 86_400),
            ..none
        },
        Change::Bonus { min, max, full_at } => {
            let [min, max, full_at] = [min, max, full_at].map(Ratio::percent);
            AssetChanges { liquidation_bonus: Some(BonusCurve { min, max, full_at }), ..none }
        }
        Change::ProtocolFee { percent } => {
            AssetChanges { protocol_liquidation_fee: Some(Ratio::percent(percent)), ..none }
        }
        Change::ReserveFactor { percent } => AssetChanges { reserve_factor: Some(Ratio::percent(percent)), ..none },
        Change::ReserveFloor { percent } => AssetChanges { reserve_floor: Some(Ratio::percent(percent)), ..none },
        Change::FlashLoanFee { bps } => AssetChanges { flash_loan_fee: Some(Ratio::bps(bps)), ..none },
        Change::SupplyCap { permille } => AssetChanges { supply_cap: cap(permille), ..none },
        Change::BorrowCap { permille } => AssetChanges { borrow_cap: cap(permille), ..none },
        Change::SaleCost { bps } => AssetChanges { sale_cost: Some(Ratio::bps(bps)), ..none },
        Change::MaxBorrowUtilization { percent } => {
            AssetChanges { max_borrow_utilization: Some(Ratio::percent(percent)), ..none }
        }
        Change::Rates { .. } | Change::Curve { .. } => AssetChanges { rate_model: Some(rates(change)), ..none },
        Change::Outflow { percent, hours, permille, count } => limit(percent, hours, cap(permille), count),
        Change::Isolate { ceilings } => AssetChanges {
            isolated: Some(ceilings.is_some()),
            debt_ceilings: ceilings.map(|ceilings| debt_ceilings(stage, ceilings)),
            ..none
        },
        Change::Silo { on } => AssetChanges { siloed: Some(on), ..none },
        Change::BorrowWeight { percent, days } => AssetChanges {
            borrow_weight: Some(Ratio::percent(percent)),
            ramp_seconds: days.map(|days| days * 86_400),
            ..none
        },
    }
}

fn debt_ceilings(stage: &Stage, ceilings: [u32; LISTED]) -> Vec<Ceiling> {
    let named = ceilings.iter().enumerate().filter(|(_, permille)| **permille > 0);
    let ceiling = |(denom, permille): (usize, &u32)| {
        let held = market(stage, denom)?.cash.raw();
        Some(Ceiling { denom: DENOMS[denom].to_owned(), ceiling: ScaledDebt::new(share(held, *permille)) })
    };
    named.filter_map(ceiling).collect()
}

fn rates(change: Change) -> RateModel {
    let permille = |permille: u64| Rate::new(ONE / 1_000 * u128::from(permille));
    match change {
        Change::Curve { target, steepness, speed, initial, max } => RateModel::Adaptive(Adaptive {
            target_utilization: Ratio::percent(target),
            curve_steepness: Ratio::bps(steepness * 1_000),
            adjustment_speed: Rate::percent(speed * 100),
            initial_rate_at_target: permille(initial),
            min_rate_at_target: permille(1),
            max_rate_at_target: permille(max),
        }),
        Change::Rates { base, slope_1, slope_2, optimal } => {
            let [base, slope_1, slope_2] = [base, slope_1, slope_2].map(Rate::percent);
            RateModel::Kinked(Kinked { optimal_utilization_rate: Ratio::percent(optimal), base, slope_1, slope_2 })
        }
        _ => unreachable!("{change:?} is no change of rates"),
    }
}

/// An outflow limit; none at a share of 0.
fn limit(percent: u64, hours: u64, floor: Option<Amount>, floor_count: u32) -> AssetChanges {
    let (share, window, floor) = (Ratio::percent(percent), hours * 3_600, floor.unwrap_or_default());
    let limit = OutflowLimit { share, window, floor, floor_count };
    let change = if percent == 0 { OutflowChange::Off } else { OutflowChange::Set(limit) };
    AssetChanges { outflow_limit: Some(change), ..AssetChanges::default() }
}
