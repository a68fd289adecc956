//! A lending market with somebody's accounts, its book, and that judged.

use plimsoll_keeper::book::Book;
use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::scan::{Scan, scan};
use plimsoll_testing::{LIQUIDATOR, World};

pub async fn judged(setup: impl FnOnce(&mut World) + Send + 'static) -> (WorldChain, Book, Scan) {
    judged_in(|| {
        let mut world = World::builder().lent(1_000_000).build();
        setup(&mut world);
        world
    })
    .await
}

/// The same of any market.
pub async fn judged_in(build: impl FnOnce() -> World + Send + 'static) -> (WorldChain, Book, Scan) {
    let chain = WorldChain::start(LIQUIDATOR, build).await.unwrap();
    let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
    let head = chain.head().await.unwrap();
    let book = Book::snapshot(&chain, &pool, head.clone(), |_| {}).await.unwrap();
    let scan = scan(&book, head.time).unwrap();
    (chain, book, scan)
}
