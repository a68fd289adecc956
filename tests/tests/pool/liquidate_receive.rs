//! `liquidate`: who receives what is seized, and as what.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{Order, assert_solvent, fallen, refuses};
use plimsoll_schema::pool::Receive;
use plimsoll_testing::{AETH, ALICE, Asset, BOB, LENDER, LIQUIDATOR, UATOM, UUSD, World, coin, values};

#[test]
fn liquidate_for_a_recipient_pays_him_and_refunds_the_sender() {
    let mut world = fallen();
    let uusd = world.balance(LIQUIDATOR, UUSD);
    let uatom = world.balance(LIQUIDATOR, UATOM);
    let bob = world.balance(BOB, UATOM);
    let order = Order { recipient: Some(BOB), ..Order::of(UATOM) };
    order.send(&mut world, LIQUIDATOR, ALICE, coin(640_000_000, UUSD)).unwrap();
    assert_eq!(world.balance(LIQUIDATOR, UUSD), uusd - 320_000_000);
    assert_eq!(world.balance(LIQUIDATOR, UATOM), uatom);
    assert_eq!(world.balance(BOB, UATOM), bob + 43_600_000);
}

#[test]
fn liquidate_for_shares_opens_a_slot_of_the_senders() {
    let mut world = fallen();
    let uatom = world.balance(LIQUIDATOR, UATOM);
    let order = Order { receive: Some(Receive::Shares), ..Order::of(UATOM) };
    let response = order.send(&mut world, LIQUIDATOR, ALICE, coin(640_000_000, UUSD)).unwrap();
    assert_eq!(world.balance(LIQUIDATOR, UATOM), uatom);
    assert_eq!(world.supplied(LIQUIDATOR, UATOM), 43_600_000);
    assert!(world.account(LIQUIDATOR).collaterals[0].enabled);
    assert_eq!(values(&response, "paid"), ["0"]);
    assert_eq!(values(&response, "shares"), ["43600000000000"]);
    let named = [ALICE, LIQUIDATOR].map(|who| format!("{}/0", world.addr(who)));
    assert_eq!(values(&response, "account"), named);
    assert_eq!(world.market(UATOM).reserves.raw(), 400_000);
    assert_solvent(&world);
    world.withdraw_all(LIQUIDATOR, UATOM).unwrap();
    assert_eq!(world.balance(LIQUIDATOR, UATOM), uatom + 43_600_000);
}

#[test]
fn liquidate_for_shares_of_a_third_party_needs_a_slot_of_his() {
    let mut world = fallen();
    let order = Order { receive: Some(Receive::Shares), recipient: Some(BOB), ..Order::of(UATOM) };
    let text = format!(
        "account {}/0 has no slot for uatom, and only its owner or their operator can open one",
        world.addr(BOB)
    );
    let repay = || coin(640_000_000, UUSD);
    refuses(&mut world, &text, |world| order.send(world, LIQUIDATOR, ALICE, repay()));
    // A slot in another of their accounts is no slot in this one.
    world.deposit((BOB, 1), UATOM, 5).unwrap();
    refuses(&mut world, &text, |world| order.send(world, LIQUIDATOR, ALICE, repay()));
    world.deposit(BOB, UATOM, 5).unwrap();
    order.send(&mut world, LIQUIDATOR, ALICE, repay()).unwrap();
    assert_eq!(world.supplied(BOB, UATOM), 43_600_005);
}

#[test]
fn liquidate_for_shares_without_a_free_slot_is_refused() {
    let denoms: Vec<String> = (1..=8).map(|n| format!("utoken{n}")).collect();
    let mut assets = Asset::defaults();
    assets.extend(denoms.iter().map(|denom| Asset::new(denom, 6, "1")));
    let mut world = World::builder().assets(assets).build();
    world.deposit(LENDER, UUSD, 1_000_000_000).unwrap();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 640_000_000).unwrap();
    world.set_price(UATOM, "8");
    for denom in &denoms {
        world.deposit(LIQUIDATOR, denom, 5).unwrap();
    }
    let order = Order { receive: Some(Receive::Shares), ..Order::of(UATOM) };
    let text = "account has 8 collaterals already";
    refuses(&mut world, text, |world| order.send(world, LIQUIDATOR, ALICE, coin(640_000_000, UUSD)));
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
}

#[test]
fn liquidate_for_shares_of_a_denom_that_the_sender_owes_opens_a_disabled_slot() {
    let mut world = fallen();
    world.deposit(LIQUIDATOR, AETH, 1_000_000_000_000_000_000).unwrap();
    world.borrow(LIQUIDATOR, UATOM, 10_000_000).unwrap();
    let order = Order { receive: Some(Receive::Shares), ..Order::of(UATOM) };
    order.send(&mut world, LIQUIDATOR, ALICE, coin(640_000_000, UUSD)).unwrap();
    let slots: Vec<_> = world.position(LIQUIDATOR).collaterals.into_iter().map(|c| (c.denom, c.enabled)).collect();
    assert_eq!(slots, [(AETH.to_owned(), true), (UATOM.to_owned(), false)]);
}

/// The same account in a market of ATOM that has 10 left in cash.
fn fallen_without_cash() -> World {
    let mut world = World::builder().edit(UATOM, |asset| *asset = asset.clone().interest_free()).build();
    world.deposit(LENDER, UUSD, 1_000_000_000_000).unwrap();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 640_000_000).unwrap();
    world.deposit(BOB, AETH, 1_000_000_000_000_000_000_000).unwrap();
    world.borrow(BOB, UATOM, 90_000_000).unwrap();
    world.set_price(UATOM, "8");
    world
}

#[test]
fn liquidate_in_a_market_short_of_cash_is_sized_by_it() {
    let mut world = fallen_without_cash();
    let uatom = world.balance(LIQUIDATOR, UATOM);
    let uusd = world.balance(LIQUIDATOR, UUSD);
    let owed = world.owed(ALICE, UUSD);
    let response = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
    // With 10 % of bonus, a tenth of it the protocol's, 10 ATOM are received for 10 × 1.1 / (1.1 − 0.01) × 8 / 1.1 = 73.3945 USD.
    assert_eq!(values(&response, "paid"), ["10000000"]);
    assert_eq!(values(&response, "shares"), ["0"]);
    assert_eq!(world.balance(LIQUIDATOR, UATOM), uatom + 10_000_000);
    assert_eq!(world.balance(&world.pool().clone(), UATOM), 0);
    let repaid = uusd - world.balance(LIQUIDATOR, UUSD);
    assert_eq!(values(&response, "repaid"), [repaid.to_string()]);
    let exact = 10_000_000 * 8 * 100 / 109;
    assert!(repaid.abs_diff(exact) <= 10, "{repaid} {exact}");
    assert!(owed - world.owed(ALICE, UUSD) <= repaid);
    assert_solvent(&world);
    // Nothing is left to be paid with.
    let text = "insufficient liquidity: wanted 33141667 uatom, available 0";
    refuses(&mut world, text, |world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)));
}

#[test]
fn liquidate_in_a_market_short_of_cash_takes_the_rest_as_shares_where_it_is_allowed() {
    let mut world = fallen_without_cash();
    let uatom = world.balance(LIQUIDATOR, UATOM);
    let pool = world.pool().clone();
    let order = Order { allow_shares: Some(true), ..Order::of(UATOM) };
    let response = order.send(&mut world, LIQUIDATOR, ALICE, coin(640_000_000, UUSD)).unwrap();
    assert_eq!(world.balance(LIQUIDATOR, UATOM), uatom + 10_000_000);
    assert_eq!(world.balance(&pool, UATOM), 0);
    assert_eq!(world.supplied(LIQUIDATOR, UATOM), 33_600_000);
    assert_eq!(values(&response, "paid"), ["10000000"]);
    assert_eq!(values(&response, "shares"), ["33600000000000"]);
    assert_eq!(world.market(UATOM).reserves.raw(), 400_000);
    assert_solvent(&world);
}

#[test]
fn liquidate_in_a_market_short_of_cash_for_a_recipient_without_a_slot_takes_no_shares() {
    let mut world = fallen_without_cash();
    let order = Order { recipient: Some(LENDER), allow_shares: Some(true), ..Order::of(UATOM) };
    let text = format!(
        "account {}/0 has no slot for uatom, and only its owner or their operator can open one",
        world.addr(LENDER)
    );
    refuses(&mut world, &text, |world| order.send(world, LIQUIDATOR, ALICE, coin(640_000_000, UUSD)));
}

#[test]
fn liquidate_in_a_market_short_of_cash_counts_shares_towards_min_receive() {
    let mut world = fallen_without_cash();
    let order = |allow_shares, least| Order { allow_shares, min_receive: Some(least), ..Order::of(UATOM) };
    let repay = || coin(640_000_000, UUSD);
    let before = world.snapshot();
    let text = "liquidation yields 10000000 uatom, at least 10000001 is asked";
    refuses(&mut world, text, |world| order(None, 10_000_001).send(world, LIQUIDATOR, ALICE, repay()));
    order(None, 10_000_000).send(&mut world, LIQUIDATOR, ALICE, repay()).unwrap();
    world.restore(&before);
    let text = "liquidation yields 43600000 uatom, at least 43600001 is asked";
    refuses(&mut world, text, |world| order(Some(true), 43_600_001).send(world, LIQUIDATOR, ALICE, repay()));
    order(Some(true), 43_600_000).send(&mut world, LIQUIDATOR, ALICE, repay()).unwrap();
}

#[test]
fn liquidate_with_min_receive_takes_exactly_that_and_one_more_is_refused() {
    let mut world = fallen();
    for receive in [Receive::Underlying, Receive::Shares] {
        let before = world.snapshot();
        let order = |least| Order { min_receive: Some(least), receive: Some(receive), ..Order::of(UATOM) };
        let text = "liquidation yields 43600000 uatom, at least 43600001 is asked";
        refuses(&mut world, text, |world| order(43_600_001).send(world, LIQUIDATOR, ALICE, coin(640_000_000, UUSD)));
        order(43_600_000).send(&mut world, LIQUIDATOR, ALICE, coin(640_000_000, UUSD)).unwrap();
        world.restore(&before);
    }
}
