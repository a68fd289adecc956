//! Some histories with every `cargo test`; `scripts/fuzz.sh` plays any number.

use plimsoll_fuzz::campaign::{Campaign, LENGTH};
use plimsoll_fuzz::write;

/// Six histories, or as many as `PLIMSOLL_HISTORIES` says. Every kind of message gets through often enough to prove something.
#[test]
fn laws_hold_over_random_histories() {
    let histories: u64 = std::env::var("PLIMSOLL_HISTORIES").map_or(6, |n| n.parse().unwrap());
    let campaign = Campaign { ops: histories * LENGTH as u64, seed: 20, threads: 2, shrinks: true };
    let report = campaign.run(|_| {});
    if let Some(failure) = report.failures.first() {
        panic!("{}\n{}", failure.violation.what, write(&failure.ops));
    }
    let all = report.tally.all();
    assert!(all.done * 2 >= all.tried, "{all:?} succeeded");
    for (name, count) in &report.tally.messages {
        assert!(count.tried * 100 >= all.tried, "{name}: {count:?} of {all:?}");
        // These are refused whoever sends them alone, and write-offs are rare.
        let refused = [
            "pool.repay_flash_loan",
            "pool.repay_batch",
            "pool.finish_batch",
            "liquidator.batch_callback",
            "pool.write_off",
            "timelock.update_delay",
            "timelock.update_roles",
        ];
        assert!(count.done > 0 || refused.contains(name), "{name}: {count:?}");
    }
    let actions = &report.tally.actions;
    assert!(actions["repay_flash_loan"] > 0 && actions["repay_batch"] > 0, "{actions:?}");
    assert!(report.tally.middle.done > 0);
}
