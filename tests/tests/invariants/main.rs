//! Random histories on the real contracts, and what must hold after each step. The judge reads records and balances and computes with
//! exact rationals; it never asks the contracts whether they are right. Numbers are those of ARCHITECTURE.md.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

mod bounded;
mod compound;
mod history;
mod judge;
mod view;

use history::{Op, apply, put_borrower};
use judge::Judge;
use plimsoll_testing::{World, values};
use proptest::prelude::*;
use view::View;

fn world() -> World {
    let mut world = World::builder().lent(100_000).build();
    put_borrower(&mut world);
    // Debts in every market, so that interest flows from the first step on.
    for (who, collateral, tokens, debt, borrowed) in [
        (("alice", 1), "uatom", 10_000, "uusd", 30_000),
        (("bob", 1), "uusd", 50_000, "uatom", 1_000),
        (("bob", 2), "aeth", 50, plimsoll_testing::IBC_TOKEN, 5_000),
        (("alice", 2), "uusd", 50_000, "aeth", 10),
    ] {
        let amount = world.whole(collateral, tokens);
        world.deposit(who, collateral, amount).unwrap();
        let amount = world.whole(debt, borrowed);
        world.borrow(who, debt, amount).unwrap();
    }
    world
}

fn run(ops: &[Op]) {
    let mut world = world();
    let mut judge = Judge::new(View::of(&world));
    for (step, op) in ops.iter().enumerate() {
        let before = View::of(&world);
        let outcome = apply(&mut world, op);
        let after = View::of(&world);
        judge.judge(&format!("step {step}: {op:?}"), op, &before, &after, &outcome);
    }
    judge.everybody_can_leave(&mut world);
}

/// 48 histories, or as many as `PLIMSOLL_HISTORIES` says.
fn histories() -> u32 {
    std::env::var("PLIMSOLL_HISTORIES").map_or(48, |n| n.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::with_cases(histories()) })]

    #[test]
    fn invariants_hold_over_random_histories(ops in prop::collection::vec(history::op(), 1..50)) {
        run(&ops);
    }
}

/// A random history that fails to do anything proves nothing: over a fixed seed, every kind of message succeeds often.
#[test]
fn random_histories_get_through() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut tried, mut done) = (std::collections::BTreeMap::new(), std::collections::BTreeMap::new());
    let mut world = world();
    for _ in 0..1_500 {
        let op = history::op().new_tree(&mut runner).unwrap().current();
        *tried.entry(op.kind()).or_insert(0u32) += 1;
        if let Ok(response) = apply(&mut world, &op).result {
            *done.entry(op.kind()).or_insert(0u32) += 1;
            // Of what is tried while a loan is open.
            for said in response.iter().flat_map(|response| values(response, "tried")) {
                *tried.entry("in_the_middle").or_insert(0) += 1;
                *done.entry("in_the_middle").or_insert(0) += u32::from(said == "done");
            }
        }
    }
    for (kind, tried) in &tried {
        let done = done.get(kind).copied().unwrap_or(0);
        // Write-offs are rare by nature: an account must have lost all.
        let least = if *kind == "write_off" { 0 } else { tried / 20 };
        assert!(done >= least.max(u32::from(*kind != "write_off")), "{kind}: {done} of {tried} succeeded; {:?}", tried);
    }
    let (all, good): (u32, u32) = (tried.values().sum(), done.values().sum());
    assert!(good * 2 >= all, "{good} of {all} succeeded: {done:?} of {tried:?}");
}
