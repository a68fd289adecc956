//! How long it takes to read all borrowers from a node, in three ways, one after another at one block. `scripts/snapshot-bench.sh` runs it.
//!
//! - `bulk`: what the keeper does ([`Book::snapshot`]): pages of borrowers, several at once.
//! - `all_state`: `AllContractState`, as an indexer does without the contract's help: every record of the pool, at most a hundred a page.
//! - `each`: a query of the position an account, as other protocols' keepers do, as many at once as `bulk` has pages on the way. They have to know
//!   the accounts beforehand; here they are told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench may stop at a surprise, and prints"
)]

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use cosmos_sdk_proto::cosmos::base::query::v1beta1::PageRequest;
use cosmos_sdk_proto::cosmwasm::wasm::v1::QueryAllContractStateRequest;
use cosmos_sdk_proto::cosmwasm::wasm::v1::query_client::QueryClient;
use cosmwasm_std::coin;
use futures_util::{StreamExt, stream};
use plimsoll_keeper::book::Book;
use plimsoll_keeper::book::snapshot::PAGES_AT_ONCE;
use plimsoll_keeper::chain::cosmos::Node;
use plimsoll_keeper::chain::{ChainReader, Coin, Execute, Head, query};
use plimsoll_keeper::config::{Config, Layers};
use plimsoll_keeper::keys::{MNEMONIC_VARIABLE, Mnemonic};
use plimsoll_risk::account::Account;
use plimsoll_risk::units::Amount;
use plimsoll_schema::compact;
use plimsoll_schema::pool::{
    AccountKey, BATCH_MAX, BatchAction, Borrow, ExecuteMsg, FromPurse, OnBehalf, QueryMsg, UserAccount,
    UserPositionResponse,
};
use serde_json::{Value, json};
use tonic::Request;

/// What wasmd answers at most on a page of a contract's records.
const STATE_PAGE: u64 = 100;
/// The pool's namespace of account records, as it stands before each key: its length in two bytes, then itself.
const ACCOUNTS_PREFIX: [u8; 3] = [0, 1, b'u'];
/// In base units: what each account has and owes, and what lenders supply for each.
const COLLATERAL: u128 = 100_000_000;
const DEBT: u128 = 50_000_000;
/// How often the quickest way is timed; the median counts.
const ROUNDS: usize = 3;

/// Times three ways of reading all borrowers.
#[derive(Parser)]
struct Options {
    /// The deployment file
    #[arg(long)]
    deployment: String,
    /// How many borrowers to open
    #[arg(long, default_value_t = 20_000)]
    borrowers: u32,
    /// The most gas of one transaction that opens some
    #[arg(long, default_value_t = 60_000_000)]
    tx_gas: u64,
    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() {
    let options = Options::parse();
    let settings = [("deployment".to_owned(), options.deployment.clone())];
    let layers = Layers::read(None, std::iter::empty(), &settings).unwrap();
    let (grpc, config) = (layers.get("chain.grpc").to_owned(), Config::of(&layers).unwrap());
    let mnemonic = Mnemonic::find(MNEMONIC_VARIABLE, None).unwrap().expect("PLIMSOLL_KEEPER_MNEMONIC is set");
    let key = mnemonic.key(&config.chain.prefix, config.chain.coin_type, 0).unwrap();
    let (owner, pool) = (key.address().to_owned(), config.contracts.pool.clone());
    let node = Node::connect(config.chain, Some(key)).await.unwrap();
    open(&node, &pool, options.borrowers, options.tx_gas).await;

    let head = node.head().await.unwrap();
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(bulk(&node, &pool, &head).await);
    }
    rounds.sort_by_key(|way| way.micros);
    let bulk = rounds.swap_remove(ROUNDS / 2);
    eprintln!("bulk: {}", bulk.json());
    let all_state = all_state(grpc, &pool, &head).await;
    eprintln!("all_state: {}", all_state.json());
    let each = each(&node, &pool, &owner, options.borrowers, &head).await;
    eprintln!("each: {}", each.json());
    let agree = [&bulk, &all_state, &each].iter().all(|way| way.borrowers == u64::from(options.borrowers));
    println!(
        "{}",
        json!({
            "borrowers": options.borrowers,
            "height": head.height,
            "bulk": bulk.json(),
            "all_state": all_state.json(),
            "each": each.json(),
            "all_state_to_bulk": all_state.times(&bulk),
            "each_to_bulk": each.times(&bulk),
            "agree": agree,
        })
    );
    if !agree {
        eprintln!("error: the three ways don't find the same number of borrowers");
        std::process::exit(1);
    }
}

/// What one way took.
struct Way {
    micros: u128,
    requests: u64,
    borrowers: u64,
}

impl Way {
    fn since(start: Instant, requests: u64, borrowers: u64) -> Self {
        Self { micros: start.elapsed().as_micros(), requests, borrowers }
    }

    fn json(&self) -> Value {
        let seconds = format!("{}.{:06}", self.micros / 1_000_000, self.micros % 1_000_000);
        let seconds: Value = serde_json::from_str(&seconds).unwrap();
        json!({ "seconds": seconds, "requests": self.requests, "borrowers": self.borrowers })
    }

    /// How many times as long as another, with one decimal.
    fn times(&self, other: &Self) -> Value {
        let tenths = self.micros * 10 / other.micros.max(1);
        serde_json::from_str(&format!("{}.{}", tenths / 10, tenths % 10)).unwrap()
    }
}

/// Opens what isn't there yet of accounts 0, 1, 2… of the key, many in a transaction.
async fn open(node: &Node, pool: &str, borrowers: u32, tx_gas: u64) {
    let there = bulk(node, pool, &node.head().await.unwrap()).await.borrowers;
    if there == 0 {
        let message = ExecuteMsg::Deposit(OnBehalf { account_id: Some(u32::MAX), on_behalf_of: None });
        let supply = DEBT * u128::from(borrowers) * 2;
        send(node, &[Execute::new(pool, &message, vec![amount("uusd", supply)]).unwrap()], 1_000_000).await;
    }
    let mut next = u32::try_from(there).unwrap();
    let mut messages_a_tx = 1;
    while next < borrowers {
        let a_message = u32::try_from(BATCH_MAX / 2).unwrap();
        let mut messages = Vec::new();
        while next < borrowers && messages.len() < messages_a_tx {
            let end = borrowers.min(next + a_message);
            messages.push(batch(pool, next..end));
            next = end;
        }
        let gas = send(node, &messages, tx_gas).await / u64::try_from(messages.len()).unwrap();
        // A fifth is kept back.
        messages_a_tx = usize::try_from(tx_gas / 5 * 4 / gas).unwrap().max(1);
        eprintln!("{next} of {borrowers} accounts are open, {} gas each", gas / u64::from(a_message));
    }
}

fn amount(denom: &str, amount: u128) -> Coin {
    Coin { denom: denom.to_owned(), amount }
}

/// One message that opens these accounts.
fn batch(pool: &str, ids: std::ops::Range<u32>) -> Execute {
    let total = COLLATERAL * u128::from(ids.end - ids.start);
    let open = |id: u32| {
        let borrow = Borrow {
            denom: "uusd".to_owned(),
            amount: Amount::new(DEBT).into(),
            recipient: None,
            account_id: Some(id),
            on_behalf_of: None,
        };
        let deposit = FromPurse { coin: coin(COLLATERAL, "uatom"), account_id: Some(id), on_behalf_of: None };
        [BatchAction::Deposit(deposit), BatchAction::Borrow(borrow)]
    };
    let message = ExecuteMsg::Batch { actions: ids.flat_map(open).collect(), callback: None };
    Execute::new(pool, &message, vec![amount("uatom", total)]).unwrap()
}

/// Sends, waits, and says how much gas it used.
async fn send(node: &Node, messages: &[Execute], gas: u64) -> u64 {
    let messages = node.execute_messages(messages).unwrap();
    node.sign_and_wait_with_gas(messages, gas).await.unwrap().ok().unwrap().gas_used
}

async fn bulk(node: &Node, pool: &str, head: &Head) -> Way {
    let (start, pages) = (Instant::now(), AtomicU64::new(0));
    let count = |_| _ = pages.fetch_add(1, Ordering::Relaxed);
    let book = Book::snapshot(node, pool, head.clone(), count).await.unwrap();
    assert_eq!(book.head, *head, "the node forgot the block");
    // Beside the pages: settings, markets, and a price each.
    let requests = pages.load(Ordering::Relaxed) + 2 + u64::try_from(book.assets.len()).unwrap();
    Way::since(start, requests, u64::try_from(book.accounts.len()).unwrap())
}

async fn all_state(grpc: String, pool: &str, head: &Head) -> Way {
    let mut client = QueryClient::connect(grpc).await.unwrap().max_decoding_message_size(64 << 20);
    let (start, mut requests, mut borrowers) = (Instant::now(), 0, 0);
    let mut key = Vec::new();
    loop {
        let pagination = Some(PageRequest { key, limit: STATE_PAGE, ..PageRequest::default() });
        let mut request = Request::new(QueryAllContractStateRequest { address: pool.to_owned(), pagination });
        request.metadata_mut().insert("x-cosmos-block-height", head.height.to_string().parse().unwrap());
        let answer = client.all_contract_state(request).await.unwrap().into_inner();
        requests += 1;
        let accounts = answer.models.iter().filter(|model| model.key.starts_with(&ACCOUNTS_PREFIX));
        let indebted = |value: &[u8]| !compact::decode::<Account>(value).unwrap().debts.is_empty();
        borrowers += u64::try_from(accounts.filter(|model| indebted(&model.value)).count()).unwrap();
        key = answer.pagination.map(|page| page.next_key).unwrap_or_default();
        if key.is_empty() {
            return Way::since(start, requests, borrowers);
        }
    }
}

async fn each(node: &Node, pool: &str, owner: &str, borrowers: u32, head: &Head) -> Way {
    let keys = (0..borrowers).map(|account_id| AccountKey { owner: owner.to_owned(), account_id });
    let (start, found) = (Instant::now(), Cell::new(0));
    stream::iter(keys)
        .for_each_concurrent(PAGES_AT_ONCE, |key| {
            let found = &found;
            async move {
                let question =
                    QueryMsg::UserPosition(UserAccount { user: key.owner, account_id: Some(key.account_id) });
                let position: UserPositionResponse = query(node, pool, &question, Some(head.height)).await.unwrap();
                found.set(found.get() + u64::from(!position.debts.is_empty()));
            }
        })
        .await;
    Way::since(start, borrowers.into(), found.get())
}
