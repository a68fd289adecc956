//! Cases 6 and 7: something happens between the scan and the block.

use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::keeper::BlockReport;
use plimsoll_keeper::plan::{Action, Skip};
use plimsoll_keeper::tx::FailureReason;
use plimsoll_testing::{ALICE, BOB, UATOM, UUSD};

use crate::support::stage::{Setup, Stage, fall, sent, without_inventory};

/// The least that the first deal accepts for a million base units that it repays.
fn least_rate(tick: &BlockReport) -> u128 {
    let Some(Action::Liquidate(deal)) = tick.sent.actions.first() else { panic!("{:?}", tick.sent) };
    deal.min_receive.raw() * 1_000_000 / deal.expected.repay.raw()
}

#[tokio::test]
async fn case_06_a_price_that_moves_is_planned_anew_and_min_receive_holds() {
    let mut stage = Stage::new(Setup::default()).await;
    let first = stage.tick().await.unwrap();
    assert_eq!(sent(&first), [0]);
    let (held, had) = (stage.held(UUSD).await, stage.held(UATOM).await);
    // ATOM gets dearer by 1.5 %: the account stays below 1, and a unit repaid brings less than is accepted.
    stage.block_after(|world| fall(world, "9.135")).await;
    let second = stage.tick().await.unwrap();
    assert_eq!((stage.held(UUSD).await, stage.held(UATOM).await), (held, had));
    assert_eq!((second.failed.len(), second.failed[0].why), (1, FailureReason::Changed));
    assert!(second.failed[0].reason.contains("message index: 0"), "{}", second.failed[0].reason);
    // At once, and with another least.
    assert_eq!(sent(&second), [0]);
    assert!(least_rate(&second) < least_rate(&first));
    let third = stage.next().await.unwrap();
    assert_eq!(third.settled.len(), 1);
    let got = (stage.held(UATOM).await - had) * 1_000_000 / (held - stage.held(UUSD).await);
    assert!(got >= least_rate(&second), "{got}");
    assert_eq!((stage.sent_once().await, stage.below_one().await), (2, 0));
}

#[tokio::test]
async fn case_06_a_record_that_changes_is_planned_anew_at_once_a_few_times() {
    for setup in [Setup::default(), without_inventory(1)] {
        let mut stage = Stage::new(setup).await;
        let mut tick = stage.tick().await.unwrap();
        // The debtor repays a little each time, before the keeper's transaction: less is to be had than is accepted.
        for _ in 0..3 {
            assert_eq!(sent(&tick), [0]);
            stage.block_after(|world| vec![world.repay((ALICE, 0), UUSD, 1_500_000).unwrap()]).await;
            tick = stage.tick().await.unwrap();
            assert_eq!(tick.failed.len() + tick.failures.len(), 1);
        }
        // The third time, too, it is tried at once; after the fourth it is left alone.
        assert_eq!(sent(&tick), [0]);
        stage.block_after(|world| vec![world.repay((ALICE, 0), UUSD, 1_500_000).unwrap()]).await;
        tick = stage.tick().await.unwrap();
        assert_eq!((tick.plan.skipped.get(&Skip::Cooldown), tick.sent.hash), (Some(&1), None));
        stage.finish().await;
    }
}

#[tokio::test]
async fn case_07_a_rival_who_was_first_is_benign_and_the_row_is_refreshed() {
    let mut stage = Stage::new(Setup { accounts: 2, ..Setup::default() }).await;
    assert_eq!(sent(&stage.tick().await.unwrap()), [0, 1]);
    let first = |world: &mut plimsoll_testing::World| {
        vec![world.liquidate(BOB, (ALICE, 0), UATOM, (UUSD, 690_000_000)).unwrap()]
    };
    stage.block_after(first).await;
    let tick = stage.tick().await.unwrap();
    // The other went through beside it.
    assert_eq!((tick.settled.len(), tick.failed.len()), (1, 0));
    assert!(tick.failures[0].rival && tick.failures[0].reason.starts_with("account is healthy"), "{:?}", tick.failures);
    assert_eq!(stage.keeper.book(), &stage.fresh_book().await);
    assert_eq!((tick.plan.skipped.get(&Skip::Cooldown), tick.sent.hash), (None, None));
    assert_eq!((stage.sent_once().await, stage.below_one().await), (1, 0));
}

#[tokio::test]
async fn case_07_rivals_never_stop_the_keeper() {
    let mut setup = Setup { accounts: 3, ..Setup::default() };
    (setup.strategy.max_failures, setup.strategy.max_gas_per_tx) = (2, 200_000);
    let mut stage = Stage::new(setup).await;
    assert_eq!(sent(&stage.tick().await.unwrap()), [0]);
    for n in 0..3 {
        let first = move |world: &mut plimsoll_testing::World| {
            vec![world.liquidate(BOB, (ALICE, n), UATOM, (UUSD, 690_000_000)).unwrap()]
        };
        stage.block_after(first).await;
        let tick = stage.tick().await.unwrap();
        assert_eq!(tick.failed.iter().map(|lost| lost.why).collect::<Vec<_>>(), [FailureReason::Rival]);
        assert_eq!(sent(&tick), (n + 1..3).take(1).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn case_07_an_item_that_a_rival_won_is_told_and_others_go_through() {
    let mut stage = Stage::new(without_inventory(5)).await;
    assert_eq!(sent(&stage.tick().await.unwrap()).len(), 5);
    let first = |world: &mut plimsoll_testing::World| {
        vec![world.liquidate(BOB, (ALICE, 3), UATOM, (UUSD, 690_000_000)).unwrap()]
    };
    stage.block_after(first).await;
    let tick = stage.tick().await.unwrap();
    assert_eq!((tick.settled.len(), tick.failures.len(), tick.failed.len()), (4, 1, 0));
    assert!(tick.failures[0].rival && tick.failures[0].account.ends_with("/3"), "{:?}", tick.failures);
    assert_eq!((stage.sent_once().await, stage.below_one().await), (1, 0));
}

#[tokio::test]
async fn case_06_what_fails_since_the_plan_is_old_is_not_left_alone() {
    let Stage { setup, chain, mut keeper, pool, liquidator, directory } = {
        let mut setup = Setup::default();
        // No price ends a waiting.
        setup.strategy.cooldown_lift = plimsoll_risk::units::Ratio::percent(100);
        Stage::new(setup).await
    };
    // While the keeper is held up, ATOM recovers a little in three blocks: the plan asks for more than there is.
    chain.play("simulate #1 delay 300ms".parse().unwrap());
    let head = chain.inner().head().await.unwrap();
    let blocks = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        for price in ["9.05", "9.1", "9.135"] {
            chain.inner().block(5, move |world| Ok(fall(world, price))).await.unwrap().unwrap();
        }
    };
    let (tick, ()) = tokio::join!(keeper.on_block(&head), blocks);
    let tick = tick.unwrap();
    assert_eq!((tick.sent.hash.is_none(), tick.sent.left_out.len()), (true, 1), "{:?}", tick.sent);
    let mut stage = Stage { setup, chain, keeper, pool, liquidator, directory };
    assert_eq!(sent(&stage.next().await.unwrap()), [0]);
    assert_eq!(stage.next().await.unwrap().settled.len(), 1);
}

/// Where every block's work takes longer than a block, all plans are old: what fails again and again is left alone all the same.
#[tokio::test]
async fn case_06_a_keeper_that_is_always_late_forgives_once() {
    let mut stage = Stage::new(Setup::default()).await;
    let mut tried = Vec::new();
    for _ in 0..4 {
        // Two blocks come while it asks what it has.
        stage.script("simulate always refuse; balances #1 delay 300ms");
        let head = stage.world().head().await.unwrap();
        let chain = stage.chain.clone();
        let blocks = async {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            for _ in 0..2 {
                chain.inner().block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
            }
        };
        let (tick, ()) = tokio::join!(stage.keeper.on_block(&head), blocks);
        tried.push(tick.unwrap().sent.left_out.len());
    }
    assert_eq!(tried, [1, 1, 0, 0]);
}
