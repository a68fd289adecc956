//! The liquidator: many liquidations on flash-borrowed funds, for a caller with money for gas only.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use plimsoll_liquidator::error::ContractError;
use plimsoll_risk::units::Amount;
use plimsoll_schema::liquidator::{ExecuteMsg, Item, Route, Step};
use plimsoll_testing::{
    AETH, ALICE, Addr, BOB, GUARDIAN, IBC_TOKEN, LENDER, RISK_MANAGER, UATOM, UUSD, World, coin, route, values,
};

/// Who calls: funded like everybody, but only what changes is looked at.
const CALLER: &str = GUARDIAN;
const DENOMS: [&str; 4] = [UUSD, UATOM, IBC_TOKEN, AETH];

/// Ten accounts of Alice's with 100 ATOM and a debt of 690 uusd each; ATOM falls to 8.5. A deep market of ATOM and uusd at that price.
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

fn items(world: &World, ids: std::ops::Range<u32>) -> Vec<Item> {
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
    let response =
        world.liquidate_all(CALLER, &liquidator, items, vec![route(UATOM, UUSD, &[(&pair, UUSD)])], 10).unwrap();
    assert_eq!(values(&response, "succeeded"), ["10"]);
    assert!(world.liquidatable().is_empty());
    assert_eq!(holdings(&world, &liquidator), [0; 4]);

    // What is earned: what the sale of all collateral returns, less what was repaid, less the loan's fee.
    let sum = |key: &str| values(&response, key).iter().map(|n| n.parse::<u128>().unwrap()).sum::<u128>();
    let (repaid, sold) = (sum("repaid"), values(&response, "return_amount")[0].parse::<u128>().unwrap());
    let fee = 6_900_000_000u128 * 9 / 10_000;
    assert_eq!(world.balance(CALLER, UUSD) - before, sold - repaid - fee);
    assert!(sold > repaid + fee);
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
    let expected = ContractError::TooFew { succeeded: 9, min_success: 10 };
    let error = world.refused(|world| world.liquidate_all(CALLER, &liquidator, items.clone(), routes.clone(), 10));
    assert!(error.is(&expected), "{error}");

    let response = world.liquidate_all(CALLER, &liquidator, items, routes, 9).unwrap();
    assert_eq!(values(&response, "succeeded"), ["9"]);
    let (places, outcomes) = (values(&response, "item"), values(&response, "outcome"));
    assert_eq!(places, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    let failed: Vec<&str> = places.iter().zip(&outcomes).filter(|(_, o)| **o != "ok").map(|(at, _)| *at).collect();
    assert_eq!(failed, ["4"]);
    assert!(world.liquidatable().is_empty());
    assert_eq!(holdings(&world, &liquidator), [0; 4]);
}

#[test]
fn liquidate_sells_over_two_pairs() {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 690_000_000).unwrap();
    world.set_price(UATOM, "8.5");
    let first = world.pair(UATOM, AETH, 100_000_000);
    let second = world.pair(AETH, UUSD, 100_000_000);
    let liquidator = world.liquidator();
    let before = world.balance(CALLER, UUSD);
    let item = world.item(ALICE, UATOM, (UUSD, 690_000_000));
    let there = route(UATOM, UUSD, &[(&first, AETH), (&second, UUSD)]);
    world.liquidate_all(CALLER, &liquidator, vec![item], vec![there], 1).unwrap();
    assert!(world.balance(CALLER, UUSD) > before);
    assert_eq!(holdings(&world, &liquidator), [0; 4]);
}

#[test]
fn liquidate_undoes_a_group_that_does_not_pay_and_keeps_the_other() {
    let (mut world, liquidator, pair) = fallen();
    // Bob borrows aeth against ATOM; the only market from ATOM to aeth is so thin that a sale there returns next to nothing.
    world.deposit(BOB, UATOM, 1_000_000_000).unwrap();
    world.set_price(UATOM, "10");
    world.borrow(BOB, AETH, 3_400_000_000_000_000_000).unwrap();
    world.set_price(UATOM, "8.5");
    let thin = world.pair(UATOM, AETH, 10);
    let all = vec![
        world.item(BOB, UATOM, (AETH, 3_400_000_000_000_000_000)),
        world.item((ALICE, 0), UATOM, (UUSD, 690_000_000)),
    ];
    let routes = vec![route(UATOM, AETH, &[(&thin, AETH)]), route(UATOM, UUSD, &[(&pair, UUSD)])];
    let bob = world.account(BOB);
    let response = world.liquidate_all(CALLER, &liquidator, all, routes, 1).unwrap();
    assert_eq!(values(&response, "succeeded"), ["1"], "what a group that was undone had counted does not count");
    assert_eq!(world.account(BOB), bob);
    assert!(!world.position((ALICE, 0)).liquidatable);
    assert_eq!(holdings(&world, &liquidator), [0; 4]);
    assert!(world.market(AETH).stored.lent.is_zero());
}

#[test]
fn liquidate_with_less_profit_than_asked_for_is_undone() {
    let (mut world, liquidator, pair) = fallen();
    let items = items(&world, 0..1);
    let before = world.snapshot();
    let held = world.balance(CALLER, UUSD);
    let there = route(UATOM, UUSD, &[(&pair, UUSD)]);
    world.liquidate_all(CALLER, &liquidator, items.clone(), vec![there.clone()], 1).unwrap();
    let profit = world.balance(CALLER, UUSD) - held;
    world.restore(&before);
    for (min_profit, works) in [(profit, true), (profit + 1, false)] {
        world.restore(&before);
        let there = Route { min_profit: Amount::new(min_profit), ..there.clone() };
        let done = world.liquidate_all(CALLER, &liquidator, items.clone(), vec![there], 1);
        assert_eq!(done.is_ok(), works, "{min_profit}");
    }
}

#[test]
fn liquidate_writes_off_too() {
    let (mut world, liquidator, pair) = fallen();
    // 90 ATOM at a cent are less than a dollar of dust, against 500 owed.
    world.deposit(BOB, UATOM, 90_000_000).unwrap();
    world.borrow(BOB, UUSD, 500_000_000).unwrap();
    world.set_price(UATOM, "0.01");
    let (user, nobody) = (world.addr(BOB).into_string(), world.addr(ALICE).into_string());
    let items = vec![Item::WriteOff { user, account_id: None }, Item::WriteOff { user: nobody, account_id: Some(77) }];
    let response = world.liquidate_all(CALLER, &liquidator, items, vec![route(UATOM, UUSD, &[(&pair, UUSD)])], 1);
    assert_eq!(values(&response.unwrap(), "succeeded"), ["1"]);
    assert!(world.account(BOB).is_empty());
}

#[test]
fn donated_coins_go_to_the_next_caller_of_their_denom() {
    let (mut world, liquidator, pair) = fallen();
    let items = items(&world, 0..1);
    let routes = vec![route(UATOM, UUSD, &[(&pair, UUSD)])];
    let before = world.snapshot();
    let held = world.balance(CALLER, UUSD);
    world.liquidate_all(CALLER, &liquidator, items.clone(), routes.clone(), 1).unwrap();
    let without = world.balance(CALLER, UUSD) - held;
    world.restore(&before);
    world.send(LENDER, &liquidator, &[coin(1_000, UUSD)]).unwrap();
    world.liquidate_all(CALLER, &liquidator, items, routes, 1).unwrap();
    assert_eq!(world.balance(CALLER, UUSD) - held, without + 1_000);
    assert_eq!(holdings(&world, &liquidator), [0; 4]);
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
    let zero = world.item(ALICE, UATOM, (UUSD, 0));
    let same = world.item(ALICE, UUSD, (UUSD, 5));
    let cases: Vec<(Vec<Item>, Vec<Route>, u32, ContractError)> = vec![
        (vec![], vec![there.clone()], 0, ContractError::ItemCount { items: 0, max: 50 }),
        (vec![item.clone(); 51], vec![there.clone()], 0, ContractError::ItemCount { items: 51, max: 50 }),
        (vec![item.clone(); 2], vec![there.clone()], 0, ContractError::ItemTwice { first: 0, second: 1 }),
        (vec![item.clone()], vec![there.clone()], 2, ContractError::MinSuccess { min_success: 2, items: 1 }),
        (vec![item.clone()], vec![], 1, ContractError::NoRoute { collateral_denom, debt_denom }),
        (vec![zero], vec![there.clone()], 0, ContractError::ZeroAmount { item: 0, denom: UUSD.to_owned() }),
        (vec![same], vec![there.clone()], 0, ContractError::SameDenom { item: 0, denom: UUSD.to_owned() }),
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
    let msg = ExecuteMsg::Liquidate { items: vec![item], routes: vec![there], min_success: 1, item_gas: None };
    let error = world.refused(|world| world.execute_contract(CALLER, &liquidator, &msg, &[coin(5, UUSD)]));
    assert_eq!(error.to_string(), "this message takes no funds, but '5uusd' was sent");
}

#[test]
fn callbacks_and_steps_that_nobody_asked_for_are_refused() {
    let (mut world, liquidator, _) = fallen();
    let callback = ExecuteMsg::FlashLoanCallback {
        id: 1,
        coin: coin(5, UUSD),
        fee: Amount::ZERO,
        msg: cosmwasm_std::to_json_binary(&0u32).unwrap(),
    };
    let settle = Step::Settle { group: 0, loan: 1, owed: coin(5, UUSD) };
    for msg in [
        callback,
        ExecuteMsg::Step(settle),
        ExecuteMsg::Step(Step::Finish {}),
        ExecuteMsg::Step(Step::Swap { group: 0, hop: 0 }),
    ] {
        for who in [ALICE, RISK_MANAGER] {
            let expected = ContractError::Unexpected { sender: world.addr(who).into_string() };
            let error = world.refused(|world| world.execute_contract(who, &liquidator, &msg, &[]));
            assert!(error.is(&expected), "{error}");
        }
    }
}

#[test]
fn a_pool_short_of_cash_fails_the_item_and_nobody_gets_shares() {
    let (mut world, liquidator, pair) = fallen();
    // Lenders take all the ATOM that the pool has.
    world.withdraw_all(LENDER, UATOM).unwrap();
    let cash = world.market(UATOM).stored.cash.raw();
    world.deposit(BOB, AETH, 10_000_000_000_000_000_000_000).unwrap();
    world.allow_full_utilization(UATOM).unwrap();
    world.borrow(BOB, UATOM, cash).unwrap();
    let items = items(&world, 0..1);
    let before = world.account((ALICE, 0));
    let routes = vec![route(UATOM, UUSD, &[(&pair, UUSD)])];
    let response = world.liquidate_all(CALLER, &liquidator, items, routes, 0).unwrap();
    assert_eq!(values(&response, "succeeded"), ["0"]);
    assert_eq!(world.account((ALICE, 0)), before);
    assert!(world.account(liquidator.as_str()).is_empty());
}
