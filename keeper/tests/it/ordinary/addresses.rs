//! Addresses as providers give them: with a path and an access key.

use cosmwasm_std::Decimal;
use plimsoll_keeper::chain::cosmos::Node;
use plimsoll_keeper::chain::{ChainReader, TxSender};
use plimsoll_keeper::error::Error;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{connect, try_connect};
use crate::support::client::config;
use crate::support::fake_node::{BlockResults, Fake, Nonsense, Wanted, Websocket};

#[tokio::test]
async fn the_query_of_an_rpc_address_stands_behind_its_path() {
    for (given, asked) in [
        ("/KEY?token=T", "/KEY/websocket?token=T"),
        ("/KEY/?token=T", "/KEY/websocket?token=T"),
        ("/KEY/websocket?token=T", "/KEY/websocket?token=T"),
        ("?token=T", "/websocket?token=T"),
        ("/KEY/", "/KEY/websocket"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut fake = Fake::start(100).await;
        fake.rpc = format!("http://{}{given}", listener.local_addr().unwrap());
        let connecting = tokio::spawn(async move { connect(&[&fake]).await });
        let (stream, _) = listener.accept().await.unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await.unwrap();
        assert_eq!(line.split_whitespace().nth(1), Some(asked), "{given}");
        connecting.abort();
    }
}

#[tokio::test]
async fn the_user_and_password_of_an_rpc_address_are_basic_authorization() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut fake = Fake::start(100).await;
    fake.rpc = format!("http://user:p%40ss@{}/KEY", listener.local_addr().unwrap());
    let connecting = tokio::spawn(async move { connect(&[&fake]).await });
    let (stream, _) = listener.accept().await.unwrap();
    let head = head_of(stream).await;
    // Of `user:p@ss`.
    assert!(head.iter().any(|line| line.eq_ignore_ascii_case("authorization: Basic dXNlcjpwQHNz")), "{head:?}");
    connecting.abort();
}

/// The lines of a request before its body.
async fn head_of(stream: TcpStream) -> Vec<String> {
    let mut lines = BufReader::new(stream).lines();
    let mut head = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap()
        && !line.is_empty()
    {
        head.push(line);
    }
    head
}

/// An address as a provider gives it.
fn with_secrets(address: &str) -> String {
    address.replace("http://", "http://user:p%40ss@") + "/KEY?token=T"
}

/// Of `user:p@ss`.
const BASIC: (&str, &str) = ("authorization", "Basic dXNlcjpwQHNz");

#[tokio::test]
async fn the_path_query_and_user_of_a_grpc_address_are_sent_with_every_method() {
    for (given, prefix, query) in [
        ("/KEY?token=T", "/KEY", Some("token=T")),
        ("/KEY/?token=T", "/KEY", Some("token=T")),
        ("/a/KEY", "/a/KEY", None),
        ("?token=T&b", "", Some("token=T&b")),
        ("/", "", None),
    ] {
        let mut fake = Fake::start(100).await;
        fake.with(|state| {
            state.sequence = Some(4);
            state.wanted = Wanted { prefix, query, header: Some(BASIC) };
        });
        fake.grpc = fake.grpc.replace("http://", "http://user:p%40ss@") + given;
        let node = connect(&[&fake]).await;
        // A client of the chain's own services, one of wasmd's, and a method of which there is no client.
        assert_eq!(node.sequence().await.unwrap(), Some(4), "{given}");
        assert_eq!(node.smart("pair", b"{}".to_vec(), None).await.unwrap(), b"7", "{given}");
        fake.with(|state| state.gas_market.feemarket = Some(("ustake", "30000000000000000")));
        assert_eq!(node.gas_price_asked().await.unwrap(), Some(Decimal::percent(3)), "{given}");
    }
}

#[tokio::test]
async fn a_wrong_token_is_named_unauthorized_and_shown_nowhere() {
    let mut fake = Fake::start(100).await;
    fake.with(|state| state.wanted.query = Some("token=OTHER"));
    let public = fake.grpc.clone();
    fake.grpc = with_secrets(&fake.grpc);
    let config = config(&[&fake]);
    let endpoints = Node::survey(&config).await.unwrap();
    let error = try_connect(config).await.unwrap_err();
    let texts = format!("{error} {error:?} {endpoints:?}");
    assert!(error.to_string().contains(&format!("{public}/…")) && error.to_string().contains("401"), "{error}");
    for secret in ["KEY", "token", "user", "p%40ss", "p@ss", "dXNlcjpwQHNz"] {
        assert!(!texts.contains(secret), "{secret}: {texts}");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_later_counts_as_unauthorized() {
    let mut fake = Fake::start(100).await;
    fake.with(|state| state.wanted = Wanted { prefix: "/KEY", query: Some("token=T"), header: Some(BASIC) });
    let public = format!("{}/…", fake.grpc);
    fake.grpc = with_secrets(&fake.grpc);
    let node = connect(&[&fake]).await;
    fake.with(|state| state.wanted.query = Some("token=OTHER"));
    let error = node.smart("pair", b"{}".to_vec(), None).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    let counted = |status: &str| node.requests().counted("gRPC", &public, status);
    assert!(counted("unauthorized") > 0 && counted("garbage") == 0, "{error}");
}

#[tokio::test]
async fn every_header_is_sent_over_grpc_websocket_and_post() {
    let fake = Fake::start(100).await;
    let key = ("x-api-key", "s3cret");
    fake.with(|state| {
        state.wanted.header = Some(key);
        state.sequence = Some(4);
    });
    let mut config = config(&[&fake]);
    config.headers.insert(key.0, key.1.parse().unwrap());
    config.headers.insert("x-tenant", "t1".parse().unwrap());
    let node = try_connect(config.clone()).await.unwrap();
    assert_eq!(node.sequence().await.unwrap(), Some(4));
    fake.with(|state| state.websocket = Websocket::Refused(404));
    try_connect(config).await.unwrap();
    let (requests, posts) = fake.with(|state| (state.requests.clone(), state.post_headers.clone()));
    assert!(requests.iter().any(|(asked, _)| asked == "/websocket"));
    assert!(requests.iter().any(|(asked, _)| asked.ends_with("/GetLatestBlock")));
    assert!(!posts.is_empty());
    for headers in requests.iter().map(|(_, headers)| headers).chain(&posts) {
        assert!(headers["x-api-key"] == "s3cret" && headers["x-tenant"] == "t1", "{headers:?}");
    }
}

#[tokio::test]
async fn what_a_node_repeats_of_an_address_or_header_is_shown_nowhere() {
    let mut fake = Fake::start(100).await;
    fake.grpc = format!("{}/SECRET-KEY?token=T0KEN-T0KEN", fake.grpc);
    fake.rpc = format!("{}/SECRET-KEY?token=T0KEN-T0KEN", fake.rpc);
    let mut config = config(&[&fake]);
    config.headers.insert("x-api-key", "s3cret-s3cret".parse().unwrap());
    fake.with(|state| state.wanted = Wanted { prefix: "/SECRET-KEY", query: Some("token=T0KEN-T0KEN"), header: None });
    let node = try_connect(config).await.unwrap();
    fake.with(|state| {
        state.nonsense = Nonsense::Says("unknown method /SECRET-KEY/x?token=T0KEN-T0KEN of key s3cret-s3cret");
        state.results = BlockResults::Says("invalid key s3cret-s3cret in /SECRET-KEY/?token=T0KEN-T0KEN");
    });
    let errors = [
        node.smart("pair", b"{}".to_vec(), None).await.unwrap_err().to_string(),
        node.events(100).await.unwrap_err().to_string(),
    ];
    for error in errors {
        assert!(error.contains("(hidden)"), "{error}");
        for secret in ["SECRET-KEY", "T0KEN-T0KEN", "s3cret-s3cret"] {
            assert!(!error.contains(secret), "{error}");
        }
    }
}
