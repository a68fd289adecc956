//! Playing a history.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::aim::aim;
use crate::apply::apply;
use crate::judge::{Case, Judge, batches};
use crate::op::Op;
use crate::stage::Stage;
use crate::tally::Tally;
use crate::view::View;

/// What did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// After which operation, from 0; the number of all operations when it showed at the end.
    pub step: usize,
    /// What the judge says, or what a contract panicked with.
    pub what: String,
}

/// Plays a history from the start, and judges each step.
pub fn play(stage: &mut Stage, ops: &[Op], tally: &mut Tally) -> Result<(), Violation> {
    stage.reset();
    let mut before = View::of(stage);
    let mut judge = Judge::new(&before);
    for (step, op) in ops.iter().enumerate() {
        let step_of = AssertUnwindSafe(|| one(stage, &mut judge, &before, op, tally));
        let after = catch_unwind(step_of);
        match after {
            Ok(Some(after)) => before = after,
            Ok(None) => {}
            Err(panic) => return Err(Violation { step, what: text(&*panic) }),
        }
    }
    let last = catch_unwind(AssertUnwindSafe(|| judge.everybody_can_leave(stage)));
    last.map_err(|panic| Violation { step: ops.len(), what: text(&*panic) })
}

/// One step. Answers with what is known after it, if it changed anything.
fn one(stage: &mut Stage, judge: &mut Judge, before: &View, op: &Op, tally: &mut Tally) -> Option<View> {
    let start = stage.world.snapshot();
    let op = &aim(stage, op);
    let outcome = apply(stage, op);
    tally.count(op, &outcome);
    if outcome.result.is_err() {
        // 9: a failed message changes nothing.
        assert!(stage.world.dump() == start.records(), "failed, but changed something");
        return None;
    }
    batches::compare(stage, before, &start, &outcome);
    let after = View::of(stage);
    judge.judge(&Case { op, before, after: &after, outcome: &outcome, stage });
    Some(after)
}

fn text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without words").to_owned()
}
