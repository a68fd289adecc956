//! The way to one gRPC endpoint: each request carries what the endpoint's address has beside scheme, host and port, and
//! the headers of `chain.headers`.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use http::uri::PathAndQuery;
use http::{HeaderMap, Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::body::Frame;
use tonic::body::Body;
use tonic::codegen::{Context, Poll, Service};
use tonic::transport::{self, Endpoint};

use crate::chain::cosmos::classify::causes;
use crate::chain::cosmos::headers::headers;
use crate::chain::cosmos::secrets::Secrets;
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
    /// What no answer may repeat.
    secrets: Secrets,
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
        if address.scheme.eq_ignore_ascii_case("https") {
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
        let secrets = Secrets::of(&address, &headers);
        let prefix = address.path.trim_end_matches('/').to_owned();
        let extras = Extras { prefix, query: address.asked(), headers, secrets, name };
        // Its requests would go elsewhere, with its headers.
        if extras.target(&Uri::from_static("/")).is_none() {
            return Err(Error::unreachable("gRPC", extras.name, "its path and query make no request"));
        }
        Ok(Self { connection: endpoint.connect_lazy(), extras: Arc::new(extras) })
    }
}

impl Extras {
    /// The answer, with no secret in the text of an error: that stands in the headers, or behind the answer.
    fn shown(self: Arc<Self>, response: Response<Body>) -> Response<Body> {
        if self.secrets.is_empty() {
            return response;
        }
        let (mut parts, body) = response.into_parts();
        self.secrets.hide_in(&mut parts.headers);
        let body = body.map_frame(move |frame| match frame.into_trailers() {
            Ok(mut trailers) => {
                self.secrets.hide_in(&mut trailers);
                Frame::trailers(trailers)
            }
            Err(frame) => frame,
        });
        Response::from_parts(parts, Body::new(body))
    }

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
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<std::result::Result<(), Self::Error>> {
        self.connection.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // The settings' check has parsed the address: one that is no target is none here.
        if let Some(target) = self.extras.target(request.uri()) {
            *request.uri_mut() = target;
        }
        request.headers_mut().extend(self.extras.headers.clone());
        let answer = self.connection.call(request);
        let extras = Arc::clone(&self.extras);
        Box::pin(async move { Ok(extras.shown(answer.await?)) })
    }
}
