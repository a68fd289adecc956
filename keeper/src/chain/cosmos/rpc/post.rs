//! Questions by HTTP POST, to an endpoint that takes no websocket.

use http::{HeaderMap, Request, Uri, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::chain::cosmos::classify::causes;
use crate::chain::cosmos::rpc::{RPC_ANSWER_MAX_BYTES, WEBSOCKET};
use crate::chain::cosmos::tls::Trust;
use crate::config::address::Address;

/// Where an endpoint is asked by POST.
#[derive(Debug)]
pub(super) struct Post {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// Without user and password, which are among the headers; `None` where the address is none.
    target: Option<Uri>,
    /// Answers are read in turn, as over a websocket: together they take no more memory than one may.
    reading: Mutex<()>,
}

/// Why a question has no answer.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// The answer is larger than is read.
    TooLarge,
    /// Nobody answers.
    Unreachable(String),
    /// A proxy does, or the node itself, with an HTTP status instead.
    Refused(StatusCode, HeaderMap),
}

impl Post {
    /// `ws(s)` and `http(s)` mean the same here, with or without `/websocket`. Connects when first needed.
    pub fn new(address: &Address<'_>, trust: &Trust) -> Self {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        let tls = HttpsConnectorBuilder::new().with_tls_config((*trust.http()).clone());
        let connector = tls.https_or_http().enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { client, target: target(address), reading: Mutex::new(()) }
    }

    /// The endpoint's answer to a question with these headers, a refusal too.
    pub async fn ask(&self, headers: &HeaderMap, question: &Value) -> Result<Value, Unanswered> {
        let unreachable = |error: &dyn std::error::Error| Unanswered::Unreachable(causes(error));
        let mut request = Request::post(self.target.clone().unwrap_or_default())
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(question.to_string())))
            .map_err(|error| unreachable(&error))?;
        request.headers_mut().extend(headers.clone());
        let response = self.client.request(request).await.map_err(|error| unreachable(&error))?;
        let (parts, body) = response.into_parts();
        let (status, headers) = (parts.status, parts.headers);
        let _turn = self.reading.lock().await;
        let body = Limited::new(body, RPC_ANSWER_MAX_BYTES).collect().await;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => Unanswered::TooLarge,
            false => unreachable(&*error),
        })?;
        let refused = || Unanswered::Refused(status, headers.clone());
        // Some versions give a refusal, in JSON, the status of an error of the server.
        if !status.is_success() && status != StatusCode::INTERNAL_SERVER_ERROR {
            return Err(refused());
        }
        serde_json::from_slice(&body.to_bytes()).map_err(|_| refused())
    }
}

/// Where questions go that are not asked over the websocket.
fn target(address: &Address<'_>) -> Option<Uri> {
    let scheme = address.scheme.to_ascii_lowercase().replacen("ws", "http", 1);
    let path = address.path.trim_end_matches('/').strip_suffix(WEBSOCKET);
    let path = path.map_or_else(|| address.path.to_owned(), |before| format!("{before}/"));
    format!("{scheme}://{}{path}{}", address.host, address.asked()).parse().ok()
}
