//! A first reading goes on where a question is not answered, as by a provider that limits requests.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may stop at a surprise")]

use std::sync::Arc;

use plimsoll_keeper::book::Book;
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
async fn a_node_that_answers_nothing_ends_the_reading() {
    let (world, pool) = world().await;
    let head = world.head().await.unwrap();
    let chain = Faulty::<WorldChain>::new(world, "smart 100% fail".parse().unwrap());
    let ended = Book::snapshot(&chain, &pool, head, |_| {}).await;
    assert!(matches!(ended, Err(Error::Unreachable { .. })), "{ended:?}");
}
