//! Events that are missed show at once: a market's scaled debt is the sum of its borrowers'.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_keeper::book::Book;
use plimsoll_keeper::book::accounts::Accounts;
use plimsoll_keeper::book::sync::{BookConfig, BookSync};
use plimsoll_keeper::chain::faulty::Faulty;
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::chain::{ChainReader, Head};
use plimsoll_risk::params::AssetId;
use plimsoll_testing::{ALICE, BOB, LIQUIDATOR, UATOM, UUSD, World};

use crate::support::books::{Dice, account, key, owed};

struct Follower {
    world: Arc<WorldChain>,
    chain: Faulty<WorldChain>,
    book: Book,
    sync: BookSync,
}

impl Follower {
    /// A market where ALICE and BOB owe already, and a keeper that makes no audits.
    async fn new() -> Self {
        let world = Arc::new(WorldChain::start(LIQUIDATOR, || World::builder().lent(1_000_000).build()).await.unwrap());
        let pool = world.with(|world| world.pool().to_string()).await.unwrap();
        borrow(&world, ALICE).await;
        let head = borrow(&world, BOB).await;
        let book = Book::first(&*world, &pool, head, |_| {}).await.unwrap();
        let chain = Faulty::new(world.clone(), Default::default());
        let sync = BookSync::memory(BookConfig { audit_accounts: 0, ..BookConfig::default() });
        Self { world, chain, book, sync }
    }

    /// Follows to this block, though its events are withheld.
    async fn miss(&mut self, head: &Head) {
        self.chain.play("events always swallow".parse().unwrap());
        self.sync.follow(&mut self.book, &self.chain, head).await.unwrap();
        self.chain.play(Default::default());
    }

    async fn follow(&mut self, head: &Head) {
        self.sync.follow(&mut self.book, &self.chain, head).await.unwrap();
    }

    async fn assert_right(&self) {
        let head = self.world.head().await.unwrap();
        let fresh = Book::snapshot(&*self.world, &self.book.addresses.pool, head, |_| {}).await.unwrap();
        assert!(fresh.unbalanced().is_empty());
        assert_eq!(self.book, fresh);
    }
}

/// A block in which this owner deposits and borrows.
async fn borrow(chain: &WorldChain, owner: &'static str) -> Head {
    let borrow = move |world: &mut World| {
        world.mint(owner, UATOM, 100_000_000);
        Ok(vec![world.deposit(owner, UATOM, 100_000_000)?, world.borrow(owner, UUSD, 100_000_000)?])
    };
    chain.block(5, borrow).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_withheld_change_of_a_known_borrower_is_read_when_its_market_shows_it() {
    let mut stage = Follower::new().await;
    let missed = borrow(&stage.world, ALICE).await;
    stage.miss(&missed).await;
    let next = borrow(&stage.world, BOB).await;
    stage.follow(&next).await;
    stage.assert_right().await;
    let counts = stage.sync.counts();
    assert_eq!((counts.unbalanced, counts.rebuilt), (1, 0));
}

#[tokio::test]
async fn a_withheld_borrower_whom_nobody_knows_has_the_whole_book_read() {
    let mut stage = Follower::new().await;
    let missed = borrow(&stage.world, "carol").await;
    stage.miss(&missed).await;
    let next = borrow(&stage.world, BOB).await;
    stage.follow(&next).await;
    stage.assert_right().await;
    let counts = stage.sync.counts();
    assert_eq!((counts.unbalanced, counts.rebuilt), (1, 1));
}

#[tokio::test]
async fn what_can_not_be_read_is_read_at_the_next_block_and_counted_once() {
    let mut stage = Follower::new().await;
    let missed = borrow(&stage.world, ALICE).await;
    stage.miss(&missed).await;
    let next = borrow(&stage.world, BOB).await;
    // The markets and BOB's account are read; what is asked after that fails.
    stage.chain.play("smart #4..99 fail".parse().unwrap());
    stage.follow(&next).await;
    assert_eq!(stage.book.unbalanced(), [stage.book.asset_of(UUSD).unwrap()]);
    stage.chain.play(Default::default());
    let empty = stage.world.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
    stage.follow(&empty).await;
    stage.assert_right().await;
    assert_eq!(stage.sync.counts().unbalanced, 1);
}

#[test]
fn the_running_sum_of_debts_is_the_full_sum_after_any_changes() {
    let (mut accounts, mut dice) = (Accounts::new(), Dice(3));
    for _ in 0..5_000 {
        let key = key(dice.roll(50) as usize);
        if dice.roll(4) == 0 {
            accounts.remove(&key);
        } else {
            // The largest as well: sums go round.
            let scaled = if dice.roll(10) == 0 { u128::MAX } else { u128::from(dice.roll(1_000_000)) };
            let debts = if dice.roll(2) == 0 { vec![owed(1, scaled)] } else { vec![owed(0, 7), owed(2, scaled)] };
            accounts.insert(key, account(vec![], debts));
        }
        let mut sums = BTreeMap::<u16, u128>::new();
        for debt in accounts.values().flat_map(|account| &account.debts) {
            let sum = sums.entry(debt.asset.0).or_default();
            *sum = sum.wrapping_add(debt.scaled.raw());
        }
        for id in 0..4 {
            assert_eq!(accounts.scaled_debt(AssetId(id)), sums.get(&id).copied().unwrap_or_default());
        }
    }
    accounts.clear();
    assert_eq!(accounts.scaled_debt(AssetId(2)), 0);
}
