//! Making a history that fails as short as it gets.

use crate::op::{Item, Op};
use crate::run::{Violation, play};
use crate::stage::Stage;
use crate::tally::Tally;

/// How often a history is played again at most.
const PLAYS: usize = 400;

/// The shortest history found that fails: everything after the failure goes, then halves, quarters and single operations, then parts of what is
/// left.
pub fn shrink(stage: &mut Stage, ops: &[Op], violation: Violation) -> (Vec<Op>, Violation) {
    let mut best = (ops[..ops.len().min(violation.step + 1)].to_vec(), violation);
    let mut plays = 0;
    // Whatever fails will do: a shorter history may break the same law at another place.
    let mut try_out = |candidate: Vec<Op>, best: &mut (Vec<Op>, Violation)| {
        plays += 1;
        if plays > PLAYS {
            return None;
        }
        let Err(violation) = play(stage, &candidate, &mut Tally::default()) else { return Some(false) };
        let length = candidate.len().min(violation.step + 1);
        *best = (candidate[..length].to_vec(), violation);
        Some(true)
    };
    let mut chunk = best.0.len() / 2;
    while chunk > 0 {
        let mut end = best.0.len();
        while end > 0 {
            let start = end.saturating_sub(chunk);
            let mut candidate = best.0.clone();
            candidate.drain(start..end.min(candidate.len()));
            match try_out(candidate, &mut best) {
                None => return best,
                Some(_) => end = start.min(best.0.len()),
            }
        }
        chunk /= 2;
    }
    let mut at = 0;
    while at < best.0.len() {
        for simpler in simpler(&best.0[at]) {
            let mut candidate = best.0.clone();
            candidate[at] = simpler;
            if try_out(candidate, &mut best).is_none() {
                return best;
            }
            if at >= best.0.len() {
                break;
            }
        }
        at += 1;
    }
    best
}

/// The same with one part of a batch or a flash loan less.
fn simpler(op: &Op) -> Vec<Op> {
    let without = |ops: &[Op], at: usize| [&ops[..at], &ops[at + 1..]].concat();
    match op {
        Op::Batch { user, acts, more } => {
            let shorter = (0..acts.len()).rev().map(|at| without(acts, at));
            shorter.map(|acts| Op::Batch { user: *user, acts, more: *more }).collect()
        }
        Op::Flash { loans, middle, order } => {
            let shorter = (0..middle.len()).rev().map(|at| without(middle, at));
            shorter.map(|middle| Op::Flash { loans: loans.clone(), middle, order: *order }).collect()
        }
        Op::LiquidateBatch { items, .. } => {
            let shorter = (0..items.len()).rev().map(|at| [&items[..at], &items[at + 1..]].concat());
            shorter.map(|items| with_items(op, items)).collect()
        }
        Op::LiquidateCalled { items, middle, .. } => {
            let fewer = (0..items.len()).rev().map(|at| [&items[..at], &items[at + 1..]].concat());
            let shorter = (0..middle.len()).rev().map(|at| without(middle, at));
            fewer.map(|items| with_items(op, items)).chain(shorter.map(|middle| with_middle(op, middle))).collect()
        }
        Op::BatchCalled { middle, .. } => {
            (0..middle.len()).rev().map(|at| with_middle(op, without(middle, at))).collect()
        }
        _ => vec![],
    }
}

fn with_items(op: &Op, shorter: Vec<Item>) -> Op {
    let mut op = op.clone();
    if let Op::LiquidateBatch { items, .. } | Op::LiquidateCalled { items, .. } = &mut op {
        *items = shorter;
    }
    op
}

fn with_middle(op: &Op, shorter: Vec<Op>) -> Op {
    let mut op = op.clone();
    if let Op::LiquidateCalled { middle, .. } | Op::BatchCalled { middle, .. } = &mut op {
        *middle = shorter;
    }
    op
}
