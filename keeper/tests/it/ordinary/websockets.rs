//! RPC endpoints without a websocket: their questions go by HTTP POST.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::chain::cosmos::rpc::Rpc;
use plimsoll_keeper::chain::cosmos::tls::Trust;
use plimsoll_keeper::chain::endpoints::Health;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use super::connect;
use crate::support::client::health;
use crate::support::fake_node::{BlockResults, Fake, Websocket};

#[tokio::test]
async fn an_endpoint_that_takes_no_websocket_is_asked_by_post() {
    for websocket in [
        Websocket::Refused(426),
        Websocket::Refused(404),
        Websocket::Refused(403),
        Websocket::Refused(400),
        Websocket::Refused(200),
        Websocket::Closed,
        Websocket::Silent,
    ] {
        let fake = Fake::start(100).await;
        fake.with(|state| state.websocket = websocket);
        let node = connect(&[&fake]).await;
        assert!(node.events(100).await.unwrap().is_empty());
        assert_eq!(node.block_gas().await.unwrap(), None);
        node.assert_synced().await.unwrap();
        // What a node refuses is as over a websocket.
        fake.with(|state| state.results = BlockResults::Discarded);
        assert!(node.events(100).await.unwrap().is_empty());
        // Blocks are polled.
        let mut heads = node.subscribe().await.unwrap();
        sleep(Duration::from_millis(600)).await;
        fake.with(|state| state.height = 101);
        let seen = timeout(Duration::from_millis(1_500), heads.wait_for(|head| head.height == 101)).await.is_ok();
        assert!(seen, "block 101 was not seen in 1.5 s");
        assert_eq!(health(&node, &fake.rpc), Health::Good);
        // The first question and the subscription asked for a websocket, no further question did.
        let (upgrades, posts) = fake.with(|state| (state.upgrades, state.posts.len()));
        assert!(upgrades <= 6 && posts > 8, "{upgrades} websockets asked for, {posts} posts");
        let unreachable = node.requests().counted("RPC", &fake.rpc, "unreachable");
        assert_eq!(unreachable, 0, "a refused websocket is no failure of the endpoint");
    }
}

#[tokio::test]
async fn a_post_goes_to_the_address_without_websocket_path_but_user_and_query() {
    for (scheme, given, asked) in [
        ("http", "/KEY?token=T", "/KEY?token=T"),
        ("ws", "/KEY/websocket?token=T", "/KEY/?token=T"),
        ("ws", "/websocket", "/"),
        ("http", "", "/"),
        ("http", "?token=T", "/?token=T"),
    ] {
        let mut fake = Fake::start(100).await;
        fake.with(|state| state.websocket = Websocket::Refused(404));
        fake.rpc = fake.rpc.replace("http://", &format!("{scheme}://user:p%40ss@")) + given;
        connect(&[&fake]).await;
        let post = fake.with(|state| state.posts[0].clone());
        // Of `user:p@ss`.
        assert_eq!(post, (asked.to_owned(), Some("Basic dXNlcjpwQHNz".to_owned())), "{given}");
    }
}

#[tokio::test]
async fn an_endpoint_with_websockets_again_is_asked_over_them_once_posts_fail() {
    let fake = Fake::start(100).await;
    fake.with(|state| state.websocket = Websocket::Refused(426));
    let node = connect(&[&fake]).await;
    fake.with(|state| (state.websocket, state.post) = (Websocket::Taken, Some((405, ""))));
    // The one that is refused, and the next.
    let _ = node.events(100).await;
    assert!(node.events(100).await.unwrap().is_empty());
}

/// How many bytes an answer has before it stops.
const LARGE: usize = 64 << 20;

/// An endpoint without websockets whose answers by POST are large and never end, and how many of their bytes were taken.
async fn large_answers() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = taken.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counted = counted.clone();
            tokio::spawn(async move {
                let mut request = [0; 4_096];
                let read = stream.read(&mut request).await.unwrap();
                if !request[..read].starts_with(b"POST") {
                    let refused = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
                    return stream.write_all(refused).await.unwrap();
                }
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 2 * LARGE);
                stream.write_all(head.as_bytes()).await.unwrap();
                for _ in 0..LARGE / 65_536 {
                    stream.write_all(&[b' '; 65_536]).await.unwrap();
                    counted.fetch_add(65_536, SeqCst);
                }
                std::future::pending::<()>().await;
            });
        }
    });
    (address, taken)
}

#[tokio::test]
async fn large_answers_by_post_are_read_in_turn() {
    let (address, taken) = large_answers().await;
    let rpc = Rpc::new(&address, Trust::new(None).unwrap());
    let asking = timeout(Duration::from_secs(2), async { tokio::join!(rpc.head(), rpc.head(), rpc.head()) });
    assert!(asking.await.is_err(), "no answer ends");
    // One answer, and what the system's buffers take of the others.
    let taken = taken.load(SeqCst);
    assert!(taken < LARGE + (40 << 20), "{taken} bytes were taken of three answers");
}
