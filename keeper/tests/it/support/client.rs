//! The keeper's client of fake nodes: how it is set, made and looked at.

use std::time::Duration;

use cosmwasm_std::Decimal;
use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::chain::cosmos::Node;
use plimsoll_keeper::chain::endpoints::Health;
use plimsoll_keeper::config::ChainConfig;
use plimsoll_keeper::error::Error;

use crate::support::fake_node::Fake;
use crate::support::mnemonic;

/// All of these nodes as endpoints of both kinds, in this order; gas costs nothing.
pub fn config(nodes: &[&Fake]) -> ChainConfig {
    ChainConfig {
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
        headers: http::HeaderMap::new(),
        fee_granter: None,
    }
}

/// A client without a key.
pub async fn connect(nodes: &[&Fake]) -> Node {
    Node::connect(config(nodes), None).await.unwrap()
}

/// A client that signs.
pub async fn signing(nodes: &[&Fake]) -> Node {
    connect(nodes).await.signed_by(mnemonic::key(mnemonic::ABANDON))
}

/// Asks a contract something, which any node answers.
pub async fn ask(node: &Node, height: Option<u64>) -> Result<Vec<u8>, Error> {
    node.smart("c", b"{}".to_vec(), height).await
}

/// How many questions this node has had.
pub fn asked(fake: &Fake) -> usize {
    fake.with(|state| state.asked.len())
}

/// The health of the endpoint with this address.
pub fn health(node: &Node, address: &str) -> Health {
    let endpoints = node.endpoints();
    let at = endpoints.all().iter().position(|endpoint| endpoint.name == address).unwrap();
    endpoints.health(at)
}

/// Waits until this holds.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1_500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} in 15 s");
}
