//! A snapshot against a pool whose list of borrowers is known here: nobody is left out or counted twice, whatever the node's limits are.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::SeqCst};

use plimsoll_keeper::book::Book;
use plimsoll_keeper::book::audit::Dice;
use plimsoll_keeper::book::snapshot::RESTARTS_MAX;
use plimsoll_keeper::book::sync::{BookConfig, BookSync};
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::chain::{ChainReader, Head};
use plimsoll_keeper::error::{Class, Error, Result};
use plimsoll_risk::account::{Account, Collateral, Debt};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{ScaledDebt, SupplyShares};
use plimsoll_schema::pool::{AccountKey, AccountRecord, AccountsPage, AccountsResponse, QueryMsg};
use plimsoll_testing::{LIQUIDATOR, World};
use serde_json::{Value, json};

use crate::support::bent::{Bend, Bent};

type Spoil = fn(&mut Value);

/// A node whose pool has these borrowers.
type Node = Bent<Borrowers>;

/// What a pool would answer with these borrowers, in front of a world that answers everything else.
struct Borrowers {
    pool: String,
    /// By the bytes of the storage key.
    borrowers: BTreeMap<Vec<u8>, AccountRecord>,
    /// More accounts than this exceed the node's gas limit.
    most: u32,
    /// At which pages it forgets the present block.
    forgets: fn(u32) -> bool,
    height: AtomicU64,
    /// The first block whose results it still has.
    results_from: u64,
    /// What it says was the time of any earlier block.
    time_then: Option<u64>,
    pages: AtomicU32,
    running: AtomicUsize,
    together: AtomicUsize,
    asked: Mutex<Vec<u32>>,
    /// What becomes of an answer on its way.
    spoil: Spoil,
}

/// cw-storage-plus: the first part with its length before it, then the second.
fn storage_key(key: &AccountKey) -> Vec<u8> {
    let length = u16::try_from(key.owner.len()).unwrap().to_be_bytes();
    [&length[..], key.owner.as_bytes(), &key.account_id.to_be_bytes()].concat()
}

fn account(debt: u128) -> Account {
    Account {
        collaterals: vec![Collateral { asset: AssetId(1), shares: SupplyShares::new(debt * 7), enabled: true }],
        debts: vec![Debt { asset: AssetId(0), scaled: ScaledDebt::new(debt) }],
        ..Account::default()
    }
}

impl Node {
    async fn new(keys: impl IntoIterator<Item = (String, u32)>) -> Self {
        let world = WorldChain::start(LIQUIDATOR, || World::builder().lent(1_000_000).build()).await.unwrap();
        let pool = world.with(|world| world.pool().to_string()).await.unwrap();
        let height = world.head().await.unwrap().height;
        let record = |(n, (owner, account_id)): (u128, (String, u32))| {
            let key = AccountKey { owner, account_id };
            (storage_key(&key), AccountRecord { key, account: account(n + 1) })
        };
        let bend = Borrowers {
            pool,
            borrowers: (0..).zip(keys).map(record).collect(),
            most: 1_000,
            forgets: |_| false,
            height: AtomicU64::new(height),
            results_from: 0,
            time_then: None,
            pages: AtomicU32::new(0),
            running: AtomicUsize::new(0),
            together: AtomicUsize::new(0),
            asked: Mutex::default(),
            spoil: |_| {},
        };
        Self { world, bend }
    }

    /// The same with something set.
    async fn with(keys: impl IntoIterator<Item = (String, u32)>, set: impl FnOnce(&mut Borrowers)) -> Self {
        let mut node = Self::new(keys).await;
        set(&mut node);
        node
    }

    async fn snapshot(&self) -> Result<Book> {
        Book::first(self, &self.pool, self.head().await.unwrap(), |_| {}).await
    }

    fn assert_whole(&self, book: &Book) {
        assert_eq!(book.accounts.len(), self.borrowers.len());
        for AccountRecord { key, account } in self.borrowers.values() {
            assert_eq!(book.accounts.get(key), Some(account), "{key:?}");
        }
    }
}

impl Borrowers {
    fn page(&self, start_after: Option<AccountKey>, limit: u32) -> Result<Vec<u8>> {
        self.asked.lock().unwrap().push(limit);
        let pages = self.pages.fetch_add(1, SeqCst) + 1;
        if (self.forgets)(pages) {
            self.height.fetch_add(5, SeqCst);
        }
        if limit > self.most {
            return Err(Error::Query { what: "borrowers".to_owned(), reason: "out of gas".to_owned() });
        }
        let after = start_after.map(|key| storage_key(&key)).unwrap_or_default();
        let later = self.borrowers.range(after.clone()..).filter(|(key, _)| **key != after);
        let accounts = later.take(limit.try_into().unwrap()).map(|(_, record)| record.clone()).collect();
        let mut answer = serde_json::to_value(AccountsResponse { accounts }).unwrap();
        (self.spoil)(&mut answer);
        Ok(serde_json::to_vec(&answer).unwrap())
    }
}

impl Bend for Borrowers {
    fn head(&self, real: Head) -> Head {
        Head { height: self.height.load(SeqCst), ..real }
    }

    fn head_at(&self, height: u64, newest: Head) -> Option<Head> {
        self.time_then.map(|time| Head { height, time, ..newest })
    }

    fn height(&self, _: Option<u64>) -> Option<u64> {
        None
    }

    async fn answer(&self, world: &WorldChain, contract: &str, msg: Vec<u8>, height: Option<u64>) -> Result<Vec<u8>> {
        if height.is_some_and(|height| height < self.height.load(SeqCst)) {
            return Err(Error::Query { what: contract.to_owned(), reason: "version does not exist".to_owned() });
        }
        let question = serde_json::from_slice(&msg);
        let Ok(QueryMsg::Borrowers(AccountsPage { start_after, limit })) = question else {
            return world.smart(contract, msg, None).await;
        };
        let running = self.running.fetch_add(1, SeqCst) + 1;
        self.together.fetch_max(running, SeqCst);
        tokio::task::yield_now().await;
        self.running.fetch_sub(1, SeqCst);
        self.page(start_after, limit.unwrap_or(100))
    }

    fn has_events(&self, height: u64) -> Result<()> {
        if height < self.results_from {
            return Err(Error::Query { what: "block_results".to_owned(), reason: format!("{height} is pruned") });
        }
        Ok(())
    }
}

/// An address-like text: as long as asked for, letters by chance.
fn address(seed: u64, length: usize) -> String {
    let letters = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let mut state = seed;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(letters[usize::try_from(state >> 59).unwrap()])
    };
    format!("wasm1{}", (0..length).map(|_| letter()).collect::<String>())
}

fn one_owner(count: u32) -> Vec<(String, u32)> {
    (0..count).map(|id| (address(1, 38), id)).collect()
}

/// Users, contracts with longer addresses, and some owners of many accounts, sparse and dense.
fn mixed(count: u64) -> Vec<(String, u32)> {
    let single = (0..count).map(|n| (address(n, if n % 5 == 0 { 58 } else { 38 }), 0));
    let dense = (0..count / 2).map(|id| (address(3, 38), u32::try_from(id).unwrap()));
    let sparse = (0..count / 2).map(|id| (address(9_999, 38), u32::try_from(id).unwrap() * 1_000_003));
    let last = [(address(3, 38), u32::MAX), (address(5, 58), u32::MAX)];
    single.chain(dense).chain(sparse).chain(last).collect()
}

#[tokio::test]
async fn nobody_is_left_out_or_counted_twice() {
    for keys in [vec![], one_owner(1), one_owner(999), one_owner(1_000), one_owner(5_432), mixed(2_000), mixed(30)] {
        for most in [1_000, 260, 40] {
            let node = Node::with(keys.clone(), |node| node.most = most).await;
            let book = node.snapshot().await.unwrap();
            node.assert_whole(&book);
        }
    }
}

#[tokio::test]
async fn a_small_market_takes_one_page_and_a_large_one_several_at_once() {
    let node = Node::new(mixed(30)).await;
    node.snapshot().await.unwrap();
    assert_eq!((node.pages.load(SeqCst), node.together.load(SeqCst)), (1, 1));
    // An owner who fills pages: one for each thousand, and a few past the end.
    let node = Node::new(one_owner(20_000)).await;
    node.snapshot().await.unwrap();
    let pages = node.pages.load(SeqCst);
    assert!((20..=30).contains(&pages) && node.together.load(SeqCst) == 4, "{pages}");
    // Many owners: not many more pages than letters in their addresses.
    let node = Node::new((0..20_000).map(|n| (address(n, 38), 0))).await;
    node.snapshot().await.unwrap();
    let pages = node.pages.load(SeqCst);
    assert!(pages <= 20 + 34 && node.together.load(SeqCst) == 4, "{pages}");
}

#[tokio::test]
async fn an_audit_asks_for_fewer_where_the_gas_limit_allows_no_more() {
    let node = Node::with(one_owner(100), |node| node.most = 20).await;
    let mut book = node.snapshot().await.unwrap();
    node.asked.lock().unwrap().clear();
    let audit = book.audit(&node, 128, &mut Dice::seeded(7)).await.unwrap();
    assert_eq!(*node.asked.lock().unwrap(), [64, 32, 16]);
    assert!(audit.accounts >= 64, "{audit:?}");
}

#[tokio::test]
async fn a_page_above_the_gas_limit_is_halved_and_the_size_grows_again_below_it() {
    let node = Node::with(one_owner(20_000), |node| node.most = 300).await;
    let book = node.snapshot().await.unwrap();
    node.assert_whole(&book);
    let asked = node.asked.lock().unwrap().clone();
    let failed = asked.iter().filter(|limit| **limit > 300).count();
    assert!(failed <= 20, "{failed} of {}", asked.len());
    assert!(asked.iter().any(|limit| (251..=300).contains(limit)), "it never grew");
    assert!(asked.len() < 120, "{}", asked.len());

    // Where not even the least page goes through, that is the error.
    let node = Node::with(one_owner(20), |node| node.most = 5).await;
    let error = node.snapshot().await.unwrap_err();
    assert!(matches!(&error, Error::Query { reason, .. } if reason == "out of gas"), "{error}");
}

// The snapshot's height is pruned; it restarts at a newer one.
#[tokio::test]
async fn case_05_a_forgotten_height_is_left_for_a_newer_one_but_not_for_ever() {
    let node = Node::with(one_owner(12_000), |node| node.forgets = |page| [4, 10].contains(&page)).await;
    let before = node.head().await.unwrap().height;
    let book = node.snapshot().await.unwrap();
    node.assert_whole(&book);
    assert_eq!(book.head.height, before + 10);

    let node = Node::with(one_owner(12_000), |node| node.forgets = |page| page.is_multiple_of(4)).await;
    let error = node.snapshot().await.unwrap_err();
    assert!(matches!(error, Error::Pruned { times: RESTARTS_MAX, .. }), "{error}");
    assert_eq!(error.class(), Class::Retry);

    // From the start: what was asked for is gone already.
    let node = Node::new(mixed(30)).await;
    let head = node.head().await.unwrap();
    node.height.fetch_add(30, SeqCst);
    let book = Book::first(&node, &node.pool, head.clone(), |_| {}).await.unwrap();
    assert_eq!(book.head.height, head.height + 30);
}

// Blocks that nobody announced are found by their heights and filled.
#[tokio::test]
async fn a_gap_is_filled_from_results_or_read_anew_when_they_are_gone() {
    let mut node = Node::new(mixed(300)).await;
    let head = node.head().await.unwrap();
    let mut book = node.snapshot().await.unwrap();
    // What nobody tells of isn't read: the list grows without an event.
    let key = AccountKey { owner: address(77, 38), account_id: 5 };
    node.borrowers.insert(storage_key(&key), AccountRecord { key: key.clone(), account: account(9) });
    let later = Head { height: head.height + 40, time: head.time + 200, ..head.clone() };
    node.height.store(later.height, SeqCst);
    let mut filled = book.clone();
    let delta = filled.follow(&node, &later).await.unwrap();
    assert_eq!((delta.whole, delta.filled, filled.accounts.contains_key(&key)), (false, 39, false));
    assert_eq!(filled.head, later);
    // Nothing but the whole book tells what happened in a block whose results are gone.
    node.results_from = head.height + 2;
    let delta = book.follow(&node, &later).await.unwrap();
    assert!(delta.whole && book.head == later);
    node.assert_whole(&book);
}

#[tokio::test]
async fn a_stored_block_that_is_not_the_chains_is_of_a_chain_that_was_reset() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("reset-{}.redb", std::process::id()));
    let aside = file.with_extension("redb.other-1");
    _ = (std::fs::remove_file(&file), std::fs::remove_file(&aside));
    let mut node = Node::new(mixed(30)).await;
    let head = node.head().await.unwrap();
    let open = async |node: &Node| {
        BookSync::open(BookConfig::default(), Some(&file), node, &node.pool, head.clone(), |_| {}).await.unwrap()
    };
    drop(open(&node).await);
    let pages = node.pages.load(SeqCst);
    node.time_then = Some(head.time);
    drop(open(&node).await);
    assert_eq!((node.pages.load(SeqCst), aside.exists()), (pages, false), "the stored book is the chain's");
    node.time_then = Some(head.time - 3);
    let (_shelf, book) = open(&node).await;
    assert!(node.pages.load(SeqCst) > pages && aside.exists());
    node.assert_whole(&book);
}

#[tokio::test]
async fn answers_that_can_not_be_are_refused() {
    let spoils: [(&str, Spoil); 9] = [
        ("a negative amount", |answer| answer["accounts"][0]["account"]["debts"][0]["scaled"] = json!("-5")),
        ("an amount that is no number", |answer| answer["accounts"][0]["account"]["debts"][0]["scaled"] = json!("1e9")),
        ("an amount beyond 128 bits", |answer| {
            answer["accounts"][0]["account"]["debts"][0]["scaled"] = json!("340282366920938463463374607431768211456");
        }),
        ("an asset that isn't listed", |answer| answer["accounts"][0]["account"]["debts"][0]["asset"] = json!(77)),
        ("an asset twice", |answer| {
            let slot = answer["accounts"][0]["account"]["collaterals"][0].clone();
            answer["accounts"][0]["account"]["collaterals"].as_array_mut().unwrap().push(slot);
        }),
        ("an account twice", |answer| {
            let record = answer["accounts"][0].clone();
            answer["accounts"].as_array_mut().unwrap().insert(0, record);
        }),
        ("accounts out of order", |answer| answer["accounts"].as_array_mut().unwrap().reverse()),
        ("no accounts", |answer| *answer = json!({})),
        ("a text", |answer| *answer = json!("borrowers")),
    ];
    for (what, spoil) in spoils {
        let node = Node::with(mixed(30), |node| node.spoil = spoil).await;
        let error = node.snapshot().await.expect_err(what);
        assert!(matches!(error, Error::Garbage { .. }) && error.class() == Class::Retry, "{what}: {error}");
    }
}
