//! The keeper with money for gas only: through the liquidator it repays out of the sale of what it seizes. What it
//! earns is counted in its own coins.

use std::sync::Arc;

use cosmwasm_std::Uint256;
use plimsoll_keeper::book::Book;
use plimsoll_keeper::chain::simulated::WorldChain;
use plimsoll_keeper::chain::{Balances, TxSender};
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::dex::DexSnapshot;
use plimsoll_keeper::dex::client::DexClient;
use plimsoll_keeper::error::Error;
use plimsoll_keeper::keeper::{BlockReport, targets};
use plimsoll_keeper::plan::{Action, Deal, Resources, Skip, plan, speculative_item};
use plimsoll_keeper::scan::{Scan, scan};
use plimsoll_keeper::tx::Executor;
use plimsoll_keeper::tx::journal::Journal;
use plimsoll_keeper::tx::receipt::Gain;
use plimsoll_risk::units::{Ratio, Value};
use plimsoll_schema::pool::{AccountKey, ExecuteMsg};
use plimsoll_testing::{AETH, ALICE, Addr, BOB, FEEDERS, GUARDIAN, LENDER, LIQUIDATOR, UATOM, UUSD, World};

use crate::support::files::fresh;
use crate::support::stage::{Setup, Stage};

/// So many accounts and a keeper with money for gas only; the pairs that `market` names are sold in.
async fn stage(
    accounts: u32,
    strategy: Strategy,
    market: impl Fn(&mut World) -> Vec<Addr> + Send + Sync + 'static,
) -> Stage {
    Stage::new(Setup { accounts, held: 0, strategy, market: Arc::new(market), ..Setup::default() }).await
}

/// The pairs that the keeper sells in.
fn pairs_of(stage: &Stage) -> &[String] {
    &stage.liquidator.as_ref().unwrap().1
}

fn deals(tick: &BlockReport) -> Vec<Deal> {
    let deal = |action: &Action| match action {
        Action::Liquidate(deal) => Some((**deal).clone()),
        Action::SetOff { .. } | Action::WriteOff { .. } => None,
    };
    tick.sent.actions.iter().filter_map(deal).collect()
}

fn deep(world: &mut World) -> Vec<Addr> {
    vec![world.pair(UATOM, UUSD, 10_000_000)]
}

/// BOB borrows all ATOM that the market has, but for so much.
fn lend_out(world: &mut World, left: u128) {
    world.deposit(BOB, UUSD, 100_000_000_000).unwrap();
    world.allow_full_utilization(UATOM).unwrap();
    world.withdraw_all(LENDER, UATOM).unwrap();
    let cash = world.market(UATOM).stored.cash.raw();
    world.borrow(BOB, UATOM, cash - left).unwrap();
}

/// So many base units of uusd, whose price is 1, in value.
fn dollars(units: u128) -> Value {
    Value::new(Uint256::from(units) * Uint256::from(1_000_000_000_000u128))
}

#[tokio::test]
async fn without_inventory_one_is_liquidated_and_the_profit_is_what_arrives() {
    let mut stage = stage(1, Strategy::default(), deep).await;
    let first = stage.tick().await.unwrap();
    let deal = deals(&first).remove(0);
    let sale = deal.sale.clone().unwrap();
    assert_eq!(sale.hops.len(), 1);
    let next = stage.next().await.unwrap();
    assert!(next.failed.is_empty() && next.failures.is_empty());
    let earned = stage.held(UUSD).await;
    assert!(earned > 0 && stage.held(UATOM).await == 0);
    assert_eq!(next.settled[0].profit.to_string(), dollars(earned).to_string());
    // As planned, but for five seconds' interest on what is owed, which makes the bonus a hair larger.
    let planned = sale.returned.raw() - deal.expected.repay.raw();
    assert!(earned.abs_diff(planned) < 50, "{earned} is earned, {planned} was planned");
    assert_eq!(stage.below_one().await, 0);
}

#[tokio::test]
async fn ten_accounts_go_in_one_transaction() {
    let mut stage = stage(10, Strategy::default(), deep).await;
    assert_eq!(deals(&stage.tick().await.unwrap()).len(), 10);
    let next = stage.next().await.unwrap();
    assert_eq!((next.settled.len(), next.failures.len()), (10, 0));
    assert!(next.sent.hash.is_none(), "one transaction did it all");
    assert_eq!(stage.below_one().await, 0);
    let told = next.settled.iter().fold(Value::ZERO, |sum, done| sum.checked_add(done.profit.received).unwrap());
    assert_eq!(told, dollars(stage.held(UUSD).await), "shares of the profit are the profit");
}

#[tokio::test]
async fn a_limit_of_items_makes_more_transactions() {
    let mut stage = stage(5, Strategy { max_items: 2, ..Strategy::default() }, deep).await;
    assert_eq!(deals(&stage.tick().await.unwrap()).len(), 2);
    assert_eq!(deals(&stage.next().await.unwrap()).len(), 2);
    assert_eq!(deals(&stage.next().await.unwrap()).len(), 1);
    stage.next().await.unwrap();
    assert_eq!(stage.below_one().await, 0);
}

#[tokio::test]
async fn one_item_that_fails_is_told_and_left_alone_while_nine_go_through() {
    let mut stage = stage(10, Strategy::default(), deep).await;
    // Somebody is faster with account 4: after the keeper has signed, before the block.
    assert_eq!(deals(&stage.tick().await.unwrap()).len(), 10);
    stage.world().with(|world| world.liquidate(BOB, (ALICE, 4), UATOM, (UUSD, 690_000_000)).unwrap()).await.unwrap();
    let next = stage.next().await.unwrap();
    assert_eq!(next.settled.len(), 9, "{:?} {:?}", next.failures, next.failed);
    let [failure] = next.failures.as_slice() else { panic!("{:?}", next.failures) };
    let alice = stage.world().with(|world| world.addr(ALICE).into_string()).await.unwrap();
    assert_eq!(failure.account, format!("{alice}/4"));
    assert!(failure.reason.contains("healthy"), "{}", failure.reason);
    assert!(next.settled.iter().all(|done| done.account != failure.account));
    // It isn't even tried, though the keeper has not heard yet that it is healthy.
    assert!(next.sent.left_out.is_empty());
    assert_eq!(stage.below_one().await, 0);
    // It falls again with the others, and is tried again at once: neither its record nor the price is what it failed on.
    let fall = |world: &mut World| {
        // The keeper hears of account 4 again.
        let mut said = vec![world.deposit((ALICE, 4), UATOM, 1).unwrap()];
        said.extend(FEEDERS.map(|feeder| world.feed(feeder, &[(UATOM, "8.2")]).unwrap()));
        said
    };
    stage.block(fall).await;
    let fallen = stage.tick().await.unwrap();
    assert_eq!(fallen.plan.skipped.get(&Skip::Cooldown), None);
    assert_eq!(deals(&fallen).len(), 10);
}

#[tokio::test]
async fn a_group_that_earns_nothing_is_undone_and_all_its_items_told() {
    let mut stage = stage(2, Strategy::default(), deep).await;
    assert_eq!(deals(&stage.tick().await.unwrap()).len(), 2);
    // Somebody sells before: the pair pays 10 % less.
    let pair = Addr::unchecked(&pairs_of(&stage)[0]);
    stage.world().with(move |world| world.swap(BOB, &pair, (UATOM, 60_000_000_000)).unwrap()).await.unwrap();
    let next = stage.next().await.unwrap();
    assert!(next.settled.is_empty());
    // At least one has to succeed: the whole transaction failed, and both are left alone.
    assert!(!next.failed.is_empty());
    assert_eq!(next.plan.skipped.get(&Skip::Cooldown), Some(&2));
    assert_eq!(stage.held(UUSD).await, 0);
}

#[tokio::test]
async fn without_a_route_nothing_is_done_and_it_is_said_why() {
    let mut stage = stage(1, Strategy::default(), |world| vec![world.pair(AETH, UUSD, 10_000_000)]).await;
    let tick = stage.tick().await.unwrap();
    assert_eq!(tick.plan.skipped, [(Skip::NoRoute, 1)].into());
}

#[tokio::test]
async fn where_no_sale_pays_what_is_held_is_used_after_all() {
    let mut stage = stage(1, Strategy::default(), |world| {
        world.mint(LIQUIDATOR, UUSD, 50_000_000);
        vec![]
    })
    .await;
    let deal = deals(&stage.tick().await.unwrap()).remove(0);
    assert_eq!((deal.sale, deal.sent.amount), (None, 50_000_000));
    stage.next().await.unwrap();
    assert!(stage.held(UATOM).await > 0);
}

/// Whether each of the deals is a sale, for a keeper that holds so much UUSD.
async fn ways(held: u128, strategy: Strategy, depth: u64) -> (Vec<bool>, Stage) {
    let mut stage = stage(2, strategy, move |world| {
        world.mint(LIQUIDATOR, UUSD, held);
        vec![world.pair(UATOM, UUSD, depth)]
    })
    .await;
    let sold = deals(&stage.tick().await.unwrap()).iter().map(|deal| deal.sale.is_some()).collect();
    (sold, stage)
}

#[tokio::test]
async fn of_own_coins_and_a_sale_the_one_that_leaves_more_is_taken() {
    // A deep pair keeps 0.3 %; what is kept counts as less by the slippage.
    for (slippage, sold) in [(Ratio::bps(100), true), (Ratio::bps(10), false)] {
        let strategy = Strategy { slippage, ..Strategy::default() };
        let (ways, mut stage) = ways(1_000_000_000, strategy, 10_000_000).await;
        assert_eq!(ways, [sold; 2], "slippage of {slippage}");
        let next = stage.next().await.unwrap();
        assert_eq!((next.settled.len(), stage.below_one().await), (2, 0));
        assert_eq!((stage.held(UUSD).await > 1_000_000_000, stage.held(UATOM).await > 0), (sold, !sold));
    }
    // What a thin pair pays for the whole of it is less than it is worth.
    assert_eq!(ways(1_000_000_000, Strategy::default(), 3_000).await.0, [false; 2]);
}

#[tokio::test]
async fn what_is_held_goes_as_far_as_it_may_and_the_liquidator_does_the_rest() {
    let strategy = Strategy { slippage: Ratio::bps(10), ..Strategy::default() };
    let (ways, mut stage) = ways(300_000_000, strategy, 10_000_000).await;
    assert_eq!(ways, [true, false], "items come first in the transaction");
    let next = stage.next().await.unwrap();
    assert_eq!((next.settled.len(), stage.below_one().await), (2, 0));
    assert!(stage.held(UATOM).await > 0);
}

#[tokio::test]
async fn who_may_spend_nothing_of_its_own_has_the_liquidator_only() {
    let none = Some(Value::ZERO);
    let slippage = Ratio::bps(10);
    for strategy in [
        Strategy { max_spend_per_tx: none, slippage, ..Strategy::default() },
        Strategy { max_spend_per_hour: none, slippage, ..Strategy::default() },
    ] {
        let (ways, mut stage) = ways(1_000_000_000, strategy.clone(), 10_000_000).await;
        assert_eq!(ways, [true; 2]);
        stage.next().await.unwrap();
        assert_eq!((stage.below_one().await, stage.held(UATOM).await), (0, 0));
        // Where none sells it, that is the reason.
        let mut stage = self::stage(1, strategy, |world| {
            world.mint(LIQUIDATOR, UUSD, 1_000_000_000);
            vec![world.pair(AETH, UUSD, 10_000_000)]
        })
        .await;
        assert_eq!(stage.tick().await.unwrap().plan.skipped, [(Skip::NoRoute, 1)].into());
    }
}

#[tokio::test]
async fn a_thin_pair_gets_the_most_profitable_part() {
    // 100 ATOM of 9 each, of which some 290 USD have to be repaid, against 3,000 USD on each side: the whole doesn't pay.
    let mut stage = stage(1, Strategy::default(), |world| vec![world.pair(UATOM, UUSD, 3_000)]).await;
    let deal = deals(&stage.tick().await.unwrap()).remove(0);
    let pair = Addr::unchecked(&pairs_of(&stage)[0]);
    let [x, y] = stage.world().with(move |world| world.pair_pool(&pair).0).await.unwrap().map(|n| n as f64);
    let per_coin = (deal.expected.seize.raw() - deal.expected.fee.raw()) as f64 / deal.expected.repay.raw() as f64;
    let f = 0.003;
    // profit(r) = (1 − f)·y·q·r/(x + q·r) − r; its derivative is 0 at x + q·r = √((1 − f)·y·q·x).
    let best = (((1.0 - f) * y * per_coin * x).sqrt() - x) / per_coin;
    let offered = deal.sent.amount as f64;
    // The top is flat: sizes that differ by a thousandth earn the same base units.
    assert!((offered / best - 1.0).abs() < 1e-2, "{offered} is offered, {best} is best");
    let before = stage.held(UUSD).await;
    stage.next().await.unwrap();
    let earned = (stage.held(UUSD).await - before) as f64;
    let profit = (1.0 - f) * y * per_coin * best / (x + per_coin * best) - best;
    assert!((earned - profit).abs() < 10.0, "{earned} is earned, {profit} is the most");
}

#[tokio::test]
async fn a_profit_that_is_asked_for_is_earned_or_nothing_is_done() {
    let profit = {
        let mut stage = stage(1, Strategy::default(), deep).await;
        deals(&stage.tick().await.unwrap())[0].profit
    };
    // A thousandth of a dollar: rounding makes one size better than its neighbours by less than that.
    let more = profit.checked_add(dollars(1_000)).unwrap();
    for (min_profit_value, done) in [(profit, true), (more, false)] {
        let mut stage = stage(1, Strategy { min_profit_value, ..Strategy::default() }, deep).await;
        let tick = stage.tick().await.unwrap();
        assert_eq!(tick.sent.hash.is_some(), done);
        assert_eq!(tick.plan.skipped.contains_key(&Skip::Unprofitable), !done);
        if let [deal] = deals(&tick).as_slice() {
            let asked = deal.sale.as_ref().unwrap().min_profit.raw();
            stage.next().await.unwrap();
            assert!(stage.held(UUSD).await >= asked && dollars(asked) >= min_profit_value);
        }
    }
}

#[tokio::test]
async fn a_sale_goes_over_two_pairs_unless_one_is_there_and_better() {
    let over = |world: &mut World| vec![world.pair(UATOM, AETH, 10_000_000), world.pair(AETH, UUSD, 10_000_000)];
    let mut two = stage(1, Strategy::default(), over).await;
    let deal = deals(&two.tick().await.unwrap()).remove(0);
    assert_eq!(deal.sale.unwrap().hops.len(), 2);
    two.next().await.unwrap();
    assert!(two.held(UUSD).await > 0 && two.held(AETH).await == 0 && two.below_one().await == 0);

    for (direct, hops) in [(10_000_000, 1), (2_000, 2)] {
        let mut both = stage(1, Strategy::default(), move |world| {
            let mut pairs = over(world);
            pairs.push(world.pair(UATOM, UUSD, direct));
            pairs
        })
        .await;
        assert_eq!(deals(&both.tick().await.unwrap())[0].sale.as_ref().unwrap().hops.len(), hops, "{direct}");
    }
}

#[tokio::test]
async fn bad_debt_is_written_off_through_the_liquidator() {
    let mut stage = stage(1, Strategy::default(), |world| {
        world.deposit(BOB, AETH, 10_000_000_000_000_000).unwrap();
        world.borrow(BOB, UUSD, 14_000_000).unwrap();
        let pairs = deep(world);
        world.set_price(AETH, "2");
        pairs
    })
    .await;
    let tick = stage.tick().await.unwrap();
    let kinds: Vec<bool> = tick.sent.actions.iter().map(|a| matches!(a, Action::WriteOff { .. })).collect();
    assert_eq!(kinds, [false, true]);
    let next = stage.next().await.unwrap();
    let done: Vec<&str> = next.settled.iter().map(|done| done.action.as_str()).collect();
    assert_eq!((done.as_slice(), next.failures.len()), (["liquidate", "write_off"].as_slice(), 0));
    assert_eq!(next.settled[1].losses.len(), 1);
    assert!(stage.world().with(|world| world.account(BOB).is_empty()).await.unwrap());
}

#[tokio::test]
async fn a_deposit_of_what_is_owed_is_set_off_where_nothing_is_sold() {
    let mut stage = stage(1, Strategy::default(), |world| {
        world.deposit(BOB, AETH, 10_000_000_000_000_000).unwrap();
        world.borrow(BOB, UUSD, 14_000_000).unwrap();
        world.deposit(BOB, UUSD, 6_000_000).unwrap();
        world.set_price(AETH, "1600");
        deep(world)
    })
    .await;
    let tick = stage.tick().await.unwrap();
    let kinds: Vec<bool> = tick.sent.actions.iter().map(|a| matches!(a, Action::SetOff { .. })).collect();
    assert_eq!(kinds, [false, true]);
    let next = stage.next().await.unwrap();
    let done: Vec<&str> = next.settled.iter().map(|done| done.action.as_str()).collect();
    assert_eq!((done.as_slice(), next.failures.len()), (["liquidate", "set_off"].as_slice(), 0));
    assert_eq!((next.settled[1].repaid.as_ref().unwrap().amount, next.settled[1].profit), (6_000_000, Gain::default()));
    let (owed, supplied) =
        stage.world().with(|world| (world.owed(BOB, UUSD), world.supplied(BOB, UUSD))).await.unwrap();
    // A block's interest.
    assert!((8_000_000..8_000_100).contains(&owed), "{owed}");
    assert_eq!(supplied, 0);
}

#[tokio::test]
async fn stopped_flash_loans_and_a_market_without_cash_spare_nobody() {
    let stop = |world: &mut World| {
        let flash_loan = ExecuteMsg::Pause { denom: None, deposit: false, borrow: false, flash_loan: true };
        world.execute(GUARDIAN, &flash_loan, &[]).unwrap();
        let cash = world.market(UUSD).stored.cash.raw();
        world.withdraw(LENDER, UUSD, cash).unwrap();
        deep(world)
    };
    let mut stage = stage(3, Strategy::default(), stop).await;
    assert_eq!(deals(&stage.tick().await.unwrap()).len(), 3);
    let next = stage.next().await.unwrap();
    assert!(next.failed.is_empty() && next.failures.is_empty(), "{:?} {:?}", next.failed, next.failures);
    assert_eq!((next.settled.len(), stage.below_one().await), (3, 0));
    assert!(stage.held(UUSD).await > 0);
}

#[tokio::test]
async fn no_more_is_taken_than_the_collaterals_market_can_pay() {
    let mut stage = stage(2, Strategy::default(), |world| {
        // Of some 66 ATOM that the two are to lose 10 are there.
        lend_out(world, 10_000_000);
        deep(world)
    })
    .await;
    let tick = stage.tick().await.unwrap();
    let received: u128 = deals(&tick).iter().map(|deal| deal.received().raw()).sum();
    assert!((9_999_990..=10_000_000).contains(&received), "{received}");
    let next = stage.next().await.unwrap();
    assert!(next.failed.is_empty() && next.failures.is_empty(), "{:?} {:?}", next.failed, next.failures);
    // The other one waits for cash.
    assert_eq!(stage.tick().await.unwrap().plan.skipped, [(Skip::NoCash, 1)].into());
}

#[tokio::test]
async fn a_venue_that_is_none_is_refused_by_name() {
    let chain = WorldChain::start(LIQUIDATOR, World::new).await.unwrap();
    let (pool, other, liquidator, pair) = chain
        .with(|world| {
            let pair = world.pair(UATOM, UUSD, 1_000).into_string();
            (world.pool().to_string(), world.oracle().to_string(), world.liquidator().into_string(), pair)
        })
        .await
        .unwrap();
    let nobody = chain.sender().unwrap().to_owned();
    let open = async |pool: &str, liquidator: &str, pair: &str| {
        DexClient::open(&chain, pool, liquidator, &[pair.to_owned()]).await
    };
    assert!(open(&pool, &liquidator, &pair).await.is_ok());
    let foreign = open(&other, &liquidator, &pair).await.unwrap_err().to_string();
    assert!(foreign.contains(&pool) && foreign.contains(&other), "{foreign}");
    for (liquidator, pair, named) in [(&liquidator, &nobody, "pair"), (&nobody, &pair, "liquidator")] {
        let error = open(&pool, liquidator, pair).await.unwrap_err();
        assert!(matches!(&error, Error::NoContract { name, .. } if *name == named), "{error}");
    }
    assert_eq!(Ratio::bps(30).to_string(), "0.003");
}

#[tokio::test]
async fn accounts_that_are_tried_without_a_plan_need_no_planned_one_beside_them() {
    // Nothing pays as much, so nothing is planned; what the sale leaves is taken all the same.
    let strategy = Strategy { min_profit_value: Value::whole(1_000), ..Strategy::default() };
    let mut stage = stage(2, strategy.clone(), deep).await;
    assert_eq!(stage.tick().await.unwrap().plan.skipped, [(Skip::Unprofitable, 2)].into());
    let (book, chain) = (stage.keeper.book().clone(), stage.chain.clone());
    let scan = scan(&book, book.head.time).unwrap();
    let (liquidator, pool) =
        stage.world().with(|world| (world.liquidator().into_string(), world.pool().to_string())).await.unwrap();
    let dex_client = DexClient::open(&*chain, &pool, &liquidator, pairs_of(&stage)).await.unwrap();
    let dex = dex_client.read(&*chain, None).await.unwrap();
    let speculative_item =
        |key: &AccountKey| speculative_item(&book, &scan, &scan.verdict(&book, key).unwrap(), &dex).unwrap();
    let tried: Vec<Action> = scan.keys_actionable(&book).into_iter().map(speculative_item).collect();
    assert_eq!(tried.len(), 2);
    let targets = targets(&book, Some(&dex_client), &strategy);
    let path = fresh("liquidator");
    let mut executor = Executor::new(chain.clone(), Journal::open(&path).unwrap()).unwrap();
    let batch = executor.exactly(targets, tried.clone(), 1, &strategy).await.unwrap();
    executor.send_batch(targets, batch, &book.head, 4).await.unwrap();
    stage.block(|_| Vec::new()).await;
    assert!(stage.held(UUSD).await > 0);
    // It lowers nothing of what a planned one is asked for.
    let planned = decide_one(&book, &scan, &dex);
    let Action::Liquidate(deal) = &planned else { panic!("{planned:?}") };
    let asked = deal.sale.as_ref().unwrap().min_profit;
    assert!(asked.raw() > 1);
    for order in [[&tried[0], &planned], [&planned, &tried[0]]] {
        let messages = targets.messages(&order.map(Clone::clone), 1).unwrap();
        let text = String::from_utf8(messages[0].msg.clone()).unwrap();
        assert!(text.contains(&format!("\"min_profit\":\"{asked}\"")), "{text}");
    }
    std::fs::remove_file(&path).unwrap();
}

/// What is planned where a hundredth of a dollar is asked for.
fn decide_one(book: &Book, scan: &Scan, dex: &DexSnapshot) -> Action {
    let strategy = Strategy { min_profit_value: dollars(10_000), ..Strategy::default() };
    let resources = Resources::new(None, Some(Balances::new()), &strategy).with_dex(Some(dex));
    plan(book, scan, resources).actions.remove(0)
}
