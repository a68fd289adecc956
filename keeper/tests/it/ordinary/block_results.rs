//! Nodes that don't keep what happened in a block, or don't say it now.

use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::error::Error;
use serde_json::json;

use super::connect;
use crate::support::fake_node::{BlockResults, Fake};

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
    let fake = Fake::start(100).await;
    let attribute = |key: &str, value: &str| json!({ "key": key, "value": value });
    let attributes = [attribute("_contract_address", "pool"), attribute("action", "borrow")];
    fake.with(|state| state.said = json!([{ "type": "wasm", "attributes": attributes }]));
    let node = connect(&[&fake]).await;
    let kept = node.events(100).await.unwrap();
    fake.with(|state| state.results = BlockResults::Discarded);
    assert_eq!(node.events(100).await.unwrap(), kept);
    assert_eq!(kept.len(), 1);
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
