//! A node small enough to be told what to do: gRPC and RPC on loopback.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cosmos_sdk_proto::Any;
use cosmos_sdk_proto::cosmos::auth::v1beta1::{
    BaseAccount, QueryAccountInfoResponse, QueryAccountResponse, QueryAccountsResponse,
};
use cosmos_sdk_proto::cosmos::bank::v1beta1::{QueryBalanceRequest, QueryBalanceResponse};
use cosmos_sdk_proto::cosmos::base::abci::v1beta1::{GasInfo, Result as Simulation, TxResponse};
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::{
    Block, GetBlockByHeightRequest, GetBlockByHeightResponse, GetLatestBlockResponse, GetNodeInfoResponse, Header,
    Module, VersionInfo,
};
use cosmos_sdk_proto::cosmos::base::v1beta1::Coin;
use cosmos_sdk_proto::cosmos::feegrant::v1beta1::{Grant, QueryAllowanceRequest, QueryAllowanceResponse};
use cosmos_sdk_proto::cosmos::tx::v1beta1::{
    BroadcastTxRequest, BroadcastTxResponse, GetTxResponse, SimulateRequest, SimulateResponse,
};
use cosmos_sdk_proto::cosmwasm::wasm::v1::{
    ContractInfo, QueryContractInfoResponse, QueryRawContractStateResponse, QuerySmartContractStateResponse,
};
use cosmos_sdk_proto::tendermint::abci::{Event, EventAttribute};
use cosmos_sdk_proto::tendermint::types::Data;
use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderValue;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

type Serving = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a node does with whoever comes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// Closes every connection.
    Dead,
    /// Never answers.
    Hanging,
    /// Answers blocks without a header.
    Garbage,
}

/// What a node is told to be, and what it saw.
pub struct State {
    pub mood: Mood,
    pub chain_id: String,
    pub height: u64,
    /// Seconds by which its newest block is old.
    pub age: u64,
    /// Whether its RPC says that it is still behind the chain.
    pub catching_up: bool,
    /// Whether its websocket announces blocks.
    pub announces: bool,
    /// What it says to a broadcast: its code.
    pub broadcast: u32,
    /// Heights of the questions to contracts that it answered.
    pub asked: Vec<String>,
    /// The oldest block that it keeps.
    pub lowest: u64,
    /// Whether a block has the transaction that is asked for.
    pub included: bool,
    /// What was broadcast to it.
    pub taken: Vec<Vec<u8>>,
    /// The sequence of every account; `None` while none was ever seen.
    pub sequence: Option<u64>,
    /// Whether all its answers but those about its height are empty, or cut short.
    pub nonsense: Nonsense,
    /// How far its RPC is ahead of its gRPC, in blocks.
    pub ahead: u64,
    /// The time of every earlier block; `None` where it keeps none.
    pub then: Option<u64>,
    /// The transactions of every earlier block.
    pub txs: Vec<Vec<u8>>,
    /// The denoms whose balances were asked for.
    pub purses: Vec<String>,
    /// The code of the transaction that a block has, and in which block that is, if not in the newest.
    pub code: (u32, Option<u64>),
    /// What contracts said in every block, and what any of them answers.
    pub said: Value,
    pub answer: Option<Vec<u8>>,
    /// What it says that gas costs.
    pub gas_market: GasMarket,
    /// Who pays whose fees: granter and grantee.
    pub allowances: Vec<(String, String)>,
    /// The transactions that it simulated.
    pub simulated: Vec<Vec<u8>>,
    /// What it says instead of an `AccountInfo`: code and text.
    pub no_account_info: Option<(u32, &'static str)>,
    /// Of which type accounts are, and their public keys.
    pub account_type: &'static str,
    pub key_type: Option<&'static str>,
    /// The first accounts of all, each with its type and that of its key; it doesn't tell where this is `None`.
    pub accounts: Option<Vec<(&'static str, Option<&'static str>)>>,
    /// A module that it was built with, and its version; it doesn't tell where this is `None`.
    pub module: Option<(&'static str, &'static str)>,
    /// What becomes of a subscription.
    pub subscription: Subscription,
    /// What becomes of a websocket, and how often somebody wanted one.
    pub websocket: Websocket,
    pub upgrades: u32,
    /// The questions that came by POST: path and query, and the `authorization` header.
    pub posts: Vec<(String, Option<String>)>,
    /// The headers of these questions.
    pub post_headers: Vec<HeaderMap>,
    /// The HTTP status with which POSTs are answered, with this page, instead of what they ask for.
    pub post: Option<(u16, &'static str)>,
    /// What it wants with each request, or it answers 401, with what it was given.
    pub wanted: Wanted,
    /// The requests over gRPC, and the handshakes of websockets: path and query, and headers.
    pub requests: Vec<(String, HeaderMap)>,
    /// How many questions its RPC had, over websockets and by POST.
    pub calls: usize,
    /// What becomes of the question for a block's results.
    pub results: BlockResults,
    /// The HTTP status with which a proxy answers all gRPC questions, with a page of HTML.
    pub page: Option<u16>,
    /// The header in which it says how long it isn't to be asked, on that page, that of `post` and a refused websocket;
    /// without such a page
    /// every gRPC question is refused with status 8 and this.
    pub retry_after: Option<(&'static str, &'static str)>,
    /// When questions came that were answered so.
    pub throttled: Vec<std::time::Instant>,
}

impl State {
    /// A node that is well, at this height.
    fn at(height: u64) -> Self {
        Self {
            mood: Mood::Well,
            chain_id: "fake-1".to_owned(),
            height,
            age: 0,
            catching_up: false,
            announces: true,
            broadcast: 0,
            asked: Vec::new(),
            included: false,
            lowest: 0,
            taken: Vec::new(),
            sequence: None,
            nonsense: Nonsense::None,
            ahead: 0,
            then: None,
            purses: Vec::new(),
            txs: Vec::new(),
            code: (0, None),
            said: Value::Null,
            answer: None,
            gas_market: GasMarket::default(),
            allowances: Vec::new(),
            simulated: Vec::new(),
            no_account_info: None,
            account_type: "/cosmos.auth.v1beta1.BaseAccount",
            key_type: None,
            accounts: None,
            module: None,
            subscription: Subscription::Works,
            websocket: Websocket::Taken,
            upgrades: 0,
            posts: Vec::new(),
            post_headers: Vec::new(),
            post: None,
            wanted: Wanted::default(),
            requests: Vec::new(),
            calls: 0,
            results: BlockResults::Kept,
            page: None,
            retry_after: None,
            throttled: Vec::new(),
        }
    }
}

/// What a node does with who wants new blocks announced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Subscription {
    Works,
    /// Refuses it in these words.
    Refused(&'static str),
    /// Closes the connection.
    Breaks,
}

/// What a node, or a proxy before it, does with who wants a websocket.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Websocket {
    Taken,
    /// Answers with this HTTP status.
    Refused(u16),
    /// Closes the connection.
    Closed,
    /// Takes it, and closes it at the first question.
    Silent,
}

/// What a provider's node wants with each request over gRPC.
#[derive(Clone, Default)]
pub struct Wanted {
    /// What stands before a method's path.
    pub prefix: &'static str,
    pub query: Option<&'static str>,
    /// A header and its value.
    pub header: Option<(&'static str, &'static str)>,
}

impl Wanted {
    /// The method's path, of a request that has all of this.
    fn method(&self, asked: &hyper::Uri, headers: &HeaderMap) -> Option<String> {
        let has = |(name, value): (&str, &str)| headers.get(name).is_some_and(|found| found == value);
        let has_all = asked.query() == self.query && self.header.is_none_or(has);
        let is_host = asked.authority().is_none_or(|authority| !authority.as_str().contains('@'));
        let path = asked.path().strip_prefix(self.prefix).filter(|rest| rest.split('/').count() == 3);
        path.filter(|_| has_all && is_host).map(str::to_owned)
    }
}

/// What a node has of a block's results.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum BlockResults {
    Kept,
    /// None, as with `discard_abci_responses`; its index of transactions has what they did.
    Discarded,
    /// It says this instead.
    Says(&'static str),
}

/// What a node says that gas costs: each service by denom and price; those that are left out it doesn't have.
#[derive(Clone, Default)]
pub struct GasMarket {
    /// `feemarket.feemarket.v1`, in units of 10⁻¹⁸.
    pub feemarket: Option<(&'static str, &'static str)>,
    /// `osmosis.txfees.v1beta1`, in units of 10⁻¹⁸.
    pub txfees: Option<(&'static str, &'static str)>,
    /// The node's own minimum.
    pub minimum: Option<&'static str>,
}

/// What an answer is that can't be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Nonsense {
    None,
    /// A message without what it is about; half a JSON text.
    Empty,
    /// No message at all.
    Bytes,
    /// A status of unknown kind, which is no word of the chain's: as of a node that indexes nothing, or whose wasm VM is broken.
    Says(&'static str),
    /// HTTP status 500 without a body, as of a proxy.
    Http500,
}

#[derive(Clone)]
pub struct Fake {
    pub grpc: String,
    pub rpc: String,
    state: Arc<Mutex<State>>,
}

impl Fake {
    pub async fn start(height: u64) -> Self {
        let state = State::at(height);
        let (grpc, rpc) =
            (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let fake = Self { grpc: address(&grpc), rpc: address(&rpc), state: Arc::new(Mutex::new(state)) };
        tokio::spawn(fake.clone().accept(grpc, |fake, stream| Box::pin(fake.serve_grpc(stream))));
        tokio::spawn(fake.clone().accept(rpc, |fake, stream| Box::pin(fake.serve_rpc(stream))));
        fake
    }

    /// Tells it, or looks at it.
    pub fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap())
    }

    fn mood(&self) -> Mood {
        self.with(|state| state.mood)
    }

    async fn accept(self, listener: TcpListener, serve: fn(Self, TcpStream) -> Serving) {
        while let Ok((stream, _)) = listener.accept().await {
            if self.mood() == Mood::Dead {
                continue;
            }
            let fake = self.clone();
            tokio::spawn(async move {
                // A node that dies takes its connections with it.
                let died = async {
                    while fake.mood() != Mood::Dead {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                };
                tokio::select! { () = serve(fake.clone(), stream) => {}, () = died => {} }
            });
        }
    }

    async fn serve_grpc(self, stream: TcpStream) {
        let serve = hyper::service::service_fn(move |request| {
            let fake = self.clone();
            async move { Ok::<_, Infallible>(fake.answer(request).await) }
        });
        let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ = builder.serve_connection(TokioIo::new(stream), serve).await;
    }

    #[allow(clippy::too_many_lines, reason = "a table of answers")]
    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Response<http_body_util::combinators::BoxBody<Bytes, Infallible>> {
        if self.mood() == Mood::Hanging {
            std::future::pending::<()>().await;
        }
        let asked = request.uri().path_and_query().unwrap().to_string();
        self.with(|state| state.requests.push((asked, request.headers().clone())));
        let method = self.with(|state| state.wanted.clone()).method(request.uri(), request.headers());
        let Some(path) = method else {
            let body = Full::new(Bytes::from(format!("no such key: {}", request.uri()))).boxed();
            return Response::builder().status(401).header("content-type", "text/plain").body(body).unwrap();
        };
        let at = request.headers().get("x-cosmos-block-height").and_then(|v| v.to_str().ok()).map(str::to_owned);
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let answer = match path.rsplit('/').next().unwrap() {
            "GetLatestBlock" => Ok(self.latest_block()),
            "SmartContractState" => self.smart(at),
            "RawContractState" => {
                self.smart(at).map(|_| QueryRawContractStateResponse { data: b"{}".to_vec() }.encode_to_vec())
            }
            "GetNodeInfo" => self.node_info(),
            "GetTx" => self.transaction(),
            "AccountInfo" => self.account_info(),
            "Account" => self.account(),
            "Accounts" => self.accounts(),
            "BroadcastTx" => Ok(self.broadcast(&body[5..])),
            "GetBlockByHeight" => self.block(&body[5..]),
            "Balance" => Ok(self.balance(&body[5..])),
            "ContractInfo" => {
                let contract_info = Some(ContractInfo { code_id: 7, ..ContractInfo::default() });
                Ok(QueryContractInfoResponse { contract_info, ..QueryContractInfoResponse::default() }.encode_to_vec())
            }
            "Allowance" => self.allowance(&body[5..]),
            "Simulate" => {
                let tx = SimulateRequest::decode(&body[5..]).unwrap().tx_bytes;
                self.with(|state| state.simulated.push(tx));
                let gas_info = Some(GasInfo { gas_used: 70_000, ..GasInfo::default() });
                let attribute = |(key, value): &(&str, &str)| EventAttribute {
                    key: (*key).to_owned(),
                    value: (*value).to_owned(),
                    index: true,
                };
                let said = [("_contract_address", "c"), ("action", "deposit"), ("msg_index", "0")];
                let attributes = said.iter().map(attribute).collect();
                let wasm = Event { r#type: "wasm".to_owned(), attributes };
                let events = vec![Event { r#type: "message".to_owned(), ..Event::default() }, wasm];
                let result = Some(Simulation { events, ..Simulation::default() });
                Ok(SimulateResponse { gas_info, result }.encode_to_vec())
            }
            "GasPrice" | "BaseDenom" | "GetEipBaseFee" | "Config" => self.gas_market(&path),
            _ => Err((12, "unknown method".to_owned())),
        };
        let (page, retry_after) = self.with(|state| (state.page, state.retry_after));
        if page.or(retry_after.map(|_| 200)).is_some() {
            self.with(|state| state.throttled.push(std::time::Instant::now()));
        }
        if let Some(status) = page {
            let body = Full::new(Bytes::from("<html><body>Bad Gateway</body></html>")).boxed();
            let page = Response::builder().status(status).header("content-type", "text/html");
            return with_header(page, retry_after).body(body).unwrap();
        }
        let answer = if retry_after.is_some() { Err((8, "too many requests".to_owned())) } else { answer };
        let answer = match self.with(|state| state.nonsense) {
            _ if path.ends_with("GetLatestBlock") => answer,
            Nonsense::None => answer,
            Nonsense::Empty if path.ends_with("SmartContractState") => {
                Ok(QuerySmartContractStateResponse { data: b"{\"a\":".to_vec() }.encode_to_vec())
            }
            Nonsense::Empty => Ok(Vec::new()),
            Nonsense::Bytes => Ok(vec![0xff; 9]),
            Nonsense::Says(text) => Err((2, text.to_owned())),
            Nonsense::Http500 => {
                let body = Full::new(Bytes::new()).boxed();
                return Response::builder().status(500).header("content-type", "text/html").body(body).unwrap();
            }
        };
        let mut response = with_header(Response::builder().header("content-type", "application/grpc"), retry_after);
        let mut trailers = HeaderMap::new();
        let payload = match answer {
            Ok(payload) => {
                trailers.insert("grpc-status", HeaderValue::from_static("0"));
                let mut framed = vec![0];
                framed.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
                framed.extend(payload);
                framed
            }
            Err((code, message)) => {
                response = response.header("grpc-status", code).header("grpc-message", message);
                Vec::new()
            }
        };
        let body = Full::new(Bytes::from(payload)).with_trailers(async move { Some(Ok(trailers)) });
        response.body(body.boxed()).unwrap()
    }

    fn gas_market(&self, path: &str) -> Result<Vec<u8>, (u32, String)> {
        let market = self.with(|state| state.gas_market.clone());
        // A message whose first field is a text, as `BaseAccount` is one.
        let text = |text: &str| BaseAccount { address: text.to_owned(), ..BaseAccount::default() }.encode_to_vec();
        let answer = match path {
            // A message whose first field is a coin, as `QueryBalanceResponse` is one.
            "/feemarket.feemarket.v1.Query/GasPrice" => market.feemarket.map(|(denom, amount)| {
                let balance = Some(Coin { denom: denom.to_owned(), amount: amount.to_owned() });
                QueryBalanceResponse { balance }.encode_to_vec()
            }),
            "/osmosis.txfees.v1beta1.Query/BaseDenom" => market.txfees.map(|(denom, _)| text(denom)),
            "/osmosis.txfees.v1beta1.Query/GetEipBaseFee" => market.txfees.map(|(_, price)| text(price)),
            "/cosmos.base.node.v1beta1.Service/Config" => market.minimum.map(text),
            _ => None,
        };
        answer.ok_or((12, "unknown method".to_owned()))
    }

    fn latest_block(&self) -> Vec<u8> {
        if self.mood() == Mood::Garbage {
            return GetLatestBlockResponse::default().encode_to_vec();
        }
        self.with(|state| {
            let seconds = i64::try_from(plimsoll_keeper::clock::clock() - state.age).unwrap();
            #[allow(deprecated, reason = "what older nodes answer with")]
            GetLatestBlockResponse {
                sdk_block: Some(Block {
                    header: Some(Header {
                        chain_id: state.chain_id.clone(),
                        height: i64::try_from(state.height).unwrap(),
                        time: Some(cosmos_sdk_proto::Timestamp { seconds, nanos: 0 }),
                        ..Header::default()
                    }),
                    ..Block::default()
                }),
                ..GetLatestBlockResponse::default()
            }
            .encode_to_vec()
        })
    }

    fn block(&self, body: &[u8]) -> Result<Vec<u8>, (u32, String)> {
        let height = GetBlockByHeightRequest::decode(body).unwrap().height;
        self.with(|state| {
            let seconds = i64::try_from(state.then.ok_or((2, format!("height {height} is not available")))?).unwrap();
            let time = Some(cosmos_sdk_proto::Timestamp { seconds, nanos: 0 });
            let header = Some(Header { chain_id: state.chain_id.clone(), height, time, ..Header::default() });
            let data = Some(Data { txs: state.txs.clone() });
            let sdk_block = Some(Block { header, data, ..Block::default() });
            Ok(GetBlockByHeightResponse { sdk_block, ..GetBlockByHeightResponse::default() }.encode_to_vec())
        })
    }

    fn smart(&self, at: Option<String>) -> Result<Vec<u8>, (u32, String)> {
        self.with(|state| {
            if at.as_ref().is_some_and(|at| at.parse::<u64>().unwrap() > state.height) {
                return Err((3, "cannot query with height in the future; please provide a valid height".to_owned()));
            }
            if at.as_ref().is_some_and(|at| at.parse::<u64>().unwrap() < state.lowest) {
                return Err((3, "failed to load state at height 7; version does not exist".to_owned()));
            }
            state.asked.push(at.unwrap_or_default());
            let data = state.answer.clone().unwrap_or_else(|| b"7".to_vec());
            Ok(QuerySmartContractStateResponse { data }.encode_to_vec())
        })
    }

    fn transaction(&self) -> Result<Vec<u8>, (u32, String)> {
        self.with(|state| {
            let height = i64::try_from(state.code.1.unwrap_or(state.height)).unwrap();
            let codespace = if state.code.0 > 0 { "sdk" } else { "" }.to_owned();
            let tx_response = Some(TxResponse { height, code: state.code.0, codespace, ..TxResponse::default() });
            let found = GetTxResponse { tx_response, ..GetTxResponse::default() }.encode_to_vec();
            if state.included { Ok(found) } else { Err((5, "tx not found".to_owned())) }
        })
    }

    fn allowance(&self, body: &[u8]) -> Result<Vec<u8>, (u32, String)> {
        let QueryAllowanceRequest { granter, grantee } = QueryAllowanceRequest::decode(body).unwrap();
        if !self.with(|state| state.allowances.contains(&(granter.clone(), grantee.clone()))) {
            // As the SDK says it.
            return Err((13, "fee-grant not found: not found".to_owned()));
        }
        let allowance = Some(Grant { granter, grantee, allowance: None });
        Ok(QueryAllowanceResponse { allowance }.encode_to_vec())
    }

    fn node_info(&self) -> Result<Vec<u8>, (u32, String)> {
        let (path, version) = self.with(|state| state.module).ok_or((12, "unknown method".to_owned()))?;
        let module = Module { path: path.to_owned(), version: version.to_owned(), ..Module::default() };
        let application_version = Some(VersionInfo { build_deps: vec![module], ..VersionInfo::default() });
        Ok(GetNodeInfoResponse { application_version, ..GetNodeInfoResponse::default() }.encode_to_vec())
    }

    fn account_info(&self) -> Result<Vec<u8>, (u32, String)> {
        if let Some((code, text)) = self.with(|state| state.no_account_info) {
            return Err((code, text.to_owned()));
        }
        let info = Some(self.base_account()?);
        Ok(QueryAccountInfoResponse { info }.encode_to_vec())
    }

    fn account(&self) -> Result<Vec<u8>, (u32, String)> {
        let value = self.base_account()?.encode_to_vec();
        let account = Some(Any { type_url: self.with(|state| state.account_type).to_owned(), value });
        Ok(QueryAccountResponse { account }.encode_to_vec())
    }

    fn accounts(&self) -> Result<Vec<u8>, (u32, String)> {
        let told = self.with(|state| state.accounts.clone()).ok_or((12, "unknown method".to_owned()))?;
        let account = |(type_url, key): (&str, Option<&str>)| {
            let pub_key = key.map(|key| Any { type_url: key.to_owned(), value: Vec::new() });
            let base = BaseAccount { pub_key, ..BaseAccount::default() };
            // An `EthAccount` has it as its first field, as an `AccountInfo` has it.
            let value = if type_url.ends_with("EthAccount") {
                QueryAccountInfoResponse { info: Some(base) }.encode_to_vec()
            } else {
                base.encode_to_vec()
            };
            Any { type_url: type_url.to_owned(), value }
        };
        let accounts = told.into_iter().map(account).collect();
        Ok(QueryAccountsResponse { accounts, ..QueryAccountsResponse::default() }.encode_to_vec())
    }

    fn base_account(&self) -> Result<BaseAccount, (u32, String)> {
        let sequence = self.with(|state| state.sequence).ok_or((5, "account not found".to_owned()))?;
        let pub_key = self.with(|state| state.key_type).map(|key| Any { type_url: key.to_owned(), value: Vec::new() });
        Ok(BaseAccount { sequence, account_number: 3, pub_key, ..BaseAccount::default() })
    }

    /// As many of each denom as its name has letters; an amount that is none in a bad mood.
    fn balance(&self, body: &[u8]) -> Vec<u8> {
        let denom = QueryBalanceRequest::decode(body).unwrap().denom;
        self.with(|state| state.purses.push(denom.clone()));
        let amount = if self.mood() == Mood::Garbage { "-1".to_owned() } else { denom.len().to_string() };
        QueryBalanceResponse { balance: Some(Coin { denom, amount }) }.encode_to_vec()
    }

    fn broadcast(&self, body: &[u8]) -> Vec<u8> {
        let bytes = BroadcastTxRequest::decode(body).unwrap().tx_bytes;
        self.with(|state| {
            state.taken.push(bytes);
            let tx_response = Some(TxResponse { code: state.broadcast, ..TxResponse::default() });
            BroadcastTxResponse { tx_response }.encode_to_vec()
        })
    }

    /// JSON-RPC by POST, as by a websocket.
    async fn serve_posts(self, stream: TcpStream) {
        let serve = hyper::service::service_fn(move |request: Request<Incoming>| {
            let fake = self.clone();
            async move {
                if fake.mood() == Mood::Hanging {
                    std::future::pending::<()>().await;
                }
                let asked = request.uri().path_and_query().unwrap().to_string();
                let authorization = request.headers().get("authorization");
                let authorization = authorization.map(|value| value.to_str().unwrap().to_owned());
                fake.with(|state| {
                    state.posts.push((asked, authorization));
                    state.post_headers.push(request.headers().clone());
                });
                if let Some((status, page)) = fake.with(|state| state.post) {
                    let header = fake.with(|state| {
                        state.throttled.push(std::time::Instant::now());
                        state.retry_after
                    });
                    let page = Full::new(Bytes::from(page));
                    return Ok(with_header(Response::builder().status(status), header).body(page).unwrap());
                }
                let body = request.into_body().collect().await.unwrap().to_bytes();
                let answer = answered(fake.rpc_answer(&serde_json::from_slice(&body).unwrap()));
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(answer))))
            }
        });
        let builder = hyper::server::conn::http1::Builder::new();
        let _ = builder.serve_connection(TokioIo::new(stream), serve).await;
    }

    /// The websocket that somebody wants, where it gives one.
    async fn websocket(&self, mut stream: TcpStream) -> Option<WebSocketStream<TcpStream>> {
        self.with(|state| state.upgrades += 1);
        match self.with(|state| state.websocket) {
            Websocket::Taken | Websocket::Silent => {}
            Websocket::Closed => return None,
            Websocket::Refused(status) => {
                let _ = stream.read(&mut [0; 4_096]).await;
                let header = self.with(|state| state.retry_after);
                let header = header.map(|(name, value)| format!("{name}: {value}\r\n")).unwrap_or_default();
                let answer = format!("HTTP/1.1 {status} Refused\r\n{header}content-length: 0\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
                return None;
            }
        }
        #[allow(clippy::result_large_err, reason = "as the websocket's server wants it")]
        let seen = |request: &Request<()>, response| {
            let asked = request.uri().path_and_query().unwrap().to_string();
            self.with(|state| state.requests.push((asked, request.headers().clone())));
            Ok(response)
        };
        tokio_tungstenite::accept_hdr_async(stream, seen).await.ok()
    }

    async fn serve_rpc(self, stream: TcpStream) {
        let mut method = [0; 4];
        while stream.peek(&mut method).await.is_ok_and(|read| (1..4).contains(&read)) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if method == *b"POST" {
            return self.serve_posts(stream).await;
        }
        let Some(mut socket) = self.websocket(stream).await else { return };
        let (mut subscribed, mut announced) = (false, 0);
        loop {
            let tick = tokio::time::sleep(Duration::from_millis(20));
            tokio::select! {
                message = socket.next() => {
                    let Some(Ok(Message::Text(text))) = message else { return };
                    if self.mood() == Mood::Hanging {
                        std::future::pending::<()>().await;
                    }
                    if self.with(|state| state.websocket == Websocket::Silent) {
                        return;
                    }
                    let request: Value = serde_json::from_str(&text).unwrap();
                    let wants = request["method"] == "subscribe";
                    let refused = match self.with(|state| state.subscription) {
                        Subscription::Breaks if wants => return,
                        Subscription::Refused(text) if wants => Some(text),
                        _ => None,
                    };
                    subscribed |= wants && refused.is_none();
                    let answer =
                        answered(refused.map_or_else(|| self.rpc_answer(&request), |text| Err(text.to_owned())));
                    let _ = socket.send(Message::text(answer)).await;
                }
                () = tick => {}
            }
            let (announces, height) = self.with(|state| (state.announces, state.height + state.ahead));
            if subscribed && announces && height != announced {
                announced = height;
                let header = self.with(|state| header(state));
                let event = json!({ "result": { "data": { "value": { "block": { "header": header } } } } });
                let _ = socket.send(Message::text(event.to_string())).await;
            }
        }
    }

    fn rpc_answer(&self, request: &Value) -> Result<Value, String> {
        self.with(|state| state.calls += 1);
        self.with(|state| match request["method"].as_str().unwrap() {
            "status" => {
                let header = header(state);
                Ok(json!({ "node_info": { "network": state.chain_id }, "sync_info": {
                    "latest_block_height": header["height"], "latest_block_time": header["time"], "catching_up": state.catching_up } }))
            }
            "block_results" => {
                let height: u64 = request["params"]["height"].as_str().unwrap().parse().unwrap();
                if height > state.height + state.ahead {
                    return Err(format!(
                        "height {height} must be less than or equal to the current blockchain height {}",
                        state.height + state.ahead
                    ));
                }
                match state.results {
                    BlockResults::Kept => {}
                    BlockResults::Discarded => return Err("node is not persisting finalize block responses".to_owned()),
                    BlockResults::Says(text) => return Err(text.to_owned()),
                }
                if height < state.lowest {
                    return Err(format!("height {height} is not available, lowest height is {}", state.lowest));
                }
                Ok(json!({ "height": height.to_string(), "txs_results": null, "finalize_block_events": state.said }))
            }
            "consensus_params" => Ok(json!({ "consensus_params": { "block": { "max_gas": "-1" } } })),
            "block" => Ok(json!({ "block": { "data": { "txs": ["dHg="] } } })),
            "tx_search" => {
                let result = json!({ "code": 0, "events": state.said });
                Ok(json!({ "txs": [{ "tx_result": result }], "total_count": "1" }))
            }
            _ => Ok(json!({})),
        })
    }
}

fn with_header(
    response: http::response::Builder,
    header: Option<(&'static str, &'static str)>,
) -> http::response::Builder {
    match header {
        Some((name, value)) => response.header(name, value),
        None => response,
    }
}

fn answered(answer: Result<Value, String>) -> String {
    match answer {
        Ok(result) => json!({ "id": 1, "result": result }),
        Err(data) => json!({ "id": 1, "error": { "code": -32603, "data": data } }),
    }
    .to_string()
}

fn header(state: &State) -> Value {
    let seconds = i64::try_from(plimsoll_keeper::clock::clock() - state.age).unwrap();
    let time = cosmrs::tendermint::Time::from_unix_timestamp(seconds, 0).unwrap().to_rfc3339();
    let height = (state.height + state.ahead).to_string();
    json!({ "chain_id": state.chain_id, "height": height, "time": time })
}
