//! What a node refuses, by class: what passes is tried again in seconds, what is too large made smaller, and what lasts
//! ends the keeper.

use plimsoll_keeper::error::{Class, Error};
use plimsoll_keeper::tx::FailureReason;
use plimsoll_testing::{FEEDERS, UATOM, UUSD, World};

use crate::support::stage::{Setup, Stage, sent};

#[tokio::test]
async fn a_full_mempool_of_a_hundred_blocks_is_outlived_within_ten_seconds() {
    let mut stage = Stage::new(Setup { accounts: 3, ..Setup::default() }).await;
    stage.script("broadcast always refuse 20");
    for _ in 0..100 {
        assert_eq!(stage.next().await.unwrap().sent.hash, None);
    }
    stage.script("");
    // Blocks are five seconds apart.
    let first = stage.next().await.unwrap();
    let second = stage.next().await.unwrap();
    assert_eq!(sent(&first).len() + sent(&second).len(), 3, "not within ten seconds");
    stage.finish().await;
    assert_eq!(stage.sent_once().await, 1);
}

#[tokio::test]
async fn lasting_refusals_that_come_hours_apart_do_not_end_it() {
    let mut stage = Stage::new(Setup::default()).await;
    stage.script("broadcast #1..8 refuse 4");
    for _ in 0..8 {
        assert_eq!(stage.tick().await.unwrap().sent.hash, None);
        for _ in 0..62 {
            let vote = |world: &mut World| {
                Ok(FEEDERS.map(|feeder| world.feed(feeder, &[(UATOM, "9"), (UUSD, "1")]).unwrap()).into())
            };
            stage.world().block(60, vote).await.unwrap().unwrap();
        }
    }
    assert_eq!(stage.chain.injected().values().sum::<u64>(), 8);
    assert!(stage.tick().await.unwrap().sent.hash.is_some());
}

#[tokio::test]
async fn an_unauthorized_key_ends_it_with_advice_about_the_chain() {
    let mut stage = Stage::new(Setup::default()).await;
    stage.script("broadcast always refuse 4");
    let error = loop {
        match stage.next().await {
            Ok(tick) => assert_eq!(tick.sent.hash, None),
            Err(error) => break error,
        }
    };
    let text = error.to_string();
    assert!(matches!(error, Error::RefusedAgain { times: 6, .. }) && error.class() == Class::Halt, "{text}");
    assert!(text.contains("chain.coin_type") && !text.contains("gas_price"), "{text}");
}

#[tokio::test]
async fn what_is_too_large_is_followed_by_half_of_it_at_the_next_block() {
    for code in [21, 41] {
        let mut stage = Stage::new(Setup { accounts: 8, ..Setup::default() }).await;
        stage.script(&format!("broadcast #1..2 refuse {code}"));
        assert_eq!(stage.tick().await.unwrap().sent.hash, None);
        assert_eq!(stage.next().await.unwrap().sent.hash, None);
        assert_eq!(sent(&stage.next().await.unwrap()).len(), 2, "code {code}");
        stage.finish().await;
    }
}

#[tokio::test]
async fn what_is_too_large_alone_is_left_alone_and_another_account_comes() {
    let mut stage = Stage::new(Setup { accounts: 2, ..Setup::default() }).await;
    stage.script("broadcast #1..2 refuse 41");
    assert_eq!(stage.tick().await.unwrap().sent.hash, None);
    assert_eq!(stage.next().await.unwrap().sent.hash, None);
    let third = sent(&stage.next().await.unwrap());
    assert_eq!(third.len(), 1);
    stage.finish().await;
    assert_eq!(stage.sent_once().await, 2);
}

#[tokio::test]
async fn what_no_block_took_is_followed_by_a_smaller_one() {
    let mut stage = Stage::new(Setup { accounts: 8, ..Setup::default() }).await;
    stage.script("broadcast #1 swallow");
    assert_eq!(sent(&stage.tick().await.unwrap()).len(), 8);
    loop {
        let tick = stage.next().await.unwrap();
        if let [lost] = tick.failed.as_slice() {
            assert_eq!((lost.why, sent(&tick).len()), (FailureReason::Expired, 4));
            break;
        }
    }
    stage.finish().await;
}
