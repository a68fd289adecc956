//! What is sent when something is in the way: a chain that refuses, fails, costs or hangs.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use plimsoll_keeper::chain::{Execute, Simulated};
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::error::{Class, Error, Result};
use plimsoll_keeper::plan::Skip;
use plimsoll_risk::units::Value;
use plimsoll_testing::{ALICE, UATOM, UUSD, World, WorldError};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::support::bent::{Bend, Bent};
use crate::support::stage::{PLENTY, Setup, fall, sent};

type Stage = crate::support::stage::Stage<Bent<Refusals>>;

/// What a chain refuses, by what is sent, and how often it was asked.
#[derive(Default)]
struct Refusals {
    /// Accounts with which a whole transaction fails in simulation, by number.
    poison: BTreeSet<u32>,
    /// Whether simulations tell nothing but the gas.
    mute: bool,
    /// No more items than these go through together.
    together: Option<usize>,
    refuse_broadcast: bool,
    simulated: AtomicU64,
    broadcasts: AtomicU32,
}

impl Bend for Refusals {
    fn simulates(&self, messages: &[Execute]) -> Result<()> {
        self.simulated.fetch_add(1, SeqCst);
        let refused = |reason: String| Err(Error::Refused { reason });
        let accounts: Vec<u32> = messages.iter().flat_map(accounts_of).collect();
        if let Some(account) = accounts.iter().find(|account| self.poison.contains(account)) {
            return refused(format!("{account} fails"));
        }
        if self.together.is_some_and(|most| accounts.len() > most) {
            return refused("not together".to_owned());
        }
        Ok(())
    }

    fn simulated(&self, real: Simulated) -> Simulated {
        if self.mute { Simulated { events: Vec::new(), ..real } } else { real }
    }

    fn takes(&self) -> Result<()> {
        self.broadcasts.fetch_add(1, SeqCst);
        if self.refuse_broadcast {
            return Err(Error::Refused { reason: "insufficient fee".to_owned() });
        }
        Ok(())
    }
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

/// So many accounts, the first with the largest debt; the keeper has `held` UUSD.
fn setup(accounts: u32, held: u128, strategy: Strategy) -> Setup {
    Setup { accounts, atoms: |n| u128::from(200 - n), held, strategy, ..Setup::default() }
}

/// The same, where a unit of gas costs so much of UUSD.
fn paying(price: u128, accounts: u32, held: u128, strategy: Strategy) -> Setup {
    Setup { gas_money: Some(0), gas_price: (price, UUSD), ..setup(accounts, held, strategy) }
}

async fn stage(setup: Setup, refuse: impl FnOnce(&mut Refusals)) -> Stage {
    let mut refusals = Refusals::default();
    refuse(&mut refusals);
    Stage::bent(setup, refusals).await
}

#[tokio::test]
async fn the_fee_is_kept_back_from_what_is_repaid() {
    let strategy = Strategy { max_gas_per_tx: 1_000_000, ..Strategy::default() };
    let mut stage = stage(paying(50, 1, 300_000_000, strategy), |_| {}).await;
    let tick = stage.tick().await.unwrap();
    let spent = tick.sent.actions[0].sent().unwrap().amount;
    assert!(spent > 240_000_000 && spent + 50_000_000 <= 300_000_000, "{spent}");
}

#[tokio::test]
async fn what_fails_starves_nobody_and_is_left_alone_for_a_while() {
    let mut stage = stage(setup(22, PLENTY, Strategy::default()), |_| {}).await;
    // Somebody gives these collateral, and the keeper doesn't hear of it.
    let give = |world: &mut World| (0..20).for_each(|account| heal(world, account).unwrap());
    stage.world().with(give).await.unwrap();
    let first = stage.tick().await.unwrap();
    assert_eq!(sent(&first), [20, 21]);
    assert_eq!(first.sent.left_out.len(), 20);
    assert!(first.sent.left_out.iter().all(|(_, reason)| reason.starts_with("account is healthy")));
    // The first simulation tells of each, the second is of the others, the third of what is planned without those that
    // fail.
    assert_eq!(stage.chain.inner().simulated.load(SeqCst), 3);
    let before = stage.chain.inner().simulated.load(SeqCst);
    for _ in 0..9 {
        let tick = stage.next().await.unwrap();
        // It isn't said to have failed: nothing was sent about it.
        assert_eq!((tick.sent.left_out.len(), &tick.plan.skipped), (0, &[(Skip::WouldFail, 20)].into()));
    }
    assert_eq!(stage.chain.inner().simulated.load(SeqCst), before);
    assert_eq!(stage.next().await.unwrap().sent.left_out.len(), 20);
}

#[tokio::test]
async fn a_block_simulates_so_often_and_the_rest_has_its_turn_at_the_next() {
    // The one that works has the least debt.
    let mut stage =
        stage(setup(150, PLENTY, Strategy::default()), |refusals| refusals.poison = (0..149).collect()).await;
    let (mut before, mut left_out, mut blocks) = (0, 0, 0);
    let mut tick = stage.tick().await.unwrap();
    while sent(&tick).is_empty() {
        left_out += tick.sent.left_out.len();
        let now = stage.chain.inner().simulated.load(SeqCst);
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
        let fails = move |refusals: &mut Refusals| refusals.poison = (1..accounts).collect();
        let mut stage = stage(setup(accounts, PLENTY, Strategy::default()), fails).await;
        assert_eq!(sent(&stage.tick().await.unwrap()), [0], "{accounts} accounts");
    }
}

#[tokio::test]
async fn what_is_left_out_gives_its_coins_back() {
    // Enough for the first or the second, not for both.
    let mut stage = stage(setup(2, 400_000_000, Strategy::default()), |refusals| refusals.poison = [0].into()).await;
    let tick = stage.tick().await.unwrap();
    assert_eq!(sent(&tick), [1]);
    assert!(tick.sent.actions[0].sent().unwrap().amount > 350_000_000);
}

#[tokio::test]
async fn a_simulation_that_tells_of_no_item_is_garbage_and_nothing_is_sent() {
    let mut stage = stage(setup(2, PLENTY, Strategy::default()), |refusals| refusals.mute = true).await;
    let error = stage.tick().await.unwrap_err();
    assert!(matches!(error, Error::Garbage { .. }) && error.class() == Class::Retry, "{error}");
    assert_eq!(stage.chain.inner().broadcasts.load(SeqCst), 0);
}

#[tokio::test]
async fn as_many_as_go_through_together_are_sent() {
    let mut stage = stage(setup(6, PLENTY, Strategy::default()), |refusals| refusals.together = Some(3)).await;
    let tick = stage.tick().await.unwrap();
    assert_eq!((sent(&tick), tick.sent.left_out.len()), (vec![0, 1, 2], 0));
    let next = stage.next().await.unwrap();
    assert_eq!((next.settled.len(), sent(&next)), (3, vec![3, 4, 5]));
}

#[tokio::test]
async fn one_failing_item_cools_its_account_only() {
    let mut stage = stage(setup(3, PLENTY, Strategy::default()), |_| {}).await;
    assert_eq!(sent(&stage.tick().await.unwrap()), [0, 1, 2]);
    // Somebody heals account 1, and the keeper doesn't hear of it.
    stage.world().with(|world| heal(world, 1)).await.unwrap().unwrap();
    let next = stage.next().await.unwrap();
    assert_eq!((next.settled.len(), next.failures.len(), next.failed.len()), (2, 1, 0));
    let failure = &next.failures[0];
    assert!(failure.account.ends_with("/1") && failure.reason.starts_with("account is healthy"), "{failure:?}");
    assert_eq!((&next.plan.skipped, sent(&next).len()), (&[(Skip::Cooldown, 1)].into(), 0));
}

#[tokio::test]
async fn gas_and_fee_are_bounded() {
    let strategy = Strategy { max_gas_per_tx: 450_000, ..Strategy::default() };
    assert_eq!(sent(&stage(setup(4, PLENTY, strategy), |_| {}).await.tick().await.unwrap()), [0, 1]);
    let strategy = Strategy { max_fee: Some(699_999), ..Strategy::default() };
    let tick = stage(paying(1, 4, PLENTY, strategy), |_| {}).await.tick().await.unwrap();
    assert_eq!(sent(&tick), [0, 1, 2]);
    let strategy = Strategy { max_fee: Some(199_999), ..Strategy::default() };
    let tick = stage(paying(1, 1, PLENTY, strategy), |_| {}).await.tick().await.unwrap();
    assert!(tick.sent.hash.is_none() && tick.sent.left_out[0].1.contains("strategy.max_fee"));
}

#[tokio::test]
async fn the_real_fee_counts_when_its_price_is_known() {
    // 0.2 of a token for a liquidation.
    for (price, sends) in [("1", true), ("1000", false)] {
        let price = Some(price.parse::<Value>().unwrap());
        let strategy = Strategy { gas_denom_price: price, gas_value: Value::whole(1_000_000), ..Strategy::default() };
        let tick = stage(paying(1, 1, PLENTY, strategy), |_| {}).await.tick().await.unwrap();
        assert_eq!(tick.sent.hash.is_some(), sends);
        assert_eq!(tick.sent.left_out.iter().any(|(_, reason)| reason.contains("fee")), !sends);
    }
}

#[tokio::test]
async fn a_wallet_that_can_pay_for_fewer_sends_fewer() {
    let poor = |money| {
        let setup = Setup { gas_money: Some(money), ..setup(4, PLENTY, Strategy::default()) };
        stage(setup, |_| {})
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
    let mut stage = stage(setup(2, PLENTY, Strategy::default()), |refusals| refusals.refuse_broadcast = true).await;
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
    assert_eq!((stage.chain.inner().broadcasts.load(SeqCst), blocks), (6, 62));
}

#[tokio::test]
async fn a_drain_asks_again_and_tells_what_settled() {
    let mut stage = stage(setup(2, PLENTY, Strategy::default()), |_| {}).await;
    assert!(stage.tick().await.unwrap().sent.hash.is_some());
    stage.script("head #1..3 fail");
    stage.block(|_| Vec::new()).await;
    let mut told = 0;
    stage.keeper.drain(|tick| told += tick.settled.len()).await.unwrap();
    assert_eq!((told, stage.keeper.in_flight()), (2, false));
}

#[tokio::test]
async fn a_block_that_hangs_does_not_hold_up_the_end() {
    let mut stage = stage(setup(1, 0, Strategy::default()), |_| {}).await;
    let (stop, stopped) = watch::channel(false);
    let chain = stage.chain.clone();
    tokio::spawn(async move {
        chain.play("events always hang".parse().unwrap());
        chain.inner().world.block(5, |_| Ok(Vec::new())).await.unwrap().unwrap();
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
    assert_eq!(stage(setup(1, 0, Strategy::default()), |_| {}).await.keeper.lacking().await.unwrap(), [UUSD]);
    assert!(stage(setup(1, 5, Strategy::default()), |_| {}).await.keeper.lacking().await.unwrap().is_empty());
}

/// Endpoints that ask for a pause, and may refuse to simulate.
#[derive(Default)]
struct Resting {
    rests: AtomicBool,
    refuses: AtomicBool,
}

impl Bend for Resting {
    fn rests(&self) -> bool {
        self.rests.load(SeqCst)
    }

    fn simulates(&self, _messages: &[Execute]) -> Result<()> {
        if self.refuses.load(SeqCst) { Err(Error::Refused { reason: "no".to_owned() }) } else { Ok(()) }
    }
}

#[tokio::test]
async fn what_decides_and_follows_a_transaction_waits_for_no_pause() {
    const SOON: Duration = Duration::from_secs(20);
    let mut stage = crate::support::stage::Stage::bent(setup(2, PLENTY, Strategy::default()), Resting::default()).await;
    let resting = stage.chain.clone();
    resting.inner().rests.store(true, SeqCst);
    // Whether what was left out is old news is asked of the newest block.
    resting.inner().refuses.store(true, SeqCst);
    let tick = timeout(SOON, stage.tick()).await.expect("leaving out waits").unwrap();
    assert_eq!((tick.sent.hash, tick.sent.left_out.len()), (None, 2));
    resting.inner().refuses.store(false, SeqCst);
    stage.block(|world| fall(world, "8")).await;
    let tick = timeout(SOON, stage.tick()).await.expect("sending waits").unwrap();
    assert!(tick.sent.hash.is_some());
    stage.block(|_| Vec::new()).await;
    let mut told = 0;
    timeout(SOON, stage.keeper.drain(|tick| told += tick.settled.len())).await.expect("the drain waits").unwrap();
    assert_eq!((told, stage.keeper.in_flight()), (2, false));
}
