//! Finding an operation's object. Dice name mostly what isn't there: who withdraws has no such deposit, what is to be applied doesn't wait.
//! What asks for no more than can be had is pointed at the next that is there; what asks for too much, or is sent by somebody who may not,
//! is done as it stands.

use plimsoll_oracle::listing::Listing;
use plimsoll_oracle::state::LISTINGS;
use plimsoll_pool::state::{ACCOUNTS, ASSET_IDS, ASSET_PARAMS, GRANTS, RESERVES_REQUESTS};
use plimsoll_risk::account::Account;
use plimsoll_risk::units::Ratio;

use crate::cast::{BORROWER, DENOMS, IDS, LIVE};
use crate::op::{By, Op, Who};
use crate::queue::ids;
use crate::stage::Stage;
use crate::use_pool::{best, place, position, ranked};

/// The operation as it will be done.
#[allow(clippy::too_many_lines, reason = "an arm an operation")]
pub fn aim(stage: &Stage, op: &Op) -> Op {
    let mut op = op.clone();
    match &mut op {
        Op::Withdraw { who, denom, permille: ..=1_000, .. }
        | Op::Enable { who, denom, enable: false }
        | Op::TransferShares { who, denom, permille: ..=1_000, .. } => {
            let account = account(stage, *who);
            *denom = next(*denom, &denoms(stage, account.collaterals.iter().map(|c| c.asset.0)));
        }
        Op::Enable { who, denom, enable: true } => {
            let account = account(stage, *who);
            let disabled = account.collaterals.iter().filter(|c| !c.enabled).map(|c| c.asset.0);
            *denom = next(*denom, &denoms(stage, disabled));
        }
        Op::Repay { who, denom, permille: ..=1_000, .. } => {
            let owes = |who: &Who| !account(stage, *who).debts.is_empty();
            *who = own(*who, owes);
            let account = account(stage, *who);
            *denom = next(*denom, &denoms(stage, account.debts.iter().map(|d| d.asset.0)));
        }
        Op::Borrow { who, denom, permille: ..=1_000, .. } => {
            // Another's, where all of the owner's own owe what they can.
            let can = |who: &Who| {
                let enabled = account(stage, *who).collaterals.iter().any(|held| held.enabled);
                let position = enabled.then(|| position(stage, *who));
                position.is_some_and(|position| {
                    position.borrow_limit_value.is_some_and(|limit| limit > position.debt_value)
                })
            };
            let mine = own(*who, can);
            *who = if can(&mine) { mine } else { Stage::everyone().find(can).unwrap_or(mine) };
            let open = (0..DENOMS.len()).filter(|denom| is_open(stage, *denom)).collect::<Vec<_>>();
            *denom = next(*denom, &open);
        }
        Op::OnBehalf { by, nth, act } => {
            let granted = nth.and_then(|nth| granted(stage, nth, None));
            if let (Some((operator, whose)), Some(who)) = (granted, act.account_mut()) {
                *by = operator;
                *who = whose;
            }
            aim_act(stage, act);
        }
        Op::CancelReserves { by: By::Rightful, denom } | Op::WithdrawReserves { by: By::Rightful, denom } => {
            let asked = (0..DENOMS.len() as u16).filter(|id| RESERVES_REQUESTS.has(&*stage.pool(), *id));
            *denom = next(*denom, &denoms(stage, asked.collect::<Vec<_>>().into_iter()));
        }
        Op::ApplySource { by: By::Rightful, denom } | Op::CancelSource { by: By::Rightful, denom } => {
            *denom = next(*denom, &listed(stage, |listing| listing.pending.is_some()));
        }
        Op::ApplyFallback { by: By::Rightful, denom } => {
            *denom = next(*denom, &listed(stage, |listing| listing.pending_fallback.is_some()));
        }
        Op::RemoveFallback { by: By::Rightful, denom } => {
            let stands = |listing: &Listing| listing.fallback.is_some() || listing.pending_fallback.is_some();
            *denom = next(*denom, &listed(stage, stands));
        }
        Op::SetOff { who, denom, .. } => {
            let both = |who: &Who| {
                let account = account(stage, *who);
                let owed: Vec<u16> = account.debts.iter().map(|debt| debt.asset.0).collect();
                let held = account.collaterals.iter().map(|held| held.asset.0);
                denoms(stage, held.filter(|held| owed.contains(held)).collect::<Vec<_>>().into_iter())
            };
            let below = ranked(stage).into_iter().find(|who| !both(who).is_empty());
            *who = below.or(Stage::everyone().find(|who| !both(who).is_empty())).unwrap_or(*who);
            *denom = next(*denom, &both(who));
        }
        Op::Apply { by: By::Rightful, nth } => {
            let now = stage.world.now();
            *nth = nth_of(*nth, &ids(stage, |entry| entry.effective_at <= now && now <= entry.lapses_at));
        }
        Op::Veto { by: By::Rightful, nth } => {
            let vetoable = |call: &str| !["update_roles", "update_owner", "unpause"].contains(&call);
            *nth = nth_of(*nth, &ids(stage, |entry| vetoable(&entry.call)));
        }
        Op::CancelQueued { by: By::Rightful, nth } => *nth = nth_of(*nth, &ids(stage, |_| true)),
        Op::Queue { call, .. } => **call = aim(stage, call),
        Op::Slump { nth, percent, rounds } => {
            let (percent, rounds) = (*percent, *rounds);
            return Op::Move { denom: owed_by_the(stage, *nth), percent, rounds };
        }
        Op::Batch { user, acts, .. } => aim_acts(stage, *user, acts),
        Op::BatchCalled { acts, middle, .. } => {
            aim_acts(stage, BORROWER, acts);
            middle.iter_mut().for_each(|op| *op = aim(stage, op));
        }
        Op::Flash { middle, .. } | Op::LiquidateCalled { middle, .. } => {
            middle.iter_mut().for_each(|op| *op = aim(stage, op));
        }
        _ => {}
    }
    op
}

/// What this one of the healthy accounts owes most of, the least healthy first; of nobody the dollar.
fn owed_by_the(stage: &Stage, nth: u32) -> usize {
    let owing = Stage::everyone().filter(|who| !account(stage, *who).debts.is_empty());
    let judged = owing.filter_map(|who| Some((position(stage, who).health_factor?, who)));
    let mut healthy: Vec<_> = judged.filter(|(health, _)| *health >= Ratio::ONE).collect();
    healthy.sort_unstable();
    let at = (nth as usize).checked_rem(healthy.len());
    // What is priced by its pair can't be voted up.
    at.and_then(|at| best(stage, healthy[at].1)).map_or(0, |(_, _, debt, _)| if debt == LIVE { 1 } else { debt })
}

/// Whatever is aimed at, a batch is on its sender's accounts, and on those whose operator they are.
fn aim_acts(stage: &Stage, user: usize, acts: &mut [Op]) {
    for act in acts {
        if let Op::OnBehalf { by, nth, act } = act {
            *by = user;
            let granted = nth.and_then(|nth| granted(stage, nth, Some(user)));
            if let (Some((_, whose)), Some(who)) = (granted, act.account_mut()) {
                *who = whose;
            }
            aim_act(stage, act);
            continue;
        }
        if let Some(who) = act.account_mut() {
            who.0 = user;
        }
        *act = aim(stage, act);
        if let Some(who) = act.account_mut() {
            who.0 = user;
        }
    }
}

/// An operation finds its object on the very account that it is about.
fn aim_act(stage: &Stage, act: &mut Op) {
    let whose = act.account();
    *act = aim(stage, act);
    if let (Some(who), Some(whose)) = (act.account_mut(), whose) {
        *who = whose;
    }
}

/// One of the grants on record, whether it holds or not: the operator, this one if any, and the account.
fn granted(stage: &Stage, nth: usize, operator: Option<usize>) -> Option<(usize, Who)> {
    let pool = stage.pool();
    let grants = GRANTS.keys_after(&*pool, None).map(|key| key.expect("keys can be read"));
    let known = grants.filter_map(|(owner, id, operator)| {
        Some((stage.person(Some(operator.as_str()))?, (stage.person(Some(owner.as_str()))?, id)))
    });
    let fitting: Vec<_> = known.filter(|(by, _)| operator.is_none_or(|operator| operator == *by)).collect();
    nth.checked_rem(fitting.len()).map(|at| fitting[at])
}

/// The first of the owner's accounts, from this one on, of which that is so; this one when there is none.
fn own(who: Who, fits: impl Fn(&Who) -> bool) -> Who {
    let all = (0..IDS).map(|id| (who.0, (who.1 + id) % IDS));
    all.into_iter().find(fits).unwrap_or(who)
}

/// The first of these at or after `from`, else the first; `from` when there are none.
fn next(from: usize, there: &[usize]) -> usize {
    there.iter().find(|denom| **denom >= from).or(there.first()).copied().unwrap_or(from)
}

/// One of these ids; the number itself when there are none.
fn nth_of(nth: u64, ids: &[u64]) -> u64 {
    let at = nth.checked_rem(ids.len() as u64).and_then(|at| usize::try_from(at).ok());
    at.map_or(nth, |at| ids[at])
}

/// The denoms in the oracle in force of which this holds.
fn listed(stage: &Stage, fits: impl Fn(&Listing) -> bool) -> Vec<usize> {
    let storage = stage.oracle(stage.in_force());
    let listing = |denom: &str| LISTINGS.may_load(&*storage, denom).expect("listings can be read");
    (0..DENOMS.len()).filter(|denom| listing(DENOMS[*denom]).is_some_and(|listing| fits(&listing))).collect()
}

fn account(stage: &Stage, (user, id): Who) -> Account {
    ACCOUNTS.may_load(&*stage.pool(), (&stage.people[user], id)).expect("accounts can be read").unwrap_or_default()
}

/// The places of these markets' denoms, in order.
fn denoms(stage: &Stage, ids: impl Iterator<Item = u16>) -> Vec<usize> {
    let pool = stage.pool();
    let params = ids.filter_map(|id| ASSET_PARAMS.may_load(&*pool, id).expect("parameters can be read"));
    let mut places: Vec<usize> = params.map(|params| place(&params.denom)).collect();
    places.sort_unstable();
    places
}

/// Whether debt can be taken there at all.
fn is_open(stage: &Stage, denom: usize) -> bool {
    let pool = stage.pool();
    let id = ASSET_IDS.may_load(&*pool, DENOMS[denom]).expect("numbers can be read");
    let params = id.and_then(|id| ASSET_PARAMS.may_load(&*pool, id).expect("parameters can be read"));
    params.is_some_and(|params| params.enabled.borrow)
}
