//! A liquidation raises debt/collateral `λ` exactly when it was above `1/(1+b)`, `b` being the bonus applied: repaying `r` leaves
//! `(D − r)/(C − r(1+b))`, which is above `D/C` iff `C < D(1+b)`.

use std::cmp::Ordering;

use num_rational::BigRational;
use plimsoll_testing::{ALICE, LIQUIDATOR, World, values};

use super::setup::{COLLATERAL, DEBT, Scene, Standing, assert_near, exact, fraction, one, price_down, raw};

/// Liquidates up to `offered` and answers with how `λ` moved, after judging how far. Debt and collateral have 18 decimals.
///
/// Nothing is rounded of the debt, since its index is 1. What is seized is rounded down twice as a value, in the 18th decimal and times `1 + b`
/// at most, and once as an amount; what remains once more when it is read. So `C'` is exact within two units and three attos, and `λ'` within
/// that times `λ'/C'`.
fn moved(world: &mut World, offered: u128) -> (Ordering, BigRational) {
    let before = Standing::of(world);
    let held = world.balance(LIQUIDATOR, DEBT);
    let response = world.liquidate(LIQUIDATOR, ALICE, COLLATERAL, (DEBT, offered)).unwrap();
    let bonus = exact(values(&response, "bonus")[0]);
    let repaid = raw(held - world.balance(LIQUIDATOR, DEBT));
    let after = Standing::of(world);
    assert_eq!(&before.debt - &repaid, after.debt);
    let left = &before.collateral - &repaid * (one() + &bonus);
    let expected = &after.debt / &left;
    let unit = raw(world.settled_price(COLLATERAL).raw()) * raw(1);
    let coarse = unit * fraction(2, 1) + raw(3);
    let tolerance = coarse * &after.ratio() / &left;
    assert_near(&after.ratio(), &expected, &tolerance, "debt/collateral after");
    // At the border it stands, within that tolerance.
    let border = before.ratio() * (one() + &bonus);
    if border == one() {
        assert_near(&after.ratio(), &before.ratio(), &tolerance, "debt/collateral at the border");
    }
    (after.ratio().cmp(&before.ratio()), border)
}

#[test]
fn a_liquidation_raises_debt_to_collateral_exactly_when_it_was_above_the_border() {
    let scenes = ["0", "0.01", "0.02", "0.05", "0.1", "0.25"].map(Scene::with_bonus);
    let scenes = scenes.into_iter().chain([
        // The highest bonus that this threshold takes, and a fee, which comes out of the bonus and changes nothing for the account.
        Scene { protocol_fee: "0.5", ..Scene::with_bonus("0.266666666666666665") },
        Scene { protocol_fee: "0.5", ..Scene::with_bonus("0.1") },
        Scene { threshold: "0.9", target: "1.2", ..Scene::with_bonus("0.05") },
    ]);
    for scene in scenes {
        // Alice owes 600 against 1,000, which fall to 600(1+b)(1+ε): λ = 1/((1+b)(1+ε)).
        let mut world = scene.indebted(1_000, 600);
        let fresh = world.snapshot();
        for (epsilon, expected) in [
            ("0.05", Ordering::Less),
            ("0.001", Ordering::Less),
            ("0.000000000001", Ordering::Less),
            ("0", Ordering::Equal),
            ("-0.000000000001", Ordering::Greater),
            ("-0.001", Ordering::Greater),
            ("-0.1", Ordering::Greater),
        ] {
            let epsilon = epsilon.strip_prefix('-').map_or_else(|| exact(epsilon), |text| -exact(text));
            let price = (one() + exact(scene.bonus.0)) * (one() + epsilon) * raw(600_000_000_000_000_000);
            for parts in [1_000, 7, 2] {
                world.restore(&fresh);
                world.set_price(COLLATERAL, &price_down(&price));
                let offered = world.whole(DEBT, 600) / parts;
                let (sign, border) = moved(&mut world, offered);
                assert_eq!(border.cmp(&one()), expected, "{scene:?}");
                if expected != Ordering::Equal {
                    assert_eq!(sign, expected, "{scene:?}, a {parts}th of the debt at {}", price_down(&price));
                }
            }
        }
    }
}

#[test]
fn a_bonus_that_may_fall_to_the_border_never_raises_debt_to_collateral_before_the_cost_of_a_sale() {
    // Between 1/(1+b_max) and 1/(1+c), c being what a sale costs, the bonus is CR − 1: the border moves with the
    // account, and λ stands. Beyond it, λ rises.
    let scene = Scene { bonus: ("0.05", "0.2", "0.95"), ..Scene::with_bonus("0.02") };
    let mut world = scene.indebted(1_000, 600);
    let fresh = world.snapshot();
    for (collateral_ratio, expected) in [
        ("1.25", Ordering::Less), // the whole 20 % at HF 0.9375
        ("1.2001", Ordering::Less),
        ("1.1", Ordering::Equal),
        ("1.0333", Ordering::Equal),
        ("1.02", Ordering::Equal),
        ("1.0199", Ordering::Greater),
        ("0.7", Ordering::Greater),
    ] {
        for parts in [100, 3] {
            world.restore(&fresh);
            let price = exact(collateral_ratio) * raw(600_000_000_000_000_000);
            world.set_price(COLLATERAL, &price_down(&price));
            let offered = world.whole(DEBT, 600) / parts;
            let (sign, border) = moved(&mut world, offered);
            assert_eq!(border.cmp(&one()), expected, "{collateral_ratio}");
            if expected != Ordering::Equal {
                assert_eq!(sign, expected, "{collateral_ratio}");
            }
        }
    }
}
