//! Scan and plan: what is judged, chosen, sized and left alone. The book comes from a world; the decisions are pure.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_keeper::book::Book;
use plimsoll_keeper::book::touched::Touched;
use plimsoll_keeper::chain::{Balances, ChainReader, ContractEvent};
use plimsoll_keeper::config::Strategy;
use plimsoll_keeper::plan::account_memory::AccountMemory;
use plimsoll_keeper::plan::{Action, Deal, Plan, Resources, Skip, plan, plan_on};
use plimsoll_keeper::scan::{Scan, scan};
use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_risk::units::{Ratio, Value};
use plimsoll_schema::compact::encode;
use plimsoll_schema::pool::{AccountKey, SPARED_UNTIL};
use plimsoll_testing::{AETH, ALICE, BOB, LENDER, LIQUIDATOR, UATOM, UUSD, World};

use crate::support::judged::{judged, judged_in};

/// ALICE owes 690 of a possible 700 USD against 100 ATOM; at 9 she may be liquidated.
fn alice(world: &mut World) {
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 690_000_000).unwrap();
}

fn planned(book: &Book, scan: &Scan, inventory: &[(&str, u128)], strategy: &Strategy) -> Plan {
    let inventory: Balances = inventory.iter().map(|(denom, amount)| ((*denom).to_owned(), *amount)).collect();
    plan(book, scan, Resources::new(None, Some(inventory), strategy))
}

fn only_deal(plan: &Plan) -> &Deal {
    match plan.actions.as_slice() {
        [Action::Liquidate(deal)] => deal,
        other => panic!("{other:?}, skipped {:?}", plan.skipped),
    }
}

fn only_skip(plan: &Plan) -> Skip {
    assert!(plan.actions.is_empty(), "{:?}", plan.actions);
    assert_eq!(plan.skipped.values().sum::<u64>(), 1);
    *plan.skipped.keys().next().unwrap()
}

#[tokio::test]
async fn a_healthy_book_asks_for_nothing() {
    let (_, book, scan) = judged(alice).await;
    assert_eq!((scan.accounts, scan.below(), scan.bad()), (1, 0, 0));
    assert!(scan.is_quiet());
    assert_eq!(planned(&book, &scan, &[(UUSD, u128::MAX)], &Strategy::default()), Plan::default());
}

#[tokio::test]
async fn time_alone_lets_debt_grow_and_silent_collateral_decline() {
    let (_, book, scan_now) = judged(alice).await;
    let after = |seconds: u64| {
        let scan = scan(&book, scan_now.now + seconds).unwrap();
        let verdict = scan.verdicts(&book).remove(0);
        (scan, verdict)
    };
    let (fresh, last) = after(3_600);
    assert!(fresh.assets.faults().is_empty() && last.health.debt > scan_now.verdicts(&book)[0].health.debt);
    // Silent from the next second on; for a day that changes nothing.
    for seconds in [3_601, 86_400] {
        let (stale, verdict) = after(seconds);
        assert!(stale.assets.faults().len() == 4 && stale.is_quiet(), "{seconds}");
        assert_eq!(verdict.health.collateral, Value::whole(1_000));
    }
    // A seventh less each day: after two days 1,000 × 6/7 × 0.75 = 642 carry 690 no more. After eight days nothing
    // counts.
    let (silent, verdict) = after(2 * 86_400);
    assert_eq!((silent.below(), verdict.health.collateral.to_string()), (1, "857.142857142857142".to_owned()));
    assert_eq!(after(8 * 86_400).1.health.collateral, Value::ZERO);
    // But nothing is seized at a silent price, nor is a debt written off while its own is silent.
    let (gone, verdict) = after(30 * 86_400);
    assert!(verdict.is_liquidatable() && !verdict.bad_debt);
    let plan = planned(&book, &gone, &[(UUSD, u128::MAX)], &Strategy::default());
    assert_eq!(only_skip(&plan), Skip::Price);
}

#[tokio::test]
async fn a_liquidation_is_what_the_contract_then_does() {
    let (chain, book, scan) = judged(|world| {
        alice(world);
        world.set_price(UATOM, "9");
    })
    .await;
    let plan = planned(&book, &scan, &[(UUSD, u128::MAX)], &Strategy::default());
    let deal = only_deal(&plan).clone();
    assert!(deal.profit > Value::ZERO && deal.received_value > deal.repaid_value);
    let received = deal.expected.seize.saturating_sub(deal.expected.fee).raw();
    assert_eq!(deal.min_receive.raw(), received * 995 / 1_000);

    let done = chain
        .with(move |world| {
            let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, deal.sent.amount)).unwrap();
            let said = |key| plimsoll_testing::values(&response, key)[0].to_owned();
            (said("repaid"), said("seized"), said("fee"), deal.expected)
        })
        .await
        .unwrap();
    assert_eq!((done.0, done.1, done.2), (done.3.repay.to_string(), done.3.seize.to_string(), done.3.fee.to_string()));
}

#[tokio::test]
async fn without_inventory_or_within_a_limit() {
    let (_, book, scan) = judged(|world| {
        alice(world);
        world.set_price(UATOM, "9");
    })
    .await;
    assert_eq!(only_skip(&planned(&book, &scan, &[(UATOM, 5)], &Strategy::default())), Skip::NoInventory);
    let some = planned(&book, &scan, &[(UUSD, 50_000_000)], &Strategy::default());
    assert_eq!(only_deal(&some).sent.amount, 50_000_000);
    let limited = Strategy { max_repay: [(UUSD.to_owned(), 7_000_000)].into(), ..Strategy::default() };
    assert_eq!(only_deal(&planned(&book, &scan, &[(UUSD, u128::MAX)], &limited)).sent.amount, 7_000_000);
}

#[tokio::test]
async fn a_limit_of_nothing_means_no_own_coins_whoever_plans() {
    let (_, book, scan) = judged(|world| {
        alice(world);
        world.set_price(UATOM, "9");
    })
    .await;
    let none = Some(Value::ZERO);
    for limited in [
        Strategy { max_spend_per_tx: none, ..Strategy::default() },
        Strategy { max_spend_per_hour: none, ..Strategy::default() },
    ] {
        assert_eq!(only_skip(&planned(&book, &scan, &[(UUSD, u128::MAX)], &limited)), Skip::Budget);
    }
}

#[tokio::test]
async fn what_does_not_pay_is_left_alone() {
    let (_, book, scan) = judged(|world| {
        alice(world);
        world.set_price(UATOM, "9");
    })
    .await;
    let inventory = [(UUSD, u128::MAX)];
    let profit = only_deal(&planned(&book, &scan, &inventory, &Strategy::default())).profit;
    let asks = |min_profit_value, gas_value| Strategy { min_profit_value, gas_value, ..Strategy::default() };
    assert!(planned(&book, &scan, &inventory, &asks(profit, Value::ZERO)).skipped.is_empty());
    let more = profit.checked_add(Value::new(1u64.into())).unwrap();
    assert_eq!(only_skip(&planned(&book, &scan, &inventory, &asks(more, Value::ZERO))), Skip::Unprofitable);
    assert_eq!(only_skip(&planned(&book, &scan, &inventory, &asks(Value::ZERO, more))), Skip::Unprofitable);
}

#[tokio::test]
async fn of_two_collaterals_the_more_profitable_is_taken() {
    let (_, book, scan) = judged(|world| {
        alice(world);
        world.deposit(ALICE, AETH, 10_000_000_000_000_000).unwrap(); // 20 USD
        world.set_price(UATOM, "8");
    })
    .await;
    let plan = planned(&book, &scan, &[(UUSD, u128::MAX)], &Strategy::default());
    assert_eq!(only_deal(&plan).collateral_denom, UATOM);
}

#[tokio::test]
async fn inventory_is_spent_once_and_the_largest_debt_comes_first() {
    let (_, book, scan) = judged(|world| {
        alice(world);
        world.deposit(BOB, UATOM, 1_000_000_000).unwrap();
        world.borrow(BOB, UUSD, 6_900_000_000).unwrap();
        world.set_price(UATOM, "9");
    })
    .await;
    let both = planned(&book, &scan, &[(UUSD, u128::MAX)], &Strategy::default());
    let sent: Vec<u128> = both
        .actions
        .iter()
        .filter_map(|a| if let Action::Liquidate(d) = a { Some(d.sent.amount) } else { None })
        .collect();
    assert_eq!(sent.len(), 2);
    let scarce = planned(&book, &scan, &[(UUSD, sent[0])], &Strategy::default());
    assert_eq!(only_deal(&scarce).sent.amount, sent[0]);
    assert_eq!(scarce.skipped, [(Skip::NoInventory, 1)].into());
}

#[tokio::test]
async fn cash_that_is_not_there_is_not_asked_for() {
    let (_, book, scan) = judged(|world| {
        alice(world);
        // The lender takes all out but what six ATOM of ALICE's deposit need.
        world.withdraw_all(LENDER, UATOM).unwrap();
        world.deposit(BOB, UUSD, 10_000_000_000).unwrap();
        world.allow_full_utilization(UATOM).unwrap();
        world.borrow(BOB, UATOM, 95_000_000).unwrap();
        world.set_price(UATOM, "9");
    })
    .await;
    let plan = planned(&book, &scan, &[(UUSD, u128::MAX)], &Strategy::default());
    let deal = only_deal(&plan);
    assert!(deal.expected.seize.saturating_sub(deal.expected.fee).raw() <= 6_000_000);
}

#[tokio::test]
async fn bad_debt_is_written_off_unless_that_is_switched_off() {
    let (_, book, scan) = judged(|world| {
        world.deposit(ALICE, UATOM, 1_000_000).unwrap();
        world.borrow(ALICE, UUSD, 6_900_000).unwrap();
        world.set_price(UATOM, "0.1");
    })
    .await;
    assert!(scan.verdicts(&book)[0].bad_debt);
    assert_eq!((scan.below(), scan.bad()), (1, 1));
    // Without inventory nothing can be seized, but the loss can be booked.
    let plan = planned(&book, &scan, &[], &Strategy::default());
    assert!(matches!(plan.actions.as_slice(), [Action::WriteOff { .. }]), "{plan:?}");
    let never = Strategy { write_off: false, ..Strategy::default() };
    assert_eq!(only_skip(&planned(&book, &scan, &[], &never)), Skip::NoInventory);
}

#[tokio::test]
async fn a_deposit_of_what_is_owed_is_set_off_where_no_liquidation_pays() {
    let (_, book, scan) = judged(|world| {
        alice(world);
        world.deposit(ALICE, UUSD, 50_000_000).unwrap();
        world.set_price(UATOM, "8");
    })
    .await;
    let plan = planned(&book, &scan, &[], &Strategy::default());
    let [Action::SetOff { amount, .. }] = plan.actions.as_slice() else { panic!("{plan:?}") };
    assert_eq!((amount.denom.as_str(), amount.amount), (UUSD, 50_000_000));
    let never = Strategy { write_off: false, ..Strategy::default() };
    assert_eq!(only_skip(&planned(&book, &scan, &[], &never)), Skip::NoInventory);
    // With coins to repay with a liquidation pays.
    only_deal(&planned(&book, &scan, &[(UUSD, u128::MAX)], &Strategy::default()));
}

/// A market in which a settled price moves by 5 % every ten seconds.
fn slow(denom: &'static str) -> World {
    let builder = World::builder().lent(1_000_000);
    let builder = builder.edit(denom, |asset| {
        (asset.guards.max_deviation, asset.guards.step_interval) = (Ratio::percent(5), 10);
    });
    builder.build()
}

#[tokio::test]
async fn seizing_above_its_proceeds_pays_nobody_until_the_price_settles() {
    let (_, book, first) = judged_in(|| {
        let mut world = slow(UATOM);
        alice(&mut world);
        world.advance(10);
        world.set_price(UATOM, "8");
        world
    })
    .await;
    let outcome = |seconds: u64| {
        let scan = scan(&book, first.now + seconds).unwrap();
        planned(&book, &scan, &[(UUSD, u128::MAX)], &Strategy::default())
    };
    // 100 ATOM at a settled 10, then 9.5, carry 712 and more of 690.
    assert_eq!(outcome(0), Plan::default());
    assert_eq!(outcome(10), Plan::default());
    // At 10 × 0.95² = 9.025 they carry 677, health factor 0.981, bonus 2 + 8 × 0.019 / 0.05 = 5 %. A dollar that is
    // repaid takes ATOM worth 1.05 at 9.025, which brings 1.05 × 8 / 9.025 = 0.93 dollars.
    assert_eq!(only_skip(&outcome(20)), Skip::Unprofitable);
    // At 8 it is worth what it is seized at. 800 × 0.75 / 690 = 0.87: the bonus is 10 %, of which the fee takes a
    // tenth.
    let plan = outcome(60);
    let deal = only_deal(&plan);
    let [received, repaid] =
        [deal.received_value, deal.repaid_value].map(|value| value.to_string().parse::<f64>().unwrap());
    assert!((received / repaid - 1.09).abs() < 1e-6, "{received} for {repaid}");
}

#[tokio::test]
async fn repaying_below_its_cost_pays_nobody_until_the_price_settles() {
    let (_, book, first) = judged_in(|| {
        let mut world = slow(AETH);
        world.deposit(ALICE, UATOM, 100_000_000).unwrap();
        world.borrow(ALICE, AETH, 345_000_000_000_000_000).unwrap();
        world.advance(10);
        world.set_price(AETH, "2500");
        world
    })
    .await;
    let outcome = |seconds: u64| {
        let scan = scan(&book, first.now + seconds).unwrap();
        planned(&book, &scan, &[(AETH, u128::MAX)], &Strategy::default())
    };
    // 0.345 ETH at a settled 2,100 are 724.5 of the 750 that 100 ATOM carry; at 2,205 they are 760.7, and cost 862.5.
    assert_eq!(outcome(10), Plan::default());
    assert_eq!(only_skip(&outcome(20)), Skip::Unprofitable);
    assert_eq!(only_deal(&outcome(60)).sent.denom, AETH);
}

/// Another oracle took over from a halted one: its own heartbeat knows of no halt.
#[tokio::test]
async fn who_is_spared_by_the_pool_is_left_alone_until_its_grace_is_over() {
    let build = || {
        let builder = World::builder().lent(1_000_000).oracle(|oracle| oracle.heartbeat_gap = 900);
        let mut world = builder.pool(|config| config.halt_grace = HaltGrace { gap: 900, grace: 600 }).build();
        world.deposit(ALICE, UATOM, 100_000_000).unwrap();
        world.borrow(ALICE, UUSD, 600_000_000).unwrap();
        world.set_price(UATOM, "7.9");
        let (pool, until) = (world.pool().clone(), encode(&(world.now() + 600)).unwrap());
        world.storage_mut(&pool).set(SPARED_UNTIL.key().as_bytes(), &until);
        world
    };
    let (chain, book, judged) = judged_in(build).await;
    // 592.5 carry 600, and 790 are more than 600 and a tenth.
    assert!(!chain.with(|world| world.position(ALICE).liquidatable).await.unwrap());
    assert_eq!((judged.below(), judged.spared(), judged.count_liquidatable()), (1, 1, 0));
    let later = scan(&book, judged.now + 600).unwrap();
    assert_eq!((later.below(), later.spared(), later.count_liquidatable()), (1, 0, 1));
}

#[tokio::test]
async fn who_is_spared_after_a_halt_is_counted_until_the_grace_is_over() {
    let build = || {
        let builder = World::builder().lent(1_000_000).oracle(|oracle| oracle.heartbeat_gap = 900);
        let mut world = builder.pool(|config| config.halt_grace = HaltGrace { gap: 900, grace: 600 }).build();
        alice(&mut world);
        // BOB has 8 % more than what is owed, less than the largest bonus: nothing spares that account.
        world.deposit(BOB, UATOM, 100_000_000).unwrap();
        world.borrow(BOB, UUSD, 690_000_000).unwrap();
        world
    };
    let (chain, _, _) = judged_in(build).await;
    let pool = chain.with(|world| world.pool().to_string()).await.unwrap();
    let act = |world: &mut World| {
        // The oracle is halted, and says 7.5 when it is back; ALICE has deposited 30 ATOM meanwhile.
        world.advance(1_000);
        world.deposit(ALICE, UATOM, 30_000_000).unwrap();
        world.set_prices(&[(UATOM, "7.5"), (UUSD, "1")]);
    };
    chain.with(act).await.unwrap();
    let head = chain.head().await.unwrap();
    let book = Book::snapshot(&chain, &pool, head.clone(), |_| {}).await.unwrap();
    let judged = scan(&book, head.time).unwrap();
    // 130 × 7.5 × 0.75 = 731 carry 690 after all.
    assert_eq!((judged.below(), judged.spared(), judged.count_liquidatable()), (1, 0, 1));
    // At 7: 682. She has 910 for 690.
    chain.with(|world| world.set_price(UATOM, "7")).await.unwrap();
    let head = chain.head().await.unwrap();
    let book = Book::snapshot(&chain, &pool, head.clone(), |_| {}).await.unwrap();
    let judged = scan(&book, head.time).unwrap();
    assert!(judged.assets.moment().halted);
    assert_eq!((judged.below(), judged.spared(), judged.count_liquidatable(), judged.bad()), (2, 1, 1, 0));
    let plan = planned(&book, &judged, &[(UUSD, u128::MAX)], &Strategy::default());
    assert_eq!(plan.skipped, [(Skip::Spared, 1)].into());
    let error = chain.with(|world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 690_000_000))).await.unwrap();
    assert!(error.unwrap_err().to_string().contains("spared"));
    let bob = chain.with(|world| world.addr(BOB).into_string()).await.unwrap();
    assert_eq!(only_deal(&Plan { skipped: BTreeMap::new(), ..plan }).key.owner, bob);
    // The grace is over.
    let later = scan(&book, head.time + 600).unwrap();
    assert!(!later.assets.moment().halted && later.count_liquidatable() == 2);
}

#[tokio::test]
async fn own_and_cooling_accounts_are_left_alone() {
    let (chain, book, scan) = judged(|world| {
        alice(world);
        world.set_price(UATOM, "9");
    })
    .await;
    let alice = chain.with(|world| world.addr(ALICE).into_string()).await.unwrap();
    let strategy = Strategy::default();
    let own = Resources::new(Some(alice.as_str()), None, &strategy);
    assert_eq!(only_skip(&plan(&book, &scan, own)), Skip::Own);
    let mut memory = AccountMemory::default();
    memory.note_failure(&scan.verdicts(&book)[0].key, book.head.height, &book, None);
    let any = Resources::new(None, None, &strategy);
    assert_eq!(only_skip(&plan_on(&book, &scan, any, &mut memory)), Skip::Cooldown);
}

#[tokio::test]
async fn following_events_gives_the_book_that_a_snapshot_gives() {
    let (chain, mut book, _) = judged(alice).await;
    let acts: [fn(&mut World) -> Vec<plimsoll_testing::AppResponse>; 5] = [
        |world| vec![world.deposit(BOB, UUSD, 5_000_000).unwrap()],
        |world| {
            vec![
                world.deposit(ALICE, UATOM, 10_000_000).unwrap(),
                world.borrow((ALICE, 0), AETH, 5_000_000_000_000_000).unwrap(),
                world.repay(ALICE, UUSD, 1_000).unwrap(),
            ]
        },
        |world| plimsoll_testing_feed(world, "8.1"),
        |world| vec![world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 100_000_000)).unwrap()],
        |world| {
            vec![
                world.repay(ALICE, UUSD, 700_000_000).unwrap(),
                world.repay(ALICE, AETH, 1_000_000_000_000_000_000).unwrap(),
            ]
        },
    ];
    // Every second block is not looked at: a gap.
    for (number, act) in acts.into_iter().enumerate() {
        let head = chain.block(5, move |world| Ok(act(world))).await.unwrap().unwrap();
        if number % 2 == 0 {
            book.follow(&chain, &head).await.unwrap();
            let fresh = Book::snapshot(&chain, &book.addresses.pool.clone(), head, |_| {}).await.unwrap();
            assert_eq!(book, fresh, "after act {number}");
        }
    }
    assert!(book.accounts.is_empty());
    // Heights never go back.
    let mut back = book.head.clone();
    back.height -= 1;
    assert!(book.follow(&chain, &back).await.is_err());
}

fn plimsoll_testing_feed(world: &mut World, price: &str) -> Vec<plimsoll_testing::AppResponse> {
    plimsoll_testing::FEEDERS.map(|feeder| world.feed(feeder, &[(UATOM, price)]).unwrap()).into()
}

#[test]
fn events_of_foreign_contracts_touch_nothing() {
    let addresses = plimsoll_keeper::book::Addresses { pool: "pool".to_owned(), oracle: "oracle".to_owned() };
    let said = |contract: &str| ContractEvent {
        contract: contract.to_owned(),
        attributes: [("action", "liquidate"), ("account", "wasm1x/3"), ("denom", "uusd"), ("debt_denom", "uatom")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .to_vec(),
    };
    let touched = |contract: &str| {
        let mut touched = Touched::default();
        touched.add(&[said(contract)], &addresses);
        touched
    };
    assert_eq!(touched("stranger"), Touched::default());
    assert_eq!(touched("oracle").prices, BTreeSet::from(["uusd".to_owned()]));
    assert!(touched("oracle").accounts.is_empty() && touched("oracle").markets.is_empty());
    assert_eq!(touched("pool").accounts, BTreeSet::from(["wasm1x/3".parse().unwrap()]));
    assert_eq!(touched("pool").markets, BTreeSet::from(["uusd".to_owned(), "uatom".to_owned()]));
}

#[test]
fn an_account_name_is_owner_and_number() {
    assert_eq!("wasm1x".parse::<AccountKey>().unwrap().account_id, 0);
    assert_eq!("wasm1x/12".parse::<AccountKey>().unwrap().account_id, 12);
    assert!("/1".parse::<AccountKey>().is_err());
    assert!("wasm1x/-1".parse::<AccountKey>().is_err());
    assert_eq!(Ratio::ONE.to_string(), "1");
}
