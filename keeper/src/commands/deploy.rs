//! `deploy`: from a network file to a deployment file.

use std::path::PathBuf;

use crate::chain::cosmos::Node;
use crate::commands::doctor::market::Market;
use crate::config::LogFormat;
use crate::deploy::network::Network;
use crate::dex::depth::shallow;
use crate::error::{Error, Result};
use crate::keys::Mnemonic;
use crate::logging;
use crate::output::print_json;

/// The arguments of `deploy`.
#[derive(Debug)]
pub struct Job {
    /// The network file.
    pub network: PathBuf,
    /// The deployment file.
    pub out: Option<PathBuf>,
    /// The folder with the contracts' wasm files.
    pub artifacts: PathBuf,
    /// The deployer's mnemonic.
    pub mnemonic_file: Option<PathBuf>,
    /// The gRPC endpoint in place of the network file's.
    pub grpc: Option<String>,
    /// The RPC endpoint in place of the network file's.
    pub rpc: Option<String>,
}

/// Deploys.
pub async fn deploy(job: Job, json: bool) -> Result<()> {
    logging::start(LogFormat::Text, tracing::Level::WARN);
    let mut network = Network::read(&job.network)?;
    network.chain.grpc = job.grpc.unwrap_or(network.chain.grpc);
    network.chain.rpc = job.rpc.unwrap_or(network.chain.rpc);
    let variable = crate::deploy::MNEMONIC_VARIABLE;
    let mnemonic = Mnemonic::find(variable, job.mnemonic_file.as_deref())?.ok_or_else(|| {
        Error::Key(format!("no key: set {variable}, or --mnemonic-file to a file that only its owner can read"))
    })?;
    let config = network.chain_config();
    let key = mnemonic.key(&config.prefix, config.coin_type, 0)?;
    network.check(key.address())?;
    eprintln!("deploying to {} as {}", config.id, key.address());
    let node = Node::connect(config, Some(key)).await?;
    let out = job.out.unwrap_or_else(|| format!("deployments/{}.json", network.name).into());
    let record = crate::deploy::deploy(&node, &network, &job.artifacts, &out, |done| eprintln!("{done}")).await?;
    eprintln!("wrote {}", out.display());
    let pairs: Vec<String> = record.pairs.iter().map(|pair| pair.contract.address.clone()).collect();
    let market = Market::read(&node, &record.pool.address).await?;
    for shallow in shallow(&node, &record.oracle.address, &market.assets, &pairs).await? {
        eprintln!("warning: {shallow}");
    }
    if json {
        print_json(&record)?;
    }
    Ok(())
}
