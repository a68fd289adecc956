//! `close`: repay all of a debt out of a collateral.

use plimsoll_margin::error::ContractError;
use plimsoll_risk::units::Amount;
use plimsoll_schema::margin::{Close, Order, Rest};
use plimsoll_schema::pool::ExecuteMsg as PoolMsg;
use plimsoll_testing::{AETH, ALICE, Addr, GUARDIAN, LENDER, UATOM, UUSD, World, coin, hops, values};

use crate::setup::{EQUITY, as_quoted, builder, close, number, world};

/// A position of five times 100 ATOM, a day old.
fn opened() -> (World, Addr) {
    let (mut world, pair) = world();
    world.leverage(ALICE, (UATOM, EQUITY), UUSD, "5", &pair).unwrap();
    world.advance(86_400);
    for denom in [UUSD, UATOM] {
        let price = if denom == UUSD { "1" } else { "10" };
        world.set_price(denom, price);
    }
    (world, pair)
}

#[test]
fn close_pays_the_rest_of_the_collateral_and_leaves_the_account_empty() {
    let (mut world, pair) = opened();
    let supplied = world.supplied(ALICE, UATOM);
    let owed = world.owed(ALICE, UUSD);
    let (_, quote) = as_quoted(&mut world, ALICE, &Order::Close(close(&pair, None)), &[]);
    assert!(world.account(ALICE).is_empty());
    let sold = number(&quote.sold);
    let bought = number(&quote.bought);
    assert_eq!(quote.paid[0], coin(supplied - sold, UATOM));
    // The least offer that pays the debt returns at most what one more unit of ATOM is worth above it.
    assert!(bought >= owed && bought - owed <= 10, "{bought} for {owed}");
}

#[test]
fn close_may_sell_all_of_the_collateral() {
    let (mut world, pair) = opened();
    let supplied = world.supplied(ALICE, UATOM);
    let owed = world.owed(ALICE, UUSD);
    let (_, quote) = as_quoted(&mut world, ALICE, &Order::Close(close(&pair, Some(Rest::Sold))), &[]);
    assert!(world.account(ALICE).is_empty());
    assert_eq!(quote.sold, coin(supplied, UATOM));
    assert_eq!(quote.paid, [coin(number(&quote.bought) - owed, UUSD)]);
}

#[test]
fn close_may_keep_the_rest_deposited() {
    let (mut world, pair) = opened();
    let supplied = world.supplied(ALICE, UATOM);
    let (_, quote) = as_quoted(&mut world, ALICE, &Order::Close(close(&pair, Some(Rest::Kept))), &[]);
    assert_eq!(world.owed(ALICE, UUSD), 0);
    let kept = supplied - number(&quote.sold);
    assert!((kept - 1..=kept).contains(&world.supplied(ALICE, UATOM)));
}

#[test]
fn close_works_with_everything_stopped_and_no_cash_in_the_debts_market() {
    let (mut world, pair) = opened();
    let stop = PoolMsg::Pause { denom: None, deposit: true, borrow: true, flash_loan: true };
    world.execute(GUARDIAN, &stop, &[]).unwrap();
    world.withdraw_all(LENDER, UUSD).unwrap();
    assert!(world.market(UUSD).stored.cash.is_zero());
    as_quoted(&mut world, ALICE, &Order::Close(close(&pair, None)), &[]);
    assert!(world.account(ALICE).is_empty());
    assert!(!world.market(UUSD).stored.cash.is_zero());
}

#[test]
fn close_needs_no_price() {
    let (mut world, pair) = opened();
    world.advance(30 * 86_400);
    as_quoted(&mut world, ALICE, &Order::Close(close(&pair, None)), &[]);
    assert!(world.account(ALICE).is_empty());
}

#[test]
fn close_over_two_pairs_brings_all_of_the_debt() {
    let mut world = builder().build();
    let pair = world.pair(UATOM, UUSD, 10_000_000);
    let first = world.pair(UATOM, AETH, 10_000_000);
    let second = world.pair(AETH, UUSD, 10_000_000);
    world.leverage(ALICE, (UATOM, EQUITY), UUSD, "5", &pair).unwrap();
    let order = Close { hops: hops(&[(&first, AETH), (&second, UUSD)]), ..close(&pair, None) };
    let (response, _) = as_quoted(&mut world, ALICE, &Order::Close(order), &[]);
    assert_eq!(values(&response, "return_amount").len(), 2);
    assert!(world.account(ALICE).is_empty());
}

#[test]
fn close_below_its_limit_is_refused() {
    let (mut world, pair) = opened();
    for rest in [None, Some(Rest::Sold), Some(Rest::Kept)] {
        let order = close(&pair, rest);
        let quote = world.quote(ALICE, &Order::Close(order.clone()), &[]).unwrap();
        let supplied = world.supplied(ALICE, UATOM);
        let owed = world.owed(ALICE, UUSD);
        let sold = number(&quote.sold);
        let (denom, left) = match rest {
            Some(Rest::Sold) => (UUSD, number(&quote.bought) - owed),
            _ => (UATOM, supplied - sold),
        };
        let min = Amount::new(left + 1);
        let order = Order::Close(Close { min_received: min, ..order });
        let error = world.refused(|world| world.order(ALICE, &order, &[]));
        let denom = denom.to_owned();
        assert!(error.is(&ContractError::MinReceived { denom, received: Amount::new(left), min }), "{error}");
    }
}

#[test]
fn close_of_a_debt_or_out_of_a_deposit_that_is_not_there_is_refused() {
    let (mut world, pair) = world();
    let account = format!("{}/0", world.addr(ALICE));
    let order = Order::Close(close(&pair, None));
    let error = world.refused(|world| world.order(ALICE, &order, &[]));
    assert!(error.is(&ContractError::NoDebt { account: account.clone(), denom: UUSD.to_owned() }), "{error}");
    world.deposit(ALICE, AETH, 10u128.pow(18)).unwrap();
    world.borrow(ALICE, UUSD, 100_000_000).unwrap();
    let error = world.refused(|world| world.order(ALICE, &order, &[]));
    assert!(error.is(&ContractError::NoDeposit { account, denom: UATOM.to_owned() }), "{error}");
}

#[test]
fn close_on_a_route_that_does_not_pay_is_refused() {
    let (mut world, pair) = opened();
    // Somebody sells so much ATOM that the whole position no longer pays the debt.
    world.mint(LENDER, UATOM, 400_000_000_000);
    world.swap(LENDER, &pair, (UATOM, 400_000_000_000)).unwrap();
    let error = world.refused(|world| world.order(ALICE, &Order::Close(close(&pair, None)), &[]));
    assert!(error.to_string().ends_with(&format!("would be sold, the account has {}", world.supplied(ALICE, UATOM))));
    let order = Order::Close(close(&pair, Some(Rest::Sold)));
    let error = world.refused(|world| world.order(ALICE, &order, &[]));
    assert!(error.to_string().ends_with(&format!("{} is owed", world.owed(ALICE, UUSD))), "{error}");
}

#[test]
fn close_takes_no_coins() {
    let (mut world, pair) = opened();
    let order = Order::Close(close(&pair, None));
    let funds = [coin(5, UATOM)];
    let error = world.refused(|world| world.order(ALICE, &order, &funds));
    assert_eq!(error.to_string(), "this message takes no funds, but '5uatom' was sent");
    assert_eq!(world.quote(ALICE, &order, &funds).unwrap_err(), error);
}
