//! Cases 18 to 21: how much is worth doing, and can be paid for.

use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::error::{Class, Error};
use plimsoll_keeper::plan::{Action, Skip};
use plimsoll_risk::units::Value;
use plimsoll_schema::pool::{ExecuteMsg, OnBehalf};
use plimsoll_testing::{AETH, ALICE, AppResponse, BOB, UATOM, UUSD, World};
use tokio::sync::watch;

use crate::support::stage::{GAS, Setup, Stage, arbitrage, sent, without_inventory};

#[tokio::test]
async fn case_18_with_too_little_inventory_the_largest_part_that_pays_is_done() {
    let mut stage = Stage::new(Setup { held: 100_000_000, ..Setup::default() }).await;
    let tick = stage.tick().await.unwrap();
    let coin = tick.sent.actions[0].sent().unwrap().clone();
    // All of it: each base unit repaid brings the bonus.
    assert_eq!((coin.amount, coin.denom.as_str()), (100_000_000, UUSD));
    assert_eq!(stage.next().await.unwrap().settled.len(), 1);
    // A bonus of 2 to 10 %, less the protocol's share of it: at a price of 9 each 100 uusd bring 11.2 to 12.3 ATOM.
    let (left, got) = (stage.held(UUSD).await, stage.held(UATOM).await);
    assert!(left < 1_000 && (11_200_000..=12_300_000).contains(&got), "{left} {got}");
}

#[tokio::test]
async fn case_19_without_gas_money_it_stops_and_says_what_to_send_where() {
    let setup = Setup { gas_money: Some(150_000), ..Setup::default() };
    let mut stage = Stage::new(setup).await;
    let address = stage.world().with(|world| world.addr("liquidator").into_string()).await.unwrap();
    let (_stop, stopped) = watch::channel(false);
    let world = stage.world().clone();
    let blocks = tokio::spawn(async move {
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(15)).await;
            world.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
        }
    });
    let error = stage.keeper.run(stopped, |tick| assert_eq!(tick.sent.hash, None)).await.unwrap_err();
    blocks.abort();
    assert_eq!(error.class(), Class::Halt);
    let text = error.to_string();
    assert!(matches!(error, Error::RefusedAgain { times: 6, .. }), "{text}");
    assert!(text.contains(&address) && text.contains("150000ugas") && text.contains("200000ugas"), "{text}");
    assert_eq!((stage.sent_once().await, stage.held(GAS).await), (0, 150_000));
}

#[tokio::test]
async fn case_20_dust_is_skipped_and_counted() {
    // A whole liquidation brings some 10 to 30; nothing brings 1000.
    for (strategy, setup) in [
        (Strategy { gas_value: Value::whole(1_000), ..Strategy::default() }, Setup { accounts: 3, ..Setup::default() }),
        (Strategy { min_profit_value: Value::whole(1_000), ..Strategy::default() }, without_inventory(3)),
    ] {
        let mut stage = Stage::new(Setup { strategy, ..setup }).await;
        let tick = stage.tick().await.unwrap();
        assert_eq!((tick.plan.skipped.get(&Skip::Unprofitable), tick.sent.hash), (Some(&3), None));
        assert_eq!(stage.below_one().await, 3);
    }
}

fn repaid(action: &Action) -> u128 {
    let Action::Liquidate(deal) = action else { panic!("{action:?}") };
    deal.sent.amount
}

#[tokio::test]
async fn case_21_a_huge_account_is_worked_off_with_fresh_state_each_time() {
    // Not more than 20 of 690 at a time, as a strategy may have it.
    let mut setup = Setup::default();
    setup.strategy.max_repay.insert(UUSD.to_owned(), 20_000_000);
    let mut stage = Stage::new(setup).await;
    let mut parts = vec![repaid(&stage.tick().await.unwrap().sent.actions[0])];
    let ticks = stage.finish().await;
    let settled: Vec<u128> =
        ticks.iter().flat_map(|tick| &tick.settled).map(|done| done.repaid.as_ref().unwrap().amount).collect();
    parts.extend(ticks.iter().flat_map(|tick| &tick.sent.actions).map(repaid));
    assert!(parts.len() >= 3 && parts.iter().all(|part| *part <= 20_000_000), "{parts:?}");
    assert_eq!((settled.len(), stage.sent_once().await, stage.below_one().await), (parts.len(), parts.len(), 0));
    // Each was sized by what those before had left: none has failed or was sent back in part, but for the last.
    assert!(ticks.iter().all(|tick| tick.failed.is_empty()));
    assert!(settled.iter().zip(&parts).rev().skip(1).all(|(repaid, sent)| repaid == sent), "{settled:?} {parts:?}");
}

#[tokio::test]
async fn case_21_a_pair_that_is_too_thin_at_once_takes_it_over_several_blocks() {
    let mut stage = Stage::new(Setup { pair: 1_000, ..without_inventory(1) }).await;
    let pairs = stage.liquidator.clone().unwrap().1;
    let mut parts = vec![sent(&stage.tick().await.unwrap()).len()];
    for _ in 0..40 {
        let pairs = pairs.clone();
        stage
            .block(move |world| {
                arbitrage(world, &pairs);
                Vec::new()
            })
            .await;
        let tick = stage.tick().await.unwrap();
        assert!(tick.failed.is_empty() && tick.failures.is_empty());
        parts.push(sent(&tick).len());
        if stage.below_one().await == 0 {
            break;
        }
    }
    let transactions: usize = parts.iter().sum();
    assert!(transactions >= 2, "{parts:?}");
    assert_eq!((stage.sent_once().await, stage.below_one().await), (transactions, 0));
    assert!(stage.held(UUSD).await > 0);
}

/// What it has simulated so far.
fn simulated(stage: &Stage) -> u64 {
    stage.chain.injected().values().sum()
}

#[tokio::test]
async fn cheap_acts_of_strangers_bring_no_account_back_at_each_block() {
    let strangers: [fn(&mut World, u128) -> AppResponse; 3] = [
        |world, _| on_behalf(world, ExecuteMsg::Deposit, (UATOM, 1)),
        |world, _| on_behalf(world, ExecuteMsg::Repay, (UUSD, 2)),
        // Next to nothing is in that slot: what is in it doubles each time.
        |world, block| on_behalf(world, ExecuteMsg::Deposit, (AETH, 1_000 << block)),
    ];
    for stranger in strangers {
        let mut stage = Stage::new(Setup::default()).await;
        stage.block(|world| vec![world.deposit(ALICE, AETH, 1_000).unwrap()]).await;
        // Nothing goes through.
        stage.script("simulate always refuse");
        assert_eq!(stage.tick().await.unwrap().sent.left_out.len(), 1);
        let once = simulated(&stage);
        for block in 1..10 {
            stage.block(move |world| vec![stranger(world, block)]).await;
            let tick = stage.tick().await.unwrap();
            assert_eq!((tick.plan.skipped, simulated(&stage)), ([(Skip::WouldFail, 1)].into(), once), "{block}");
        }
        // Ten blocks later it is tried, as it would have been.
        assert_eq!(stage.next().await.unwrap().sent.left_out.len(), 1);
    }
}

#[tokio::test]
async fn who_changes_his_own_account_at_each_block_ends_the_waiting_once_in_ten() {
    let mut stage = Stage::new(Setup { price: "7", ..Setup::default() }).await;
    stage.script("simulate always refuse");
    stage.tick().await.unwrap();
    let mut tries = Vec::new();
    for block in 1..=20 {
        // More than a percent of the debt.
        stage.block(|world| vec![world.repay(ALICE, UUSD, 8_000_000).unwrap()]).await;
        if !stage.tick().await.unwrap().sent.left_out.is_empty() {
            tries.push(block);
        }
    }
    assert_eq!((tries, stage.below_one().await), (vec![1, 11], 1));
}

/// Somebody does this to ALICE's account.
fn on_behalf(
    world: &mut World,
    message: fn(OnBehalf) -> ExecuteMsg,
    (denom, amount): (&'static str, u128),
) -> AppResponse {
    let on_behalf_of = Some(world.addr(ALICE).into_string());
    world.mint(BOB, denom, amount);
    let message = message(OnBehalf { account_id: None, on_behalf_of });
    world.execute(BOB, &message, &[plimsoll_testing::coin(amount, denom)]).unwrap()
}
