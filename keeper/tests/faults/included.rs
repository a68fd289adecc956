//! Cases 11 to 13: a transaction that a block has, and that didn't do what it should.

use plimsoll_keeper::error::{Class, Error};
use plimsoll_keeper::plan::Skip;
use plimsoll_keeper::run::Why;
use plimsoll_testing::{ALICE, BOB, UATOM, UUSD, World};

use crate::stage::{Setup, Stage, fall, sent, without_inventory};

/// Somebody liquidates this account, and no event says so: the keeper's row is wrong, as after a missed event.
async fn unheard(stage: &Stage, account: u32) {
    let act = move |world: &mut World| world.liquidate(BOB, (ALICE, account), UATOM, (UUSD, 690_000_000)).map(drop);
    stage.world().with(act).await.unwrap().unwrap();
}

#[tokio::test]
async fn case_11_included_but_failed_is_decoded_its_gas_counted_and_cooled_longer_each_time() {
    let mut stage = Stage::new(Setup::default()).await;
    assert_eq!(sent(&stage.tick().await.unwrap()), [0]);
    unheard(&stage, 0).await;
    let tick = stage.next().await.unwrap();
    let lost = &tick.failed[0];
    assert_eq!((lost.why, lost.gas_used), (Why::Failed, 200_000));
    assert!(lost.reason.contains("code 5 of wasm") && lost.reason.contains("healthy"), "{}", lost.reason);
    // Ten blocks, then it fails already in simulation: twenty, forty.
    for (wait, reason) in [(10, Skip::Cooldown), (20, Skip::WouldFail), (40, Skip::WouldFail)] {
        for _ in 1..wait {
            let tick = stage.next().await.unwrap();
            assert_eq!((&tick.plan.skipped, tick.sent.left_out.len()), (&[(reason, 1)].into(), 0));
        }
        let tick = stage.next().await.unwrap();
        assert_eq!((tick.sent.left_out.len(), tick.sent.hash), (1, None));
    }
    assert_eq!(stage.sent_once().await, 1);
}

#[tokio::test]
async fn case_11_a_price_that_moves_ends_the_waiting() {
    for (price, reason) in [("8.95", Skip::Cooldown), ("8.8", Skip::WouldFail)] {
        let mut stage = Stage::new(Setup::default()).await;
        assert_eq!(sent(&stage.tick().await.unwrap()), [0]);
        unheard(&stage, 0).await;
        stage.next().await.unwrap();
        // By half a percent, and by two.
        stage.block(move |world| fall(world, price)).await;
        let tick = stage.tick().await.unwrap();
        // Tried again, and found to fail.
        let waits = reason == Skip::Cooldown;
        assert_eq!((tick.plan.skipped, tick.sent.left_out.is_empty()), ([(reason, 1)].into(), waits), "{price}");
    }
}

#[tokio::test]
async fn case_11_a_record_that_changes_ends_the_waiting() {
    for heard in [false, true] {
        let mut setup = Setup::default();
        // The price falls by less, debt and deposit by more.
        setup.strategy.cooldown_lift = plimsoll_risk::units::Ratio::percent(25);
        let mut stage = Stage::new(setup).await;
        assert_eq!(sent(&stage.tick().await.unwrap()), [0]);
        unheard(&stage, 0).await;
        stage.next().await.unwrap();
        let falls = move |world: &mut World| {
            let mut said = fall(world, "7");
            said.extend(heard.then(|| world.deposit((ALICE, 0), UATOM, 1).unwrap()));
            said
        };
        stage.block(falls).await;
        assert_eq!(sent(&stage.tick().await.unwrap()).len(), usize::from(heard));
    }
}

#[tokio::test]
async fn case_11_one_failure_after_the_other_stops_the_keeper() {
    let mut setup = Setup { accounts: 3, ..Setup::default() };
    (setup.strategy.max_failures, setup.strategy.max_gas_per_tx) = (2, 200_000);
    let mut stage = Stage::new(setup).await;
    assert_eq!(sent(&stage.tick().await.unwrap()), [0]);
    unheard(&stage, 0).await;
    assert_eq!(sent(&stage.next().await.unwrap()), [1]);
    unheard(&stage, 1).await;
    let error = stage.next().await.unwrap_err();
    assert!(matches!(error, Error::TooManyFailures { times: 2, .. }), "{error}");
    assert_eq!((error.class(), stage.sent_once().await), (Class::Halt, 2));
}

#[tokio::test]
async fn case_12_out_of_gas_halves_the_batch_and_raises_the_gas() {
    for setup in [Setup { accounts: 8, ..Setup::default() }, without_inventory(8)] {
        let mut stage = Stage::new(setup).await;
        // Blocks use more than simulations say: 5 for 3.
        stage.script("sign always gas 60%");
        let mut sizes = vec![sent(&stage.tick().await.unwrap()).len()];
        for tick in stage.finish().await {
            assert!(tick.failed.iter().all(|lost| lost.why == Why::OutOfGas && lost.gas_used > 0));
            assert!(!tick.plan.skipped.contains_key(&Skip::Cooldown));
            sizes.extend(Some(sent(&tick).len()).filter(|size| *size > 0));
        }
        // With 100 and 150 % it runs out, with 225 % it works, and then may have twice as many.
        assert_eq!(sizes, [8, 4, 2, 4, 2]);
        assert_eq!((stage.sent_once().await, stage.below_one().await), (5, 0));
    }
}

#[tokio::test]
async fn case_12_what_runs_out_of_gas_alone_at_the_most_is_left_alone() {
    let mut stage = Stage::new(Setup::default()).await;
    stage.script("sign always gas 20%");
    let mut tries = usize::from(stage.tick().await.unwrap().sent.hash.is_some());
    for _ in 0..9 {
        let tick = stage.next().await.unwrap();
        tries += usize::from(tick.sent.hash.is_some());
    }
    // 100, 150, 225, 337, 400 %.
    assert_eq!((tries, stage.sent_once().await), (5, 5));
}

#[tokio::test]
async fn case_13_one_bad_item_among_many_is_found_by_halving_and_the_others_go_through() {
    let mut stage = Stage::new(Setup { accounts: 16, ..Setup::default() }).await;
    unheard(&stage, 5).await;
    stage.script("simulate always delay 0ms");
    let tick = stage.tick().await.unwrap();
    let mut went = sent(&tick);
    went.sort_unstable();
    assert_eq!(went, (0..16).filter(|n| *n != 5).collect::<Vec<_>>());
    let left: Vec<u32> = tick.sent.left_out.iter().map(|(action, _)| action.account().account_id).collect();
    assert_eq!(left, [5]);
    // All; 8 and 8; of the first 4 and 4, of the second 2 and 2, of the first 1 and 1, and that once alone; then the 15 again.
    assert_eq!(stage.chain.injected().values().sum::<u64>(), 11);
    assert_eq!(stage.next().await.unwrap().settled.len(), 15);
    assert_eq!(stage.sent_once().await, 1);
}

#[tokio::test]
async fn case_13_one_item_that_turns_bad_on_the_way_leaves_the_others_of_the_liquidator() {
    let mut stage = Stage::new(without_inventory(6)).await;
    assert_eq!(sent(&stage.tick().await.unwrap()).len(), 6);
    unheard(&stage, 2).await;
    let tick = stage.next().await.unwrap();
    assert_eq!((tick.settled.len(), tick.failures.len()), (5, 1));
    assert!(!tick.failures[0].rival && tick.failures[0].account.ends_with("/2"));
    assert_eq!(tick.plan.skipped.get(&Skip::Cooldown), Some(&1));
    assert_eq!(stage.sent_once().await, 1);
}
