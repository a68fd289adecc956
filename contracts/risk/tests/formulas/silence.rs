//! What counts of a token whose price is silent, for how long, and against what.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crate::model::records::{DAY, Held, Owed, Scene, Told, Verdict, scenes};
use crate::model::{E18, Q, any256, config, frac, q, value, wide};
use num_traits::Zero;
use plimsoll_risk::health::{Health, Position};
use plimsoll_risk::liquidation::{Incentive, Limits, LiquidationError, LiquidationTerms, size};
use plimsoll_risk::loss::is_bad_debt;
use plimsoll_risk::mark::{MarkPrice, RecordMark};
use plimsoll_risk::params::{AssetId, BonusCurve};
use plimsoll_risk::price::PriceFault;
use plimsoll_risk::units::{Amount, Ratio, Value};
use proptest::prelude::*;

fn silent(price: u128, quote: Option<usize>, age: u64) -> Told {
    Told { age, ..Told::calm(price, quote) }
}

/// 1,000 tokens of a dead source at 1 dollar carry 800; dollars are owed.
fn dead(age: u64, owed: u128) -> Scene {
    Scene {
        told: vec![silent(E18, None, age), Told::calm(E18, None)],
        held: vec![Held::whole(0, 1_000, E18 / 10 * 8)],
        owed: vec![Owed::whole(1, owed)],
        halted: false,
    }
}

/// A last observation far from the settled price counts as long as it is young. Then what counts stays within one
/// deviation.
#[test]
fn a_silent_line_counts_within_one_deviation_of_the_settled_price() {
    let told = |raw: u128, age| Told { raw: [raw * E18; 2], age, ..Told::calm(10 * E18, None) };
    let collateral = |raw, age| {
        let scene = Scene { told: vec![told(raw, age)], held: vec![Held::whole(0, 1, E18 / 2)], ..Scene::default() };
        scene.position().health().unwrap().collateral
    };
    let debt = |raw, age| {
        let scene = Scene { told: vec![told(raw, age)], owed: vec![Owed::whole(0, 1)], ..Scene::default() };
        scene.position().health().unwrap().debt
    };
    // Settled 10, observed 25 or 4; a deviation is a tenth.
    assert_eq!((collateral(25, 600), collateral(25, 601)), (Value::whole(25), Value::whole(11)));
    assert_eq!((collateral(4, 600), collateral(4, 601)), (Value::whole(10), Value::whole(10)));
    assert_eq!((debt(4, 600), debt(4, 601)), (Value::whole(4), Value::whole(9)));
    assert_eq!((debt(25, 600), debt(25, 601)), (Value::whole(10), Value::whole(10)));
}

#[test]
fn a_silent_collateral_counts_whole_for_a_day_and_falls_in_a_straight_line_to_nothing_over_a_week() {
    let collateral = |age| dead(age, 1).position().health().unwrap().collateral;
    // Half of the week is three and a half days; a seventh of it, 1,000 / 7, is rounded down.
    for (age, counted) in [(601, 1_000), (DAY, 1_000), (DAY + 7 * DAY / 2, 500), (8 * DAY, 0), (9 * DAY, 0)] {
        assert_eq!(collateral(age), Value::whole(counted), "{age}");
    }
    let left = q(1_000) - value(collateral(2 * DAY));
    assert!(left >= frac(1_000, 7) && left < frac(1_000, 7) + frac(1, 10u64.pow(12)));
}

#[test]
fn a_chain_is_as_silent_as_its_oldest_record() {
    let scene = |own, quote| Scene {
        told: vec![silent(E18, None, quote), silent(E18, Some(0), own)],
        held: vec![Held::whole(1, 1_000, E18 / 2)],
        ..Scene::default()
    };
    let collateral = |own, quote| scene(own, quote).position().health().unwrap().collateral;
    let half = DAY + 7 * DAY / 2;
    assert_eq!((collateral(half, 0), collateral(0, half)), (Value::whole(500), Value::whole(500)));
    assert_eq!((collateral(half, 7 * DAY), collateral(half, half)), (collateral(0, 7 * DAY), Value::whole(500)));
}

/// 100 stETH at 0.8 carry 80 ETH; the ETH's source died ten days ago. What both are worth is unknown, and doesn't
/// matter.
#[test]
fn a_collateral_does_not_decline_against_a_debt_on_the_same_record() {
    let health = |age| {
        let scene = Scene {
            told: vec![silent(2_000 * E18, None, age), Told::calm(E18, Some(0))],
            held: vec![Held::whole(1, 100, E18 / 10 * 8)],
            owed: vec![Owed::whole(0, 75)],
            halted: false,
        };
        scene.position().health().unwrap().factor_down().unwrap()
    };
    assert_eq!((health(0), health(10 * DAY)), (Ratio::new(80 * E18 / 75), Ratio::new(80 * E18 / 75)));
}

/// 1,000 stETH on a dead ETH at 1 dollar carry 800. One unit of ETH, or 100 of them, is owed beside dollars: after
/// eight days the stETH carry the ETH that is owed, and none of the dollars.
#[test]
fn a_small_debt_on_a_silent_record_does_not_keep_all_that_hangs_on_it_from_declining() {
    let health = |age, ether: u128| {
        let owed = Owed { amount: ether, ..Owed::whole(0, 0) };
        let scene = Scene {
            told: vec![silent(E18, None, age), Told::calm(E18, Some(0)), Told::calm(E18, None)],
            held: vec![Held::whole(1, 1_000, E18 / 10 * 8)],
            owed: vec![owed, Owed::whole(2, 500)],
            halted: false,
        };
        scene.position().health().unwrap()
    };
    assert!(!health(DAY, 1).is_below_one());
    let crumb = health(8 * DAY, 1);
    assert!(crumb.is_below_one() && value(crumb.adjusted_collateral) <= frac(1, 1_000_000));
    // 100 of ETH, and half of the 700 that are carried beyond them.
    let part = health(DAY + 7 * DAY / 2, 100_000_000);
    assert_eq!((part.adjusted_collateral, part.debt), (Value::whole(450), Value::whole(600)));
    assert_eq!(health(9 * DAY, 100_000_000).adjusted_collateral, Value::whole(100));
}

proptest! {
    #![proptest_config(config(1_000))]

    /// Time only takes away from what a silent account's deposits count.
    #[test]
    fn an_account_counts_no_more_the_longer_a_record_is_silent(
        scene in scenes(true), which in any::<usize>(), younger in 601..9 * DAY, longer in 0..9 * DAY,
    ) {
        let at = |age| {
            let mut scene = scene.clone();
            let record = which % scene.told.len();
            scene.told[record].age = age;
            (scene.verdict(), scene.position().health().unwrap())
        };
        let (before, young) = at(younger);
        let (after, old) = at(younger + longer);
        prop_assert!(&after.carried - &after.weighted <= &before.carried - &before.weighted);
        let net = |health: Health| value(health.adjusted_collateral) - value(health.weighted_debt);
        prop_assert!(net(old) <= net(young) + before.slack + after.slack);
    }

    /// Debt remains and nothing was ever told of a price that it may depend on.
    #[test]
    fn nothing_is_written_off_while_a_price_is_unknown(scene in scenes(true), which in any::<usize>(), dust in any256()) {
        let mut position = scene.position();
        let count = position.collaterals.len();
        match which % (count + position.debts.len()) {
            n if n < count => position.collaterals[n].mark = MarkPrice::unknown(),
            n => position.debts[n - count].mark = MarkPrice::unknown(),
        }
        prop_assert_eq!(is_bad_debt(&position, Value::new(dust)), Ok(false));
    }

    /// The rule in exact numbers: less is deposited than owed and than the dust value; with the decline only where no
    /// halt is, and nothing silent is owed.
    #[test]
    fn a_write_off_rests_on_a_decline_only_outside_of_a_halt_and_where_no_debt_is_silent(
        scene in scenes(true), halted in any::<bool>(), part in 0u64..2_000,
    ) {
        let scene = Scene { halted, ..scene };
        let undeclined = Scene {
            told: scene.told.iter().map(|told| Told { age: told.age.min(DAY), ..told.clone() }).collect(),
            ..scene.clone()
        };
        let now = scene.verdict();
        let before = undeclined.verdict();
        // Next to what is deposited, so that either side decides.
        let dust = frac(part, 1_000) * now.collateral.clone().max(frac(1, 100));
        let dust = dust.clone().max(if part % 2 == 0 { &before.collateral + frac(1, 10) } else { Q::zero() });
        let is_lost = |verdict: &Verdict| verdict.collateral < verdict.debt && verdict.collateral < dust;
        let is_silent = |record| scene.chain(record).into_iter().any(|on| scene.told[on].is_silent());
        let owes_silent = scene.owed.iter().any(|line| is_silent(line.record));
        let expected = is_lost(&now) && ((!halted && !owes_silent) || is_lost(&before));
        for verdict in [&now, &before] {
            let far = |one: &Q, other: &Q| (one - other).max(other - one) > &verdict.slack * q(4);
            prop_assume!(!verdict.is_close && far(&verdict.collateral, &verdict.debt) && far(&verdict.collateral, &dust));
        }
        let raw = (dust * q(E18)).floor().to_integer();
        let dust = Value::new(wide(&raw).unwrap());
        prop_assert_eq!(is_bad_debt(&scene.position(), dust), Ok(expected));
    }
}

/// Half a cent of a dead token no longer holds up a write-off of 346 dollars.
#[test]
fn half_a_cent_of_a_dead_token_does_not_hold_up_a_write_off() {
    let scene = |age| Scene { held: vec![Held { amount: 5_000, ..Held::whole(0, 0, E18 / 2) }], ..dead(age, 346) };
    let dust = Value::new((E18 / 1_000).into());
    assert_eq!(is_bad_debt(&scene(DAY).position(), dust), Ok(false));
    assert_eq!(is_bad_debt(&scene(8 * DAY).position(), dust), Ok(true));
}

/// 1,000 dollars of a dead token that counts nothing stand against 346: in the grace after a halt, and while what is
/// owed is silent itself, the fall to nothing is no ground to write anything off.
#[test]
fn a_write_off_that_rests_on_the_fall_waits_for_the_grace_and_for_the_debts_price() {
    let dust = Value::whole(5);
    let scene = dead(8 * DAY, 346);
    assert_eq!(is_bad_debt(&scene.position(), dust), Ok(true));
    assert_eq!(is_bad_debt(&Scene { halted: true, ..scene.clone() }.position(), dust), Ok(false));
    let mut silent_debt = scene.clone();
    silent_debt.told[1].age = 601;
    assert_eq!(is_bad_debt(&silent_debt.position(), dust), Ok(false));
    // What doesn't rest on the fall needs neither: 4 dollars in place of 1,000.
    for scene in [Scene { halted: true, ..scene.clone() }, silent_debt] {
        let scene = Scene { held: vec![Held::whole(0, 4, E18 / 2)], ..scene };
        assert_eq!(is_bad_debt(&scene.position(), dust), Ok(true));
    }
}

/// A record whose source has told nothing yet says neither that the deposit is worth nothing nor what is owed.
#[test]
fn nothing_is_written_off_on_a_record_of_which_nothing_was_observed() {
    let nothing = |told: &mut Told| (told.settled, told.raw, told.extremes, told.age) = (0, [0; 2], [0; 2], 9 * DAY);
    let mut deposit = dead(0, 346);
    nothing(&mut deposit.told[0]);
    assert_eq!(is_bad_debt(&deposit.position(), Value::whole(5)), Ok(false));
    let mut debt = Scene { held: vec![Held::whole(0, 4, E18 / 2)], ..dead(0, 346) };
    nothing(&mut debt.told[1]);
    assert_eq!(is_bad_debt(&debt.position(), Value::whole(5)), Ok(false));
}

fn liquidated(position: &Position) -> Result<Amount, LiquidationError> {
    let bonus = BonusCurve { min: Ratio::percent(2), max: Ratio::percent(10), full_at: Ratio::percent(90) };
    let incentive = Incentive { bonus, sale_cost: Ratio::percent(1), protocol_fee: Ratio::ZERO };
    let terms = LiquidationTerms { target_health_factor: Ratio::percent(105), dust_value: Value::ZERO };
    size(position, AssetId(0), AssetId(100), Limits::offered(Amount::MAX), &incentive, &terms).map(|done| done.repay)
}

/// The seized and the repaid token need every record that they hang on; a silent one elsewhere in the account stands in
/// nobody's way.
#[test]
fn what_is_seized_or_repaid_is_not_silent_and_what_else_there_is_may_be() {
    let scene = |ages: [u64; 4]| Scene {
        told: vec![
            silent(E18, None, ages[0]),
            silent(E18, Some(0), ages[1]),
            silent(E18, None, ages[2]),
            silent(E18, None, ages[3]),
        ],
        held: vec![Held::whole(1, 100, E18 / 2), Held::whole(3, 10, E18 / 2)],
        owed: vec![Owed::whole(2, 100), Owed { amount: 1, ..Owed::whole(3, 0) }],
        halted: false,
    };
    let stale = |asset| Err(LiquidationError::Price { asset, fault: PriceFault::Stale { age: 601, max_age: 600 } });
    assert!(liquidated(&scene([600, 600, 600, 600]).position()).is_ok());
    assert_eq!(liquidated(&scene([601, 0, 0, 0]).position()), stale(AssetId(0)));
    assert_eq!(liquidated(&scene([0, 601, 0, 0]).position()), stale(AssetId(0)));
    assert_eq!(liquidated(&scene([0, 0, 601, 0]).position()), stale(AssetId(100)));
    assert!(liquidated(&scene([0, 0, 0, 9 * DAY]).position()).is_ok());
}

/// A live price that nobody published in the last quarter of its window isn't exchanged at, though it counts in health.
#[test]
fn a_live_price_that_was_not_published_just_now_is_not_exchanged_at() {
    let mut position = dead(0, 900).position();
    let fault = PriceFault::Stale { age: 76, max_age: 75 };
    let old = RecordMark { exchange_fault: Some(fault.clone()), ..position.collaterals[0].mark.records()[0].clone() };
    position.collaterals[0].mark = MarkPrice::new(vec![old]);
    assert_eq!(position.health().unwrap().adjusted_collateral, Value::whole(800));
    assert_eq!(liquidated(&position), Err(LiquidationError::Price { asset: AssetId(0), fault }));
}
