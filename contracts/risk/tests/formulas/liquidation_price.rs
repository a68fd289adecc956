//! At which price of a token an account turns, when its record moves and with it whatever is quoted in it.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::cell::Cell;

use crate::model::records::{DAY, Held, Owed, Scene, Told, Verdict, scenes};
use crate::model::{E18, Q, config, fixed, frac, q};
use num_traits::{One, Signed, ToPrimitive, Zero};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::Price;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

fn net(verdict: &Verdict) -> Q {
    &verdict.carried - &verdict.weighted
}

/// The account with all that is told of a record times a factor; `None` where that is too small or too large to be
/// told.
fn scaled(scene: &Scene, record: usize, factor: &Q) -> Option<Scene> {
    let mut moved = scene.clone();
    let told = &mut moved.told[record];
    let times = |price: u128| {
        (q(price) * factor).to_integer().to_u128().filter(|n| (1_000_000_000..=u128::MAX >> 8).contains(n))
    };
    told.settled = times(told.settled)?;
    told.raw = [times(told.raw[0])?, times(told.raw[1])?];
    Some(moved)
}

/// What is asserted of a price: on this side of it, by a billionth, the account is healthy, on the other not.
fn assert_turns(
    scene: &Scene,
    record: usize,
    now: &Q,
    price: Option<Price>,
    healthy_side: i32,
) -> Result<bool, TestCaseError> {
    let hair = frac(1, 1_000_000_000);
    let toward = |factor: &Q, side: i32| factor * (Q::one() + &hair * q(side * healthy_side));
    let Some(price) = price else {
        // No price decides: it isn't unhealthy on the one side and healthy on the other.
        let (Some(low), Some(high)) =
            (scaled(scene, record, &frac(1, 1_000_000)), scaled(scene, record, &q(1_000_000)))
        else {
            return Ok(false);
        };
        let low = low.verdict();
        let high = high.verdict();
        let is_clear = |verdict: &Verdict| net(verdict).abs() > &verdict.slack * q(1_000);
        prop_assume!(is_clear(&low) && is_clear(&high));
        let (better, worse) = if healthy_side > 0 { (high, low) } else { (low, high) };
        prop_assert!(net(&better).is_negative() || net(&worse).is_positive(), "no price decides");
        return Ok(false);
    };
    let factor = fixed(price.raw()) / now;
    let sides = [toward(&factor, 1), toward(&factor, -1)].map(|factor| scaled(scene, record, &factor));
    let [Some(healthy), Some(broken)] = sides else { return Ok(false) };
    let healthy = healthy.verdict();
    let broken = broken.verdict();
    prop_assume!(net(&healthy).abs() > healthy.slack && net(&broken).abs() > broken.slack);
    prop_assert!(!net(&healthy).is_negative(), "healthy at {price}");
    prop_assert!(net(&broken).is_negative(), "not beyond {price}");
    Ok(true)
}

/// Whether a price was found, and whether other lines move with it; `None` of a deposit that carries nothing.
type Turned = Option<(bool, bool)>;

/// The number of accounts of which a price was found, and of those in which other lines move with it.
fn assert_every_account_turns(check: &dyn Fn(&Scene) -> Result<Turned, TestCaseError>) -> [u32; 2] {
    let counts: [Cell<u32>; 2] = Default::default();
    TestRunner::new(config(700))
        .run(&scenes(false), |scene| {
            if let Some((found, moves_others)) = check(&scene)? {
                counts[0].set(counts[0].get() + u32::from(found));
                counts[1].set(counts[1].get() + u32::from(found && moves_others));
            }
            Ok(())
        })
        .unwrap();
    counts.map(|count| count.get())
}

fn lines_on(scene: &Scene, record: usize) -> usize {
    let lines = scene.held.iter().map(|l| l.record).chain(scene.owed.iter().map(|l| l.record));
    lines.filter(|line| scene.hangs(*line, record)).count()
}

#[test]
fn an_account_turns_at_its_collaterals_liquidation_price_when_the_record_moves() {
    let [found, moving] = assert_every_account_turns(&|scene| {
        let line = &scene.held[0];
        let price = scene.position().liquidation_price_up(AssetId(0)).unwrap();
        if line.threshold().is_zero() {
            prop_assert_eq!(price, None);
            return Ok(None);
        }
        let now = &scene.verdict().held[0] / line.tokens();
        let found = assert_turns(scene, line.record, &now, price, 1)?;
        Ok(Some((found, lines_on(scene, line.record) > 1)))
    });
    assert!(found > 150 && moving > 70, "{found} {moving}");
}

#[test]
fn an_account_turns_at_its_debts_liquidation_price_when_the_record_moves() {
    let [found, moving] = assert_every_account_turns(&|scene| {
        let line = &scene.owed[0];
        let price = scene.position().debt_liquidation_price_down(AssetId(100)).unwrap();
        let now = &scene.verdict().owed[0] / line.tokens();
        let found = assert_turns(scene, line.record, &now, price, -1)?;
        Ok(Some((found, lines_on(scene, line.record) > 1)))
    });
    assert!(found > 150 && moving > 70, "{found} {moving}");
}

/// 100 stETH at 0.8 carry 80 of an ETH, 50 ETH are owed: 30 ETH are left for 45,000 dollars, so ETH may fall to 1,500.
/// stETH, worth an ETH, carry the 50 ETH at 2,000 and the dollars as long as 80 × rate × 2,000 is 145,000: at 0.90625
/// ETH, or 1,812.50 dollars.
#[test]
fn what_is_quoted_in_a_token_moves_with_it() {
    let scene = Scene {
        told: vec![Told::calm(2_000 * E18, None), Told::calm(E18, Some(0)), Told::calm(E18, None)],
        held: vec![Held::whole(1, 100, E18 / 10 * 8), Held::whole(0, 0, E18 / 2)],
        owed: vec![Owed::whole(0, 50), Owed::whole(2, 45_000)],
        halted: false,
    };
    let position = scene.position();
    let hundredths = |n: u128| Ok(Some(Price::new(n * (E18 / 100))));
    assert_eq!(position.liquidation_price_up(AssetId(0)), hundredths(181_250));
    // The price of ETH as a debt is no upper one: it rises for the account.
    assert_eq!(position.debt_liquidation_price_down(AssetId(100)), Ok(None));
    // Dollars: 60,000 are left for 45,000 of them.
    let third = position.debt_liquidation_price_down(AssetId(101)).unwrap().unwrap();
    assert_eq!(fixed(third.raw()), (frac(60_000, 45_000) * q(E18)).floor() / q(E18));
    // ETH deposited beside them falls with everything that is quoted in it.
    let with_ether = Scene { held: vec![scene.held[0].clone(), Held { amount: 1, ..scene.held[1].clone() }], ..scene };
    let price = with_ether.position().liquidation_price_up(AssetId(1)).unwrap().unwrap();
    assert!((fixed(price.raw()) - q(1_500)).abs() < frac(1, 1_000));
}

/// ETH is somewhere from 1,000 to 2,000. 100 stETH at 0.8 carry 80 ETH of 70 owed: now the account's 10 ETH count at
/// 2,000, 20,000 for the 40,000 dollars that it owes beside 30,000 of dollars deposited at 0.9. As long as 13,000 are
/// missing of the dollars stETH may fall by 3.5 of 80 ETH at 2,000. Had it 42,000 to spare of the dollars, ETH would be
/// at 1,000 where the account turns: 42 ETH may be missing.
#[test]
fn a_record_is_at_the_end_that_it_has_where_the_account_turns() {
    let scene = |dollars_held, dollars_owed| Scene {
        told: vec![
            Told { raw: [2_000 * E18; 2], ..Told::calm(1_000 * E18, None) },
            Told::calm(E18, Some(0)),
            Told::calm(E18, None),
            Told::calm(E18, None),
        ],
        held: vec![Held::whole(1, 100, E18 / 10 * 8), Held::whole(2, dollars_held, E18 / 10 * 9)],
        owed: vec![Owed::whole(0, 70), Owed::whole(3, dollars_owed)],
        halted: false,
    };
    let price = |scene: Scene| {
        let position = scene.position();
        fixed(position.liquidation_price_up(AssetId(0)).unwrap().unwrap().raw())
    };
    // 0.9 × 30,000 − 40,000 = −13,000, which are 6.5 ETH at 2,000: 76.5 of 80 ETH, counted at 2,000 now.
    let near = frac(765, 800) * q(2_000) - price(scene(30_000, 40_000));
    assert!(near.abs() < frac(1, 1_000_000_000_000u64));
    // 0.9 × 60,000 − 12,000 = 42,000, which are 42 ETH at 1,000: 28 of 80.
    let far = frac(28, 80) * q(2_000) - price(scene(60_000, 12_000));
    assert!(far.abs() < frac(1, 1_000_000_000_000u64));
}

/// A collateral of which half has declined carries half as much at any price, and one that has declined to nothing has
/// none.
#[test]
fn a_silent_collaterals_price_is_the_one_by_what_remains_of_it() {
    let price = |age| {
        let scene = Scene {
            told: vec![Told { age, ..Told::calm(E18, None) }, Told::calm(E18, None)],
            held: vec![Held::whole(0, 1_000, E18 / 2)],
            owed: vec![Owed::whole(1, 100)],
            halted: false,
        };
        scene.position().liquidation_price_up(AssetId(0)).unwrap()
    };
    let tenths = |n: u128| Some(Price::new(n * (E18 / 10)));
    assert_eq!([price(0), price(DAY + 7 * DAY / 2), price(8 * DAY)], [tenths(2), tenths(4), None]);
}
