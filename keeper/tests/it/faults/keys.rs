//! Several keys from one mnemonic: each has one transaction on its way, about accounts of its own, and gas money from the first.

use std::collections::BTreeSet;
use std::sync::Arc;

use plimsoll_keeper::chain::TxSender;
use plimsoll_keeper::error::{Class, Error};
use plimsoll_keeper::keeper::BlockReport;
use plimsoll_keeper::tx::journal::Journal;
use plimsoll_testing::{ALICE, UATOM, UUSD, World};

use crate::support::stage::{GAS, Setup, Stage, journal_of, sent, without_inventory};

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

fn of_each(tick: &BlockReport) -> Vec<BTreeSet<u32>> {
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
        |tick: &BlockReport| tick.sent.left_out.len() + tick.also.iter().map(|sent| sent.left_out.len()).sum::<usize>();
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
    for (which, sending) in [("sign #2 fail", 2), ("sign #1 fail", 2), ("sign always fail", 0)] {
        let mut stage = three_keys(two_a_transaction(6), None).await;
        stage.script(which);
        let tick = stage.tick().await;
        assert_eq!(tick.as_ref().map_or(0, |tick| of_each(tick).len()), sending, "{which}");
        stage.script("");
        let next = stage.next().await.unwrap();
        assert_eq!((next.settled.len(), sent(&next).len()), (sending * 2, 6 - sending * 2), "{which}");
        stage.finish().await;
    }
}

#[tokio::test]
async fn keys_that_fail_at_every_block_keep_the_next_from_nothing() {
    let mut stage = three_keys(two_a_transaction(6), None).await;
    // The first two, after which no more are tried at this block.
    stage.script("sign #1 fail; sign #2 fail");
    assert_eq!(stage.tick().await.unwrap_err().class(), Class::Retry);
    // They still are, and come last now.
    for (which, sending) in [
        ("sign #2 fail; sign #3 fail", 1),
        // The third, which was well, and the first.
        ("sign #1 fail; sign #2 fail", 0),
        // With the second it is longest ago that something was wrong.
        ("sign #2 fail; sign #3 fail", 1),
    ] {
        stage.script(which);
        assert_eq!(stage.next().await.map_or(0, |tick| of_each(&tick).len()), sending);
    }
    stage.script("");
    // The second, with which all is well now, comes first and sends what is left.
    let settled: usize = stage.finish().await.iter().map(|tick| tick.settled.len()).sum();
    let mut sequences = vec![stage.world().sequence().await.unwrap()];
    for name in FURTHER {
        sequences.push(stage.world().signed_by(name).await.unwrap().sequence().await.unwrap());
    }
    assert_eq!((sequences, settled), (vec![Some(0), Some(2), Some(1)], 4));
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
    stage.block(|world| crate::support::stage::fall(world, "9")).await;
    assert_eq!(of_each(&stage.tick().await.unwrap()).iter().map(BTreeSet::len).collect::<Vec<_>>(), [2, 2, 2]);
    stage.finish().await;
    assert_eq!(stage.sent_once().await, 3);
}

#[tokio::test]
async fn a_key_of_which_nobody_tells_stops_no_other() {
    let mut stage = three_keys(two_a_transaction(6), None).await;
    // The second key's sequence: it sends nothing at this block.
    stage.script("sequence #2 fail");
    let tick = stage.tick().await.unwrap();
    assert_eq!(of_each(&tick).iter().map(BTreeSet::len).collect::<Vec<_>>(), [2, 2]);
    // What became of the first key's transaction: the third's is settled all the same, and the second sends what is left.
    stage.script("outcome #1 fail");
    let next = stage.next().await.unwrap();
    assert_eq!((next.settled.len(), sent(&next).len()), (2, 2));
    // Of all of them: then nobody can tell anything.
    stage.script("sequence always fail");
    assert_eq!(stage.next().await.unwrap_err().class(), Class::Retry);
    stage.script("");
    stage.finish().await;
    stage.sent_once().await;
}

#[tokio::test]
async fn gas_money_that_arrives_ends_no_row_of_failures() {
    let mut setup = Setup { gas_money: Some(100_000_000), ..Setup::default() };
    (setup.strategy.max_failures, setup.strategy.max_gas_per_tx) = (2, 200_000);
    let mut stage = three_keys(setup, None).await;
    let heal = |account: u32| {
        move |world: &mut World| {
            world.mint(ALICE, UATOM, 100_000_000);
            drop(world.deposit((ALICE, account), UATOM, 100_000_000).unwrap());
        }
    };
    assert_eq!(sent(&stage.tick().await.unwrap()), [0]);
    // Nothing tells the keeper that it is healthy, not even its market's debt.
    stage.world().with(heal(0)).await.unwrap();
    let mut failed = 0;
    for _ in 0..4 {
        failed += stage.next().await.unwrap().failed.len();
    }
    let has = stage.world().with(|world| FURTHER.map(|name| world.balance(name, GAS))).await.unwrap();
    assert!(failed == 1 && has.iter().all(|held| *held > 0), "{failed} {has:?}");
    let another = |world: &mut World| {
        world.mint(ALICE, UATOM, 100_000_000);
        let opened = [
            world.deposit((ALICE, 1), UATOM, 100_000_000).unwrap(),
            world.borrow((ALICE, 1), UUSD, 600_000_000).unwrap(),
        ];
        [opened.to_vec(), crate::support::stage::fall(world, "7.8")].concat()
    };
    stage.block(another).await;
    assert_eq!(sent(&stage.tick().await.unwrap()), [1]);
    stage.world().with(heal(1)).await.unwrap();
    let error = stage.next().await.unwrap_err();
    assert!(matches!(error, Error::TooManyFailures { times: 2, .. }), "{error}");
}

#[tokio::test]
async fn fees_of_gas_money_count_for_the_hour_and_its_failure_for_nothing() {
    let mut setup = Setup { gas_money: Some(100_000_000), price: "10", ..two_a_transaction(1) };
    // A transfer's fee is 200,000, so a second one would be too much.
    (setup.strategy.max_gas_per_tx, setup.strategy.max_fee_per_hour) = (1_000_000, Some(350_000));
    let mut stage = three_keys(setup, Some(5_000_000)).await;
    stage.script("balances #1 fail");
    stage.tick().await.unwrap();
    stage.script("");
    for _ in 0..5 {
        stage.next().await.unwrap();
    }
    let has = |world: &mut World| FURTHER.map(|name| world.balance(name, GAS));
    assert_eq!(stage.world().with(has).await.unwrap(), [5_000_000, 0]);
    // An hour later it may.
    stage.world().block(3_600, |_| Ok(Vec::new())).await.unwrap().unwrap();
    for _ in 0..2 {
        stage.tick().await.unwrap();
        stage.block(|_| Vec::new()).await;
    }
    assert_eq!(stage.world().with(has).await.unwrap(), [5_000_000; 2]);
}
