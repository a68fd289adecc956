//! A first reading goes on where a question is not answered, as by a provider that limits requests.

use std::sync::Arc;

use plimsoll_keeper::book::Book;
use plimsoll_keeper::book::sync::{BookConfig, BookSync};
use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::chain::faulty::Faulty;
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::error::Error;
use plimsoll_testing::{ALICE, LIQUIDATOR, UATOM, UUSD, World};

/// A world in which ALICE owes, and its pool.
async fn world() -> (Arc<WorldChain>, String) {
    let build = || {
        let mut world = World::builder().lent(1_000_000).build();
        world.deposit(ALICE, UATOM, 100_000_000).unwrap();
        world.borrow(ALICE, UUSD, 500_000_000).unwrap();
        world
    };
    let world = Arc::new(WorldChain::start(LIQUIDATOR, build).await.unwrap());
    let pool = world.with(|world| world.pool().to_string()).await.unwrap();
    (world, pool)
}

#[tokio::test]
async fn whichever_question_is_not_answered_once_the_book_is_read_all_the_same() {
    let (world, pool) = world().await;
    let head = world.head().await.unwrap();
    let whole = Book::snapshot(&*world, &pool, head.clone(), |_| {}).await.unwrap();
    assert_eq!(whole.accounts.len(), 1);
    // The settings, two pages of markets and prices, the borrowers: no more than eight questions.
    for question in 1..=8 {
        let faults = format!("smart #{question} fail").parse().unwrap();
        let chain = Faulty::<WorldChain>::new(world.clone(), faults);
        let book = Book::snapshot(&chain, &pool, head.clone(), |_| {}).await.unwrap();
        assert_eq!(book, whole, "question {question}");
    }
}

#[tokio::test]
async fn whichever_question_is_not_answered_once_a_start_goes_on() {
    let (world, pool) = world().await;
    let path = std::env::temp_dir().join(format!("plimsoll-unanswered-{}.redb", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let at_head = async |faults: &str| {
        let head = world.head().await.unwrap();
        let chain = Faulty::<WorldChain>::new(world.clone(), faults.parse().unwrap());
        let (_, book) = BookSync::open(BookConfig::default(), Some(&path), &chain, &pool, head, |_| {}).await.unwrap();
        (book, chain.calls())
    };
    // The first start reads everything; the second has a stored book, and two blocks to fill.
    let (whole, calls) = at_head("").await;
    for call in 1..=calls {
        let _ = std::fs::remove_file(&path);
        assert_eq!(at_head(&format!("any #{call} fail")).await.0, whole, "call {call} of {calls}");
    }
    for _ in 0..2 {
        let borrow = |world: &mut World| Ok(vec![world.borrow(ALICE, UUSD, 1_000_000)?]);
        world.block(5, borrow).await.unwrap().unwrap();
    }
    let stored = std::fs::read(&path).unwrap();
    let (followed, calls) = at_head("").await;
    assert_ne!(followed, whole);
    for call in 1..=calls {
        std::fs::write(&path, &stored).unwrap();
        assert_eq!(at_head(&format!("any #{call} fail")).await.0, followed, "call {call} of {calls}");
    }
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn a_node_that_answers_nothing_ends_the_reading() {
    let (world, pool) = world().await;
    let head = world.head().await.unwrap();
    let chain = Faulty::<WorldChain>::new(world, "smart 100% fail".parse().unwrap());
    let ended = Book::snapshot(&chain, &pool, head, |_| {}).await;
    assert!(matches!(ended, Err(Error::Unreachable { .. })), "{ended:?}");
}
