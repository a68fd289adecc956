//! Dust that is put into a ruined account, by its owner or by others, so that its debt is not written off.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

mod common;

use common::{assert_solvent, deposit_for, refuses};
use plimsoll_testing::{ALICE, Asset, BOB, LENDER, LIQUIDATOR, UATOM, UUSD, World, coin, values};

const OTHERS: [&str; 7] = ["utoken1", "utoken2", "utoken3", "utoken4", "utoken5", "utoken6", "utoken7"];

/// 16 ATOM at a cent against 10 USD; seven more tokens at a dollar, of which Alice has a unit each in further slots.
fn ruined() -> World {
    let others = OTHERS.map(|denom| Asset::new(denom, 6, "1"));
    let mut world = World::builder().assets(Asset::defaults().into_iter().chain(others)).build();
    world.deposit(LENDER, UUSD, 1_000_000_000_000).unwrap();
    world.deposit(ALICE, UATOM, 16_000_000).unwrap();
    for denom in OTHERS {
        world.deposit(ALICE, denom, 1).unwrap();
    }
    world.borrow(ALICE, UUSD, 10_000_000).unwrap();
    world.set_price(UATOM, "0.01");
    world
}

#[test]
fn write_off_is_not_stopped_by_a_unit_in_every_slot() {
    let mut world = ruined();
    let supply = world.market(UUSD).supply.raw();
    let response = world.write_off(BOB, ALICE).unwrap();
    let swept: Vec<String> = OTHERS.iter().map(|denom| format!("1{denom}")).collect();
    assert_eq!(values(&response, "swept")[0], "16000000uatom");
    assert_eq!(values(&response, "swept")[1..], swept);
    assert_eq!(world.market(UUSD).supply.raw(), supply - 10_000_000);
    assert_eq!(world.account(ALICE), Default::default());
    assert_solvent(&world);
}

#[test]
fn write_off_is_not_stopped_by_less_than_dust_from_anybody() {
    let mut world = ruined();
    // 0.160007 are there; 0.839992 more leave a unit below the dust value, whoever pays them and into whichever slots.
    deposit_for(&mut world, BOB, ALICE, coin(400_000, OTHERS[0])).unwrap();
    deposit_for(&mut world, LENDER, ALICE, coin(400_000, OTHERS[6])).unwrap();
    world.deposit(ALICE, OTHERS[3], 39_992).unwrap();
    let before = world.snapshot();
    let response = world.write_off(BOB, ALICE).unwrap();
    assert_eq!(values(&response, "swept").len(), 8);
    // One more is as much as dust.
    world.restore(&before);
    deposit_for(&mut world, BOB, ALICE, coin(1, OTHERS[3])).unwrap();
    refuses(&mut world, "not bad debt: collateral 1, debt 10, dust 1", |world| world.write_off(BOB, ALICE));
    // A ninth slot is nobody's.
    let text = "account has 8 collaterals already";
    refuses(&mut world, text, |world| world.deposit(ALICE, plimsoll_testing::AETH, 1_000_000_000_000_000));
}

#[test]
fn dust_that_stops_a_write_off_is_seized_and_the_loss_booked_with_it() {
    for (denom, amount) in [(OTHERS[0], 840_000), (OTHERS[6], 2_000_000), (OTHERS[2], 9_000_000)] {
        let mut world = ruined();
        let supply = world.market(UUSD).supply.raw();
        deposit_for(&mut world, BOB, ALICE, coin(amount, denom)).unwrap();
        world.refused(|world| world.write_off(BOB, ALICE));
        // Whoever takes it earns the bonus on it, and what was put in has repaid debt: the blocker has paid for lenders.
        let (coins, taken) = (world.balance(LIQUIDATOR, UUSD), world.balance(LIQUIDATOR, denom));
        let response = world.liquidate(LIQUIDATOR, ALICE, denom, (UUSD, 10_000_000)).unwrap();
        let (paid, got) = (coins - world.balance(LIQUIDATOR, UUSD), world.balance(LIQUIDATOR, denom) - taken);
        assert!(got > paid, "{denom}: {got} for {paid}");
        assert_eq!(world.account(ALICE), Default::default(), "{denom}");
        let lost = 10_000_000 - paid;
        assert_eq!(values(&response, "written_off"), [format!("{lost}uusd")]);
        assert_eq!(world.market(UUSD).supply.raw(), supply - lost);
        assert_solvent(&world);
    }
}

#[test]
fn a_unit_worth_next_to_nothing_is_swept_or_seized_for_a_whole_unit() {
    let mut world = ruined();
    // A unit of 10⁻⁶ tokens at 0.001: a thousandth of a unit of uusd.
    world.set_price(OTHERS[0], "0.001");
    let before = world.snapshot();
    let response = world.liquidate(LIQUIDATOR, ALICE, OTHERS[0], (UUSD, 10_000_000)).unwrap();
    assert_eq!((values(&response, "repaid"), values(&response, "seized")), (vec!["1"], vec!["1"]));
    assert_eq!(values(&response, "written_off"), ["9999999uusd"]);
    assert!(world.borrowers().is_empty());
    world.restore(&before);
    world.write_off(LIQUIDATOR, ALICE).unwrap();
    assert!(world.borrowers().is_empty());
    assert_solvent(&world);
}

#[test]
fn a_token_whose_price_fails_holds_a_write_off_up_only_until_its_price_is_back() {
    // It may be worth its hard upper bound, which speaks against writing off; but no counting slot of it is topped up meanwhile.
    let mut world = ruined();
    world.advance(3_601);
    let fresh: Vec<(&str, &str)> =
        OTHERS[1..].iter().map(|denom| (*denom, "1")).chain([(UATOM, "0.01"), (UUSD, "1")]).collect();
    world.set_prices(&fresh);
    let stale = "price of utoken1: price is 3601 s old, at most 3600 s are allowed";
    refuses(&mut world, stale, |world| deposit_for(world, BOB, ALICE, coin(2_000, OTHERS[0])));
    refuses(&mut world, stale, |world| world.deposit(ALICE, OTHERS[0], 2_000));
    // The unit that is there might be worth 0.001: no more than the rest is it in the way.
    let before = world.snapshot();
    world.write_off(BOB, ALICE).unwrap();
    world.restore(&before);
    // In a new slot, which doesn't count, it is: 2,000 units might be worth 2 USD.
    world.withdraw_all(ALICE, OTHERS[0]).unwrap_err();
    world.repay(ALICE, UUSD, 1_000_000).unwrap();
    let mut other = World::builder()
        .assets(Asset::defaults().into_iter().chain([Asset::new(OTHERS[0], 6, "1")]))
        .lent(1_000_000)
        .build();
    other.deposit(ALICE, UATOM, 16_000_000).unwrap();
    other.borrow(ALICE, UUSD, 10_000_000).unwrap();
    other.advance(3_601);
    other.set_prices(&[(UATOM, "0.01"), (UUSD, "1")]);
    other.deposit(ALICE, OTHERS[0], 2_000).unwrap();
    assert!(!other.position(ALICE).collaterals[1].enabled);
    let error = other.refused(|world| world.write_off(BOB, ALICE));
    assert!(error.to_string().starts_with("not bad debt: collateral 2.16, debt 10.0"), "{error}");
    other.set_price(OTHERS[0], "1");
    other.write_off(BOB, ALICE).unwrap();
    assert!(other.borrowers().is_empty());
    assert_solvent(&other);
}
