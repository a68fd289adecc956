//! A price gap `δ` on an account at LTV `λ₀` costs lenders `max(0, 1 − (1−δ)/((1+c)λ₀))` of the debt: collateral of
//! `(1−δ)/λ₀` a unit of debt repays that divided by `1+c`, `c` being what a sale costs, and nobody can act within the
//! gap.

use plimsoll_testing::{ALICE, LENDER, LIQUIDATOR, World};

use super::setup::{COLLATERAL, DEBT, Scene, assert_near, exact, fraction, one, open, or_zero, price_down, raw, value};

/// In percent.
const GAPS: [u128; 11] = [0, 10, 20, 25, 30, 40, 50, 70, 90, 97, 99];
const LTVS: [u128; 6] = [10, 35, 50, 60, 70, 74];

fn scenes() -> Vec<Scene> {
    let mut scenes = ["0", "0.05", "0.1", "0.25"].map(Scene::with_bonus).to_vec();
    scenes.push(Scene {
        bonus: ("0.02", "0.2", "0.95"),
        protocol_fee: "0.1",
        decimals: (6, 6),
        ..Scene::with_bonus("0.02")
    });
    scenes.push(Scene { bonus: ("0.03", "0.08", "0.9"), decimals: (18, 6), ..Scene::with_bonus("0.01") });
    scenes.push(Scene { bonus: ("0.1", "0.2", "0.95"), protocol_fee: "0.5", ..Scene::with_bonus("0") });
    scenes
}

/// Whoever comes first after the gap has all the coins that they need.
fn liquidate(world: &mut World) {
    let owed = world.owed(ALICE, DEBT);
    if world.position(ALICE).liquidatable {
        world.liquidate(LIQUIDATOR, ALICE, COLLATERAL, (DEBT, owed)).unwrap();
    }
    assert!(!world.position(ALICE).liquidatable);
}

#[test]
fn a_gap_in_the_collaterals_price_costs_lenders_its_closed_form() {
    after_each_gap(|world, gap| world.set_price(COLLATERAL, &price_down(&fraction(100 - gap, 100))));
}

#[test]
fn a_gap_in_the_debts_price_costs_lenders_the_same() {
    // A debt that rises by 1/(1−δ), rounded down: the blur of that in what it is worth is far below a unit.
    after_each_gap(|world, gap| world.set_price(DEBT, &price_down(&fraction(100, 100 - gap))));
}

fn after_each_gap(falls: impl Fn(&mut World, u128)) {
    for scene in scenes() {
        let mut world = scene.world();
        let fresh = world.snapshot();
        for ltv in LTVS {
            for gap in GAPS {
                world.restore(&fresh);
                open(&mut world, 1_000, ltv * 10);
                falls(&mut world, gap);
                judge(&mut world, &scene, ltv, gap);
            }
        }
    }
}

/// Liquidates, and compares the lender's loss with the share of the debt: a unit of debt rounded up, a unit of collateral rounded down, a unit
/// of the claim rounded down.
fn judge(world: &mut World, scene: &Scene, ltv: u128, gap: u128) {
    let owed = world.owed(ALICE, DEBT);
    let before = world.supplied(LENDER, DEBT);
    let units = value(world, DEBT, 2) + value(world, COLLATERAL, 1);
    let debt = value(world, DEBT, owed);
    liquidate(world);
    let lost = fraction(before - world.supplied(LENDER, DEBT), owed);
    let carried = fraction(100 - gap, 100) / ((one() + exact(scene.sale_cost)) * fraction(ltv, 100));
    let expected = or_zero(one() - carried);
    let tolerance = units / debt + raw(100);
    assert_near(&lost, &expected, &tolerance, &format!("{scene:?}, LTV {ltv} %, gap {gap} %"));
}
