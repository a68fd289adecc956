//! What was deployed where: the file that `deploy` writes and the keeper reads.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::gas_figures::GasFigures;
use crate::error::{Error, Result};

/// A deployment. Holds no secret.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// The network file's name for the deployment.
    pub network: String,
    /// The chain id.
    pub chain_id: String,
    /// The gRPC endpoints, separated by commas.
    pub grpc: String,
    /// The RPC endpoints, separated by commas.
    pub rpc: String,
    /// The bech32 prefix of addresses.
    pub prefix: String,
    /// The coin type of the keys' derivation path, by SLIP-44.
    pub coin_type: u32,
    /// What a unit of gas costs, in the gas denom.
    pub gas_price: String,
    /// The denom that gas is paid in.
    pub gas_denom: String,
    /// The factor by which a simulation's gas is multiplied.
    pub gas_adjustment: String,
    /// The oracle.
    #[serde(default)]
    pub oracle: Deployed,
    /// The pool.
    #[serde(default)]
    pub pool: Deployed,
    /// The liquidator.
    #[serde(default)]
    pub liquidator: Deployed,
    /// The margin contract, where the network file asks for one. The keeper doesn't use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<Deployed>,
    /// The pairs to sell into.
    #[serde(default)]
    pub pairs: Vec<DeployedPair>,
    /// The gas of one liquidation, where it was measured when this was deployed.
    #[serde(default, skip_serializing_if = "GasFigures::is_unknown")]
    pub gas: GasFigures,
    /// The timelock that owns pool and oracle, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timelock: Option<Deployed>,
}

/// A pair, and of what.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct DeployedPair {
    /// The pair's two tokens.
    pub denoms: [String; 2],
    /// The pair's contract.
    #[serde(flatten)]
    pub contract: Deployed,
}

/// A contract; empty until that step is done.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployed {
    /// The contract's address.
    pub address: String,
    /// The code that the contract runs.
    pub code_id: u64,
    /// The code's SHA-256, in hex.
    pub checksum: String,
}

impl Deployment {
    /// Reads a deployment file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::file(path, format!("{error}; `keeper deploy` writes it")))?;
        serde_json::from_str(&text).map_err(|error| Error::file(path, error))
    }

    /// Writes it beside its place and moves it there, so that no half of it is ever read.
    pub fn write(&self, path: &Path) -> Result<()> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| Error::file(parent, error))?;
        }
        let text = serde_json::to_string_pretty(self).map_err(|error| Error::file(path, error))?;
        let new = path.with_extension("json.new");
        std::fs::write(&new, text + "\n").map_err(|error| Error::file(&new, error))?;
        std::fs::rename(&new, path).map_err(|error| Error::file(path, error))
    }

    /// The keeper's settings that follow from it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let pairs = self.pairs.iter().map(|pair| pair.contract.address.as_str()).filter(|address| !address.is_empty());
        let figures = [("contracts.gas_own", self.gas.own), ("contracts.gas_sold", self.gas.sold)];
        let figures = figures.into_iter().filter_map(|(key, gas)| Some((key, gas?.to_string())));
        let mut settings = vec![
            ("chain.id", self.chain_id.clone()),
            ("chain.grpc", self.grpc.clone()),
            ("chain.rpc", self.rpc.clone()),
            ("chain.prefix", self.prefix.clone()),
            ("chain.coin_type", self.coin_type.to_string()),
            ("chain.gas_price", self.gas_price.clone()),
            ("chain.gas_denom", self.gas_denom.clone()),
            ("chain.gas_adjustment", self.gas_adjustment.clone()),
            ("contracts.pool", self.pool.address.clone()),
            ("contracts.oracle", self.oracle.address.clone()),
            ("contracts.liquidator", self.liquidator.address.clone()),
            ("contracts.pairs", pairs.collect::<Vec<_>>().join(",")),
        ];
        settings.extend(figures);
        settings
    }
}
