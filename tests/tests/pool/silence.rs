//! A denom of which nobody tells a price any more: what it still counts for, and what waits for it.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may stop at a surprise")]

use crate::support::{assert_solvent, indebted, refuses};
use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_testing::{ALICE, Asset, BOB, IBC_TOKEN, LIQUIDATOR, UATOM, UUSD, World, WorldBuilder, ratio, values};

const DAY: u64 = 86_400;
/// When a collateral has declined to nothing: a day, and a week.
const GONE: u64 = 8 * DAY;

/// Lets time pass in which only these prices are told, all at its end.
fn silent_but_for(world: &mut World, seconds: u64, prices: &[(&str, &str)]) {
    world.advance(seconds);
    world.set_prices(prices);
}

/// 640 dollars, without interest, against 100 ATOM at 10.
fn without_interest(builder: WorldBuilder) -> World {
    let mut world = builder.edit(UUSD, |asset| *asset = asset.clone().interest_free()).lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 640_000_000).unwrap();
    world
}

#[test]
fn a_silent_collateral_counts_in_full_for_a_day_and_falls_to_nothing_over_a_week() {
    let mut world = indebted(640_000_000);
    let told = world.snapshot();
    // 100 ATOM at 10. A tenth of a week is 60,480 s; a second of it is 1,000 / 604,800 = 0.00165… dollars.
    for (seconds, value) in [
        (3_601, "1000"),
        (DAY, "1000"),
        (DAY + 1, "999.99834656084656"),
        (DAY + 60_480, "900"),
        (DAY + 302_400, "500"),
        (GONE - 1, "0.001653439153439"),
        (GONE, "0"),
        (400 * DAY, "0"),
    ] {
        world.restore(&told);
        silent_but_for(&mut world, seconds, &[(UUSD, "1")]);
        assert_eq!(world.position(ALICE).collateral_value.to_string(), value, "after {seconds} s");
    }
}

#[test]
fn a_silent_collateral_is_not_seized_and_what_else_there_is_is() {
    // 100 ATOM carry 750, and 100 tokens at 5 of which 65 % count 325: enough for 900. Silent for half a week after a
    // day, the ATOM carry 375: 700 in all.
    let mut world = without_interest(World::builder());
    world.deposit(ALICE, IBC_TOKEN, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 260_000_000).unwrap();
    silent_but_for(&mut world, DAY, &[(UUSD, "1"), (IBC_TOKEN, "5")]);
    assert_eq!(world.position(ALICE).adjusted_collateral_value.to_string(), "1075");
    let text = format!("price of uatom: price is {DAY} s old, at most 3600 s are allowed");
    refuses(&mut world, &text, |world| world.liquidate(LIQUIDATOR, ALICE, IBC_TOKEN, (UUSD, 100_000_000)));
    silent_but_for(&mut world, 302_400, &[(UUSD, "1"), (IBC_TOKEN, "5")]);
    assert_eq!(world.position(ALICE).adjusted_collateral_value.to_string(), "700");
    let text = "price of uatom: price is 388800 s old, at most 3600 s are allowed";
    refuses(&mut world, text, |world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 100_000_000)));
    let response = world.liquidate(LIQUIDATOR, ALICE, IBC_TOKEN, (UUSD, 100_000_000)).unwrap();
    // 110 dollars' worth, of which a tenth of the bonus is the fee.
    assert_eq!((values(&response, "seized"), values(&response, "fee")), (vec!["22000000"], vec!["200000"]));
    // Whoever owes can repay at any time.
    world.repay(ALICE, UUSD, 900_000_000).unwrap();
    assert!(world.borrowers().is_empty());
    assert_solvent(&world);
}

#[test]
fn half_a_cent_of_a_dead_token_holds_up_no_write_off() {
    // 346 dollars against 50 ATOM that fall to a cent each, and 1,000 units of a token that nobody prices any more:
    // half a cent when its feed died, up to 5 dollars within its bounds.
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit(ALICE, UATOM, 50_000_000).unwrap();
    world.deposit(ALICE, IBC_TOKEN, 1_000).unwrap();
    world.borrow(ALICE, UUSD, 346_000_000).unwrap();
    silent_but_for(&mut world, 3_601, &[(UUSD, "1"), (UATOM, "0.01")]);
    assert_eq!(world.position(ALICE).collateral_value.to_string(), "0.505");
    let response = world.write_off(BOB, ALICE).unwrap();
    assert_eq!(values(&response, "swept"), ["50000000uatom".to_owned(), format!("1000{IBC_TOKEN}")]);
    assert_solvent(&world);
}

#[test]
fn a_debt_is_written_off_once_a_dead_collateral_has_declined_below_dust() {
    // A dollar is dust, a thousandth of what counted: 604.8 s before the end.
    let mut world = without_interest(World::builder());
    let told = world.snapshot();
    silent_but_for(&mut world, GONE - 605, &[(UUSD, "1")]);
    let error = world.refused(|world| world.write_off(BOB, ALICE));
    assert!(error.to_string().starts_with("not bad debt: collateral 1.00033"), "{error}");
    world.restore(&told);
    silent_but_for(&mut world, GONE - 604, &[(UUSD, "1")]);
    let response = world.write_off(BOB, ALICE).unwrap();
    assert_eq!(values(&response, "written_off"), ["640000000uusd"]);
    assert_solvent(&world);
}

#[test]
fn a_write_off_that_rests_on_the_decline_waits_for_a_price_of_the_debt() {
    let mut world = without_interest(World::builder());
    world.advance(GONE);
    let text = "price of uusd: price is 691200 s old, at most 3600 s are allowed";
    refuses(&mut world, text, |world| world.write_off(BOB, ALICE));
    world.set_price(UUSD, "1");
    world.write_off(BOB, ALICE).unwrap();
    // One that rests on what was told waits for nothing: at a tenth of a cent her ATOM were worth 10 cents.
    let mut world = without_interest(World::builder());
    world.set_price(UATOM, "0.001");
    world.advance(3_601);
    world.write_off(BOB, ALICE).unwrap();
}

#[test]
fn a_write_off_that_rests_on_the_decline_waits_for_the_grace_after_a_halt() {
    let grace = HaltGrace { gap: DAY, grace: 3_600 };
    let world = World::builder().oracle(|oracle| oracle.heartbeat_gap = DAY).pool(|pool| pool.halt_grace = grace);
    let mut world = without_interest(world);
    // Dollars are told each day, ATOM never again; after eight days nobody tells anything for a day and a second.
    for _ in 0..8 {
        silent_but_for(&mut world, DAY, &[(UUSD, "1")]);
    }
    let before = world.snapshot();
    world.write_off(BOB, ALICE).unwrap();
    world.restore(&before);
    silent_but_for(&mut world, DAY + 1, &[(UUSD, "1")]);
    let text = "account is spared in the grace after a halt";
    refuses(&mut world, text, |world| world.write_off(BOB, ALICE));
    silent_but_for(&mut world, 3_599, &[(UUSD, "1")]);
    refuses(&mut world, text, |world| world.write_off(BOB, ALICE));
    silent_but_for(&mut world, 1, &[(UUSD, "1")]);
    world.write_off(BOB, ALICE).unwrap();
    assert_solvent(&world);
}

#[test]
fn a_collateral_does_not_decline_while_the_whole_oracle_stands_still() {
    let mut world = without_interest(World::builder().oracle(|oracle| oracle.heartbeat_gap = 600));
    world.advance(GONE + DAY);
    assert_eq!(world.position(ALICE).collateral_value.to_string(), "1000");
    world.set_price(UUSD, "1");
    assert_eq!(world.position(ALICE).collateral_value.to_string(), "1000");
    // Ten minutes of the gap count, and the days from here on: a day less ten minutes on, all of it is there still.
    for _ in 0..143 {
        silent_but_for(&mut world, 600, &[(UUSD, "1")]);
    }
    assert_eq!(world.position(ALICE).collateral_value.to_string(), "1000");
    // A hundred more blocks of ten minutes are 60,000 of 604,800 s: 99.206349… less.
    for _ in 0..100 {
        silent_but_for(&mut world, 600, &[(UUSD, "1")]);
    }
    let counted = world.position(ALICE).collateral_value.to_string();
    assert!(counted.starts_with("900.79365"), "{counted}");
}

#[test]
fn a_silent_price_counts_within_one_deviation_of_what_it_had_settled_at() {
    let slow = |asset: &mut Asset| {
        asset.guards.max_deviation = ratio("0.1");
        asset.guards.step_interval = 3_600;
    };
    // Told once, 20 in place of 10, a collateral counts 20 at once. An hour on it has settled at 11, and fallen silent:
    // no more than 12.1.
    let mut world = without_interest(World::builder().edit(UATOM, slow));
    world.set_prices(&[(UATOM, "20"), (UUSD, "1")]);
    assert_eq!(world.position(ALICE).collateral_value.to_string(), "2000");
    silent_but_for(&mut world, 3_601, &[(UUSD, "1")]);
    assert_eq!(world.position(ALICE).collateral_value.to_string(), "1210");
    // A debt told at 5 in place of 10 counts 5 at once, and settled at 9 no less than 8.1.
    let mut world = without_interest(World::builder().edit(UATOM, |asset| {
        slow(asset);
        *asset = asset.clone().interest_free();
    }));
    world.deposit(BOB, UUSD, 1_000_000_000).unwrap();
    world.borrow(BOB, UATOM, 50_000_000).unwrap();
    world.set_prices(&[(UATOM, "5"), (UUSD, "1")]);
    assert_eq!(world.position(BOB).debt_value.to_string(), "250");
    silent_but_for(&mut world, 3_601, &[(UUSD, "1")]);
    assert_eq!(world.position(BOB).debt_value.to_string(), "405");
}
