//! `open`: deposit a coin and what is bought with a debt.

use num_rational::BigRational;
use plimsoll_margin::error::ContractError;
use plimsoll_pool::error::ContractError as PoolError;
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::margin::{ExecuteMsg, Open, Order, Size};
use plimsoll_testing::{AETH, ALICE, BOB, IBC_TOKEN, LENDER, UATOM, UUSD, coin, hops, ratio, values};

use crate::setup::{EQUITY, as_quoted, atom, builder, exact, leverage, leverage_of, number, open, world};

/// How far below the asked-for leverage a position may end in a deep market.
fn tolerance() -> BigRational {
    exact("0.01")
}

#[test]
fn open_at_a_leverage_is_as_quoted_and_no_higher() {
    for asked in ["1.5", "2", "5", "8.9"] {
        let (mut world, pair) = world();
        let order = Order::Open(open(&pair, leverage(asked)));
        let (_, quote) = as_quoted(&mut world, ALICE, &order, &atom(EQUITY));
        let got = leverage_of(&quote.position);
        assert!(got <= exact(asked) && got > exact(asked) - tolerance(), "{asked}: {got}");
        // The first minute's interest is owed at once.
        let interest = world.owed(ALICE, UUSD) - number(&quote.sold);
        assert!(interest <= number(&quote.sold) / 1_000_000, "{interest}");
    }
}

#[test]
fn open_in_one_line() {
    let (mut world, pair) = world();
    world.leverage((ALICE, 3), (UATOM, EQUITY), UUSD, "5", &pair).unwrap();
    let got = leverage_of(&world.position((ALICE, 3)));
    assert!(got <= exact("5") && got > exact("4.99"));
    world.deleverage((ALICE, 3), UATOM, UUSD, &pair).unwrap();
    assert!(world.account((ALICE, 3)).is_empty());
}

#[test]
fn open_with_a_coin_of_the_debt_sells_it_along() {
    let (mut world, pair) = world();
    let order = Order::Open(open(&pair, leverage("5")));
    let (response, quote) = as_quoted(&mut world, ALICE, &order, &[coin(1_000_000_000, UUSD)]);
    assert_eq!(values(&response, "return_amount").len(), 1, "one sale for both");
    let got = leverage_of(&quote.position);
    assert!(got <= exact("5") && got > exact("4.95"), "{got}");
    let own = 1_000_000_000;
    let interest = world.owed(ALICE, UUSD) + own - number(&quote.sold);
    assert!(interest <= number(&quote.sold) / 1_000_000, "{interest}");
}

#[test]
fn open_by_an_amount_borrows_it_and_asks_for_no_price() {
    let (mut world, pair) = world();
    let order = Order::Open(open(&pair, Size::Borrow(Amount::new(1_234_567_890))));
    let (_, quote) = as_quoted(&mut world, ALICE, &order, &atom(EQUITY));
    assert_eq!(quote.sold, coin(1_234_567_890, UUSD));
    assert_eq!(world.owed(ALICE, UUSD), 1_234_567_890);
}

#[test]
fn open_adds_to_a_position_up_to_the_accounts_leverage() {
    let (mut world, pair) = world();
    world.deposit(ALICE, AETH, 10u128.pow(18)).unwrap();
    let order = Order::Open(open(&pair, leverage("2")));
    as_quoted(&mut world, ALICE, &order, &atom(EQUITY));
    let order = Order::Open(open(&pair, leverage("3")));
    let (_, quote) = as_quoted(&mut world, ALICE, &order, &atom(1));
    // 1 ETH and 100 ATOM are 3,000 USD of equity.
    let got = leverage_of(&quote.position);
    assert!(got <= exact("3") && got > exact("2.99"), "{got}");
    let again = Order::Open(open(&pair, leverage("2.5")));
    let error = world.refused(|world| world.order(ALICE, &again, &atom(1)));
    assert!(error.is(&ContractError::AtLeverage { leverage: ratio("2.5") }), "{error}");
}

#[test]
fn open_over_two_pairs_is_as_quoted() {
    let mut world = builder().build();
    let first = world.pair(UUSD, AETH, 10_000_000);
    let second = world.pair(AETH, UATOM, 10_000_000);
    let order = Open { hops: hops(&[(&first, AETH), (&second, UATOM)]), ..open(&first, leverage("4")) };
    let (response, quote) = as_quoted(&mut world, ALICE, &Order::Open(order), &atom(EQUITY));
    assert_eq!(values(&response, "return_amount").len(), 2);
    let got = leverage_of(&quote.position);
    assert!(got <= exact("4") && got > exact("3.99"), "{got}");
}

#[test]
fn open_in_a_pair_that_is_cheaper_than_the_oracle_reaches_the_leverage() {
    let (mut world, pair) = world();
    world.swap(LENDER, &pair, (UATOM, 5_000_000_000)).unwrap();
    let (_, quote) = as_quoted(&mut world, ALICE, &Order::Open(open(&pair, leverage("8"))), &atom(EQUITY));
    let got = leverage_of(&quote.position);
    assert!(got <= exact("8") && got > exact("7.99"), "{got}");
}

#[test]
fn open_above_what_the_pool_lends_against_is_refused_by_the_pool() {
    let (mut world, pair) = world();
    let order = Order::Open(open(&pair, leverage("11")));
    let error = world.refused(|world| world.order(ALICE, &order, &atom(EQUITY)));
    assert!(error.to_string().starts_with("debt of "), "{error}");
    assert_eq!(world.quote(ALICE, &order, &atom(EQUITY)).unwrap_err(), error);
}

#[test]
fn open_beyond_its_limits_is_refused() {
    let (mut world, pair) = world();
    let order = open(&pair, leverage("5"));
    let quote = world.quote(ALICE, &Order::Open(order.clone()), &atom(EQUITY)).unwrap();
    let debt = Amount::new(number(&quote.sold));
    let received = Amount::new(number(&quote.bought));
    let max = debt.saturating_sub(Amount::new(1));
    let dear = Order::Open(Open { max_debt: Some(max), ..order.clone() });
    let error = world.refused(|world| world.order(ALICE, &dear, &atom(EQUITY)));
    assert!(error.is(&ContractError::MaxDebt { denom: UUSD.to_owned(), debt, max }), "{error}");
    let min = received.saturating_add(Amount::new(1));
    let slipped = Order::Open(Open { min_received: min, ..order.clone() });
    let error = world.refused(|world| world.order(ALICE, &slipped, &atom(EQUITY)));
    assert!(error.is(&ContractError::MinReceived { denom: UATOM.to_owned(), received, min }), "{error}");
    let exactly = Order::Open(Open { max_debt: Some(debt), min_received: received, ..order });
    as_quoted(&mut world, ALICE, &exactly, &atom(EQUITY));
}

#[test]
fn open_takes_exactly_one_coin_of_its_two_denoms() {
    let (world, pair) = world();
    let order = Order::Open(open(&pair, leverage("5")));
    for funds in [
        vec![],
        vec![coin(5, IBC_TOKEN)],
        vec![coin(5, UATOM), coin(5, UUSD)],
        vec![coin(5, UATOM), coin(5, UATOM)],
        vec![coin(0, UATOM)],
    ] {
        let sent = plimsoll_schema::funds::listed(&funds);
        let expected =
            ContractError::OpeningCoin { collateral_denom: UATOM.to_owned(), debt_denom: UUSD.to_owned(), sent };
        let error = world.quote(ALICE, &order, &funds).unwrap_err();
        assert!(error.is(&expected), "{error}");
    }
}

#[test]
fn open_at_no_leverage_is_refused() {
    let (mut world, pair) = world();
    for leverage in [Ratio::ZERO, ratio("0.5"), Ratio::ONE] {
        let order = Order::Open(open(&pair, Size::Leverage(leverage)));
        let error = world.refused(|world| world.order(ALICE, &order, &atom(EQUITY)));
        assert!(error.is(&ContractError::LeverageTooLow { leverage }), "{error}");
    }
    let order = Order::Open(open(&pair, Size::Borrow(Amount::ZERO)));
    let error = world.refused(|world| world.order(ALICE, &order, &atom(EQUITY)));
    assert!(error.is(&ContractError::NothingToSell { denom: UUSD.to_owned() }), "{error}");
}

#[test]
fn open_without_the_senders_grant_is_refused_and_nobody_elses_account_can_be_named() {
    let (mut world, pair) = world();
    let margin = world.margin().clone();
    // Alice's grant is for account 0, and this is her account 1.
    let grant = world.margin_grant(ALICE);
    world.execute_together(ALICE, vec![grant]).unwrap();
    let order = Open { account_id: Some(1), ..open(&pair, leverage("5")) };
    let msg = ExecuteMsg::Open(order);
    for (sender, id) in [(ALICE, 1), (BOB, 1)] {
        let error = world.refused(|world| world.execute_contract(sender, &margin, &msg, &atom(EQUITY)));
        let account = format!("{}/{id}", world.addr(sender));
        let slot = PoolError::ForeignSlot { account, denom: UATOM.to_owned() };
        assert!(error.is(&slot), "{error}");
    }
    // In the next block the grant is over.
    world.next_block();
    let msg = ExecuteMsg::Open(open(&pair, leverage("5")));
    let error = world.refused(|world| world.execute_contract(ALICE, &margin, &msg, &atom(EQUITY)));
    let slot = PoolError::ForeignSlot { account: format!("{}/0", world.addr(ALICE)), denom: UATOM.to_owned() };
    assert!(error.is(&slot), "{error}");
}

#[test]
fn open_pays_the_fee_that_was_set_at_the_start() {
    let mut world = builder().margin_with_fee(ratio("0.001")).build();
    let pair = world.pair(UATOM, UUSD, 10_000_000);
    let before = world.balance(plimsoll_testing::OWNER, UATOM);
    let (_, quote) = as_quoted(&mut world, ALICE, &Order::Open(open(&pair, leverage("5"))), &atom(EQUITY));
    let returned = number(&quote.bought) + quote.fee.raw();
    assert_eq!(quote.fee.raw(), returned.div_ceil(1_000));
    assert_eq!(world.balance(plimsoll_testing::OWNER, UATOM) - before, quote.fee.raw());
    let got = leverage_of(&quote.position);
    assert!(got <= exact("5") && got > exact("4.99"), "{got}");
}

/// The settled price follows an observation slowly: liquidation counts a deposit at the higher, a debt at the lower.
#[test]
fn open_while_a_price_moves_is_no_higher_by_either_price() {
    for (denom, observed) in [(UATOM, "10.5"), (UATOM, "9.6"), (UUSD, "1.03"), (UUSD, "0.98")] {
        let slow = |asset: &mut plimsoll_testing::Asset| {
            asset.guards.max_deviation = ratio("0.001");
            asset.guards.step_interval = 60;
        };
        let mut world = builder().edit(UATOM, slow).edit(UUSD, slow).build();
        let pair = world.pair(UATOM, UUSD, 10_000_000);
        world.set_price(denom, observed);
        let order = Order::Open(open(&pair, leverage("4")));
        let (_, quote) = as_quoted(&mut world, ALICE, &order, &atom(EQUITY));
        let got = leverage_of(&quote.position);
        assert!(got <= exact("4") && got > exact("3"), "{denom} at {observed}: {got}");
    }
}
