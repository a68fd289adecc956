//! What every home of [`Chain`] must do, run on both: the in-process world, and a real node.
//!
//! The node's part needs a running one with a deployment: `PLIMSOLL_KEEPER_TEST_DEPLOYMENT` names the deployment file and
//! `PLIMSOLL_KEEPER_MNEMONIC` a funded key. Without them it is reported as ignored; to run it:
//! `cargo test -p plimsoll-keeper --test it conformance -- --ignored`.

use std::time::Duration;

use plimsoll_keeper::book::Book;
use plimsoll_keeper::chain::cosmos::Node;
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::chain::{Chain, ChainReader, Coin, Execute, Included, TxStatus, query};
use plimsoll_keeper::config::{Config, Layers};
use plimsoll_keeper::error::Error;
use plimsoll_keeper::keys::{MNEMONIC_VARIABLE, Mnemonic};
use plimsoll_schema::compact;
use plimsoll_schema::oracle::PRICE_RECORDS;
use plimsoll_schema::pool::{ExecuteMsg, Listed, MarketResponse, MarketsResponse, OnBehalf, QueryMsg};
use plimsoll_testing::{LIQUIDATOR, UUSD, World};

/// Where the suite runs.
trait Home: Chain {
    /// Waits for, or makes, the next block.
    async fn next(&self);
}

impl Home for WorldChain {
    async fn next(&self) {
        self.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
    }
}

impl Home for Node {
    async fn next(&self) {
        let height = self.head().await.unwrap().height;
        assert!(self.next_block(height).await.unwrap().height > height, "no block came");
    }
}

fn deposit(amount: u128) -> (ExecuteMsg, Vec<Coin>) {
    let message = ExecuteMsg::Deposit(OnBehalf { account_id: Some(77), on_behalf_of: None });
    (message, vec![Coin { denom: UUSD.to_owned(), amount }])
}

async fn send(chain: &impl Home, pool: &str, amount: u128, timeout_height: u64) -> Included {
    let (message, funds) = deposit(amount);
    let messages = [Execute::new(pool, &message, funds).unwrap()];
    let simulated = chain.simulate(&messages).await.unwrap();
    // A simulation tells what contracts would say: the keeper learns from it which items of a batch fail.
    assert_eq!(simulated.events.iter().map(|said| said.get("action")).collect::<Vec<_>>(), [Some("deposit")]);
    assert_eq!(simulated.events[0].contract, pool);
    assert!(chain.block_gas().await.unwrap().is_none_or(|most| most > simulated.gas));
    let gas = chain.gas_limit(simulated.gas);
    let signed = chain.sign(&messages, gas, timeout_height).await.unwrap();
    assert_eq!(signed.timeout_height, timeout_height);
    assert!(matches!(chain.tx_status(&signed.hash).await.unwrap(), TxStatus::NotFound { .. }), "signing sends nothing");
    chain.broadcast(&signed).await.unwrap();
    for _ in 0..20 {
        chain.next().await;
        if let TxStatus::Included(included) = chain.tx_status(&signed.hash).await.unwrap() {
            return included;
        }
    }
    panic!("{} is in no block", signed.hash);
}

#[allow(clippy::too_many_lines, reason = "one chain, asked everything in order")]
async fn conforms(chain: &impl Home, pool: &str) {
    // Heads grow, and a subscription says so.
    let mut heads = chain.subscribe().await.unwrap();
    let first = chain.head().await.unwrap();
    assert!(first.height > 0 && first.time > 1_500_000_000 && !first.chain_id.is_empty());
    chain.next().await;
    tokio::time::timeout(Duration::from_secs(20), heads.wait_for(|head| head.height > first.height))
        .await
        .unwrap()
        .unwrap();
    let head = chain.head().await.unwrap();
    assert!(head.height > first.height && head.time >= first.time && head.chain_id == first.chain_id);

    // Smart and raw queries, pinned and not; what isn't there.
    let question = QueryMsg::Markets { start_after: None, limit: None };
    let height = Some(chain.head().await.unwrap().height);
    let pinned: MarketsResponse = query(chain, pool, &question, height).await.unwrap();
    assert!(pinned.markets.iter().any(|market| market.params.denom == UUSD));
    let unknown = QueryMsg::Market(Listed { denom: "unknown".to_owned() });
    let error = query::<MarketResponse>(chain, pool, &unknown, None).await.unwrap_err();
    assert!(matches!(&error, Error::Query { reason, .. } if reason.contains("unknown")), "{error}");
    let book = Book::snapshot(chain, pool, chain.head().await.unwrap(), |_| {}).await.unwrap();
    let oracle = &book.addresses.oracle;
    let raw = chain.raw(oracle, PRICE_RECORDS.key(UUSD), None).await.unwrap().unwrap();
    let record: plimsoll_risk::price::PriceRecord = compact::decode(&raw).unwrap();
    assert!(record.timestamp > 0);
    assert_eq!(chain.raw(oracle, PRICE_RECORDS.key("unknown"), None).await.unwrap(), None);
    let nobody = Book::first(chain, chain.sender().unwrap(), chain.head().await.unwrap(), |_| {}).await;
    assert!(matches!(nobody, Err(Error::NoContract { .. })), "{nobody:?}");

    // A transaction: simulated, signed, sent, found with its events, also by its block.
    // What was asked for, and nothing of what it hasn't.
    let asked = [UUSD.to_owned(), "unheard".to_owned()];
    let held = chain.balances(chain.sender().unwrap(), &asked).await.unwrap();
    assert_eq!(held.len(), 1, "{held:?}");
    let before = held[UUSD];
    let included = send(chain, pool, 1_000_000, chain.head().await.unwrap().height + 20).await;
    assert_eq!((included.code, included.log.as_str()), (0, ""));
    assert!(included.gas_used > 0 && included.height > head.height);
    let said = included.events.iter().find(|event| event.contract == pool).unwrap();
    assert_eq!(said.get("action"), Some("deposit"));
    assert_eq!(said.get("denom"), Some(UUSD));
    assert_eq!(said.get("account"), Some(format!("{}/77", chain.sender().unwrap()).as_str()));
    assert!(chain.events(included.height).await.unwrap().contains(said));
    assert!(!chain.events(included.height - 1).await.unwrap().contains(said));
    let after = chain.balances(chain.sender().unwrap(), &asked).await.unwrap()[UUSD];
    assert_eq!(before - after, 1_000_000);

    // What would fail says why in simulation; no transaction is known by a hash that nobody has.
    let (message, _) = deposit(0);
    let error = chain.simulate(&[Execute::new(pool, &message, Vec::new()).unwrap()]).await.unwrap_err();
    assert!(matches!(&error, Error::Refused { reason } if !reason.is_empty()), "{error}");
    assert!(
        matches!(chain.tx_status(&"AB".repeat(32)).await.unwrap(), TxStatus::NotFound { height } if height >= included.height)
    );

    // Past its timeout, a transaction is refused at once.
    let (message, funds) = deposit(5);
    let late = chain.head().await.unwrap().height - 1;
    let signed = chain.sign(&[Execute::new(pool, &message, funds).unwrap()], 400_000, late).await.unwrap();
    assert!(matches!(chain.broadcast(&signed).await, Err(Error::Rejected { .. })));
    chain.next().await;
    assert!(matches!(chain.tx_status(&signed.hash).await.unwrap(), TxStatus::NotFound { .. }));
}

#[tokio::test]
async fn the_world_conforms() {
    let chain = WorldChain::start(LIQUIDATOR, World::new).await.unwrap();
    let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
    conforms(&chain, &pool).await;
}

#[tokio::test]
#[ignore = "wants a running node: PLIMSOLL_KEEPER_TEST_DEPLOYMENT and PLIMSOLL_KEEPER_MNEMONIC"]
async fn a_node_conforms() {
    let deployment = std::env::var("PLIMSOLL_KEEPER_TEST_DEPLOYMENT").expect("PLIMSOLL_KEEPER_TEST_DEPLOYMENT is set");
    let layers = Layers::read(None, std::iter::empty(), &[("deployment".to_owned(), deployment)]).unwrap();
    let config = Config::of(&layers).unwrap();
    let mnemonic = Mnemonic::find(MNEMONIC_VARIABLE, None).unwrap().expect("PLIMSOLL_KEEPER_MNEMONIC is set");
    let key = mnemonic.key(&config.chain.prefix, config.chain.coin_type, 0).unwrap();
    let chain = Node::connect(config.chain, Some(key)).await.unwrap();
    conforms(&chain, &config.contracts.pool).await;
}
