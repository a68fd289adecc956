//! Between two starts and while it runs: what is stored is what was applied, and what the next start takes from it.

use std::sync::Arc;

use cosmwasm_std::coin;
use plimsoll_keeper::book::Book;
use plimsoll_keeper::book::delta::BookDelta;
use plimsoll_keeper::book::follow::Ahead;
use plimsoll_keeper::book::store::Codes;
use plimsoll_keeper::book::store::Store;
use plimsoll_keeper::book::sync::BookConfig;
use plimsoll_keeper::book::sync::BookSync;
use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::error::Error;
use plimsoll_keeper::keeper::Keeper;
use plimsoll_schema::pool::ExecuteMsg;
use plimsoll_schema::pool::MigrateMsg;
use plimsoll_testing::ALICE;
use plimsoll_testing::BOB;
use plimsoll_testing::UATOM;
use plimsoll_testing::UUSD;
use plimsoll_testing::World;
use plimsoll_testing::pool_code;

use super::{aside, borrow, folder, open, read_anew, upgrade, world};

#[tokio::test]
async fn what_is_read_back_is_what_was_applied_at_each_block() {
    let ((chain, pool), file) = (world().await, folder("back").join("book.redb"));
    let (store, nothing) = Store::open(&file).unwrap();
    assert_eq!(nothing, None);
    drop(store);
    let (sync, book) = open(&chain, &pool, &file).await;
    assert_eq!(book, read_anew(&chain, &pool).await);
    let chain = Arc::new(chain);
    let mut keeper = Keeper::new(chain.clone(), book, Strategy::default(), None).unwrap().with_sync(sync);
    for id in 20..25 {
        let head = borrow(&chain, BOB, id).await;
        keeper.on_block(&head).await.unwrap();
    }
    // An account that ends, and a price.
    let act = |world: &mut World| {
        let repay = ExecuteMsg::Repay(plimsoll_schema::pool::OnBehalf { account_id: Some(7), on_behalf_of: None });
        world.set_prices(&[(UATOM, "9")]);
        let paid = world.execute(ALICE, &repay, &[coin(200_000_000, UUSD)])?;
        Ok(vec![paid, world.feed(plimsoll_testing::FEEDERS[0], &[(UATOM, "9")])?])
    };
    let head = chain.block(5, act).await.unwrap().unwrap();
    keeper.on_block(&head).await.unwrap();
    assert_eq!(keeper.book().accounts.len(), 7);
    let book = keeper.book().clone();
    drop(keeper);
    let (_, stored) = Store::open(&file).unwrap();
    let stored = stored.unwrap();
    assert_eq!(stored.book, book);
    assert_eq!(stored.book, read_anew(&chain, &pool).await);
    assert!(stored.codes.pool.is_some() && stored.codes.oracle.is_some());
    assert_eq!(aside(&file), [""; 0]);
}

#[tokio::test]
async fn blocks_that_passed_between_two_starts_are_filled() {
    let ((chain, pool), file) = (world().await, folder("gap").join("book.redb"));
    drop(open(&chain, &pool, &file).await);
    for id in 30..40 {
        borrow(&chain, ALICE, id).await;
    }
    let (sync, book) = open(&chain, &pool, &file).await;
    assert_eq!(sync.counts().filled, 0, "counted from the start only");
    assert_eq!((book.accounts.len(), &book), (13, &read_anew(&chain, &pool).await));
    drop(sync);
    // Told by events alone: with one of them forged to be silent, the account would be missing.
    let before = Store::open(&file).unwrap().1.unwrap().book;
    borrow(&chain, BOB, 41).await;
    let mut followed = before.clone();
    let delta = followed.follow_within(&chain, &chain.head().await.unwrap(), 5, &mut Ahead::default()).await.unwrap();
    assert_eq!((delta.whole, delta.accounts.len(), delta.filled), (false, 1, 0));
    // Beyond the bound everything is read anew.
    for _ in 0..6 {
        chain.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
    }
    let delta = followed.follow_within(&chain, &chain.head().await.unwrap(), 5, &mut Ahead::default()).await.unwrap();
    assert_eq!(delta, BookDelta::whole());
    assert_eq!(followed, read_anew(&chain, &pool).await);
}

// Between two starts: a contract that was upgraded has the book built anew before anything is sent. While the keeper runs, the
// chain's own event does the same: `follow.rs`.
#[tokio::test]
async fn case_16_another_code_is_read_anew_and_another_chains_file_moved_aside() {
    let ((chain, pool), file) = (world().await, folder("other").join("book.redb"));
    let (sync, right) = open(&chain, &pool, &file).await;
    drop(sync);
    let stored = |change: fn(&mut Book)| {
        let mut wrong = right.clone();
        change(&mut wrong);
        wrong.accounts.clear();
        wrong
    };
    let put = |book: &Book| {
        let (mut store, was) = Store::open(&file).unwrap();
        let codes = was.map_or(Codes::default(), |was| was.codes);
        store.replace(book, codes).unwrap();
    };
    // Another code: the same file, and nothing of what it held.
    put(&stored(|_| {}));
    let upgraded = |world: &mut World| {
        let pool = world.pool().clone();
        world.migrate(&pool, pool_code(), &MigrateMsg {})
    };
    chain.with(upgraded).await.unwrap().unwrap();
    let (sync, book) = open(&chain, &pool, &file).await;
    assert_eq!((&book, aside(&file)), (&right, Vec::new()));
    drop(sync);
    // Others'.
    let others: [fn(&mut Book); 3] = [
        |book| book.head.chain_id = "other-1".to_owned(),
        |book| book.addresses.pool = "wasm1other".to_owned(),
        |book| (book.head.height, book.head.time) = (book.head.height + 1_000, book.head.time - 1_000),
    ];
    for (n, other) in (1..).zip(others) {
        put(&stored(other));
        let (sync, book) = open(&chain, &pool, &file).await;
        assert_eq!((&book, aside(&file).len()), (&right, n));
        drop(sync);
        assert_eq!(Store::open(&file).unwrap().1.unwrap().book, right);
    }
    assert_eq!(aside(&file), ["book.redb.other-1", "book.redb.other-2", "book.redb.other-3"]);
}

#[tokio::test]
async fn case_16_an_upgrade_while_the_keeper_runs_has_the_book_read_anew_once() {
    let ((chain, pool), file) = (world().await, folder("upgrade").join("book.redb"));
    let (sync, mut book) = open(&chain, &pool, &file).await;
    let right = book.accounts.clone();
    book.accounts.clear();
    let chain = Arc::new(chain);
    let mut keeper = Keeper::new(chain.clone(), book, Strategy::default(), None).unwrap().with_sync(sync);
    let tick = keeper.on_block(&upgrade(&chain).await).await.unwrap();
    assert_eq!(tick.scan.accounts, 3, "judged after it was read anew");
    assert_eq!((keeper.counts().rebuilt, &keeper.book().accounts), (1, &right));
    drop(keeper);
    let codes = Store::open(&file).unwrap().1.unwrap().codes;
    assert_eq!(codes.pool, chain.code_id(&pool).await.unwrap());
}

#[tokio::test]
async fn a_node_behind_the_stored_book_is_refused_or_waited_for() {
    let ((chain, pool), file) = (world().await, folder("behind").join("book.redb"));
    let (sync, right) = open(&chain, &pool, &file).await;
    drop(sync);
    let ahead = |blocks: u64| {
        let mut book = right.clone();
        (book.head.height, book.head.time) = (book.head.height + blocks, book.head.time + 6 * blocks);
        let (mut store, was) = Store::open(&file).unwrap();
        store.replace(&book, was.unwrap().codes).unwrap();
    };
    ahead(3);
    let (sync, book) = open(&chain, &pool, &file).await;
    assert_eq!(book.head.height, right.head.height + 3);
    drop(sync);
    ahead(300);
    let head = chain.head().await.unwrap();
    let refused = BookSync::open(BookConfig::default(), Some(&file), &chain, &pool, head, |_| {}).await.unwrap_err();
    assert!(matches!(refused, Error::DoesNotHold(_)) && refused.to_string().contains("caught up"), "{refused}");
    assert!(aside(&file).is_empty());
}
