//! What a keeper may spend: in a transaction, in an hour, on write-offs.

use plimsoll_keeper::chain::TxSender;
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::keeper::BlockReport;
use plimsoll_keeper::plan::limits::{Budget, Spent};
use plimsoll_keeper::plan::{Action, Skip};
use plimsoll_keeper::tx::journal::{Intent, Journal};
use plimsoll_risk::units::Value;
use plimsoll_testing::{ALICE, FEEDERS, LIQUIDATOR, UATOM, UUSD, World};

use crate::support::stage::{GAS, PLENTY, Setup, Stage};

/// As many accounts, each with so many ATOM; then ATOM falls.
async fn stage(accounts: u32, atoms: fn(u32) -> u128, price: &'static str, strategy: Strategy) -> Stage {
    Stage::new(Setup { accounts, atoms, price, strategy, ..Setup::default() }).await
}

impl Stage {
    /// A block so many seconds later, in which the feeders vote as before.
    async fn after(&mut self, seconds: u64, price: &'static str) -> BlockReport {
        let votes = move |world: &mut World| {
            let vote = |feeder| world.feed(feeder, &[(UATOM, price), (UUSD, "1")]);
            Ok(FEEDERS.map(vote).into_iter().map(Result::unwrap).collect())
        };
        self.world().block(seconds, votes).await.unwrap().unwrap();
        self.tick().await.unwrap()
    }
}

/// What of its own the keeper sends.
fn sent(tick: &BlockReport) -> u128 {
    tick.sent.actions.iter().filter_map(Action::sent).map(|coin| coin.amount).sum()
}

fn skipped(tick: &BlockReport) -> u64 {
    tick.plan.skipped.get(&Skip::Budget).copied().unwrap_or_default()
}

#[tokio::test]
async fn no_transaction_repays_with_more_than_it_may() {
    // About 290 repairs one account: one whole and a part of a second fit into 400.
    let strategy = Strategy { max_spend_per_tx: Some(Value::whole(400)), ..Strategy::default() };
    let mut stage = stage(3, |_| 100, "9", strategy).await;
    let first = stage.tick().await.unwrap();
    assert!((390_000_000..=400_000_000).contains(&sent(&first)), "{}", sent(&first));
    // The limit is of one transaction: the next one goes on.
    let second = stage.after(5, "9").await;
    assert_eq!(second.settled.len(), first.sent.actions.len());
    assert!(sent(&second) > 100_000_000 && sent(&second) <= 400_000_000, "{}", sent(&second));
}

#[tokio::test]
async fn an_hour_spends_no_more_than_it_may_and_the_next_one_goes_on() {
    let strategy = Strategy { max_spend_per_hour: Some(Value::whole(400)), ..Strategy::default() };
    let mut stage = stage(3, |_| 100, "9", strategy).await;
    let first = sent(&stage.tick().await.unwrap());
    let mut later = 0;
    for _ in 0..4 {
        later += sent(&stage.after(5, "9").await);
    }
    assert!(first + later <= 400_000_000 && first + later > 390_000_000, "{first} and {later}");
    let waiting = stage.after(3_500, "9").await;
    assert_eq!((sent(&waiting), waiting.plan.actions.len()), (0, 0));
    assert!(skipped(&waiting) > 0);
    assert!(sent(&stage.after(100, "9").await) > 0, "the hour is over");
}

#[tokio::test]
async fn a_keeper_that_starts_anew_knows_what_it_spent() {
    let strategy = Strategy { max_spend_per_hour: Some(Value::whole(300)), ..Strategy::default() };
    let mut stage = stage(3, |_| 100, "9", strategy).await;
    let first = sent(&stage.tick().await.unwrap());
    assert!(first > 290_000_000, "{first}");
    stage = stage.restart().await;
    let waiting = stage.after(5, "9").await;
    assert_eq!((!waiting.settled.is_empty(), sent(&waiting), skipped(&waiting) > 0), (true, 0, true));
    // The hour is over.
    stage = stage.restart().await;
    assert!(sent(&stage.after(3_600, "9").await) > 0);
}

#[tokio::test]
async fn no_more_is_written_off_in_an_hour_than_it_may() {
    let strategy = Strategy { max_write_offs_per_hour: Some(2), ..Strategy::default() };
    // Ten cents are left of 6.90.
    let mut stage = stage(3, |_| 1, "0.1", strategy).await;
    // Nothing to repay with, so nothing is seized.
    let spend_all = |world: &mut World| {
        let had = world.balance(LIQUIDATOR, UUSD);
        drop(world.send(LIQUIDATOR, "sink", &[plimsoll_testing::coin(had, UUSD)]).unwrap());
    };
    stage.world().with(spend_all).await.unwrap();
    let first = stage.tick().await.unwrap();
    assert!(first.sent.actions.iter().all(|action| matches!(action, Action::WriteOff { .. })));
    assert_eq!((first.sent.actions.len(), skipped(&first)), (2, 1));
    let second = stage.after(5, "0.1").await;
    assert_eq!((second.settled.len(), second.sent.actions.len(), skipped(&second)), (2, 0, 1));
    assert_eq!(stage.after(3_600, "0.1").await.sent.actions.len(), 1);
}

#[test]
fn fees_of_an_hour_are_counted_and_a_rest_that_pays_for_none_is_no_rest() {
    let strategy = Strategy { max_fee_per_hour: Some(1_000), max_fee: Some(600), ..Strategy::default() };
    let mut budget = Budget::default();
    assert_eq!(budget.left(0, &strategy).fee, Some(600));
    let fee = |at| Spent { at, fee: 450, ..Spent::default() };
    budget.spend(fee(10));
    assert_eq!(budget.left(10, &strategy).fee, Some(550));
    budget.spend(fee(20));
    // 100 are left, and the last one cost 450.
    assert_eq!(budget.left(20, &strategy).fee, Some(0));
    assert_eq!(budget.left(3_609, &strategy).fee, Some(0));
    assert_eq!(budget.left(3_610, &strategy).fee, Some(550));
    assert_eq!(budget.left(3_620, &strategy).fee, Some(600));
    assert_eq!(Budget::default().left(0, &Strategy::default()).fee, None);
    let mut recalled = Budget::default();
    recalled.recall(&[fee(20), fee(10)]);
    assert_eq!(recalled.left(3_610, &strategy).fee, Some(550));
}

#[test]
fn what_is_left_of_an_hour_does_not_hang_on_a_fee_of_one_before() {
    let mut budget = Budget::default();
    budget.recall(&[Spent { at: 1_000, fee: 5_000, ..Spent::default() }]);
    // The operator lowers the limit, or pays gas at a lower price, or in another denom.
    let strategy = Strategy { max_fee_per_hour: Some(4_000), ..Strategy::default() };
    let left: Vec<_> = [4_601, 100_000, 1_000_000_000].map(|now| budget.left(now, &strategy).fee).into();
    assert_eq!(left, [Some(4_000); 3], "nothing is ever sent");
}

#[tokio::test]
async fn publications_keep_to_the_fees_of_an_hour() {
    let build = || {
        let mut world = World::builder().lent(1_000_000).build();
        let pair = world.pair(UATOM, UUSD, 1_000_000);
        let source = world.pair_source(UATOM, &pair, UUSD);
        world.price_by_pair(UATOM, source);
        world.deposit(ALICE, UATOM, 100_000_000).unwrap();
        world.borrow(ALICE, UUSD, 100_000_000).unwrap();
        world.mint(LIQUIDATOR, GAS, PLENTY);
        world.advance(2_000);
        world.set_price(UUSD, "1");
        world
    };
    // Far less than a transaction costs.
    let strategy = Strategy { max_fee_per_hour: Some(1_000), publish_seconds: Some(60), ..Strategy::default() };
    let mut stage = Stage::of(build, Setup { gas_money: Some(PLENTY), strategy, ..Setup::default() }).await;
    let had = stage.held(GAS).await;
    for _ in 0..3 {
        stage.tick().await.unwrap();
        stage.world().block(70, |_| Ok(Vec::new())).await.unwrap().unwrap();
    }
    let paid = had - stage.held(GAS).await;
    assert!(paid <= 1_000, "{paid} paid in fees, and strategy.max_fee_per_hour is 1000");
}

#[tokio::test]
async fn an_account_too_dear_for_the_hour_goes_once_there_is_room() {
    let strategy = Strategy { max_fee_per_hour: Some(500_000), publish_seconds: Some(0), ..Strategy::default() };
    let stage = Stage::new(Setup { gas_money: Some(PLENTY), strategy, ..Setup::default() }).await;
    let Stage { setup, chain, keeper, pool, liquidator, directory } = stage;
    let head = keeper.book().head.clone();
    drop(keeper);
    let mut journal = Journal::open(&directory.journal()).unwrap();
    // A large transaction, then a publication, which is cheap.
    for (n, fee) in [(1, 400_000), (2, 20_000)] {
        let spent = Some(Spent { at: head.time - 3_600 + 370 + n, fee, ..Spent::default() });
        let hash = format!("H{n}");
        let intent = Intent {
            hash: hash.clone(),
            sender: chain.sender().unwrap().to_owned(),
            chain_id: head.chain_id.clone(),
            timeout_height: 1,
            accounts: vec![],
            items: 0,
            own: 0,
            before: 0,
            sequence: None,
            spent,
            bytes: None,
        };
        journal.intend(intent).unwrap();
        journal.resolve(&hash, None, 1).unwrap();
    }
    drop(journal);
    let mut stage = Stage::started(setup, chain, pool, liquidator, directory).await;
    // Seventy-five blocks within the hour, then the hour is over.
    let mut waited = 0;
    for block in 0..200 {
        let tick = if block == 0 { stage.tick().await.unwrap() } else { stage.after(5, "9").await };
        if tick.sent.hash.is_some() {
            break;
        }
        assert_eq!((tick.plan.skipped, tick.plan.actions.len()), ([(Skip::Budget, 1)].into(), 0), "at block {block}");
        waited = block;
    }
    assert!((70..=76).contains(&waited), "waited until block {waited}");
}
