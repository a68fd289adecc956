//! The laws of the timelock: nothing that waits takes force early, late or after a veto.

use std::collections::BTreeMap;

use plimsoll_schema::timelock::Entry;

use super::Case;
use crate::op::Op;
use crate::view::View;

const WEEK: u64 = 7 * 86_400;
/// Calls that nobody can veto.
const UNVETOABLE: [&str; 3] = ["update_roles", "update_owner", "unpause"];

/// All that was ever announced, as it was announced.
#[derive(Default)]
pub struct Queued(BTreeMap<u64, Entry>);

pub fn judge(case: &Case, queued: &mut Queued) {
    let (old, new) = (case.before, case.after);
    let sender = case.outcome.sender.map(|person| case.stage.people[person].to_string()).unwrap_or_default();
    let is_admin = sender == old.timelock.admin;
    for (id, entry) in new.queue.iter().filter(|(id, _)| !old.queue.contains_key(id)) {
        assert!(matches!(case.op, Op::Queue { .. }) && is_admin, "{entry:?} was queued by {sender}");
        assert!(queued.0.keys().all(|known| known < id), "entry {id} was there before");
        assert_eq!(
            (entry.queued_at, entry.effective_at),
            (new.now, new.now + old.timelock.delay),
            "times of {entry:?}"
        );
        assert_eq!(entry.lapses_at, entry.effective_at + WEEK, "times of {entry:?}");
        queued.0.insert(*id, entry.clone());
    }
    for (id, entry) in &old.queue {
        assert!(queued.0.get(id).is_none_or(|announced| announced == entry), "entry {id} is not what was announced");
        if !new.queue.contains_key(id) {
            leaves_in_order(case, *id, entry, &sender, is_admin);
        }
    }
    settings_change_by_what_waited(case, old, new);
}

/// An entry leaves by its name: applied by the admin in its week, vetoed by the guardian, dropped by the admin or, once it has lapsed, by anyone.
fn leaves_in_order(case: &Case, id: u64, entry: &Entry, sender: &str, is_admin: bool) {
    let now = case.after.now;
    match *case.op {
        Op::Apply { nth, .. } if nth == id => {
            assert!(is_admin, "{sender} applied {entry:?}");
            assert!(entry.effective_at <= now, "{entry:?} took force early");
            assert!(now <= entry.lapses_at, "{entry:?} took force late");
        }
        Op::Veto { nth, .. } if nth == id => {
            let guards = case.before.timelock.guardian.as_deref() == Some(sender);
            assert!(guards && !UNVETOABLE.contains(&entry.call.as_str()), "{sender} vetoed {entry:?}");
        }
        Op::CancelQueued { nth, .. } if nth == id => {
            assert!(is_admin || now > entry.lapses_at, "{sender} cancelled {entry:?}");
        }
        // Anyone may sweep what has lapsed, a contract in the middle of a loan or a callback too.
        _ if case.is_called() => assert!(now > entry.lapses_at, "{entry:?} left in the middle of a loan"),
        ref op => panic!("{entry:?} left by {op:?}"),
    }
}

/// Delay and roles change by an applied entry alone.
fn settings_change_by_what_waited(case: &Case, old: &View, new: &View) {
    if old.timelock != new.timelock {
        let (name, sender) = case.effect();
        let known = ["timelock.update_delay", "timelock.update_roles"].contains(&name.as_str());
        assert!(known && sender == case.stage.timelock.as_str(), "{name} by {sender} changed the timelock");
        assert!((86_400..=30 * 86_400).contains(&new.timelock.delay) || new.timelock.delay == old.timelock.delay);
    }
}
