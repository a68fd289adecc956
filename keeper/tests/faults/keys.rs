//! Several keys from one mnemonic: each has one transaction on its way, about accounts of its own, and gas money from the first.

use std::collections::BTreeSet;
use std::sync::Arc;

use plimsoll_keeper::chain::Chain;
use plimsoll_keeper::journal::Journal;
use plimsoll_keeper::run::Tick;
use plimsoll_testing::World;

use crate::stage::{GAS, Setup, Stage, journal_of, sent, without_inventory};

const FURTHER: [&str; 2] = ["second", "third"];

/// The stage's keeper, with two further keys. An item of gas is 200,000: two fit a transaction.
async fn three_keys(setup: Setup, gas_float: Option<u128>) -> Stage {
    let Stage { setup, chain, keeper, pool, liquidator, directory } = Stage::new(setup).await;
    let mut further = Vec::new();
    for name in FURTHER {
        let other = Arc::new(chain.beside(chain.inner().signed_by(name).await.unwrap()));
        further.push((other, Journal::open(&directory.0.join(name)).unwrap()));
    }
    let keeper = keeper.beside(further, gas_float).unwrap();
    Stage { setup, chain, keeper, pool, liquidator, directory }
}

fn of_each(tick: &Tick) -> Vec<BTreeSet<u32>> {
    let all = std::iter::once(&tick.sent).chain(&tick.also);
    all.map(|sent| sent.actions.iter().map(|action| action.account().account_id).collect()).collect()
}

fn two_a_transaction(accounts: u32) -> Setup {
    let mut setup = without_inventory(accounts);
    setup.strategy.max_items = 2;
    setup
}

#[tokio::test]
async fn keys_send_in_parallel_and_no_account_twice() {
    let mut stage = three_keys(two_a_transaction(9), None).await;
    let first = of_each(&stage.tick().await.unwrap());
    assert_eq!(first.iter().map(BTreeSet::len).collect::<Vec<_>>(), [2, 2, 2]);
    assert_eq!(first.iter().flatten().collect::<BTreeSet<_>>().len(), 6);
    // Nothing more while all are on their way; then the other three.
    let again = stage.tick().await.unwrap();
    assert_eq!(sent(&again).len(), 0);
    let next = stage.next().await.unwrap();
    assert_eq!((next.settled.len(), sent(&next).len()), (6, 3));
    stage.finish().await;
    let mut landed = stage.sent_once().await;
    for name in FURTHER {
        let other = stage.world().signed_by(name).await.unwrap();
        let included = other.included().await.unwrap();
        assert_eq!(other.sequence().await.unwrap(), Some(included.len() as u64));
        assert!(included.values().all(|one| one.code == 0));
        let journal = journal_of(&stage.directory.0.join(name));
        assert_eq!(journal.keys().collect::<BTreeSet<_>>(), included.keys().collect());
        landed += included.len();
    }
    assert_eq!(landed, 5);
}

#[tokio::test]
async fn all_keys_together_simulate_so_often_in_a_block() {
    let mut stage = three_keys(two_a_transaction(100), None).await;
    stage.script("simulate always refuse");
    let tick = stage.tick().await.unwrap();
    let times: u64 = stage.chain.injected().values().sum();
    assert!((127..=128).contains(&times), "{times}");
    // Whatever is found to fail is left alone, so others are looked at in the next block.
    let found =
        |tick: &Tick| tick.sent.left_out.len() + tick.also.iter().map(|sent| sent.left_out.len()).sum::<usize>();
    assert!(found(&tick) > 30, "{}", found(&tick));
    assert!(found(&tick) + found(&stage.next().await.unwrap()) == 100);
}

#[tokio::test]
async fn a_key_whose_transaction_is_lost_holds_up_only_its_own_accounts() {
    let mut stage = three_keys(two_a_transaction(8), None).await;
    stage.script("broadcast #2 swallow");
    let lost: BTreeSet<u32> = of_each(&stage.tick().await.unwrap()).remove(1);
    let next = stage.next().await.unwrap();
    assert_eq!((next.settled.len(), sent(&next).len()), (4, 2));
    assert!(sent(&next).iter().all(|account| !lost.contains(account)));
    stage.next().await.unwrap();
    assert_eq!(stage.below_one().await, 2);
    stage.finish().await;
}

#[tokio::test]
async fn keys_count_on_what_pairs_have_left_after_each_other() {
    let mut stage = three_keys(Setup { pair: 30_000, ..two_a_transaction(6) }, None).await;
    assert!(of_each(&stage.tick().await.unwrap()).iter().filter(|accounts| !accounts.is_empty()).count() >= 2);
    let next = stage.next().await.unwrap();
    assert!(next.failed.is_empty() && next.failures.is_empty(), "{:?} {:?}", next.failed, next.failures);
    assert!(next.settled.len() > 2);
}

#[tokio::test]
async fn a_key_that_fails_takes_nothing_from_what_another_has_sent() {
    let mut stage = three_keys(two_a_transaction(6), None).await;
    stage.script("sign #2 fail");
    let tick = stage.tick().await.unwrap();
    assert!(tick.sent.hash.is_some() && tick.also.is_empty());
    let next = stage.next().await.unwrap();
    assert_eq!((next.settled.len(), sent(&next).len()), (2, 4));
    stage.finish().await;
}

#[tokio::test]
async fn the_first_key_keeps_the_others_supplied_with_gas_money() {
    let mut setup = Setup { gas_money: Some(100_000_000), ..two_a_transaction(6) };
    setup.strategy.max_gas_per_tx = 1_000_000;
    let mut stage = three_keys(setup, Some(5_000_000)).await;
    let has = |world: &mut World| FURTHER.map(|name| world.balance(name, GAS));
    // They have nothing, so the first key sends alone; it then gives to one after the other.
    assert_eq!(of_each(&stage.tick().await.unwrap())[0].len(), 2);
    let mut seen = Vec::new();
    for _ in 0..4 {
        stage.next().await.unwrap();
        seen.push(stage.world().with(has).await.unwrap());
    }
    stage.finish().await;
    let ends = stage.world().with(has).await.unwrap();
    assert!(seen.contains(&[5_000_000, 0]) && ends.iter().all(|held| *held > 2_500_000), "{seen:?} {ends:?}");
    assert_eq!(stage.below_one().await, 0);
    stage.sent_once().await;
}

#[tokio::test]
async fn while_nothing_is_to_be_done_all_keys_are_supplied_from_the_start() {
    let mut setup = Setup { gas_money: Some(100_000_000), price: "10", ..two_a_transaction(6) };
    setup.strategy.max_gas_per_tx = 1_000_000;
    let mut stage = three_keys(setup, Some(5_000_000)).await;
    for _ in 0..4 {
        stage.tick().await.unwrap();
        stage.block(|_| Vec::new()).await;
    }
    let has = stage.world().with(|world| FURTHER.map(|name| world.balance(name, GAS))).await.unwrap();
    assert_eq!(has, [5_000_000; 2]);
    stage.block(|world| crate::stage::fall(world, "9")).await;
    assert_eq!(of_each(&stage.tick().await.unwrap()).iter().map(BTreeSet::len).collect::<Vec<_>>(), [2, 2, 2]);
    stage.finish().await;
    assert_eq!(stage.sent_once().await, 3);
}
