//! CometBFT's RPC over one websocket: new blocks, and what happened in a block.
//!
//! Written out rather than taken from a client crate: two calls and one subscription are needed, the certificate
//! authority must be settable, and fields that a node's newer version adds must not matter.

use cosmrs::tendermint::Time;
use cosmwasm_std::Binary;
use futures_util::{SinkExt, StreamExt};
use http::header::{AUTHORIZATION, HeaderValue};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use crate::chain::cosmos::timeouts::{RPC_TIMEOUT, SUBSCRIPTION_SILENCE};
use crate::chain::cosmos::tls::Trust;
use crate::chain::{ContractEvent, Head};
use crate::config::redact::public;
use crate::error::{Error, Result};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The largest answer: the results of a block full of events pass sixteen megabytes.
const RPC_ANSWER_MAX_BYTES: usize = 256 << 20;
/// The most transactions that a node lists at once.
const SEARCH_PAGE: usize = 100;
/// How chains before Tendermint 0.37 write `_contract_address`: in base64, as all attributes.
const CONTRACT_ADDRESS_BASE64: &str = "X2NvbnRyYWN0X2FkZHJlc3M=";
/// Where a block's events stand beside its transactions'; the latter two on nodes before CometBFT 0.38.
const BLOCK_EVENTS: [&str; 3] = ["finalize_block_events", "begin_block_events", "end_block_events"];

/// A node's RPC. Debug shows its public name alone.
pub struct Rpc {
    url: String,
    /// What of the address may be shown.
    name: String,
    trust: Trust,
    // Calls take turns: there are few of them, and answers need no matching then.
    calls: Mutex<Option<Socket>>,
}

impl std::fmt::Debug for Rpc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rpc({})", self.name)
    }
}

impl Rpc {
    /// `http(s)` and `ws(s)` mean the same here, with or without `/websocket`, behind which a query stands.
    /// Connects when first needed.
    pub fn new(endpoint: &str, trust: Trust) -> Self {
        let url = endpoint.replacen("http", "ws", usize::from(endpoint.starts_with("http")));
        let (path, query) = url.find('?').map_or((url.as_str(), ""), |at| url.split_at(at));
        let path = path.trim_end_matches('/');
        let path = if path.ends_with("/websocket") { path.to_owned() } else { format!("{path}/websocket") };
        let url = format!("{path}{query}");
        Self { url, name: public(endpoint), trust, calls: Mutex::new(None) }
    }

    /// The latest block.
    pub async fn head(&self) -> Result<Head> {
        let status = self.call("status", json!({})).await?;
        let sync = &status["sync_info"];
        let head = head_of(&status["node_info"]["network"], &sync["latest_block_height"], &sync["latest_block_time"]);
        head.ok_or_else(|| Error::garbage(&self.name, "its status has no height, time or chain id"))
    }

    /// Whether the node says that it is still behind the chain.
    pub async fn catching_up(&self) -> Result<bool> {
        let status = self.call("status", json!({})).await?;
        let behind = status["sync_info"]["catching_up"].as_bool();
        behind.ok_or_else(|| Error::garbage(&self.name, "its status does not say whether it is catching up"))
    }

    /// The most gas of a block, by the consensus parameters in force; `None` is no limit.
    pub async fn block_gas(&self) -> Result<Option<u64>> {
        let answer = self.call("consensus_params", json!({})).await?;
        let most: Option<i64> =
            answer["consensus_params"]["block"]["max_gas"].as_str().and_then(|gas| gas.parse().ok());
        match most {
            Some(-1) => Ok(None),
            Some(gas) if gas > 0 => Ok(u64::try_from(gas).ok()),
            _ => Err(Error::garbage(&self.name, "its consensus parameters do not say how much gas a block has")),
        }
    }

    /// What contracts said in a block: in its successful transactions, and in what the chain itself ran before or after
    /// them, such as a proposal that was accepted.
    pub async fn events(&self, height: u64) -> Result<Vec<ContractEvent>> {
        let results = self.call("block_results", json!({ "height": height.to_string() })).await?;
        if results["height"].as_str() != Some(height.to_string().as_str()) {
            return Err(Error::garbage(&self.name, format!("results of height {} for {height}", results["height"])));
        }
        contract_events(&results)
            .map_err(|reason| Error::garbage(&self.name, format!("results of height {height} {reason}")))
    }

    /// What contracts said in a block's transactions, by the node's index: where it keeps no results of blocks. What
    /// the chain itself ran before or after them isn't there. The index comes a moment later than the block.
    pub async fn indexed_events(&self, height: u64) -> Result<Vec<ContractEvent>> {
        let block = self.call("block", json!({ "height": height.to_string() })).await?;
        let transactions = list(&block["block"]["data"], "txs").map_err(|reason| Error::garbage(&self.name, reason))?;
        let mut results = Vec::new();
        while results.len() < transactions.len() {
            let page = (results.len() / SEARCH_PAGE).saturating_add(1);
            let query = json!({ "query": format!("tx.height={height}"), "prove": false, "page": page.to_string(),
                "per_page": SEARCH_PAGE.to_string(), "order_by": "asc" });
            let found = self.call("tx_search", query).await?;
            let found = list(&found, "txs").map_err(|reason| Error::garbage(&self.name, reason))?;
            if found.is_empty() {
                let reason =
                    format!("could not find results for height #{height}: its index has {} yet", results.len());
                return Err(Error::Query { what: "tx_search".to_owned(), reason });
            }
            results.extend(found.iter().map(|transaction| transaction["tx_result"].clone()));
        }
        contract_events(&json!({ "txs_results": results }))
            .map_err(|reason| Error::garbage(&self.name, format!("transactions of height {height} {reason}")))
    }

    /// Tells new blocks as the node announces them, while `heard` says true. Ends with an error when the subscription
    /// breaks, also when it has died without a word: heights go on without it.
    pub async fn listen(&self, mut heard: impl FnMut(Head) -> bool) -> Result<()> {
        let mut socket = self.connect().await?;
        let request =
            json!({ "jsonrpc": "2.0", "id": 1, "method": "subscribe", "params": { "query": "tm.event='NewBlock'" } });
        self.send(&mut socket, &request).await?;
        let mut announced = None;
        loop {
            let head = match timeout(SUBSCRIPTION_SILENCE, self.receive(&mut socket)).await {
                Err(_) => self.after_silence(&mut announced).await?,
                Ok(message) => {
                    let message = message?;
                    if let Some(error) = message.get("error") {
                        return Err(self.unreachable(error));
                    }
                    let header = &message["result"]["data"]["value"]["block"]["header"];
                    let Some(head) = head_of(&header["chain_id"], &header["height"], &header["time"]) else { continue };
                    announced = Some(head.height);
                    head
                }
            };
            if !heard(head) {
                return Ok(());
            }
        }
    }

    /// No block, or a subscription that died without a word: only the node's height tells.
    async fn after_silence(&self, announced: &mut Option<u64>) -> Result<Head> {
        let head = self.head().await?;
        let last = *announced.get_or_insert(head.height);
        // One more may be on its way.
        if head.height > last.saturating_add(1) {
            return Err(self.unreachable(format!("blocks {last} to {} came that were not announced", head.height)));
        }
        Ok(head)
    }

    async fn call(&self, method: &str, params: Value) -> Result<Value> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut slot = self.calls.lock().await;
        // A kept connection may have died since; a new one is tried once.
        if let Some(mut socket) = slot.take()
            && let Ok(answer) = self.exchange(&mut socket, &request).await
        {
            *slot = Some(socket);
            return self.result(method, answer);
        }
        let mut socket = self.connect().await?;
        let answer = self.exchange(&mut socket, &request).await?;
        *slot = Some(socket);
        self.result(method, answer)
    }

    fn result(&self, method: &str, mut answer: Value) -> Result<Value> {
        match answer.get("error") {
            Some(error) => Err(Error::Query { what: method.to_owned(), reason: error.to_string() }),
            None => answer
                .get_mut("result")
                .map(Value::take)
                .ok_or_else(|| Error::garbage(&self.name, format!("an answer to {method} without a result"))),
        }
    }

    async fn exchange(&self, socket: &mut Socket, request: &Value) -> Result<Value> {
        self.send(socket, request).await?;
        timeout(RPC_TIMEOUT, self.receive(socket)).await.map_err(|_| self.unreachable("no answer in time"))?
    }

    async fn connect(&self) -> Result<Socket> {
        let limits = WebSocketConfig::default()
            .max_message_size(Some(RPC_ANSWER_MAX_BYTES))
            .max_frame_size(Some(RPC_ANSWER_MAX_BYTES));
        let connector = Connector::Rustls(self.trust.websocket());
        let mut request = self.url.as_str().into_client_request().map_err(|error| self.unreachable(error))?;
        if let Some(authorization) = basic_authorization(request.uri()) {
            request.headers_mut().insert(AUTHORIZATION, authorization);
        }
        let connecting = connect_async_tls_with_config(request, Some(limits), true, Some(connector));
        let connected = timeout(RPC_TIMEOUT, connecting).await.map_err(|_| self.unreachable("no answer in time"))?;
        connected.map(|(socket, _)| socket).map_err(|error| self.unreachable(error))
    }

    async fn send(&self, socket: &mut Socket, request: &Value) -> Result<()> {
        socket.send(Message::text(request.to_string())).await.map_err(|error| self.unreachable(error))
    }

    async fn receive(&self, socket: &mut Socket) -> Result<Value> {
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(&text).map_err(|error| Error::garbage(&self.name, error));
                }
                Some(Ok(Message::Close(_))) | None => return Err(self.unreachable("connection closed")),
                Some(Ok(_)) => {}
                // It will be as large when it is asked for again.
                Some(Err(error @ SocketError::Capacity(_))) => {
                    return Err(Error::Query { what: "RPC".to_owned(), reason: error.to_string() });
                }
                Some(Err(error)) => return Err(self.unreachable(error)),
            }
        }
    }

    fn unreachable(&self, reason: impl std::fmt::Display) -> Error {
        Error::Unreachable { what: "RPC", endpoint: self.name.clone(), reason: reason.to_string() }
    }
}

fn head_of(chain_id: &Value, height: &Value, time: &Value) -> Option<Head> {
    let time = Time::parse_from_rfc3339(time.as_str()?).ok()?.unix_timestamp();
    Some(Head {
        chain_id: chain_id.as_str()?.to_owned(),
        height: height.as_str()?.parse().ok()?,
        time: time.try_into().ok()?,
    })
}

/// What contracts said, or what of the results is of a type that it can't be.
fn contract_events(results: &Value) -> std::result::Result<Vec<ContractEvent>, String> {
    let mut events = Vec::new();
    for transaction in list(results, "txs_results")? {
        let code = &transaction["code"];
        let known = if code.is_null() { Some(0) } else { code.as_u64() };
        // Of one that failed nothing has happened.
        if known.ok_or_else(|| format!("have a transaction with code {code}"))? == 0 {
            events.extend(list(transaction, "events")?);
        }
    }
    for name in BLOCK_EVENTS {
        events.extend(list(results, name)?);
    }
    events.into_iter().filter_map(|event| contract_event(event).transpose()).collect()
}

/// Where there is nothing to list a node writes null, or nothing.
fn list<'a>(of: &'a Value, name: &str) -> std::result::Result<&'a [Value], String> {
    match of.get(name) {
        None | Some(Value::Null) if of.is_object() => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        _ => Err(format!("have something else than a list for {name}")),
    }
}

fn contract_event(event: &Value) -> std::result::Result<Option<ContractEvent>, String> {
    let attributes = list(event, "attributes")?.iter().map(|a| Ok((text(a, "key")?, text(a, "value")?)));
    let attributes = attributes.collect::<std::result::Result<Vec<_>, String>>()?;
    if attributes.iter().any(|(key, _)| key == CONTRACT_ADDRESS_BASE64) {
        return Err(
            "have events whose attributes are in base64, as before Tendermint 0.37: this chain is too old".to_owned()
        );
    }
    Ok(ContractEvent::of_wasm(&text(event, "type")?, attributes.into_iter()))
}

fn text(of: &Value, name: &str) -> std::result::Result<String, String> {
    match of.get(name) {
        None | Some(Value::Null) if of.is_object() => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        _ => Err(format!("have something else than text for {name}")),
    }
}

/// What an address's user and password are sent as.
fn basic_authorization(address: &http::Uri) -> Option<HeaderValue> {
    let (user, _) = address.authority()?.as_str().rsplit_once('@')?;
    let mut value =
        HeaderValue::from_str(&format!("Basic {}", Binary::from(percent_decoded(user)).to_base64())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The bytes that a part of an address stands for.
fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (plain, escaped) = rest.split_at(at);
        bytes.extend_from_slice(plain.as_bytes());
        match escaped.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = escaped.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(b'%');
                rest = escaped.get(1..).unwrap_or_default();
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}
