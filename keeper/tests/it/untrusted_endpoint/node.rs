//! What one endpoint alone can do to the others, and to the keeper: nothing.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_keeper::chain::cosmos::Node;
use plimsoll_keeper::chain::endpoints::Health;
use plimsoll_keeper::chain::{ChainReader, Coin, Execute, Head, TxSender, TxStatus, query};
use plimsoll_keeper::error::{Class, Error};
use plimsoll_keeper::tx::journal::Journal;
use plimsoll_keeper::tx::{Executor, SendLimits};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::Ratio;
use plimsoll_schema::pool::MarketResponse;
use serde_json::json;

use crate::support::books::empty;
use crate::support::client::{ask, asked, config, connect, health, signing, until};
use crate::support::fake_node::{Fake, Mood, Nonsense};
use crate::support::files::fresh;

async fn three() -> [Fake; 3] {
    [Fake::start(100).await, Fake::start(100).await, Fake::start(100).await]
}

fn head(height: u64) -> Head {
    Head { chain_id: "fake-1".to_owned(), height, time: plimsoll_keeper::clock::clock() }
}

#[tokio::test]
async fn an_error_of_a_proxy_is_not_the_chains_answer() {
    let [a, b, c] = three().await;
    for fake in [&a, &b, &c] {
        fake.with(|state| state.sequence = Some(4));
    }
    let node = signing(&[&a, &b, &c]).await;
    a.with(|state| state.nonsense = Nonsense::Http500);
    let message = Execute { contract: "c".into(), msg: b"{}".to_vec(), funds: vec![] };
    for _ in 0..4 {
        ask(&node, Some(100)).await.unwrap();
        node.simulate(std::slice::from_ref(&message)).await.unwrap();
        assert_eq!(node.sequence().await.unwrap(), Some(4));
    }
    assert_eq!(asked(&b), 4);
    // While it is left alone nobody asks it.
    assert!(matches!(health(&node, &a.grpc), Health::Down { reason } if reason.contains("500")));
}

#[tokio::test]
async fn a_refusal_that_no_contract_words_so_is_believed_when_two_say_it() {
    let [a, b, _] = three().await;
    let node = connect(&[&a, &b]).await;
    a.with(|state| state.nonsense = Nonsense::Says("the VM's cache is broken"));
    ask(&node, Some(100)).await.unwrap();
    assert_eq!((asked(&b), node.requests().counted("gRPC", &a.grpc, "unreachable")), (1, 1));
    b.with(|state| state.nonsense = Nonsense::Says("the VM's cache is broken"));
    assert!(matches!(ask(&node, Some(100)).await, Err(Error::Query { reason, .. }) if reason.contains("cache")));
    // One that is alone is believed, as a contract's own word is of anybody.
    assert!(matches!(ask(&connect(&[&a]).await, Some(100)).await, Err(Error::Query { .. })));
    a.with(|state| state.nonsense = Nonsense::Says("no such thing: query wasm contract failed"));
    b.with(|state| state.nonsense = Nonsense::None);
    until("it has a turn again", || health(&node, &a.grpc) == Health::Good).await;
    assert!(matches!(ask(&node, Some(100)).await, Err(Error::Query { .. })));
    assert_eq!(asked(&b), 2);
}

#[tokio::test]
async fn one_that_keeps_no_index_leaves_it_to_the_others_and_is_named() {
    let [a, b, _] = three().await;
    let node = connect(&[&a, &b]).await;
    a.with(|state| state.nonsense = Nonsense::Says("transaction indexing is disabled"));
    assert_eq!(node.tx_status("H").await.unwrap(), TxStatus::NotFound { height: 100 });
    b.with(|state| state.included = true);
    assert!(matches!(node.tx_status("H").await.unwrap(), TxStatus::Included(_)));
    b.with(|state| state.included = false);
    assert_eq!(health(&node, &a.grpc), Health::Good);
    let told = node.indexes().await;
    assert_eq!(told.iter().map(|(_, reason)| reason.is_some()).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn blocks_that_one_rpc_alone_is_ahead_by_are_not_followed() {
    let [a, b, c] = three().await;
    let node = connect(&[&a, &b, &c]).await;
    let heads = node.subscribe().await.unwrap();
    c.with(|state| state.ahead = 10);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    for height in 101..106 {
        for fake in [&a, &b, &c] {
            fake.with(|state| state.height = height);
        }
        until("the block is seen", || heads.borrow().height >= height).await;
        assert_eq!((height, heads.borrow().height), (height, height));
        ask(&node, Some(height)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test]
async fn a_block_that_is_told_by_one_that_is_a_little_early_is_seen_at_once() {
    let [a, b, c] = three().await;
    let node = connect(&[&a, &b, &c]).await;
    let heads = node.subscribe().await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    for height in 101..120 {
        a.with(|state| state.height = height);
        let begun = std::time::Instant::now();
        while heads.borrow().height < height {
            tokio::time::sleep(Duration::from_millis(2)).await;
            assert!(begun.elapsed() < Duration::from_millis(200), "block {height}");
        }
        for fake in [&b, &c] {
            fake.with(|state| state.height = height);
        }
        tokio::time::sleep(Duration::from_millis(350)).await;
    }
}

#[tokio::test]
async fn one_rpc_that_was_ahead_for_a_moment_makes_the_book_miss_no_block() {
    let [a, b, c] = three().await;
    let node = connect(&[&a, &b, &c]).await;
    let mut heads = node.subscribe().await.unwrap();
    let mut book = empty(heads.borrow().clone());
    // By as many blocks as are believed of it for a moment, as one that is fast may have them.
    c.with(|state| state.ahead = 18);
    for height in 100..104 {
        if height == 102 {
            c.with(|state| state.ahead = 0);
        }
        for fake in [&a, &b, &c] {
            fake.with(|state| state.height = height);
        }
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        let head = heads.borrow_and_update().clone();
        assert_eq!(head.height, height);
        book.follow(&node, &head).await.unwrap();
    }
}

#[tokio::test]
async fn a_block_in_which_nothing_is_touched_counts_once_the_state_is_there() {
    let [a, b, _] = three().await;
    let node = connect(&[&a, &b]).await;
    let mut book = empty(node.newest());
    // What only blocks are told of isn't there.
    for fake in [&a, &b] {
        fake.with(|state| state.ahead = 1);
    }
    let error = book.follow(&node, &head(101)).await.unwrap_err();
    assert_eq!((error.class(), book.head.height), (Class::Retry, 100), "{error}");
    for fake in [&a, &b] {
        fake.with(|state| (state.ahead, state.height) = (0, 101));
    }
    book.follow(&node, &head(101)).await.unwrap();
    assert_eq!(book.head.height, 101);
}

#[tokio::test]
async fn a_contract_that_answers_in_another_form_makes_no_endpoint_bad() {
    let [a, b, c] = three().await;
    let node = connect(&[&a, &b, &c]).await;
    for _ in 0..3 {
        assert!(matches!(query::<String>(&node, "pair", &(), Some(100)).await, Err(Error::Garbage { .. })));
    }
    assert_eq!([&a, &b, &c].map(|fake| health(&node, &fake.grpc)), [Health::Good, Health::Good, Health::Good]);
    ask(&node, Some(100)).await.unwrap();
    // Where each says something else, it is they.
    for (fake, answer) in [(&a, "{"), (&b, "["), (&c, "\"")] {
        fake.with(|state| state.answer = Some(answer.into()));
    }
    for _ in 0..2 {
        assert!(query::<u64>(&node, "pair", &(), Some(100)).await.is_err());
    }
    assert!(node.endpoints().readiness().is_blind());
}

#[tokio::test]
async fn an_rpc_that_is_wrong_about_the_time_makes_no_honest_endpoint_bad() {
    let [a, b, c] = three().await;
    let mut config = config(&[&a, &b]);
    config.rpc.push(c.rpc.clone());
    let node = Node::connect(config, None).await.unwrap();
    let mut heads = node.subscribe().await.unwrap();
    let mut book = empty(heads.borrow().clone());
    tokio::time::sleep(Duration::from_secs(4)).await;
    let said = json!([{ "type": "wasm", "attributes": [
        { "key": "_contract_address", "value": "pool" }, { "key": "denom", "value": "denom0" }] }]);
    for fake in [&a, &b, &c] {
        fake.with(|state| state.said = said.clone());
    }
    // It is the first to tell, and says of the block that it is three seconds older than it is.
    c.with(|state| (state.height, state.age) = (101, 3));
    until("the block is seen", || heads.borrow().height == 101).await;
    let asset = crate::support::books::usual()[0].asset(0);
    let mut stored = asset.stored.clone();
    stored.updated_at = plimsoll_keeper::clock::clock();
    let market = MarketResponse {
        asset: AssetId(0),
        params: asset.params.clone(),
        borrow_index: stored.borrow_index,
        stored,
        debt: Default::default(),
        supply: Default::default(),
        reserves: Default::default(),
        liquidation_threshold: Ratio::ONE,
        isolated_debts: Vec::new(),
        outflow: None,
    };
    for fake in [&a, &b] {
        fake.with(|state| (state.height, state.answer) = (101, Some(serde_json::to_vec(&market).unwrap())));
    }
    let head = heads.borrow_and_update().clone();
    book.follow(&node, &head).await.unwrap();
    assert_eq!([&a, &b].map(|fake| health(&node, &fake.grpc)), [Health::Good, Health::Good]);
    assert!(book.assets.contains_key(&AssetId(0)));
}

#[tokio::test]
async fn of_two_sequences_neither_is_left_out_nor_taken_for_a_start() {
    let [a, b, c] = three().await;
    for (first, second) in [(7, 6), (6, 7)] {
        a.with(|state| state.sequence = Some(first));
        b.with(|state| state.sequence = Some(second));
        let node = Arc::new(signing(&[&a, &b]).await);
        assert_eq!(node.confirmed_sequence().await.unwrap(), None);
        let mut executor = Executor::new(node.clone(), Journal::open(&fresh("untrusted-endpoint")).unwrap()).unwrap();
        executor.watch(&head(100)).await.unwrap();
        // The one that was late has caught up: nobody has sent anything.
        for fake in [&a, &b, &c] {
            fake.with(|state| state.sequence = Some(7));
        }
        executor.watch(&head(101)).await.unwrap();
        assert_eq!([&a, &b].map(|fake| health(&node, &fake.grpc)), [Health::Good, Health::Good]);
        assert_eq!(node.confirmed_sequence().await.unwrap(), Some(7));
        // Now that it is known, another's transaction is seen.
        for fake in [&a, &b] {
            fake.with(|state| state.sequence = Some(8));
        }
        assert!(matches!(executor.watch(&head(102)).await, Err(Error::KeyShared { expected: 7, found: 8, .. })));
    }
}

/// With a transaction on its way, for blocks up to 104.
async fn flying(nodes: &[&Fake]) -> (Arc<Node>, Executor<Node>) {
    for fake in nodes {
        fake.with(|state| state.sequence = Some(4));
    }
    let node = Arc::new(signing(nodes).await);
    let mut executor = Executor::new(node.clone(), Journal::open(&fresh("untrusted-endpoint")).unwrap()).unwrap();
    executor.watch(&head(100)).await.unwrap();
    let coin = Coin { denom: "ustake".to_owned(), amount: 1 };
    executor
        .transfer("wasm1x", &coin, &head(100), SendLimits { timeout_blocks: 4, max_fee: None })
        .await
        .unwrap()
        .unwrap();
    (node, executor)
}

async fn all_at(node: &Node, fakes: &[&Fake], height: u64) {
    for fake in fakes {
        fake.with(|state| state.height = height);
    }
    let told = || node.endpoints().all().iter().all(|e| e.head.as_ref().is_some_and(|(head, _)| head.height == height));
    until("all have told", told).await;
}

#[tokio::test]
async fn one_that_alone_says_that_a_block_has_a_transaction_is_not_believed() {
    let [a, b, c] = three().await;
    let fakes = [&a, &b, &c];
    let (node, mut executor) = flying(&fakes).await;
    for fake in [&b, &c] {
        fake.with(|state| state.then = Some(head(0).time));
    }
    // They may be late: nothing is held against anybody yet.
    a.with(|state| (state.included, state.code) = (true, (0, Some(100))));
    assert_eq!(executor.resolve(&head(101)).await.unwrap(), None);
    assert_eq!(health(&node, &a.grpc), Health::Good);
    all_at(&node, &fakes, 102).await;
    assert_eq!(executor.resolve(&head(102)).await.unwrap(), None);
    assert!(matches!(health(&node, &a.grpc), Health::Down { reason } if reason.contains("in block 100")));
    // The second confirms what the third says, and the first is refuted, once it has another turn.
    for fake in [&b, &c] {
        fake.with(|state| (state.included, state.code) = (true, (0, Some(101))));
    }
    let landed = executor.resolve(&head(102)).await.unwrap().unwrap().1;
    assert!(matches!(landed, TxStatus::Included(included) if included.height == 101));
}

#[tokio::test]
async fn a_transaction_that_one_alone_puts_after_its_timeout_expires() {
    let [a, b, c] = three().await;
    let fakes = [&a, &b, &c];
    let (node, mut executor) = flying(&fakes).await;
    all_at(&node, &fakes, 140).await;
    a.with(|state| state.included = true);
    for fake in [&b, &c] {
        fake.with(|state| state.then = Some(head(0).time));
    }
    assert!(matches!(executor.resolve(&head(140)).await.unwrap(), Some((_, TxStatus::Expired))));
}

#[tokio::test]
async fn an_index_that_forgot_a_transaction_contradicts_no_block_that_has_it() {
    let [a, b, c] = three().await;
    let fakes = [&a, &b, &c];
    let (node, mut executor) = flying(&fakes).await;
    all_at(&node, &fakes, 120).await;
    a.with(|state| (state.included, state.code) = (true, (0, Some(103))));
    let sent = a.with(|state| state.taken.clone());
    for fake in [&b, &c] {
        fake.with(|state| (state.then, state.txs) = (Some(head(0).time), sent.clone()));
    }
    let landed = executor.resolve(&head(120)).await.unwrap().unwrap().1;
    assert!(matches!(landed, TxStatus::Included(included) if included.height == 103));
    assert_eq!(health(&node, &a.grpc), Health::Good);
}

#[tokio::test]
async fn one_without_the_block_or_slow_takes_nothing_from_anothers_word() {
    let (a, b) = (Fake::start(120).await, Fake::start(120).await);
    let (_, mut executor) = flying(&[&a, &b]).await;
    // The second was set up from a snapshot: neither its index nor its blocks go back that far.
    a.with(|state| (state.included, state.code) = (true, (0, Some(103))));
    let landed = executor.resolve(&head(120)).await.unwrap().unwrap().1;
    assert!(matches!(landed, TxStatus::Included(included) if included.height == 103));
    // Its index hangs: that is waited for less than half a second, and says nothing against it.
    let (a, b) = (Fake::start(104).await, Fake::start(104).await);
    let (node, mut executor) = flying(&[&a, &b]).await;
    a.with(|state| (state.included, state.code) = (true, (0, Some(103))));
    b.with(|state| state.mood = Mood::Hanging);
    let began = std::time::Instant::now();
    let landed = executor.resolve(&head(104)).await.unwrap().unwrap().1;
    assert!(matches!(landed, TxStatus::Included(included) if included.height == 103));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(!matches!(health(&node, &a.grpc), Health::Down { .. }));
}

#[tokio::test]
async fn one_that_hangs_is_not_waited_for_while_another_answers() {
    let (a, b) = (Fake::start(100).await, Fake::start(100).await);
    let node = connect(&[&a, &b]).await;
    a.with(|state| state.mood = Mood::Hanging);
    let began = std::time::Instant::now();
    for _ in 0..6 {
        ask(&node, Some(100)).await.unwrap();
    }
    // Two of them wait for 0.4 seconds; then it is left alone.
    assert!(began.elapsed() < Duration::from_secs(3), "{:?} for six questions", began.elapsed());
    assert!(matches!(health(&node, &a.grpc), Health::Down { reason } if reason.contains("faster")));
    assert_eq!(node.requests().counted("gRPC", &b.grpc, "timeout"), 0);
}

/// One says that it knows of no such transaction, which is no answer as long as the other may: that is waited for a second.
#[tokio::test]
async fn one_that_hangs_is_not_waited_for_long_while_another_knows_nothing() {
    for first in [true, false] {
        let (a, b) = (Fake::start(101).await, Fake::start(101).await);
        let order = if first { [&a, &b] } else { [&b, &a] };
        let (node, mut executor) = flying(&order).await;
        a.with(|state| state.mood = Mood::Hanging);
        let began = std::time::Instant::now();
        assert_eq!(executor.resolve(&head(101)).await.unwrap(), None);
        assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
        assert!(matches!(health(&node, &a.grpc), Health::Down { reason } if reason.contains("faster")));
    }
}

/// Two refuse a transaction, and the third says nothing: whether it has it nobody knows, and the block's work doesn't wait to hear.
#[tokio::test]
async fn a_broadcast_that_others_refuse_is_sent_again_without_a_long_wait() {
    let [a, b, c] = three().await;
    for fake in [&a, &b, &c] {
        fake.with(|state| (state.sequence, state.broadcast) = (Some(4), 13));
    }
    let node = Arc::new(signing(&[&a, &b, &c]).await);
    let mut executor = Executor::new(node.clone(), Journal::open(&fresh("untrusted-endpoint")).unwrap()).unwrap();
    executor.watch(&head(100)).await.unwrap();
    c.with(|state| state.mood = Mood::Hanging);
    let coin = Coin { denom: "ustake".to_owned(), amount: 1 };
    let began = std::time::Instant::now();
    executor
        .transfer("wasm1x", &coin, &head(100), SendLimits { timeout_blocks: 4, max_fee: None })
        .await
        .unwrap()
        .unwrap();
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    let hash = executor.in_flight("fake-1").unwrap().hash.clone();

    // It is sent once more at each block, though all refuse it, and no more once one has taken it.
    let counted = |fake: &Fake| fake.with(|state| state.taken.len());
    for (height, code) in [(101, 13), (102, 0), (103, 0)] {
        b.with(|state| state.broadcast = code);
        for _ in 0..3 {
            assert_eq!(executor.resolve(&head(height)).await.unwrap(), None);
            executor.broadcast_again(&head(height)).await;
        }
    }
    assert_eq!((counted(&b), executor.in_flight("fake-1").unwrap().hash.as_str()), (3, hash.as_str()));
    let taken = b.with(|state| state.taken.clone());
    assert!(taken.windows(2).all(|two| two[0] == two[1]));
}
