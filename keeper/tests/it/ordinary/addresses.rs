//! Addresses as providers give them: with a path and an access key.

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::connect;
use crate::support::fake_node::Fake;

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
async fn the_user_and_password_of_an_rpc_address_are_sent_as_basic_authorization() {
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
