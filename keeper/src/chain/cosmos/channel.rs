//! The way to one gRPC endpoint: each request carries what the endpoint's address has beside scheme, host and port, and
//! the headers of `chain.headers`.

use std::fmt;
use std::sync::Arc;

use http::uri::PathAndQuery;
use http::{HeaderMap, Request, Response, Uri};
use tonic::body::Body;
use tonic::codegen::{Context, Poll, Service};
use tonic::transport::channel::ResponseFuture;
use tonic::transport::{self, Endpoint};

use crate::chain::cosmos::classify::causes;
use crate::chain::cosmos::headers::headers;
use crate::chain::cosmos::timeouts::{CONNECT_TIMEOUT, KEEPALIVE_INTERVAL, KEEPALIVE_TIMEOUT, REQUEST_TIMEOUT};
use crate::chain::cosmos::tls::Trust;
use crate::config::address::Address;
use crate::config::redact::public;
use crate::error::{Error, Result};

/// The way to one gRPC endpoint. Debug shows the endpoint's public name alone.
#[derive(Clone)]
pub(in crate::chain) struct Channel {
    connection: transport::Channel,
    extras: Arc<Extras>,
}

/// What an endpoint's requests carry.
struct Extras {
    /// What of the address may be shown.
    name: String,
    /// What stands before a method's path; it ends with no slash.
    prefix: String,
    /// What stands behind it, with its question mark.
    query: String,
    headers: HeaderMap,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel({})", self.extras.name)
    }
}

impl Channel {
    /// Connects when first needed.
    pub(super) fn new(text: &str, given: &HeaderMap, trust: &Trust) -> Result<Self> {
        let name = public(text);
        let bad = |error: transport::Error| Error::unreachable("gRPC", name.clone(), causes(&error));
        let address = Address::of(text);
        let mut endpoint = Endpoint::from_shared(format!("{}://{}", address.scheme, address.host)).map_err(bad)?;
        if address.scheme == "https" {
            endpoint = endpoint.tls_config(trust.grpc()).map_err(bad)?;
        }
        let endpoint = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .tcp_nodelay(true)
            .tcp_keepalive(Some(KEEPALIVE_INTERVAL))
            .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT)
            .keep_alive_while_idle(true);
        let mut headers = headers(&address);
        headers.extend(given.clone());
        let extras =
            Extras { prefix: address.path.trim_end_matches('/').to_owned(), query: address.asked(), headers, name };
        Ok(Self { connection: endpoint.connect_lazy(), extras: Arc::new(extras) })
    }
}

impl Extras {
    /// Where a method's request goes.
    fn target(&self, method: &Uri) -> Option<Uri> {
        let asked = format!("{}{}{}", self.prefix, method.path(), self.query);
        let mut parts = method.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::try_from(asked).ok()?);
        Uri::from_parts(parts).ok()
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = transport::Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<std::result::Result<(), Self::Error>> {
        self.connection.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // The settings' check has parsed the address: one that is no target is none here.
        if let Some(target) = self.extras.target(request.uri()) {
            *request.uri_mut() = target;
        }
        request.headers_mut().extend(self.extras.headers.clone());
        self.connection.call(request)
    }
}
