//! A node without a free subscription: blocks are polled, and its answers are as good as before.

use std::time::Duration;

use plimsoll_keeper::chain::ChainReader;
use plimsoll_keeper::chain::endpoints::Health;
use plimsoll_keeper::config::ChainConfig;
use tokio::time::{Instant, sleep, timeout};

use super::{connect, try_connect};
use crate::support::client::{config, health, until};
use crate::support::fake_node::{Fake, Subscription, Websocket};

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

#[tokio::test]
async fn a_pause_that_one_asks_for_before_a_subscription_is_kept_to_by_that_one_alone() {
    let (state, paused, other) = (Fake::start(100).await, Fake::start(100).await, Fake::start(100).await);
    let config = ChainConfig { rpc: vec![paused.rpc.clone(), other.rpc.clone()], ..config(&[&state]) };
    let node = try_connect(config).await.unwrap();
    // What it is asked goes on over the connection that is there.
    paused.with(|state| (state.websocket, state.retry_after) = (Websocket::Refused(429), Some(("retry-after", "4"))));
    other.with(|state| state.subscription = Subscription::Breaks);
    let upgrades = |fake: &Fake| fake.with(|state| state.upgrades);
    assert_eq!((upgrades(&paused), upgrades(&other)), (1, 1));
    let _heads = node.subscribe().await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert!(upgrades(&other) > 1, "the other is subscribed to at once");
    sleep(Duration::from_millis(2_500)).await;
    assert_eq!(upgrades(&paused), 2, "its pause isn't over");
    paused.with(|state| state.websocket = Websocket::Taken);
    until("the subscription after the pause", || upgrades(&paused) > 2).await;
    assert_eq!(health(&node, &paused.rpc), Health::Good);
}
