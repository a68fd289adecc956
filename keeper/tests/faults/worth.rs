//! Cases 18 to 21: how much is worth doing, and can be paid for.

use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::error::{Class, Error};
use plimsoll_keeper::plan::{Action, Skip};
use plimsoll_risk::units::Value;
use plimsoll_testing::{UATOM, UUSD};
use tokio::sync::watch;

use crate::stage::{GAS, Setup, Stage, arbitrage, sent, without_inventory};

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
