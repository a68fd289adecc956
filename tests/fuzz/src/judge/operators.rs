//! The laws of operators: who grants, and what a grant allows.

use plimsoll_pool::state::Grant;
use plimsoll_schema::pool::{Expiry, Scope};

use super::Case;
use crate::cast::BORROWER;
use crate::op::{Op, Who};
use crate::use_pool::{expiry, scopes};
use crate::view::View;

pub fn judge(case: &Case) {
    owners_alone_grant(case);
    what_was_granted_is_on_record(case);
    nothing_holds_after_revoke_all(case);
}

/// The grants on an account change by a message of its owner's and by nothing else.
fn owners_alone_grant(case: &Case) {
    let (old, new) = (case.before, case.after);
    let changed = |key: &&(Who, usize)| old.grants.get(key) != new.grants.get(key);
    for (who, operator) in old.grants.keys().chain(new.grants.keys()).filter(changed) {
        let by_owner =
            matches!(case.op, Op::SetOperator { who: named, operator: other, .. } if (named, other) == (who, operator));
        assert!(by_owner || (case.is_called() && who.0 == BORROWER), "somebody else changed a grant of {who:?}");
        assert!(*operator != who.0, "{who:?} is their own operator");
    }
    for (user, (before, after)) in old.revocations.iter().zip(new.revocations).enumerate() {
        let by_owner = matches!(case.op, Op::RevokeAll { user: sender } if *sender == user);
        assert!(*before == after || by_owner || (case.is_called() && user == BORROWER), "somebody else revoked");
        assert!(*before <= after, "grants of {user} came back");
    }
}

fn what_was_granted_is_on_record(case: &Case) {
    let Op::SetOperator { who, operator, scopes: bits, end } = *case.op else { return };
    if case.outcome.result.is_err() {
        return;
    }
    let View { height, now, .. } = *case.after;
    let expiry = end.map(|end| match expiry(height, now, end) {
        Expiry::ThisBlock => Expiry::AtHeight(height + 1),
        moment => moment,
    });
    let wanted = Grant { scopes: scopes(bits), expiry, revocations: case.after.revocations[who.0] };
    assert_eq!(case.after.grants.get(&(who, operator)), Some(&wanted).filter(|grant| !grant.scopes.is_empty()));
    for scope in Scope::ALL {
        assert_eq!(case.after.grants(who, operator, scope), wanted.scopes.contains(&scope), "{scope:?} of {who:?}");
    }
}

fn nothing_holds_after_revoke_all(case: &Case) {
    let Op::RevokeAll { user } = *case.op else { return };
    for (who, operator) in case.after.grants.keys().filter(|(who, _)| who.0 == user) {
        assert!(Scope::ALL.iter().all(|scope| !case.after.grants(*who, *operator, *scope)), "a grant of {who:?} holds");
    }
}
