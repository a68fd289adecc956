//! A collateral that a pair prices, and nobody publishes: the keeper knows the price that the pool would ask for, and publishes it with
//! the liquidation.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use plimsoll_keeper::book::Book;
use plimsoll_keeper::chain::Chain;
use plimsoll_keeper::chain::world::WorldChain;
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::journal::Journal;
use plimsoll_keeper::plan::Action;
use plimsoll_keeper::run::Keeper;
use plimsoll_keeper::scan::{scan, scan_on};
use plimsoll_testing::{ALICE, LENDER, LIQUIDATOR, UATOM, UUSD, World, price};

/// The same, but ATOM fell ten minutes after somebody published, and half an hour ago: what is published is valid still.
fn build_valid() -> World {
    fallen(600, 1_800)
}

async fn keeper_of(chain: &Arc<WorldChain>, book: Book, strategy: Strategy) -> Keeper<WorldChain> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("plimsoll-live-{}-{}", std::process::id(), NUMBER.fetch_add(1, SeqCst));
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_file(&path);
    let journal = Journal::open(&path).unwrap();
    Keeper::new(chain.clone(), book, strategy, Some(journal)).unwrap()
}

/// How many blocks, of so many, it takes until ALICE is liquidated.
async fn liquidated_after(blocks: u32, strategy: Strategy) -> Option<u32> {
    let chain = Arc::new(WorldChain::start(LIQUIDATOR, build_valid).await.unwrap());
    let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
    let book = Book::snapshot(&*chain, &pool, chain.head().await.unwrap(), |_| {}).await.unwrap();
    assert_eq!(scan_on(&*chain, &book).await.unwrap().below(), 0);
    let mut keeper = keeper_of(&chain, book, strategy).await;
    for block in 0..blocks {
        let tick = keeper.on_block(&chain.head().await.unwrap()).await.unwrap();
        assert!(tick.failed.is_empty(), "{:?}", tick.failed);
        if !tick.settled.is_empty() {
            return Some(block);
        }
        chain.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
    }
    None
}

#[tokio::test]
async fn a_valid_price_that_has_grown_old_is_published_and_what_is_below_1_by_the_new_one_is_liquidated() {
    // A block that publishes, one that liquidates, one that tells.
    assert_eq!(liquidated_after(10, Strategy::default()).await, Some(2));
    let never = Strategy { publish_seconds: 0, ..Strategy::default() };
    assert_eq!(liquidated_after(10, never).await, None);
    // What the price is made of is fifty minutes old: not as old as that.
    let later = Strategy { publish_seconds: 3_500, ..Strategy::default() };
    assert_eq!(liquidated_after(10, later).await, None);
}

/// ALICE owes 700 against 100 ATOM, which a pair prices. ATOM fell by a fifth an hour ago; what is published is older still.
fn build() -> World {
    fallen(0, 3_700)
}

/// ATOM fell so many seconds after ALICE has borrowed all that she may, and that is so long ago.
fn fallen(after: u64, ago: u64) -> World {
    let mut world = World::builder().lent(1_000_000).build();
    let pair = world.pair(UATOM, UUSD, 1_000_000);
    let source = world.pair_source(UATOM, &pair, UUSD);
    world.price_by_pair(UATOM, source);
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.advance(601);
    world.publish(LENDER, &[UATOM]).unwrap();
    world.set_price(UUSD, "1");
    world.borrow(ALICE, UUSD, 700_000_000).unwrap();
    world.advance(after);
    let [atom, _] = world.pair_pool(&pair).0;
    world.swap(LENDER, &pair, (UATOM, atom / 10)).unwrap();
    world.advance(ago);
    world.set_price(UUSD, "1");
    world
}

#[tokio::test]
async fn case_22_a_live_price_is_known_as_the_pool_knows_it_and_published_with_the_liquidation() {
    let chain = Arc::new(WorldChain::start(LIQUIDATOR, build).await.unwrap());
    let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
    let book = Book::snapshot(&*chain, &pool, chain.head().await.unwrap(), |_| {}).await.unwrap();

    // By what is published nothing is known against her; the pool says otherwise, and so does the keeper.
    assert_eq!(scan(&book, book.head.time).unwrap().below(), 0);
    let judged = scan_on(&*chain, &book).await.unwrap();
    let position = chain.with(|world| world.position(ALICE)).await.unwrap();
    assert!(position.liquidatable);
    let [verdict] = judged.liquidatable(&book).try_into().unwrap();
    assert_eq!(
        (Some(verdict.health.carried), Some(verdict.health.debt)),
        (Some(position.carried_value), Some(position.debt_value))
    );

    let mut keeper = keeper_of(&chain, book, Strategy::default()).await;
    let tick = keeper.on_block(&chain.head().await.unwrap()).await.unwrap();
    let [Action::Liquidate(deal)] = tick.sent.actions.as_slice() else { panic!("{:?}", tick.plan) };
    assert_eq!(deal.publish, [UATOM]);
    chain.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
    let next = keeper.on_block(&chain.head().await.unwrap()).await.unwrap();
    assert_eq!((next.settled.len(), next.failed.is_empty()), (1, true));

    // Everybody knows it now.
    let (record, now) =
        chain.with(|world| (world.price_record(UATOM), world.app().block_info().time.seconds())).await.unwrap();
    assert!(record.timestamp + 5 >= now && record.price < price("10"), "{record:?}");
    assert_eq!(keeper.book().assets[&keeper.book().asset_of(UATOM).unwrap()].record.as_ref(), Some(&record));
}
