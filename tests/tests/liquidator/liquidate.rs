//! The liquidator: many liquidations, paid for by selling what they seize, for a caller with money for gas only.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use cosmwasm_std::{Binary, Uint256};
use plimsoll_liquidator::error::ContractError;
use plimsoll_pool::error::ContractError as PoolError;
use plimsoll_risk::units::Amount;
use plimsoll_schema::liquidator::{ExecuteMsg, ROUTES_MAX, Route};
use plimsoll_schema::pool::{ExecuteMsg as PoolMsg, LIQUIDATION_ITEMS_MAX, LiquidationItem, UserAccount};
use plimsoll_testing::{
    AETH, ALICE, Addr, BOB, GUARDIAN, IBC_TOKEN, LENDER, RISK_MANAGER, UATOM, UUSD, World, coin, route, values,
};

/// Who calls: funded like everybody, but only what changes is looked at.
const CALLER: &str = GUARDIAN;
const DENOMS: [&str; 4] = [UUSD, UATOM, IBC_TOKEN, AETH];

/// Ten accounts of Alice's with 100 ATOM and a debt of 690 uusd each; ATOM falls to 8.5. A deep market of ATOM and uusd
/// at that price.
fn fallen() -> (World, Addr, Addr) {
    let mut world = World::builder().lent(1_000_000).build();
    for id in 0..10 {
        world.deposit((ALICE, id), UATOM, 100_000_000).unwrap();
        world.borrow((ALICE, id), UUSD, 690_000_000).unwrap();
    }
    world.set_price(UATOM, "8.5");
    let pair = world.pair(UATOM, UUSD, 100_000_000);
    let liquidator = world.liquidator();
    (world, liquidator, pair)
}

fn items(world: &World, ids: std::ops::Range<u32>) -> Vec<LiquidationItem> {
    ids.map(|id| world.item((ALICE, id), UATOM, (UUSD, 690_000_000))).collect()
}

fn holdings(world: &World, who: &Addr) -> Vec<u128> {
    DENOMS.iter().map(|denom| world.balance(who, denom)).collect()
}

#[test]
fn liquidate_of_ten_accounts_earns_and_leaves_nothing_inside() {
    let (mut world, liquidator, pair) = fallen();
    let items = items(&world, 0..10);
    let before = world.balance(CALLER, UUSD);
    let stored = world.dump_of(&liquidator);
    let response =
        world.liquidate_all(CALLER, &liquidator, items, vec![route(UATOM, UUSD, &[(&pair, UUSD)])], 10).unwrap();
    assert_eq!(values(&response, "succeeded"), ["10"]);
    assert!(world.liquidatable().is_empty());
    assert_eq!(holdings(&world, &liquidator), [0; 4]);
    assert_eq!(world.dump_of(&liquidator), stored);

    // What is earned: what the sale of all collateral returns, less what was repaid. There is no fee.
    let sum = |key: &str| values(&response, key).iter().map(|n| n.parse::<u128>().unwrap()).sum::<u128>();
    let repaid = sum("repaid");
    let sold = sum("return_amount");
    assert_eq!(values(&response, "return_amount").len(), 1, "one sale for all");
    let earned = world.balance(CALLER, UUSD) - before;
    assert_eq!(earned, sold - repaid);
    assert!(earned > 0);
    assert_eq!(values(&response, "proceeds"), [format!("{earned}{UUSD}")]);
    for denom in DENOMS {
        assert!(world.solvency(denom).solvent);
    }
    assert!(world.market(UUSD).stored.lent.is_zero());
}

#[test]
fn liquidate_goes_on_when_one_of_ten_fails() {
    let (mut world, liquidator, pair) = fallen();
    // One was saved before the message arrived.
    world.repay((ALICE, 4), UUSD, 300_000_000).unwrap();
    let items = items(&world, 0..10);
    let routes = vec![route(UATOM, UUSD, &[(&pair, UUSD)])];
    let error = world.refused(|world| world.liquidate_all(CALLER, &liquidator, items.clone(), routes.clone(), 10));
    let text = error.to_string();
    assert!(text.starts_with("9 items succeeded, 10 are wanted; the first that failed: item 4: "), "{text}");

    let response = world.liquidate_all(CALLER, &liquidator, items, routes, 9).unwrap();
    assert_eq!(values(&response, "succeeded"), ["9"]);
    assert_eq!(values(&response, "failed"), [format!("{}/4", world.addr(ALICE))]);
    let places = values(&response, "item");
    let outcomes = values(&response, "outcome");
    assert_eq!(places, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    let failed: Vec<&str> = places.iter().zip(&outcomes).filter(|(_, o)| **o != "ok").map(|(at, _)| *at).collect();
    assert_eq!(failed, ["4"]);
    assert!(text.ends_with(outcomes[4]), "{text}, but {}", outcomes[4]);
    assert!(world.liquidatable().is_empty());
    assert_eq!(holdings(&world, &liquidator), [0; 4]);
}

#[test]
fn liquidate_needs_neither_flash_loans_nor_cash_of_what_is_owed() {
    let (mut world, liquidator, pair) = fallen();
    let stop = PoolMsg::Pause { denom: None, deposit: true, borrow: true, flash_loan: true };
    world.execute(GUARDIAN, &stop, &[]).unwrap();
    world.withdraw_all(LENDER, UUSD).unwrap();
    assert!(world.market(UUSD).stored.cash.is_zero());
    let work = items(&world, 0..10);
    world.liquidate_all(CALLER, &liquidator, work, vec![route(UATOM, UUSD, &[(&pair, UUSD)])], 10).unwrap();
    assert!(world.liquidatable().is_empty());
    assert!(!world.market(UUSD).stored.cash.is_zero() && world.market(UUSD).stored.lent.is_zero());
    assert_eq!(holdings(&world, &liquidator), [0; 4]);
}

#[test]
fn liquidate_sells_over_as_many_pairs_as_are_named() {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 690_000_000).unwrap();
    world.set_price(UATOM, "8.5");
    let first = world.pair(UATOM, AETH, 100_000_000);
    let second = world.pair(AETH, UUSD, 100_000_000);
    let around = [world.pair(AETH, IBC_TOKEN, 100_000_000), world.pair(IBC_TOKEN, UUSD, 100_000_000)];
    let liquidator = world.liquidator();
    let fresh = world.snapshot();
    let before = world.balance(CALLER, UUSD);
    for hops in
        [vec![(&first, AETH), (&second, UUSD)], vec![(&first, AETH), (&around[0], IBC_TOKEN), (&around[1], UUSD)]]
    {
        world.restore(&fresh);
        let item = world.item(ALICE, UATOM, (UUSD, 690_000_000));
        let response =
            world.liquidate_all(CALLER, &liquidator, vec![item], vec![route(UATOM, UUSD, &hops)], 1).unwrap();
        assert_eq!(values(&response, "return_amount").len(), hops.len());
        assert!(world.balance(CALLER, UUSD) > before);
        assert_eq!(holdings(&world, &liquidator), [0; 4]);
    }
}

#[test]
fn liquidate_with_less_profit_than_asked_for_is_undone() {
    let (mut world, liquidator, pair) = fallen();
    let items = items(&world, 0..1);
    let before = world.snapshot();
    let held = world.balance(CALLER, UUSD);
    let there = route(UATOM, UUSD, &[(&pair, UUSD)]);
    let response = world.liquidate_all(CALLER, &liquidator, items.clone(), vec![there.clone()], 1).unwrap();
    let profit = world.balance(CALLER, UUSD) - held;
    let got = Uint256::from(values(&response, "return_amount")[0].parse::<u128>().unwrap());
    world.restore(&before);
    let asks = |min_profit| Route { min_profit: Amount::new(min_profit), ..there.clone() };
    let error =
        world.refused(|world| world.liquidate_all(CALLER, &liquidator, items.clone(), vec![asks(profit + 1)], 0));
    let wanted = got + Uint256::one();
    let expected = ContractError::Shortfall { group: 0, denom: UUSD.to_owned(), got, wanted };
    assert!(error.is(&expected), "{error}, not {expected}");
    world.liquidate_all(CALLER, &liquidator, items, vec![asks(profit)], 1).unwrap();
}

#[test]
fn liquidate_writes_off_without_a_route() {
    let (mut world, liquidator, _) = fallen();
    // 90 ATOM at a cent are less than a dollar of dust, against 500 owed.
    world.deposit(BOB, UATOM, 90_000_000).unwrap();
    world.borrow(BOB, UUSD, 500_000_000).unwrap();
    world.set_price(UATOM, "0.01");
    let user = world.addr(BOB).into_string();
    let items = [None, Some(77)]
        .map(|account_id| LiquidationItem::WriteOff(UserAccount { user: user.clone(), account_id }))
        .to_vec();
    let error = world.refused(|world| world.liquidate_all(CALLER, &liquidator, items.clone(), vec![], 2));
    assert!(error.to_string().starts_with("1 items succeeded, 2 are wanted"), "{error}");
    let response = world.liquidate_all(CALLER, &liquidator, items, vec![], 1).unwrap();
    assert_eq!(values(&response, "succeeded"), ["1"]);
    assert!(world.account(BOB).is_empty());
}

#[test]
fn donated_coins_go_to_the_next_caller_of_their_denom() {
    let (mut world, liquidator, pair) = fallen();
    let items = items(&world, 0..1);
    let routes = vec![route(UATOM, UUSD, &[(&pair, UUSD)])];
    let before = world.snapshot();
    let held = holdings(&world, &world.addr(CALLER));
    world.liquidate_all(CALLER, &liquidator, items.clone(), routes.clone(), 1).unwrap();
    let without = world.balance(CALLER, UUSD) - held[0];
    world.restore(&before);
    world.send(LENDER, &liquidator, &[coin(1_000, UUSD), coin(5, UATOM), coin(7, AETH)]).unwrap();
    world.liquidate_all(CALLER, &liquidator, items, routes, 1).unwrap();
    // Collateral that was not seized isn't sold; a denom that the route doesn't name stays.
    let caller = holdings(&world, &world.addr(CALLER));
    assert_eq!(caller, [held[0] + without + 1_000, held[1] + 5, held[2], held[3]]);
    assert_eq!(holdings(&world, &liquidator), [0, 0, 0, 7]);
}

#[test]
fn liquidate_with_bad_items_or_routes_is_refused() {
    let (mut world, liquidator, pair) = fallen();
    let item = world.item(ALICE, UATOM, (UUSD, 690_000_000));
    let there = route(UATOM, UUSD, &[(&pair, UUSD)]);
    let denoms = || (UATOM.to_owned(), UUSD.to_owned());
    let (collateral_denom, debt_denom) = denoms();
    let bad_route = || {
        let (collateral_denom, debt_denom) = denoms();
        ContractError::BadRoute { collateral_denom, debt_denom, max: 4 }
    };
    let same = world.item(ALICE, UUSD, (UUSD, 5));
    let items = LIQUIDATION_ITEMS_MAX + 1;
    let routes = ROUTES_MAX + 1;
    let many_routes = (0..routes).map(|at| route(&format!("u{at}"), UUSD, &[(&pair, UUSD)])).collect();
    let cases: Vec<(Vec<LiquidationItem>, Vec<Route>, u32, ContractError)> = vec![
        (vec![], vec![there.clone()], 0, ContractError::ItemCount { items: 0, max: LIQUIDATION_ITEMS_MAX }),
        (
            vec![item.clone(); items],
            vec![there.clone()],
            0,
            ContractError::ItemCount { items, max: LIQUIDATION_ITEMS_MAX },
        ),
        (vec![item.clone()], many_routes, 0, ContractError::RouteCount { routes, max: ROUTES_MAX }),
        (vec![item.clone()], vec![there.clone()], 2, ContractError::MinSuccess { min_success: 2, items: 1 }),
        (vec![item.clone()], vec![], 1, ContractError::NoRoute { collateral_denom, debt_denom }),
        (
            vec![item.clone(), same],
            vec![there.clone()],
            0,
            ContractError::SameDenom { item: 1, denom: UUSD.to_owned() },
        ),
        (vec![item.clone()], vec![route(UATOM, UUSD, &[])], 0, bad_route()),
        (vec![item.clone()], vec![route(UATOM, UUSD, &[(&pair, AETH)])], 0, bad_route()),
        (vec![item.clone()], vec![route(UATOM, UUSD, &[(&pair, UATOM), (&pair, UUSD)])], 0, bad_route()),
        (
            vec![item.clone()],
            vec![there.clone(), there.clone()],
            0,
            ContractError::RouteTwice { collateral_denom: UATOM.to_owned(), debt_denom: UUSD.to_owned() },
        ),
    ];
    for (items, routes, min_success, expected) in cases {
        let error = world.refused(|world| world.liquidate_all(CALLER, &liquidator, items, routes, min_success));
        assert!(error.is(&expected), "{error}, not {expected}");
    }
    let msg = ExecuteMsg::Liquidate { items: vec![item], routes: vec![there], min_success: 1 };
    let error = world.refused(|world| world.execute_contract(CALLER, &liquidator, &msg, &[coin(5, UUSD)]));
    assert_eq!(error.to_string(), "this message takes no funds, but '5uusd' was sent");
}

#[test]
fn callbacks_that_nobody_asked_for_are_refused() {
    let (mut world, liquidator, _) = fallen();
    let coins = || vec![coin(5, UUSD)];
    let callback = ExecuteMsg::BatchCallback { id: 1, repay: coins(), received: coins(), msg: Binary::default() };
    for who in [ALICE, RISK_MANAGER] {
        let expected = ContractError::Unexpected { sender: world.addr(who).into_string() };
        let error = world.refused(|world| world.execute_contract(who, &liquidator, &callback, &[]));
        assert!(error.is(&expected), "{error}");
    }
}

#[test]
fn a_pool_short_of_cash_sizes_the_item_by_it_and_nobody_gets_shares() {
    let (mut world, liquidator, pair) = fallen();
    // Lenders and Bob take all the ATOM that the pool has but 20, where a liquidation would pay fifty.
    world.withdraw_all(LENDER, UATOM).unwrap();
    world.deposit(BOB, AETH, 10_000_000_000_000_000_000_000).unwrap();
    world.allow_full_utilization(UATOM).unwrap();
    let cash = |world: &World| world.market(UATOM).stored.cash.raw();
    let borrowed = cash(&world) - 20_000_000;
    world.borrow(BOB, UATOM, borrowed).unwrap();
    let routes = vec![route(UATOM, UUSD, &[(&pair, UUSD)])];
    let work = items(&world, 0..1);
    let before = world.owed((ALICE, 0), UUSD);
    world.liquidate_all(CALLER, &liquidator, work, routes.clone(), 1).unwrap();
    assert!(cash(&world) <= 1, "{}", cash(&world));
    assert!(world.owed((ALICE, 0), UUSD) < before && world.position((ALICE, 0)).liquidatable);
    assert!(world.account(liquidator.as_str()).is_empty());

    // Without any cash there is nothing to do, which is an error only where something was asked for.
    let last = cash(&world);
    if last > 0 {
        world.borrow(BOB, UATOM, last).unwrap();
    }
    let work = items(&world, 1..2);
    let error = world.refused(|world| world.liquidate_all(CALLER, &liquidator, work.clone(), routes.clone(), 1));
    assert!(error.to_string().contains("insufficient liquidity"), "{error}");
    let response = world.liquidate_all(CALLER, &liquidator, work, routes, 0).unwrap();
    assert_eq!(values(&response, "succeeded"), ["0"]);
    let failed = PoolError::TooFew {
        succeeded: 0,
        min_success: 1,
        first: format!("item 0: {}", values(&response, "outcome")[0]),
    };
    assert!(error.is(&failed), "{error}, not {failed}");
}

#[test]
fn liquidate_with_more_left_to_do_than_a_chain_hands_to_a_reply_is_refused() {
    let (mut world, liquidator, pair) = fallen();
    let long = |user: usize| match world.item(ALICE, AETH, (UUSD, 5)) {
        LiquidationItem::Liquidate(item) => {
            LiquidationItem::Liquidate(plimsoll_schema::pool::LiquidateItem { user: "u".repeat(user), ..item })
        }
        item => item,
    };
    let routes = vec![route(UATOM, UUSD, &[(&pair, UUSD)]), route(AETH, UUSD, &[(&pair, UUSD)])];
    let with = |user| [vec![world.item(ALICE, UATOM, (UUSD, 690_000_000))], vec![long(user); 249]].concat();
    let fits = with(60);
    let too_much = with(600);
    let refused = world.refused(|world| world.liquidate_all(BOB, &liquidator, too_much, routes.clone(), 1)).to_string();
    assert!(refused.starts_with("the groups after the first have 1"), "{refused}");
    assert!(refused.ends_with(" bytes together, at most 131072 are allowed"), "{refused}");
    world.liquidate_all(BOB, &liquidator, fits, routes, 1).unwrap();
}
