//! `adjust`: borrow and buy more, or sell and repay.

use plimsoll_margin::error::ContractError;
use plimsoll_risk::price::PriceFault;
use plimsoll_risk::units::Amount;
use plimsoll_schema::margin::{Adjust, Order, Target};
use plimsoll_schema::pool::ExecuteMsg as PoolMsg;
use plimsoll_testing::{AETH, ALICE, Addr, GUARDIAN, LENDER, UATOM, UUSD, World, coin, hops, ratio, values};

use crate::setup::{EQUITY, as_quoted, builder, exact, leverage_of, number, world};

fn adjust(pair: &Addr, to: Target) -> Adjust {
    Adjust {
        account_id: None,
        collateral_denom: UATOM.to_owned(),
        debt_denom: UUSD.to_owned(),
        to,
        hops: hops(&[(pair, UATOM)]),
        max_debt: Some(Amount::MAX),
        max_sold: Some(Amount::MAX),
        min_received: Amount::ZERO,
    }
}

fn to(leverage: &str) -> Target {
    Target::Leverage(ratio(leverage))
}

fn opened(leverage: &str) -> (World, Addr) {
    let (mut world, pair) = world();
    world.leverage(ALICE, (UATOM, EQUITY), UUSD, leverage, &pair).unwrap();
    (world, pair)
}

#[test]
fn adjust_to_a_leverage_goes_up_and_down_and_never_above_it() {
    let (mut world, pair) = opened("3");
    for asked in ["8", "2", "8.5", "6", "1.1", "4", "3.9"] {
        let order = Order::Adjust(adjust(&pair, to(asked)));
        let (response, quote) = as_quoted(&mut world, ALICE, &order, &[]);
        let got = leverage_of(&quote.position);
        assert!(got <= exact(asked) && got > exact(asked) - exact("0.01"), "{asked}: {got}");
        assert_eq!(values(&response, "return_amount").len(), 1);
    }
}

#[test]
fn adjust_in_a_shallow_pair_still_ends_close_below_the_leverage() {
    let mut world = builder().build();
    let deep = world.pair(UATOM, UUSD, 10_000_000);
    // A sale of the whole position would move this pair's price by a tenth.
    let pair = world.pair(UATOM, UUSD, 100_000);
    world.leverage(ALICE, (UATOM, EQUITY), UUSD, "6", &deep).unwrap();
    for (asked, least) in [("4", "3.98"), ("2", "1.98"), ("5", "4.99"), ("3", "2.98")] {
        let order = Order::Adjust(adjust(&pair, to(asked)));
        let (_, quote) = as_quoted(&mut world, ALICE, &order, &[]);
        let got = leverage_of(&quote.position);
        assert!(got <= exact(asked) && got > exact(least), "{asked}: {got}");
    }
}

#[test]
fn adjust_down_works_with_everything_stopped_and_no_cash_in_the_debts_market() {
    let (mut world, pair) = opened("5");
    let stop = PoolMsg::Pause { denom: None, deposit: true, borrow: true, flash_loan: true };
    world.execute(GUARDIAN, &stop, &[]).unwrap();
    world.withdraw_all(LENDER, UUSD).unwrap();
    assert!(world.market(UUSD).stored.cash.is_zero());
    let order = Order::Adjust(adjust(&pair, to("2")));
    // A stopped deposit has no power: what is withdrawn must leave the account improved, which it does.
    let (_, quote) = as_quoted(&mut world, ALICE, &order, &[]);
    assert!(leverage_of(&quote.position) <= exact("2"));
    let up = Order::Adjust(adjust(&pair, to("3")));
    let error = world.refused(|world| world.order(ALICE, &up, &[]));
    assert!(error.to_string().contains("stopped") || error.to_string().contains("nothing is to be"), "{error}");
    assert_eq!(world.quote(ALICE, &up, &[]).unwrap_err(), error);
}

#[test]
fn adjust_by_amounts_borrows_and_sells_them() {
    let (mut world, pair) = opened("3");
    let borrow = Order::Adjust(adjust(&pair, Target::Borrow(Amount::new(500_000_000))));
    let before = world.owed(ALICE, UUSD);
    let (_, quote) = as_quoted(&mut world, ALICE, &borrow, &[]);
    assert_eq!(quote.sold, coin(500_000_000, UUSD));
    assert!((500_000_000..500_001_000).contains(&(world.owed(ALICE, UUSD) - before)));
    let before = world.owed(ALICE, UUSD);
    let sell = Order::Adjust(adjust(&pair, Target::Sell(Amount::new(50_000_000))));
    let (_, quote) = as_quoted(&mut world, ALICE, &sell, &[]);
    assert_eq!(quote.sold, coin(50_000_000, UATOM));
    let repaid = before - world.owed(ALICE, UUSD);
    assert!((number(&quote.bought) - 1..=number(&quote.bought)).contains(&repaid));
}

#[test]
fn adjust_that_sells_more_than_is_owed_pays_the_excess_out() {
    let (mut world, pair) = opened("2");
    let owed = world.owed(ALICE, UUSD);
    let sell = Order::Adjust(adjust(&pair, Target::Sell(Amount::new(150_000_000))));
    let (_, quote) = as_quoted(&mut world, ALICE, &sell, &[]);
    assert_eq!(world.owed(ALICE, UUSD), 0);
    assert_eq!(quote.paid, [coin(number(&quote.bought) - owed, UUSD)]);
}

#[test]
fn adjust_goes_back_along_two_pairs() {
    let mut world = builder().build();
    let deep = world.pair(UATOM, UUSD, 10_000_000);
    let first = world.pair(UUSD, AETH, 10_000_000);
    let second = world.pair(AETH, UATOM, 10_000_000);
    world.leverage(ALICE, (UATOM, EQUITY), UUSD, "6", &deep).unwrap();
    let there = hops(&[(&first, AETH), (&second, UATOM)]);
    for asked in ["3", "5"] {
        let order = Order::Adjust(Adjust { hops: there.clone(), ..adjust(&deep, to(asked)) });
        let (response, quote) = as_quoted(&mut world, ALICE, &order, &[]);
        assert_eq!(values(&response, "return_amount").len(), 2);
        assert!(leverage_of(&quote.position) <= exact(asked));
    }
}

#[test]
fn adjust_beyond_its_limits_is_refused() {
    let (mut world, pair) = opened("4");
    let down = adjust(&pair, to("2"));
    let quote = world.quote(ALICE, &Order::Adjust(down.clone()), &[]).unwrap();
    let sold = Amount::new(number(&quote.sold));
    let received = Amount::new(number(&quote.bought));
    let one = Amount::new(1);
    let max = sold.saturating_sub(one);
    let order = Order::Adjust(Adjust { max_sold: Some(max), ..down.clone() });
    let error = world.refused(|world| world.order(ALICE, &order, &[]));
    assert!(error.is(&ContractError::MaxSold { denom: UATOM.to_owned(), sold, max }), "{error}");
    let min = received.saturating_add(one);
    let order = Order::Adjust(Adjust { min_received: min, ..down });
    let error = world.refused(|world| world.order(ALICE, &order, &[]));
    assert!(error.is(&ContractError::MinReceived { denom: UUSD.to_owned(), received, min }), "{error}");

    let up = adjust(&pair, to("6"));
    let quote = world.quote(ALICE, &Order::Adjust(up.clone()), &[]).unwrap();
    let debt = Amount::new(number(&quote.sold));
    let max = debt.saturating_sub(one);
    let order = Order::Adjust(Adjust { max_debt: Some(max), ..up.clone() });
    let error = world.refused(|world| world.order(ALICE, &order, &[]));
    assert!(error.is(&ContractError::MaxDebt { denom: UUSD.to_owned(), debt, max }), "{error}");
    let exactly = Adjust { max_debt: Some(debt), min_received: Amount::new(number(&quote.bought)), ..up };
    as_quoted(&mut world, ALICE, &Order::Adjust(exactly), &[]);
}

#[test]
fn adjust_down_to_a_leverage_names_the_most_that_is_sold() {
    let (mut world, pair) = opened("4");
    let unbounded = |asked| Order::Adjust(Adjust { max_sold: None, ..adjust(&pair, to(asked)) });
    let error = world.refused(|world| world.order(ALICE, &unbounded("2"), &[]));
    assert!(error.is(&ContractError::MaxSoldMissing { leverage: ratio("2") }), "{error}");
    as_quoted(&mut world, ALICE, &unbounded("5"), &[]);
}

#[test]
fn adjust_up_to_a_leverage_names_the_most_that_is_borrowed() {
    let (mut world, pair) = opened("4");
    let unbounded = |asked| Order::Adjust(Adjust { max_debt: None, ..adjust(&pair, asked) });
    // A sale was quoted; before it is sent, the account falls below the leverage.
    world.quote(ALICE, &unbounded(to("3.5")), &[]).unwrap();
    world.deposit(ALICE, UATOM, EQUITY).unwrap();
    let error = world.refused(|world| world.order(ALICE, &unbounded(to("3.5")), &[]));
    assert!(error.is(&ContractError::MaxDebtMissing { leverage: ratio("3.5") }), "{error}");
    as_quoted(&mut world, ALICE, &unbounded(Target::Borrow(Amount::new(500_000_000))), &[]);
    as_quoted(&mut world, ALICE, &unbounded(to("2")), &[]);
}

#[test]
fn adjust_at_a_silent_price_goes_by_amounts_and_not_by_leverage() {
    let (mut world, pair) = opened("4");
    world.advance(7_200);
    let order = Order::Adjust(adjust(&pair, to("2")));
    let error = world.refused(|world| world.order(ALICE, &order, &[]));
    let fault = PriceFault::Stale { age: 7_200, max_age: 3_600 };
    assert!(error.is(&ContractError::Silent { denom: UATOM.to_owned(), fault }), "{error}");
    let error = world.refused(|world| {
        let order = Order::Adjust(adjust(&pair, Target::Borrow(Amount::new(500_000_000))));
        world.order(ALICE, &order, &[])
    });
    assert!(error.to_string().contains("price of"), "{error}");
}

#[test]
fn adjust_to_a_leverage_that_no_sale_reaches_is_refused() {
    let (mut world, pair) = opened("8");
    // Somebody halves what ATOM is worth in the pair: a sale loses more than it repays.
    world.mint(LENDER, UATOM, 400_000_000_000);
    world.swap(LENDER, &pair, (UATOM, 400_000_000_000)).unwrap();
    let order = Order::Adjust(adjust(&pair, to("7")));
    let error = world.refused(|world| world.order(ALICE, &order, &[]));
    assert!(error.is(&ContractError::Unreachable { leverage: ratio("7") }), "{error}");
}
