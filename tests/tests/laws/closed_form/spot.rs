//! Selling `Δ` of a token of which a pair holds `x` moves its spot price `y/x` by `(x/(x+Δ))²` without a fee. A fee `f` taken from the ask
//! stays in the pair, so that `x(x+fΔ)/(x+Δ)²` is left of it.

use plimsoll_risk::units::Ratio;
use plimsoll_testing::{LENDER, LIQUIDATOR, World};

use super::setup::{COLLATERAL, DEBT, Scene, exact, fraction, one, raw};

#[test]
fn a_sale_moves_the_spot_by_its_closed_form_with_and_without_a_fee() {
    let scene = Scene { decimals: (6, 6), ..Scene::with_bonus("0.1") };
    for fee in ["0", "0.0005", "0.003", "0.01", "0.1"] {
        let share = exact(fee);
        for [x, y] in
            [[1_000_000, 1_000_000], [7_654_321, 1_234_567_890_123], [99_999_999_999_999, 31_337], [1_000_003, 1_000]]
        {
            let mut world = scene.world();
            let pair = provided(&mut world, fee.parse().unwrap(), [x, y]);
            let fresh = world.snapshot();
            for (n, d) in [(1, 1_000_000), (1, 1_000), (1, 100), (1, 10), (1, 3), (1, 2), (99, 100)] {
                let sold = x * n / d;
                world.restore(&fresh);
                if let Err(error) = world.swap(LIQUIDATOR, &pair, (COLLATERAL, sold)) {
                    // Only what returns nothing is refused.
                    assert!(fraction(y * sold, x + sold) * (one() - &share) < fraction(2, 1), "{error}");
                    continue;
                }
                let ([held, left], _) = world.pair_pool(&pair);
                assert_eq!(held, x + sold);
                let moved = fraction(left, held) / fraction(y, x);
                let after = fraction(x, x + sold);
                let square = &after * &after;
                // x(x+fΔ)/(x+Δ)²; the square when f is 0.
                let expected = &square + &after * &share * fraction(sold, x + sold);
                if fee == "0" {
                    assert_eq!(expected, square);
                }
                // The yield is rounded down and the fee up: less than two units of the ask stay in the pair.
                let most = &expected + fraction(2, y) * &after;
                assert!(moved >= expected && moved < most, "fee {fee}: {sold} into {x} and {y}");
            }
        }
    }
}

#[test]
fn a_sale_in_parts_moves_the_spot_as_one_does_without_a_fee() {
    let scene = Scene::with_bonus("0.1");
    let mut world = scene.world();
    let x = world.whole(COLLATERAL, 1_000);
    let pair = provided(&mut world, Ratio::ZERO, [x, x]);
    for part in 1..=50u128 {
        world.swap(LIQUIDATOR, &pair, (COLLATERAL, x / 50)).unwrap();
        let ([held, left], _) = world.pair_pool(&pair);
        let after = fraction(50, 50 + part);
        let expected = &after * &after;
        let moved = fraction(left, held);
        // A unit stays in the pair at each sale, and grows with none.
        assert!(moved >= expected && moved < &expected + raw(1) * fraction(part, 1_000), "{part}");
    }
}

/// A pair with these reserves of collateral and debt.
pub fn provided(world: &mut World, fee: Ratio, [x, y]: [u128; 2]) -> plimsoll_testing::Addr {
    let pair = world.deploy_pair(COLLATERAL, DEBT, fee).unwrap();
    for (denom, amount) in [(COLLATERAL, x), (DEBT, y)] {
        world.mint(LENDER, denom, amount);
    }
    world.provide_liquidity(LENDER, &pair, [(COLLATERAL, x), (DEBT, y)]).unwrap();
    pair
}
