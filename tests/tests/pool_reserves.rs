//! `request_reserves`, `cancel_reserves` and `withdraw_reserves`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

mod common;

use common::{Outcome, assert_solvent, refuses, takes_no_funds};
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{AssetChanges, ExecuteMsg, Listed, QueryMsg, ReservesRequest, ReservesRequestResponse};
use plimsoll_testing::{AETH, ALICE, BOB, GUARDIAN, LENDER, OWNER, RISK_MANAGER, UATOM, UUSD, World, ratio, values};

const DAY: u64 = 86_400;

/// 600,000 of a million dollars lent out for a year at 3 %: 18,272.7 of interest, a tenth of it reserves. Bob repaid; Alice owes what
/// is named.
fn world_with_reserves(owed: u128) -> World {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(BOB, AETH, 1_000_000_000_000_000_000_000).unwrap();
    world.borrow(BOB, UUSD, 600_000_000_000).unwrap();
    world.advance_fresh(365 * DAY);
    world.repay(BOB, UUSD, 700_000_000_000).unwrap();
    assert_eq!(world.market(UUSD).reserves.raw(), 1_827_270_000);
    if owed > 0 {
        world.deposit(ALICE, UATOM, 100_000_000_000).unwrap();
        world.borrow(ALICE, UUSD, owed).unwrap();
    }
    world
}

fn request(world: &mut World, sender: &str, denom: &str, amount: u128) -> Outcome {
    let recipient = world.addr(LENDER).into_string();
    let msg = ExecuteMsg::RequestReserves { denom: denom.to_owned(), amount: Amount::new(amount), recipient };
    world.execute(sender, &msg, &[])
}

fn withdraw(world: &mut World, sender: &str, denom: &str) -> Outcome {
    world.execute(sender, &ExecuteMsg::WithdrawReserves(Listed { denom: denom.to_owned() }), &[])
}

fn cancel(world: &mut World, sender: &str, denom: &str) -> Outcome {
    world.execute(sender, &ExecuteMsg::CancelReserves(Listed { denom: denom.to_owned() }), &[])
}

fn requested(world: &World) -> Option<ReservesRequest> {
    world
        .query::<ReservesRequestResponse>(&QueryMsg::ReservesRequest(Listed { denom: UUSD.to_owned() }))
        .unwrap()
        .request
}

#[test]
fn withdraw_reserves_pays_what_was_requested_once_the_delay_has_passed() {
    let mut world = world_with_reserves(0);
    let effective_at = world.now() + DAY;
    let response = request(&mut world, OWNER, UUSD, 1_000_000_000).unwrap();
    assert_eq!(values(&response, "action"), ["request_reserves"]);
    assert_eq!(values(&response, "effective_at"), [effective_at.to_string()]);
    let recipient = world.addr(LENDER).into_string();
    assert_eq!(
        requested(&world),
        Some(ReservesRequest { amount: Amount::new(1_000_000_000), recipient, effective_at, floor: ratio("0.01") })
    );

    world.advance(DAY - 1);
    let text = format!("reserves of uusd can be withdrawn from {effective_at} on, it is {}", effective_at - 1);
    refuses(&mut world, &text, |world| withdraw(world, OWNER, UUSD));
    world.advance(1);
    let (lender, pool, supply) = (world.balance(LENDER, UUSD), world.pool().clone(), world.market(UUSD).supply);
    let held = world.balance(&pool, UUSD);
    let response = withdraw(&mut world, OWNER, UUSD).unwrap();
    assert_eq!(values(&response, "action"), ["withdraw_reserves"]);
    assert_eq!(values(&response, "amount"), ["1000000000"]);
    assert_eq!(values(&response, "recipient"), [world.addr(LENDER).as_str()]);
    assert_eq!(world.balance(LENDER, UUSD), lender + 1_000_000_000);
    assert_eq!(world.balance(&pool, UUSD), held - 1_000_000_000);
    assert_eq!((world.market(UUSD).reserves.raw(), world.market(UUSD).supply), (827_270_000, supply));
    assert_solvent(&world);
    // Once: the request is used up.
    assert_eq!(requested(&world), None);
    refuses(&mut world, "no withdrawal of uusd reserves was announced", |world| withdraw(world, OWNER, UUSD));
}

#[test]
fn withdraw_reserves_leaves_the_floor() {
    // 1 % of 100,000 owed must stay: 1,000 of the 1,827.27, and a little more for the interest of a day.
    let mut world = world_with_reserves(100_000_000_000);
    // What would break the floor can't even be announced, and lowering the floor meanwhile doesn't help: the larger one holds.
    let text = "827300000 of the reserves of 1827270000 uusd can't go, 1000000000 must stay";
    refuses(&mut world, text, |world| request(world, OWNER, UUSD, 827_300_000));
    request(&mut world, OWNER, UUSD, 827_000_000).unwrap();
    world.update_asset(UUSD, AssetChanges { reserve_floor: Some(ratio("0")), ..Default::default() }).unwrap();
    world.advance_fresh(DAY);
    let (reserves, debt) = (world.market(UUSD).reserves.raw(), world.market(UUSD).debt.raw());
    let floor = debt.div_ceil(100);
    assert!(debt > 100_000_000_000 && reserves > 1_827_270_000);
    let most = reserves - floor;
    let before = world.snapshot();
    for (amount, works) in [(most, true), (most + 1, false)] {
        world.restore(&before);
        // Asked for a day ago: written as if, for the amount depends on the day's interest.
        let recipient = world.addr(LENDER).into_string();
        let (pool, effective_at) = (world.pool().clone(), world.now());
        let record = ReservesRequest { amount: Amount::new(amount), recipient, effective_at, floor: ratio("0.01") };
        plimsoll_pool::state::RESERVES_REQUESTS.save(&mut *world.storage_mut(&pool), 0, &record).unwrap();
        if works {
            withdraw(&mut world, OWNER, UUSD).unwrap();
            assert_eq!(world.market(UUSD).reserves.raw(), floor);
        } else {
            let text = format!("{amount} of the reserves of {reserves} uusd can't go, {floor} must stay");
            refuses(&mut world, &text, |world| withdraw(world, OWNER, UUSD));
        }
    }
}

#[test]
fn withdraw_reserves_of_more_than_there_are_is_refused() {
    let mut world = world_with_reserves(0);
    for amount in [1_827_270_001, u128::MAX] {
        let text = format!("{amount} of the reserves of 1827270000 uusd can't go, 0 must stay");
        refuses(&mut world, &text, |world| request(world, OWNER, UUSD, amount));
    }
    request(&mut world, OWNER, UUSD, 1_827_270_000).unwrap();
    world.advance(DAY);
    withdraw(&mut world, OWNER, UUSD).unwrap();
    assert!(world.market(UUSD).reserves.is_zero());
    assert_solvent(&world);
}

#[test]
fn withdraw_reserves_of_more_than_the_cash_is_refused() {
    let mut world = world_with_reserves(0);
    world.update_asset(UUSD, AssetChanges { reserve_floor: Some(ratio("0")), ..Default::default() }).unwrap();
    request(&mut world, OWNER, UUSD, 1_000_000_000).unwrap();
    // Lenders take all but 5 dollars of the cash.
    let cash = world.market(UUSD).stored.cash.raw();
    world.deposit(ALICE, AETH, 10_000_000_000_000_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, cash - 5_000_000).unwrap();
    world.advance(DAY);
    let text = "insufficient liquidity: wanted 1000000000 uusd, available 5000000";
    refuses(&mut world, text, |world| withdraw(world, OWNER, UUSD));
}

#[test]
fn request_reserves_replaces_the_one_before_and_its_delay() {
    let mut world = world_with_reserves(0);
    request(&mut world, OWNER, UUSD, 5).unwrap();
    world.advance(DAY / 2);
    request(&mut world, OWNER, UUSD, 7).unwrap();
    world.advance(DAY / 2);
    let now = world.now();
    let text = format!("reserves of uusd can be withdrawn from {} on, it is {now}", now + DAY / 2);
    refuses(&mut world, &text, |world| withdraw(world, OWNER, UUSD));
    world.advance(DAY / 2);
    let lender = world.balance(LENDER, UUSD);
    withdraw(&mut world, OWNER, UUSD).unwrap();
    assert_eq!(world.balance(LENDER, UUSD), lender + 7);
}

#[test]
fn withdraw_reserves_expires_a_week_after_it_could_be_made() {
    let mut world = world_with_reserves(0);
    request(&mut world, OWNER, UUSD, 5).unwrap();
    let expired_at = world.now() + 8 * DAY;
    world.advance(8 * DAY);
    let before = world.snapshot();
    withdraw(&mut world, OWNER, UUSD).unwrap();
    world.restore(&before);
    world.advance(1);
    let text = format!("the announced withdrawal of uusd reserves expired at {expired_at}, it is {}", expired_at + 1);
    refuses(&mut world, &text, |world| withdraw(world, OWNER, UUSD));
}

#[test]
fn cancel_reserves_takes_the_request_back() {
    let mut world = world_with_reserves(0);
    let text = "no withdrawal of uusd reserves was announced";
    refuses(&mut world, text, |world| cancel(world, OWNER, UUSD));
    request(&mut world, OWNER, UUSD, 5).unwrap();
    let response = cancel(&mut world, OWNER, UUSD).unwrap();
    assert_eq!(values(&response, "action"), ["cancel_reserves"]);
    assert_eq!(requested(&world), None);
    world.advance(DAY);
    refuses(&mut world, text, |world| withdraw(world, OWNER, UUSD));
    // A request of another denom is none of this one.
    world.execute(LENDER, &ExecuteMsg::Cover {}, &[plimsoll_testing::coin(5, UATOM)]).unwrap();
    request(&mut world, OWNER, UATOM, 5).unwrap();
    refuses(&mut world, text, |world| cancel(world, OWNER, UUSD));
}

#[test]
fn reserves_are_the_owners_alone() {
    let mut world = world_with_reserves(0);
    request(&mut world, OWNER, UUSD, 5).unwrap();
    world.advance(DAY);
    for who in [ALICE, GUARDIAN, RISK_MANAGER, LENDER] {
        let text = format!("{} is not the owner", world.addr(who));
        refuses(&mut world, &text, |world| request(world, who, UUSD, 5));
        refuses(&mut world, &text, |world| cancel(world, who, UUSD));
        refuses(&mut world, &text, |world| withdraw(world, who, UUSD));
    }
}

#[test]
fn reserves_messages_with_bad_input_are_refused() {
    let mut world = world_with_reserves(0);
    refuses(&mut world, "amount of uusd is zero", |world| request(world, OWNER, UUSD, 0));
    refuses(&mut world, "'ushell' is not listed", |world| request(world, OWNER, "ushell", 5));
    refuses(&mut world, "'ushell' is not listed", |world| withdraw(world, OWNER, "ushell"));
    refuses(&mut world, "'ushell' is not listed", |world| cancel(world, OWNER, "ushell"));
    let denom = || UUSD.to_owned();
    let amount = Amount::new(5);
    let msg = ExecuteMsg::RequestReserves { denom: denom(), amount, recipient: "lender".to_owned() };
    refuses(&mut world, "'lender' is not an address of this chain", |world| world.execute(OWNER, &msg, &[]));

    let recipient = world.addr(LENDER).into_string();
    takes_no_funds(&mut world, OWNER, &ExecuteMsg::RequestReserves { denom: denom(), amount, recipient });
    takes_no_funds(&mut world, OWNER, &ExecuteMsg::CancelReserves(Listed { denom: denom() }));
    takes_no_funds(&mut world, OWNER, &ExecuteMsg::WithdrawReserves(Listed { denom: denom() }));
}
