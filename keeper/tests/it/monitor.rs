//! What the keeper shows of itself: numbers that agree with the chain's, answers to GET alone, readiness, and no secrets.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_keeper::book::Book;
use plimsoll_keeper::chain::TxStatus;
use plimsoll_keeper::chain::endpoints::Readiness;
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::chain::{ChainReader, Head, Included};
use plimsoll_keeper::clock::clock;
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::keeper::Keeper;
use plimsoll_keeper::keeper::observer::Observer;
use plimsoll_keeper::monitor::Monitor;
use plimsoll_keeper::monitor::readiness::Facts;
use plimsoll_keeper::monitor::serve::serve;
use plimsoll_keeper::plan::account_memory::AccountMemory;
use plimsoll_keeper::tx::journal::Intent;
use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_schema::pool::AccountKey;
use plimsoll_testing::{ALICE, IBC_TOKEN, LIQUIDATOR, UATOM, UUSD, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::stage::{Setup, Stage, without_inventory};

/// The value of this line; the name comes with its labels.
fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
    line.unwrap_or_else(|| panic!("{name} is missing in\n{text}")).rsplit(' ').next().unwrap().parse().unwrap()
}

/// Three accounts of ALICE below 1, and a keeper with money for gas only.
async fn stage(monitor: &Monitor) -> Stage {
    let healthy = |world: &mut World| {
        world.deposit((ALICE, 3), UATOM, 100_000_000).unwrap();
        world.borrow((ALICE, 3), UUSD, 100_000_000).unwrap();
        Vec::new()
    };
    let setup = Setup { market: Arc::new(healthy), strategy: Strategy::default(), ..without_inventory(3) };
    let mut stage = Stage::new(setup).await;
    stage.keeper = stage.keeper.watched(monitor.clone());
    stage
}

#[tokio::test]
async fn numbers_are_what_the_chain_says() {
    let monitor = Monitor::new(30);
    let mut stage = stage(&monitor).await;
    stage.tick().await.unwrap();
    let text = monitor.render();
    let below = stage.world().with(|world| world.liquidatable().len()).await.unwrap();
    assert_eq!((value(&text, "keeper_liquidatable"), below), (3.0, 3));
    assert_eq!(value(&text, "keeper_accounts"), 4.0);
    assert_eq!(value(&text, "keeper_book_height"), stage.world().head().await.unwrap().height as f64);
    assert_eq!(value(&text, "keeper_queue"), 0.0);
    assert_eq!(stage.keeper.on_their_way().len(), 1);
    assert_eq!(value(&text, "keeper_detect_to_submit_seconds_count"), 1.0);
    assert_eq!(value(&text, "keeper_submit_to_commit_seconds_count"), 0.0);
    assert_eq!(value(&text, "keeper_oracle_fault{denom=\"uatom\"}"), 0.0);

    stage.world().block(5, |_| Ok(vec![])).await.unwrap().unwrap();
    stage.tick().await.unwrap();
    let text = monitor.render();
    assert_eq!((value(&text, "keeper_liquidatable"), value(&text, "keeper_liquidations_total")), (0.0, 3.0));
    assert_eq!(value(&text, "keeper_transactions_total{result=\"settled\",reason=\"\"}"), 1.0);
    assert!(value(&text, "keeper_gas_used_total") > 0.0);
    for name in ["submit_to_commit", "detect_to_commit"] {
        assert_eq!(value(&text, &format!("keeper_{name}_seconds_count")), 1.0);
    }
    let earned = stage.world().with(|world| world.balance(LIQUIDATOR, UUSD)).await.unwrap() as f64 / 1e6;
    let told = value(&text, "keeper_profit_value");
    assert!(earned > 0.0 && (told - earned).abs() < 1e-5, "{told} is told, {earned} arrived");

    // What it says when it ends is the same; a drain that finds nothing is no block.
    stage.keeper.drain(|_| panic!("nothing is on its way")).await.unwrap();
    let summary = monitor.summary();
    let by = summary.transactions;
    assert_eq!((summary.blocks, by.settled, by.failed, by.rival, by.expired, by.refused), (2, 1, 0, 0, 0, 0));
    assert_eq!(summary.liquidated.iter().map(|name| &name[name.len() - 2..]).collect::<Vec<_>>(), ["/0", "/1", "/2"]);
    assert!((summary.profit_value.to_string().parse::<f64>().unwrap() - earned).abs() < 1e-5);
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!((&json["liquidated"], &json["transactions"]["settled"]), (&3.into(), &1.into()));
    assert!(stage.keeper.on_their_way().is_empty());

    // Nobody feeds: prices grow old, then fail.
    stage.world().block(1_000_000, |_| Ok(vec![])).await.unwrap().unwrap();
    stage.tick().await.unwrap();
    let text = monitor.render();
    assert!(value(&text, "keeper_oracle_age_seconds{denom=\"uatom\"}") >= 1_000_000.0);
    assert_eq!(value(&text, "keeper_oracle_fault{denom=\"uatom\"}"), 1.0);
}

#[tokio::test]
async fn a_halt_an_old_live_price_and_one_out_of_bounds_are_shown() {
    let build = || {
        let builder =
            World::builder().lent(1_000_000).oracle(|oracle| (oracle.source_delay, oracle.heartbeat_gap) = (0, 900));
        let builder = builder.pool(|config| config.halt_grace = HaltGrace { gap: 900, grace: 600 });
        let mut world = builder.edit(UUSD, |asset| asset.guards.ceiling = plimsoll_testing::price("1.1")).build();
        let pair = world.pair(IBC_TOKEN, UATOM, 1_000_000);
        let guards = world.price_record(IBC_TOKEN).guards;
        let source = world.pair_source(IBC_TOKEN, &pair, UATOM);
        world.price_by_pair_within(IBC_TOKEN, source, guards);
        world.deposit(ALICE, UATOM, 100_000_000).unwrap();
        world.borrow(ALICE, UUSD, 690_000_000).unwrap();
        world.set_prices(&[(UATOM, "9"), (UUSD, "1.2")]);
        world
    };
    let chain = Arc::new(WorldChain::start(LIQUIDATOR, build).await.unwrap());
    let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
    let book = Book::snapshot(&*chain, &pool, chain.head().await.unwrap(), |_| {}).await.unwrap();
    let monitor = Monitor::new(30);
    // A dry run: nothing is published.
    let mut keeper = Keeper::new(chain.clone(), book, Strategy::default(), None).unwrap().watched(monitor.clone());
    let shown = async |keeper: &mut Keeper<WorldChain>| {
        keeper.on_block(&chain.head().await.unwrap()).await.unwrap();
        let text = monitor.render();
        let names = ["liquidatable", "spared", "halted", "heartbeat_age_seconds", "heartbeat_lost_seconds"];
        let numbers = names.map(|name| value(&text, &format!("keeper_{name}")));
        let stale = value(&text, &format!("keeper_oracle_stale{{denom=\"{IBC_TOKEN}\"}}"));
        (numbers, stale, value(&text, "keeper_oracle_beyond_bound{denom=\"uusd\"}"))
    };
    // 900 × 0.75 = 675 carry 690 × 1.1 = 759 no more.
    assert_eq!(shown(&mut keeper).await, ([1.0, 0.0, 0.0, 0.0, lost(&chain).await], 0.0, 1.0));
    let before = lost(&chain).await;
    // A thousand seconds without a write. She has 900 for 690 × 1.2 = 828, less than the largest bonus more.
    chain.block(1_000, |_| Ok(vec![])).await.unwrap().unwrap();
    assert_eq!(shown(&mut keeper).await, ([1.0, 0.0, 1.0, 1_000.0, before + 100.0], 1.0, 1.0));
    chain.block(5, |world| Ok(vec![world.deposit(ALICE, UATOM, 5_000_000)?])).await.unwrap().unwrap();
    assert_eq!(shown(&mut keeper).await.0, [0.0, 1.0, 1.0, 1_005.0, before + 105.0]);
}

/// The lost seconds of the oracle's heartbeat.
async fn lost(chain: &WorldChain) -> f64 {
    chain.with(|world| world.heartbeat().lost_seconds).await.unwrap() as f64
}

#[tokio::test]
async fn what_a_drain_finds_is_in_the_summary_and_is_no_further_block() {
    let monitor = Monitor::new(30);
    let mut stage = stage(&monitor).await;
    stage.tick().await.unwrap();
    assert_eq!((monitor.summary().blocks, monitor.summary().liquidated.len()), (1, 0));
    stage.world().block(5, |_| Ok(vec![])).await.unwrap().unwrap();
    let mut told = 0;
    stage.keeper.drain(|tick| told += tick.settled.len()).await.unwrap();
    assert_eq!((told, monitor.summary().blocks, monitor.summary().liquidated.len()), (3, 1, 3));
}

#[test]
fn fees_are_paid_in_blocks_alone_whether_it_worked_or_not() {
    let monitor = Monitor::default();
    let intent: Intent = serde_json::from_str(
        r#"{"hash":"A","sender":"me","chain_id":"c-1","timeout_height":9,"accounts":[],"spent":{"at":1,"own":"0","fee":7,"write_offs":0}}"#,
    )
    .unwrap();
    let included = |code| {
        let (codespace, log, events) = (String::new(), String::new(), Vec::new());
        TxStatus::Included(Included { height: 8, code, codespace, log, gas_used: 1, events })
    };
    let mut seen = Vec::new();
    for landed in [TxStatus::Expired, included(5), included(0)] {
        monitor.resolved(&intent, &landed);
        seen.push((monitor.summary().fees, monitor.summary().transactions.settled));
    }
    assert_eq!(seen, [(0, 0), (7, 0), (14, 1)]);
}

#[test]
fn the_oldest_is_as_old_as_it_was_below_without_a_pause() {
    let key = |account_id| AccountKey { owner: "ada".to_owned(), account_id };
    let mut memory = AccountMemory::default();
    let mut oldest = |now, below: Vec<AccountKey>| {
        memory.see(now, &below.iter().collect::<Vec<_>>());
        memory.oldest_of(&below)
    };
    assert_eq!(oldest(100, vec![]), None);
    assert_eq!(oldest(110, vec![key(1), key(2)]), Some(110));
    assert_eq!(oldest(125, vec![key(2), key(3)]), Some(110));
    assert_eq!(oldest(130, vec![key(1), key(3)]), Some(125));
    assert_eq!(oldest(140, vec![]), None);
    let metrics = Monitor::default();
    metrics.metrics().oldest(Some(125), 140);
    assert_eq!(value(&metrics.render(), "keeper_oldest_liquidatable_seconds"), 15.0);
}

fn head(height: u64, time: u64) -> Head {
    Head { chain_id: "c-1".to_owned(), height, time }
}

#[test]
fn ready_is_who_sees_the_chain_and_keeps_up_with_it() {
    let well = Facts {
        book: Some(head(100, 1_000)),
        chain: Some(head(101, 1_001)),
        endpoints: Some(Readiness { grpc: 1, rpc: 1 }),
        trouble: None,
        ending: None,
    };
    let reasons = |facts: &Facts| facts.judge(1_031, 30).0;
    assert!(reasons(&well).is_empty());
    for (facts, said) in [
        (Facts { book: None, ..well.clone() }, "not synced"),
        (
            Facts { chain: Some(head(106, 1_004)), ..well.clone() },
            "lagging: the book is at block 100, the chain at 106",
        ),
        (Facts { chain: Some(head(101, 1_000)), ..well.clone() }, "lagging: block 101, the newest, is 31 s old"),
        (Facts { endpoints: Some(Readiness { grpc: 0, rpc: 2 }), ..well.clone() }, "blind: 0 gRPC and 2 RPC"),
        (Facts { endpoints: Some(Readiness { grpc: 1, rpc: 0 }), ..well.clone() }, "blind: 1 gRPC and 0 RPC"),
        (Facts { ending: Some("because".to_owned()), ..well.clone() }, "ending: because"),
        (Facts { trouble: Some("because".to_owned()), ..well.clone() }, "could not be done: because"),
    ] {
        let found = reasons(&facts);
        assert!(found.len() == 1 && found[0].contains(said), "{found:?}, not {said}");
    }
    assert!(reasons(&Facts { chain: Some(head(105, 1_001)), ..well }).is_empty());
}

async fn ask(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn it_answers_get_alone_and_says_whether_it_is_ready() {
    let monitor = Monitor::new(30);
    let server = serve("127.0.0.1:0".parse().unwrap(), monitor.clone()).await.unwrap();
    let get = async |path: &str| ask(server.address, &format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
    assert!(get("/livez").await.starts_with("HTTP/1.1 200"));
    let before = get("/readyz").await;
    assert!(before.starts_with("HTTP/1.1 503") && before.contains("not synced"), "{before}");
    assert!(get("/").await.starts_with("HTTP/1.1 404"));
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = ask(server.address, &format!("{method} /metrics HTTP/1.1\r\nhost: x\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 405") && answer.contains("allow: GET"), "{method}: {answer}");
    }
    let metrics = get("/metrics").await;
    assert!(metrics.contains("application/openmetrics-text") && metrics.trim_end().ends_with("# EOF"));

    let mut stage = stage(&monitor).await;
    let at = stage.world().head().await.unwrap();
    stage.keeper.on_block(&at).await.unwrap();
    monitor.refreshed_by(move |_| Some((head(at.height, clock()), Readiness { grpc: 1, rpc: 1 })));
    let after = get("/readyz").await;
    assert!(after.starts_with("HTTP/1.1 200"), "{after}");
    assert!(get("/metrics").await.contains("keeper_ready 1\n"));
    monitor.ending("too many failures");
    assert!(get("/readyz").await.contains("ending: too many failures"));
    assert!(get("/metrics").await.contains("keeper_ready 0\n"));
}

#[tokio::test]
async fn connections_that_ask_nothing_keep_nobody_out_for_long() {
    let server = serve("127.0.0.1:0".parse().unwrap(), Monitor::default()).await.unwrap();
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(TcpStream::connect(server.address).await.unwrap());
    }
    let asking = ask(server.address, "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n");
    let answer = tokio::time::timeout(Duration::from_secs(20), asking).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"));
    // A head that doesn't end is cut off.
    let endless = format!("GET /livez HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(64 << 10));
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let _ = stream.write_all(endless.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let first = serve("127.0.0.1:0".parse().unwrap(), Monitor::default()).await.unwrap();
    let error = serve(first.address, Monitor::default()).await.unwrap_err().to_string();
    assert!(error.contains("monitor.listen") && error.contains(&first.address.to_string()), "{error}");
}
