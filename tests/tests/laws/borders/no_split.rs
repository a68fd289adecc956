//! A liquidation in parts, of the same collateral for the same debt, pays no more than one.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::One;
use plimsoll_testing::{ALICE, LIQUIDATOR, World};

use super::setting::{COLLATERAL, DEBT, OTHER, Setting, settings};
use super::wealth::{exact, raw, text, unit, wallet};

/// Health factors at which bonus and size change their formula, and some between.
pub fn healths(setting: &Setting) -> Vec<BigRational> {
    let min = exact(setting.bonus.0);
    let max = exact(setting.bonus.1);
    let full_at = exact(setting.bonus.2);
    let threshold = exact(setting.threshold);
    let a_bit = exact("0.000001");
    let one = BigRational::one();
    let mut all = vec![&one - &a_bit, full_at.clone(), &full_at + &a_bit, &full_at - &a_bit];
    // Collateral ratios of 1 + least, of 1 + most, and of 1.
    for bonus in [min, max, exact("0")] {
        let border = threshold.clone() * (&one + bonus);
        all.extend([border.clone(), &border + &a_bit, &border - &a_bit]);
    }
    all.push(exact("0.2"));
    all.retain(|health| *health < one && *health > a_bit);
    all.sort();
    all.dedup();
    all
}

/// Liquidates with so many coins at a time until it is refused. Answers with what it brought, and how many liquidations it took.
fn in_parts(world: &mut World, offers: &[u128]) -> (BigRational, u32) {
    let before = wallet(world, LIQUIDATOR);
    let mut parts = 0;
    for offer in offers.iter().filter(|offer| **offer > 0) {
        // A part too small for a unit of collateral is refused, which costs nothing.
        parts += u32::from(world.liquidate(LIQUIDATOR, ALICE, COLLATERAL, (DEBT, *offer)).is_ok());
    }
    (wallet(world, LIQUIDATOR) - before, parts)
}

pub fn splits(owed: u128) -> Vec<Vec<u128>> {
    let all = owed * 2;
    vec![
        vec![1, all, all],
        vec![owed - 1, all, all],
        vec![owed / 2, owed / 2, all],
        [vec![owed / 7 + 1; 7], vec![all]].concat(),
        vec![owed / 100 * 99, owed / 1_000, all, all],
    ]
}

fn judge(setting: &Setting, world: &mut World) -> u32 {
    let fresh = world.snapshot();
    let mut split = 0;
    for health in healths(setting) {
        world.restore(&fresh);
        let Some(price) = setting.price_at(world, &health) else { continue };
        world.set_price(COLLATERAL, &price);
        if !world.position(ALICE).liquidatable {
            continue;
        }
        let fallen = world.snapshot();
        let owed = world.owed(ALICE, DEBT);
        let (at_once, _) = in_parts(world, &[owed * 2]);
        for offers in splits(owed) {
            world.restore(&fallen);
            let (gained, parts) = in_parts(world, &offers);
            split += u32::from(parts > 1);
            let more = &gained - &at_once;
            let tolerance = tolerance(setting, world, owed, parts);
            assert!(
                more <= tolerance,
                "{setting:?} at {price}, {offers:?}: {} more than {}",
                text(&more),
                text(&at_once)
            );
        }
    }
    split
}

/// A unit of collateral for each part, whose fee is taken of a bonus rounded down, and two for the one liquidation,
/// which may lose them by rounding; a unit of debt, since what parts repay is rounded up to the target, and the bonus
/// on the part of a unit of scaled debt by which the one stays below it; and `2 × 10⁻¹⁸ × (D + 10)/(T − LT(1 + b))` for
/// bonus, divisor and values of 18 decimals. What a part is rounded up by when the market takes it buys nothing: else
/// each part could bring the bonus on a unit more.
fn tolerance(setting: &Setting, world: &World, owed: u128, parts: u32) -> BigRational {
    let collateral = unit(world, COLLATERAL);
    let debt = unit(world, DEBT);
    let scaled = &debt * raw(world.market(DEBT).borrow_index.raw());
    let divisor = exact(setting.target) - exact(setting.threshold) * (BigRational::one() + exact(setting.bonus.1));
    let decimals = exact("0.000000000000000002") * (&debt * BigInt::from(owed) + BigInt::from(10)) / divisor;
    collateral * BigInt::from(parts + 2) + scaled * exact(setting.bonus.1) + debt + decimals
}

#[test]
fn no_split_of_a_liquidation_pays_more_than_one_at_any_border() {
    let split: u32 = settings().iter().map(|setting| judge(setting, &mut setting.indebted())).sum();
    assert!(split > 1_000, "{split} liquidations were split");
}

#[test]
fn no_split_of_a_liquidation_pays_more_than_one_beside_another_collateral() {
    let alike = settings().into_iter().filter(|setting| setting.decimals == (6, 6) && setting.prices == ("1", "1"));
    for setting in alike {
        let mut world = setting.indebted();
        // A twentieth beside it; with it she owes as much as before.
        world.deposit(ALICE, OTHER, setting.deposit / 20 + 1).unwrap();
        assert!(judge(&setting, &mut world) > 0, "{setting:?}");
    }
}
