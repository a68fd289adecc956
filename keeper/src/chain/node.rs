//! A real node: gRPC for queries and transactions, its websocket for blocks.

use std::future::Future;
use std::time::Duration;

use cosmos_sdk_proto::Timestamp;
use cosmos_sdk_proto::cosmos::auth::v1beta1::QueryAccountInfoRequest;
use cosmos_sdk_proto::cosmos::auth::v1beta1::query_client::QueryClient as AuthClient;
use cosmos_sdk_proto::cosmos::bank::v1beta1::QueryAllBalancesRequest;
use cosmos_sdk_proto::cosmos::bank::v1beta1::query_client::QueryClient as BankClient;
use cosmos_sdk_proto::cosmos::base::query::v1beta1::PageRequest;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::service_client::ServiceClient as BlockClient;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::{GetBlockByHeightRequest, GetLatestBlockRequest};
use cosmos_sdk_proto::cosmwasm::wasm::v1::query_client::QueryClient as WasmClient;
use cosmos_sdk_proto::cosmwasm::wasm::v1::{
    QueryCodeRequest, QueryContractInfoRequest, QueryRawContractStateRequest, QuerySmartContractStateRequest,
};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use crate::chain::rpc::Rpc;
use crate::chain::tls::Trust;
use crate::chain::{Balances, Chain, Coin, ContractEvent, Execute, Head, Outcome, Signed};
use crate::config::ChainConfig;
use crate::error::{Error, Result};
use crate::keys::Key;

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often, and after which pause, a query is repeated for which the node isn't ready yet.
const NOT_YET_TRIES: usize = 50;
const NOT_YET_PAUSE: Duration = Duration::from_millis(20);
/// How often a connection is asked whether it lives, and how long it may take to say so: one that died without a word must not
/// swallow a liquidation.
const PULSE: Duration = Duration::from_secs(10);
const PULSE_WAIT: Duration = Duration::from_secs(5);
/// The largest answer: a page of a thousand accounts stays far below.
pub(super) const ANSWER_MAX: usize = 64 << 20;

/// A node, and the key that signs for us.
#[derive(Debug)]
pub struct Node {
    pub(super) config: ChainConfig,
    pub(super) channel: Channel,
    pub(super) key: Option<Key>,
    rpc: std::sync::Arc<Rpc>,
}

impl Node {
    /// Connects, and checks that both endpoints belong to the configured chain.
    pub async fn connect(config: ChainConfig, key: Option<Key>) -> Result<Self> {
        let trust = Trust::new(config.ca_file.as_deref())?;
        let bad = |reason: &dyn std::fmt::Display| Error::Unreachable {
            what: "gRPC",
            endpoint: config.grpc.clone(),
            reason: reason.to_string(),
        };
        let mut endpoint = Endpoint::from_shared(config.grpc.clone()).map_err(|error| bad(&error))?;
        if config.grpc.starts_with("https") {
            endpoint = endpoint.tls_config(trust.grpc()).map_err(|error| bad(&error))?;
        }
        let endpoint = endpoint.connect_timeout(PATIENCE).timeout(PATIENCE).tcp_nodelay(true);
        let endpoint = endpoint.tcp_keepalive(Some(PULSE)).http2_keep_alive_interval(PULSE);
        let endpoint = endpoint.keep_alive_timeout(PULSE_WAIT).keep_alive_while_idle(true);
        let channel = endpoint.connect().await.map_err(|error| bad(&causes(&error)))?;
        let rpc = std::sync::Arc::new(Rpc::new(&config.rpc, trust));
        let node = Self { config, channel, key, rpc };
        for (endpoint, head) in [(&node.config.grpc, node.head().await?), (&node.config.rpc, node.rpc.head().await?)] {
            if head.chain_id != node.config.id {
                let (endpoint, found, wanted) = (endpoint.clone(), head.chain_id, node.config.id.clone());
                return Err(Error::WrongChain { endpoint, found, wanted });
            }
        }
        Ok(node)
    }

    /// The same node with another key.
    pub fn signed_by(&self, key: Key) -> Self {
        let (config, channel, rpc) = (self.config.clone(), self.channel.clone(), self.rpc.clone());
        Self { config, channel, key: Some(key), rpc }
    }

    /// The settings that it was made with.
    pub const fn config(&self) -> &ChainConfig {
        &self.config
    }

    /// An error while the node is still behind the chain.
    pub async fn assert_synced(&self) -> Result<()> {
        if !self.rpc.catching_up().await? {
            return Ok(());
        }
        let reason = format!(
            "{} is still catching up: nothing is sent on what it knows; wait, or use another node",
            self.config.rpc
        );
        Err(Error::DoesNotHold(reason))
    }

    /// The code that a contract runs, or `None` when there is no contract at this address.
    pub async fn contract_code(&self, address: &str) -> Result<Option<u64>> {
        let request = QueryContractInfoRequest { address: address.to_owned() };
        match self.wasm().contract_info(request).await {
            Ok(answer) => Ok(answer.into_inner().contract_info.map(|info| info.code_id)),
            Err(status) if missing(&status) => Ok(None),
            Err(status) => Err(self.status("contract info", &status)),
        }
    }

    /// The SHA-256 of a stored code, or `None` when there is no such code.
    pub async fn code_checksum(&self, code_id: u64) -> Result<Option<String>> {
        match self.wasm().code(QueryCodeRequest { code_id }).await {
            Ok(answer) => {
                let info = answer.into_inner().code_info;
                Ok(info.map(|info| cosmwasm_std::HexBinary::from(info.data_hash).to_hex()))
            }
            Err(status) if missing(&status) => Ok(None),
            Err(status) => Err(self.status("code", &status)),
        }
    }

    /// Number and sequence of the account of this address.
    pub async fn account(&self, address: &str) -> Result<(u64, u64)> {
        let request = QueryAccountInfoRequest { address: address.to_owned() };
        match AuthClient::new(self.channel.clone()).account_info(request).await {
            Ok(answer) => {
                let info = answer.into_inner().info.unwrap_or_default();
                Ok((info.account_number, info.sequence))
            }
            Err(status) if status.code() == Code::NotFound => Err(Error::EmptyWallet {
                address: address.to_owned(),
                available: 0,
                wanted: 1,
                denom: self.config.gas_denom.clone(),
            }),
            Err(status) => Err(self.status("account", &status)),
        }
    }

    /// Waits until a block above this height is there, and says which.
    pub async fn next_block(&self, above: u64) -> Result<Head> {
        let deadline = tokio::time::Instant::now() + PATIENCE * 4;
        loop {
            let head = self.head().await?;
            if head.height > above || tokio::time::Instant::now() > deadline {
                return Ok(head);
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn wasm(&self) -> WasmClient<Channel> {
        WasmClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_MAX)
    }

    /// What a status means: nobody there, or a refusal.
    pub(super) fn status(&self, what: &str, status: &Status) -> Error {
        match status.code() {
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => Error::Unreachable {
                what: "gRPC",
                endpoint: self.config.grpc.clone(),
                reason: status.message().to_owned(),
            },
            _ => Error::Query { what: what.to_owned(), reason: status.message().to_owned() },
        }
    }

    fn head_of(&self, header: Option<(String, i64, Option<Timestamp>)>) -> Result<Head> {
        let garbage = || Error::garbage(&self.config.grpc, "a block without height or time");
        let (chain_id, height, time) = header.ok_or_else(garbage)?;
        let seconds = time.ok_or_else(garbage)?.seconds;
        Ok(Head {
            chain_id,
            height: height.try_into().map_err(|_| garbage())?,
            time: seconds.try_into().map_err(|_| garbage())?,
        })
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

impl Chain for Node {
    async fn head(&self) -> Result<Head> {
        let answer = BlockClient::new(self.channel.clone())
            .max_decoding_message_size(ANSWER_MAX)
            .get_latest_block(GetLatestBlockRequest {})
            .await;
        let answer = answer.map_err(|status| self.status("latest block", &status))?.into_inner();
        let block = answer.sdk_block.map(|block| block.header.map(|h| (h.chain_id, h.height, h.time)));
        let block = block.or_else(|| answer.block.map(|block| block.header.map(|h| (h.chain_id, h.height, h.time))));
        self.head_of(block.flatten())
    }

    async fn head_at(&self, height: u64) -> Result<Option<Head>> {
        let Ok(wanted) = i64::try_from(height) else { return Ok(None) };
        let answer = BlockClient::new(self.channel.clone())
            .max_decoding_message_size(ANSWER_MAX)
            .get_block_by_height(GetBlockByHeightRequest { height: wanted })
            .await;
        let answer = match answer.map_err(|status| self.status("block", &status)) {
            Ok(answer) => answer.into_inner(),
            Err(Error::Query { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let block = answer.sdk_block.map(|block| block.header.map(|h| (h.chain_id, h.height, h.time)));
        let block = block.or_else(|| answer.block.map(|block| block.header.map(|h| (h.chain_id, h.height, h.time))));
        self.head_of(block.flatten()).map(Some)
    }

    async fn smart(&self, contract: &str, msg: Vec<u8>, height: Option<u64>) -> Result<Vec<u8>> {
        let what = format!("{contract} {}", String::from_utf8_lossy(&msg));
        let request = QuerySmartContractStateRequest { address: contract.to_owned(), query_data: msg };
        let ask = || async { self.wasm().smart_contract_state(Self::at(request.clone(), height)).await };
        let answer = patiently(ask).await;
        answer.map(|a| a.into_inner().data).map_err(|status| self.status(&what, &status))
    }

    async fn is_contract(&self, address: &str) -> Result<bool> {
        Ok(self.contract_code(address).await?.is_some())
    }

    async fn code_id(&self, address: &str) -> Result<Option<u64>> {
        self.contract_code(address).await
    }

    async fn raw(&self, contract: &str, key: Vec<u8>, height: Option<u64>) -> Result<Option<Vec<u8>>> {
        let request = QueryRawContractStateRequest { address: contract.to_owned(), query_data: key };
        let ask = || async { self.wasm().raw_contract_state(Self::at(request.clone(), height)).await };
        let answer = patiently(ask).await;
        let data =
            answer.map_err(|status| self.status(&format!("raw state of {contract}"), &status))?.into_inner().data;
        Ok((!data.is_empty()).then_some(data))
    }

    async fn balances(&self, address: &str) -> Result<Balances> {
        let mut balances = Balances::new();
        let mut key = Vec::new();
        loop {
            let pagination = Some(PageRequest { key, limit: 1_000, ..PageRequest::default() });
            let request = QueryAllBalancesRequest { address: address.to_owned(), pagination, resolve_denom: false };
            let answer =
                BankClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_MAX).all_balances(request).await;
            let answer = answer.map_err(|status| self.status("balances", &status))?.into_inner();
            for coin in answer.balances {
                let amount = coin
                    .amount
                    .parse()
                    .map_err(|_| Error::garbage(&self.config.grpc, "a balance that is no amount"))?;
                balances.insert(coin.denom, amount);
            }
            key = answer.pagination.map(|page| page.next_key).unwrap_or_default();
            if key.is_empty() {
                return Ok(balances);
            }
        }
    }

    async fn events(&self, height: u64) -> Result<Vec<ContractEvent>> {
        self.rpc.events(height).await
    }

    async fn subscribe(&self) -> Result<watch::Receiver<Head>> {
        let (sender, receiver) = watch::channel(self.head().await?);
        let rpc = self.rpc.clone();
        tokio::spawn(async move { rpc.follow(sender).await });
        Ok(receiver)
    }

    fn sender(&self) -> Option<&str> {
        self.key.as_ref().map(Key::address)
    }

    async fn simulate(&self, messages: &[Execute]) -> Result<u64> {
        self.simulate_any(&self.execute_messages(messages)?).await
    }

    fn gas_limit(&self, simulated: u64) -> u64 {
        self.config.with_reserve(simulated)
    }

    fn fee(&self, gas: u64) -> Coin {
        self.gas_cost(gas)
    }

    fn sign(&self, messages: &[Execute], gas: u64, timeout_height: u64) -> impl Future<Output = Result<Signed>> + Send {
        let messages = self.execute_messages(messages);
        async move { self.sign_any(messages?, gas, timeout_height).await }
    }

    async fn sign_transfer(&self, to: &str, coin: &Coin, gas: u64, timeout_height: u64) -> Result<Signed> {
        let message = self.send_message(to, std::slice::from_ref(coin))?;
        self.sign_any(vec![message], gas, timeout_height).await
    }

    async fn sequence(&self) -> Result<Option<u64>> {
        match self.sender() {
            Some(sender) => Ok(Some(self.account(sender).await?.1)),
            None => Ok(None),
        }
    }

    async fn broadcast(&self, signed: &Signed) -> Result<()> {
        let sending = self.broadcast_bytes(signed.bytes.clone());
        timeout(PATIENCE, sending).await.map_err(|_| Error::Unreachable {
            what: "gRPC",
            endpoint: self.config.grpc.clone(),
            reason: "no answer to a broadcast in time".to_owned(),
        })?
    }

    async fn outcome(&self, hash: &str) -> Result<Outcome> {
        let found = self.transaction(hash).await?;
        Ok(found.map_or(Outcome::NotFound, |outcome| Outcome::Included(outcome.into())))
    }
}

/// A node reports a height a moment before it can be queried at it: then it is asked again.
async fn patiently<T, F: Future<Output = std::result::Result<T, Status>>>(
    ask: impl Fn() -> F,
) -> std::result::Result<T, Status> {
    for _ in 0..NOT_YET_TRIES {
        match ask().await {
            Err(status) if status.message().contains("in the future") => sleep(NOT_YET_PAUSE).await,
            answer => return answer,
        }
    }
    ask().await
}

/// Whether the answer says that there is no such thing: by its code, or in wasmd's own words, which come with another code. Anything
/// else may be a fault of the way there.
fn missing(status: &Status) -> bool {
    status.code() == Code::NotFound
        || ["no such contract", "no such code"].iter().any(|text| status.message().contains(text))
}

/// An error with what caused it, in one line; tonic's own text is only `transport error`.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}
