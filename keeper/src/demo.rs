//! `demo`: a scenario on the embedded chain, played through the very pipeline that runs on a real one.

pub mod scenario;
pub mod screen;
pub mod setup;
pub mod summary;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_risk::units::Price;
use plimsoll_schema::pool::{Listed, QueryMsg, SolvencyResponse};
use serde_json::json;

use crate::book::Book;
use crate::chain::simulated::WorldChain;
use crate::chain::{ChainReader, Head, query};
use crate::config::Strategy;
use crate::demo::scenario::{Scenario, Step};
use crate::demo::screen::Screen;
use crate::demo::summary::Summary;
use crate::dex::client::DexClient;
use crate::error::{Error, Result};
use crate::keeper::{BlockReport, Keeper};
use crate::output::print_event;
use crate::tx::journal::Journal;

/// At most so many blocks pass until the keeper has done all that a price asks for.
const BLOCKS_MAX: usize = 200;
/// Seconds from one block to the next.
const BLOCK_SECONDS: u64 = 5;

/// Plays a scenario. Errors when it ends insolvent.
pub async fn demo(scenario: Option<&Path>, json: bool) -> Result<()> {
    let scenario = Scenario::read(scenario)?;
    let summary = play(&scenario, if json { Output::Json } else { Output::Screen }).await?;
    if json {
        print_event("summary", &summary)?;
    }
    if summary.solvent {
        return Ok(());
    }
    Err(Error::DoesNotHold("the market is not solvent: its books don't balance".to_owned()))
}

/// Where a scenario is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// On the terminal, for people.
    Screen,
    /// As JSON, one object a line.
    Json,
    /// Nowhere.
    Silent,
}

/// Plays a scenario to its end and says how it ended.
pub async fn play(scenario: &Scenario, output: Output) -> Result<Summary> {
    let (chain, dex) = setup::build(scenario).await?;
    let chain = Arc::new(chain);
    let pool = chain.with(|world| world.pool().to_string()).await?;
    let book = Book::snapshot(&*chain, &pool, chain.head().await?, |_| {}).await?;
    let journal = JournalFile::new()?;
    let dex_client = DexClient::open(&*chain, &pool, &dex.liquidator, &dex.pairs).await?;
    let keeper =
        Keeper::new(chain.clone(), book, Strategy::default(), Some(Journal::open(&journal.0.join("journal.jsonl"))?))?
            .with_dex(Some(dex_client));
    let screen = Screen::new(scenario, owners(&chain, scenario).await?);
    let prices = scenario.assets.iter().map(|asset| (asset.denom.clone(), asset.price.price())).collect();
    let summary = Summary::new(scenario.accounts.len());
    let mut play = Play { chain, keeper, pairs: dex.pairs, screen, output, prices, summary };
    play.whole(scenario).await
}

/// The names of the scenario's people, by address.
async fn owners(chain: &WorldChain, scenario: &Scenario) -> Result<BTreeMap<String, String>> {
    let names: Vec<String> = scenario.accounts.iter().map(|account| account.name.clone()).collect();
    chain
        .with(move |world| names.into_iter().map(|name| (world.addr(name.as_str()).into_string(), name)).collect())
        .await
}

struct Play {
    chain: Arc<WorldChain>,
    keeper: Keeper<WorldChain>,
    pairs: Vec<String>,
    screen: Screen,
    output: Output,
    prices: BTreeMap<String, Price>,
    summary: Summary,
}

impl Play {
    async fn whole(&mut self, scenario: &Scenario) -> Result<Summary> {
        self.show(|screen| screen.opening());
        let head = self.chain.head().await?;
        let tick = self.tick(&head).await?;
        let verdicts = tick.scan.verdicts(self.keeper.book());
        self.show(|screen| screen.book(&verdicts));
        self.settle(&tick).await?;
        for (number, step) in scenario.steps.iter().enumerate() {
            if crate::output::closed() {
                break;
            }
            self.step(number + 1, step).await?;
        }
        self.close().await?;
        Ok(self.summary.clone())
    }

    async fn step(&mut self, number: usize, step: &Step) -> Result<()> {
        let before = self.prices.clone();
        self.prices.extend(step.prices.iter().map(|(denom, price)| (denom.clone(), price.price())));
        let all = self.prices.clone().into_iter().collect();
        let head = setup::prices(&self.chain, step.seconds.unwrap_or(60), all, self.pairs.clone()).await?;
        let tick = self.tick(&head).await?;
        let after = self.prices.clone();
        self.show(|screen| screen.step(number, &step.title, &before, &after));
        let verdicts = tick.scan.verdicts(self.keeper.book());
        self.show(|screen| screen.book(&verdicts));
        self.show(|screen| screen.skipped(&tick.plan.skipped));
        if self.output == Output::Json {
            let below = tick.scan.count_liquidatable();
            print_event("step", &json!({ "step": number, "height": head.height, "liquidatable": below }))?;
        }
        self.settle(&tick).await
    }

    /// Makes blocks until the keeper has nothing left to do.
    async fn settle(&mut self, first: &BlockReport) -> Result<()> {
        let mut busy = first.sent.hash.is_some();
        for _ in 0..BLOCKS_MAX {
            if !busy && !self.keeper.in_flight() {
                return Ok(());
            }
            let pairs = self.pairs.clone();
            let arbitrage = move |world: &mut plimsoll_testing::World| {
                setup::arbitrage(world, &pairs);
                Ok(Vec::new())
            };
            let made = self.chain.block(BLOCK_SECONDS, arbitrage).await?;
            let head = made.map_err(|error| Error::Config(error.to_string()))?;
            let tick = self.tick(&head).await?;
            self.show(|screen| screen.skipped(&tick.plan.skipped));
            busy = tick.sent.hash.is_some();
        }
        Ok(())
    }

    async fn tick(&mut self, head: &Head) -> Result<BlockReport> {
        let tick = self.keeper.on_block(head).await?;
        self.summary.take(&tick);
        for done in &tick.settled {
            self.show(|screen| screen.settled(done));
            if self.output == Output::Json {
                print_event("settled", &json!({ "settled": done }))?;
            }
        }
        for failure in &tick.failures {
            self.show(|screen| screen.item_failed(&failure.account, &failure.reason));
        }
        for lost in &tick.failed {
            self.show(|screen| screen.failed(&lost.reason));
        }
        Ok(tick)
    }

    async fn close(&mut self) -> Result<()> {
        let mut markets = Vec::new();
        let pool = self.keeper.book().addresses.pool.clone();
        for (id, asset) in &self.keeper.book().assets {
            let id = *id;
            let denom = asset.params.denom.clone();
            let judged = denom.clone();
            self.summary.solvent &= self.chain.with(move |world| summary::proves(world, id, &judged)).await?;
            let question = QueryMsg::Solvency(Listed { denom: denom.clone() });
            let market: SolvencyResponse = query(&*self.chain, &pool, &question, None).await?;
            self.summary.solvent &= summary::balances(&market);
            markets.push((denom, market));
        }
        let summary = self.summary.clone();
        self.show(|screen| screen.closing(&markets, &summary));
        Ok(())
    }

    fn show(&self, show: impl FnOnce(&Screen)) {
        if self.output == Output::Screen {
            show(&self.screen);
        }
    }
}

/// A directory of our own with a journal, for the time of a demo.
struct JournalFile(PathBuf);

impl JournalFile {
    fn new() -> Result<Self> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let now =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
        let path = std::env::temp_dir().join(format!("plimsoll-demo-{}-{number}-{now}", std::process::id()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        // Not one that is there already, whoever made it.
        builder.create(&path).map_err(|error| Error::file(&path, error))?;
        Ok(Self(path))
    }
}

impl Drop for JournalFile {
    fn drop(&mut self) {
        // What is left of a demo is of no use; a file that can't be removed does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
