//! Finding an operation's object. Dice name mostly what isn't there: who withdraws has no such deposit, what is to be applied doesn't wait.
//! What asks for no more than can be had is pointed at the next that is there; what asks for too much, or is sent by somebody who may not,
//! is done as it stands.

use plimsoll_oracle::state::LISTINGS;
use plimsoll_pool::state::{ACCOUNTS, ASSET_IDS, ASSET_PARAMS, RESERVES_REQUESTS};
use plimsoll_risk::account::Account;

use crate::cast::{DENOMS, IDS};
use crate::op::{By, Op, Who};
use crate::stage::Stage;
use crate::use_pool::place;

/// The operation as it will be done.
pub fn aim(stage: &Stage, op: &Op) -> Op {
    let mut op = op.clone();
    match &mut op {
        Op::Withdraw { who, denom, permille: ..=1_000, .. } | Op::Enable { who, denom, enable: false } => {
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
            let can = |who: &Who| account(stage, *who).collaterals.iter().any(|c| c.enabled);
            *who = own(*who, can);
            let open = (0..DENOMS.len()).filter(|denom| is_open(stage, *denom)).collect::<Vec<_>>();
            *denom = next(*denom, &open);
        }
        Op::CancelReserves { by: By::Rightful, denom } | Op::WithdrawReserves { by: By::Rightful, denom } => {
            let asked = (0..DENOMS.len() as u16).filter(|id| RESERVES_REQUESTS.has(&*stage.pool(), *id));
            *denom = next(*denom, &denoms(stage, asked.collect::<Vec<_>>().into_iter()));
        }
        Op::ApplySource { denom, .. } | Op::CancelSource { by: By::Rightful, denom } => {
            let storage = stage.world.app().contract_storage(&stage.oracles[stage.in_force()]);
            let listing = |denom: &str| LISTINGS.may_load(&*storage, denom).expect("listings can be read");
            let waits = |denom: &usize| listing(DENOMS[*denom]).is_some_and(|listing| listing.pending.is_some());
            *denom = next(*denom, &(0..DENOMS.len()).filter(waits).collect::<Vec<_>>());
        }
        Op::Batch { user, acts, .. } => {
            for act in acts {
                if let Op::Withdraw { who, .. }
                | Op::Borrow { who, .. }
                | Op::Repay { who, .. }
                | Op::Enable { who, .. } = act
                {
                    who.0 = *user;
                }
                *act = aim(stage, act);
            }
        }
        Op::Flash { middle, .. } => middle.iter_mut().for_each(|op| *op = aim(stage, op)),
        _ => {}
    }
    op
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
