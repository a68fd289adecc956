//! Nodes that don't keep what happened in a block, or don't say it now.

use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::chain::cosmos::Node;
use plimsoll_keeper::commands::doctor::{Status, network};
use plimsoll_keeper::error::Error;
use serde_json::json;

use super::connect;
use crate::support::fake_node::{BlockResults, Fake};

/// A node in whose newest block the pool said that somebody borrowed.
async fn borrowed() -> (Fake, Node) {
    let fake = Fake::start(100).await;
    let attribute = |key: &str, value: &str| json!({ "key": key, "value": value });
    let attributes = [attribute("_contract_address", "pool"), attribute("action", "borrow")];
    fake.with(|state| state.said = json!([{ "type": "wasm", "attributes": attributes }]));
    let node = connect(&[&fake]).await;
    (fake, node)
}

#[tokio::test]
async fn a_rate_limit_is_no_forgotten_block() {
    let fake = Fake::start(100).await;
    let node = connect(&[&fake]).await;
    for text in ["rate limit exceeded", "Too Many Requests"] {
        fake.with(|state| state.results = BlockResults::Says(text));
        let error = node.events(100).await.unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. }), "{error}");
        assert!(node.requests().counted("RPC", &fake.rpc, "throttled") > 0);
    }
}

#[tokio::test]
async fn what_contracts_said_is_searched_for_where_block_results_are_discarded() {
    let (fake, node) = borrowed().await;
    let kept = node.events(100).await.unwrap();
    fake.with(|state| state.results = BlockResults::Discarded);
    assert_eq!(node.events(100).await.unwrap(), kept);
    assert_eq!(kept.len(), 1);
}

#[tokio::test]
async fn what_contracts_said_is_searched_for_where_results_are_not_found() {
    let (fake, node) = borrowed().await;
    let kept = node.events(100).await.unwrap();
    fake.with(|state| state.results = BlockResults::Says("could not find results for height #100"));
    assert_eq!(node.events(100).await.unwrap(), kept);
    // Further blocks don't wait for results that don't come.
    fake.with(|state| state.height = 101);
    let began = std::time::Instant::now();
    assert_eq!(node.events(101).await.unwrap(), kept);
    assert!(began.elapsed() < std::time::Duration::from_millis(300), "after {:?}", began.elapsed());
}

#[tokio::test]
async fn a_node_that_keeps_no_block_results_is_named_with_the_setting() {
    let (keeps, discards, finds_none) = (Fake::start(100).await, Fake::start(100).await, Fake::start(100).await);
    discards.with(|state| state.results = BlockResults::Discarded);
    finds_none.with(|state| state.results = BlockResults::Says("could not find results for height #99"));
    let node = connect(&[&keeps, &discards, &finds_none]).await;
    let checks = network::results(&node.results().await);
    assert_eq!(checks.len(), 3, "{checks:?}");
    assert_eq!((checks[0].check.as_str(), checks[0].status), (format!("results {}", keeps.rpc).as_str(), Status::Ok));
    for (check, fake) in checks[1..].iter().zip([discards, finds_none]) {
        assert_eq!((check.check.clone(), check.status), (format!("results {}", fake.rpc), Status::Warn));
        assert!(check.finding.contains("discard_abci_responses") && check.finding.contains("index"), "{check:?}");
    }
}

#[tokio::test]
async fn attributes_in_base64_are_refused_by_name() {
    let fake = Fake::start(100).await;
    let attributes = [json!({ "key": "X2NvbnRyYWN0X2FkZHJlc3M=", "value": "cG9vbA==" })];
    fake.with(|state| state.said = json!([{ "type": "wasm", "attributes": attributes }]));
    let node = connect(&[&fake]).await;
    let error = node.events(100).await.unwrap_err();
    assert!(error.to_string().contains("base64"), "{error}");
}
