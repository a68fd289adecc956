//! A history is its text: what is printed can be played again, and the same seed always tells the same one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use plimsoll_fuzz::apply::apply;
use plimsoll_fuzz::campaign::Campaign;
use plimsoll_fuzz::generate::history;
use plimsoll_fuzz::judge::{Case, Judge};
use plimsoll_fuzz::op::Op;
use plimsoll_fuzz::stage::Stage;
use plimsoll_fuzz::view::View;
use plimsoll_fuzz::{read, replay, write};

/// A loan that is given back before a crash, the crash, and what liquidations and a batch make of it: as `fuzz` prints a history.
#[test]
fn a_printed_history_plays_again() {
    let played = replay(
        r#"
{"move":{"denom":3,"percent":77,"rounds":1}}
{"deposit":{"sender":1,"who":[1,2],"denom":0,"cents":5029675,"crumbs":201}}
{"flash":{"loans":[[3,1000],[1,103]],"middle":[{"cover":{"sender":4,"denom":3,"cents":1000,"suppliers":false}}],"order":"outer_first"}}
{"borrow":{"who":[1,2],"denom":1,"permille":1000,"to":null}}
{"move":{"denom":0,"percent":80,"rounds":2}}
{"liquidate_worst":{"sender":0,"permille":1188,"shares":false,"least":null,"to":null}}
{"batch":{"user":1,"acts":[{"withdraw":{"who":[1,1],"denom":0,"permille":1000,"to":null}}],"more":false}}
"#,
    );
    assert_eq!(played, Ok(()));
}

/// A fallback without a limit to its speed speaks for a while, and then the first source again, from where the fallback left the price: in
/// operations of their own, and within one.
#[test]
fn what_a_fallback_without_a_limit_moved_is_no_step() {
    let in_turn = r#"
{"move":{"denom":1,"percent":1,"rounds":15}}
{"set_fallback":{"by":"rightful","denom":2,"feeders":2,"guards":6,"pair":false,"minutes":135}}
{"advance":{"seconds":8000,"fresh":false}}
{"apply_fallback":{"by":"rightful","denom":2}}
{"set_source":{"by":"rightful","denom":3,"feeders":3,"quorum":2,"guards":2,"pair":true}}
{"advance":{"seconds":4000,"fresh":true}}
{"apply_source":{"by":"rightful","denom":1}}
{"advance":{"seconds":40000,"fresh":false}}
{"advance":{"seconds":30,"fresh":true}}
"#;
    let at_once = r#"
{"update_oracle":{"by":"rightful"}}
{"advance":{"seconds":101322,"fresh":true}}
{"update_oracle":{"by":"rightful"}}
{"move":{"denom":1,"percent":1000,"rounds":5}}
{"set_source":{"by":"rightful","denom":0,"feeders":3,"quorum":2,"guards":5,"pair":true}}
{"set_fallback":{"by":"rightful","denom":2,"feeders":3,"guards":6,"pair":false,"minutes":85}}
{"advance":{"seconds":21600,"fresh":false}}
{"advance":{"seconds":285,"fresh":true}}
"#;
    assert_eq!(replay(in_turn), Ok(()));
    assert_eq!(replay(at_once), Ok(()));
}

#[test]
fn a_history_reads_back_as_it_was_written() {
    let ops = history(7, 3, 600);
    assert_eq!(read(&write(&ops)), ops);
    assert_eq!(history(7, 3, 600), ops);
    assert_ne!(history(8, 3, 600), ops);
    assert_ne!(history(7, 4, 600), ops);
}

/// A coin that nobody gave, in the pool: the judge says so.
#[test]
fn a_coin_from_nowhere_is_seen() {
    let mut stage = Stage::new();
    let start = View::of(&stage);
    let mut judge = Judge::new(&start);
    let pool = stage.world.pool().clone();
    stage.world.mint(&pool, "uusd", 1);
    let outcome = apply(&mut stage, &Op::Refresh { but: None });
    let after = View::of(&stage);
    let case = Case { op: &Op::Refresh { but: None }, before: &start, after: &after, outcome: &outcome, stage: &stage };
    let judged = catch_unwind(AssertUnwindSafe(|| judge.judge(&case)));
    let said = judged.expect_err("a coin from nowhere was not seen");
    assert!(said.downcast_ref::<String>().is_some_and(|said| said.contains("bank of uusd")), "{said:?}");
}

/// Two threads and one come to the same.
#[test]
fn a_campaign_is_its_seed() {
    let campaign = Campaign { ops: 900, seed: 3, threads: 1, shrinks: false };
    let one = campaign.run(|_| {});
    let two = Campaign { threads: 2, ..campaign }.run(|_| {});
    assert_eq!(one.tally, two.tally);
    assert!(one.failures.is_empty(), "{:?}", one.failures);
    assert_eq!(one.tally.all().tried, 900);
}
