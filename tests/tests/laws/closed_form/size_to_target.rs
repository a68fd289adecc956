//! A liquidation repays `r = (T·D − S)/(T − LT(1+b))`, which leaves the account at health factor `T`: `(S − r(1+b)LT)/(D − r) = T`.

use num_rational::BigRational;
use plimsoll_testing::{ALICE, LIQUIDATOR, World, values};

use super::setup::{COLLATERAL, DEBT, Scene, Standing, assert_near, exact, fraction, one, price_down, raw, value};

/// The bonus from the curve, exactly: between `min` and `max` in a straight line, and never above `CR − 1` or what a
/// sale costs.
fn bonus(scene: &Scene, before: &Standing) -> BigRational {
    let min = exact(scene.bonus.0);
    let max = exact(scene.bonus.1);
    let full_at = exact(scene.bonus.2);
    let health = exact(scene.threshold) / before.ratio();
    let climbed = (one() - &health) / (one() - &full_at);
    let curved = &min + (&max - &min) * climbed.min(one());
    let beyond = one() / before.ratio() - one();
    curved.min(beyond.max(exact(scene.sale_cost)))
}

#[test]
fn a_liquidation_leaves_the_account_at_the_target_health_factor() {
    let usual = Scene { bonus: ("0.02", "0.1", "0.95"), ..Scene::with_bonus("0") };
    let scenes = [
        usual,
        Scene { decimals: (6, 6), ..usual },
        Scene { decimals: (6, 18), protocol_fee: "0.5", ..usual },
        Scene { decimals: (18, 6), protocol_fee: "0.1", ..usual },
        Scene { target: "1.000000000000000001", ..usual },
        Scene { target: "1.001", ..usual },
        Scene { target: "1.5", ..usual },
        Scene { target: "10", ..usual },
        Scene { bonus: ("0", "0", "0.75"), ..usual },
        Scene { bonus: ("0.05", "0.05", "0.945"), threshold: "0.9", ..usual },
        Scene { bonus: ("0", "0.25", "0.9375"), ..usual },
        Scene { bonus: ("0.01", "1", "0.8"), threshold: "0.4", ..usual },
    ];
    for scene in scenes {
        let threshold = exact(scene.threshold);
        // Alice owes a third of a thousand; the collateral falls until her health factor is this.
        let mut world = scene.indebted(1_000, 333);
        let fresh = world.snapshot();
        for health in ["0.999999999999", "0.999", "0.99", "0.97", "0.953", "0.945", "0.92"] {
            world.restore(&fresh);
            let price = exact(health) * fraction(333, 1_000) / &threshold;
            world.set_price(COLLATERAL, &price_down(&price));
            liquidated(&mut world, &scene);
        }
    }
}

/// Liquidates Alice with more than enough and judges what is left.
fn liquidated(world: &mut World, scene: &Scene) {
    let threshold = exact(scene.threshold);
    let target = exact(scene.target);
    let before = Standing::of(world);
    let bonus = bonus(scene, &before);
    if before.collateral <= &before.debt * (one() + exact(scene.bonus.0)) {
        return; // Lenders pay part of the bonus: the whole debt is repaid.
    }
    let held = world.balance(LIQUIDATOR, DEBT);
    let owed = world.owed(ALICE, DEBT);
    let response = world.liquidate(LIQUIDATOR, ALICE, COLLATERAL, (DEBT, owed)).unwrap();
    let repaid = held - world.balance(LIQUIDATOR, DEBT);
    let what = format!("{scene:?} at {}", world.settled_price(COLLATERAL));

    // The bonus is rounded down from a health factor that is rounded down: both in the 18th decimal, the latter times the curve's slope.
    let slope = (exact(scene.bonus.1) - exact(scene.bonus.0)) / (one() - exact(scene.bonus.2));
    let said = exact(values(&response, "bonus")[0]);
    assert_near(&said, &bonus, &((slope + one()) * raw(1)), &format!("{what}, bonus"));

    // Repaid: the exact amount at the bonus that was applied, rounded up by at most a unit. Before that, an atto each of `T·D`, of `S` and of `D`, times
    // `T`, over the divisor; one of the divisor itself, times `r` over it; and one of the quotient. More than the whole debt, or more than the collateral pays for, is the case of another file.
    let gained = &target - &threshold * (one() + &said);
    let exactly = (&target * &before.debt - &threshold * &before.collateral) / &gained;
    let unit = value(world, DEBT, 1);
    let atto = raw(1);
    let blur = &atto * (one() + (fraction(2, 1) + &target + &before.debt) / &gained);
    assert!(exactly <= before.debt && &exactly * (one() + &said) <= before.collateral, "{what}");
    let measured = value(world, DEBT, repaid);
    assert_near(
        &measured,
        &(&exactly + &unit / fraction(2, 1)),
        &(&unit / fraction(2, 1) + &blur),
        &format!("{what}, repaid"),
    );

    // Left: T, but for a unit repaid too much, a unit of collateral taken too little, and one not seen when it is read.
    let after = Standing::of(world);
    if after.debt == fraction(0, 1) {
        return;
    }
    let health = &threshold * &after.collateral / &after.debt;
    let coarse = (&unit + &blur) * &target + value(world, COLLATERAL, 2);
    let tolerance = coarse / &after.debt;
    assert_near(&health, &target, &tolerance, &format!("{what}, health factor"));
    if scene.decimals == (18, 18) && scene.target == "1.05" {
        assert!(tolerance < fraction(1, 1_000_000_000_000_000), "a tolerance of nothing to speak of");
    }
    assert!(!world.position(ALICE).liquidatable);
}
