//! `request_reserves`, `cancel_reserves` and `withdraw_reserves`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{Outcome, assert_solvent, refuses, takes_no_funds};
use plimsoll_risk::rates::{Kinked, RateModel};
use plimsoll_risk::units::{Amount, Rate};
use plimsoll_schema::pool::{
    AssetChanges, ExecuteMsg, LiquidationItem, Listed, QueryMsg, ReservesRequest, ReservesRequestResponse, UserAccount,
};
use plimsoll_testing::{
    AETH, ALICE, AppResponse, Asset, BOB, GUARDIAN, LENDER, OWNER, RISK_MANAGER, UATOM, UUSD, World, ratio, values,
};

const DAY: u64 = 86_400;
/// What [`world_with_reserves`] has of them.
const RESERVES: u128 = 1_827_273_577;

/// 600,000 of a million dollars lent out for a year at 3 %: 18,272.7 of interest, a tenth of it reserves. The 600,000 ×
/// 0.03 / 525,600 = 0.034246 that are owed at once for the first minute, and what they grow by and raise the rate by,
/// bring them 0.003577 more. Bob repaid; Alice owes what is named.
fn world_with_reserves(owed: u128) -> World {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(BOB, AETH, 1_000_000_000_000_000_000_000).unwrap();
    world.borrow(BOB, UUSD, 600_000_000_000).unwrap();
    world.advance_fresh(365 * DAY);
    world.repay(BOB, UUSD, 700_000_000_000).unwrap();
    assert_eq!(world.market(UUSD).reserves.raw(), RESERVES);
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
        Some(ReservesRequest {
            amount: Amount::new(1_000_000_000),
            recipient,
            effective_at,
            floor: ratio("0.01"),
            paid: Amount::ZERO
        })
    );

    world.advance(DAY - 1);
    let text = format!("reserves of uusd can be withdrawn from {effective_at} on, it is {}", effective_at - 1);
    refuses(&mut world, &text, |world| withdraw(world, OWNER, UUSD));
    world.advance(1);
    let lender = world.balance(LENDER, UUSD);
    let pool = world.pool().clone();
    let supply = world.market(UUSD).supply;
    let held = world.balance(&pool, UUSD);
    // A seventh: 142.857142.
    let response = withdraw(&mut world, OWNER, UUSD).unwrap();
    assert_eq!(values(&response, "action"), ["withdraw_reserves"]);
    assert_eq!(values(&response, "amount"), ["142857142"]);
    assert_eq!(values(&response, "recipient"), [world.addr(LENDER).as_str()]);
    assert_eq!(world.balance(LENDER, UUSD), lender + 142_857_142);
    assert_eq!(world.balance(&pool, UUSD), held - 142_857_142);
    assert_eq!((world.market(UUSD).reserves.raw(), world.market(UUSD).supply), (RESERVES - 142_857_142, supply));
    assert_solvent(&world);
}

#[test]
fn withdraw_reserves_pays_in_seven_daily_parts_what_is_due_and_not_yet_paid() {
    let mut world = world_with_reserves(0);
    request(&mut world, OWNER, UUSD, 1_000_000_000).unwrap();
    world.advance(DAY);
    let lender = world.balance(LENDER, UUSD);
    let start = world.now();
    let paid = |world: &World| world.balance(LENDER, UUSD) - lender;
    withdraw(&mut world, OWNER, UUSD).unwrap();
    // Once a day: the second part waits for the second day.
    for wait in [0, DAY - 1] {
        world.advance(wait);
        let text = format!("reserves of uusd can be withdrawn from {} on, it is {}", start + DAY, world.now());
        refuses(&mut world, &text, |world| withdraw(world, OWNER, UUSD));
    }
    world.advance(1);
    withdraw(&mut world, OWNER, UUSD).unwrap();
    assert_eq!(paid(&world), 285_714_285); // 2 × 10⁹ / 7
    assert_eq!(requested(&world).unwrap().paid.raw(), 285_714_285);
    // Two days are missed: three parts at once.
    world.advance(3 * DAY);
    withdraw(&mut world, OWNER, UUSD).unwrap();
    assert_eq!(paid(&world), 714_285_714); // 5 × 10⁹ / 7
    // The last part, to the unit, up to the end of the week.
    world.advance(3 * DAY);
    assert_eq!(world.now(), start + 7 * DAY);
    withdraw(&mut world, OWNER, UUSD).unwrap();
    assert_eq!((paid(&world), world.market(UUSD).reserves.raw()), (1_000_000_000, RESERVES - 1_000_000_000));
    assert_solvent(&world);
    // The request is used up.
    assert_eq!(requested(&world), None);
    refuses(&mut world, "no withdrawal of uusd reserves was announced", |world| withdraw(world, OWNER, UUSD));
}

/// Alice owes 500 and can't pay: her 90 ATOM are worth 90 cents, and are swept.
fn lose_500(world: &mut World) -> AppResponse {
    world.set_price(UATOM, "0.01");
    let response = world.write_off(BOB, ALICE).unwrap();
    assert_eq!(values(&response, "written_off"), ["500000000uusd"]);
    response
}

#[test]
fn withdraw_reserves_pays_less_by_every_debt_written_off_since() {
    let loss_of_500 = || {
        let mut world = world_with_reserves(0);
        world.deposit(ALICE, UATOM, 90_000_000).unwrap();
        world.borrow(ALICE, UUSD, 500_000_000).unwrap();
        world.update_asset(UUSD, AssetChanges { reserve_floor: Some(ratio("0")), ..Default::default() }).unwrap();
        world
    };
    // Before the request: it is what it is.
    let mut world = loss_of_500();
    lose_500(&mut world);
    request(&mut world, OWNER, UUSD, 1_000_000_000).unwrap();
    assert_eq!(requested(&world).unwrap().amount.raw(), 1_000_000_000);

    // Between request and payment: 500 of the 1,000 are needed, and a seventh of the rest is due.
    let mut world = loss_of_500();
    request(&mut world, OWNER, UUSD, 1_000_000_000).unwrap();
    let response = lose_500(&mut world);
    assert_eq!(values(&response, "borne_by_suppliers"), ["0uusd"]);
    assert_eq!(requested(&world).unwrap().amount.raw(), 500_000_000);
    world.advance(DAY);
    let response = withdraw(&mut world, OWNER, UUSD).unwrap();
    assert_eq!(values(&response, "amount"), ["71428571"]);

    // After three days' parts of a request of 1,000, 428.571428: of the 500 that are left for all days, 71.428572 are
    // to come.
    let mut world = loss_of_500();
    request(&mut world, OWNER, UUSD, 1_000_000_000).unwrap();
    world.advance_fresh(3 * DAY);
    let response = withdraw(&mut world, OWNER, UUSD).unwrap();
    assert_eq!(values(&response, "amount"), ["428571428"]);
    world.set_price(UATOM, "0.01");
    let response = world.write_off(BOB, ALICE).unwrap();
    let lost: u128 = values(&response, "written_off")[0].strip_suffix("uusd").unwrap().parse().unwrap();
    assert!(lost > 500_000_000 && lost < 500_010_000, "{lost}");
    world.advance(4 * DAY);
    let response = withdraw(&mut world, OWNER, UUSD).unwrap();
    assert_eq!(values(&response, "amount"), [(1_000_000_000 - lost - 428_571_428).to_string()]);
    assert_eq!(requested(&world), None);

    // A loss of more than is to come ends the request.
    let mut world = loss_of_500();
    request(&mut world, OWNER, UUSD, 500_000_000).unwrap();
    lose_500(&mut world);
    assert_eq!(requested(&world), None);
    world.advance(DAY);
    refuses(&mut world, "no withdrawal of uusd reserves was announced", |world| withdraw(world, OWNER, UUSD));

    // A loss in another market is none of this one.
    let mut world = loss_of_500();
    world.cover(LENDER, UATOM, 700).unwrap();
    request(&mut world, OWNER, UATOM, 700).unwrap();
    lose_500(&mut world);
    let msg = QueryMsg::ReservesRequest(Listed { denom: UATOM.to_owned() });
    let other = world.query::<ReservesRequestResponse>(&msg).unwrap().request.unwrap();
    assert_eq!(other.amount.raw(), 700);
}

/// The loss of a liquidation counts as that of `write_off` does: 6,400 are owed, and the ATOM pay for 2,040.
#[test]
fn withdraw_reserves_pays_less_by_what_a_liquidation_writes_off() {
    let mut world = world_with_reserves(0);
    world.deposit(ALICE, UATOM, 1_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, 6_400_000_000).unwrap();
    request(&mut world, OWNER, UUSD, 1_700_000_000).unwrap();
    world.set_price(UATOM, "2.04");
    let response = world.liquidate(BOB, ALICE, UATOM, (UUSD, 6_400_000_000)).unwrap();
    assert_eq!(values(&response, "borne_by_reserves"), [format!("{RESERVES}uusd")]);
    assert_eq!(requested(&world), None);
}

/// So does what each item of a batch writes off, not only the last.
#[test]
fn withdraw_reserves_pays_less_by_what_every_item_of_a_batch_writes_off() {
    let mut world = world_with_reserves(0);
    for (id, debt) in [(0, 300_000_000), (1, 200_000_000)] {
        world.deposit((ALICE, id), UATOM, 90_000_000).unwrap();
        world.borrow((ALICE, id), UUSD, debt).unwrap();
    }
    request(&mut world, OWNER, UUSD, 1_000_000_000).unwrap();
    world.set_price(UATOM, "0.01");
    let user = world.addr(ALICE).into_string();
    let write_off = |id| LiquidationItem::WriteOff(UserAccount { user: user.clone(), account_id: Some(id) });
    let response = world.liquidate_batch(BOB, vec![write_off(0), write_off(1)], &[]).unwrap();
    let lost = values(&response, "written_off").into_iter().map(|text| text.strip_suffix(UUSD).unwrap());
    let lost: u128 = lost.map(|amount| amount.parse::<u128>().unwrap()).sum();
    assert!(lost >= 500_000_000, "{lost}");
    assert_eq!(requested(&world).unwrap().amount.raw(), 1_000_000_000 - lost);
}

#[test]
fn withdraw_reserves_leaves_the_floor() {
    // 1 % of 100,000 owed must stay: 1,000 of the 1,827.27, and a little more for the interest of a day. In the first
    // minute it was 100,000 × 0.00492 / 525,600 = 0.000936, of which reserves have a tenth.
    let mut world = world_with_reserves(100_000_000_000);
    // What would break the floor can't even be announced, and lowering the floor meanwhile doesn't help: the larger one holds.
    let text = "827300000 of the reserves of 1827273671 uusd can't go, 1000000010 must stay";
    refuses(&mut world, text, |world| request(world, OWNER, UUSD, 827_300_000));
    request(&mut world, OWNER, UUSD, 827_000_000).unwrap();
    world.update_asset(UUSD, AssetChanges { reserve_floor: Some(ratio("0")), ..Default::default() }).unwrap();
    world.advance_fresh(DAY);
    let reserves = world.market(UUSD).reserves.raw();
    let debt = world.market(UUSD).debt.raw();
    let floor = debt.div_ceil(100);
    assert!(debt > 100_000_000_936 && reserves > RESERVES);
    let most = reserves - floor;
    let before = world.snapshot();
    for (amount, works) in [(most, true), (most + 1, false)] {
        world.restore(&before);
        // Asked for a day ago: written as if, for the amount depends on the day's interest.
        let recipient = world.addr(LENDER).into_string();
        let pool = world.pool().clone();
        let effective_at = world.now();
        let record = ReservesRequest {
            amount: Amount::new(amount),
            recipient,
            effective_at: effective_at - 6 * DAY,
            floor: ratio("0.01"),
            paid: Amount::ZERO,
        };
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
    for amount in [RESERVES + 1, u128::MAX] {
        let text = format!("{amount} of the reserves of {RESERVES} uusd can't go, 0 must stay");
        refuses(&mut world, &text, |world| request(world, OWNER, UUSD, amount));
    }
    request(&mut world, OWNER, UUSD, RESERVES).unwrap();
    world.advance(7 * DAY);
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
    world.allow_full_utilization(UUSD).unwrap();
    world.borrow(ALICE, UUSD, cash - 5_000_000).unwrap();
    world.advance(DAY);
    let text = "insufficient liquidity: wanted 142857142 uusd, available 5000000";
    refuses(&mut world, text, |world| withdraw(world, OWNER, UUSD));
}

#[test]
fn request_reserves_replaces_the_one_before_and_its_delay() {
    let mut world = world_with_reserves(0);
    request(&mut world, OWNER, UUSD, 5).unwrap();
    world.advance(DAY / 2);
    request(&mut world, OWNER, UUSD, 49).unwrap();
    world.advance(DAY / 2);
    let now = world.now();
    let text = format!("reserves of uusd can be withdrawn from {} on, it is {now}", now + DAY / 2);
    refuses(&mut world, &text, |world| withdraw(world, OWNER, UUSD));
    world.advance(DAY / 2);
    let lender = world.balance(LENDER, UUSD);
    withdraw(&mut world, OWNER, UUSD).unwrap();
    assert_eq!(world.balance(LENDER, UUSD), lender + 7); // a seventh
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
    world.execute(LENDER, &ExecuteMsg::Cover { beneficiary: None }, &[plimsoll_testing::coin(5, UATOM)]).unwrap();
    request(&mut world, OWNER, UATOM, 5).unwrap();
    refuses(&mut world, text, |world| cancel(world, OWNER, UUSD));
}

#[test]
fn reserves_are_announced_by_the_owner_alone() {
    let mut world = world_with_reserves(0);
    request(&mut world, OWNER, UUSD, 5).unwrap();
    world.advance(DAY);
    for who in [ALICE, GUARDIAN, RISK_MANAGER, LENDER] {
        let text = format!("{} is not the owner", world.addr(who));
        refuses(&mut world, &text, |world| request(world, who, UUSD, 5));
        refuses(&mut world, &text, |world| cancel(world, who, UUSD));
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

/// 10 bitcoin at 8 decimals lent at 4 % bring 76 at once and 10⁹ × 0.04 / 8,760 = 4,566 in an hour; a tenth is 464.
/// Each six seconds they bring 7, of which a tenth is less than one, and all of them together as much.
#[test]
fn reserves_grow_alike_in_a_market_that_is_touched_each_block_and_in_one_that_is_not() {
    let mut bitcoin = Asset::new("usat", 8, "100000");
    bitcoin.params.rate_model = RateModel::Kinked(Kinked {
        optimal_utilization_rate: ratio("0.8"),
        base: Rate::percent(4),
        slope_1: Rate::ZERO,
        slope_2: Rate::ZERO,
    });
    let mut world = World::builder().assets(Asset::defaults().into_iter().chain([bitcoin])).lent(20).build();
    world.deposit(ALICE, AETH, 2_000_000_000_000_000_000_000).unwrap();
    world.borrow(ALICE, "usat", 1_000_000_000).unwrap();
    let before = world.snapshot();
    world.advance(3_600);
    assert_eq!(world.market("usat").reserves.raw(), 464);
    world.restore(&before);
    for _ in 0..600 {
        world.advance(6);
        world.deposit(BOB, "usat", 1).unwrap();
    }
    assert_eq!(world.market("usat").reserves.raw(), 464);
    assert_solvent(&world);
}
