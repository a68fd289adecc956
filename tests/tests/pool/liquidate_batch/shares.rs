//! Collateral as shares, and markets short of cash.

use plimsoll_schema::pool::{ExecuteMsg, LiquidateBatch, Receive};
use plimsoll_testing::{AETH, ALICE, Asset, BOB, LENDER, LIQUIDATOR, UATOM, UUSD, World, values};

use super::setup::{batch, fallen_accounts, item, outcomes, usd};
use crate::support::assert_solvent;

/// Two accounts as in `fallen_accounts` in a market of ATOM that has 60 left in cash.
fn short_of_cash() -> World {
    let mut world = World::builder().edit(UATOM, |asset: &mut Asset| *asset = asset.clone().interest_free()).build();
    world.deposit(LENDER, UUSD, 1_000_000_000_000).unwrap();
    for id in 0..2 {
        world.deposit((ALICE, id), UATOM, 100_000_000).unwrap();
        world.borrow((ALICE, id), UUSD, 640_000_000).unwrap();
    }
    world.deposit(BOB, AETH, 1_000_000_000_000_000_000_000).unwrap();
    world.borrow(BOB, UATOM, 140_000_000).unwrap();
    world.set_price(UATOM, "8");
    world
}

fn both(world: &World) -> LiquidateBatch {
    batch(vec![item(world, (ALICE, 0)), item(world, (ALICE, 1))])
}

#[test]
fn liquidate_batch_sizes_each_item_by_the_cash_at_that_item() {
    let mut world = short_of_cash();
    let order = LiquidateBatch { items: [both(&world).items, both(&world).items].concat(), ..both(&world) };
    let uatom = world.balance(LIQUIDATOR, UATOM);
    let response = world.execute(LIQUIDATOR, &ExecuteMsg::LiquidateBatch(order), &usd(2_000_000_000)).unwrap();
    // 43.6 of 60 ATOM are paid for the first account, what is left for the second.
    assert_eq!(values(&response, "paid"), ["43600000", "16400000"]);
    assert_eq!(values(&response, "shares"), ["0", "0"]);
    let outcomes = outcomes(&response);
    assert_eq!(outcomes[..2], ["ok", "ok"]);
    assert!(outcomes[3].starts_with("insufficient liquidity: wanted ") && outcomes[3].ends_with(" uatom, available 0"));
    assert_eq!(world.balance(LIQUIDATOR, UATOM), uatom + 60_000_000);
    assert_solvent(&world);
}

#[test]
fn liquidate_batch_takes_what_cash_lacks_as_shares_in_one_slot_where_it_is_allowed() {
    let mut world = short_of_cash();
    let order = LiquidateBatch { allow_shares: Some(true), ..both(&world) };
    let response = world.execute(LIQUIDATOR, &ExecuteMsg::LiquidateBatch(order), &usd(2_000_000_000)).unwrap();
    assert_eq!(values(&response, "paid"), ["43600000", "16400000"]);
    assert_eq!(world.supplied(LIQUIDATOR, UATOM), 27_200_000);
    let names = [(ALICE, 0), (ALICE, 1), (LIQUIDATOR, 0)].map(|(who, id)| format!("{}/{id}", world.addr(who)));
    assert_eq!(values(&response, "account"), names);
    assert_solvent(&world);
}

#[test]
fn liquidate_batch_for_shares_adds_them_up_in_one_record() {
    let mut world = fallen_accounts(3);
    let items = (0..3).map(|id| item(&world, (ALICE, id))).collect();
    let order = LiquidateBatch { receive: Some(Receive::Shares), ..batch(items) };
    world.execute(LIQUIDATOR, &ExecuteMsg::LiquidateBatch(order), &usd(2_000_000_000)).unwrap();
    assert_eq!(world.supplied(LIQUIDATOR, UATOM), 3 * 43_600_000);
    assert_solvent(&world);
}

#[test]
fn liquidate_batch_for_shares_without_a_slot_fails_those_items_alone() {
    let mut world = fallen_accounts(2);
    let bob = world.addr(BOB);
    let items = vec![item(&world, (ALICE, 0)), item(&world, (ALICE, 1))];
    let order = LiquidateBatch {
        receive: Some(Receive::Shares),
        recipient: Some(bob.to_string()),
        min_success: Some(0),
        ..batch(items)
    };
    let response = world.execute(LIQUIDATOR, &ExecuteMsg::LiquidateBatch(order), &usd(2_000_000_000)).unwrap();
    let reason = format!("account {bob}/0 has no slot for uatom, and only its owner or their operator can open one");
    assert_eq!(outcomes(&response), [reason.clone(), reason]);
    assert_eq!(world.owed((ALICE, 0), UUSD), world.owed((ALICE, 1), UUSD));
}
