//! What is asked of the timelock.

use plimsoll_schema::timelock::{Call as Queued, Entry, ExecuteMsg};
use plimsoll_timelock::state::{CONFIG, QUEUE};

use crate::apply;
use crate::call::Call;
use crate::govern::person;
use crate::op::Op;
use crate::stage::Stage;

/// The message of an operation on the timelock; none of another operation.
pub fn call(stage: &Stage, op: &Op) -> Option<Call> {
    let storage = stage.world.app().contract_storage(&stage.timelock);
    let config = CONFIG.load(&*storage).expect("the timelock has settings");
    let (admin, guardian) = (stage.person(Some(&config.admin)), stage.person(config.guardian.as_deref()));
    let (sender, msg) = match op {
        Op::Queue { by, call } => {
            let Call { contract, msg, .. } = apply::call(stage, call)?;
            let msg = Queued { contract: contract.into_string(), msg, migrate_to: None };
            (person(*by, admin), ExecuteMsg::Queue { msg })
        }
        Op::Apply { by, nth } => (person(*by, admin), ExecuteMsg::Apply { id: *nth }),
        Op::Veto { by, nth } => (person(*by, guardian), ExecuteMsg::Veto { id: *nth }),
        Op::CancelQueued { by, nth } => (person(*by, admin), ExecuteMsg::Cancel { id: *nth }),
        Op::UpdateDelay { sender, hours } => (*sender, ExecuteMsg::UpdateDelay { delay: hours * 3_600 }),
        Op::UpdateTimelockRoles { sender, guardian } => {
            let guardian = guardian.map(|person| stage.people[person].to_string());
            (*sender, ExecuteMsg::UpdateRoles { admin: config.admin, guardian })
        }
        Op::AcceptOwnership { sender, oracle } => {
            let contract = if *oracle { &stage.oracles[stage.in_force()] } else { stage.world.pool() };
            (*sender, ExecuteMsg::AcceptOwnership { contract: contract.to_string() })
        }
        _ => return None,
    };
    Some(Call::timelock(stage, sender, &msg))
}

/// The ids that wait of which this holds, in order.
pub fn ids(stage: &Stage, fits: impl Fn(&Entry) -> bool) -> Vec<u64> {
    let storage = stage.world.app().contract_storage(&stage.timelock);
    let ids = QUEUE.keys_after(&*storage, None).map(|id| id.expect("keys can be read"));
    let queued = |id: u64| QUEUE.may_load(&*storage, id).expect("entries can be read").expect("it is there");
    ids.filter(|id| fits(&queued(*id))).collect()
}
