//! What a keeper may spend: in a transaction, in an hour, on write-offs.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use plimsoll_keeper::book::Book;
use plimsoll_keeper::chain::Chain;
use plimsoll_keeper::chain::world::WorldChain;
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::journal::Journal;
use plimsoll_keeper::plan::budget::{Budget, Spent};
use plimsoll_keeper::plan::{Action, Skip};
use plimsoll_keeper::run::{Keeper, Tick};
use plimsoll_risk::units::Value;
use plimsoll_testing::{ALICE, FEEDERS, LIQUIDATOR, UATOM, UUSD, World};

struct Stage {
    chain: Arc<WorldChain>,
    keeper: Keeper<WorldChain>,
    journal: PathBuf,
}

/// As many accounts of ALICE, each with so many ATOM and a debt of 6.90 for each of them; then ATOM falls.
async fn stage(accounts: u32, atoms: u128, price: &'static str, strategy: Strategy) -> Stage {
    let build = move || {
        let mut world = World::builder().lent(1_000_000).build();
        for n in 0..accounts {
            world.deposit((ALICE, n), UATOM, atoms * 1_000_000).unwrap();
            world.borrow((ALICE, n), UUSD, atoms * 6_900_000).unwrap();
        }
        world.set_price(UATOM, price);
        world
    };
    let chain = Arc::new(WorldChain::start(LIQUIDATOR, build).await.unwrap());
    let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
    let book = Book::snapshot(&*chain, &pool, chain.head().await.unwrap(), |_| {}).await.unwrap();
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("plimsoll-limits-{}-{}", std::process::id(), NUMBER.fetch_add(1, SeqCst));
    let journal = std::env::temp_dir().join(name);
    let keeper = Keeper::new(chain.clone(), book, strategy, Some(Journal::open(&journal).unwrap())).unwrap();
    Stage { chain, keeper, journal }
}

impl Stage {
    /// Another keeper on the same journal, once the first one is gone.
    async fn start_anew(&mut self, strategy: Strategy) {
        let (chain, book) = (self.chain.clone(), self.keeper.book().clone());
        self.keeper = Keeper::new(chain.clone(), book.clone(), strategy.clone(), None).unwrap();
        let journal = Journal::open(&self.journal).unwrap();
        self.keeper = Keeper::new(chain, book, strategy, Some(journal)).unwrap();
    }

    async fn tick(&mut self) -> Tick {
        let head = self.chain.head().await.unwrap();
        self.keeper.on_block(&head).await.unwrap()
    }

    /// A block so many seconds later, in which the feeders vote as before.
    async fn after(&mut self, seconds: u64, price: &'static str) -> Tick {
        let votes = move |world: &mut World| {
            let vote = |feeder| world.feed(feeder, &[(UATOM, price), (UUSD, "1")]);
            Ok(FEEDERS.map(vote).into_iter().map(Result::unwrap).collect())
        };
        self.chain.block(seconds, votes).await.unwrap().unwrap();
        self.tick().await
    }
}

/// What of its own the keeper sends.
fn sent(tick: &Tick) -> u128 {
    tick.sent.actions.iter().filter_map(Action::sent).map(|coin| coin.amount).sum()
}

fn skipped(tick: &Tick) -> u64 {
    tick.plan.skipped.get(&Skip::Budget).copied().unwrap_or_default()
}

#[tokio::test]
async fn no_transaction_repays_with_more_than_it_may() {
    // About 290 repairs one account: one whole and a part of a second fit into 400.
    let strategy = Strategy { max_spend_per_tx: Some(Value::whole(400)), ..Strategy::default() };
    let mut stage = stage(3, 100, "9", strategy).await;
    let first = stage.tick().await;
    assert!((390_000_000..=400_000_000).contains(&sent(&first)), "{}", sent(&first));
    // The limit is of one transaction: the next one goes on.
    let second = stage.after(5, "9").await;
    assert_eq!(second.settled.len(), first.sent.actions.len());
    assert!(sent(&second) > 100_000_000 && sent(&second) <= 400_000_000, "{}", sent(&second));
}

#[tokio::test]
async fn an_hour_spends_no_more_than_it_may_and_the_next_one_goes_on() {
    let strategy = Strategy { max_spend_per_hour: Some(Value::whole(400)), ..Strategy::default() };
    let mut stage = stage(3, 100, "9", strategy).await;
    let first = sent(&stage.tick().await);
    let mut later = 0;
    for _ in 0..4 {
        later += sent(&stage.after(5, "9").await);
    }
    assert!(first + later <= 400_000_000 && first + later > 390_000_000, "{first} and {later}");
    let waiting = stage.after(3_500, "9").await;
    assert_eq!((sent(&waiting), waiting.plan.actions.len()), (0, 0));
    assert!(skipped(&waiting) > 0);
    assert!(sent(&stage.after(100, "9").await) > 0, "the hour is over");
}

#[tokio::test]
async fn a_keeper_that_starts_anew_knows_what_it_spent() {
    let strategy = Strategy { max_spend_per_hour: Some(Value::whole(300)), ..Strategy::default() };
    let mut stage = stage(3, 100, "9", strategy.clone()).await;
    let first = sent(&stage.tick().await);
    assert!(first > 290_000_000, "{first}");
    stage.start_anew(strategy.clone()).await;
    let waiting = stage.after(5, "9").await;
    assert_eq!((!waiting.settled.is_empty(), sent(&waiting), skipped(&waiting) > 0), (true, 0, true));
    // The hour is over.
    stage.start_anew(strategy).await;
    assert!(sent(&stage.after(3_600, "9").await) > 0);
}

#[tokio::test]
async fn no_more_is_written_off_in_an_hour_than_it_may() {
    let strategy = Strategy { max_write_offs_per_hour: Some(2), ..Strategy::default() };
    // Ten cents are left of 6.90.
    let mut stage = stage(3, 1, "0.1", strategy).await;
    // Nothing to repay with, so nothing is seized.
    let spend_all = |world: &mut World| {
        let had = world.balance(LIQUIDATOR, UUSD);
        drop(world.send(LIQUIDATOR, "sink", &[plimsoll_testing::coin(had, UUSD)]).unwrap());
    };
    stage.chain.with(spend_all).await.unwrap();
    let first = stage.tick().await;
    assert!(first.sent.actions.iter().all(|action| matches!(action, Action::WriteOff { .. })));
    assert_eq!((first.sent.actions.len(), skipped(&first)), (2, 1));
    let second = stage.after(5, "0.1").await;
    assert_eq!((second.settled.len(), second.sent.actions.len(), skipped(&second)), (2, 0, 1));
    assert_eq!(stage.after(3_600, "0.1").await.sent.actions.len(), 1);
}

#[test]
fn fees_of_an_hour_are_counted_and_a_rest_that_pays_for_none_is_no_rest() {
    let strategy = Strategy { max_fee_per_hour: Some(1_000), max_fee: Some(600), ..Strategy::default() };
    let mut budget = Budget::default();
    assert_eq!(budget.left(0, &strategy).fee, Some(600));
    let fee = |at| Spent { at, fee: 450, ..Spent::default() };
    budget.spend(fee(10));
    assert_eq!(budget.left(10, &strategy).fee, Some(550));
    budget.spend(fee(20));
    // 100 are left, and the last one cost 450.
    assert_eq!(budget.left(20, &strategy).fee, Some(0));
    assert_eq!(budget.left(3_609, &strategy).fee, Some(0));
    assert_eq!(budget.left(3_610, &strategy).fee, Some(550));
    assert_eq!(budget.left(3_620, &strategy).fee, Some(600));
    assert_eq!(Budget::default().left(0, &Strategy::default()).fee, None);
    let mut recalled = Budget::default();
    recalled.recall(&[fee(20), fee(10)]);
    assert_eq!(recalled.left(3_610, &strategy).fee, Some(550));
}
