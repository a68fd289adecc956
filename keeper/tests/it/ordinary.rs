//! The nodes that people really have: without `AccountInfo`, without a free subscription, without block results, behind a proxy.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

mod accounts;
mod addresses;
mod block_results;
mod budget;
mod gas;
mod patience;
mod proxies;
mod subscriptions;
mod websockets;

use cosmwasm_std::Decimal;
use plimsoll_keeper::chain::cosmos::Node;
use plimsoll_keeper::chain::endpoints::Health;
use plimsoll_keeper::config::ChainConfig;
use plimsoll_keeper::keys::Mnemonic;

use crate::support::fake_node::Fake;

/// A node of a key over these endpoints.
async fn connect(nodes: &[&Fake]) -> Node {
    let config = ChainConfig {
        id: "fake-1".to_owned(),
        grpc: nodes.iter().map(|node| node.grpc.clone()).collect(),
        rpc: nodes.iter().map(|node| node.rpc.clone()).collect(),
        prefix: "wasm".to_owned(),
        coin_type: 118,
        gas_price: Decimal::zero(),
        max_gas_price: None,
        max_requests_per_second: None,
        gas_denom: "ustake".to_owned(),
        gas_adjustment: Decimal::one(),
        ca_file: None,
        fee_granter: None,
    };
    let words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
    let key = Mnemonic::parse(words, "a test").unwrap().key("wasm", 118, 0).unwrap();
    Node::connect(config, Some(key)).await.unwrap()
}

/// The health of the endpoint with this address.
fn health(node: &Node, address: &str) -> Health {
    let endpoints = node.endpoints();
    let at = endpoints.all().iter().position(|endpoint| endpoint.name == address).unwrap();
    endpoints.health(at)
}
