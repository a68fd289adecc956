//! Who may govern, how fast, and how far.

use plimsoll_risk::params::{AssetParams, RAMP_MIN};
use plimsoll_schema::ownership::Ownership;

use super::{Case, number, said};
use crate::exact::{ONE, over};
use crate::op::{Handover, Op};
use crate::view::{Asset, View};

const WEEK: u64 = 7 * 86_400;

pub fn judge(case: &Case) {
    // A contract that was handed a role in the middle of a loan is nobody here.
    if matches!(case.op, Op::Flash { .. }) {
        assert!(case.before.roles == case.after.roles, "roles changed in the middle of a loan");
        return;
    }
    roles_alone_may(case);
    parameters_change_by_update_asset(case);
    thresholds_fall_slowly(case);
    ownership_moves_in_two_steps(case.before.owner(), case.after.owner(), case, false);
    ownership_moves_in_two_steps(&case.before.oracle_config.ownership, &case.after.oracle_config.ownership, case, true);
    reserves_leave_with_notice(case);
    oracles_change_with_notice(case);
}

fn sender<'a>(case: &'a Case) -> &'a str {
    case.outcome.sender.map_or("", |person| case.stage.people[person].as_str())
}

/// Each governing message that succeeded came from the role that it asks for.
fn roles_alone_may(case: &Case) {
    if case.outcome.result.is_err() {
        return;
    }
    let (roles, sender) = (&case.before.roles, sender(case));
    let is = |named: &Option<String>| named.as_deref() == Some(sender);
    let owner = roles.ownership.owner == sender;
    let may = match case.op {
        Op::InitAsset { .. } | Op::Unpause { .. } | Op::UpdateConfig { .. } | Op::UpdateOracle { .. } => owner,
        Op::UpdateRoles { .. } | Op::RequestReserves { .. } => owner,
        Op::CancelReserves { .. } | Op::WithdrawReserves { .. } => owner,
        Op::UpdateAsset { .. } => owner || is(&roles.risk_manager),
        Op::Pause { .. } => owner || is(&roles.guardian),
        Op::SetSource { .. } | Op::CancelSource { .. } => case.before.oracle_config.ownership.owner == sender,
        Op::RepayFlashLoan { .. } | Op::Callback { .. } | Op::Stray { .. } => false,
        _ => true,
    };
    assert!(may, "{sender} did what is not his");
}

/// Nothing but `update_asset`, `pause` and `unpause` changes parameters, and the risk manager only tightens.
fn parameters_change_by_update_asset(case: &Case) {
    let tightens_only = case.before.owner().owner != sender(case);
    for (old, new) in case.before.assets.iter().zip(&case.after.assets) {
        let (a, b) = (&old.params, &new.params);
        assert!(a.denom == b.denom && a.decimals == b.decimals, "{} is another token", a.denom);
        let switched = a.enabled != b.enabled;
        let rest = |p: &AssetParams| AssetParams { enabled: a.enabled, ..p.clone() };
        match case.op {
            Op::UpdateAsset { .. } => {
                assert!(!switched, "update_asset switched {}", a.denom);
                assert!(!tightens_only || is_tighter(a, b, case.after.now), "{}: the risk manager loosened", a.denom);
            }
            Op::Pause { .. } => {
                assert!(rest(a) == rest(b), "pause changed more than switches");
                let opened = |before: bool, after: bool| after && !before;
                let (x, y) = (a.enabled, b.enabled);
                let opens =
                    opened(x.deposit, y.deposit) || opened(x.borrow, y.borrow) || opened(x.flash_loan, y.flash_loan);
                assert!(!opens, "pause opened {}", a.denom);
            }
            Op::Unpause { .. } => assert!(rest(a) == rest(b), "unpause changed more than switches"),
            _ => assert!(a == b, "parameters of {} changed", a.denom),
        }
    }
}

fn is_tighter(old: &AssetParams, new: &AssetParams, now: u64) -> bool {
    let times = [now, now + RAMP_MIN, old.liquidation_threshold.ends_at, new.liquidation_threshold.ends_at, u64::MAX];
    // Both lines round: up to a step of 10⁻¹⁸.
    let lower = |time: &u64| {
        let time = (*time).max(now);
        new.liquidation_threshold.at(time).raw() <= old.liquidation_threshold.at(time).raw() + 1
    };
    let same = AssetParams {
        max_loan_to_value: old.max_loan_to_value,
        liquidation_threshold: old.liquidation_threshold,
        supply_cap: old.supply_cap,
        borrow_cap: old.borrow_cap,
        ..new.clone()
    };
    same == *old
        && new.max_loan_to_value <= old.max_loan_to_value
        && new.supply_cap <= old.supply_cap
        && new.borrow_cap <= old.borrow_cap
        && times.iter().all(lower)
}

/// A threshold never falls at once: at this block it is what it was, and a way down takes three days at least.
fn thresholds_fall_slowly(case: &Case) {
    for (old, new) in case.before.assets.iter().zip(&case.after.assets) {
        let (a, b, now) = (&old.params.liquidation_threshold, &new.params.liquidation_threshold, case.after.now);
        assert!(a == b || b.at(now) >= a.at(now), "the threshold of {} fell at once", new.params.denom);
        let falls = a != b && b.to < b.from && now < b.ends_at;
        assert!(!falls || b.ends_at >= b.starts_at + RAMP_MIN, "the threshold of {} falls too fast", new.params.denom);
        assert!(new.params.max_loan_to_value < b.to, "max LTV of {} is not below its threshold", new.params.denom);
    }
}

fn ownership_moves_in_two_steps(old: &Ownership, new: &Ownership, case: &Case, oracle: bool) {
    if old == new || case.before.oracle != case.after.oracle {
        return;
    }
    let (sender, is_proposed) = (sender(case), old.proposed.as_deref() == Some(sender(case)));
    let fits = match *case.op {
        Op::UpdateOwner { oracle: of, step, .. } if of == oracle => match step {
            Handover::Propose(person) => {
                old.owner == sender
                    && new.owner == old.owner
                    && new.proposed.as_deref() == Some(case.stage.people[person].as_str())
            }
            Handover::Accept => is_proposed && new.owner == sender && new.proposed.is_none(),
            Handover::Cancel => old.owner == sender && new.owner == old.owner && new.proposed.is_none(),
        },
        _ => false,
    };
    assert!(fits, "ownership went from {old:?} to {new:?} by {sender}");
}

/// Reserves leave as announced: not before the delay, not a week after it, to whom it was said, and the floor stays in.
fn reserves_leave_with_notice(case: &Case) {
    for event in case.acted("withdraw_reserves") {
        let denom = said(event, "denom").expect("it names its denom");
        let at = case.before.assets.iter().position(|a| a.params.denom == denom).expect("it is listed");
        let request = case.before.requests.get(&at).expect("it was announced");
        let now = case.after.now;
        assert!(now >= request.effective_at && now <= request.effective_at + WEEK, "reserves left outside their week");
        assert_eq!(number(event, "amount"), request.amount.raw(), "another amount than announced");
        let person = case.stage.person(Some(&request.recipient)).expect("one of us");
        let denom = case.before.assets[at].denom;
        let got = case.after.wallets[person][denom] - case.before.wallets[person][denom];
        assert_eq!(got, request.amount.raw(), "the recipient got something else");
        assert!(!case.after.requests.contains_key(&at), "the same notice pays twice");
        assert!(above_floor(&case.after.assets[at]), "the floor of {} left", case.after.assets[at].params.denom);
    }
    for (at, request) in &case.after.requests {
        let is_new = case.before.requests.get(at) != Some(request);
        assert!(!is_new || request.effective_at >= case.after.now + 86_400, "reserves leave without a day's notice");
    }
}

fn above_floor(asset: &Asset) -> bool {
    let floor = over(&[asset.debt(), asset.params.reserve_floor.raw()], &[ONE]);
    crate::exact::whole(asset.stored.reserves.raw()) >= floor
}

/// Another oracle comes a delay after its announcement, and prices what is listed as the present one does, within a tenth.
fn oracles_change_with_notice(case: &Case) {
    let (old, new): (&View, &View) = (case.before, case.after);
    if old.oracle == new.oracle {
        return;
    }
    let announced = old.proposed_oracle.as_ref().expect("it was announced");
    assert_eq!(announced.0, new.config.oracle, "another was announced");
    assert!(announced.1 <= new.now, "before its time");
    for asset in &new.assets {
        let (a, b) = (old.prices(asset), new.prices(asset));
        let valid = a.low.is_some();
        assert!(b.low.is_some(), "{} has no price now", asset.params.denom);
        let (a, b) = (a.collateral, b.collateral);
        assert!(!valid || (b / 9 <= a / 8 && b >= a / 10 * 9 - 10), "{} is priced {b} after {a}", asset.params.denom);
    }
}
