//! The nodes that people really have: without `AccountInfo`, without a free subscription, without block results, behind a proxy.

mod accounts;
mod addresses;
mod block_results;
mod budget;
mod gas;
mod patience;
mod proxies;
mod subscriptions;
mod websockets;

use plimsoll_keeper::chain::cosmos::Node;
use plimsoll_keeper::config::ChainConfig;
use plimsoll_keeper::error::Error;

use crate::support::client::config;
use crate::support::fake_node::Fake;
use crate::support::mnemonic;

/// A node of a key over these endpoints.
async fn connect(nodes: &[&Fake]) -> Node {
    try_connect(config(nodes)).await.unwrap()
}

/// A node of a key, if its endpoints can be used.
async fn try_connect(config: ChainConfig) -> Result<Node, Error> {
    Node::connect(config, Some(mnemonic::key(mnemonic::ABANDON))).await
}
