//! A real node, or several: gRPC for queries and transactions, websockets for blocks. Whom of them to ask says
//! [`crate::chain::endpoints`].

mod ask;
mod broadcast;
pub(super) mod meaning;
mod minimum;
pub(super) mod remotes;
mod watch;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cosmos_sdk_proto::cosmos::auth::v1beta1::QueryAccountInfoRequest;
use cosmos_sdk_proto::cosmos::auth::v1beta1::query_client::QueryClient as AuthClient;
use cosmos_sdk_proto::cosmos::bank::v1beta1::QueryBalanceRequest;
use cosmos_sdk_proto::cosmos::bank::v1beta1::query_client::QueryClient as BankClient;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::service_client::ServiceClient as BlockClient;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::{
    Block as SdkBlock, GetBlockByHeightRequest, GetLatestBlockRequest,
};
use cosmos_sdk_proto::cosmwasm::wasm::v1::query_client::QueryClient as WasmClient;
use cosmos_sdk_proto::cosmwasm::wasm::v1::{
    QueryCodeRequest, QueryContractInfoRequest, QueryRawContractStateRequest, QuerySmartContractStateRequest,
};
use cosmos_sdk_proto::tendermint::types::Block as TmBlock;
use futures_util::future::try_join_all;
use tokio::sync::watch as channel;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};

use crate::chain::endpoints::name::public;
use crate::chain::endpoints::{Endpoints, Health, Kind};
use crate::chain::node::meaning::{causes, nonsense};
use crate::chain::node::remotes::{Line, PATIENCE, Remotes};
use crate::chain::rpc::Rpc;
use crate::chain::tls::Trust;
use crate::chain::{Balances, Chain, Coin, ContractEvent, Execute, Head, Outcome, Reads, Signed};
use crate::config::ChainConfig;
use crate::error::{Error, Result};
use crate::keys::Key;
use crate::monitor::requests::Requests;

/// How long it may take to connect.
const CONNECT: Duration = Duration::from_secs(5);
/// How often a connection is asked whether it lives, and how long it may take to say so: one that died without a word must not
/// swallow a liquidation.
const PULSE: Duration = Duration::from_secs(10);
const PULSE_WAIT: Duration = Duration::from_secs(5);
/// The largest answer: a page of a thousand accounts stays far below.
pub(super) const ANSWER_MAX: usize = 64 << 20;

/// The nodes of one chain, and the key that signs for us.
#[derive(Debug)]
pub struct Node {
    pub(super) config: ChainConfig,
    pub(super) remotes: Arc<Remotes>,
    pub(super) key: Option<Key>,
    watching: Arc<Watching>,
    following: Arc<AtomicBool>,
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
    /// Asks all endpoints where they stand. Errors when none for queries or none for blocks belongs to the configured chain and is
    /// current; those that don't are named and left out.
    pub async fn connect(config: ChainConfig, key: Option<Key>) -> Result<Self> {
        let remotes = Arc::new(Self::dial(&config)?);
        remotes.probe_all().await;
        for kind in [Kind::Grpc, Kind::Rpc] {
            let somebody = {
                let state = remotes.state();
                let of_kind = state.all().iter().enumerate().filter(|(_, endpoint)| endpoint.kind == kind);
                of_kind.map(|(at, _)| state.health(at)).any(|health| health == Health::Good)
            };
            if !somebody {
                return Err(remotes.nobody(kind));
            }
        }
        let watching = Arc::new(Watching(tokio::spawn(watch::watch(Arc::downgrade(&remotes)))));
        Ok(Self { config, remotes, key, watching, following: Arc::default() })
    }

    /// What all endpoints say of themselves, whether or not any of them can be used.
    pub async fn survey(config: &ChainConfig) -> Result<Endpoints> {
        let remotes = Self::dial(config)?;
        remotes.probe_all().await;
        let endpoints = remotes.state().clone();
        Ok(endpoints)
    }

    /// Connections to all endpoints, none of which was used yet.
    fn dial(config: &ChainConfig) -> Result<Remotes> {
        let trust = Trust::new(config.ca_file.as_deref())?;
        let (mut named, mut lines) = (Vec::new(), Vec::new());
        for address in &config.grpc {
            let bad = |error: tonic::transport::Error| Error::Unreachable {
                what: "gRPC",
                endpoint: public(address),
                reason: causes(&error),
            };
            let mut endpoint = Endpoint::from_shared(address.clone()).map_err(bad)?;
            if address.starts_with("https") {
                endpoint = endpoint.tls_config(trust.grpc()).map_err(bad)?;
            }
            let endpoint = endpoint.connect_timeout(CONNECT).timeout(PATIENCE).tcp_nodelay(true);
            let endpoint = endpoint.tcp_keepalive(Some(PULSE)).http2_keep_alive_interval(PULSE);
            let endpoint = endpoint.keep_alive_timeout(PULSE_WAIT).keep_alive_while_idle(true);
            lines.push(Line::Grpc(endpoint.connect_lazy()));
            named.push((Kind::Grpc, address.clone()));
        }
        for address in &config.rpc {
            lines.push(Line::Rpc(Box::new(Rpc::new(address, trust.clone()))));
            named.push((Kind::Rpc, address.clone()));
        }
        Ok(Remotes::new(Endpoints::new(&config.id, named), lines, &config.id))
    }

    /// What is known of all endpoints, now.
    pub fn endpoints(&self) -> Endpoints {
        self.remotes.state().clone()
    }

    /// The newest block that was heard of.
    pub fn newest(&self) -> Head {
        self.remotes.heads.borrow().clone()
    }

    /// How often each endpoint was asked, by what came of it.
    pub fn requests(&self) -> &Requests {
        &self.remotes.requests
    }

    /// The same node with another key.
    pub fn signed_by(&self, key: Key) -> Self {
        let (config, remotes) = (self.config.clone(), self.remotes.clone());
        let (watching, following) = (self.watching.clone(), self.following.clone());
        Self { config, remotes, key: Some(key), watching, following }
    }

    /// The settings that it was made with.
    pub const fn config(&self) -> &ChainConfig {
        &self.config
    }

    /// An error while the node is still behind the chain.
    pub async fn assert_synced(&self) -> Result<()> {
        if !self.remotes.ask_rpc(None, Rpc::catching_up).await? {
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
        let request = QueryContractInfoRequest { address: address.to_owned() };
        let ask = |channel| {
            let request = request.clone();
            async move {
                let info = wasm(channel).contract_info(request).await?.into_inner().contract_info;
                info.map(Response::new).ok_or_else(|| nonsense("a contract without what it is"))
            }
        };
        match self.remotes.ask(None, ask).await?.1 {
            Ok(info) => Ok(Some(info.code_id)),
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
        match self.remotes.ask(None, ask).await?.1 {
            Ok(info) => Ok(Some(cosmwasm_std::HexBinary::from(info.data_hash).to_hex())),
            Err(status) if missing(&status) => Ok(None),
            Err(status) => Err(refusal("code", &status)),
        }
    }

    /// Number and sequence of the account of this address.
    pub async fn account(&self, address: &str) -> Result<(u64, u64)> {
        let ask = |channel| async { account(channel, address.to_owned()).await.map(Response::new) };
        match self.remotes.ask(None, ask).await?.1 {
            Ok(account) => Ok(account),
            Err(status) if status.code() == Code::NotFound => Err(Error::EmptyWallet {
                address: address.to_owned(),
                available: 0,
                wanted: 1,
                denom: self.config.gas_denom.clone(),
            }),
            Err(status) => Err(refusal("account", &status)),
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
        loop {
            let before = self.remotes.stand();
            let (at, answer) =
                self.remotes.ask(None, |channel| async { latest(channel).await.map(Response::new) }).await?;
            let head = answer.map_err(|status| refusal("latest block", &status))?;
            // One that turns out to be behind, or of another chain, is not asked again.
            if self.remotes.heard(at, &head, &before) {
                // Whoever reads something at this block must not hear of an older one afterwards.
                remotes::advance(&self.remotes.heads, &head);
                return Ok(head);
            }
        }
    }

    async fn heads(&self) -> Result<Vec<Head>> {
        let told = self.remotes.ask_heads().await;
        Ok(told.into_iter().filter(|head| head.chain_id == self.config.id).collect())
    }

    async fn head_at(&self, height: u64) -> Result<Option<Head>> {
        let Ok(wanted) = i64::try_from(height) else { return Ok(None) };
        let ask = |channel| async move { block(channel, wanted).await.map(Response::new) };
        match self.remotes.ask(None, ask).await?.1.map_err(|status| refusal("block", &status)) {
            Ok(head) => Ok(Some(head)),
            Err(Error::Query { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn smart(&self, contract: &str, msg: Vec<u8>, height: Option<u64>) -> Result<Vec<u8>> {
        let json = |answer: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(answer).map(drop);
        self.smart_that(contract, msg, height, &|answer| json(answer).map_err(|error| error.to_string())).await
    }

    async fn smart_that(&self, contract: &str, msg: Vec<u8>, height: Option<u64>, reads: Reads<'_>) -> Result<Vec<u8>> {
        let what = format!("{contract} {}", String::from_utf8_lossy(&msg));
        let request = QuerySmartContractStateRequest { address: contract.to_owned(), query_data: msg };
        let ask = |channel| {
            let request = request.clone();
            async move {
                let answer = wasm(channel).smart_contract_state(Self::at(request, height)).await?;
                reads(&answer.get_ref().data).map_err(|reason| nonsense(format!("of {contract}: {reason}")))?;
                Ok(answer)
            }
        };
        let answer = self.remotes.ask(height, ask).await?.1;
        answer.map(|answer| answer.data).map_err(|status| refusal(&what, &status))
    }

    async fn is_contract(&self, address: &str) -> Result<bool> {
        Ok(self.contract_code(address).await?.is_some())
    }

    async fn code_id(&self, address: &str) -> Result<Option<u64>> {
        self.contract_code(address).await
    }

    async fn raw(&self, contract: &str, key: Vec<u8>, height: Option<u64>) -> Result<Option<Vec<u8>>> {
        let request = QueryRawContractStateRequest { address: contract.to_owned(), query_data: key };
        let ask = |channel| {
            let request = request.clone();
            async move { wasm(channel).raw_contract_state(Self::at(request, height)).await }
        };
        let answer = self.remotes.ask(height, ask).await?.1;
        let data = answer.map_err(|status| refusal(&format!("raw state of {contract}"), &status))?.data;
        Ok((!data.is_empty()).then_some(data))
    }

    async fn balances(&self, address: &str, denoms: &[String]) -> Result<Balances> {
        let one = async |denom: &String| {
            let request = QueryBalanceRequest { address: address.to_owned(), denom: denom.clone() };
            let ask = |channel| async { balance(channel, request.clone()).await.map(Response::new) };
            let amount = self.remotes.ask(None, ask).await?.1.map_err(|status| refusal("balance", &status))?;
            Ok::<_, Error>((denom.clone(), amount))
        };
        let held = try_join_all(denoms.iter().map(one)).await?;
        Ok(held.into_iter().filter(|(_, amount)| *amount > 0).collect())
    }

    async fn events(&self, height: u64) -> Result<Vec<ContractEvent>> {
        self.remotes.ask_rpc(Some(height), |rpc| rpc.events(height)).await
    }

    async fn subscribe(&self) -> Result<channel::Receiver<Head>> {
        let receiver = self.remotes.heads.subscribe();
        if !self.following.swap(true, Ordering::Relaxed) {
            tokio::spawn(self.remotes.clone().follow());
        }
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
            Some(sender) => match self.account(sender).await {
                Ok((_, sequence)) => Ok(Some(sequence)),
                // One that was never sent anything has sent nothing.
                Err(Error::EmptyWallet { .. }) => Ok(Some(0)),
                Err(error) => Err(error),
            },
            None => Ok(None),
        }
    }

    async fn confirmed_sequence(&self) -> Result<Option<u64>> {
        let Some(sender) = self.sender() else { return Ok(None) };
        let ask = |channel| async {
            match account(channel, sender.to_owned()).await {
                Ok((_, sequence)) => Ok(sequence),
                Err(status) if status.code() == Code::NotFound => Ok(0),
                Err(status) => Err(status),
            }
        };
        let mut said = self.remotes.ask_all(ask).await;
        said.sort_unstable_by_key(|(_, sequence)| std::cmp::Reverse(*sequence));
        let (first, second) = (said.first().copied(), said.get(1).copied());
        if let (Some((at, highest)), Some((_, confirmed))) = (first, second)
            && highest > confirmed
        {
            let reason = format!("sequence {highest} of {sender}, of which another endpoint says {confirmed}");
            self.remotes.refuted(at, &reason);
        }
        let confirmed = second.or(first).map(|(_, sequence)| Some(sequence));
        confirmed.ok_or_else(|| self.remotes.nobody(Kind::Grpc))
    }

    async fn broadcast(&self, signed: &Signed) -> Result<()> {
        self.broadcast_bytes(signed.bytes.clone()).await
    }

    async fn outcome(&self, hash: &str) -> Result<Outcome> {
        Ok(match self.look_up(hash).await? {
            Ok(found) => Outcome::Included(found.into()),
            Err(height) => Outcome::NotFound { height },
        })
    }
}

/// Number and sequence of this address' account, as this endpoint says.
async fn account(channel: Channel, address: String) -> std::result::Result<(u64, u64), Status> {
    let answer = AuthClient::new(channel).account_info(QueryAccountInfoRequest { address }).await?.into_inner();
    let info = answer.info.ok_or_else(|| nonsense("an account without its sequence"))?;
    Ok((info.account_number, info.sequence))
}

/// What an address has of one denom, in base units.
async fn balance(channel: Channel, request: QueryBalanceRequest) -> std::result::Result<u128, Status> {
    let denom = request.denom.clone();
    let answer = BankClient::new(channel).balance(request).await?.into_inner();
    let coin = answer.balance.filter(|coin| coin.denom == denom);
    let amount = coin.and_then(|coin| coin.amount.parse().ok());
    amount.ok_or_else(|| nonsense(format!("a balance of {denom} that is no amount of it")))
}

/// The latest block that this endpoint has.
async fn latest(channel: Channel) -> std::result::Result<Head, Status> {
    let answer = blocks(channel).get_latest_block(GetLatestBlockRequest {}).await?.into_inner();
    head_of(answer.sdk_block, answer.block).ok_or_else(no_block)
}

/// The block of this height.
async fn block(channel: Channel, height: i64) -> std::result::Result<Head, Status> {
    let answer = blocks(channel).get_block_by_height(GetBlockByHeightRequest { height }).await?.into_inner();
    head_of(answer.sdk_block, answer.block).ok_or_else(no_block)
}

fn blocks(channel: Channel) -> BlockClient<Channel> {
    BlockClient::new(channel).max_decoding_message_size(ANSWER_MAX)
}

/// Newer nodes say it in the first way.
fn head_of(newer: Option<SdkBlock>, older: Option<TmBlock>) -> Option<Head> {
    let header = match (newer, older) {
        (Some(block), _) => block.header.map(|h| (h.chain_id, h.height, h.time)),
        (None, Some(block)) => block.header.map(|h| (h.chain_id, h.height, h.time)),
        (None, None) => None,
    };
    header.and_then(|(chain_id, height, time)| {
        Some(Head { chain_id, height: height.try_into().ok()?, time: time?.seconds.try_into().ok()? })
    })
}

fn no_block() -> Status {
    nonsense("a block without height or time")
}

fn wasm(channel: Channel) -> WasmClient<Channel> {
    WasmClient::new(channel).max_decoding_message_size(ANSWER_MAX)
}

/// What the node or a contract said no to.
pub(super) fn refusal(what: &str, status: &Status) -> Error {
    Error::Query { what: what.to_owned(), reason: status.message().to_owned() }
}

/// Whether the answer says that there is no such thing: by its code, or in wasmd's own words, which come with another code. Anything
/// else may be a fault of the way there.
fn missing(status: &Status) -> bool {
    status.code() == Code::NotFound
        || ["no such contract", "no such code"].iter().any(|text| status.message().contains(text))
}
