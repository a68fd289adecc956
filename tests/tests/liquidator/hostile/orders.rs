//! A pair that has the liquidator work for itself in the middle of another's sale. Whoever names such a pair gets what
//! they asked for, or their group is undone; nobody else loses anything.

use cosmwasm_std::{Addr, CosmosMsg, Uint256};
use plimsoll_liquidator::error::ContractError;
use plimsoll_risk::units::Amount;
use plimsoll_schema::liquidator::{ExecuteMsg, Route};
use plimsoll_schema::pool::{self, LiquidateBatch};
use plimsoll_testing::{AETH, ALICE, BOB, IBC_TOKEN, UATOM, UUSD, World, coin, route, values};

use super::false_pair::false_pair;
use super::setup::{CALLER, DENOMS, execute, fallen, holdings, item, item_of, pay};

const PROFIT: u128 = 20_000_000;

/// The pair's own order, through an honest pair: it is paid for whatever is inside of the liquidator then.
fn own_order(world: &World, liquidator: &Addr, honest: &Addr) -> CosmosMsg {
    let items = vec![item_of(world, 1)];
    let routes = vec![route(UATOM, UUSD, &[(honest, UUSD)])];
    execute(liquidator, &ExecuteMsg::Liquidate { items, routes, min_success: 1 }, vec![])
}

fn through(pair: &Addr, min_profit: u128) -> Route {
    Route { min_profit: Amount::new(min_profit), ..route(UATOM, UUSD, &[(pair, UUSD)]) }
}

/// What the first sale owes: what a liquidation of the same account repays.
fn owed(world: &mut World, liquidator: &Addr, honest: &Addr) -> u128 {
    let fresh = world.snapshot();
    let there = vec![through(honest, 0)];
    let response = world.liquidate_all(CALLER, liquidator, vec![item(world)], there, 1).unwrap();
    let owed = values(&response, "repaid")[0].parse().unwrap();
    world.restore(&fresh);
    owed
}

fn assert_nothing_inside(world: &World, liquidator: &Addr) {
    assert_eq!(holdings(world, liquidator.as_str()), [0; 4]);
    assert!(DENOMS.iter().all(|denom| world.market(denom).stored.lent.is_zero() && world.solvency(denom).solvent));
}

#[test]
fn a_second_order_in_the_middle_takes_nothing_of_the_first() {
    let (mut world, liquidator, honest) = fallen();
    let owed = owed(&mut world, &liquidator, &honest);
    let second = own_order(&world, &liquidator, &honest);
    let pair = false_pair(&mut world, vec![second], vec![coin(owed + PROFIT, UUSD)]);
    let before = world.balance(CALLER, UUSD);
    let pairs = world.balance(&pair, UUSD);
    world.liquidate_all(CALLER, &liquidator, vec![item(&world)], vec![through(&pair, PROFIT)], 1).unwrap();
    assert_eq!(world.balance(CALLER, UUSD) - before, PROFIT);
    // The pair earned with its own order what anybody does.
    assert!(world.balance(&pair, UUSD) > pairs - owed - PROFIT);
    assert!([0, 1].iter().all(|id| !world.position((ALICE, *id)).liquidatable));
    assert_nothing_inside(&world, &liquidator);
}

#[test]
fn a_second_order_that_takes_what_the_first_has_leaves_the_caller_what_they_asked_for() {
    let (mut world, liquidator, honest) = fallen();
    let owed = owed(&mut world, &liquidator, &honest);
    let second = own_order(&world, &liquidator, &honest);
    let pay = |amount| pay(&liquidator, coin(amount, UUSD));
    // It pays a good price, takes it back with its own order, and then pays just enough, a unit less, or nothing.
    for (after, works) in [(owed + PROFIT, true), (owed + PROFIT - 1, false), (2, false)] {
        let sends = vec![pay(owed + 10 * PROFIT), second.clone(), pay(after - 1)];
        let pair = false_pair(&mut world, sends, vec![coin(1, UUSD)]);
        let fresh = world.snapshot();
        let before = holdings(&world, CALLER);
        let work = vec![item(&world)];
        let there = vec![through(&pair, PROFIT)];
        if works {
            let response = world.liquidate_all(CALLER, &liquidator, work, there, 1).unwrap();
            assert_eq!(values(&response, "tried"), ["done"; 3]);
            assert_eq!(world.balance(CALLER, UUSD) - before[0], PROFIT);
            assert_nothing_inside(&world, &liquidator);
        } else {
            let error = world.refused(|world| world.liquidate_all(CALLER, &liquidator, work, there, 1));
            let got = Uint256::from(after);
            let wanted = Uint256::from(owed + PROFIT);
            let expected = ContractError::Shortfall { group: 0, denom: UUSD.to_owned(), got, wanted };
            assert!(error.is(&expected), "{error}, not {expected}");
        }
        world.restore(&fresh);
    }
}

/// The pair of one group reaches neither what the group before it has earned nor what the one after it will.
#[test]
fn a_hostile_pair_reaches_no_other_group() {
    let (mut world, liquidator, honest) = fallen();
    let beside = [((BOB, 1), IBC_TOKEN, 100_000_000, "4.2"), ((BOB, 2), AETH, 250_000_000_000_000_000, "1300")];
    let beside = beside.map(|(who, denom, amount, price)| {
        world.deposit(who, denom, amount).unwrap();
        world.borrow(who, UUSD, 290_000_000).unwrap();
        world.set_price(denom, price);
        let pair = world.pair(denom, UUSD, 100_000_000);
        (world.item(who, denom, (UUSD, 290_000_000)), route(denom, UUSD, &[(&pair, UUSD)]))
    });
    let [(first, to_first), (last, to_last)] = beside;
    let owed = owed(&mut world, &liquidator, &honest);
    // It takes back what it has paid.
    let sends = vec![pay(&liquidator, coin(owed + PROFIT, UUSD)), own_order(&world, &liquidator, &honest)];
    let pair = false_pair(&mut world, sends, vec![coin(1, UUSD)]);

    let fresh = world.snapshot();
    let work = vec![first.clone(), last.clone()];
    let there = vec![to_first.clone(), to_last.clone()];
    world.liquidate_all(CALLER, &liquidator, work, there, 2).unwrap();
    let without = world.dump().clone();
    world.restore(&fresh);
    let work = vec![first, item(&world), last];
    let there = vec![to_first, through(&pair, 0), to_last];
    let response = world.liquidate_all(CALLER, &liquidator, work, there, 2).unwrap();
    assert_eq!(values(&response, "succeeded").last().unwrap(), &"2");
    assert!(*world.dump() == without, "its group left a trace");
    assert_nothing_inside(&world, &liquidator);
}

/// Batches that a pair starts in the pool, in the middle of a sale, are not counted as the order's own.
#[test]
fn a_pairs_own_batch_in_the_middle_does_not_count() {
    let (mut world, liquidator, honest) = fallen();
    let owed = owed(&mut world, &liquidator, &honest);
    let batch = pool::ExecuteMsg::LiquidateBatch(LiquidateBatch {
        items: vec![item_of(&world, 1), item_of(&world, 2)],
        recipient: None,
        receive: None,
        allow_shares: None,
        min_success: Some(2),
        callback: None,
    });
    let sends = vec![execute(world.pool(), &batch, vec![coin(2_000_000_000, UUSD)])];
    let pair = false_pair(&mut world, sends, vec![coin(owed + PROFIT, UUSD)]);
    let healthy =
        pool::LiquidationItem::WriteOff(pool::UserAccount { user: world.addr(BOB).into_string(), account_id: None });
    let work = vec![item(&world), healthy.clone(), healthy];
    let error =
        world.refused(|world| world.liquidate_all(CALLER, &liquidator, work.clone(), vec![through(&pair, 0)], 2));
    assert!(error.is(&ContractError::TooFew { succeeded: 1, min_success: 2 }), "{error}");
    let response = world.liquidate_all(CALLER, &liquidator, work, vec![through(&pair, 0)], 1).unwrap();
    assert_eq!(values(&response, "tried"), ["done"]);
    assert_eq!(values(&response, "succeeded"), ["1", "2", "0", "1"]);
    assert_nothing_inside(&world, &liquidator);
}

/// Of every denom on the way: what is seized, what the debt is in, and what lies between.
#[test]
fn coins_that_a_pair_sends_beside_its_price_are_the_callers() {
    let (mut world, liquidator, _) = fallen();
    let first = world.pair(UATOM, AETH, 1_000_000);
    let pays = vec![coin(7, AETH), coin(5, UATOM), coin(800_000_000, UUSD)];
    let last = false_pair(&mut world, vec![], pays);
    let before = holdings(&world, CALLER);
    let there = route(UATOM, UUSD, &[(&first, AETH), (&last, UUSD)]);
    let response = world.liquidate_all(CALLER, &liquidator, vec![item(&world)], vec![there], 1).unwrap();
    let after = holdings(&world, CALLER);
    assert!(after[0] > before[0]);
    assert_eq!(after[1..], [before[1] + 5, before[2], before[3] + 7]);
    let earned = format!("{}{UUSD}", after[0] - before[0]);
    assert_eq!(values(&response, "proceeds"), [format!("7{AETH}"), format!("5{UATOM}"), earned]);
    assert_nothing_inside(&world, &liquidator);
}
