//! A liquidator who sells into a pair with `y` of the debt's token in it, at the oracle's price, has `A = (1+b)(1−f)`.
//! They repay `r`, sell collateral worth `v = (1+b)r`, and get `(1−f)·y·v/(y+v)` for it. They break even at
//! `r = y(A−1)/(1+b)`, earn most at `y(√A−1)/(1+b)`, and there earn `y(√A−1)²/(1+b)`.
//!
//! The protocol's part `φ` of what the bonus exceeds a sale's cost `c` by is a lower bonus, `b − φ(b−c)`. The pool's
//! callback costs nothing: whoever comes without coins earns the same.

use num_bigint::BigInt;
use num_rational::BigRational;
use plimsoll_testing::{ALICE, Addr, GUARDIAN, LIQUIDATOR, World, WorldError, ratio, route};

use super::setup::{COLLATERAL, DEBT, Scene, assert_near, exact, fraction, one, open, price_down, units_down};
use super::spot::provided;

/// Who calls the liquidator contract, with no coin of their own in it.
const CALLER: &str = GUARDIAN;
/// Whole tokens of the debt in the pair.
const DEPTH: u128 = 10_000;

#[derive(Clone, Copy, Debug)]
struct Terms {
    bonus: &'static str,
    sale_cost: &'static str,
    protocol_fee: &'static str,
    swap_fee: &'static str,
}

/// What the formulas say, in base units of the debt.
struct Theory {
    y: BigRational,
    bonus: BigRational,
    kept: BigRational,
}

impl Theory {
    fn of(terms: &Terms, y: u128) -> Self {
        let bonus = exact(terms.bonus);
        let cost = exact(terms.sale_cost);
        let bonus = &bonus - exact(terms.protocol_fee) * (&bonus - cost);
        Self { y: fraction(y, 1), bonus, kept: one() - exact(terms.swap_fee) }
    }

    fn a(&self) -> BigRational {
        (one() + &self.bonus) * &self.kept
    }

    fn profit(&self, repaid: u128) -> BigRational {
        let repaid = fraction(repaid, 1);
        let sold = (one() + &self.bonus) * &repaid;
        &self.kept * &self.y * &sold / (&self.y + &sold) - repaid
    }

    fn break_even(&self) -> BigRational {
        &self.y * (self.a() - one()) / (one() + &self.bonus)
    }

    fn optimum(&self) -> BigRational {
        &self.y * (root_down(&self.a()) - one()) / (one() + &self.bonus)
    }

    fn most(&self) -> BigRational {
        let over = root_down(&self.a()) - one();
        &self.y * &over * &over / (one() + &self.bonus)
    }
}

/// The square root to 60 digits.
fn root_down(number: &BigRational) -> BigRational {
    let scale = BigInt::from(10u8).pow(60);
    let root = (number * &scale * &scale).to_integer().sqrt();
    BigRational::new(root, scale)
}

/// Alice owes 6,000 against collateral that has fallen so far that `1/(1+b)` of it just repays all, so that no
/// liquidation is smaller than its coins; beside her a pair at the oracle's price, and a liquidator.
fn stage(terms: &Terms) -> (World, Addr, Addr, u128) {
    let Terms { sale_cost, protocol_fee, .. } = *terms;
    let scene = Scene { sale_cost, protocol_fee, ..Scene::with_bonus(terms.bonus) };
    let mut world = scene.world();
    open(&mut world, 10_000, 6_000);
    let price = (one() + exact(terms.bonus)) * exact("0.6");
    world.set_price(COLLATERAL, &price_down(&price));
    let y = world.whole(DEBT, DEPTH);
    let x = units_down(&(fraction(y, 1) / price));
    let pair = provided(&mut world, ratio(terms.swap_fee), [x, y]);
    let liquidator = world.liquidator();
    (world, pair, liquidator, y)
}

/// Liquidates so much through the contract. Answers with the profit, or why it is refused.
fn earned(world: &mut World, pair: &Addr, liquidator: &Addr, repay: u128) -> Result<u128, WorldError> {
    let held = world.balance(CALLER, DEBT);
    let owed = world.owed(ALICE, DEBT);
    let item = world.item(ALICE, COLLATERAL, (DEBT, repay));
    let there = route(COLLATERAL, DEBT, &[(pair, DEBT)]);
    world.liquidate_all(CALLER, liquidator, vec![item], vec![there], 1)?;
    assert_eq!(owed - world.owed(ALICE, DEBT), repay, "all coins are used");
    Ok(world.balance(CALLER, DEBT) - held)
}

fn all_terms() -> Vec<Terms> {
    let plain = Terms { bonus: "0.1", sale_cost: "0", protocol_fee: "0", swap_fee: "0.003" };
    vec![
        plain,
        Terms { swap_fee: "0", ..plain },
        Terms { bonus: "0.05", ..plain },
        Terms { bonus: "0.02", swap_fee: "0.0005", ..plain },
        Terms { bonus: "0.25", swap_fee: "0.01", ..plain },
        Terms { bonus: "0.2", swap_fee: "0.1", ..plain },
        Terms { protocol_fee: "0.1", ..plain },
        Terms { bonus: "0.2", protocol_fee: "0.5", ..plain },
        Terms { bonus: "0.2", sale_cost: "0.05", protocol_fee: "0.5", ..plain },
    ]
}

/// Of a liquidation and a sale: a unit of collateral, worth half a unit of debt; one of the protocol's fee; two of the
/// swap.
fn roundings() -> BigRational {
    fraction(4, 1)
}

#[test]
fn a_liquidator_without_inventory_earns_the_closed_form_up_to_its_break_even_and_is_refused_beyond() {
    for terms in all_terms() {
        let (mut world, pair, liquidator, y) = stage(&terms);
        let theory = Theory::of(&terms, y);
        let fresh = world.snapshot();
        let break_even = theory.break_even();
        let parts = [(1, 1_000), (1, 10), (1, 3), (2, 3), (9, 10), (999, 1_000), (999_999_999, 1_000_000_000)];
        for (n, d) in parts {
            world.restore(&fresh);
            let repay = units_down(&(&break_even * fraction(n, d)));
            let profit = earned(&mut world, &pair, &liquidator, repay).unwrap();
            assert!(profit > 0, "{terms:?}: {n}/{d} of break-even");
            assert_near(&fraction(profit, 1), &theory.profit(repay), &roundings(), &format!("{terms:?} {n}/{d}"));
        }
        for (n, d) in [(1_000_000_001, 1_000_000_000), (1_001, 1_000), (3, 2), (2, 1)] {
            world.restore(&fresh);
            let repay = units_down(&(&break_even * fraction(n, d)));
            let error = world.refused(|world| {
                let item = world.item(ALICE, COLLATERAL, (DEBT, repay));
                let there = route(COLLATERAL, DEBT, &[(&pair, DEBT)]);
                world.liquidate_all(CALLER, &liquidator, vec![item], vec![there], 1)
            });
            assert!(error.to_string().ends_with(&format!("{DEBT}, {repay} is wanted")), "{error}: {terms:?}, {n}/{d}");
        }
    }
}

#[test]
fn a_liquidator_earns_most_at_the_closed_forms_optimum() {
    for terms in all_terms() {
        let (mut world, pair, liquidator, y) = stage(&terms);
        let theory = Theory::of(&terms, y);
        let fresh = world.snapshot();
        let optimum = units_down(&theory.optimum());
        let best = earned(&mut world, &pair, &liquidator, optimum).unwrap();
        assert_near(&fraction(best, 1), &theory.most(), &roundings(), &format!("{terms:?}"));
        // Near the top the curve is flat: a millionth to the side costs about a millionth of a millionth of it, still
        // above the roundings.
        for (n, d) in [(1, 2), (9, 10), (99, 100), (999_999, 1_000_000), (1_000_001, 1_000_000), (101, 100), (3, 2)] {
            world.restore(&fresh);
            let repay = units_down(&(fraction(optimum, 1) * fraction(n, d)));
            let profit = earned(&mut world, &pair, &liquidator, repay).unwrap();
            assert!(profit < best, "{terms:?}: {profit} at {n}/{d} of the optimum, {best} there");
        }
    }
}

#[test]
fn a_liquidator_with_coins_of_his_own_earns_or_loses_the_same() {
    for terms in all_terms() {
        let (mut world, pair, _, y) = stage(&terms);
        let theory = Theory::of(&terms, y);
        let fresh = world.snapshot();
        let break_even = theory.break_even();
        for (n, d) in [(1, 3), (999_999_999, 1_000_000_000), (1_000_000_001, 1_000_000_000), (3, 2)] {
            world.restore(&fresh);
            let repay = units_down(&(&break_even * fraction(n, d)));
            let coins = world.balance(LIQUIDATOR, DEBT);
            let collateral = world.balance(LIQUIDATOR, COLLATERAL);
            world.liquidate(LIQUIDATOR, ALICE, COLLATERAL, (DEBT, repay)).unwrap();
            let seized = world.balance(LIQUIDATOR, COLLATERAL) - collateral;
            world.swap(LIQUIDATOR, &pair, (COLLATERAL, seized)).unwrap();
            let profit = fraction(world.balance(LIQUIDATOR, DEBT), 1) - fraction(coins, 1);
            assert_near(&profit, &theory.profit(repay), &roundings(), &format!("{terms:?} {n}/{d}"));
            assert_eq!(profit > fraction(0, 1), n < d, "{terms:?} {n}/{d}");
        }
    }
}
