//! Which version of wasmd the chain's nodes run.

use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::service_client::ServiceClient;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::{GetNodeInfoRequest, VersionInfo};
use tonic::Response;

use crate::chain::cosmos::Node;
use crate::chain::cosmos::classify::nonsense;

/// The module of wasmd among those that a node was built from. A chain that replaces it by a fork still names this one.
const WASMD: &str = "github.com/CosmWasm/wasmd";
/// The module of wasmvm, which every wasmd is built from; from version 2 on, its major number follows.
const WASMVM: &str = "github.com/CosmWasm/wasmvm";
const WASMVM_MAJOR: &str = "github.com/CosmWasm/wasmvm/v";
/// The version of wasmvm that wasmd 0.54 came with: the first that charges for loading a contract once in a transaction.
const WASMVM_OF_0_54: (u64, u64) = (2, 2);

impl Node {
    /// The version of wasmd that a node was built with, such as `v0.53.4`, or the first that may be it; `None` where
    /// nobody tells.
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

/// As a module of the chain, or by the version of wasmvm: a node that is wasmd itself doesn't count among its modules.
fn of_wasmd(version: &VersionInfo) -> Option<String> {
    let mut modules = version.build_deps.iter();
    if let Some(wasmd) = modules.clone().find(|module| module.path == WASMD) {
        return Some(wasmd.version.clone());
    }
    let wasmvm = modules.find(|module| module.path == WASMVM || module.path.starts_with(WASMVM_MAJOR))?;
    let mut numbers = wasmvm.version.trim_start_matches('v').split('.').map(str::parse::<u64>);
    let major = numbers.next()?.ok()?;
    let minor = numbers.next()?.ok()?;
    let first = if (major, minor) >= WASMVM_OF_0_54 { "v0.54.0" } else { "v0.0.0" };
    Some(first.to_owned())
}
