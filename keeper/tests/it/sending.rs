//! What is sent when something is in the way: a chain that refuses, fails, costs or hangs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use plimsoll_keeper::book::sync::BookSync;
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::chain::{
    Balances, ChainReader, Coin, ContractEvent, Execute, Head, Reads, SharedGasPrice, Signed, Simulated, TxSender,
    TxStatus,
};
use plimsoll_keeper::config::{BookConfig, Strategy};
use plimsoll_keeper::error::{Class, Error, Result};
use plimsoll_keeper::keeper::{BlockReport, Keeper};
use plimsoll_keeper::plan::Skip;
use plimsoll_keeper::tx::journal::Journal;
use plimsoll_risk::units::Value;
use plimsoll_testing::{ALICE, LIQUIDATOR, UATOM, UUSD, World, WorldError};
use tokio::sync::watch;

use crate::support::files::fresh;

const GAS_DENOM: &str = "ugas";

/// The in-process chain, with faults.
struct Faulty {
    inner: WorldChain,
    /// Accounts with which a whole transaction fails in simulation, by number.
    poison: BTreeSet<u32>,
    /// Accounts that somebody gives collateral without the keeper hearing of it, by number: their items fail. No debt changes, so no sum shows it.
    taken: BTreeSet<u32>,
    /// Whether simulations tell nothing but the gas.
    mute: bool,
    /// No more items than these go through together.
    together: usize,
    /// Of a unit of gas.
    gas_price: u64,
    /// What the keeper has of [`GAS_DENOM`]; when there is none, gas is paid in UUSD.
    gas_money: Option<u128>,
    refuse_broadcast: bool,
    hang: AtomicBool,
    heads_fail: AtomicU32,
    simulated: AtomicU64,
    broadcasts: AtomicU32,
}

/// Gives this account collateral enough.
fn heal(world: &mut World, account: u32) -> std::result::Result<(), WorldError> {
    world.mint(ALICE, UATOM, 100_000_000);
    world.deposit((ALICE, account), UATOM, 100_000_000).map(drop)
}

/// The accounts that a message is about, by number.
fn accounts_of(message: &Execute) -> Vec<u32> {
    let json: serde_json::Value = serde_json::from_slice(&message.msg).unwrap();
    let items = json["liquidate_batch"]["items"].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| u32::try_from(item["liquidate"]["account_id"].as_u64().unwrap()).unwrap()).collect()
}

impl ChainReader for Faulty {
    async fn heads(&self) -> Result<Vec<Head>> {
        Ok(Vec::new())
    }

    async fn head_at(&self, _: u64) -> Result<Option<Head>> {
        Ok(None)
    }

    async fn is_contract(&self, address: &str) -> Result<bool> {
        self.inner.is_contract(address).await
    }

    async fn head(&self) -> Result<Head> {
        if self.heads_fail.load(SeqCst) > 0 {
            self.heads_fail.fetch_sub(1, SeqCst);
            return Err(Error::garbage("a node", "nothing"));
        }
        self.inner.head().await
    }

    async fn smart_that(&self, contract: &str, msg: Vec<u8>, height: Option<u64>, reads: Reads<'_>) -> Result<Vec<u8>> {
        self.inner.smart_that(contract, msg, height, reads).await
    }

    async fn raw(&self, contract: &str, key: Vec<u8>, height: Option<u64>) -> Result<Option<Vec<u8>>> {
        self.inner.raw(contract, key, height).await
    }

    async fn balances(&self, address: &str, denoms: &[String]) -> Result<Balances> {
        let mut balances = self.inner.balances(address, denoms).await?;
        balances.extend(self.gas_money.map(|amount| (GAS_DENOM.to_owned(), amount)));
        Ok(balances)
    }

    async fn events(&self, height: u64) -> Result<Vec<ContractEvent>> {
        if self.hang.load(SeqCst) {
            std::future::pending::<()>().await;
        }
        self.inner.events(height).await
    }

    async fn subscribe(&self) -> Result<watch::Receiver<Head>> {
        self.inner.subscribe().await
    }

    async fn code_id(&self, address: &str) -> Result<Option<u64>> {
        self.inner.code_id(address).await
    }

    async fn block_gas(&self) -> Result<Option<u64>> {
        self.inner.block_gas().await
    }

    async fn gas_price_asked(&self) -> Result<Option<cosmwasm_std::Decimal>> {
        self.inner.gas_price_asked().await
    }
}

impl TxSender for Faulty {
    fn sender(&self) -> Option<&str> {
        self.inner.sender()
    }

    async fn simulate(&self, messages: &[Execute]) -> Result<Simulated> {
        self.simulated.fetch_add(1, SeqCst);
        let refused = |reason: String| Err(Error::Refused { reason });
        let accounts: Vec<u32> = messages.iter().flat_map(accounts_of).collect();
        if let Some(account) = accounts.iter().find(|account| self.poison.contains(account)) {
            return refused(format!("{account} fails"));
        }
        if accounts.len() > self.together {
            return refused("not together".to_owned());
        }
        let simulated = self.inner.simulate(messages).await?;
        Ok(if self.mute { Simulated { events: Vec::new(), ..simulated } } else { simulated })
    }

    fn gas_limit(&self, simulated: u64) -> u64 {
        simulated
    }

    fn gas_price(&self) -> &SharedGasPrice {
        self.inner.gas_price()
    }

    fn fee_granter(&self) -> Option<&str> {
        None
    }

    fn fee(&self, gas: u64) -> Coin {
        let denom = self.gas_money.map_or(UUSD, |_| GAS_DENOM).to_owned();
        Coin { denom, amount: u128::from(gas) * u128::from(self.gas_price) }
    }

    async fn sign(&self, messages: &[Execute], gas: u64, timeout_height: u64) -> Result<Signed> {
        self.inner.sign(messages, gas, timeout_height).await
    }

    async fn simulate_transfer(&self, to: &str, coin: &Coin) -> Result<Simulated> {
        self.inner.simulate_transfer(to, coin).await
    }

    async fn sign_transfer(&self, to: &str, coin: &Coin, gas: u64, timeout_height: u64) -> Result<Signed> {
        self.inner.sign_transfer(to, coin, gas, timeout_height).await
    }

    async fn sequence(&self) -> Result<Option<u64>> {
        self.inner.sequence().await
    }

    async fn confirmed_sequence(&self) -> Result<Option<u64>> {
        self.sequence().await
    }

    async fn broadcast(&self, signed: &Signed) -> Result<()> {
        self.broadcasts.fetch_add(1, SeqCst);
        if self.refuse_broadcast {
            return Err(Error::Refused { reason: "insufficient fee".to_owned() });
        }
        self.inner.broadcast(signed).await
    }

    async fn tx_status(&self, hash: &str) -> Result<TxStatus> {
        self.inner.tx_status(hash).await
    }
}

struct Stage {
    chain: Arc<Faulty>,
    keeper: Keeper<Faulty>,
}

/// Accounts 0 to `accounts` of ALICE, all below health factor 1, the first with the largest debt; the keeper has `held` UUSD.
#[allow(clippy::too_many_lines, reason = "one stage, set up in order")]
async fn stage(accounts: u32, held: u128, strategy: Strategy, faults: impl FnOnce(&mut Faulty)) -> Stage {
    let build = move || {
        let mut world = World::builder().lent(1_000_000).build();
        let had = world.balance(LIQUIDATOR, UUSD);
        if had > 0 {
            world.send(LIQUIDATOR, "sink", &[plimsoll_testing::coin(had, UUSD)]).unwrap();
        }
        if held > 0 {
            world.mint(LIQUIDATOR, UUSD, held);
        }
        for n in 0..accounts {
            let size = u128::from(200 - n);
            world.mint(ALICE, UATOM, size * 1_000_000);
            world.deposit((ALICE, n), UATOM, size * 1_000_000).unwrap();
            world.borrow((ALICE, n), UUSD, size * 6_900_000).unwrap();
        }
        world.set_price(UATOM, "9");
        world
    };
    let inner = WorldChain::start(LIQUIDATOR, build).await.unwrap();
    let mut chain = Faulty {
        inner,
        poison: BTreeSet::new(),
        taken: BTreeSet::new(),
        mute: false,
        together: usize::MAX,
        gas_price: 0,
        gas_money: None,
        refuse_broadcast: false,
        hang: AtomicBool::new(false),
        heads_fail: AtomicU32::new(0),
        simulated: AtomicU64::new(0),
        broadcasts: AtomicU32::new(0),
    };
    faults(&mut chain);
    let chain = Arc::new(chain);
    let pool = chain.inner.with(|world| world.pool().to_string()).await.unwrap();
    // Audits would tell the keeper what it doesn't hear.
    let settings = BookConfig { audit_accounts: 0, ..BookConfig::default() };
    let head = chain.inner.head().await.unwrap();
    let (sync, book) = BookSync::open(settings, None, &*chain, &pool, head, |_| {}).await.unwrap();
    let taken = chain.taken.clone();
    let take = move |world: &mut World| {
        for account in taken {
            heal(world, account).unwrap();
        }
    };
    chain.inner.with(take).await.unwrap();
    let journal = Journal::open(&fresh("sending")).unwrap();
    let keeper = Keeper::new(chain.clone(), book, strategy, Some(journal)).unwrap().with_sync(sync);
    Stage { chain, keeper }
}

impl Stage {
    async fn tick(&mut self) -> Result<BlockReport> {
        let head = self.chain.inner.head().await?;
        self.keeper.on_block(&head).await
    }

    async fn next(&mut self) -> Result<BlockReport> {
        self.chain.inner.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
        self.tick().await
    }
}

fn sent(tick: &BlockReport) -> Vec<u32> {
    tick.sent.actions.iter().map(|action| action.account().account_id).collect()
}

const PLENTY: u128 = 1_000_000_000_000;

#[tokio::test]
async fn the_fee_is_kept_back_from_what_is_repaid() {
    let strategy = Strategy { max_gas_per_tx: 1_000_000, ..Strategy::default() };
    let mut stage = stage(1, 300_000_000, strategy, |chain| chain.gas_price = 50).await;
    let tick = stage.tick().await.unwrap();
    let spent = tick.sent.actions[0].sent().unwrap().amount;
    assert!(spent > 240_000_000 && spent + 50_000_000 <= 300_000_000, "{spent}");
}

#[tokio::test]
async fn what_fails_starves_nobody_and_is_left_alone_for_a_while() {
    let mut stage = stage(22, PLENTY, Strategy::default(), |chain| chain.taken = (0..20).collect()).await;
    let first = stage.tick().await.unwrap();
    assert_eq!(sent(&first), [20, 21]);
    assert_eq!(first.sent.left_out.len(), 20);
    assert!(first.sent.left_out.iter().all(|(_, reason)| reason.starts_with("account is healthy")));
    // The first simulation tells of each, the second is of the others, the third of what is planned without those that
    // fail.
    assert_eq!(stage.chain.simulated.load(SeqCst), 3);
    let before = stage.chain.simulated.load(SeqCst);
    for _ in 0..9 {
        let tick = stage.next().await.unwrap();
        // It isn't said to have failed: nothing was sent about it.
        assert_eq!((tick.sent.left_out.len(), &tick.plan.skipped), (0, &[(Skip::WouldFail, 20)].into()));
    }
    assert_eq!(stage.chain.simulated.load(SeqCst), before);
    assert_eq!(stage.next().await.unwrap().sent.left_out.len(), 20);
}

#[tokio::test]
async fn a_block_simulates_so_often_and_the_rest_has_its_turn_at_the_next() {
    // The one that works has the least debt.
    let mut stage = stage(150, PLENTY, Strategy::default(), |chain| chain.poison = (0..149).collect()).await;
    let (mut before, mut left_out, mut blocks) = (0, 0, 0);
    let mut tick = stage.tick().await.unwrap();
    while sent(&tick).is_empty() {
        left_out += tick.sent.left_out.len();
        let now = stage.chain.simulated.load(SeqCst);
        // As many as a block may, or nearly: the last turn may need two.
        assert!((127..=128).contains(&(now - before)), "{}", now - before);
        (before, blocks) = (now, blocks + 1);
        tick = stage.next().await.unwrap();
    }
    assert_eq!((sent(&tick), left_out + tick.sent.left_out.len()), (vec![149], 149));
    // To find 149 that fail takes some two simulations each.
    assert!((2..=4).contains(&blocks), "{blocks}");
}

#[tokio::test]
async fn what_went_through_is_sent_though_simulations_are_used_up() {
    // However many are left when the first has gone through.
    for accounts in 90..94 {
        let fails = move |chain: &mut Faulty| chain.poison = (1..accounts).collect();
        let mut stage = stage(accounts, PLENTY, Strategy::default(), fails).await;
        assert_eq!(sent(&stage.tick().await.unwrap()), [0], "{accounts} accounts");
    }
}

#[tokio::test]
async fn what_is_left_out_gives_its_coins_back() {
    // Enough for the first or the second, not for both.
    let mut stage = stage(2, 400_000_000, Strategy::default(), |chain| chain.poison = [0].into()).await;
    let tick = stage.tick().await.unwrap();
    assert_eq!(sent(&tick), [1]);
    assert!(tick.sent.actions[0].sent().unwrap().amount > 350_000_000);
}

#[tokio::test]
async fn a_simulation_that_tells_of_no_item_is_garbage_and_nothing_is_sent() {
    let mut stage = stage(2, PLENTY, Strategy::default(), |chain| chain.mute = true).await;
    let error = stage.tick().await.unwrap_err();
    assert!(matches!(error, Error::Garbage { .. }) && error.class() == Class::Retry, "{error}");
    assert_eq!(stage.chain.broadcasts.load(SeqCst), 0);
}

#[tokio::test]
async fn as_many_as_go_through_together_are_sent() {
    let mut stage = stage(6, PLENTY, Strategy::default(), |chain| chain.together = 3).await;
    let tick = stage.tick().await.unwrap();
    assert_eq!((sent(&tick), tick.sent.left_out.len()), (vec![0, 1, 2], 0));
    let next = stage.next().await.unwrap();
    assert_eq!((next.settled.len(), sent(&next)), (3, vec![3, 4, 5]));
}

#[tokio::test]
async fn one_failing_item_cools_its_account_only() {
    let mut stage = stage(3, PLENTY, Strategy::default(), |_| {}).await;
    assert_eq!(sent(&stage.tick().await.unwrap()), [0, 1, 2]);
    // Somebody heals account 1, and the keeper doesn't hear of it.
    stage.chain.inner.with(|world| heal(world, 1)).await.unwrap().unwrap();
    let next = stage.next().await.unwrap();
    assert_eq!((next.settled.len(), next.failures.len(), next.failed.len()), (2, 1, 0));
    let failure = &next.failures[0];
    assert!(failure.account.ends_with("/1") && failure.reason.starts_with("account is healthy"), "{failure:?}");
    assert_eq!((&next.plan.skipped, sent(&next).len()), (&[(Skip::Cooldown, 1)].into(), 0));
}

#[tokio::test]
async fn gas_and_fee_are_bounded() {
    let strategy = Strategy { max_gas_per_tx: 450_000, ..Strategy::default() };
    assert_eq!(sent(&stage(4, PLENTY, strategy, |_| {}).await.tick().await.unwrap()), [0, 1]);
    let strategy = Strategy { max_fee: Some(699_999), ..Strategy::default() };
    let tick = stage(4, PLENTY, strategy, |chain| chain.gas_price = 1).await.tick().await.unwrap();
    assert_eq!(sent(&tick), [0, 1, 2]);
    let strategy = Strategy { max_fee: Some(199_999), ..Strategy::default() };
    let tick = stage(1, PLENTY, strategy, |chain| chain.gas_price = 1).await.tick().await.unwrap();
    assert!(tick.sent.hash.is_none() && tick.sent.left_out[0].1.contains("strategy.max_fee"));
}

#[tokio::test]
async fn the_real_fee_counts_when_its_price_is_known() {
    // 0.2 of a token for a liquidation.
    for (price, sends) in [("1", true), ("1000", false)] {
        let price = Some(price.parse::<Value>().unwrap());
        let strategy = Strategy { gas_denom_price: price, gas_value: Value::whole(1_000_000), ..Strategy::default() };
        let tick = stage(1, PLENTY, strategy, |chain| chain.gas_price = 1).await.tick().await.unwrap();
        assert_eq!(tick.sent.hash.is_some(), sends);
        assert_eq!(tick.sent.left_out.iter().any(|(_, reason)| reason.contains("fee")), !sends);
    }
}

#[tokio::test]
async fn a_wallet_that_can_pay_for_fewer_sends_fewer() {
    let poor = |money| {
        stage(4, PLENTY, Strategy::default(), move |chain| (chain.gas_price, chain.gas_money) = (1, Some(money)))
    };
    assert_eq!(sent(&poor(450_000).await.tick().await.unwrap()), [0, 1]);
    // And one that can pay for none says so, more and more seldom, and then ends.
    let mut broke = poor(199_999).await;
    assert_eq!(sent(&broke.tick().await.unwrap()), [] as [u32; 0]);
    let error = loop {
        if let Err(error) = broke.next().await {
            break error;
        }
    };
    assert_eq!(error.class(), Class::Halt);
    assert!(error.to_string().contains("199999ugas"), "{error}");
}

#[tokio::test]
async fn refusals_back_off_and_end() {
    let mut stage = stage(2, PLENTY, Strategy::default(), |chain| chain.refuse_broadcast = true).await;
    let mut blocks = 0;
    let error = loop {
        match stage.next().await {
            Ok(tick) => assert!(tick.sent.hash.is_none()),
            Err(error) => break error,
        }
        blocks += 1;
        assert!(blocks < 200);
    };
    assert_eq!(error.class(), Class::Halt);
    assert!(error.to_string().contains("insufficient fee") && error.to_string().contains("chain.gas_price"), "{error}");
    assert_eq!((stage.chain.broadcasts.load(SeqCst), blocks), (6, 62));
}

#[tokio::test]
async fn a_drain_asks_again_and_tells_what_settled() {
    let mut stage = stage(2, PLENTY, Strategy::default(), |_| {}).await;
    assert!(stage.tick().await.unwrap().sent.hash.is_some());
    stage.chain.heads_fail.store(3, SeqCst);
    stage.chain.inner.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
    let mut told = 0;
    stage.keeper.drain(|tick| told += tick.settled.len()).await.unwrap();
    assert_eq!((told, stage.keeper.in_flight()), (2, false));
}

#[tokio::test]
async fn a_block_that_hangs_does_not_hold_up_the_end() {
    let mut stage = stage(1, 0, Strategy::default(), |_| {}).await;
    let (stop, stopped) = watch::channel(false);
    let chain = stage.chain.clone();
    tokio::spawn(async move {
        chain.hang.store(true, SeqCst);
        chain.inner.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        stop.send(true).unwrap();
        std::future::pending::<()>().await;
    });
    let begun = Instant::now();
    stage.keeper.run(stopped, |_| {}).await.unwrap();
    assert!((1..20).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn debts_with_nothing_to_repay_them_are_named() {
    assert_eq!(stage(1, 0, Strategy::default(), |_| {}).await.keeper.lacking().await.unwrap(), [UUSD]);
    assert!(stage(1, 5, Strategy::default(), |_| {}).await.keeper.lacking().await.unwrap().is_empty());
}
