//! Cases 1 to 5 as far as they are the keeper's: what it does when it doesn't see, or sees wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::config::BookConfig;
use plimsoll_keeper::error::{Class, Error};
use plimsoll_testing::{ALICE, UATOM};
use tokio::sync::watch;

use crate::support::stage::{Setup, Stage, fall, sent};

fn healthy() -> Setup {
    Setup { price: "10", accounts: 3, ..Setup::default() }
}

#[tokio::test]
async fn case_02_all_down_keeps_the_book_sends_nothing_and_catches_up() {
    let mut stage = Stage::new(healthy()).await;
    let before = stage.keeper.book().clone();
    stage.script("any always fail");
    for price in ["9.7", "9.4", "9"] {
        let head = stage.block(|world| fall(world, price)).await;
        let error = stage.keeper.on_block(&head).await.unwrap_err();
        assert_eq!(error.class(), Class::Retry, "{error}");
    }
    assert_eq!((stage.keeper.book(), stage.sent_once().await), (&before, 0));
    // Back again: the blocks that it didn't see are filled in.
    stage.script("");
    assert_eq!(sent(&stage.tick().await.unwrap()), [0, 1, 2]);
    assert_eq!(stage.keeper.book(), &stage.fresh_book().await);
}

#[tokio::test]
async fn case_02_all_down_asks_more_and_more_seldom() {
    let stage = Stage::new(healthy()).await;
    let (stop, stopped) = watch::channel(false);
    let Stage { chain, mut keeper, directory, .. } = stage;
    let heads = chain.inner().clone();
    let watched = chain.clone();
    let run = tokio::spawn(async move { keeper.run(stopped, |_| {}).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    chain.play("events always fail".parse().unwrap());
    // New blocks are no reason to ask again at once.
    for _ in 0..32 {
        heads.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // At 0, 0.25, 0.75 and not again before 1.75 seconds; each asks for one block's events.
    let failed = watched.injected()["events Fail"];
    assert!((2..=4).contains(&failed), "{failed}");
    chain.play(Default::default());
    stop.send(true).unwrap();
    run.await.unwrap().unwrap();
    drop(directory);
}

#[tokio::test]
async fn case_03_a_lagging_node_is_refused_and_the_book_stays() {
    let mut stage = Stage::new(healthy()).await;
    let behind = stage.world().head().await.unwrap();
    stage.block(|world| fall(world, "9")).await;
    stage.tick().await.unwrap();
    let before = stage.keeper.book().clone();
    let error = stage.keeper.on_block(&behind).await.unwrap_err();
    assert_eq!(error.class(), Class::Retry, "{error}");
    assert!(matches!(error, Error::Garbage { .. }), "{error}");
    assert_eq!(stage.keeper.book(), &before);
    // What a node that is behind doesn't find is no reason to send again, even past the timeout: the sequence says that it was used.
    stage.script("outcome always stale 99");
    for _ in 0..10 {
        assert!(stage.next().await.unwrap().sent.hash.is_none());
    }
    stage.script("");
    assert_eq!(stage.next().await.unwrap().settled.len(), 3);
    assert_eq!(stage.sent_once().await, 1);
}

#[tokio::test]
async fn case_03_another_chain_is_refused() {
    let mut stage = Stage::new(healthy()).await;
    stage.script("head always chain elsewhere-1");
    stage.block(|world| fall(world, "9")).await;
    let head = stage.chain.head().await.unwrap();
    let error = stage.keeper.on_block(&head).await.unwrap_err();
    assert!(matches!(&error, Error::WrongChain { found, .. } if found == "elsewhere-1"), "{error}");
    assert_eq!((error.class(), stage.sent_once().await), (Class::Halt, 0));
}

/// Blocks that the subscription never told of are found by their heights, and filled from their results.
#[tokio::test]
async fn case_04_silently_dropped_heads_leave_a_gap_that_is_filled() {
    let stage = Stage::new(healthy()).await;
    stage.script("heads #1..3 fail");
    let (stop, stopped) = watch::channel(false);
    let Stage { chain, mut keeper, pool, directory, .. } = stage;
    let ticks = Arc::new(AtomicUsize::new(0));
    let told = ticks.clone();
    let run = tokio::spawn(async move {
        keeper
            .run(stopped, |tick| {
                told.fetch_add(usize::from(tick.sent.hash.is_some()), SeqCst);
            })
            .await
            .unwrap();
        keeper
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let world = chain.inner();
    let pause = || tokio::time::sleep(Duration::from_millis(100));
    world.block(5, |world| Ok(fall(world, "9"))).await.unwrap().unwrap();
    pause().await;
    world.block(5, |world| Ok(vec![world.deposit((ALICE, 1), UATOM, 50_000_000).unwrap()])).await.unwrap().unwrap();
    pause().await;
    assert_eq!(ticks.load(SeqCst), 0);
    // Heads that come together are heard of as one, so how many more are silent depends on the machine.
    for _ in 0..50 {
        world.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
        pause().await;
        if ticks.load(SeqCst) > 0 {
            break;
        }
    }
    assert_eq!(ticks.load(SeqCst), 1);
    world.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.send(true).unwrap();
    let keeper = run.await.unwrap();
    let fresh = plimsoll_keeper::book::Book::snapshot(world, &pool, world.head().await.unwrap(), |_| {}).await.unwrap();
    assert_eq!(keeper.book(), &fresh);
    // The third account was saved by its owner in a block that wasn't told.
    assert_eq!(world.with(|world| world.liquidatable().len()).await.unwrap(), 0);
    drop(directory);
}

#[tokio::test]
async fn doubled_and_older_heads_do_no_harm() {
    let mut stage = Stage::new(healthy()).await;
    let head = stage.block(|world| fall(world, "9")).await;
    let first = stage.keeper.on_block(&head).await.unwrap();
    let again = stage.keeper.on_block(&head).await.unwrap();
    assert_eq!((sent(&first).len(), again.sent.hash), (3, None));
    stage.finish().await;
    assert_eq!(stage.sent_once().await, 1);
}

#[tokio::test]
async fn answers_that_cannot_be_are_refused_and_nothing_is_lost() {
    let mut stage = Stage::new(healthy()).await;
    stage.script("smart #1 garbage; events #3 garbage; simulate #1 garbage");
    stage.block(|world| vec![world.deposit((ALICE, 1), UATOM, 1).unwrap()]).await;
    // Half an answer.
    assert!(matches!(stage.tick().await, Err(Error::Garbage { .. })));
    stage.tick().await.unwrap();
    // Events with accounts and denoms that nobody has.
    stage.block(|world| fall(world, "9")).await;
    // A simulation that used no gas; then all is well.
    let mut refused = 0;
    let tick = loop {
        match stage.tick().await {
            Ok(tick) => break tick,
            Err(error) => assert_eq!(error.class(), Class::Retry, "{error}"),
        }
        refused += 1;
        assert!(refused < 5);
    };
    assert_eq!(sent(&tick).len(), 3);
    // An outcome in a block that can't be.
    stage.script("outcome #1 garbage");
    stage.block(|_| Vec::new()).await;
    assert!(matches!(stage.tick().await, Err(Error::Garbage { .. })));
    assert_eq!(stage.tick().await.unwrap().settled.len(), 3);
    assert_eq!(stage.keeper.book(), &stage.fresh_book().await);
    assert_eq!(stage.sent_once().await, 1);
}

#[tokio::test]
async fn a_gap_that_is_cut_off_goes_on_where_it_was() {
    let mut stage = Stage::new(healthy()).await;
    for price in ["9.9", "9.7", "9.6", "9.4", "9.3", "9.2", "9.1", "9"] {
        stage.block(move |world| fall(world, price)).await;
    }
    stage.script("events #4 fail; events #7 fail; events always delay 0ms");
    for _ in 0..2 {
        assert_eq!(stage.tick().await.unwrap_err().class(), Class::Retry);
    }
    assert_eq!(sent(&stage.tick().await.unwrap()), [0, 1, 2]);
    // Eight blocks, and two of them twice.
    assert_eq!(stage.chain.injected().values().sum::<u64>(), 10);
    assert_eq!(stage.keeper.book(), &stage.fresh_book().await);
}

#[tokio::test]
async fn an_audit_that_comes_to_nothing_is_counted_and_not_tried_at_each_block() {
    let settings = BookConfig { audit_accounts: 4, audit_seconds: 60, ..BookConfig::default() };
    let mut stage = Stage::new(Setup { settings, ..healthy() }).await;
    stage.script("smart always refuse");
    // Blocks of five seconds: nothing is read but what an audit reads.
    for _ in 0..24 {
        stage.next().await.unwrap();
    }
    let counts = stage.keeper.counts();
    assert!(counts.audits == 0 && (5..=7).contains(&counts.unaudited), "{counts:?}");
    stage.script("");
    for _ in 0..3 {
        stage.next().await.unwrap();
    }
    assert_eq!((stage.keeper.counts().audits, stage.keeper.counts().mended), (1, 0));
}
