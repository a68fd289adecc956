//! A history is its text: what is printed can be played again, and the same seed always tells the same one.

use plimsoll_fuzz::campaign::Campaign;
use plimsoll_fuzz::generate::history;
use plimsoll_fuzz::op::Op;
use plimsoll_fuzz::stage::Stage;
use plimsoll_fuzz::tally::Tally;
use plimsoll_fuzz::{read, replay, run, write};

/// A loan that is given back before a crash, the crash, and what liquidations and a batch make of it: as `fuzz` prints a history.
#[test]
fn a_printed_history_plays_again() {
    let played = replay(
        r#"
{"move":{"denom":3,"percent":77,"rounds":1}}
{"deposit":{"sender":1,"who":[1,2],"denom":0,"cents":5029675,"crumbs":201}}
{"flash":{"loans":[[3,1000],[1,103]],"middle":[{"cover":{"sender":4,"denom":3,"cents":1000}}],"order":"outer_first"}}
{"borrow":{"who":[1,2],"denom":1,"permille":1000,"to":null}}
{"move":{"denom":0,"percent":80,"rounds":2}}
{"liquidate_worst":{"sender":0,"permille":1188,"shares":false,"least":null,"to":null}}
{"batch":{"user":1,"acts":[{"withdraw":{"who":[1,1],"denom":0,"permille":1000,"to":null}}],"more":false}}
"#,
    );
    assert_eq!(played, Ok(()));
}

#[test]
fn a_history_reads_back_as_it_was_written() {
    let ops = history(7, 3, 600);
    assert_eq!(read(&write(&ops)), ops);
    assert_eq!(history(7, 3, 600), ops);
    assert_ne!(history(8, 3, 600), ops);
    assert_ne!(history(7, 4, 600), ops);
}

/// Where a law is broken, the step is told, and what follows it isn't played: coins that appear in the pool unannounced.
#[test]
fn a_broken_law_is_told_with_its_step() {
    let mut ops = history(1, 0, 12);
    // Sent as a gift of a tenth of what is really sent: the judge finds nine tenths that nobody gave.
    ops.insert(5, Op::Donate { sender: 0, to: plimsoll_fuzz::op::Gift::Pool, denom: 0, cents: 1_000 });
    let mut stage = Stage::new();
    assert_eq!(run::play(&mut stage, &ops, &mut Tally::default()), Ok(()));
    let pool = stage.world.pool().clone();
    let start = plimsoll_fuzz::view::View::of(&stage);
    let mut judge = plimsoll_fuzz::judge::Judge::new(&start);
    stage.world.mint(&pool, "uusd", 1);
    let outcome = plimsoll_fuzz::apply::apply(&mut stage, &Op::Refresh);
    let (op, before, after) = (&Op::Refresh, &start, &plimsoll_fuzz::view::View::of(&stage));
    let case = plimsoll_fuzz::judge::Case { op, before, after, outcome: &outcome, stage: &stage };
    let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| judge.judge(&case)));
    assert!(judged.is_err(), "a coin from nowhere was not seen");
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
