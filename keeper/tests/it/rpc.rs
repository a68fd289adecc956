//! CometBFT's RPC, on loopback: events outside of transactions, answers that can't be, and a chain that goes back.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use plimsoll_keeper::chain::cosmos::rpc::Rpc;
use plimsoll_keeper::chain::cosmos::tls::Trust;
use plimsoll_keeper::error::Error;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

/// A node that answers each method so.
async fn node(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Rpc {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
                while let Some(Ok(message)) = socket.next().await {
                    if let Message::Text(text) = message {
                        let request: Value = serde_json::from_str(&text).unwrap();
                        let answer = answer(request["method"].as_str().unwrap());
                        if socket.send(Message::text(answer)).await.is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    Rpc::new(&format!("http://{address}"), Trust::new(None).unwrap())
}

fn wasm(contract: &str, action: &str) -> Value {
    json!({ "type": "wasm", "attributes": [
        { "key": "_contract_address", "value": contract, "index": true },
        { "key": "action", "value": action, "index": true } ] })
}

#[tokio::test]
async fn events_outside_of_transactions_are_heard_in_every_version() {
    for name in ["finalize_block_events", "begin_block_events", "end_block_events"] {
        let rpc = node(move |_| {
            let mut result = json!({ "height": "7", "txs_results": [
                { "code": 0, "events": [wasm("a", "deposit")] },
                { "code": 5, "events": [wasm("b", "failed")] } ] });
            result[name] = json!([{ "type": "mint", "attributes": [] }, wasm("c", "update_asset")]);
            json!({ "jsonrpc": "2.0", "id": 1, "result": result }).to_string()
        })
        .await;
        let events = rpc.events(7).await.unwrap();
        let said: Vec<_> = events.iter().map(|e| (e.contract.as_str(), e.get("action").unwrap())).collect();
        assert_eq!(said, [("a", "deposit"), ("c", "update_asset")], "{name}");
    }
}

#[tokio::test]
async fn a_block_without_transactions_may_have_events() {
    let rpc = node(|_| {
        let result = json!({ "height": "7", "txs_results": null, "finalize_block_events": [wasm("c", "pause")] });
        json!({ "jsonrpc": "2.0", "id": 1, "result": result }).to_string()
    })
    .await;
    assert_eq!(rpc.events(7).await.unwrap().len(), 1);
}

#[tokio::test]
async fn results_of_another_type_are_garbage_and_not_an_empty_block() {
    let event = |attributes: Value| json!([{ "code": 0, "events": [{ "type": "wasm", "attributes": attributes }] }]);
    let bad = [
        ("txs_results", json!("x")),
        ("txs_results", json!({})),
        ("txs_results", json!(["x"])),
        ("txs_results", json!([{ "code": "0", "events": [] }])),
        ("txs_results", json!([{ "code": 0, "events": 7 }])),
        ("txs_results", json!([{ "code": 0, "events": ["x"] }])),
        ("txs_results", json!([{ "code": 0, "events": [{ "type": 7, "attributes": [] }] }])),
        ("txs_results", event(json!("x"))),
        ("txs_results", event(json!({}))),
        ("txs_results", event(json!(["x"]))),
        ("txs_results", event(json!([{ "key": 7, "value": "x" }]))),
        ("txs_results", event(json!([{ "key": "_contract_address", "value": ["x"] }]))),
        ("finalize_block_events", json!("x")),
        ("finalize_block_events", json!([7])),
        ("begin_block_events", json!(true)),
        ("end_block_events", json!([{ "type": "wasm", "attributes": "x" }])),
    ];
    let events = async |name: &'static str, value: Value| {
        let rpc = node(move |_| {
            let mut result = json!({ "height": "7", "txs_results": null });
            result[name] = value.clone();
            json!({ "jsonrpc": "2.0", "id": 1, "result": result }).to_string()
        });
        rpc.await.events(7).await
    };
    for (name, value) in bad {
        let error = events(name, value.clone()).await;
        assert!(matches!(error, Err(Error::Garbage { .. })), "{name} {value}: {error:?}");
    }
    // Nothing to list, and what failed says nothing.
    for (name, value) in [
        ("txs_results", Value::Null),
        ("txs_results", json!([{ "events": null }, { "code": 0 }, { "code": null, "events": [] }])),
        ("txs_results", event(Value::Null)),
        ("txs_results", event(json!([{ "key": "a", "value": null }, { "key": "b" }]))),
        ("txs_results", json!([{ "code": 5, "events": [wasm("b", "failed")] }])),
        ("finalize_block_events", Value::Null),
    ] {
        assert_eq!(events(name, value.clone()).await.unwrap(), [], "{name} {value}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_object_is_garbage() {
    for answer in ["[]", "7", "null", "\"x\"", "{}"] {
        let rpc = node(move |_| answer.to_owned()).await;
        let error = rpc.events(7).await.unwrap_err();
        assert!(matches!(error, Error::Garbage { .. }), "{answer}: {error}");
        assert!(matches!(rpc.head().await, Err(Error::Garbage { .. })), "{answer}");
    }
}

#[tokio::test]
async fn results_of_more_than_sixteen_megabytes_are_read() {
    let filler = "x".repeat(20 << 20);
    let rpc = node(move |_| {
        let result =
            json!({ "height": "7", "txs_results": [], "filler": filler, "end_block_events": [wasm("c", "pause")] });
        json!({ "jsonrpc": "2.0", "id": 1, "result": result }).to_string()
    })
    .await;
    assert_eq!(rpc.events(7).await.unwrap().len(), 1);
}

/// A node whose subscription answers so, and which is at this block.
async fn announcing(subscription: Value, height: u64) -> Rpc {
    node(move |method| match method {
        "subscribe" => subscription.to_string(),
        _ => json!({ "result": { "node_info": { "network": "c-1" }, "sync_info": {
            "latest_block_height": height.to_string(), "latest_block_time": "2026-01-01T00:00:00Z", "catching_up": true } } })
        .to_string(),
    })
    .await
}

#[tokio::test]
async fn announced_blocks_are_heard_until_told_to_stop() {
    let header = json!({ "chain_id": "c-1", "height": "3", "time": "2026-01-01T00:00:00Z" });
    let rpc = announcing(json!({ "result": { "data": { "value": { "block": { "header": header } } } } }), 3).await;
    assert!(rpc.catching_up().await.unwrap());
    let mut heard = Vec::new();
    let listening = rpc.listen(|head| {
        heard.push(head.height);
        false
    });
    tokio::time::timeout(Duration::from_secs(3), listening).await.unwrap().unwrap();
    assert_eq!(heard, [3]);
}

#[tokio::test]
async fn a_refused_subscription_is_an_error() {
    let rpc = announcing(json!({ "error": { "message": "max_subscriptions_per_client 5 reached" } }), 3).await;
    let error = rpc.listen(|_| true).await.unwrap_err();
    assert!(error.to_string().contains("max_subscriptions_per_client"), "{error}");
}

#[tokio::test]
async fn a_blocks_gas_is_what_the_consensus_parameters_say_or_garbage() {
    let told = async |gas: Value| {
        let rpc = node(move |method| {
            assert_eq!(method, "consensus_params");
            let block = json!({ "max_bytes": "22020096", "max_gas": gas });
            let result = json!({ "block_height": "7", "consensus_params": { "block": block } });
            json!({ "jsonrpc": "2.0", "id": 1, "result": result }).to_string()
        })
        .await;
        rpc.block_gas().await
    };
    assert_eq!(told(json!("100000000")).await.unwrap(), Some(100_000_000));
    assert_eq!(told(json!("-1")).await.unwrap(), None);
    for wrong in [json!("0"), json!("-2"), json!("much"), json!(100), Value::Null] {
        let error = told(wrong.clone()).await.unwrap_err();
        assert!(matches!(error, Error::Garbage { .. }), "{wrong}: {error}");
    }
}
