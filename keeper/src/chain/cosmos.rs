//! A real node, or several: gRPC for queries and transactions, websockets for blocks. Whom of them to ask says
//! [`crate::chain::endpoints`].

mod account;
mod at_once;
mod broadcast;
mod channel;
pub(super) mod classify;
mod client;
mod confirm;
pub(super) mod connections;
mod derivation;
mod fan_out;
mod gas_price;
mod grpc;
mod headers;
mod hedge;
pub mod lookup;
mod request;
pub mod results;
mod retry_after;
pub mod rpc;
mod secrets;
mod sequence;
pub mod sign;
mod sign_and_wait;
mod simulate;
mod timeouts;
pub mod tls;
mod tx_index;
mod version;
mod watch;
mod whom;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use cosmos_sdk_proto::cosmwasm::wasm::v1::{ContractInfo, QueryCodeRequest, QueryContractInfoRequest};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tonic::{Code, Request, Response, Status};

use crate::chain::cosmos::channel::Channel;
use crate::chain::cosmos::classify::nonsense;
use crate::chain::cosmos::connections::{Connection, Connections};
use crate::chain::cosmos::grpc::{has_allowance, wasm};
use crate::chain::cosmos::rpc::Rpc;
use crate::chain::cosmos::timeouts::{NEXT_BLOCK_TIMEOUT, RETRY_AFTER_MAX, TURN_STEP};
use crate::chain::cosmos::tls::Trust;
use crate::chain::endpoints::{Endpoints, Kind};
use crate::chain::requests::Requests;
use crate::chain::{ChainReader, GasPrice, Head, SharedGasPrice};
use crate::config::ChainConfig;
use crate::config::redact::public;
use crate::error::{Error, Result};
use crate::keys::Key;

/// The largest answer: a page of a thousand accounts stays far below.
pub(super) const GRPC_ANSWER_MAX_BYTES: usize = 64 << 20;

/// The nodes of one chain, and the key that signs for us.
#[derive(Debug)]
pub struct Node {
    pub(super) config: ChainConfig,
    pub(super) connections: Arc<Connections>,
    pub(super) key: Option<Key>,
    watching: Arc<Watching>,
    following: Arc<AtomicBool>,
    pub(super) gas_price: SharedGasPrice,
}

/// The task that asks all endpoints where they stand. Ends with the last node of these endpoints.
#[derive(Debug)]
struct Watching(JoinHandle<()>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Node {
    /// Asks all endpoints where they stand. Errors when none for queries or none for blocks belongs to the configured
    /// chain and is current; those that don't are named and left out.
    pub async fn connect(config: ChainConfig, key: Option<Key>) -> Result<Self> {
        let connections = Arc::new(Self::dial(&config)?);
        let deadline = tokio::time::Instant::now() + RETRY_AFTER_MAX;
        connections.probe_all().await;
        for kind in [Kind::Grpc, Kind::Rpc] {
            while connections.state().healthy(kind).is_empty() {
                if tokio::time::Instant::now() > deadline || !connections.state().is_resting(kind) {
                    return Err(connections.nobody(kind));
                }
                sleep(TURN_STEP).await;
                connections.probe_all().await;
            }
        }
        let watching = Arc::new(Watching(tokio::spawn(watch::watch(Arc::downgrade(&connections)))));
        let gas_price = GasPrice::new(&config.gas_denom, config.gas_price, config.max_gas_price);
        let gas_price = SharedGasPrice::new(gas_price);
        Ok(Self { config, connections, key, watching, following: Arc::default(), gas_price })
    }

    /// What all endpoints say of themselves, whether or not any of them can be used.
    pub async fn survey(config: &ChainConfig) -> Result<Endpoints> {
        let connections = Self::dial(config)?;
        connections.probe_all().await;
        let endpoints = connections.state().clone();
        Ok(endpoints)
    }

    /// Connections to all endpoints, none of which was used yet.
    fn dial(config: &ChainConfig) -> Result<Connections> {
        let trust = Trust::new(config.ca_file.as_deref())?;
        let (mut named, mut channels) = (Vec::new(), Vec::new());
        for address in &config.grpc {
            channels.push(Connection::Grpc(Channel::new(address, &config.headers, &trust)?));
            named.push((Kind::Grpc, address.clone()));
        }
        for address in &config.rpc {
            channels.push(Connection::Rpc(Box::new(Rpc::new(address, trust.clone()).with_headers(&config.headers))));
            named.push((Kind::Rpc, address.clone()));
        }
        Ok(Connections::new(
            Endpoints::new(&config.id, named).within(config.max_requests_per_second),
            channels,
            &config.id,
        ))
    }

    /// What is known of all endpoints, now.
    pub fn endpoints(&self) -> Endpoints {
        self.connections.state().clone()
    }

    /// The newest block that was heard of.
    pub fn newest(&self) -> Head {
        self.connections.heads.borrow().clone()
    }

    /// How often each endpoint was asked, by what came of it.
    pub fn requests(&self) -> &Requests {
        &self.connections.requests
    }

    /// The same node with another key.
    pub fn signed_by(&self, key: Key) -> Self {
        let (config, connections) = (self.config.clone(), self.connections.clone());
        let (watching, following) = (self.watching.clone(), self.following.clone());
        Self { config, connections, key: Some(key), watching, following, gas_price: self.gas_price.clone() }
    }

    /// The settings that it was made with.
    pub const fn config(&self) -> &ChainConfig {
        &self.config
    }

    /// An error while the node is still behind the chain.
    pub async fn assert_synced(&self) -> Result<()> {
        if !self.connections.ask_rpc(None, Rpc::catching_up).await? {
            return Ok(());
        }
        let names: Vec<String> = self.config.rpc.iter().map(|address| public(address)).collect();
        let reason = format!(
            "{} is still catching up: nothing is sent on what it knows; wait, or use another node",
            names.join(", ")
        );
        Err(Error::DoesNotHold(reason))
    }

    /// The code that a contract runs, or `None` when there is no contract at this address.
    pub async fn contract_code(&self, address: &str) -> Result<Option<u64>> {
        Ok(self.contract_info(address).await?.map(|info| info.code_id))
    }

    /// Who instantiated a contract, or `None` when there is no contract at this address.
    pub async fn contract_creator(&self, address: &str) -> Result<Option<String>> {
        Ok(self.contract_info(address).await?.map(|info| info.creator))
    }

    async fn contract_info(&self, address: &str) -> Result<Option<ContractInfo>> {
        let request = QueryContractInfoRequest { address: address.to_owned() };
        let ask = |channel| {
            let request = request.clone();
            async move {
                let info = wasm(channel).contract_info(request).await?.into_inner().contract_info;
                info.map(Response::new).ok_or_else(|| nonsense("a contract without what it is"))
            }
        };
        match self.connections.ask(None, ask).await?.answer {
            Ok(info) => Ok(Some(info)),
            Err(status) if missing(&status) => Ok(None),
            Err(status) => Err(refusal("contract info", &status)),
        }
    }

    /// The SHA-256 of a stored code, or `None` when there is no such code.
    pub async fn code_checksum(&self, code_id: u64) -> Result<Option<String>> {
        let ask = |channel| async move {
            let info = wasm(channel).code(QueryCodeRequest { code_id }).await?.into_inner().code_info;
            info.map(Response::new).ok_or_else(|| nonsense("a code without what it is"))
        };
        match self.connections.ask(None, ask).await?.answer {
            Ok(info) => Ok(Some(cosmwasm_std::HexBinary::from(info.data_hash).to_hex())),
            Err(status) if missing(&status) => Ok(None),
            Err(status) => Err(refusal("code", &status)),
        }
    }

    /// Whether the granter has given this address an allowance for fees. Chains say in words, with several codes, that
    /// there is none.
    pub async fn has_allowance(&self, granter: &str, address: &str) -> Result<bool> {
        let ask =
            |channel| async { has_allowance(channel, granter.to_owned(), address.to_owned()).await.map(Response::new) };
        match self.connections.ask(None, ask).await?.answer {
            Ok(found) => Ok(found),
            Err(status) if status.code() == Code::NotFound || status.message().contains("not found") => Ok(false),
            Err(status) => Err(refusal("allowance", &status)),
        }
    }

    /// Waits until a block above this height is there, and says which.
    pub async fn next_block(&self, above: u64) -> Result<Head> {
        let deadline = tokio::time::Instant::now() + NEXT_BLOCK_TIMEOUT;
        loop {
            let head = self.head().await?;
            if head.height > above || tokio::time::Instant::now() > deadline {
                return Ok(head);
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// A request at a height; the latest when there is none.
    fn at<T>(message: T, height: Option<u64>) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(value) = height.and_then(|h| h.to_string().parse().ok()) {
            request.metadata_mut().insert("x-cosmos-block-height", value);
        }
        request
    }
}

/// What the node or a contract said no to.
pub(super) fn refusal(what: &str, status: &Status) -> Error {
    Error::Query { what: what.to_owned(), reason: status.message().to_owned() }
}

/// Whether the answer says that there is no such thing: by its code, or in wasmd's own words, which come with another
/// code. Anything else may be a fault of the way there.
fn missing(status: &Status) -> bool {
    status.code() == Code::NotFound
        || ["no such contract", "no such code"].iter().any(|text| status.message().contains(text))
}
