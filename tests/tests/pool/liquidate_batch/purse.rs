//! What pays: the attached coins.

use cosmwasm_std::coin;
use plimsoll_risk::units::Amount;
use plimsoll_testing::{AETH, ALICE, BOB, LIQUIDATOR, UATOM, UUSD, World, values};

use super::setup::{batch, edited, fallen_accounts, item, outcomes, usd};
use crate::support::{assert_solvent, refuses};

#[test]
fn liquidate_batch_takes_what_is_left_of_its_purse_and_then_no_more() {
    let mut world = fallen_accounts(3);
    let items = (0..3).map(|id| item(&world, (ALICE, id))).collect();
    let uusd = world.balance(LIQUIDATOR, UUSD);
    let uatom = world.balance(LIQUIDATOR, UATOM);
    let response = world.liquidate_batch(LIQUIDATOR, items, &usd(420_000_000)).unwrap();
    assert_eq!(outcomes(&response), ["ok", "ok", "the purse has no uusd left"]);
    assert_eq!(values(&response, "repaid"), ["320000000", "100000000"]);
    assert_eq!(world.balance(LIQUIDATOR, UUSD), uusd - 420_000_000);
    let paid: u128 = values(&response, "paid").into_iter().map(|text| text.parse::<u128>().unwrap()).sum();
    assert_eq!(world.balance(LIQUIDATOR, UATOM), uatom + paid);
    assert_solvent(&world);
}

/// Bob owes ATOM against dollars, and ATOM rises.
fn short_of_atom(world: &mut World) {
    world.set_price(UATOM, "8");
    world.deposit(BOB, UUSD, 1_000_000_000).unwrap();
    world.borrow(BOB, UATOM, 80_000_000).unwrap();
}

#[test]
fn liquidate_batch_pays_nothing_with_what_it_seized() {
    let mut world = World::builder().lent(1_000_000).build();
    short_of_atom(&mut world);
    world.deposit(ALICE, AETH, 1_000_000_000_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, 640_000_000).unwrap();
    // Both fall below 1: ATOM is dear, and ether cheap.
    world.set_price(UATOM, "11");
    world.set_price(AETH, "800");
    let for_dollars = edited(&world, BOB, |item| {
        (item.collateral_denom, item.debt_denom) = (UUSD.into(), UATOM.into());
    });
    let with_dollars = edited(&world, ALICE, |item| item.collateral_denom = AETH.into());
    let purse = [coin(80_000_000, UATOM)];
    let items = vec![for_dollars, with_dollars];
    let uusd = world.balance(LIQUIDATOR, UUSD);
    let uatom = world.balance(LIQUIDATOR, UATOM);
    let response = world.liquidate_batch(LIQUIDATOR, items, &purse).unwrap();
    assert_eq!(outcomes(&response), ["ok", "the purse has no uusd left"]);
    let number = |key| values(&response, key)[0].parse::<u128>().unwrap();
    assert_eq!(world.balance(LIQUIDATOR, UATOM), uatom - number("repaid"));
    assert_eq!(world.balance(LIQUIDATOR, UUSD), uusd + number("paid"));
    assert_solvent(&world);
}

#[test]
fn liquidate_batch_returns_and_pays_in_one_payment_a_recipient() {
    let mut world = fallen_accounts(3);
    let items: Vec<_> = (0..3).map(|id| item(&world, (ALICE, id))).collect();
    let purse = [coin(7, AETH), coin(2_000_000_000, UUSD)];
    let before = world.snapshot();
    let response = world.liquidate_batch(LIQUIDATOR, items.clone(), &purse).unwrap();
    let transfers = |response: &plimsoll_testing::AppResponse| {
        let sent = response.events.iter().filter(|event| event.ty == "transfer");
        sent.map(|event| event.attributes.iter().find(|a| a.key == "amount").unwrap().value.clone()).collect::<Vec<_>>()
    };
    // Three times 320 of 2,000 dollars, and three times 43.6 ATOM.
    assert_eq!(transfers(&response), ["7aeth,130800000uatom,1040000000uusd"]);
    world.restore(&before);
    let order =
        plimsoll_schema::pool::LiquidateBatch { recipient: Some(world.addr(BOB).into_string()), ..batch(items) };
    let held = |world: &World, who: &str| [AETH, UATOM, UUSD].map(|denom| world.balance(who, denom));
    let liquidator = held(&world, LIQUIDATOR);
    let bob = held(&world, BOB);
    let msg = plimsoll_schema::pool::ExecuteMsg::LiquidateBatch(order);
    let response = world.execute(LIQUIDATOR, &msg, &purse).unwrap();
    assert_eq!(transfers(&response), ["7aeth,1040000000uusd", "130800000uatom"]);
    assert_eq!(held(&world, LIQUIDATOR), [liquidator[0], liquidator[1], liquidator[2] - 960_000_000]);
    assert_eq!(held(&world, BOB), [bob[0], bob[1] + 130_800_000, bob[2]]);
}

#[test]
fn liquidate_batch_with_a_doubled_denom_in_its_purse_is_refused() {
    let mut world = fallen_accounts(1);
    let items = vec![item(&world, ALICE)];
    let purse = [coin(5, UUSD), coin(6, UATOM), coin(5, UUSD)];
    let text = "'5uusd,6uatom,5uusd' names a denom twice";
    refuses(&mut world, text, |world| world.liquidate_batch(LIQUIDATOR, items, &purse));
}

#[test]
fn liquidate_batch_repays_no_more_than_an_item_may() {
    let mut world = fallen_accounts(2);
    let bound = edited(&world, (ALICE, 1), |item| item.max_repay = Some(Amount::new(50_000_000)));
    let items = vec![bound, item(&world, ALICE)];
    let response = world.liquidate_batch(LIQUIDATOR, items, &usd(1_000_000_000)).unwrap();
    assert_eq!(values(&response, "repaid"), ["50000000", "320000000"]);
}
