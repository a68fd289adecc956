//! What one liquidation uses: measured by the keeper itself, kept in its journal, and gone by by `doctor`.

use std::path::PathBuf;

use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::commands::doctor::{Status, limits, wallet};
use plimsoll_keeper::config::GasFigures;
use plimsoll_keeper::config::{Config, Contracts, Layers, Strategy};
use plimsoll_keeper::tx::FailureReason;
use plimsoll_keeper::tx::journal::{Intent, Journal};

use crate::support::stage::{Directory, PLENTY, Setup, Stage, without_inventory};

fn journal(stage: &Stage) -> PathBuf {
    stage.directory.journal()
}

async fn figures(stage: &Stage) -> GasFigures {
    let chain_id = stage.world().head().await.unwrap().chain_id;
    Journal::look_gas(&journal(stage), &chain_id).unwrap()
}

/// The settings that a doctor has of this market, with these figures.
fn config(stage: &Stage, gas: GasFigures) -> Config {
    let (pool, strategy) = (&stage.pool, stage.setup.strategy.clone());
    let toml =
        format!("chain = {{ id = 'c-1', grpc = 'http://a:1', rpc = 'http://a:2' }}\ncontracts.pool = '{pool}'\n");
    let mut layers = Layers::default();
    layers.add_toml(&toml, "a test").unwrap();
    let config = Config::of(&layers).unwrap();
    let contracts = Contracts { gas, ..config.contracts.clone() };
    Config { strategy, contracts, ..config }
}

#[tokio::test]
async fn one_liquidation_is_measured_for_own_coins_and_for_the_liquidator_apart() {
    let mut own = Stage::new(Setup::default()).await;
    assert_eq!(figures(&own).await, GasFigures::default());
    own.tick().await.unwrap();
    assert_eq!(figures(&own).await, GasFigures { own: Some(200_000), sold: None });
    let mut sold = Stage::new(without_inventory(1)).await;
    sold.tick().await.unwrap();
    assert_eq!(figures(&sold).await, GasFigures { own: None, sold: Some(200_000) });
}

#[tokio::test]
async fn a_limit_that_keeps_the_keeper_from_sending_fails_in_the_doctor() {
    let strategy = Strategy { max_fee: Some(150_000), ..Strategy::default() };
    let mut stage = Stage::new(Setup { gas_money: Some(PLENTY), strategy, ..Setup::default() }).await;
    for _ in 0..3 {
        assert_eq!(stage.next().await.unwrap().sent.hash, None);
    }
    let known = config(&stage, figures(&stage).await);
    let found = limits::check(stage.world(), &known).await;
    let failed = found.iter().find(|check| check.status == Status::Fail).expect("a limit without room");
    assert!(failed.finding.contains("strategy.max_fee is 150000") && failed.finding.contains("200000"), "{failed:?}");
}

#[tokio::test]
async fn before_any_measurement_the_doctor_says_of_no_room() {
    let stage = Stage::new(Setup { gas_money: Some(PLENTY), ..Setup::default() }).await;
    let unknown = config(&stage, GasFigures::default());
    let found = limits::check(stage.world(), &unknown).await;
    assert!(found.iter().all(|check| !check.finding.contains("there is room")), "{found:?}");
    assert!(found.iter().any(|check| check.status == Status::Warn && check.finding.contains("unknown")), "{found:?}");
    // A deployment record may say it.
    let recorded = config(&stage, GasFigures { own: Some(230_000), sold: None });
    let found = limits::check(stage.world(), &recorded).await;
    assert!(found.iter().any(|check| check.finding.contains("230000")), "{found:?}");
    assert_eq!(wallet::further(stage.world(), 1, &recorded.contracts).await[0].status, Status::Ok);
}

#[test]
fn figures_of_each_chain_outlive_a_file_that_is_written_anew() {
    let directory = Directory::new();
    let path = directory.journal();
    let mut journal = Journal::open(&path).unwrap();
    let one = GasFigures { own: Some(1_019_577), sold: None };
    journal.measure("a-1", one).unwrap();
    journal.measure("b-1", GasFigures { own: Some(7), sold: Some(8) }).unwrap();
    for n in 0..1_200 {
        let hash = format!("H{n}");
        journal.intend(Intent { hash: hash.clone(), ..Intent::default() }).unwrap();
        journal.resolve(&hash, Some(FailureReason::Refused), n).unwrap();
    }
    // One of them alone that changes leaves the other as it is.
    journal.measure("a-1", GasFigures { own: None, sold: Some(1_126_691) }).unwrap();
    drop(journal);
    let lines = std::fs::read_to_string(&path).unwrap().lines().count();
    assert!(lines < 2_000, "{lines}");
    let journal = Journal::open(&path).unwrap();
    assert_eq!(journal.gas("a-1"), GasFigures { sold: Some(1_126_691), ..one });
    assert_eq!(journal.gas("b-1"), GasFigures { own: Some(7), sold: Some(8) });
    assert_eq!(journal.gas("c-1"), GasFigures::default());
}
