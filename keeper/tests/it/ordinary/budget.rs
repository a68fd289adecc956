//! How many requests a second an endpoint is asked.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use plimsoll_keeper::chain::cosmos::Node;
use plimsoll_keeper::chain::{ChainReader, Signed, TxSender};
use plimsoll_keeper::config::{ChainConfig, REQUESTS_PER_SECOND_MIN, Strategy};
use plimsoll_keeper::keeper::Keeper;
use plimsoll_keeper::tx::journal::Journal;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::connect;
use crate::support::books::empty;
use crate::support::fake_node::{Fake, Mood};
use crate::support::files::fresh;

/// A node over these endpoints, each of which is asked so often a second at most.
async fn limited(nodes: &[&Fake], most: u32) -> Node {
    let free = connect(nodes).await;
    let config = ChainConfig { max_requests_per_second: Some(most), ..free.config().clone() };
    Node::connect(config, None).await.unwrap()
}

/// Asks so many questions at once, for so long.
async fn flood(node: &Node, questions: usize, time: Duration) {
    let questions = (0..questions).map(|_| node.smart("pair", b"{}".to_vec(), None));
    let _ = timeout(time, join_all(questions)).await;
}

fn asked(fake: &Fake) -> usize {
    fake.with(|state| state.asked.len())
}

/// How many requests over gRPC it has had, whatever it answered.
fn grpc(fake: &Fake) -> usize {
    fake.with(|state| state.requests.iter().filter(|(path, _)| path.starts_with("/cosm")).count())
}

/// What a bucket of so many a second gives in this time: what was saved up, and what comes meanwhile.
fn most(per_second: u64, time: Duration) -> usize {
    let come = u128::from(per_second) * time.as_millis() / 1_000;
    usize::try_from(come + u128::from(per_second)).unwrap()
}

#[tokio::test]
async fn an_endpoint_is_asked_no_more_often_than_its_budget_says() {
    let fake = Fake::start(100).await;
    let node = limited(&[&fake], 20).await;
    let began = Instant::now();
    flood(&node, 200, Duration::from_secs(2)).await;
    let count = asked(&fake);
    let most = most(20, began.elapsed());
    assert!((15..=most).contains(&count), "{count} questions of {most}");
    let free = connect(&[&fake]).await;
    flood(&free, 200, Duration::from_secs(60)).await;
    assert!(asked(&fake) >= count + 200, "without a budget none waits");
}

#[tokio::test]
async fn a_transaction_does_not_wait_behind_pages_for_the_budget() {
    let fake = Fake::start(100).await;
    fake.with(|state| state.sequence = Some(4));
    let node = limited(&[&fake], 4).await;
    let began = Instant::now();
    // A hundred pages take 25 seconds.
    let pages = flood(&node, 100, Duration::from_secs(3));
    let sending = async {
        sleep(Duration::from_millis(500)).await;
        for _ in 0..3 {
            let signed = Signed { bytes: vec![1], hash: String::new(), timeout_height: 120, sequence: 4 };
            node.broadcast(&signed).await.unwrap();
            node.tx_status(&"0".repeat(64)).await.unwrap();
        }
        began.elapsed()
    };
    let ((), sent) = tokio::join!(pages, sending);
    assert!(sent < Duration::from_secs(10), "after {sent:?}");
    // What went ahead is saved afterwards.
    let most = most(4, began.elapsed());
    assert!(asked(&fake) <= most, "{} pages of {most}", asked(&fake));
}

#[tokio::test]
async fn another_endpoint_is_asked_while_ones_budget_is_spent() {
    let (first, second) = (Fake::start(100).await, Fake::start(100).await);
    let node = limited(&[&first, &second], 10).await;
    flood(&node, 14, Duration::from_secs(60)).await;
    assert!(asked(&first) >= 6 && asked(&second) >= 6, "{} and {}", asked(&first), asked(&second));
}

/// A node over both, of which the second has no room for what can wait: it alone was asked about an old block.
async fn second_without_room(first: &Fake, second: &Fake) -> Node {
    first.with(|state| state.lowest = 100);
    let node = limited(&[first, second], 4).await;
    for height in [50; 6] {
        node.smart("pair", b"{}".to_vec(), Some(height)).await.unwrap();
    }
    node
}

#[tokio::test]
async fn one_without_room_is_not_asked_beside_one_that_is_slow() {
    let (first, second) = (Fake::start(100).await, Fake::start(100).await);
    let node = second_without_room(&first, &second).await;
    first.with(|state| state.mood = Mood::Hanging);
    let (before, began) = (asked(&second), Instant::now());
    let (answer, ()) = tokio::join!(node.smart("pair", b"{}".to_vec(), None), async {
        sleep(Duration::from_millis(1_500)).await;
        assert_eq!(asked(&second), before, "it was asked beyond its budget, and the first may still answer");
    });
    answer.unwrap();
    assert!(began.elapsed() < Duration::from_secs(6), "after {:?}", began.elapsed());
}

#[tokio::test]
async fn one_without_room_is_asked_once_where_the_others_can_not_say() {
    let (first, second) = (Fake::start(100).await, Fake::start(100).await);
    let node = second_without_room(&first, &second).await;
    let began = Instant::now();
    node.smart("pair", b"{}".to_vec(), Some(60)).await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(200), "after {:?}", began.elapsed());
    // A block that nobody has yet is asked for again and again: no more than once beyond the budget.
    second.with(|state| state.lowest = 0);
    let before = grpc(&second);
    let _ = node.smart("pair", b"{}".to_vec(), Some(101)).await;
    let most = most(4, began.elapsed()) - 4 + 2;
    assert!(grpc(&second) - before <= most, "{} of {most}", grpc(&second) - before);
}

#[tokio::test]
async fn an_idle_keeper_leaves_a_third_of_the_least_budget_that_doctor_wants() {
    const SECONDS: usize = 8;
    let fake = Fake::start(100).await;
    fake.with(|state| state.sequence = Some(4));
    let node = Arc::new(connect(&[&fake]).await);
    let journal = Journal::open(&fresh("idle")).unwrap();
    let book = empty(node.head().await.unwrap());
    let mut keeper = Keeper::new(node.clone(), book, Strategy::default(), Some(journal)).unwrap();
    let (stop, stopped) = watch::channel(false);
    let all = |fake: &Fake| fake.with(|state| [state.requests.len(), state.calls]);
    let before = all(&fake);
    let mut blocks = 0;
    let chain = async {
        for _ in 0..SECONDS {
            fake.with(|state| state.height += 1);
            sleep(Duration::from_secs(1)).await;
        }
        let asked = all(&fake);
        stop.send(true).unwrap();
        [asked[0] - before[0], asked[1] - before[1]]
    };
    let (ended, asked) = tokio::join!(keeper.run(stopped, |_| blocks += 1), chain);
    ended.unwrap();
    assert!(blocks >= SECONDS - 1, "{blocks} blocks");
    let most = SECONDS * usize::try_from(REQUESTS_PER_SECOND_MIN).unwrap() * 2 / 3;
    assert!(asked.iter().all(|asked| (SECONDS..=most).contains(asked)), "{asked:?} in {SECONDS} s, of {most}");
}
