//! Whether each node can say what became of a transaction.

use tokio::time::timeout;

use crate::chain::cosmos::Node;
use crate::chain::cosmos::classify::{Failure, Meaning};
use crate::chain::cosmos::connections::Connection;
use crate::chain::cosmos::lookup::included;
use crate::chain::cosmos::timeouts::REQUEST_TIMEOUT;
use crate::chain::endpoints::Health;

impl Node {
    /// By gRPC endpoint that is well, why it can't say what became of a transaction, if it can't. It is asked of one
    /// that isn't there.
    pub async fn indexes(&self) -> Vec<(String, Option<String>)> {
        let mut told = Vec::new();
        for (at, line) in self.connections.channels.iter().enumerate() {
            let Connection::Grpc(channel) = line else { continue };
            if self.connections.state().health(at) != Health::Good {
                continue;
            }
            let reason = match timeout(REQUEST_TIMEOUT, included(channel.clone(), "0".repeat(64))).await {
                Ok(Err(status)) if status.meaning() == Meaning::NoIndex => Some(status.reason()),
                _ => None,
            };
            told.push((self.connections.name(at), reason));
        }
        told
    }
}
