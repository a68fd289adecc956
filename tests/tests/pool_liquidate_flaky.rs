//! One of many collaterals has a flaky price while another crashes.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

mod common;

use common::{assert_solvent, refuses};
use plimsoll_risk::rates::{Kinked, RateModel};
use plimsoll_risk::units::{Price, Rate, Ratio};
use plimsoll_testing::{ALICE, Asset, LENDER, LIQUIDATOR, UATOM, UUSD, World, values};

/// Eight tokens at a dollar that may cost 1.1 at most, and dollars without interest.
fn assets() -> Vec<Asset> {
    let mut usd = Asset::new(UUSD, 6, "1");
    let optimal_utilization_rate = Ratio::percent(80);
    usd.params.rate_model = RateModel::Kinked(Kinked {
        optimal_utilization_rate,
        base: Rate::ZERO,
        slope_1: Rate::ZERO,
        slope_2: Rate::ZERO,
    });
    let tokens = (1..=8).map(|n| {
        let mut asset = Asset::new(&format!("utoken{n}"), 6, "1");
        asset.guards.ceiling = Price::new(1_100_000_000_000_000_000);
        asset
    });
    [usd].into_iter().chain(tokens).collect()
}

/// Alice has 100 of each of the eight, and owes 555. What they carry is 600.
fn indebted() -> World {
    let mut world = World::builder().assets(assets()).build();
    world.deposit(LENDER, UUSD, 1_000_000_000_000).unwrap();
    for n in 1..=8 {
        world.deposit(ALICE, &format!("utoken{n}"), 100_000_000).unwrap();
    }
    world.borrow(ALICE, UUSD, 555_000_000).unwrap();
    world
}

#[test]
fn liquidate_goes_on_whichever_price_is_flaky_and_whichever_crashes() {
    let mut world = indebted();
    let denoms: Vec<String> = (1..=8).map(|n| format!("utoken{n}")).collect();
    let fresh = world.snapshot();
    for flaky in 0..8 {
        for crashed in (0..8).filter(|n| *n != flaky) {
            world.restore(&fresh);
            world.advance(3_601);
            let mut prices: Vec<(&str, &str)> = vec![(UUSD, "1")];
            for (n, denom) in denoms.iter().enumerate().filter(|(n, _)| *n != flaky) {
                prices.push((denom, if n == crashed { "0.1" } else { "1" }));
            }
            world.set_prices(&prices);
            // Six at 100, one at 10, and the flaky one at its bound, 110: 540 carried against 555.
            let position = world.position(ALICE);
            assert_eq!(position.carried_value.to_string(), "540");
            assert!(position.liquidatable);
            let text = format!("price of {}: price is 3601 s old, at most 3600 s are allowed", denoms[flaky]);
            refuses(&mut world, &text, |world| world.liquidate(LIQUIDATOR, ALICE, &denoms[flaky], (UUSD, 555_000_000)));
            // Both the crashed one and any other can be taken; one sound one is enough to heal the account.
            let fallen = world.snapshot();
            world.liquidate(LIQUIDATOR, ALICE, &denoms[crashed], (UUSD, 555_000_000)).unwrap();
            world.restore(&fallen);
            let sound = (0..8).find(|n| *n != flaky && *n != crashed).unwrap();
            world.liquidate(LIQUIDATOR, ALICE, &denoms[sound], (UUSD, 555_000_000)).unwrap();
            assert!(!world.position(ALICE).liquidatable);
            assert_solvent(&world);
        }
    }
}

#[test]
fn a_price_that_comes_and_goes_shields_only_up_to_its_bound_and_only_while_it_is_gone() {
    // With 0.25 for the crashed one: 7.25 × 75 = 543.75 when the flaky price is there, 551.25 at its bound: below 555 either way. With 0.35 it
    // is 551.25 and 558.75: shielded while the price is gone, and liquidatable as soon as it is back.
    for (price, shielded) in [("0.25", false), ("0.35", true)] {
        let mut world = indebted();
        for round in 0..3 {
            world.advance(3_601);
            let mut prices = vec![(UUSD, "1"), ("utoken2", price)];
            prices.extend(["utoken3", "utoken4", "utoken5", "utoken6", "utoken7", "utoken8"].map(|denom| (denom, "1")));
            world.set_prices(&prices);
            assert_eq!(world.position(ALICE).liquidatable, !shielded, "{price}, round {round}");
            world.set_price("utoken1", "1");
            assert!(world.position(ALICE).liquidatable, "{price}, round {round}");
        }
        world.liquidate(LIQUIDATOR, ALICE, "utoken1", (UUSD, 555_000_000)).unwrap();
        assert_solvent(&world);
    }
}

/// A crumb of a token with a dead feed counts as much as its ceiling lets it, and says nothing of what pays a bonus: it must not raise the bonus at lenders' cost.
#[test]
fn liquidate_pays_no_higher_bonus_for_a_token_that_may_be_worth_anything() {
    let mut outcomes = Vec::new();
    for crumb in [0, 100_000] {
        let wild = Asset::new("utoken1", 6, "1");
        let mut world = World::builder().assets(Asset::defaults().into_iter().chain([wild])).build();
        world.deposit(LENDER, UUSD, 1_000_000_000_000).unwrap();
        world.deposit(ALICE, UATOM, 100_000_000).unwrap();
        world.borrow(ALICE, UUSD, 640_000_000).unwrap();
        world.advance(3_601);
        // A collateral ratio of exactly 1, without the crumb.
        world.set_prices(&[(UATOM, "6.4"), (UUSD, "1")]);
        if crumb > 0 {
            world.deposit(ALICE, "utoken1", crumb).unwrap();
        }
        let done = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 700_000_000)).unwrap();
        let said = |key: &str| values(&done, key).first().map(ToString::to_string);
        outcomes.push((said("bonus"), said("repaid"), said("seized")));
        assert_solvent(&world);
    }
    assert_eq!(outcomes[0], outcomes[1]);
    // 640 / 1.02, of the least bonus, 2 %.
    assert_eq!(outcomes[0].0.as_deref(), Some("0.02"));
    assert_eq!(outcomes[0].1.as_deref(), Some("627450981"));
}
