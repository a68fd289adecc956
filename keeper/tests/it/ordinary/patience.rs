//! Endpoints that say how long they aren't to be asked.

use std::time::Duration;

use plimsoll_keeper::chain::endpoints::Health;
use plimsoll_keeper::chain::{ChainReader, Signed, TxSender};
use tokio::time::{Instant, sleep, timeout};

use super::connect;
use crate::support::client::health;
use crate::support::fake_node::{Fake, Websocket};

/// What a provider says that is asked too often: an HTTP status, or gRPC's own.
const WAYS: [(Option<u16>, (&str, &str)); 3] =
    [(Some(429), ("retry-after", "2")), (Some(503), ("retry-after", "2")), (None, ("retry-after-ms", "2000"))];

#[tokio::test]
async fn one_that_asks_for_a_pause_is_left_alone_while_there_is_another() {
    for (page, retry_after) in WAYS {
        let (asks, other) = (Fake::start(100).await, Fake::start(100).await);
        let node = connect(&[&asks, &other]).await;
        asks.with(|state| (state.page, state.retry_after) = (page, Some(retry_after)));
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(1_700) {
            node.smart("pair", b"{}".to_vec(), None).await.unwrap();
            sleep(Duration::from_millis(50)).await;
        }
        let asked = asks.with(|state| state.throttled.len());
        assert!(asked <= 2, "{page:?}: it was asked {asked} times, a question and a probe at most being under way");
        asks.with(|state| (state.page, state.retry_after) = (None, None));
        sleep(Duration::from_secs(2)).await;
        assert_eq!(health(&node, &asks.grpc), Health::Good, "{page:?}");
    }
}

#[tokio::test]
async fn a_question_waits_for_the_only_endpoint_as_long_as_that_says() {
    for (page, retry_after) in WAYS {
        let fake = Fake::start(100).await;
        let node = connect(&[&fake]).await;
        fake.with(|state| (state.page, state.retry_after) = (page, Some(retry_after)));
        let began = Instant::now();
        let (answer, ()) = tokio::join!(node.smart("pair", b"{}".to_vec(), None), async {
            sleep(Duration::from_secs(1)).await;
            fake.with(|state| (state.page, state.retry_after) = (None, None));
        });
        answer.unwrap();
        assert!(began.elapsed() > Duration::from_millis(1_900), "{page:?}: after {:?}", began.elapsed());
        assert!(began.elapsed() < Duration::from_secs(4), "{page:?}: after {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_question_by_post_waits_as_long_as_the_endpoint_says() {
    let fake = Fake::start(100).await;
    fake.with(|state| state.websocket = Websocket::Refused(404));
    let node = connect(&[&fake]).await;
    fake.with(|state| (state.post, state.retry_after) = (Some((429, "slow down")), Some(("retry-after", "2"))));
    let began = Instant::now();
    let (answer, ()) = tokio::join!(node.events(100), async {
        sleep(Duration::from_secs(1)).await;
        fake.with(|state| (state.post, state.retry_after) = (None, None));
    });
    answer.unwrap();
    let elapsed = began.elapsed();
    assert!(elapsed > Duration::from_millis(1_900) && elapsed < Duration::from_secs(4), "after {elapsed:?}");
}

#[tokio::test]
async fn a_start_waits_for_the_only_endpoint_as_long_as_that_says() {
    for (page, retry_after) in WAYS {
        let fake = Fake::start(100).await;
        fake.with(|state| (state.page, state.retry_after) = (page, Some(retry_after)));
        let began = Instant::now();
        let nodes = [&fake];
        let (node, ()) = tokio::join!(connect(&nodes), async {
            sleep(Duration::from_secs(1)).await;
            fake.with(|state| (state.page, state.retry_after) = (None, None));
        });
        assert!(began.elapsed() > Duration::from_millis(1_900), "{page:?}: after {:?}", began.elapsed());
        assert_eq!(health(&node, &fake.grpc), Health::Good, "{page:?}");
    }
}

#[tokio::test]
async fn what_a_transaction_is_decided_by_does_not_wait_either() {
    let fake = Fake::start(100).await;
    let node = connect(&[&fake]).await;
    fake.with(|state| (state.retry_after, state.accounts) = (Some(("retry-after", "30")), Some(Vec::new())));
    assert!(node.sequence().await.is_err());
    fake.with(|state| state.retry_after = None);
    let began = Instant::now();
    let asking = async {
        assert_eq!(node.head_at_once().await.unwrap().height, 100);
        assert_eq!(node.balances_at_once("a", &["uatom".to_owned()]).await.unwrap()["uatom"], 5);
        assert_eq!(node.sequence().await.unwrap(), Some(0), "of an account that isn't there");
    };
    timeout(Duration::from_millis(800), asking).await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(500), "after {:?}", began.elapsed());
}

#[tokio::test]
async fn a_transaction_does_not_wait_for_an_endpoint_that_asks_for_a_pause() {
    let fake = Fake::start(100).await;
    let node = connect(&[&fake]).await;
    fake.with(|state| state.retry_after = Some(("retry-after", "30")));
    let sequence = node.sequence().await;
    assert!(sequence.is_err(), "{sequence:?}");
    fake.with(|state| (state.retry_after, state.sequence) = (None, Some(4)));
    let began = Instant::now();
    assert_eq!(node.sequence().await.unwrap(), Some(4));
    let signed = Signed { bytes: vec![1], hash: String::new(), timeout_height: 120, sequence: 4 };
    node.broadcast(&signed).await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(500), "after {:?}", began.elapsed());
}
