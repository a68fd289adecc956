//! A node without a free subscription: blocks are polled, and its answers are as good as before.

use std::time::Duration;

use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::chain::endpoints::Health;
use tokio::time::{Instant, sleep, timeout};

use super::connect;
use crate::support::client::health;
use crate::support::fake_node::{Fake, Subscription};

#[tokio::test]
async fn blocks_are_polled_where_the_only_node_refuses_or_breaks_subscriptions() {
    for subscription in [Subscription::Refused("max_subscription_clients 100 reached"), Subscription::Breaks] {
        let fake = Fake::start(100).await;
        fake.with(|state| state.subscription = subscription);
        let node = connect(&[&fake]).await;
        let mut heads = node.subscribe().await.unwrap();
        let end = Instant::now() + Duration::from_secs(6);
        let mut height = 100;
        while Instant::now() < end {
            height += 1;
            fake.with(|state| state.height = height);
            let seen =
                timeout(Duration::from_millis(1_500), heads.wait_for(|head| head.height == height)).await.is_ok();
            assert!(seen, "block {height} was not seen in 1.5 s");
            node.events(height).await.unwrap();
            // What becomes of a subscription says nothing about an endpoint's answers.
            assert_eq!(health(&node, &fake.rpc), Health::Good);
            sleep(Duration::from_millis(50)).await;
        }
        let tries = node.requests().counted("RPC", &fake.rpc, "broken");
        assert!((1..=6).contains(&tries), "{tries} tries in 6 s");
    }
}

#[tokio::test]
async fn a_subscription_that_works_again_announces_blocks() {
    let fake = Fake::start(100).await;
    fake.with(|state| state.subscription = Subscription::Breaks);
    let node = connect(&[&fake]).await;
    let mut heads = node.subscribe().await.unwrap();
    sleep(Duration::from_millis(300)).await;
    fake.with(|state| state.subscription = Subscription::Works);
    sleep(Duration::from_secs(3)).await;
    fake.with(|state| state.height = 101);
    let seen = timeout(Duration::from_millis(300), heads.wait_for(|head| head.height == 101)).await.is_ok();
    assert!(seen);
}
