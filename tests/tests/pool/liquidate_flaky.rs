//! One of many collaterals has a flaky price while another crashes.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{assert_solvent, refuses};
use plimsoll_risk::rates::{Kinked, RateModel};
use plimsoll_risk::units::{Rate, Ratio};
use plimsoll_testing::{ALICE, Asset, LENDER, LIQUIDATOR, UATOM, UUSD, World, values};

/// Eight tokens at a dollar, and dollars without interest.
fn assets() -> Vec<Asset> {
    let mut usd = Asset::new(UUSD, 6, "1");
    let optimal_utilization_rate = Ratio::percent(80);
    usd.params.rate_model = RateModel::Kinked(Kinked {
        optimal_utilization_rate,
        base: Rate::ZERO,
        slope_1: Rate::ZERO,
        slope_2: Rate::ZERO,
    });
    let tokens = (1..=8).map(|n| Asset::new(&format!("utoken{n}"), 6, "1"));
    [usd].into_iter().chain(tokens).collect()
}

/// Alice has 100 of each of the eight, and owes 550. What they carry is 600.
fn indebted() -> World {
    let mut world = World::builder().assets(assets()).build();
    world.deposit(LENDER, UUSD, 1_000_000_000_000).unwrap();
    for n in 1..=8 {
        world.deposit(ALICE, &format!("utoken{n}"), 100_000_000).unwrap();
    }
    world.borrow(ALICE, UUSD, 550_000_000).unwrap();
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
            // Six at 100, one at 10, and the flaky one at its settled price, 100 too: 710 × 75 % carried against 550.
            let position = world.position(ALICE);
            assert_eq!(position.adjusted_collateral_value.to_string(), "532.5");
            assert!(position.liquidatable);
            let text = format!("price of {}: price is 3601 s old, at most 3600 s are allowed", denoms[flaky]);
            refuses(&mut world, &text, |world| world.liquidate(LIQUIDATOR, ALICE, &denoms[flaky], (UUSD, 550_000_000)));
            // Both the crashed one and any other can be taken. One sound one is enough to heal the account: the health factor is
            // 532.5 / 550, the bonus 2 % + 8 % × (1 − 0.968181…) / 0.05 = 7.09 %, and its 100 repay 93.38: 457.5 carry 456.62.
            let fallen = world.snapshot();
            world.liquidate(LIQUIDATOR, ALICE, &denoms[crashed], (UUSD, 550_000_000)).unwrap();
            world.restore(&fallen);
            let sound = (0..8).find(|n| *n != flaky && *n != crashed).unwrap();
            world.liquidate(LIQUIDATOR, ALICE, &denoms[sound], (UUSD, 550_000_000)).unwrap();
            assert!(!world.position(ALICE).liquidatable);
            assert_solvent(&world);
        }
    }
}

#[test]
fn a_price_that_comes_and_goes_shields_nobody_and_harms_nobody() {
    // With 0.3 for the crashed one: 730 × 75 % = 547.5 against 550; with 0.35 it is 551.25. A price that is gone counts as it stood.
    for (price, liquidatable) in [("0.3", true), ("0.35", false)] {
        let mut world = indebted();
        for round in 0..3 {
            world.advance(3_601);
            let mut prices = vec![(UUSD, "1"), ("utoken2", price)];
            prices.extend(["utoken3", "utoken4", "utoken5", "utoken6", "utoken7", "utoken8"].map(|denom| (denom, "1")));
            world.set_prices(&prices);
            let gone = world.position(ALICE);
            assert_eq!(gone.liquidatable, liquidatable, "{price}, round {round}");
            world.set_price("utoken1", "1");
            let back = world.position(ALICE);
            assert_eq!(back.liquidatable, liquidatable, "{price}, round {round}");
            assert_eq!(back.adjusted_collateral_value, gone.adjusted_collateral_value, "{price}, round {round}");
        }
        let done = world.liquidate(LIQUIDATOR, ALICE, "utoken1", (UUSD, 550_000_000));
        assert_eq!(done.is_ok(), liquidatable, "{price}");
        assert_solvent(&world);
    }
}

/// What a liquidation of 640 USD against 640 of ATOM pays beside a crumb of a token with a dead feed, where a sale costs this many percent.
fn beside_a_crumb(sale_cost: u64, crumb: u128) -> [String; 3] {
    let wild = Asset::new("utoken1", 6, "1");
    let world = World::builder().assets(Asset::defaults().into_iter().chain([wild]));
    let mut world = world.edit(UATOM, |asset| asset.params.sale_cost = Some(Ratio::percent(sale_cost))).build();
    world.deposit(LENDER, UUSD, 1_000_000_000_000).unwrap();
    world.deposit(ALICE, UATOM, 100_000_000).unwrap();
    world.borrow(ALICE, UUSD, 640_000_000).unwrap();
    world.advance(3_601);
    world.set_prices(&[(UATOM, "6.4"), (UUSD, "1")]);
    if crumb > 0 {
        world.deposit(ALICE, "utoken1", crumb).unwrap();
    }
    let done = world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 700_000_000)).unwrap();
    assert_solvent(&world);
    ["bonus", "repaid", "seized"].map(|key| values(&done, key)[0].to_owned())
}

#[test]
fn liquidate_pays_no_higher_bonus_for_a_token_that_may_be_worth_anything() {
    // The crumb, 0.1 tokens that were 0.1 USD when their feed died, may be worth 100 USD within its bounds. A bonus of the sale's cost is
    // paid with it or without: 640 / 1.01 for the ATOM. What is paid relieves the account of a base unit less, so a unit of ATOM stays.
    let paid = ["0.01", "633663367", "99999999"];
    assert_eq!(beside_a_crumb(1, 0), paid);
    assert_eq!(beside_a_crumb(1, 100_000), paid);
    // Without a cost there is no bonus at a collateral ratio of 1 (640 against 640.000003, the interest of an hour), and with the crumb
    // no more than it was worth: 640.1 / 640.000003 − 1, which is 0.09999… of 639.900019.
    assert_eq!(beside_a_crumb(0, 0), ["0", "640000003", "100000000"]);
    assert_eq!(beside_a_crumb(0, 100_000), ["0.0001562453117676", "639900019", "99999999"]);
}
