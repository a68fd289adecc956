//! An account liquidated to the end, at one price, leaves `max(0, D − C/(1+c))` of bad debt, however many liquidations
//! it takes: each unit of collateral repays `1/(1+c)` of debt. `c` is what a sale costs: more is paid only out of what
//! the collateral has beyond the debt.

use num_rational::BigRational;
use num_traits::Zero;
use plimsoll_testing::{ALICE, LENDER, LIQUIDATOR, World};

use super::setup::{COLLATERAL, DEBT, Scene, Standing, assert_near, exact, fraction, one, or_zero, price_down, value};

/// Liquidates with `piece` at a time until there is no debt or it is healthy. Answers with the debt that nobody repaid, and how many it took.
fn to_the_end(world: &mut World, piece: u128) -> (BigRational, u64) {
    let owed = world.owed(ALICE, DEBT);
    let held = world.balance(LIQUIDATOR, DEBT);
    let mut steps = 0;
    while world.position(ALICE).liquidatable {
        world.liquidate(LIQUIDATOR, ALICE, COLLATERAL, (DEBT, piece)).unwrap();
        steps += 1;
        assert!(steps < 10_000);
    }
    let repaid = held - world.balance(LIQUIDATOR, DEBT);
    (value(world, DEBT, owed - repaid - world.owed(ALICE, DEBT)), steps)
}

fn scenes() -> Vec<Scene> {
    let mut scenes = ["0", "0.02", "0.1", "0.25"].map(Scene::with_bonus).to_vec();
    scenes.push(Scene { protocol_fee: "0.5", ..Scene::with_bonus("0.1") });
    scenes.push(Scene { bonus: ("0.02", "0.2", "0.95"), decimals: (6, 6), ..Scene::with_bonus("0.02") });
    scenes.push(Scene { bonus: ("0.1", "0.2", "0.95"), protocol_fee: "0.5", ..Scene::with_bonus("0.01") });
    scenes.push(Scene { bonus: ("0", "0.25", "0.94"), decimals: (6, 18), ..Scene::with_bonus("0") });
    scenes.push(Scene {
        bonus: ("0.05", "0.1", "0.99"),
        threshold: "0.9",
        decimals: (18, 6),
        ..Scene::with_bonus("0.05")
    });
    scenes.push(Scene { decimals: (2, 2), ..Scene::with_bonus("0.1") });
    scenes
}

#[test]
fn what_is_left_to_lenders_at_the_end_is_the_debt_beyond_the_collateral_less_what_sales_cost() {
    for scene in scenes() {
        let cost = exact(scene.sale_cost);
        let mut world = scene.indebted(1_000, 600);
        let fresh = world.snapshot();
        for price in ["0.75", "0.67", "0.66", "0.62", "0.6", "0.5", "0.3", "0.1", "0.01", "0.001"] {
            for (n, piece) in [(1, 600), (2, 300), (7, 90), (13, 50)] {
                world.restore(&fresh);
                world.set_price(COLLATERAL, price);
                let Standing { collateral, debt } = Standing::of(&world);
                let expected = or_zero(debt - collateral / (one() + &cost));
                let lent = world.supplied(LENDER, DEBT);
                let piece = world.whole(DEBT, piece);
                let (lost, steps) = to_the_end(&mut world, piece);
                // Each step repays up to a unit more than it takes collateral for, and takes up to a unit of collateral less than it repays for.
                let unit = value(&world, DEBT, 1) + value(&world, COLLATERAL, 1);
                let tolerance = unit * fraction(u128::from(steps) + 1, 1);
                let what = format!("{scene:?} at {price} in {n} pieces, bad debt");
                assert_near(&lost, &expected, &tolerance, &what);
                // It is the lender's loss, or else nobody's: there were no reserves.
                let borne = value(&world, DEBT, lent - world.supplied(LENDER, DEBT));
                assert_near(&borne, &lost, &value(&world, DEBT, 1), &what);
                assert_eq!(world.owed(ALICE, DEBT) == 0, world.account(ALICE).debts.is_empty());
                assert!(lost.is_zero() || world.account(ALICE).is_empty(), "{what}");
            }
        }
    }
}

#[test]
fn the_border_of_bad_debt_is_a_collateral_ratio_of_one_and_what_a_sale_costs() {
    let higher = Scene { bonus: ("0.1", "0.2", "0.95"), ..Scene::with_bonus("0.02") };
    for scene in ["0", "0.02", "0.1", "0.25"].map(Scene::with_bonus).into_iter().chain([higher]) {
        let mut world = scene.indebted(1_000, 600);
        let fresh = world.snapshot();
        // The collateral that repays all, and one price step, 10⁻¹⁵ of value, less and more.
        let border = (one() + exact(scene.sale_cost)) * fraction(6, 10);
        let step = exact("0.000000000000000001");
        for (price, bad) in [(&border - &step, true), (border.clone(), false), (&border + &step, false)] {
            world.restore(&fresh);
            world.set_price(COLLATERAL, &price_down(&price));
            let piece = world.whole(DEBT, 600);
            let unit = value(&world, DEBT, 1);
            let (lost, _) = to_the_end(&mut world, piece);
            assert_eq!(lost > unit.clone() + &unit, bad, "{scene:?} at {}", price_down(&price));
        }
    }
}
