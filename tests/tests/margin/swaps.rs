//! `swap_collateral` and `swap_debt`: replace one side of a position.

use plimsoll_margin::error::ContractError;
use plimsoll_risk::units::Amount;
use plimsoll_schema::margin::{Order, SwapCollateral, SwapDebt};
use plimsoll_testing::{AETH, ALICE, Addr, UATOM, UUSD, World, coin, hops};

use crate::setup::{as_quoted, builder, number};

/// 100 ATOM and 300 USD owed; pairs of ATOM and ETH, and of ETH and dollars.
fn owing() -> (World, Addr, Addr) {
    let mut world = builder().build();
    let collateral = world.pair(UATOM, AETH, 10_000_000);
    let debt = world.pair(AETH, UUSD, 10_000_000);
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 300_000_000).unwrap();
    (world, collateral, debt)
}

fn swap_collateral(pair: &Addr, amount: Option<u128>) -> SwapCollateral {
    SwapCollateral {
        account_id: None,
        from: UATOM.to_owned(),
        to: AETH.to_owned(),
        amount: amount.map(Amount::new),
        hops: hops(&[(pair, AETH)]),
        min_received: Amount::ZERO,
    }
}

fn swap_debt(pair: &Addr, amount: Option<u128>) -> SwapDebt {
    SwapDebt {
        account_id: None,
        from: UUSD.to_owned(),
        to: AETH.to_owned(),
        amount: amount.map(Amount::new),
        hops: hops(&[(pair, UUSD)]),
        max_debt: Amount::MAX,
    }
}

#[test]
fn swap_collateral_moves_all_of_a_deposit_while_its_debt_stands() {
    let (mut world, pair, _) = owing();
    let (_, quote) = as_quoted(&mut world, ALICE, &Order::SwapCollateral(swap_collateral(&pair, None)), &[]);
    assert_eq!(quote.sold, coin(100_000_000, UATOM));
    assert_eq!(world.supplied(ALICE, UATOM), 0);
    let bought = number(&quote.bought);
    assert!((bought - 1..=bought).contains(&world.supplied(ALICE, AETH)));
    assert!((300_000_000..300_001_000).contains(&world.owed(ALICE, UUSD)));
    assert!(quote.paid.is_empty());
}

#[test]
fn swap_collateral_moves_a_part() {
    let (mut world, pair, _) = owing();
    let order = Order::SwapCollateral(swap_collateral(&pair, Some(40_000_000)));
    as_quoted(&mut world, ALICE, &order, &[]);
    assert!((59_999_999..=60_000_000).contains(&world.supplied(ALICE, UATOM)));
    let order = Order::SwapCollateral(swap_collateral(&pair, Some(60_000_001)));
    let error = world.refused(|world| world.order(ALICE, &order, &[]));
    assert!(error.to_string().starts_with("insufficient deposit: wanted 60000001 uatom"), "{error}");
}

#[test]
fn swap_collateral_below_its_limit_is_refused() {
    let (mut world, pair, _) = owing();
    let order = swap_collateral(&pair, None);
    let quote = world.quote(ALICE, &Order::SwapCollateral(order.clone()), &[]).unwrap();
    let received = Amount::new(number(&quote.bought));
    let min = received.saturating_add(Amount::new(1));
    let order = Order::SwapCollateral(SwapCollateral { min_received: min, ..order });
    let error = world.refused(|world| world.order(ALICE, &order, &[]));
    assert!(error.is(&ContractError::MinReceived { denom: AETH.to_owned(), received, min }), "{error}");
}

#[test]
fn swap_debt_replaces_all_of_a_debt() {
    let (mut world, _, pair) = owing();
    world.advance(3_000);
    let (_, quote) = as_quoted(&mut world, ALICE, &Order::SwapDebt(swap_debt(&pair, None)), &[]);
    assert_eq!(world.owed(ALICE, UUSD), 0);
    let borrowed = number(&quote.sold);
    assert!((borrowed..=borrowed + borrowed / 1_000_000 + 2).contains(&world.owed(ALICE, AETH)));
}

#[test]
fn swap_debt_replaces_a_part_and_no_more_than_is_owed() {
    let (mut world, _, pair) = owing();
    as_quoted(&mut world, ALICE, &Order::SwapDebt(swap_debt(&pair, Some(100_000_000))), &[]);
    assert!((200_000_000..200_001_000).contains(&world.owed(ALICE, UUSD)));
    as_quoted(&mut world, ALICE, &Order::SwapDebt(swap_debt(&pair, Some(900_000_000))), &[]);
    assert_eq!(world.owed(ALICE, UUSD), 0);
    let error = world.refused(|world| world.order(ALICE, &Order::SwapDebt(swap_debt(&pair, None)), &[]));
    let account = format!("{}/0", world.addr(ALICE));
    assert!(error.is(&ContractError::NoDebt { account, denom: UUSD.to_owned() }), "{error}");
}

#[test]
fn swap_debt_beyond_its_limit_is_refused() {
    let (mut world, _, pair) = owing();
    let order = swap_debt(&pair, None);
    let quote = world.quote(ALICE, &Order::SwapDebt(order.clone()), &[]).unwrap();
    let debt = Amount::new(number(&quote.sold));
    let max = debt.saturating_sub(Amount::new(1));
    let order = Order::SwapDebt(SwapDebt { max_debt: max, ..order });
    let error = world.refused(|world| world.order(ALICE, &order, &[]));
    assert!(error.is(&ContractError::MaxDebt { denom: AETH.to_owned(), debt, max }), "{error}");
}
