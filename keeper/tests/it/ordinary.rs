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

use crate::support::client::config;
use crate::support::fake_node::Fake;
use crate::support::mnemonic;

/// A node of a key over these endpoints.
async fn connect(nodes: &[&Fake]) -> Node {
    let key = mnemonic::key(mnemonic::ABANDON);
    Node::connect(config(nodes), Some(key)).await.unwrap()
}
