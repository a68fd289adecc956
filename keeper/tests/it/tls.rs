//! `https` and `wss`: both clients connect through the configured certificate authority, and refuse an unknown one.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use plimsoll_keeper::chain::cosmos::rpc::Rpc;
use plimsoll_keeper::chain::cosmos::tls::Trust;
use plimsoll_keeper::error::Error;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::tungstenite::Message;
use tonic::transport::Endpoint;

use crate::support::files::fresh;

/// A certificate authority of our own, and an acceptor with a certificate that it signed for this machine.
struct Authority {
    file: PathBuf,
    acceptor: TlsAcceptor,
}

fn authority() -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&own, &issuer).unwrap();

    let file = fresh("tls");
    std::fs::write(&file, root.pem()).unwrap();
    let chain = vec![CertificateDer::from(leaf.der().to_vec())];
    let secret = PrivateKeyDer::try_from(own.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Authority { file, acceptor: TlsAcceptor::from(Arc::new(config)) }
}

/// Listens, and hands each connection to `serve` once TLS stands.
async fn listen<F: Future<Output = ()> + Send + 'static>(
    acceptor: TlsAcceptor,
    serve: fn(TlsStream<TcpStream>) -> F,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(stream).await;
                }
            });
        }
    });
    address
}

/// Answers every call as CometBFT answers `status`.
async fn comet(stream: TlsStream<TcpStream>) {
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() {
            let answer = serde_json::json!({ "jsonrpc": "2.0", "id": 1, "result": {
                "node_info": { "network": "tls-1" },
                "sync_info": { "latest_block_height": "42", "latest_block_time": "2026-01-01T00:00:01.5Z" } } });
            socket.send(Message::text(answer.to_string())).await.unwrap();
        }
    }
}

/// Answers every POST as CometBFT answers `status`, and everything else with HTTP status 404.
async fn posts(stream: TlsStream<TcpStream>) {
    // A function, since the incremental compiler stops at an async closure here.
    async fn answer(
        request: hyper::Request<hyper::body::Incoming>,
    ) -> Result<hyper::Response<String>, hyper::http::Error> {
        let answer = r#"{ "jsonrpc": "2.0", "id": 1, "result": { "node_info": { "network": "tls-1" },
            "sync_info": { "latest_block_height": "42", "latest_block_time": "2026-01-01T00:00:01.5Z" } } }"#;
        let status = if request.method() == hyper::Method::POST { 200 } else { 404 };
        hyper::Response::builder().status(status).body(answer.to_owned())
    }
    let serve = hyper::service::service_fn(answer);
    let builder = hyper::server::conn::http1::Builder::new();
    let _ = builder.serve_connection(hyper_util::rt::TokioIo::new(stream), serve).await;
}

/// Keeps the connection: gRPC's client is connected once TLS stands.
async fn hold(stream: TlsStream<TcpStream>) {
    let _kept = stream;
    tokio::time::sleep(std::time::Duration::from_secs(20)).await;
}

#[tokio::test]
async fn wss_connects_through_the_configured_authority_alone() {
    let (ours, other) = (authority(), authority());
    let address = listen(ours.acceptor, comet).await;
    for scheme in ["wss", "https"] {
        let endpoint = format!("{scheme}://localhost:{}", address.port());
        let rpc = Rpc::new(&endpoint, Trust::new(Some(&ours.file)).unwrap());
        let head = rpc.head().await.unwrap();
        assert_eq!((head.chain_id.as_str(), head.height, head.time), ("tls-1", 42, 1_767_225_601));
        for trust in [Trust::new(None).unwrap(), Trust::new(Some(&other.file)).unwrap()] {
            let error = Rpc::new(&endpoint, trust).head().await.unwrap_err();
            assert!(matches!(&error, Error::Unreachable { reason, .. } if reason.contains("certificate")), "{error}");
        }
    }
}

#[tokio::test]
async fn a_post_connects_through_the_configured_authority_alone() {
    let (ours, other) = (authority(), authority());
    let address = listen(ours.acceptor, posts).await;
    let endpoint = format!("https://localhost:{}", address.port());
    let rpc = Rpc::new(&endpoint, Trust::new(Some(&ours.file)).unwrap());
    assert_eq!(rpc.head().await.unwrap().height, 42);
    assert!(rpc.is_posting());
    let error = Rpc::new(&endpoint, Trust::new(Some(&other.file)).unwrap()).head().await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable { reason, .. } if reason.contains("certificate")), "{error}");
}

#[tokio::test]
async fn https_connects_through_the_configured_authority_alone() {
    let (ours, other) = (authority(), authority());
    let address = listen(ours.acceptor, hold).await;
    let connect = async |trust: Trust| {
        let endpoint = Endpoint::from_shared(format!("https://localhost:{}", address.port())).unwrap();
        endpoint.tls_config(trust.grpc()).unwrap().connect().await
    };
    connect(Trust::new(Some(&ours.file)).unwrap()).await.unwrap();
    for trust in [Trust::new(None).unwrap(), Trust::new(Some(&other.file)).unwrap()] {
        let error = connect(trust).await.unwrap_err();
        assert!(format!("{error:?}").contains("InvalidCertificate"), "{error:?}");
    }
}

#[test]
fn a_file_without_a_certificate_is_an_error() {
    let path = fresh("tls");
    std::fs::write(&path, "nothing").unwrap();
    assert!(matches!(Trust::new(Some(&path)), Err(Error::File { .. })));
    assert!(matches!(Trust::new(Some(&path.with_extension("missing"))), Err(Error::File { .. })));
}
