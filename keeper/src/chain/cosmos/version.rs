//! Which version of wasmd the chain's nodes run.

use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::service_client::ServiceClient;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::{GetNodeInfoRequest, VersionInfo};
use tonic::Response;

use crate::chain::cosmos::Node;
use crate::chain::cosmos::classify::nonsense;

/// The module of wasmd among those that a node was built from. A chain that replaces it by a fork still names this one.
const WASMD: &str = "github.com/CosmWasm/wasmd";

impl Node {
    /// The version of wasmd that a node was built with, such as `v0.53.4`; `None` where nobody tells.
    pub async fn wasmd_version(&self) -> Option<String> {
        let ask = |channel| async move {
            let answer = ServiceClient::new(channel).get_node_info(GetNodeInfoRequest {}).await?.into_inner();
            let version = answer.application_version.ok_or_else(|| nonsense("a node without a version"))?;
            Ok(Response::new(version))
        };
        let version = self.connections.ask(None, ask).await.ok()?.answer.ok()?;
        of_wasmd(&version)
    }
}

/// As a module of the chain, or as the node itself.
fn of_wasmd(version: &VersionInfo) -> Option<String> {
    let module = version.build_deps.iter().find(|module| module.path == WASMD).map(|module| &module.version);
    let itself = Some(&version.version).filter(|_| version.app_name == "wasmd");
    module.or(itself).filter(|version| !version.is_empty()).cloned()
}
