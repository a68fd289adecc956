//! Dust that is put into a ruined account, by its owner or by others, so that its debt is not written off.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{assert_solvent, deposit_for, refuses};
use plimsoll_testing::{ALICE, Asset, BOB, LENDER, LIQUIDATOR, UATOM, UUSD, World, coin, values};

const OTHERS: [&str; 7] = ["utoken1", "utoken2", "utoken3", "utoken4", "utoken5", "utoken6", "utoken7"];

/// 16 ATOM at a cent against 10 USD; seven more tokens at a dollar, of which Alice has a unit each in further slots.
fn ruined() -> World {
    let others = OTHERS.map(|denom| Asset::new(denom, 6, "1"));
    // A sale costs the least bonus: whoever takes the dust earns it.
    let assets = Asset::defaults().into_iter().chain(others).map(|mut asset| {
        asset.params.sale_cost = Some(asset.params.liquidation_bonus.min);
        asset
    });
    let mut world = World::builder().assets(assets).build();
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
        let coins = world.balance(LIQUIDATOR, UUSD);
        let taken = world.balance(LIQUIDATOR, denom);
        let response = world.liquidate(LIQUIDATOR, ALICE, denom, (UUSD, 10_000_000)).unwrap();
        let paid = coins - world.balance(LIQUIDATOR, UUSD);
        let got = world.balance(LIQUIDATOR, denom) - taken;
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
fn a_silent_token_holds_a_write_off_up_by_no_more_than_it_was_worth_and_for_eight_days() {
    let world = || {
        let assets = Asset::defaults().into_iter().chain([Asset::new(OTHERS[0], 6, "1")]);
        let mut world = World::builder().assets(assets).lent(1_000_000).build();
        world.deposit(ALICE, UATOM, 16_000_000).unwrap();
        world.borrow(ALICE, UUSD, 10_000_000).unwrap();
        world.advance(3_601);
        world.set_prices(&[(UATOM, "0.01"), (UUSD, "1")]);
        world
    };
    // Into a new slot, which doesn't count. 0.16 USD of ATOM, and half a cent of a token that is silent, though its ceiling is 1,000 USD.
    let mut dust = world();
    dust.deposit(ALICE, OTHERS[0], 5_000).unwrap();
    assert!(!dust.position(ALICE).collaterals[1].enabled);
    dust.write_off(BOB, ALICE).unwrap();
    assert!(dust.borrowers().is_empty());

    // Two dollars of it stand against writing off while they count for a dollar: to 0.84 they fall in 1 + 7 × 0.58 = 5.06 days.
    let mut held = world();
    held.deposit(ALICE, OTHERS[0], 2_000_000).unwrap();
    let error = held.refused(|world| world.write_off(BOB, ALICE));
    assert!(error.to_string().starts_with("not bad debt: collateral 2.16, debt 10.0"), "{error}");
    for (days, is_bad) in [(5, false), (1, true)] {
        held.advance(days * 86_400);
        held.set_prices(&[(UATOM, "0.01"), (UUSD, "1")]);
        let before = held.snapshot();
        assert_eq!(held.write_off(BOB, ALICE).is_ok(), is_bad, "after {days} more days");
        held.restore(&before);
    }
    // Not while the debt's own denom is silent: then the fall alone decides nothing.
    held.advance(3_601);
    held.set_price(UATOM, "0.01");
    held.refused(|world| world.write_off(BOB, ALICE));
}
