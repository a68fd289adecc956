//! What one endpoint alone says: that the chain is another, that somebody else sends with the key, and up to which block it knows of no
//! transaction. And pages that never end, and pairs that answer what can't be.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::chain::{ChainReader, Head, TxSender, TxStatus};
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::dex::client::DexClient;
use plimsoll_keeper::error::{Class, Error, Result};
use plimsoll_keeper::monitor::Monitor;
use plimsoll_schema::oracle::SourcesResponse;
use plimsoll_testing::{LIQUIDATOR, UATOM, World};

use crate::support::bent::{Bend, Bent};
use crate::support::stage::Setup;

type Stage = crate::support::stage::Stage<Bent<Endpoints>>;

/// What the endpoint says that is asked first.
#[derive(Default)]
struct Endpoints {
    /// What all say of the newest block; the one that is asked first as well.
    heads: Mutex<Vec<Head>>,
    /// By how much the first one's sequence is too high, and that of which another says the same.
    more: AtomicU64,
    confirmed: AtomicU64,
    /// How many blocks the one is behind that looks transactions up.
    behind: AtomicU64,
    /// How many pages of sources were asked for; each leads on to another.
    pages: AtomicU64,
    /// A pair that something is wrong with.
    bad: Mutex<Option<(String, Bad)>>,
}

/// What may be wrong with a pair.
#[derive(Clone, Copy, Debug)]
enum Bad {
    /// It doesn't say its fee, and hardly anything is left of it.
    Drained,
    /// It answers in another form.
    Migrated,
    /// It refuses.
    Closed,
    /// What it holds and keeps can't be.
    Lies,
}

impl Bad {
    fn says(self, question: &str, answer: Vec<u8>) -> Result<Vec<u8>> {
        let mut honest: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        let key = |of: &str| question.contains(of);
        match self {
            Self::Drained if key("simulation") => {
                return Ok(br#"{"return_amount":"0","spread_amount":"0","commission_amount":"0"}"#.to_vec());
            }
            Self::Drained if key("config") => honest["params"] = serde_json::Value::Null,
            Self::Drained => {}
            Self::Migrated if key("pool") => honest = serde_json::json!({ "reserves": [] }),
            Self::Migrated => {}
            Self::Closed if key("pool") || key("config") => {
                return Err(Error::Query { what: question.to_owned(), reason: "it is closed".to_owned() });
            }
            Self::Closed => {}
            Self::Lies if key("pool") => {
                for asset in honest["assets"].as_array_mut().unwrap() {
                    asset["amount"] = u128::MAX.to_string().into();
                }
            }
            Self::Lies => {}
        }
        Ok(serde_json::to_vec(&honest).unwrap())
    }
}

impl Bend for Endpoints {
    fn heads(&self) -> Vec<Head> {
        self.heads.lock().unwrap().clone()
    }

    async fn answer(&self, world: &WorldChain, contract: &str, msg: Vec<u8>, height: Option<u64>) -> Result<Vec<u8>> {
        let said = String::from_utf8_lossy(&msg).into_owned();
        let sources = said.contains("\"sources\"");
        let bad = self.bad.lock().unwrap().as_ref().filter(|(of, _)| of == contract).map(|(_, bad)| *bad);
        if let Some(bad) = bad {
            return bad.says(&said, world.smart(contract, msg, height).await?);
        }
        let answer = world.smart(contract, msg, height).await?;
        if !sources {
            return Ok(answer);
        }
        let first = world.smart(contract, br#"{"sources":{}}"#.to_vec(), height).await?;
        let mut page: SourcesResponse = serde_json::from_slice(&first).unwrap();
        page.sources.truncate(1);
        page.sources[0].denom = format!("z{:09}", self.pages.fetch_add(1, SeqCst));
        Ok(serde_json::to_vec(&page).unwrap())
    }

    fn sequence(&self, real: u64) -> u64 {
        real + self.more.load(SeqCst)
    }

    fn confirmed_sequence(&self, real: u64) -> u64 {
        real + self.confirmed.load(SeqCst)
    }

    fn status(&self, real: TxStatus) -> TxStatus {
        match real {
            TxStatus::NotFound { height } => TxStatus::NotFound { height: height - self.behind.load(SeqCst) },
            included => included,
        }
    }
}

/// An account below health factor 1, and a keeper with plenty.
async fn stage(strategy: Strategy) -> Stage {
    Stage::bent(Setup { strategy, ..Setup::default() }, Endpoints::default()).await
}

#[tokio::test]
async fn a_reset_is_believed_when_no_half_of_the_endpoints_goes_on() {
    let s = stage(Strategy::default()).await;
    for _ in 0..30 {
        s.block(|_| Vec::new()).await;
    }
    let (chain, mut book) = (s.chain.inner(), s.keeper.book().clone());
    let head = s.world().head().await.unwrap();
    book.follow(chain, &head).await.unwrap();
    let at = |height: u64, time: u64| Head { height, time, ..head.clone() };
    let before = book.clone();
    for other in [at(3, head.time + 60), at(head.height + 1, head.time - 100)] {
        let on = at(head.height + 1, head.time + 5);
        // All that are heard, the first one included.
        for (heads, believed) in [
            (vec![], true),
            (vec![other.clone()], true),
            (vec![other.clone(), on.clone()], false),
            (vec![other.clone(), other.clone()], true),
            (vec![other.clone(), on.clone(), on.clone()], false),
            (vec![other.clone(), other.clone(), on.clone()], true),
            (vec![on.clone()], false),
        ] {
            *chain.heads.lock().unwrap() = heads.clone();
            let error = book.follow(chain, &other).await.unwrap_err();
            let reset = matches!(error, Error::Reset { .. }) && error.class() == Class::Halt;
            let waits = matches!(error, Error::Garbage { .. }) && error.class() == Class::Retry;
            assert_eq!((reset, waits), (believed, !believed), "{heads:?}: {error}");
            assert_eq!(book, before);
        }
    }
}

#[tokio::test]
async fn that_somebody_else_sends_is_believed_of_two_endpoints_and_not_of_one() {
    let mut s = stage(Strategy::default()).await;
    s.chain.inner().more.store(7, SeqCst);
    // From the start on, and later.
    for _ in 0..3 {
        s.next().await.unwrap();
    }
    assert_eq!(s.world().sequence().await.unwrap(), Some(1));
    s.chain.inner().confirmed.store(7, SeqCst);
    let error = s.next().await.unwrap_err();
    assert!(matches!(error, Error::KeyShared { expected: 1, found: 8, .. }), "{error}");
}

#[tokio::test]
async fn a_transaction_expires_by_the_height_of_who_does_not_find_it() {
    for behind in [0, 4, 12] {
        let mut s = stage(Strategy { timeout_blocks: 4, ..Strategy::default() }).await;
        s.chain.inner().behind.store(behind, SeqCst);
        s.script("broadcast always swallow");
        assert!(s.next().await.unwrap().sent.hash.is_some());
        let mut waited = 0;
        while s.keeper.in_flight() && waited < 40 {
            let tick = s.next().await.unwrap();
            waited += 1;
            if tick.failed.iter().any(|lost| lost.why == plimsoll_keeper::tx::FailureReason::Expired) {
                break;
            }
        }
        // Its timeout, two blocks for the index, and one past that.
        assert_eq!(waited, 4 + 2 + 1 + behind, "{behind} behind");
    }
}

#[tokio::test]
async fn pages_of_sources_that_lead_on_for_ever_are_left_and_the_block_is_done() {
    let mut s = stage(Strategy { publish_seconds: Some(1), ..Strategy::default() }).await;
    // What is sent at the first block has landed at the second: then the key is free.
    for _ in 0..3 {
        s.next().await.unwrap();
    }
    let pages = s.chain.inner().pages.load(SeqCst);
    assert!((100..=300).contains(&pages) && pages.is_multiple_of(100), "{pages}");
}

#[tokio::test]
async fn a_bad_pair_leaves_the_keeper_the_others_and_its_own_coins() {
    for (bad, silent) in [(Bad::Drained, 1), (Bad::Migrated, 1), (Bad::Closed, 1), (Bad::Lies, 0)] {
        // The pair that would do, for one with coins; another, for one with none.
        for (which, poor) in [(0, false), (1, true)] {
            let s = stage(Strategy::default()).await;
            let build = move |world: &mut World| {
                if poor {
                    let had = world.balance(LIQUIDATOR, plimsoll_testing::UUSD);
                    let coins = [plimsoll_testing::coin(had, plimsoll_testing::UUSD)];
                    drop(world.send(LIQUIDATOR, "sink", &coins).unwrap());
                }
                let pairs = [(UATOM, plimsoll_testing::UUSD), (UATOM, plimsoll_testing::AETH)];
                let pairs = pairs.map(|(a, b)| world.pair(a, b, 1_000_000).into_string());
                (world.liquidator().into_string(), pairs, world.pool().to_string())
            };
            let (liquidator, pairs, pool) = s.world().with(build).await.unwrap();
            *s.chain.inner().bad.lock().unwrap() = Some((pairs[which].clone(), bad));
            let dex_client = DexClient::open(s.chain.inner(), &pool, &liquidator, &pairs).await.unwrap();
            let dex = dex_client.read(s.chain.inner(), None).await.unwrap();
            assert_eq!((dex.pairs.len(), dex_client.silent()), (2 - silent, silent), "{bad:?}");
            let monitor = Monitor::default();
            let head = s.block(|_| Vec::new()).await;
            let mut keeper = s.keeper.with_dex(Some(dex_client)).watched(monitor.clone());
            let tick = keeper.on_block(&head).await.unwrap();
            assert_eq!(tick.sent.actions.len(), 1, "{bad:?}");
            assert_eq!(tick.sent.actions[0].sent().is_none(), poor, "{bad:?}");
            assert_eq!(monitor.metrics().silent_pairs.get(), silent as i64);
        }
    }
}

#[tokio::test]
async fn a_pair_that_answers_again_after_all_refused_is_used_again() {
    let s = stage(Strategy::default()).await;
    let build = |world: &mut World| {
        let pair = world.pair(UATOM, plimsoll_testing::UUSD, 1_000_000).into_string();
        (world.liquidator().into_string(), pair, world.pool().to_string())
    };
    let (liquidator, pair, pool) = s.world().with(build).await.unwrap();
    let dex_client = DexClient::open(s.chain.inner(), &pool, &liquidator, std::slice::from_ref(&pair)).await.unwrap();
    for bad in [Bad::Closed, Bad::Migrated] {
        *s.chain.inner().bad.lock().unwrap() = Some((pair.clone(), bad));
        assert_eq!((dex_client.read(s.chain.inner(), None).await.unwrap().pairs.len(), dex_client.silent()), (0, 1));
        *s.chain.inner().bad.lock().unwrap() = None;
        assert_eq!((dex_client.read(s.chain.inner(), None).await.unwrap().pairs.len(), dex_client.silent()), (1, 0));
    }
}
