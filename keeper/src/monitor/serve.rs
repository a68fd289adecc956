//! A small HTTP server: `/livez`, `/readyz` and `/metrics`, for GET and HEAD alone. Nobody can make it hold much: so
//! many connections at once, so long each, one request each, whose body is never read.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::error::{Error, Result};
use crate::monitor::Monitor;

/// How many may be connected at once, how long each, how long it may take to ask, and how large the head of a request
/// may be.
const CONNECTIONS_MAX: usize = 32;
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(2);
const REQUEST_HEAD_BYTES_MAX: usize = 16 << 10;
/// What Prometheus asks for.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// Listens there until dropped.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts to answer there.
pub async fn serve(address: SocketAddr, monitor: Monitor) -> Result<Server> {
    let refused = |error: std::io::Error| {
        // Whoever listens there may be a keeper that is about to end.
        Error::DoesNotHold(format!(
            "monitor.listen = \"{address}\" can't be listened at: {error}; choose another port, or \"none\""
        ))
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok(Server { address, task: tokio::spawn(accept(listener, monitor)) })
}

async fn accept(listener: TcpListener, monitor: Monitor) {
    let seats = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(seat) = seats.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file handles, most likely: others are given back meanwhile.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let monitor = monitor.clone();
        tokio::spawn(async move {
            let _ = timeout(CONNECTION_TIMEOUT, connection(stream, monitor)).await;
            drop(seat);
        });
    }
}

async fn connection(stream: TcpStream, monitor: Monitor) {
    let answering = service_fn(move |request: Request<Incoming>| {
        let answer = answer(request.method(), request.uri().path(), &monitor);
        async move { Ok::<_, Infallible>(answer) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .keep_alive(false)
        .max_buf_size(REQUEST_HEAD_BYTES_MAX)
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_HEAD_TIMEOUT);
    // A client that goes away early is none of our concern.
    let _ = builder.serve_connection(TokioIo::new(stream), answering).await;
}

fn answer(method: &Method, path: &str, monitor: &Monitor) -> Response<Full<Bytes>> {
    // Of an answer to HEAD hyper leaves the body out.
    if ![Method::GET, Method::HEAD].contains(method) {
        let mut refused = response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "GET and HEAD only".to_owned());
        refused.headers_mut().insert(hyper::header::ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    let up = |holds: bool| if holds { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    match path {
        "/livez" => {
            let live = monitor.is_live();
            response(up(live), TEXT, if live { "live" } else { "stuck: one block's work takes minutes" }.to_owned())
        }
        "/readyz" => {
            let verdict = monitor.ready();
            response(up(verdict.is_ready()), TEXT, verdict.to_string())
        }
        "/metrics" => response(StatusCode::OK, OPEN_METRICS, monitor.render()),
        _ => response(StatusCode::NOT_FOUND, TEXT, "there are /livez, /readyz and /metrics".to_owned()),
    }
}

fn response(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let text = if kind == TEXT { format!("{text}\n") } else { text };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    response
}
