//! Cases 11 to 13: a transaction that a block has, and that didn't do what it should.

use plimsoll_keeper::chain::{ChainReader, TxSender};
use plimsoll_keeper::error::{Class, Error};
use plimsoll_keeper::plan::Skip;
use plimsoll_keeper::tx::FailureReason;
use plimsoll_testing::{ALICE, BOB, LIQUIDATOR, UATOM, UUSD, World};

use crate::support::stage::{Setup, Stage, fall, sent, without_inventory};

/// Somebody liquidates this account, and no event says so: the keeper's row is wrong, as after a missed event.
async fn unheard(stage: &Stage, account: u32) {
    let act = move |world: &mut World| world.liquidate(BOB, (ALICE, account), UATOM, (UUSD, 690_000_000)).map(drop);
    stage.world().with(act).await.unwrap().unwrap();
}

/// Somebody adds collateral to this account, and neither an event nor its market's debt says so.
async fn heal_unheard(stage: &Stage, account: u32) {
    let act = move |world: &mut World| {
        world.mint(ALICE, UATOM, 100_000_000);
        world.deposit((ALICE, account), UATOM, 100_000_000).map(drop)
    };
    stage.world().with(act).await.unwrap().unwrap();
}

#[tokio::test]
async fn case_11_one_that_failed_is_decoded_counted_and_cooled_ever_longer() {
    let mut stage = Stage::new(Setup::default()).await;
    assert_eq!(sent(&stage.tick().await.unwrap()), [0]);
    unheard(&stage, 0).await;
    let tick = stage.next().await.unwrap();
    let lost = &tick.failed[0];
    assert_eq!((lost.why, lost.gas_used), (FailureReason::Failed, 200_000));
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
            assert!(tick.failed.iter().all(|lost| lost.why == FailureReason::OutOfGas && lost.gas_used > 0));
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
async fn case_13_one_bad_item_is_named_by_the_simulation_and_the_others_go() {
    let mut stage = Stage::new(Setup { accounts: 16, ..Setup::default() }).await;
    unheard(&stage, 5).await;
    stage.script("simulate always delay 0ms");
    let tick = stage.tick().await.unwrap();
    let mut went = sent(&tick);
    went.sort_unstable();
    assert_eq!(went, (0..16).filter(|n| *n != 5).collect::<Vec<_>>());
    let left: Vec<u32> = tick.sent.left_out.iter().map(|(action, _)| action.account().account_id).collect();
    assert_eq!(left, [5]);
    assert!(tick.sent.left_out[0].1.starts_with("account is healthy"), "{:?}", tick.sent.left_out);
    // All; the 15; and the 15 again, as they are planned without it.
    assert_eq!(stage.chain.injected().values().sum::<u64>(), 3);
    assert_eq!(stage.next().await.unwrap().settled.len(), 15);
    assert_eq!(stage.sent_once().await, 1);
}

#[tokio::test]
async fn case_13_one_item_that_turns_bad_leaves_the_liquidators_others() {
    let mut stage = Stage::new(without_inventory(6)).await;
    assert_eq!(sent(&stage.tick().await.unwrap()).len(), 6);
    heal_unheard(&stage, 2).await;
    let tick = stage.next().await.unwrap();
    assert_eq!((tick.settled.len(), tick.failures.len()), (5, 1));
    assert!(!tick.failures[0].rival && tick.failures[0].account.ends_with("/2"));
    assert_eq!(tick.plan.skipped.get(&Skip::Cooldown), Some(&1));
    assert_eq!(stage.sent_once().await, 1);
}

#[tokio::test]
async fn case_13_an_item_that_failed_is_told_after_a_restart_too() {
    let mut stage = Stage::new(Setup { accounts: 6, ..Setup::default() }).await;
    assert_eq!(sent(&stage.tick().await.unwrap()).len(), 6);
    unheard(&stage, 2).await;
    let mut stage = stage.restart().await;
    let tick = stage.next().await.unwrap();
    let [failure] = tick.failures.as_slice() else { panic!("{:?}", tick.failures) };
    // The book that was read anew knows that it is healthy.
    assert!(failure.rival && failure.account.ends_with("/2"), "{failure:?}");
    assert!(failure.reason.starts_with("account is healthy"), "{failure:?}");
    assert_eq!((tick.settled.len(), stage.sent_once().await, stage.below_one().await), (5, 1, 0));
}

#[tokio::test]
async fn case_13_a_batch_whose_every_item_fails_leaves_its_accounts_alone() {
    let mut stage = Stage::new(Setup { accounts: 3, ..Setup::default() }).await;
    assert_eq!(sent(&stage.tick().await.unwrap()).len(), 3);
    for account in 0..3 {
        unheard(&stage, account).await;
    }
    let tick = stage.next().await.unwrap();
    let [lost] = tick.failed.as_slice() else { panic!("{:?}", tick.failed) };
    assert!(lost.why == FailureReason::Failed && lost.reason.contains("item 0: account is healthy"), "{lost:?}");
    assert_eq!((tick.plan.skipped.get(&Skip::Cooldown), tick.sent.hash), (Some(&3), None));
}

/// Nodes put a transaction whose timeout passed while it waited into a block all the same. It fails there, and uses up nothing.
#[tokio::test]
async fn case_10_one_that_fails_after_its_timeout_is_signed_anew() {
    let Stage { setup, chain, mut keeper, pool, liquidator, directory } = Stage::new(Setup::default()).await;
    chain.play("broadcast #1 delay 300ms".parse().unwrap());
    let head = chain.inner().head().await.unwrap();
    let blocks = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        for _ in 0..setup.strategy.timeout_blocks {
            chain.inner().block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
        }
    };
    let (tick, ()) = tokio::join!(keeper.on_block(&head), blocks);
    assert!(tick.unwrap().sent.hash.is_some());
    let mut stage = Stage { setup, chain, keeper, pool, liquidator, directory };
    let next = stage.next().await.unwrap();
    assert_eq!((next.failed.len(), next.failed[0].why), (1, FailureReason::Expired));
    let (included, sequence) = (stage.world().included().await.unwrap(), stage.world().sequence().await.unwrap());
    assert_eq!((included.values().map(|one| one.code).collect::<Vec<_>>(), sequence), (vec![30], Some(0)));
    // At once, and that one works.
    assert_eq!(sent(&next), [0]);
    assert_eq!(stage.next().await.unwrap().settled.len(), 1);
    assert_eq!(stage.below_one().await, 0);
}

#[tokio::test]
async fn case_11_one_that_fails_before_its_sequence_is_used_stops_no_key() {
    let mut stage = Stage::new(Setup { gas_money: Some(10_000_000), ..Setup::default() }).await;
    assert_eq!(sent(&stage.tick().await.unwrap()), [0]);
    // The gas money goes elsewhere before the block.
    let had = stage.held(crate::support::stage::GAS).await;
    let spend = move |world: &mut World| {
        drop(world.send(LIQUIDATOR, "sink", &[plimsoll_testing::coin(had, crate::support::stage::GAS)]).unwrap())
    };
    stage.world().with(spend).await.unwrap();
    let tick = stage.next().await.unwrap();
    assert_eq!(tick.failed[0].why, FailureReason::Failed);
    assert_eq!(stage.world().sequence().await.unwrap(), Some(0));
    stage.world().with(move |world| world.mint(LIQUIDATOR, crate::support::stage::GAS, had)).await.unwrap();
    stage.finish().await;
    assert_eq!((stage.world().sequence().await.unwrap(), stage.below_one().await), (Some(1), 0));
}

/// The debtor repays a little whenever a transaction is on its way, so that less is to be had than is accepted: gas is
/// burnt, but nobody else is left alone for it, and the keeper goes on. How often that worked for a debtor, and which
/// accounts were liquidated.
async fn evade(mut stage: Stage, of: impl Fn(&[u32]) -> Vec<u32>, blocks: usize) -> (usize, Vec<u32>) {
    stage.world().with(|world| world.mint(ALICE, UUSD, 1_000_000_000_000)).await.unwrap();
    let (mut changed, mut settled) = (0, Vec::new());
    let mut tick = stage.tick().await.unwrap();
    for _ in 0..blocks {
        let evading = of(&sent(&tick));
        let act = move |world: &mut World| {
            evading.into_iter().map(|account| world.repay((ALICE, account), UUSD, 9_000_000).unwrap()).collect()
        };
        stage.block_after(act).await;
        tick = stage.tick().await.unwrap();
        changed += tick.failed.iter().filter(|lost| lost.why == FailureReason::Changed).count() + tick.failures.len();
        settled.extend(tick.settled.iter().filter_map(|done| done.account.rsplit('/').next()?.parse::<u32>().ok()));
    }
    (changed, settled)
}

#[tokio::test]
async fn case_11_a_debtor_who_evades_each_transaction_does_not_stop_the_keeper() {
    for mut setup in [Setup::default(), without_inventory(1)] {
        (setup.price, setup.strategy.max_failures) = ("8", 5);
        let (changed, settled) = evade(Stage::new(setup).await, <[u32]>::to_vec, 40).await;
        // Tried four times, then not for ten blocks: each time costs them 1.3 % of the debt.
        assert!(changed >= 9, "{changed} {settled:?}");
    }
}

#[tokio::test]
async fn case_11_an_account_that_evades_leaves_the_others_to_be_liquidated() {
    // The first of twenty, all in one transaction.
    let stage = Stage::new(Setup { accounts: 20, price: "8", ..Setup::default() }).await;
    let (changed, settled) = evade(stage, |sent| sent.iter().copied().filter(|one| *one == 0).collect(), 12).await;
    assert!(changed >= 2 && (1..20).all(|account| settled.contains(&account)), "{changed} {settled:?}");
    // Every account evades, with the settings as they are by default: then whole transactions fail.
    let stage = Stage::new(Setup { accounts: 20, price: "8", ..Setup::default() }).await;
    let (changed, settled) = evade(stage, <[u32]>::to_vec, 40).await;
    assert!(changed >= 9, "{changed} {settled:?}");
}

#[tokio::test]
async fn case_11_a_price_that_hardly_moves_excuses_no_failure() {
    for (price, why) in [("8.9999", FailureReason::Failed), ("8.99", FailureReason::Changed)] {
        let mut stage = Stage::new(Setup::default()).await;
        assert_eq!(sent(&stage.tick().await.unwrap()), [0]);
        unheard(&stage, 0).await;
        stage.block_after(move |world| fall(world, price)).await;
        assert_eq!(stage.tick().await.unwrap().failed[0].why, why, "{price}");
    }
}
