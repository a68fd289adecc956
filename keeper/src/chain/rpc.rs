//! CometBFT's RPC over one websocket: new blocks, and what happened in a block.
//!
//! Written out rather than taken from a client crate: two calls and one subscription are needed, the certificate authority
//! must be settable, and fields that a node's newer version adds must not matter.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cosmrs::tendermint::Time;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, watch};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use crate::chain::tls::Trust;
use crate::chain::{ContractEvent, Head, REWIND_MAX};
use crate::error::{Error, Result};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long no block may come before the node is asked, and how often it is asked while the subscription is broken.
const SILENCE: Duration = Duration::from_secs(5);
/// The largest answer: the results of a block full of events pass sixteen megabytes.
const ANSWER_MAX: usize = 256 << 20;
/// In seconds: how old the newest block may be, by this machine's clock, and how often that is said.
const OLD: u64 = 60;
/// Where a block's events stand beside its transactions'; the latter two on nodes before CometBFT 0.38.
const BLOCK_EVENTS: [&str; 3] = ["finalize_block_events", "begin_block_events", "end_block_events"];

/// A node's RPC.
#[derive(Debug)]
pub struct Rpc {
    url: String,
    trust: Trust,
    // Calls take turns: there are few of them, and answers need no matching then.
    calls: Mutex<Option<Socket>>,
    warned: AtomicU64,
}

impl Rpc {
    /// `http(s)` and `ws(s)` mean the same here, with or without `/websocket`. Connects when first needed.
    pub fn new(endpoint: &str, trust: Trust) -> Self {
        let url = endpoint.replacen("http", "ws", usize::from(endpoint.starts_with("http")));
        let url = url.trim_end_matches('/');
        let url = if url.ends_with("/websocket") { url.to_owned() } else { format!("{url}/websocket") };
        Self { url, trust, calls: Mutex::new(None), warned: AtomicU64::new(0) }
    }

    /// The latest block.
    pub async fn head(&self) -> Result<Head> {
        let status = self.call("status", json!({})).await?;
        let sync = &status["sync_info"];
        let head = head_of(&status["node_info"]["network"], &sync["latest_block_height"], &sync["latest_block_time"]);
        head.ok_or_else(|| Error::garbage(&self.url, "its status has no height, time or chain id"))
    }

    /// Whether the node says that it is still behind the chain.
    pub async fn catching_up(&self) -> Result<bool> {
        let status = self.call("status", json!({})).await?;
        let behind = status["sync_info"]["catching_up"].as_bool();
        behind.ok_or_else(|| Error::garbage(&self.url, "its status does not say whether it is catching up"))
    }

    /// What contracts said in a block: in its successful transactions, and in what the chain itself ran before or after them,
    /// such as a proposal that was accepted.
    pub async fn events(&self, height: u64) -> Result<Vec<ContractEvent>> {
        let results = self.call("block_results", json!({ "height": height.to_string() })).await?;
        if results["height"].as_str() != Some(height.to_string().as_str()) {
            return Err(Error::garbage(&self.url, format!("results of height {} for {height}", results["height"])));
        }
        Ok(contract_events(&results))
    }

    /// Feeds new blocks into `sender` until nobody listens: pushed by the node, or, while that fails, asked for.
    pub async fn follow(&self, sender: watch::Sender<Head>) {
        while !sender.is_closed() {
            if let Err(error) = self.listen(&sender).await {
                tracing::warn!(%error, "block subscription is broken; asking for blocks");
            }
            if let Ok(head) = self.head().await {
                advance(&sender, head);
            }
            self.warn_when_old(&sender);
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// Ends with an error when the subscription breaks.
    async fn listen(&self, sender: &watch::Sender<Head>) -> Result<()> {
        let mut socket = self.connect().await?;
        let request =
            json!({ "jsonrpc": "2.0", "id": 1, "method": "subscribe", "params": { "query": "tm.event='NewBlock'" } });
        self.send(&mut socket, &request).await?;
        while !sender.is_closed() {
            let Ok(message) = timeout(SILENCE, self.receive(&mut socket)).await else {
                // No block, or a subscription that died without a word: only its height tells.
                let head = self.head().await?;
                let last = sender.borrow().height;
                advance(sender, head.clone());
                self.warn_when_old(sender);
                // One more may be on its way.
                if head.height > last.saturating_add(1) {
                    return Err(self.unreachable("blocks came that were not announced"));
                }
                continue;
            };
            let message = message?;
            if let Some(error) = message.get("error") {
                return Err(self.unreachable(error));
            }
            let header = &message["result"]["data"]["value"]["block"]["header"];
            if let Some(head) = head_of(&header["chain_id"], &header["height"], &header["time"]) {
                advance(sender, head);
            }
        }
        Ok(())
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
                .ok_or_else(|| Error::garbage(&self.url, format!("an answer to {method} without a result"))),
        }
    }

    async fn exchange(&self, socket: &mut Socket, request: &Value) -> Result<Value> {
        self.send(socket, request).await?;
        timeout(PATIENCE, self.receive(socket)).await.map_err(|_| self.unreachable("no answer in time"))?
    }

    async fn connect(&self) -> Result<Socket> {
        let limits = WebSocketConfig::default().max_message_size(Some(ANSWER_MAX)).max_frame_size(Some(ANSWER_MAX));
        let connector = Connector::Rustls(self.trust.websocket());
        let connecting = connect_async_tls_with_config(self.url.as_str(), Some(limits), true, Some(connector));
        let connected = timeout(PATIENCE, connecting).await.map_err(|_| self.unreachable("no answer in time"))?;
        connected.map(|(socket, _)| socket).map_err(|error| self.unreachable(error))
    }

    async fn send(&self, socket: &mut Socket, request: &Value) -> Result<()> {
        socket.send(Message::text(request.to_string())).await.map_err(|error| self.unreachable(error))
    }

    async fn receive(&self, socket: &mut Socket) -> Result<Value> {
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(&text).map_err(|error| Error::garbage(&self.url, error));
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

    /// A node that hangs, and a chain that stands still, look the same from here: like nothing at all.
    fn warn_when_old(&self, sender: &watch::Sender<Head>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let head = sender.borrow().clone();
        let age = now.saturating_sub(head.time);
        if age > OLD && now.saturating_sub(self.warned.load(Ordering::Relaxed)) >= OLD {
            self.warned.store(now, Ordering::Relaxed);
            tracing::warn!(
                height = head.height,
                age,
                "the newest block is old: the node is behind, or the chain stands"
            );
        }
    }

    fn unreachable(&self, reason: impl std::fmt::Display) -> Error {
        Error::Unreachable { what: "RPC", endpoint: self.url.clone(), reason: reason.to_string() }
    }
}

/// Heights don't go back, except by so much that it is another chain: whoever reads has to know.
fn advance(sender: &watch::Sender<Head>, head: Head) {
    sender.send_if_modified(|last| {
        let newer = head.height > last.height
            || last.height.saturating_sub(head.height) > REWIND_MAX
            || head.chain_id != last.chain_id;
        if newer {
            *last = head;
        }
        newer
    });
}

fn head_of(chain_id: &Value, height: &Value, time: &Value) -> Option<Head> {
    let time = Time::parse_from_rfc3339(time.as_str()?).ok()?.unix_timestamp();
    Some(Head {
        chain_id: chain_id.as_str()?.to_owned(),
        height: height.as_str()?.parse().ok()?,
        time: time.try_into().ok()?,
    })
}

fn contract_events(results: &Value) -> Vec<ContractEvent> {
    let list = |value: &'_ Value| value.as_array().cloned().unwrap_or_default();
    let transactions = list(&results["txs_results"]);
    let successful = transactions.iter().filter(|t| t["code"].as_u64().unwrap_or(0) == 0);
    let of_transactions = successful.flat_map(|t| list(&t["events"]));
    let of_block = BLOCK_EVENTS.iter().flat_map(|name| list(&results[*name]));
    of_transactions.chain(of_block).filter_map(|event| contract_event(&event)).collect()
}

fn contract_event(event: &Value) -> Option<ContractEvent> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let attributes = event["attributes"].as_array()?.iter().map(|a| (text(&a["key"]), text(&a["value"])));
    ContractEvent::of_wasm(event["type"].as_str()?, attributes)
}
