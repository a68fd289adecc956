//! Cases 8 to 10: a transaction that doesn't arrive, or of which nobody knows.

use plimsoll_keeper::chain::{ChainReader, TxSender};
use plimsoll_keeper::tx::FailureReason;

use crate::support::stage::{Setup, Stage, fall, journal_of, sent};

#[tokio::test]
async fn case_08_a_sequence_mismatch_is_resynced_once() {
    let mut stage = Stage::new(Setup::default()).await;
    stage.script("broadcast #1 sequence");
    assert!(stage.tick().await.unwrap().sent.hash.is_some());
    assert_eq!(stage.next().await.unwrap().settled.len(), 1);
    assert_eq!(stage.sent_once().await, 1);
}

#[tokio::test]
async fn case_08_a_second_mismatch_is_a_refusal_and_nothing_is_in_flight() {
    let mut stage = Stage::new(Setup::default()).await;
    stage.script("broadcast #1..2 sequence");
    assert!(stage.tick().await.unwrap().sent.hash.is_none());
    assert!(!stage.keeper.in_flight());
    assert_eq!(stage.chain.injected().values().sum::<u64>(), 2);
    // It waits two blocks, as after any refusal.
    assert!(stage.next().await.unwrap().sent.hash.is_none());
    assert!(stage.next().await.unwrap().sent.hash.is_some());
    stage.finish().await;
    assert_eq!(stage.sent_once().await, 1);
}

#[tokio::test]
async fn case_09_a_lost_answer_is_resolved_by_hash() {
    let mut stage = Stage::new(Setup { accounts: 3, ..Setup::default() }).await;
    stage.script("broadcast #1 lose");
    let tick = stage.tick().await.unwrap();
    assert!(tick.sent.hash.is_some() && stage.keeper.in_flight());
    let next = stage.next().await.unwrap();
    assert_eq!((next.settled.len(), next.sent.hash), (3, None));
    assert_eq!(stage.sent_once().await, 1);
}

#[tokio::test]
async fn case_09_what_never_arrived_is_broadcast_again_as_it_is() {
    let mut stage = Stage::new(Setup { accounts: 3, ..Setup::default() }).await;
    stage.script("broadcast #1..2 fail");
    let hash = stage.tick().await.unwrap().sent.hash.unwrap();
    for _ in 0..2 {
        let next = stage.next().await.unwrap();
        assert!(next.settled.is_empty() && stage.keeper.in_flight());
    }
    assert_eq!(stage.next().await.unwrap().settled.len(), 3);
    assert_eq!(journal_of(&stage.directory.journal()), [(hash, "settled".to_owned())].into());
    assert_eq!(stage.sent_once().await, 1);
}

#[tokio::test]
async fn case_10_what_is_never_included_is_signed_anew_past_its_timeout() {
    let mut stage = Stage::new(Setup::default()).await;
    // Once the node only says that it has taken it; once nobody answers, and it has not, however often the same is sent again.
    for lost in ["broadcast #1 swallow", "broadcast #1..5 fail"] {
        stage.script(lost);
        let hash = stage.tick().await.unwrap().sent.hash.unwrap();
        let timeout = stage.world().head().await.unwrap().height + stage.setup.strategy.timeout_blocks;
        loop {
            let head = stage.block(|_| Vec::new()).await;
            let tick = stage.keeper.on_block(&head).await.unwrap();
            let fate = journal_of(&stage.directory.journal()).remove(&hash).unwrap();
            if head.height <= timeout + 2 {
                assert_eq!((tick.sent.hash, fate.as_str()), (None, "open"), "at {}", head.height);
                continue;
            }
            assert_eq!(fate, "expired");
            assert_ne!(tick.sent.hash.unwrap(), hash);
            break;
        }
        stage.finish().await;
        let (debt, price) = ("8", stage.world());
        price.block(5, move |world| Ok(crate::support::stage::fall(world, debt))).await.unwrap().unwrap();
    }
    assert_eq!(stage.sent_once().await, 2);
}

#[tokio::test]
async fn case_10_a_node_that_forgets_what_waits_is_waited_out() {
    let mut stage = Stage::new(Setup::default()).await;
    assert_eq!(sent(&stage.tick().await.unwrap()), [0]);
    stage.world().forget_waiting().await.unwrap();
    let ticks = stage.finish().await;
    let quiet = ticks.iter().take_while(|tick| tick.sent.hash.is_none()).count();
    assert_eq!(quiet as u64, stage.setup.strategy.timeout_blocks + 2);
    assert_eq!((stage.sent_once().await, stage.world().sequence().await.unwrap()), (1, Some(1)));
}

/// A node whose index has lost a transaction says for ever that no block has it, while the sequence says that one does.
#[tokio::test]
async fn case_10_what_the_index_lost_is_given_up_and_taken_for_nobody_elses() {
    let mut stage = Stage::new(Setup { accounts: 2, ..Setup::default() }).await;
    assert_eq!(sent(&stage.tick().await.unwrap()).len(), 2);
    stage.script("outcome always swallow");
    let mut lost = Vec::new();
    for _ in 0..40 {
        lost.extend(stage.next().await.unwrap().failed.into_iter().map(|lost| lost.why));
    }
    assert_eq!(lost, [FailureReason::Expired]);
    stage.script("");
    // It goes on: what falls below 1 then is liquidated.
    stage.block(|world| fall(world, "7.9")).await;
    assert!(!sent(&stage.tick().await.unwrap()).is_empty());
    assert!(!stage.next().await.unwrap().settled.is_empty());
}
