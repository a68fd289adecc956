//! Puts the contracts on a chain: stores the code, instantiates, sets price sources, lists assets, opens pairs, and
//! hands pool and oracle over to their owner.
//!
//! Each step first asks the chain whether it is done already, so running it again, or after a break, does no harm.

mod contract;
mod measure;
pub mod network;
mod owner;
mod pairs;
pub mod trial;
pub mod votes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use plimsoll_schema::{liquidator, margin, oracle, pool};

use crate::book::markets::markets;
use crate::book::sources::sources;
use crate::chain::cosmos::Node;
use crate::chain::{Execute, TxSender};
use crate::config::deployment::Deployment;
use crate::deploy::contract::What;
use crate::deploy::network::Network;
use crate::error::{Error, Result};

/// The variable that holds the deployer's mnemonic.
pub const MNEMONIC_VARIABLE: &str = "PLIMSOLL_MNEMONIC";

/// Deploys, with the node's own key as deployer. `artifacts` holds `plimsoll_pool.wasm` and the other contracts;
/// `out` is the deployment file, written after each step; `say` hears what is done.
pub async fn deploy(
    node: &Node,
    network: &Network,
    artifacts: &Path,
    out: &Path,
    say: impl Fn(&str),
) -> Result<Deployment> {
    let deployer = node.sender().ok_or(Error::NoKey)?.to_owned();
    network.check(&deployer)?;
    let mut job = Job { node, network, deployer, artifacts: artifacts.to_owned(), out: out.to_owned(), say };
    let mut record = job.record()?;
    network.warnings().iter().for_each(|warning| (job.say)(warning));
    job.timelock(&mut record).await?;
    job.oracle(&mut record).await?;
    job.sources(&record).await?;
    job.votes(&record).await?;
    job.publish(&record).await?;
    job.pool(&mut record).await?;
    job.assets(&record).await?;
    job.liquidator(&mut record).await?;
    job.margin(&mut record).await?;
    job.pairs(&mut record).await?;
    job.measure_gas(&mut record).await?;
    job.hand_over(&record).await?;
    Ok(record)
}

struct Job<'a, F> {
    node: &'a Node,
    network: &'a Network,
    deployer: String,
    artifacts: PathBuf,
    out: PathBuf,
    say: F,
}

impl<F: Fn(&str)> Job<'_, F> {
    /// The deployment so far, with the network's present endpoints and prices.
    fn record(&self) -> Result<Deployment> {
        let before = if self.out.exists() { Some(Deployment::read(&self.out)?) } else { None };
        let chain = self.node.config();
        if let Some(before) = before.as_ref().filter(|before| before.chain_id != chain.id) {
            let reason = format!(
                "is a deployment on {}, not on {}: move it away or name another --out",
                before.chain_id, chain.id
            );
            return Err(Error::file(&self.out, reason));
        }
        let before = before.unwrap_or_default();
        Ok(Deployment {
            network: self.network.name.clone(),
            chain_id: chain.id.clone(),
            grpc: chain.grpc.join(","),
            rpc: chain.rpc.join(","),
            prefix: chain.prefix.clone(),
            coin_type: chain.coin_type,
            gas_price: chain.gas_price.to_string(),
            gas_denom: chain.gas_denom.clone(),
            gas_adjustment: chain.gas_adjustment.to_string(),
            ..before
        })
    }

    async fn oracle(&mut self, record: &mut Deployment) -> Result<()> {
        let settings = &self.network.oracle;
        let msg = oracle::InstantiateMsg {
            owner: self.deployer.clone(),
            production: settings.production,
            source_delay: settings.source_delay,
            heartbeat_gap: settings.heartbeat_gap,
            guardian: self.network.roles.guardian.clone(),
        };
        self.contract(What::named("oracle"), record, |record| &mut record.oracle, &msg).await
    }

    async fn pool(&mut self, record: &mut Deployment) -> Result<()> {
        let settings = &self.network.pool;
        let roles = &self.network.roles;
        let msg = pool::InstantiateMsg {
            owner: self.deployer.clone(),
            risk_manager: roles.risk_manager.clone(),
            guardian: roles.guardian.clone(),
            config: pool::Config {
                oracle: record.oracle.address.clone(),
                liquidation: self.network.terms(),
                min_debt_value: settings.min_debt_value,
                reserves_delay: settings.reserves_delay,
                oracle_delay: settings.oracle_delay,
                halt_grace: settings.halt_grace,
            },
        };
        self.contract(What::named("pool"), record, |record| &mut record.pool, &msg).await
    }

    async fn liquidator(&self, record: &mut Deployment) -> Result<()> {
        let msg = liquidator::InstantiateMsg { pool: record.pool.address.clone() };
        self.contract(What::named("liquidator"), record, |record| &mut record.liquidator, &msg).await
    }

    /// The margin contract that the network file asks for.
    async fn margin(&self, record: &mut Deployment) -> Result<()> {
        let Some(settings) = &self.network.margin else { return Ok(()) };
        let msg = margin::InstantiateMsg { pool: record.pool.address.clone(), fee: settings.fee.clone() };
        self.contract(What::named("margin"), record, |record| record.margin.get_or_insert_default(), &msg).await
    }

    async fn sources(&self, record: &Deployment) -> Result<()> {
        let known = self.known_sources(record).await?;
        let mut messages = Vec::new();
        for asset in &self.network.assets {
            let denom = asset.denom(&self.deployer);
            if !known.contains_key(&denom) {
                let source = self.network.source(asset);
                let guards = asset.guards.clone();
                (self.say)(&format!("oracle: source of {denom}"));
                let set = oracle::ExecuteMsg::SetSource { denom: denom.clone(), source, guards };
                messages.push(Execute::new(&record.oracle.address, &set, Vec::new())?);
                if let Some(check) = asset.check.clone() {
                    (self.say)(&format!("oracle: check of {denom}"));
                    let set = oracle::ExecuteMsg::SetCheck { denom, check };
                    messages.push(Execute::new(&record.oracle.address, &set, Vec::new())?);
                }
            }
        }
        self.send(&messages).await
    }

    /// Publishes live sources that have no price yet. One that can't be published is told, and left to the next run: a
    /// pair has to be watched for a window first.
    async fn publish(&self, record: &Deployment) -> Result<()> {
        let known = self.known_sources(record).await?;
        let denoms = self.network.assets.iter().map(|asset| asset.denom(&self.deployer));
        let is_due =
            |denom: &String| known.get(denom).is_some_and(|told| told.source.is_live() && !told.record.was_observed());
        for denom in denoms.filter(is_due) {
            let publish = oracle::ExecuteMsg::Publish { denoms: vec![denom.clone()] };
            match self.send(&[Execute::new(&record.oracle.address, &publish, Vec::new())?]).await {
                Ok(()) => (self.say)(&format!("oracle: publishes {denom}")),
                Err(error) => (self.say)(&format!("oracle: {denom} can't be published yet: {error}")),
            }
        }
        Ok(())
    }

    /// The oracle's sources so far, by denom.
    async fn known_sources(&self, record: &Deployment) -> Result<BTreeMap<String, oracle::SourceResponse>> {
        let known = sources(self.node, &record.oracle.address, None).await?;
        Ok(known.into_iter().map(|source| (source.denom.clone(), source)).collect())
    }

    async fn assets(&self, record: &Deployment) -> Result<()> {
        let markets = markets(self.node, &record.pool.address, None).await?;
        let listed: BTreeSet<String> = markets.into_iter().map(|market| market.params.denom).collect();
        let known = self.known_sources(record).await?;
        let mut messages = Vec::new();
        for asset in &self.network.assets {
            let params = asset.listing(&self.deployer);
            if listed.contains(&params.denom) {
                continue;
            }
            if known.get(&params.denom).is_some_and(|source| !source.record.was_observed()) {
                let reason = format!(
                    "no price of {} yet: have its feeders vote, or publish it, then run deploy again",
                    params.denom
                );
                return Err(Error::DoesNotHold(reason));
            }
            (self.say)(&format!("pool: lists {}", params.denom));
            messages.push(Execute::new(&record.pool.address, &pool::ExecuteMsg::InitAsset { params }, Vec::new())?);
        }
        self.send(&messages).await
    }

    async fn send(&self, messages: &[Execute]) -> Result<()> {
        if messages.is_empty() {
            return Ok(());
        }
        self.node.sign_and_wait(self.node.execute_messages(messages)?).await?.ok()?;
        Ok(())
    }
}
