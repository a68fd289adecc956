//! Cases 14 to 17: the keeper is killed, or what it knows is wrong.

use plimsoll_keeper::chain::Chain;

use crate::stage::{Setup, Stage, journal_of, without_inventory};

/// Two ticks, in which the keeper sends and settles, and dies at a call. Whether it came that far.
async fn until_crash(stage: &mut Stage) -> bool {
    for _ in 0..2 {
        let head = stage.world().head().await.unwrap();
        let died = tokio::select! {
            biased;
            () = stage.chain.crashed() => true,
            tick = stage.keeper.on_block(&head) => {
                tick.unwrap();
                false
            }
        };
        if died {
            return true;
        }
        stage.block(|_| Vec::new()).await;
    }
    false
}

/// At every call, before it and after it.
#[tokio::test]
async fn case_14_killed_anywhere_the_journal_is_resumed_and_nothing_is_sent_twice() {
    for setup in [Setup { accounts: 3, ..Setup::default() }, without_inventory(3)] {
        for fault in ["crash", "crash-after"] {
            let (mut call, mut open) = (0, 0);
            loop {
                call += 1;
                let mut stage = Stage::new(setup.clone()).await;
                stage.script(&format!("any #{call} {fault}"));
                if !until_crash(&mut stage).await {
                    break;
                }
                let journal = journal_of(&stage.directory.0.join("journal.jsonl"));
                open += journal.values().filter(|fate| *fate == "open").count();
                stage = stage.restart().await;
                stage.finish().await;
                assert_eq!(stage.sent_once().await, 1, "{fault} at call {call}");
                let sequence = stage.world().sequence().await.unwrap();
                assert_eq!(sequence, Some(1));
                assert_eq!(stage.keeper.book(), &stage.fresh_book().await);
            }
            // It has died with a transaction on its way as well: at the broadcast, and at the calls after.
            assert!(call > 8 && open >= 2, "{call} {open}");
        }
    }
}
