//! Cases 14 to 17: the keeper is killed, or what it knows is wrong.

use plimsoll_keeper::book::sync::{BookConfig, BookSync};
use plimsoll_keeper::chain::{ChainReader, TxSender};
use plimsoll_keeper::error::Error;
use plimsoll_schema::pool::MigrateMsg;
use plimsoll_testing::{ALICE, BOB, UATOM, UUSD, World, pool_code};

use crate::support::stage::{Setup, Stage, fall, journal_of, sent, without_inventory};

#[tokio::test]
async fn case_05_a_snapshot_of_a_forgotten_block_starts_again_at_a_newer_one() {
    let stage = Stage::new(Setup { accounts: 3, ..Setup::default() }).await;
    let old = stage.world().head().await.unwrap();
    let newer = stage.block(|world| fall(world, "8.5")).await;
    // The in-process chain keeps its last block alone.
    let (_, book) = BookSync::open(BookConfig::default(), None, &*stage.chain, &stage.pool, old, |_| {}).await.unwrap();
    assert_eq!((&book.head, &book), (&newer, &stage.fresh_book().await));
}

#[tokio::test]
async fn case_15_a_damaged_book_file_is_set_aside_and_the_book_read_anew() {
    for damage in [cut_off, overwritten] {
        let mut stage = Stage::new(Setup { accounts: 3, on_disk: true, ..Setup::default() }).await;
        assert_eq!(sent(&stage.tick().await.unwrap()).len(), 3);
        stage.block(|_| Vec::new()).await;
        let Stage { setup, chain, keeper, pool, liquidator, directory } = stage;
        let file = directory.book();
        let (stopped, parked) = (file.clone(), file.with_extension("good"));
        drop(keeper);
        std::fs::copy(&stopped, &parked).unwrap();
        damage(&file);
        let damaged = std::fs::read(&file).unwrap();
        let mut stage = Stage::started(setup, chain, pool, liquidator, directory).await;
        let aside = file.with_file_name("book.redb.damaged-1");
        assert!(std::fs::read(&aside).unwrap() == damaged, "nothing of it is lost");
        assert_eq!(stage.keeper.book(), &stage.fresh_book().await);
        assert_eq!(stage.tick().await.unwrap().settled.len(), 3);
        assert_eq!((stage.sent_once().await, stage.below_one().await), (1, 0));
    }
}

fn cut_off(file: &std::path::Path) {
    let length = std::fs::metadata(file).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(file).unwrap().set_len(length / 3).unwrap();
}

fn overwritten(file: &std::path::Path) {
    std::fs::write(file, "this is no book").unwrap();
}

#[tokio::test]
async fn case_16_an_upgraded_contract_has_the_book_read_anew_before_sending() {
    let mut stage = Stage::new(Setup { price: "10", accounts: 2, on_disk: true, ..Setup::default() }).await;
    let upgrade = |world: &mut World| {
        let pool = world.pool().clone();
        [vec![world.migrate(&pool, pool_code(), &MigrateMsg {}).unwrap()], fall(world, "9")].concat()
    };
    // While it runs: it can't read the new contract's book, and sends nothing; then it can.
    stage.script("smart always refuse");
    let head = stage.block(upgrade).await;
    assert!(stage.keeper.on_block(&head).await.is_err());
    assert_eq!((stage.keeper.counts().rebuilt, stage.sent_once().await), (0, 0));
    stage.script("");
    assert_eq!(sent(&stage.tick().await.unwrap()).len(), 2);
    assert_eq!((stage.keeper.counts().rebuilt, stage.keeper.book()), (1, &stage.fresh_book().await));
    stage.finish().await;
    // While it is away: the file is of another code.
    stage.block(move |world| [upgrade(world), fall(world, "7.5")].concat()).await;
    let mut stage = stage.restart().await;
    assert_eq!(stage.keeper.book(), &stage.fresh_book().await);
    assert_eq!(sent(&stage.tick().await.unwrap()).len(), 2);
}

#[tokio::test]
async fn case_17_a_book_that_is_not_the_chain_is_repaired_and_counted() {
    let settings = BookConfig { gap_max: 1_000, audit_accounts: 64, audit_seconds: 60, audit_rebuild: 2 };
    let mut stage = Stage::new(Setup { price: "10", accounts: 3, settings, on_disk: true, ..Setup::default() }).await;
    for (account, mended, rebuilt) in [(0, 1, 0), (1, 2, 1)] {
        // What happened, and no event said, nor the sum of debts.
        let act = move |world: &mut World| {
            world.mint(ALICE, UATOM, 5_000_000);
            world.deposit((ALICE, account), UATOM, 5_000_000).map(drop)
        };
        stage.world().with(act).await.unwrap().unwrap();
        stage
            .block(|world| vec![world.deposit((ALICE, 2), UATOM, 1).unwrap(), world.deposit(BOB, UUSD, 1).unwrap()])
            .await;
        stage.tick().await.unwrap();
        assert_ne!(stage.keeper.book(), &stage.fresh_book().await);
        stage.world().block(60, |_| Ok(Vec::new())).await.unwrap().unwrap();
        stage.tick().await.unwrap();
        assert_eq!(stage.keeper.book(), &stage.fresh_book().await);
        let counts = stage.keeper.counts();
        assert_eq!((counts.mended, counts.rebuilt), (mended, rebuilt));
    }
    // The file has what was repaired.
    let before = stage.keeper.book().clone();
    let stage = stage.restart().await;
    assert_eq!(stage.keeper.book(), &before);
}

/// Two ticks, in which the keeper sends and settles, and dies at a call. Whether it came that far.
async fn until_crash(stage: &mut Stage) -> bool {
    for _ in 0..2 {
        let head = stage.world().head().await.unwrap();
        let died = tokio::select! {
            biased;
            () = stage.chain.crashed() => true,
            tick = stage.keeper.on_block(&head) => {
                tick.unwrap();
                false
            }
        };
        if died {
            return true;
        }
        stage.block(|_| Vec::new()).await;
    }
    false
}

/// At every call, before it and after it.
#[tokio::test]
async fn case_14_killed_anywhere_it_resumes_and_nothing_is_sent_twice() {
    for setup in [Setup { accounts: 3, ..Setup::default() }, without_inventory(3)] {
        let setup = Setup { on_disk: true, ..setup };
        for fault in ["crash", "crash-after"] {
            let (mut call, mut open) = (0, 0);
            loop {
                call += 1;
                let mut stage = Stage::new(setup.clone()).await;
                stage.script(&format!("any #{call} {fault}"));
                if !until_crash(&mut stage).await {
                    break;
                }
                let journal = journal_of(&stage.directory.journal());
                open += journal.values().filter(|fate| *fate == "open").count();
                stage = stage.restart().await;
                // Nothing waits for a timeout: what was written down and never sent is sent then.
                let blocks = stage.finish().await.len();
                assert!(blocks <= 3, "{fault} at call {call}: {blocks} blocks");
                assert_eq!(stage.sent_once().await, 1, "{fault} at call {call}");
                let sequence = stage.world().sequence().await.unwrap();
                assert_eq!(sequence, Some(1));
                assert_eq!(stage.keeper.book(), &stage.fresh_book().await);
            }
            // It has died with a transaction on its way as well: at the broadcast, and at the calls after.
            assert!(call > 8 && open >= 2, "{call} {open}");
        }
    }
}

/// Killed with a transaction on its way, and started on the block before the one that has it: the book still shows those accounts below 1.
#[tokio::test]
async fn case_14_what_is_in_a_block_after_the_books_is_still_on_its_way() {
    let mut stage = Stage::new(Setup { accounts: 3, ..Setup::default() }).await;
    stage.tick().await.unwrap();
    let before = stage.world().head().await.unwrap();
    let mut stage = stage.restart().await;
    stage.block(|_| Vec::new()).await;
    let tick = stage.keeper.on_block(&before).await.unwrap();
    assert_eq!((tick.settled.len(), tick.sent.left_out.len(), tick.sent.hash), (0, 0, None));
    assert!(stage.keeper.in_flight());
    assert_eq!(stage.tick().await.unwrap().settled.len(), 3);
    assert_eq!(stage.sent_once().await, 1);
}

#[tokio::test]
async fn a_start_on_a_node_behind_takes_its_own_for_nobody_elses() {
    let mut stage = Stage::new(Setup { accounts: 2, ..Setup::default() }).await;
    stage.tick().await.unwrap();
    assert_eq!(stage.next().await.unwrap().settled.len(), 2);
    let mut stage = stage.restart().await;
    // The journal knows of one transaction, this node of none.
    stage.script("sequence always stale 1");
    stage.block(|world| fall(world, "8")).await;
    for _ in 0..3 {
        stage.next().await.unwrap();
    }
    stage.script("");
    stage.next().await.unwrap();
    stage.finish().await;
    assert_eq!(stage.below_one().await, 0);
    stage.sent_once().await;
}

#[tokio::test]
async fn a_chain_that_goes_on_below_the_journal_is_believed_in_the_end() {
    let mut stage = Stage::new(Setup { accounts: 2, ..Setup::default() }).await;
    stage.tick().await.unwrap();
    assert_eq!(stage.next().await.unwrap().settled.len(), 2);
    let mut stage = stage.restart().await;
    stage.script("sequence always stale 1");
    for _ in 0..25 {
        stage.next().await.unwrap();
    }
    stage.script("");
    // It was believed, so that one more is somebody else's.
    let error = stage.next().await.unwrap_err();
    assert!(matches!(error, Error::KeyShared { expected: 0, found: 1, .. }), "{error}");
}

#[tokio::test]
async fn a_start_on_a_node_behind_takes_a_failure_for_nobody_elses() {
    let mut stage = Stage::new(Setup::default()).await;
    stage.tick().await.unwrap();
    // It fails in its block, which the keeper hears of last.
    let rob = |world: &mut World| world.liquidate(BOB, (ALICE, 0), UATOM, (UUSD, 690_000_000)).map(drop);
    stage.world().with(rob).await.unwrap().unwrap();
    assert_eq!(stage.next().await.unwrap().failed.len(), 1);
    let mut stage = stage.restart().await;
    stage.script("sequence #1..2 stale 1");
    for _ in 0..3 {
        stage.next().await.unwrap();
    }
    assert_eq!(stage.sent_once().await, 1);
}
