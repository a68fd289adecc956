//! A market on the in-process chain and a keeper of it, with faults between them by a script; and what must hold at the
//! end of a case.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use plimsoll_keeper::book::Book;
use plimsoll_keeper::book::sync::BookSync;
use plimsoll_keeper::chain::faulty::Faulty;
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::chain::{Chain, ChainReader, Coin, Head, TxSender};
use plimsoll_keeper::config::{BookConfig, Strategy};
use plimsoll_keeper::dex::client::DexClient;
use plimsoll_keeper::error::Result;
use plimsoll_keeper::keeper::{BlockReport, Keeper};
use plimsoll_keeper::tx::journal::Journal;
use plimsoll_testing::{AETH, ALICE, Addr, AppResponse, FEEDERS, LIQUIDATOR, UATOM, UUSD, World};

use crate::support::bent::{Bend, Bent};
use crate::support::files::fresh;

pub const PLENTY: u128 = 1_000_000_000_000;
const UNAUDITED: BookConfig = BookConfig { gap_max: 1_000, audit_accounts: 0, audit_seconds: 60, audit_rebuild: 5 };
pub const GAS: &str = "ugas";

pub type FaultyWorld = Faulty<WorldChain>;

/// What happens to a market before its prices fall; the pairs that it names are sold in.
pub type Market = Arc<dyn Fn(&mut World) -> Vec<Addr> + Send + Sync>;

/// What a case starts with: ATOM at `price`, after borrowing at 10.
#[derive(Clone)]
pub struct Setup {
    /// Accounts of ALICE from 0 on.
    pub accounts: u32,
    /// How many ATOM the account of this number has; it owes 6.90 for each.
    pub atoms: fn(u32) -> u128,
    /// What the keeper holds of uusd.
    pub held: u128,
    /// What each side of a pair of ATOM is worth; without one there is no liquidator either.
    pub pair: u64,
    pub price: &'static str,
    /// What else there is.
    pub market: Market,
    /// What the keeper has of [`GAS`]; `None` for gas that costs nothing.
    pub gas_money: Option<u128>,
    /// What a unit of gas costs, if anything, and in which denom.
    pub gas_price: (u128, &'static str),
    pub strategy: Strategy,
    /// How the book is looked after; not at all unless told so, since an audit would mend what a case leaves wrong on purpose.
    pub settings: BookConfig,
    /// Whether the book is in a file.
    pub on_disk: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let strategy = Strategy { timeout_blocks: 4, ..Strategy::default() };
        Self {
            accounts: 1,
            atoms: |_| 100,
            held: PLENTY,
            pair: 0,
            price: "9",
            market: Arc::new(|_| Vec::new()),
            gas_money: None,
            gas_price: (1, GAS),
            strategy,
            settings: UNAUDITED,
            on_disk: false,
        }
    }
}

/// The same without money of its own, but a pair to sell in.
pub fn without_inventory(accounts: u32) -> Setup {
    Setup { accounts, held: 0, pair: 10_000_000, ..Setup::default() }
}

/// A keeper and its chain; `C` is what the script's faults stand in front of.
pub struct Stage<C = WorldChain> {
    pub setup: Setup,
    pub chain: Arc<Faulty<C>>,
    pub keeper: Keeper<Faulty<C>>,
    pub pool: String,
    pub liquidator: Option<(String, Vec<String>)>,
    pub directory: Directory,
}

/// A directory of a case's own, removed at its end.
pub struct Directory(pub PathBuf);

impl Directory {
    pub fn new() -> Self {
        let path = fresh("keeper");
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn book(&self) -> PathBuf {
        self.0.join("book.redb")
    }

    pub fn journal(&self) -> PathBuf {
        self.0.join("journal.jsonl")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn build(setup: &Setup) -> World {
    // A sale costs as much as the network files say.
    let mut world = World::builder().edit(UATOM, |asset| asset.params.sale_cost = None).lent(1_000_000).build();
    for denom in [UUSD, UATOM, AETH] {
        let had = world.balance(LIQUIDATOR, denom);
        world.send(LIQUIDATOR, "sink", &[plimsoll_testing::coin(had, denom)]).unwrap();
    }
    if setup.held > 0 {
        world.mint(LIQUIDATOR, UUSD, setup.held);
    }
    if let Some(money) = setup.gas_money.filter(|money| *money > 0) {
        world.mint(LIQUIDATOR, GAS, money);
    }
    for n in 0..setup.accounts {
        let atoms = (setup.atoms)(n);
        world.mint(ALICE, UATOM, atoms * 1_000_000);
        world.deposit((ALICE, n), UATOM, atoms * 1_000_000).unwrap();
        world.borrow((ALICE, n), UUSD, atoms * 6_900_000).unwrap();
    }
    world
}

/// What else there is, then the price; the pairs in which the keeper sells.
fn open(setup: &Setup, world: &mut World) -> Vec<String> {
    let mut pairs = (setup.market)(world);
    pairs.extend((setup.pair > 0).then(|| world.pair(UATOM, UUSD, setup.pair)));
    world.set_price(UATOM, setup.price);
    pairs.iter().for_each(|pair| world.arbitrage(pair));
    pairs.into_iter().map(Addr::into_string).collect()
}

async fn market(setup: &Setup) -> (WorldChain, Vec<String>) {
    let (built, opened) = (setup.clone(), setup.clone());
    let world = WorldChain::start(LIQUIDATOR, move || build(&built)).await.unwrap();
    let pairs = world.with(move |world| open(&opened, world)).await.unwrap();
    (world, pairs)
}

/// A chain over a world that tests act on.
pub trait OverWorld: Chain {
    fn world(&self) -> &WorldChain;
}

impl OverWorld for WorldChain {
    fn world(&self) -> &WorldChain {
        self
    }
}

impl<B: Bend> OverWorld for Bent<B> {
    fn world(&self) -> &WorldChain {
        &self.world
    }
}

impl Stage {
    pub async fn new(setup: Setup) -> Self {
        let world = market(&setup).await;
        Self::over(setup, world, |world| world).await
    }

    /// A keeper of another market, in which it sells nothing.
    pub async fn of(build: impl FnOnce() -> World + Send + 'static, setup: Setup) -> Self {
        let world = WorldChain::start(LIQUIDATOR, build).await.unwrap();
        Self::over(setup, (world, Vec::new()), |world| world).await
    }

    /// A keeper from what is on disk.
    pub async fn started(
        setup: Setup,
        chain: Arc<FaultyWorld>,
        pool: String,
        liquidator: Option<(String, Vec<String>)>,
        directory: Directory,
    ) -> Self {
        chain.play(Default::default());
        let keeper = self::keeper(&chain, &setup, &pool, liquidator.as_ref(), &directory).await;
        Self { setup, chain, keeper, pool, liquidator, directory }
    }

    /// The keeper dies, and another starts from what is on disk.
    pub async fn restart(self) -> Self {
        let Self { setup, chain, keeper, pool, liquidator, directory } = self;
        drop(keeper);
        Self::started(setup, chain, pool, liquidator, directory).await
    }
}

impl<B: Bend> Stage<Bent<B>> {
    /// The same over a world that is bent.
    pub async fn bent(setup: Setup, bend: B) -> Self {
        let world = market(&setup).await;
        Self::over(setup, world, |world| Bent { world, bend }).await
    }
}

impl<C: OverWorld> Stage<C> {
    async fn over(
        setup: Setup,
        (mut world, pairs): (WorldChain, Vec<String>),
        chain: impl FnOnce(WorldChain) -> C,
    ) -> Self {
        if setup.gas_money.is_some() {
            let (amount, denom) = setup.gas_price;
            world = world.with_gas_price(Coin { denom: denom.to_owned(), amount }).await.unwrap();
        }
        let addresses = move |world: &mut World| {
            let liquidator = (!pairs.is_empty()).then(|| (world.liquidator().into_string(), pairs));
            (world.pool().to_string(), liquidator)
        };
        let (pool, liquidator) = world.with(addresses).await.unwrap();
        let chain = Arc::new(Faulty::new(chain(world), Default::default()));
        let directory = Directory::new();
        let keeper = keeper(&chain, &setup, &pool, liquidator.as_ref(), &directory).await;
        Self { setup, chain, keeper, pool, liquidator, directory }
    }

    pub fn world(&self) -> &WorldChain {
        self.chain.inner().world()
    }

    /// What goes wrong from now on.
    pub fn script(&self, text: &str) {
        self.chain.play(text.parse().unwrap());
    }

    /// The keeper's work at the present block.
    pub async fn tick(&mut self) -> Result<BlockReport> {
        let head = self.world().head().await?;
        self.keeper.on_block(&head).await
    }

    /// The next block, in which this happens after the keeper's transactions.
    pub async fn block(&self, act: impl FnOnce(&mut World) -> Vec<AppResponse> + Send + 'static) -> Head {
        self.world().block(5, |world| Ok(act(world))).await.unwrap().unwrap()
    }

    /// The next block, in which this happens before the keeper's transactions.
    pub async fn block_after(&self, act: impl FnOnce(&mut World) -> Vec<AppResponse> + Send + 'static) -> Head {
        let said = self.world().with(act).await.unwrap();
        self.block(|_| said).await
    }

    /// The next block, and the keeper's work at it.
    pub async fn next(&mut self) -> Result<BlockReport> {
        self.block(|_| Vec::new()).await;
        self.tick().await
    }

    /// Blocks until nothing is left to be done: how many ticks, and all that settled.
    pub async fn finish(&mut self) -> Vec<BlockReport> {
        let mut ticks = Vec::new();
        for _ in 0..100 {
            let tick = self.next().await.unwrap();
            let idle = tick.sent.hash.is_none() && tick.also.iter().all(|sent| sent.hash.is_none());
            let done = idle && !self.keeper.in_flight() && self.below_one().await == 0;
            ticks.push(tick);
            if done {
                return ticks;
            }
        }
        panic!("after 100 blocks {} accounts are below 1", self.below_one().await);
    }

    pub async fn below_one(&self) -> usize {
        self.world().with(|world| world.liquidatable().len()).await.unwrap()
    }

    pub async fn fresh_book(&self) -> Book {
        let head = self.world().head().await.unwrap();
        Book::snapshot(self.world(), &self.pool, head, |_| {}).await.unwrap()
    }

    pub async fn held(&self, denom: &'static str) -> u128 {
        self.world().with(move |world| world.balance(LIQUIDATOR, denom)).await.unwrap()
    }

    /// Nothing was sent twice, and everything that was sent is written down: the key's sequence is the number of its transactions in
    /// blocks, and these are the intents that the journal says were in blocks. Answers with how many.
    pub async fn sent_once(&self) -> usize {
        let included = self.world().included().await.unwrap();
        let sequence = self.world().sequence().await.unwrap().unwrap();
        assert_eq!(sequence, included.len() as u64);
        let journal = journal_of(&self.directory.journal());
        let landed: BTreeSet<&String> = journal
            .iter()
            .filter(|(_, fate)| ["settled", "failed"].contains(&fate.as_str()))
            .map(|(hash, _)| hash)
            .collect();
        assert_eq!(landed, included.keys().collect::<BTreeSet<_>>(), "{journal:?}");
        included.len()
    }
}

async fn keeper<C: OverWorld>(
    chain: &Arc<Faulty<C>>,
    setup: &Setup,
    pool: &str,
    liquidator: Option<&(String, Vec<String>)>,
    directory: &Directory,
) -> Keeper<Faulty<C>> {
    let head = chain.inner().head().await.unwrap();
    let file = setup.on_disk.then(|| directory.book());
    let (sync, book) =
        BookSync::open(setup.settings, file.as_deref(), chain.inner(), pool, head, |_| {}).await.unwrap();
    let dex_client = match liquidator {
        Some((liquidator, pairs)) => Some(DexClient::open(chain.inner(), pool, liquidator, pairs).await.unwrap()),
        None => None,
    };
    let journal = Journal::open(&directory.journal()).unwrap();
    let keeper = Keeper::new(chain.clone(), book, setup.strategy.clone(), Some(journal)).unwrap();
    keeper.with_dex(dex_client).with_sync(sync)
}

/// Each intent's last fate by its hash; `open` while it has none.
pub fn journal_of(path: &std::path::Path) -> BTreeMap<String, String> {
    let mut fates = BTreeMap::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        match line.get("intent") {
            Some(intent) => fates.insert(text(&intent["hash"]), "open".to_owned()),
            None if line.get("gas").is_some() => None,
            None => fates.insert(text(&line["resolved"]["hash"]), text(&line["resolved"]["fate"])),
        };
    }
    fates
}

/// Feeders vote for a price, which is settled at once; what the oracle said.
pub fn fall(world: &mut World, price: &str) -> Vec<AppResponse> {
    let said = FEEDERS.map(|feeder| world.feed(feeder, &[(UATOM, price)]).unwrap());
    assert_eq!(world.settled_price(UATOM), plimsoll_testing::price(price));
    said.into()
}

/// Others trade in the pair until it has the oracle's price again.
pub fn arbitrage(world: &mut World, pairs: &[String]) {
    for pair in pairs {
        world.arbitrage(&Addr::unchecked(pair));
    }
}

/// The accounts that were sent for, by number.
pub fn sent(tick: &BlockReport) -> Vec<u32> {
    let all = std::iter::once(&tick.sent).chain(&tick.also);
    all.flat_map(|sent| &sent.actions).map(|action| action.account().account_id).collect()
}
