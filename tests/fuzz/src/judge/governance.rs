//! Who may govern, how fast, and how far.

use plimsoll_risk::params::{AssetParams, RAMP_MIN};
use plimsoll_schema::ownership::Ownership;
use plimsoll_schema::pool::ReservesRequest;

use super::{Case, number, said};
use crate::exact::{ONE, over, whole};
use crate::op::Op;
use crate::said;
use crate::value::ramp;
use crate::view::{Asset, View};

const DAY: u64 = 86_400;
const WEEK: u64 = 7 * DAY;

pub fn judge(case: &Case) {
    // A contract that was handed a role in the middle of a loan or a callback is nobody here. Anyone has the timelock accept what was proposed to it.
    if case.is_called() {
        let (old, new) = (&case.before.roles, &case.after.roles);
        let timelock = case.stage.timelock.as_str();
        let accepted = old.ownership.proposed.as_deref() == Some(timelock)
            && new.ownership == Ownership { owner: timelock.to_owned(), proposed: None };
        let rest = (&old.risk_manager, &old.guardian) == (&new.risk_manager, &new.guardian);
        assert!(old == new || (rest && accepted), "roles changed in the middle of a loan");
        return;
    }
    roles_alone_may(case);
    parameters_change_by_update_asset(case);
    settings_change_by_their_messages(case);
    thresholds_fall_slowly(case);
    ownership_moves_in_two_steps(case, case.before.owner(), case.after.owner());
    if case.before.oracle == case.after.oracle {
        let (old, new) = (&case.before.oracle_config.ownership, &case.after.oracle_config.ownership);
        ownership_moves_in_two_steps(case, old, new);
    }
    reserves_leave_with_notice(case);
    oracles_change_with_notice(case);
    another_oracle_starts_with_a_grace(case);
}

/// Each governing message that succeeded came from the role that it asks for; what was applied from the queue came from the timelock.
fn roles_alone_may(case: &Case) {
    if case.outcome.result.is_err() {
        return;
    }
    let (name, sender) = case.effect();
    let roles = &case.before.roles;
    let is = |named: &Option<String>| named.as_deref() == Some(sender.as_str());
    let owner = roles.ownership.owner == sender;
    // What waits may be meant for the oracle that was in force when it was queued.
    let in_force = match case.op {
        Op::Apply { nth, .. } => case
            .before
            .queue
            .get(nth)
            .is_some_and(|entry| entry.contract == case.stage.oracles[case.before.oracle].as_str()),
        _ => true,
    };
    let owns_oracle = !in_force || case.before.oracle_config.ownership.owner == sender;
    let may = match name.as_str() {
        "pool.init_asset" | "pool.unpause" | "pool.update_config" | "pool.update_oracle" => owner,
        "pool.update_roles" | "pool.request_reserves" | "pool.cancel_reserves" => owner,
        "pool.update_asset" => owner || is(&roles.risk_manager),
        "pool.pause" => owner || is(&roles.guardian),
        "oracle.set_source" | "oracle.apply_source" | "oracle.cancel_source" => owns_oracle,
        "oracle.set_fallback" | "oracle.apply_fallback" | "oracle.update_guardian" => owns_oracle,
        "oracle.remove_fallback" => owns_oracle || is(&case.before.oracle_config.guardian),
        "timelock.update_delay" | "timelock.update_roles" => sender == case.stage.timelock.as_str(),
        "pool.repay_flash_loan" | "pool.repay_batch" | "pool.finish_batch" | "liquidator.batch_callback" => false,
        _ => true,
    };
    assert!(may, "{sender} did what is not theirs: {name}");
}

/// Nothing but `update_asset`, `pause` and `unpause` changes parameters, and the risk manager only tightens.
fn parameters_change_by_update_asset(case: &Case) {
    let (name, sender) = case.effect();
    let tightens_only = case.before.owner().owner != sender;
    for (old, new) in case.before.assets.iter().zip(&case.after.assets) {
        let (a, b) = (&old.params, &new.params);
        assert!(a.denom == b.denom && a.decimals == b.decimals, "{} is another token", a.denom);
        let switched = a.enabled != b.enabled;
        let rest = |p: &AssetParams| AssetParams { enabled: a.enabled, ..p.clone() };
        match name.as_str() {
            "pool.update_asset" => {
                assert!(!switched, "update_asset switched {}", a.denom);
                assert!(
                    !tightens_only || is_tighter(a, b, case.after.clock()),
                    "{}: the risk manager loosened",
                    a.denom
                );
            }
            "pool.pause" => {
                assert!(rest(a) == rest(b), "pause changed more than switches");
                let opened = |before: bool, after: bool| after && !before;
                let (x, y) = (a.enabled, b.enabled);
                let opens =
                    opened(x.deposit, y.deposit) || opened(x.borrow, y.borrow) || opened(x.flash_loan, y.flash_loan);
                assert!(!opens, "pause opened {}", a.denom);
            }
            "pool.unpause" => assert!(rest(a) == rest(b), "unpause changed more than switches"),
            "pool.update_oracle" => {
                let ramped = AssetParams {
                    liquidation_threshold: a.liquidation_threshold,
                    borrow_weight: a.borrow_weight,
                    ..b.clone()
                };
                assert!(ramped == *a, "update_oracle changed more than ramps");
                ramps_go_on_by_another_clock(case, a, b);
            }
            _ => assert!(a == b, "parameters of {} changed by {name}", a.denom),
        }
    }
}

/// By the clock of another oracle a threshold stands where it stood, and what is left of its way takes as long.
fn ramps_go_on_by_another_clock(case: &Case, old: &AssetParams, new: &AssetParams) {
    let (then, now) = (case.before.clock(), case.after.clock());
    let left = |time: u64, clock: u64| time.saturating_sub(clock);
    let ramps = [(&old.liquidation_threshold, &new.liquidation_threshold), (&old.borrow_weight, &new.borrow_weight)];
    for (a, b) in ramps {
        assert!(ramp(a, then) == ramp(b, now), "a ramp of {} jumped", new.denom);
        assert!(a == b || left(a.ends_at, then) == left(b.ends_at, now), "a ramp of {} got another length", new.denom);
    }
}

/// A grace begins where another oracle takes over from one that is halted.
fn another_oracle_starts_with_a_grace(case: &Case) {
    let (old, new) = (case.before, case.after);
    let halt = &old.config.halt_grace;
    let due = old.oracle != new.oracle && said::is_halted(&old.heartbeat, halt, new.now);
    let until = if due { new.now + halt.grace } else { old.spared_until };
    assert_eq!(new.spared_until, until, "until when accounts are spared");
}

fn is_tighter(old: &AssetParams, new: &AssetParams, clock: u64) -> bool {
    let ends = [old.liquidation_threshold.ends_at, new.liquidation_threshold.ends_at];
    let times = [clock, clock + RAMP_MIN, ends[0], ends[1], u64::MAX];
    // Both lines round: up to a step of 10⁻¹⁸.
    let lower = |time: &u64| {
        let time = (*time).max(clock);
        ramp(&new.liquidation_threshold, time) <= ramp(&old.liquidation_threshold, time) + over(&[1], &[ONE])
    };
    let same = AssetParams {
        max_loan_to_value: old.max_loan_to_value,
        liquidation_threshold: old.liquidation_threshold,
        supply_cap: old.supply_cap,
        borrow_cap: old.borrow_cap,
        max_borrow_utilization: old.max_borrow_utilization,
        ..new.clone()
    };
    same == *old
        && new.max_loan_to_value <= old.max_loan_to_value
        && new.supply_cap <= old.supply_cap
        && new.borrow_cap <= old.borrow_cap
        && new.max_borrow_utilization <= old.max_borrow_utilization
        && times.iter().all(lower)
}

/// The pool's settings, its roles, and who may remove a fallback of the oracle's.
fn settings_change_by_their_messages(case: &Case) {
    let (name, _) = case.effect();
    let (old, new) = (case.before, case.after);
    let settings = ["pool.update_config", "pool.update_oracle"].contains(&name.as_str());
    assert!(old.config == new.config || settings, "{name} changed the settings");
    let roles = |view: &View| (view.roles.risk_manager.clone(), view.roles.guardian.clone());
    assert!(roles(old) == roles(new) || name == "pool.update_roles", "{name} changed roles");
    let guardian = old.oracle != new.oracle || old.oracle_config.guardian == new.oracle_config.guardian;
    assert!(guardian || name == "oracle.update_guardian", "{name} changed the oracle's guardian");
}

/// A threshold never falls at once: at this block it is what it was, and a way down takes three days at least, of the time that the oracle has
/// not lost.
fn thresholds_fall_slowly(case: &Case) {
    for (old, new) in case.before.assets.iter().zip(&case.after.assets) {
        let (a, b, clock) = (&old.params.liquidation_threshold, &new.params.liquidation_threshold, case.after.clock());
        if case.before.oracle != case.after.oracle {
            continue;
        }
        let step = over(&[1], &[ONE]);
        assert!(
            a == b || ramp(b, clock) + step.clone() >= ramp(a, clock),
            "the threshold of {} fell at once",
            new.params.denom
        );
        let (c, d) = (&old.params.borrow_weight, &new.params.borrow_weight);
        assert!(
            c == d || ramp(d, clock) <= ramp(c, clock) + step.clone(),
            "the borrow weight of {} rose at once",
            new.params.denom
        );
        let rises = c != d && d.to > d.from && clock < d.ends_at;
        assert!(!rises || d.ends_at >= d.starts_at + RAMP_MIN, "debts of {} weigh more too fast", new.params.denom);
        let falls = a != b && b.to < b.from && clock < b.ends_at;
        assert!(!falls || b.ends_at >= b.starts_at + RAMP_MIN, "the threshold of {} falls too fast", new.params.denom);
        assert!(new.params.max_loan_to_value < b.to, "max LTV of {} is not below its threshold", new.params.denom);
    }
}

/// The owner proposes and takes back; who was proposed accepts. The timelock accepts when it is asked to.
fn ownership_moves_in_two_steps(case: &Case, old: &Ownership, new: &Ownership) {
    if old == new {
        return;
    }
    if matches!(case.op, Op::Enthrone) {
        assert!(new.owner == case.stage.timelock.as_str() && new.proposed.is_none(), "{new:?} after {old:?}");
        return;
    }
    let (name, sender) = case.effect();
    let (contract, updates) = (name.split('.').next().unwrap_or_default(), name.ends_with(".update_owner"));
    let proposes = updates && ["pool", "oracle"].contains(&contract) && new.owner == old.owner && sender == old.owner;
    let accepts = old.proposed.as_deref() == Some(&new.owner) && new.proposed.is_none();
    let by_itself = updates && sender == new.owner;
    let by_timelock = name == "timelock.accept_ownership" && new.owner == case.stage.timelock.as_str();
    assert!(proposes || (accepts && (by_itself || by_timelock)), "ownership went from {old:?} to {new:?} by {sender}");
}

/// Reserves leave as announced, a seventh a day: not before the delay, not a week after it, to whom it was said, and the floor stays in. What is
/// written off meanwhile is not paid any more.
fn reserves_leave_with_notice(case: &Case) {
    let now = case.after.now;
    for event in case.acted("withdraw_reserves") {
        let denom = said(event, "denom").expect("it names its denom");
        let at = case.before.assets.iter().position(|a| a.params.denom == denom).expect("it is listed");
        let request = case.before.requests.get(&at).expect("it was announced");
        assert!(now >= request.effective_at && now <= request.effective_at + WEEK, "reserves left outside their week");
        let parts = u128::from((now - request.effective_at) / DAY + 1).min(7);
        let due = (request.amount.raw() * parts / 7).saturating_sub(request.paid.raw());
        assert_eq!(number(event, "amount"), due, "another amount than is due");
        let person = case.stage.person(Some(&request.recipient)).expect("one of us");
        let denom = case.before.assets[at].denom;
        let got = case.after.wallets[person][denom] - case.before.wallets[person][denom];
        assert_eq!(got, due, "the recipient got something else");
        let rest = case.after.requests.get(&at).map_or(request.amount.raw(), |request| request.paid.raw());
        assert_eq!(rest, request.paid.raw() + due, "the same notice pays twice");
        assert!(above_floor(&case.after.assets[at]), "the floor of {} left", case.after.assets[at].params.denom);
    }
    for (at, asset) in case.after.assets.iter().enumerate() {
        let (old, new) = (case.before.requests.get(&at), case.after.requests.get(&at));
        requests_shrink_by_losses(case, asset, old, new);
    }
}

fn requests_shrink_by_losses(case: &Case, asset: &Asset, old: Option<&ReservesRequest>, new: Option<&ReservesRequest>) {
    let name = case.effect().0;
    let Some(new) = new else { return };
    let announced = || assert!(new.effective_at >= case.after.now + DAY, "reserves leave without a day's notice");
    let Some(old) = old else { return announced() };
    if name == "pool.request_reserves" && old != new {
        return announced();
    }
    let denom = asset.params.denom.as_str();
    let left = old.amount.raw().saturating_sub(case.written_off(denom));
    assert_eq!(new.amount.raw(), left, "what is announced of {denom}");
    assert!((&new.recipient, new.effective_at) == (&old.recipient, old.effective_at), "another notice of {denom}");
}

fn above_floor(asset: &Asset) -> bool {
    let floor = over(&[asset.debt(), asset.params.reserve_floor.raw()], &[ONE]);
    whole(asset.stored.reserves.raw()) >= floor
}

/// Another oracle comes a delay after its announcement and within a week, at once only where there is no delay; it knows all that is listed.
fn oracles_change_with_notice(case: &Case) {
    let (old, new): (&View, &View) = (case.before, case.after);
    if old.oracle == new.oracle {
        return;
    }
    let delay = old.config.oracle_delay;
    match &old.proposed_oracle {
        Some((oracle, effective_at)) if *oracle == new.config.oracle => {
            assert!(*effective_at <= new.now, "another oracle before its time");
            assert!(new.now <= effective_at + WEEK || delay == 0, "another oracle after its week");
        }
        _ => assert_eq!(delay, 0, "another oracle unannounced"),
    }
    for asset in &new.assets {
        assert!(!new.chain(asset.denom).is_empty(), "{} has no price now", asset.params.denom);
    }
}
