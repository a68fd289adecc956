//! The doctor's judgement: each thing well, and each thing wrong, with what to do about it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

use plimsoll_keeper::chain::Head;
use plimsoll_keeper::chain::endpoints::{Endpoints, Kind};
use plimsoll_keeper::chain::world::WorldChain;
use plimsoll_keeper::commands::doctor::{Check, Status, contracts, machine, network, prices, wallet};
use plimsoll_keeper::config::Contracts;
use plimsoll_testing::{LIQUIDATOR, UATOM, UUSD, World};

fn worst(checks: &[Check]) -> Status {
    checks.iter().map(|check| check.status).max().unwrap()
}

/// The one that isn't well, which says what to do.
fn bad(checks: &[Check], status: Status) -> &Check {
    let found: Vec<&Check> = checks.iter().filter(|check| check.status != Status::Ok).collect();
    assert!(found.len() == 1 && found[0].status == status && found[0].mend.is_some(), "{checks:?}");
    found[0]
}

async fn world() -> (WorldChain, Contracts) {
    let chain = WorldChain::start(LIQUIDATOR, || World::builder().lent(1_000).build()).await.unwrap();
    let contracts = chain
        .with(|world| {
            let pair = world.pair(UATOM, UUSD, 1_000_000).to_string();
            let (pool, liquidator) = (world.pool().to_string(), world.liquidator().to_string());
            Contracts { pool, oracle: None, liquidator: Some(liquidator), pairs: vec![pair] }
        })
        .await
        .unwrap();
    (chain, contracts)
}

#[tokio::test]
async fn contracts_are_there_of_the_right_kind_and_of_one_another() {
    let (chain, good) = world().await;
    let checks = contracts::check(&chain, &good, "c-1").await;
    assert_eq!((worst(&checks), checks.len()), (Status::Ok, 4), "{checks:?}");

    let nowhere = Contracts { pairs: vec!["cosmwasm1nothing".to_owned()], ..good.clone() };
    assert!(bad(&contracts::check(&chain, &nowhere, "c-1").await, Status::Fail).finding.contains("no contract"));
    let checks = contracts::check(&chain, &Contracts { oracle: Some(good.pool.clone()), ..good.clone() }, "c-1").await;
    assert!(bad(&checks, Status::Fail).finding.contains("the pool goes by"));
    let checks =
        contracts::check(&chain, &Contracts { liquidator: None, pairs: Vec::new(), ..good.clone() }, "c-1").await;
    assert!(bad(&checks, Status::Warn).finding.contains("only what the key holds"));
    // The pool stands where the liquidator belongs: of the wrong kind, and it answers something else.
    let checks =
        contracts::check(&chain, &Contracts { liquidator: Some(good.pool.clone()), ..good.clone() }, "c-1").await;
    assert!(
        checks
            .iter()
            .any(|c| c.status == Status::Fail && c.finding.contains("it should be crates.io:plimsoll-liquidator"))
    );
    let checks = contracts::check(&chain, &Contracts { pool: good.pairs[0].clone(), ..good }, "c-1").await;
    assert_eq!(worst(&checks), Status::Fail);
}

#[test]
fn another_version_is_a_warning_and_a_foreign_pair_is_well() {
    let ours = env!("CARGO_PKG_VERSION");
    let status = |kind: &str, contract: &str, version: &str| contracts::judge("x", kind, contract, version).status;
    assert_eq!(status("pool", "crates.io:plimsoll-pool", ours), Status::Ok);
    assert_eq!(status("pool", "crates.io:plimsoll-pool", "99.0.0"), Status::Warn);
    assert_eq!(status("pool", "crates.io:plimsoll-oracle", ours), Status::Fail);
    assert_eq!(status("pool", "", ""), Status::Fail);
    assert_eq!(status("pair", "astroport-pair", "1.5.0"), Status::Ok);
}

#[tokio::test]
async fn prices_grow_old_and_then_fail() {
    let (chain, contracts) = world().await;
    let of_atom = async || {
        let checks = prices::check(&chain, &contracts.pool).await;
        checks.into_iter().find(|check| check.check.ends_with(UATOM)).unwrap()
    };
    assert_eq!(of_atom().await.status, Status::Ok);
    let most = of_atom().await.finding.rsplit(" of ").next().unwrap().trim_end_matches(" s").parse::<u64>().unwrap();
    chain.block(most * 9 / 10, |_| Ok(vec![])).await.unwrap().unwrap();
    assert_eq!(of_atom().await.status, Status::Warn);
    chain.block(most, |_| Ok(vec![])).await.unwrap().unwrap();
    let old = of_atom().await;
    assert!(old.status == Status::Fail && old.finding.contains("s old"), "{old:?}");
}

#[test]
fn clock_and_endpoints_are_judged_by_the_block_that_they_tell() {
    let head = |time| Head { chain_id: "c-1".to_owned(), height: 7, time };
    for (block, clock, status) in [
        (1_000, 1_000, Status::Ok),
        (1_000, 1_030, Status::Ok),
        (1_000, 1_031, Status::Fail),
        (1_002, 1_000, Status::Ok),
        (1_003, 1_000, Status::Fail),
    ] {
        assert_eq!(network::time(&head(block), clock).status, status, "{block} {clock}");
    }
    let two = [(Kind::Grpc, "http://a:1".to_owned()), (Kind::Grpc, "http://b:1".to_owned())];
    let mut endpoints = Endpoints::new("c-1", two);
    endpoints.heard(0, &head(1_000), 0, 1_000);
    endpoints.failed(1, "connection refused", 0);
    let found = network::endpoints(&endpoints, 1_003);
    assert!(found[0].status == Status::Ok && found[0].finding.contains("block 7 of c-1, 3 s old"), "{found:?}");
    assert!(found[1].status == Status::Warn && found[1].finding.contains("connection refused"), "{found:?}");
    endpoints.heard(0, &Head { chain_id: "d-1".to_owned(), ..head(1_000) }, 1, 1_000);
    let found = network::endpoints(&endpoints, 1_003);
    assert!(found.iter().all(|check| check.status == Status::Fail && check.mend.is_some()), "{found:?}");
}

#[test]
fn gas_money_is_counted_against_one_liquidation_and_the_largest_transaction() {
    for (held, status) in [(9, Status::Fail), (10, Status::Warn), (99, Status::Warn), (100, Status::Ok)] {
        assert_eq!(wallet::gas("wasm1me", held, (10, 100), "ustake").status, status, "{held}");
    }
}

#[test]
fn files_are_tried_and_nothing_is_left_behind() {
    let directory = std::env::temp_dir().join(format!("plimsoll-doctor-test-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("deep/er/journal.jsonl");
    assert_eq!(machine::writable("journal", &file).status, Status::Ok);
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 0);
    let there = directory.join("journal.jsonl");
    let held = std::fs::File::create(&there).unwrap();
    assert!(machine::writable("journal", &there).finding.contains("can be written"));
    held.lock().unwrap();
    assert!(machine::writable("journal", &there).finding.contains("in use"));
    assert_eq!(machine::writable("journal", &directory).status, Status::Fail);
    assert_eq!(machine::writable("journal", &there.join("below-a-file")).status, Status::Fail);
    std::fs::remove_dir_all(&directory).unwrap();
}
