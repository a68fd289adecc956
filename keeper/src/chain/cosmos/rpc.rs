//! CometBFT's RPC: new blocks, and what happened in a block. Over one websocket, or by HTTP POST where the endpoint takes
//! no websocket.
//!
//! Written out rather than taken from a client crate: two calls and one subscription are needed, the certificate
//! authority must be settable, and fields that a node's newer version adds must not matter.

mod events;
mod post;
mod socket;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use cosmrs::tendermint::Time;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::chain::cosmos::headers::headers;
use crate::chain::cosmos::retry_after::retry_after;
use crate::chain::cosmos::rpc::events::{contract_events, list};
use crate::chain::cosmos::rpc::post::{Post, Unanswered};
use crate::chain::cosmos::rpc::socket::{NoSocket, Socket};
use crate::chain::cosmos::secrets::Secrets;
use crate::chain::cosmos::timeouts::{RPC_TIMEOUT, SUBSCRIPTION_SILENCE};
use crate::chain::cosmos::tls::Trust;
use crate::chain::{ContractEvent, Head};
use crate::config::address::Address;
use crate::config::redact::public;
use crate::error::{Error, Result};

/// The most transactions that a node lists at once.
const SEARCH_PAGE: usize = 100;
/// The largest answer: the results of a block full of events pass sixteen megabytes.
const RPC_ANSWER_MAX_BYTES: usize = 256 << 20;

/// What the path of an endpoint's websocket ends with.
const WEBSOCKET: &str = "/websocket";
/// Why an endpoint counts as unreachable that takes too long.
const LATE: &str = "no answer in time";

/// A node's RPC. Debug shows its public name alone.
pub struct Rpc {
    /// Of its websocket.
    url: String,
    /// What of the address may be shown.
    name: String,
    headers: HeaderMap,
    /// What no answer may repeat.
    secrets: Secrets,
    trust: Trust,
    post: Post,
    /// Whether it refused the websocket and answered by POST.
    posting: AtomicBool,
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
        let address = Address::of(endpoint);
        let scheme = address.scheme.to_ascii_lowercase().replacen("http", "ws", 1);
        let path = address.path.trim_end_matches('/');
        let path = path.strip_suffix(WEBSOCKET).unwrap_or(path);
        let headers = headers(&address);
        Self {
            url: format!("{scheme}://{}{path}{WEBSOCKET}{}", address.host, address.asked()),
            name: public(endpoint),
            post: Post::new(&address, &trust),
            secrets: Secrets::of(&address, &headers),
            headers,
            trust,
            posting: AtomicBool::new(false),
            calls: Mutex::new(None),
        }
    }

    /// The same with these headers in every request, the websocket's handshake included.
    pub fn with_headers(mut self, headers: &HeaderMap) -> Self {
        self.headers.extend(headers.clone());
        self.secrets = self.secrets.with_headers(headers);
        self
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
        let mut socket = self.connect().await.map_err(|failed| failed.error)?;
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

    /// Whether its questions go by HTTP POST, since it took no websocket.
    pub fn is_posting(&self) -> bool {
        self.posting.load(Ordering::Relaxed)
    }

    async fn call(&self, method: &str, params: Value) -> Result<Value> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = if self.is_posting() {
            self.by_post(&request).await
        } else {
            match self.over_socket(&request).await {
                Err(NoSocket { is_refusal: true, .. }) => self.by_post(&request).await,
                answer => answer.map_err(|failed| failed.error),
            }
        };
        self.result(method, answer?)
    }

    /// Goes on so while it is answered; after a failure the websocket is tried again.
    async fn by_post(&self, request: &Value) -> Result<Value> {
        let answer = timeout(RPC_TIMEOUT, self.post.ask(&self.headers, request)).await;
        let answer = answer.map_err(|_| self.unreachable(LATE)).and_then(|answer| {
            answer.map_err(|unanswered| match unanswered {
                Unanswered::TooLarge => too_large(format!("more than {RPC_ANSWER_MAX_BYTES} bytes")),
                Unanswered::Unreachable(reason) => self.unreachable(reason),
                Unanswered::Refused(status, headers) => self.refused(status, &headers),
            })
        });
        self.posting.store(!matches!(answer, Err(Error::Unreachable { .. })), Ordering::Relaxed);
        answer
    }

    async fn over_socket(&self, request: &Value) -> std::result::Result<Value, NoSocket> {
        let mut slot = self.calls.lock().await;
        // A kept connection may have died since; a new one is tried once.
        if let Some(mut socket) = slot.take()
            && let Ok(answer) = self.exchange(&mut socket, request).await
        {
            *slot = Some(socket);
            return Ok(answer);
        }
        let mut socket = self.connect().await?;
        let answer = self.exchange(&mut socket, request).await;
        // One that is closed before it answers anything is no websocket either.
        let is_refusal = |error: &Error| matches!(error, Error::Unreachable { reason, .. } if reason != LATE);
        let answer = answer.map_err(|error| NoSocket { is_refusal: is_refusal(&error), error })?;
        *slot = Some(socket);
        Ok(answer)
    }

    fn result(&self, method: &str, mut answer: Value) -> Result<Value> {
        match answer.get("error").filter(|error| !error.is_null()) {
            Some(error) => {
                Err(Error::Query { what: method.to_owned(), reason: self.secrets.hidden(&error.to_string()) })
            }
            None => answer
                .get_mut("result")
                .map(Value::take)
                .ok_or_else(|| Error::garbage(&self.name, format!("an answer to {method} without a result"))),
        }
    }

    fn refused(&self, status: StatusCode, headers: &HeaderMap) -> Error {
        Error::Unreachable {
            what: "RPC",
            endpoint: self.name.clone(),
            reason: format!("HTTP error: {status}"),
            retry_after: retry_after(headers, SystemTime::now()),
        }
    }

    fn unreachable(&self, reason: impl std::fmt::Display) -> Error {
        Error::unreachable("RPC", self.name.as_str(), self.secrets.hidden(&reason.to_string()))
    }
}

/// An answer that will be as large when it is asked for again.
fn too_large(reason: String) -> Error {
    Error::Query { what: "RPC".to_owned(), reason }
}

fn head_of(chain_id: &Value, height: &Value, time: &Value) -> Option<Head> {
    let time = Time::parse_from_rfc3339(time.as_str()?).ok()?.unix_timestamp();
    Some(Head {
        chain_id: chain_id.as_str()?.to_owned(),
        height: height.as_str()?.parse().ok()?,
        time: time.try_into().ok()?,
    })
}
