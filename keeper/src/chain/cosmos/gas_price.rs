//! What each node takes for gas. It is each node's own setting, which it may keep to itself.

use cosmos_sdk_proto::cosmos::base::node::v1beta1::ConfigRequest;
use cosmos_sdk_proto::cosmos::base::node::v1beta1::service_client::ServiceClient;
use tokio::time::timeout;

use crate::chain::cosmos::Node;
use crate::chain::cosmos::connections::Connection;
use crate::chain::cosmos::timeouts::REQUEST_TIMEOUT;

impl Node {
    /// By gRPC endpoint, the least that it says to take for a unit of gas, as in `0.025ustake`: one denom or several,
    /// any of which it takes, or nothing at all. `None` where it doesn't say.
    pub async fn minimum_gas_prices(&self) -> Vec<(String, Option<String>)> {
        let mut told = Vec::new();
        for (at, line) in self.connections.channels.iter().enumerate() {
            let Connection::Grpc(channel) = line else { continue };
            let mut client = ServiceClient::new(channel.clone());
            let answer = timeout(REQUEST_TIMEOUT, client.config(ConfigRequest {})).await;
            let said = answer.ok().and_then(Result::ok).map(|answer| answer.into_inner().minimum_gas_price);
            told.push((self.connections.name(at), said));
        }
        told
    }
}
