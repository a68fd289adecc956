//! What a transaction pays: what the chain asks for, more after one that came to nothing, never more than the limit.

use std::path::Path;

use plimsoll_keeper::chain::TxSender;
use plimsoll_keeper::tx::FailureReason;

use crate::support::stage::{GAS, PLENTY, Setup, Stage, sent};

fn paying() -> Setup {
    Setup { gas_money: Some(PLENTY), ..Setup::default() }
}

/// The fees that a journal says were spent, in the order of its intents.
fn fees(journal: &Path) -> Vec<u128> {
    let text = std::fs::read_to_string(journal).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter_map(|line| line["intent"]["spent"]["fee"].as_u64()).map(u128::from).collect()
}

#[tokio::test]
async fn a_fee_that_was_too_low_is_raised_to_the_refusals_own_figure() {
    let mut stage = Stage::new(paying()).await;
    stage.world().set_gas_market(3, false).await.unwrap();
    assert_eq!(stage.tick().await.unwrap().sent.hash, None);
    let before = stage.held(GAS).await;
    let tick = stage.next().await.unwrap();
    assert_eq!(tick.sent.spent.unwrap().fee, 600_000);
    stage.next().await.unwrap();
    // What is counted is what was paid.
    assert_eq!((stage.sent_once().await, before - stage.held(GAS).await), (1, 600_000));
    assert_eq!(fees(&stage.directory.journal()), [200_000, 600_000]);
}

#[tokio::test]
async fn a_price_that_the_chain_tells_is_paid_at_once() {
    let mut stage = Stage::new(paying()).await;
    stage.world().set_gas_market(5, true).await.unwrap();
    assert_eq!(stage.tick().await.unwrap().sent.spent.unwrap().fee, 1_100_000);
    assert_eq!(stage.next().await.unwrap().settled.len(), 1);
}

#[tokio::test]
async fn what_no_block_took_is_never_signed_again_at_the_same_fee() {
    let mut stage = Stage::new(paying()).await;
    stage.script("broadcast #1..3 swallow");
    let mut expired = 0;
    for _ in 0..40 {
        let tick = stage.next().await.unwrap();
        expired += tick.failed.iter().filter(|lost| lost.why == FailureReason::Expired).count();
    }
    assert_eq!((expired, stage.below_one().await), (3, 0));
    assert_eq!(fees(&stage.directory.journal())[..4], [200_000, 250_000, 312_500, 390_625]);
}

#[tokio::test]
async fn no_more_than_the_limit_is_paid_until_the_chain_asks_for_less() {
    let mut stage = Stage::new(paying()).await;
    stage.world().set_gas_market(11, true).await.unwrap();
    for _ in 0..30 {
        assert_eq!(stage.next().await.unwrap().sent.hash, None);
    }
    assert_eq!(stage.chain.gas_price().get().now().to_string(), "10");
    stage.world().set_gas_market(2, true).await.unwrap();
    let mut paid = Vec::new();
    for _ in 0..4 {
        let tick = stage.next().await.unwrap();
        paid.extend(tick.sent.spent.filter(|_| !tick.sent.actions.is_empty()).map(|spent| spent.fee));
    }
    assert_eq!((paid.len(), stage.below_one().await), (1, 0));
    assert!(paid[0] <= 2_000_000, "{paid:?}");
}

#[tokio::test]
async fn one_that_is_dearer_above_a_size_is_followed_by_a_smaller_one() {
    let mut stage = Stage::new(Setup { accounts: 8, ..paying() }).await;
    stage.script("broadcast #1..2 refuse 13");
    assert_eq!(stage.tick().await.unwrap().sent.hash, None);
    assert_eq!(stage.next().await.unwrap().sent.hash, None);
    assert_eq!(sent(&stage.next().await.unwrap()).len(), 4);
    stage.finish().await;
}
