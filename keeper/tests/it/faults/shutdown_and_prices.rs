//! Cases 22 to 25: prices that can't be gone by, accounts that can't be saved, and an end in good order.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_keeper::chain::{ChainReader, TxSender};
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::error::{Class, Error};
use plimsoll_keeper::keeper::Keeper;
use plimsoll_keeper::plan::Skip;
use plimsoll_keeper::tx::journal::Journal;
use plimsoll_risk::units::Value;
use plimsoll_schema::pool::ExecuteMsg;
use plimsoll_testing::{FEEDERS, OWNER, UATOM, UUSD, World};
use tokio::sync::watch;

use crate::support::stage::{Setup, Stage, arbitrage, fall, sent, without_inventory};

#[tokio::test]
async fn case_22_a_stale_price_is_refused_and_counted_until_it_is_fed_again() {
    let mut stage = Stage::new(Setup { accounts: 2, ..Setup::default() }).await;
    // Nobody feeds for a month.
    stage.world().block(30 * 86_400, |_| Ok(Vec::new())).await.unwrap().unwrap();
    let tick = stage.tick().await.unwrap();
    assert_eq!(tick.sent.hash, None);
    // Their collateral counts nothing any more, but nothing is seized, repaid or written off while both prices are
    // silent.
    assert_eq!((tick.scan.below(), tick.scan.bad(), tick.plan.actions.len()), (2, 0, 0));
    assert_eq!(tick.plan.skipped, [(Skip::Price, 2)].into());
    stage.block(|world| [fall(world, "9"), feed_dollar(world)].concat()).await;
    assert_eq!(sent(&stage.tick().await.unwrap()).len(), 2);
}

fn feed_dollar(world: &mut World) -> Vec<plimsoll_testing::AppResponse> {
    FEEDERS.map(|feeder| world.feed(feeder, &[(UUSD, "1")]).unwrap()).to_vec()
}

#[tokio::test]
async fn case_22_a_wild_price_of_one_feeder_moves_nothing() {
    let mut stage = Stage::new(Setup { price: "10", accounts: 2, ..Setup::default() }).await;
    stage.block(|world| vec![world.feed(FEEDERS[0], &[(UATOM, "2")]).unwrap()]).await;
    let tick = stage.tick().await.unwrap();
    assert_eq!((tick.scan.below(), tick.sent.hash), (0, None));
    assert_eq!(stage.keeper.book(), &stage.fresh_book().await);
}

#[tokio::test]
async fn case_23_an_underwater_account_is_closed_and_the_rest_written_off() {
    for write_off in [true, false] {
        let mut setup = Setup { price: "3", ..Setup::default() };
        setup.strategy.write_off = write_off;
        let mut stage = Stage::new(setup).await;
        // 100 ATOM at 3 against 690: the collateral is taken for the debt that it pays for.
        let first = stage.tick().await.unwrap();
        assert_eq!(sent(&first), [0]);
        let ticks = stage.finish().await;
        let settled: Vec<_> = ticks.iter().flat_map(|tick| &tick.settled).collect();
        assert!(settled.iter().any(|done| done.action == "liquidate" && done.repaid.is_some()));
        // What is left of the debt is borne when the last collateral goes.
        let lost: usize = settled.iter().map(|done| done.losses.len()).sum();
        assert_eq!((lost, stage.keeper.book().accounts.len()), (1, 0));
    }
}

#[tokio::test]
async fn case_23_what_is_not_worth_its_gas_is_written_off_or_left_by_policy() {
    for write_off in [true, false] {
        // 100 ATOM are worth 1.
        let mut setup = Setup { price: "0.01", ..Setup::default() };
        (setup.strategy.write_off, setup.strategy.gas_value) = (write_off, Value::whole(1));
        let mut stage = Stage::new(setup).await;
        let dust = |world: &mut World| {
            let mut config = world.config().config;
            config.liquidation.dust_value = Value::whole(2);
            vec![world.execute(OWNER, &ExecuteMsg::UpdateConfig { config }, &[]).unwrap()]
        };
        stage.block(dust).await;
        let tick = stage.tick().await.unwrap();
        assert_eq!(sent(&tick).len(), usize::from(write_off), "{:?}", tick.plan);
        let next = stage.next().await.unwrap();
        let losses: usize = next.settled.iter().map(|done| done.losses.len()).sum();
        assert_eq!((losses, stage.keeper.book().accounts.len()), if write_off { (1, 0) } else { (0, 1) });
    }
}

#[tokio::test]
async fn case_24_without_a_route_it_holds_and_tells_and_a_thin_one_gets_a_part() {
    let mut stage = Stage::new(Setup { pair: 0, ..without_inventory(2) }).await;
    let tick = stage.tick().await.unwrap();
    assert_eq!((tick.plan.skipped.get(&Skip::NoInventory), tick.sent.hash), (Some(&2), None));
    assert_eq!(stage.keeper.lacking().await.unwrap(), [UUSD]);
    // A pair, but its price is far from the oracle's: selling there pays nothing.
    let mut stage = Stage::new(without_inventory(2)).await;
    let pairs = stage.liquidator.clone().unwrap().1;
    let dear = pairs.clone();
    let sell = move |world: &mut World| {
        world.mint("whale", UATOM, 400_000_000_000);
        world.swap("whale", &plimsoll_testing::Addr::unchecked(&dear[0]), (UATOM, 400_000_000_000)).unwrap();
        Vec::new()
    };
    stage.block(sell).await;
    let tick = stage.tick().await.unwrap();
    assert_eq!((tick.plan.skipped.get(&Skip::Unprofitable), tick.sent.hash), (Some(&2), None));
    // Others bring it back.
    stage
        .block(move |world| {
            arbitrage(world, &pairs);
            Vec::new()
        })
        .await;
    assert_eq!(sent(&stage.tick().await.unwrap()).len(), 2);
    stage.finish().await;
}

#[tokio::test]
async fn case_25_a_second_keeper_on_the_same_journal_is_locked_out() {
    let stage = Stage::new(Setup::default()).await;
    let error = Journal::open(&stage.directory.journal()).unwrap_err();
    assert!(matches!(&error, Error::File { .. }) && error.to_string().contains("another keeper"), "{error}");
    assert_eq!(error.class(), Class::Halt);
}

#[tokio::test]
async fn case_25_two_keepers_on_one_key_are_noticed_and_nothing_is_done_twice() {
    let mut stage = Stage::new(Setup { accounts: 2, ..Setup::default() }).await;
    let journal = Journal::open(&stage.directory.0.join("elsewhere.jsonl")).unwrap();
    // The very same transaction would have the same hash, and be one.
    let strategy = Strategy { timeout_blocks: 5, ..stage.setup.strategy.clone() };
    let book = stage.fresh_book().await;
    let mut other = Keeper::new(stage.chain.clone(), book, strategy, Some(journal)).unwrap();
    // Both have seen the chain; then the other one sends.
    stage.script("simulate #1 fail");
    assert!(stage.tick().await.is_err());
    assert!(other.on_block(&stage.world().head().await.unwrap()).await.unwrap().sent.hash.is_some());
    // Its transaction waits for a block: what the first one signs is refused for its sequence, and nothing is resent.
    assert!(stage.tick().await.unwrap().sent.hash.is_none());
    let head = stage.block(|_| Vec::new()).await;
    let error = stage.keeper.on_block(&head).await.unwrap_err();
    assert!(matches!(error, Error::KeyShared { expected: 0, found: 1, .. }), "{error}");
    assert_eq!(error.class(), Class::Halt);
    assert_eq!(other.on_block(&head).await.unwrap().settled.len(), 2);
    assert_eq!((stage.world().sequence().await.unwrap(), stage.below_one().await), (Some(1), 0));
}

#[tokio::test]
async fn case_25_told_to_stop_it_lets_what_is_on_its_way_land_and_ends_well() {
    let Stage { chain, mut keeper, directory, .. } = Stage::new(Setup { accounts: 2, ..Setup::default() }).await;
    let (stop, stopped) = watch::channel(false);
    let (told, seen) = (Arc::new(std::sync::Mutex::new((0, 0))), chain.clone());
    let count = told.clone();
    let run = tokio::spawn(async move {
        let observe = |tick: &plimsoll_keeper::keeper::BlockReport| {
            let mut count = count.lock().unwrap();
            *count = (count.0 + usize::from(tick.sent.hash.is_some()), count.1 + tick.settled.len());
        };
        (keeper.run(stopped, observe).await, keeper.in_flight())
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    stop.send(true).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!run.is_finished());
    // A fall in the block that has it: nothing new is sent.
    seen.inner().block(5, |world| Ok(fall(world, "8"))).await.unwrap().unwrap();
    let (ended, in_flight) = run.await.unwrap();
    ended.unwrap();
    assert_eq!((*told.lock().unwrap(), in_flight), ((1, 2), false));
    assert_eq!(seen.inner().sequence().await.unwrap(), Some(1));
    drop(directory);
}
