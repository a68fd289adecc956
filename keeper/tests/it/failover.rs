//! Several endpoints, on loopback: who is asked while others are dead, hang, are behind, of another chain, or talk nonsense.

use std::time::Duration;

use plimsoll_keeper::chain::cosmos::Node;
use plimsoll_keeper::chain::endpoints::Health;
use plimsoll_keeper::chain::{Balances, ChainReader, Signed, TxSender, TxStatus, query};
use plimsoll_keeper::config::ChainConfig;
use plimsoll_keeper::error::{Class, Error};

use crate::support::client::{ask, asked, config, connect, health, signing, until};
use crate::support::fake_node::{Fake, Mood, Nonsense};

#[tokio::test]
async fn case_01_a_dead_endpoint_is_passed_over_and_all_dead_are_an_error() {
    let (a, b) = (Fake::start(100).await, Fake::start(100).await);
    a.with(|state| state.mood = Mood::Dead);
    let node = connect(&[&a, &b]).await;
    ask(&node, Some(100)).await.unwrap();
    assert_eq!((asked(&a), asked(&b)), (0, 1));

    b.with(|state| state.mood = Mood::Dead);
    until("both are down", || node.endpoints().readiness().is_blind()).await;
    let error = ask(&node, Some(100)).await.unwrap_err();
    assert_eq!(error.class(), Class::Retry);
    assert!(error.to_string().contains(&a.grpc) && error.to_string().contains(&b.grpc), "{error}");
    assert!(matches!(node.events(100).await, Err(Error::Unreachable { what: "RPC", .. })));

    a.with(|state| state.mood = Mood::Well);
    until("the first is back", || !node.endpoints().readiness().is_blind()).await;
    ask(&node, Some(100)).await.unwrap();
    assert_eq!((asked(&a), asked(&b)), (1, 1));
}

#[tokio::test]
async fn nobody_there_at_the_start_is_an_error_that_names_all() {
    let (a, b) = (Fake::start(100).await, Fake::start(100).await);
    for fake in [&a, &b] {
        fake.with(|state| state.mood = Mood::Dead);
    }
    let error = Node::connect(config(&[&a, &b]), None).await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains(&a.grpc) && error.to_string().contains(&b.grpc), "{error}");
}

#[tokio::test]
async fn case_03_one_of_another_chain_is_never_asked_and_alone_it_is_an_error() {
    let (a, b) = (Fake::start(100).await, Fake::start(100).await);
    a.with(|state| state.chain_id = "other-1".to_owned());
    let node = connect(&[&a, &b]).await;
    ask(&node, None).await.unwrap();
    ask(&node, Some(90)).await.unwrap();
    assert_eq!((asked(&a), asked(&b)), (0, 2));
    assert_eq!(node.head().await.unwrap().chain_id, "fake-1");
    assert!(matches!(health(&node, &a.grpc), Health::Foreign { found, .. } if found == "other-1"));
    let error = Node::connect(config(&[&a]), None).await.unwrap_err();
    assert!(matches!(&error, Error::WrongChain { endpoint, found, .. } if *endpoint == a.grpc && found == "other-1"));
    assert_eq!(error.class(), Class::Halt);
}

#[tokio::test]
async fn case_03_one_that_falls_behind_is_left_out_and_comes_back() {
    let (a, b) = (Fake::start(100).await, Fake::start(100).await);
    let node = connect(&[&a, &b]).await;
    b.with(|state| state.height = 110);
    until("the first is late", || matches!(health(&node, &a.grpc), Health::Lagging { height: 100, tip: 110, .. }))
        .await;
    assert_eq!(node.head().await.unwrap().height, 110);
    ask(&node, Some(100)).await.unwrap();
    assert_eq!((asked(&a), asked(&b)), (0, 1));
    a.with(|state| state.height = 110);
    until("the first has caught up", || health(&node, &a.grpc) == Health::Good).await;
}

#[tokio::test]
async fn a_question_about_a_block_is_answered_by_one_that_has_it() {
    let (a, b) = (Fake::start(100).await, Fake::start(102).await);
    let node = connect(&[&a, &b]).await;
    for height in 100..=102 {
        ask(&node, Some(height)).await.unwrap();
    }
    assert_eq!(a.with(|state| state.asked.clone()), ["100"]);
    assert_eq!(b.with(|state| state.asked.clone()), ["101", "102"]);
    // Nobody has it yet; the second will.
    let later = b.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        later.with(|state| state.height = 103);
    });
    ask(&node, Some(103)).await.unwrap();
    assert_eq!(b.with(|state| state.asked.clone()), ["101", "102", "103"]);
    // Nobody gets it in time: that is no answer, or a book would be read anew for it.
    let error = ask(&node, Some(104)).await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable { reason, .. } if reason.contains("in the future")), "{error}");
}

#[tokio::test]
async fn a_block_that_one_forgot_is_asked_of_another_unless_all_forgot_it() {
    let (a, b) = (Fake::start(100).await, Fake::start(100).await);
    a.with(|state| state.lowest = 95);
    let node = connect(&[&a, &b]).await;
    for _ in 0..3 {
        ask(&node, Some(90)).await.unwrap();
    }
    assert_eq!((asked(&a), asked(&b)), (0, 3));
    b.with(|state| state.lowest = 95);
    for _ in 0..3 {
        let error = ask(&node, Some(90)).await.unwrap_err();
        assert!(matches!(&error, Error::Query { reason, .. } if reason.contains("does not exist")), "{error}");
    }
    ask(&node, Some(95)).await.unwrap();
    assert!(!node.endpoints().readiness().is_blind());
}

#[tokio::test]
async fn what_happened_in_a_block_is_waited_for_and_asked_of_who_keeps_it() {
    let (a, b) = (Fake::start(100).await, Fake::start(100).await);
    a.with(|state| state.lowest = 95);
    let node = connect(&[&a, &b]).await;
    node.events(90).await.unwrap();
    b.with(|state| state.lowest = 95);
    // Gone for good: the book has to be read anew.
    assert!(matches!(node.events(90).await, Err(Error::Query { .. })));
    // Not there yet: it hasn't.
    assert!(matches!(node.events(101).await, Err(Error::Unreachable { what: "RPC", .. })));
    let later = b.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        later.with(|state| state.height = 101);
    });
    node.events(101).await.unwrap();
    assert!(!node.endpoints().readiness().is_blind());
}

#[tokio::test]
async fn garbage_and_silence_are_counted_and_the_next_is_asked() {
    let (a, b, c) = (Fake::start(100).await, Fake::start(100).await, Fake::start(100).await);
    let node = connect(&[&a, &b, &c]).await;
    a.with(|state| state.mood = Mood::Garbage);
    b.with(|state| state.mood = Mood::Hanging);
    assert_eq!(node.head().await.unwrap().height, 100);
    until("nonsense and silence are counted", || {
        node.requests().counted("gRPC", &a.grpc, "garbage") > 0
            && node.requests().counted("gRPC", &b.grpc, "timeout") > 0
    })
    .await;
}

#[tokio::test]
async fn the_same_bytes_go_to_all_that_are_well() {
    let (a, b, c) = (Fake::start(100).await, Fake::start(100).await, Fake::start(100).await);
    c.with(|state| state.mood = Mood::Dead);
    let node = connect(&[&a, &b, &c]).await;
    until("the third is left out", || matches!(health(&node, &c.grpc), Health::Down { .. })).await;
    let signed = Signed { bytes: vec![1, 2, 3], hash: "H".to_owned(), timeout_height: 120, sequence: 0 };

    node.broadcast(&signed).await.unwrap();
    until("both have it", || [&a, &b].iter().all(|fake| fake.with(|s| s.taken == [vec![1, 2, 3]]))).await;

    // One refuses it, perhaps as it has it from the other already: it is sent.
    a.with(|state| state.broadcast = 5);
    node.broadcast(&signed).await.unwrap();
    // All refuse: it isn't.
    b.with(|state| state.broadcast = 5);
    let error = node.broadcast(&signed).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { .. }), "{error}");
    // One refuses, of the other nobody knows.
    b.with(|state| state.mood = Mood::Dead);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let error = node.broadcast(&signed).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn that_no_block_has_a_transaction_says_the_endpoint_up_to_its_own_height() {
    let (a, b) = (Fake::start(100).await, Fake::start(103).await);
    b.with(|state| state.included = true);
    let node = connect(&[&a, &b]).await;
    // The preferred one is three blocks behind, which is allowed: of a block that it hasn't it says nothing, and the other's word counts.
    assert!(matches!(node.tx_status("H").await.unwrap(), TxStatus::Included(included) if included.height == 103));
    a.with(|state| state.included = false);
    b.with(|state| state.mood = Mood::Dead);
    until("the second is down", || matches!(health(&node, &b.grpc), Health::Down { .. })).await;
    assert_eq!(node.tx_status("H").await.unwrap(), TxStatus::NotFound { height: 100 });
    a.with(|state| state.height = 103);
    until("the first has told", || node.endpoints().all()[0].head.as_ref().unwrap().0.height == 103).await;
    assert_eq!(node.tx_status("H").await.unwrap(), TxStatus::NotFound { height: 103 });
    // Blocks that only its RPC has seen don't count.
    a.with(|state| state.ahead = 4);
    until("the RPC has told", || node.endpoints().all()[2].head.as_ref().unwrap().0.height == 107).await;
    assert_eq!(node.tx_status("H").await.unwrap(), TxStatus::NotFound { height: 103 });
}

#[tokio::test]
async fn one_far_ahead_is_left_out_from_the_start_or_later_and_the_others_go_on() {
    let (a, b) = (Fake::start(100).await, Fake::start(100).await);
    let node = connect(&[&a, &b]).await;
    let heads = node.subscribe().await.unwrap();
    b.with(|state| state.height = 1_000_000_000);
    until("the second is left out", || {
        [&b.grpc, &b.rpc].iter().all(|address| matches!(health(&node, address), Health::Impossible { .. }))
    })
    .await;
    for (height, node) in [(101, node), (102, connect(&[&a, &b]).await)] {
        a.with(|state| state.height = height);
        until("the block is seen", || node.newest().height == height).await;
        assert_eq!(node.head().await.unwrap().height, height);
        ask(&node, Some(height)).await.unwrap();
        assert_eq!([&a.grpc, &a.rpc].map(|address| health(&node, address)), [Health::Good, Health::Good]);
    }
    assert!(heads.borrow().height <= 102);
}

#[tokio::test]
async fn what_all_endpoints_say_of_their_newest_block_is_asked_anew() {
    let (a, b, c) = (Fake::start(100).await, Fake::start(100).await, Fake::start(100).await);
    let node = connect(&[&a, &b, &c]).await;
    a.with(|state| state.height = 3);
    b.with(|state| state.chain_id = "other-1".to_owned());
    c.with(|state| state.mood = Mood::Dead);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let heads: Vec<u64> = node.heads().await.unwrap().iter().map(|head| head.height).collect();
    assert_eq!(heads, [3, 3]);
}

#[tokio::test]
async fn an_earlier_block_is_what_more_than_half_of_those_say_that_have_it() {
    let (a, b, c) = (Fake::start(100).await, Fake::start(100).await, Fake::start(100).await);
    let node = connect(&[&a, &b, &c]).await;
    for (then, expected) in [
        ([None, None, None], None),
        ([Some(7), None, None], Some(7)),
        ([Some(8), Some(7), Some(7)], Some(7)),
        ([Some(8), Some(7), None], None),
        ([Some(8), Some(7), Some(9)], None),
    ] {
        for (fake, then) in [&a, &b, &c].into_iter().zip(then) {
            fake.with(|state| state.then = then);
        }
        let head = node.head_at(50).await.unwrap();
        assert_eq!(head.as_ref().map(|head| (head.height, head.time)), expected.map(|time| (50, time)), "{then:?}");
    }
    assert!(!node.endpoints().readiness().is_blind());
    for fake in [&a, &b, &c] {
        fake.with(|state| state.mood = Mood::Dead);
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(matches!(node.head_at(50).await, Err(Error::Unreachable { .. })));
}

#[tokio::test]
async fn a_sequence_that_one_endpoint_alone_says_is_not_believed() {
    let (a, b, c) = (Fake::start(100).await, Fake::start(100).await, Fake::start(100).await);
    for (fake, sequence) in [(&a, 9), (&b, 4), (&c, 4)] {
        fake.with(|state| state.sequence = Some(sequence));
    }
    let node = signing(&[&a, &b, &c]).await;
    assert_eq!(node.sequence().await.unwrap(), Some(9));
    assert_eq!(node.confirmed_sequence().await.unwrap(), Some(4));
    // At once, so that what is signed next has the right one.
    assert!(matches!(health(&node, &a.grpc), Health::Down { reason } if reason.contains("sequence 9")));
    assert_eq!((node.sequence().await.unwrap(), node.requests().counted("gRPC", &a.grpc, "garbage")), (Some(4), 1));
    // Of those that are left two say so; and one that is alone is believed.
    assert_eq!(node.confirmed_sequence().await.unwrap(), Some(4));
    assert_eq!(signing(&[&a]).await.confirmed_sequence().await.unwrap(), Some(9));
    // What would end the keeper is believed of one that answers alone only where there is no other.
    assert_eq!(signing(&[&a]).await.agreed_sequence().await.unwrap(), Some(9));
    let two = signing(&[&a, &b]).await;
    b.with(|state| state.mood = Mood::Dead);
    assert_eq!(two.agreed_sequence().await.unwrap(), None);
    assert_eq!(two.confirmed_sequence().await.unwrap(), Some(9));
}

#[tokio::test]
async fn garbage_in_an_answer_counts_against_who_gave_it_and_the_next_is_asked() {
    let (a, b) = (Fake::start(100).await, Fake::start(100).await);
    for fake in [&a, &b] {
        fake.with(|state| (state.sequence, state.included) = (Some(4), true));
    }
    for nonsense in [Nonsense::Empty, Nonsense::Bytes] {
        a.with(|state| state.nonsense = Nonsense::None);
        let node = signing(&[&a, &b]).await;
        a.with(|state| state.nonsense = nonsense);
        let counted = || node.requests().counted("gRPC", &a.grpc, "garbage");
        let good = || until("it has a turn again", || health(&node, &a.grpc) == Health::Good);
        ask(&node, Some(100)).await.unwrap();
        assert_eq!(counted(), 1);
        good().await;
        assert_eq!(node.sequence().await.unwrap(), Some(4));
        assert_eq!(counted(), 2);
        good().await;
        assert!(matches!(node.tx_status("H").await.unwrap(), TxStatus::Included(included) if included.height == 100));
        // Asked for it, and once more to confirm what the other says.
        assert_eq!(counted(), 4);
        good().await;
        assert_eq!(node.code_id("c").await.unwrap(), Some(7));
        assert_eq!(counted(), 5);
        good().await;
        let simulated = node.simulate_any(&[]).await.unwrap();
        let said: Vec<_> = simulated.events.iter().map(|said| (said.contract.as_str(), said.get("action"))).collect();
        assert_eq!((simulated.gas, said.as_slice()), (70_000, [("c", Some("deposit"))].as_slice()));
        assert!(counted() > 5, "{}", counted());
        assert_eq!(node.requests().counted("gRPC", &b.grpc, "garbage"), 0);
    }
}

#[tokio::test]
async fn an_answer_of_another_form_is_garbage_and_who_is_alone_is_asked_on() {
    let (a, b) = (Fake::start(100).await, Fake::start(100).await);
    let node = connect(&[&a, &b]).await;
    // It is a number.
    assert_eq!(query::<u64>(&node, "c", &(), None).await.unwrap(), 7);
    let error = query::<String>(&node, "c", &(), None).await.unwrap_err();
    assert!(matches!(&error, Error::Garbage { reason, .. } if reason.starts_with("of c: ")), "{error}");
    assert_eq!([&a, &b].map(|fake| node.requests().counted("gRPC", &fake.grpc, "garbage")), [1, 1]);
    let node = connect(&[&a]).await;
    for _ in 0..5 {
        assert!(matches!(query::<String>(&node, "c", &(), None).await, Err(Error::Garbage { .. })));
    }
    assert_eq!(health(&node, &a.grpc), Health::Good);
    assert_eq!(node.requests().counted("gRPC", &a.grpc, "garbage"), 5);
}

#[tokio::test]
async fn balances_are_read_of_what_is_asked_for_and_of_amounts_alone() {
    let (a, b) = (Fake::start(100).await, Fake::start(100).await);
    let node = connect(&[&a, &b]).await;
    let denoms = ["uusd", "uatom", ""].map(str::to_owned);
    let expected: Balances = [("uatom".to_owned(), 5), ("uusd".to_owned(), 4)].into();
    assert_eq!(node.balances("x", &denoms).await.unwrap(), expected);
    let mut asked = a.with(|state| std::mem::take(&mut state.purses));
    asked.sort();
    assert_eq!(
        (asked, b.with(|state| state.purses.len())),
        (vec![String::new(), "uatom".to_owned(), "uusd".to_owned()], 0)
    );
    assert_eq!(node.balances("x", &[]).await.unwrap(), Balances::new());
    a.with(|state| state.mood = Mood::Garbage);
    assert_eq!(node.balances("x", &denoms[..1]).await.unwrap(), [("uusd".to_owned(), 4)].into());
    assert!(node.requests().counted("gRPC", &a.grpc, "garbage") > 0);
}

#[tokio::test]
async fn a_broadcast_answered_with_nothing_is_not_taken_for_sent() {
    let a = Fake::start(100).await;
    let node = connect(&[&a]).await;
    a.with(|state| state.nonsense = Nonsense::Empty);
    let signed = Signed { bytes: vec![1, 2, 3], hash: "H".to_owned(), timeout_height: 120, sequence: 0 };
    let error = node.broadcast(&signed).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert_eq!(node.requests().counted("gRPC", &a.grpc, "garbage"), 1);
}

#[tokio::test]
async fn who_reads_at_a_block_hears_of_no_older_one() {
    let (a, b) = (Fake::start(101).await, Fake::start(100).await);
    let node = Node::connect(ChainConfig { rpc: vec![b.rpc.clone()], ..config(&[&a]) }, None).await.unwrap();
    let head = node.head().await.unwrap();
    assert_eq!((head.height, node.subscribe().await.unwrap().borrow().height), (101, 101));
}

#[tokio::test]
async fn a_key_that_the_chain_has_never_seen_has_sent_nothing() {
    let a = Fake::start(100).await;
    let node = signing(&[&a]).await;
    assert_eq!(node.sequence().await.unwrap(), Some(0));
    assert!(matches!(node.account(node.sender().unwrap()).await, Err(Error::EmptyWallet { .. })));
}

#[tokio::test]
async fn case_04_blocks_go_on_when_the_subscription_is_silent_or_dies() {
    let (a, b) = (Fake::start(100).await, Fake::start(100).await);
    let node = connect(&[&a, &b]).await;
    let mut heads = node.subscribe().await.unwrap();
    let go = |height: u64| [&a, &b].map(|fake| fake.with(|state| state.height = height));
    let mut wait = async |height: u64, seconds: u64| {
        let seen = heads.wait_for(|head| head.height == height);
        let seen = tokio::time::timeout(Duration::from_secs(seconds), seen).await;
        assert!(seen.is_ok(), "block {height} was not seen in {seconds} s");
    };
    tokio::time::sleep(Duration::from_millis(500)).await;
    go(101);
    wait(101, 1).await;
    // Silent, though alive: blocks are asked for meanwhile.
    a.with(|state| state.announces = false);
    for height in 102..=106 {
        go(height);
        wait(height, 3).await;
    }
    until("the silence was noticed", || node.requests().counted("RPC", &a.rpc, "broken") > 0).await;
    // Then the other announces them.
    tokio::time::sleep(Duration::from_millis(500)).await;
    go(107);
    wait(107, 1).await;
    b.with(|state| state.mood = Mood::Dead);
    a.with(|state| (state.announces, state.height) = (true, 108));
    wait(108, 3).await;
}
