//! What is lent against: the worst that every record says, one value a record, and how much a market's stop or cap
//! leaves of it.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crate::model::records::{Ends, Held, Owed, Scene, Told, Verdict, scenes};
use crate::model::{E18, Q, config, fixed, frac, q, value};
use num_traits::{One, Zero};
use plimsoll_risk::health::{BorrowingPower, Health, HealthError};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::price::PriceFault;
use plimsoll_risk::units::{Amount, Ratio, Value};
use proptest::prelude::*;

fn capped(line: &Held) -> Q {
    line.uncapped() * fixed(line.power)
}

/// The limit and the debt of a verdict at the borrowing edges.
fn limit(scene: &Scene, verdict: &Verdict, weight: &dyn Fn(&Held) -> Q) -> Q {
    scene.held.iter().zip(&verdict.held).map(|(line, value)| weight(line) * value).sum()
}

/// The first debt whose price hangs on a silent record.
fn silent_debt(scene: &Scene) -> Option<AssetId> {
    let is_silent = |record| scene.chain(record).into_iter().any(|on| scene.told[on].is_silent());
    (100..).zip(&scene.owed).find(|(_, line)| is_silent(line.record)).map(|(id, _)| AssetId(id))
}

fn assert_within_rounding(
    scene: &Scene,
    got: Result<BorrowingPower, HealthError>,
    weight: &dyn Fn(&Held) -> Q,
) -> Result<(), TestCaseError> {
    let exactly = scene.judged(Ends::Edges, weight);
    prop_assume!(!exactly.is_close);
    if let Some(asset) = silent_debt(scene) {
        prop_assert!(matches!(got, Err(HealthError::Price { asset: named, .. }) if named == asset), "{:?}", got);
        return Ok(());
    }
    let got = got.unwrap();
    let limit = limit(scene, &exactly, weight);
    let slack = &exactly.slack;
    prop_assert!(value(got.limit) <= limit && value(got.limit) >= &limit - slack, "limit {} for {limit}", got.limit);
    prop_assert!(
        value(got.debt) >= exactly.weighted && value(got.debt) <= &exactly.weighted + slack,
        "debt {}",
        got.debt
    );
    Ok(())
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn power_counts_each_shared_record_at_the_end_that_is_worse_in_sum(scene in scenes(true)) {
        assert_within_rounding(&scene, scene.position().borrowing_power(), &capped)?;
        assert_within_rounding(&scene, scene.position().uncapped_power(), &Held::uncapped)?;
    }

    /// Whatever one value each record has between the extremes of all that was said, the debt is covered there by max
    /// LTV.
    #[test]
    fn what_is_within_the_limit_is_covered_at_every_choice_of_edges(scene in scenes(false)) {
        let power = scene.position().borrowing_power().unwrap();
        let everywhere = scene.everywhere(Ends::Edges);
        let covered = |verdict: &Verdict| limit(&scene, verdict, &capped) >= verdict.weighted;
        if power.is_within() {
            prop_assert!(everywhere.iter().all(covered));
        } else {
            let clearly = |verdict: &Verdict| limit(&scene, verdict, &capped) > &verdict.weighted + &verdict.slack * q(4);
            prop_assert!(!everywhere.iter().all(clearly));
        }
    }

    #[test]
    fn health_at_the_edges_is_the_worse_in_sum_by_thresholds(scene in scenes(true)) {
        let exactly = scene.judged(Ends::Edges, &Held::threshold);
        prop_assume!(!exactly.is_close && silent_debt(&scene).is_none());
        let health = scene.position().edge_health(|_, amount| amount).unwrap();
        let slack = &exactly.slack;
        prop_assert!(value(health.adjusted_collateral) <= exactly.carried && value(health.adjusted_collateral) >= &exactly.carried - slack);
        prop_assert!(value(health.debt) >= exactly.debt && value(health.debt) <= &exactly.debt + slack);
        let weighted = value(health.weighted_debt);
        prop_assert!(weighted >= exactly.weighted && weighted <= &exactly.weighted + slack);
    }

    /// The ends are chosen for the amounts that count, not for those that are there.
    #[test]
    fn health_at_the_edges_of_other_amounts_is_that_of_an_account_that_has_them(
        scene in scenes(true), millionths in prop::collection::vec(0u128..=1_000_000, 4),
    ) {
        let mut other = scene.clone();
        for (line, part) in other.held.iter_mut().zip(&millionths) {
            line.amount = line.amount * part / 1_000_000;
        }
        let counted = |asset: AssetId, _| Amount::new(other.held[usize::from(asset.0)].amount);
        let expected = other.position().edge_health(|_, amount| amount);
        prop_assert_eq!(scene.position().edge_health(counted), expected);
    }

    /// Where the oracle was halted: deposits at low exceed debts at high, and the largest bonus, whatever one value a
    /// shared record has between its edges.
    #[test]
    fn an_account_is_spared_after_a_halt_exactly_where_its_edges_cover_its_debt_and_the_largest_bonus(
        scene in scenes(false), halted in any::<bool>(),
    ) {
        let scene = Scene { halted, ..scene };
        let health = scene.position().health().unwrap();
        let most = frac(11, 10);
        // What counts more toward health is worth no more.
        let mut unweighted = scene.clone();
        unweighted.owed.iter_mut().for_each(|line| line.weight = Ratio::ONE);
        let worst = unweighted.judged(Ends::Edges, &|_| Q::one() / &most);
        let cover = &worst.collateral - &most * &worst.debt;
        prop_assume!(!worst.is_close && cover.clone().max(-cover.clone()) > &worst.slack * q(4));
        prop_assert_eq!(health.spared, halted && health.is_below_one() && cover > Q::zero());
        prop_assert_eq!(health.is_liquidatable(), health.is_below_one() && !health.spared);
    }

    #[test]
    fn a_health_factor_is_compared_exactly(raw in prop::collection::vec(0u64..20, 4)) {
        let of = |carried: u64, debt: u64| Health {
            adjusted_collateral: Value::new(carried.into()), weighted_debt: Value::new(debt.into()), ..Health::default()
        };
        let factor = |carried: u64, debt: u64| (debt > 0).then(|| frac(carried, debt));
        // Without debt it is higher than any.
        let expected = match (factor(raw[0], raw[1]), factor(raw[2], raw[3])) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(one), Some(other)) => one >= other,
        };
        prop_assert_eq!(of(raw[0], raw[1]).is_no_lower_than(&of(raw[2], raw[3])), expected);
    }
}

fn told(settled: u128, low: u128, high: u128) -> Told {
    Told { extremes: [low, high], ..Told::calm(settled, None) }
}

/// stETH is worth an ETH, which is somewhere from 1,000 to 2,000. 100 stETH at 0.9 carry 90 ETH. A debt of 80 ETH
/// leaves 10 ETH, which are worth least at 1,000: a limit of 90,000 for 80,000. A debt of 95 ETH lacks 5, which cost
/// most at 2,000: 180,000 for 190,000.
#[test]
fn a_loop_is_lent_against_at_the_end_that_is_worse_for_it() {
    let scene = |owed| Scene {
        told: vec![told(1_500 * E18, 1_000 * E18, 2_000 * E18), Told::calm(E18, Some(0))],
        held: vec![Held { max_ltv: E18 / 10 * 9, ..Held::whole(1, 100, E18 / 100 * 93) }],
        owed: vec![Owed::whole(0, owed)],
        halted: false,
    };
    let power = |limit, debt| Ok(BorrowingPower { limit: Value::whole(limit), debt: Value::whole(debt) });
    assert_eq!(scene(80).position().borrowing_power(), power(90_000, 80_000));
    assert_eq!(scene(95).position().borrowing_power(), power(180_000, 190_000));
}

/// 100 stETH whose pair is silent count nothing, so that the debt of 10 ETH stands alone: at 2,000 it costs 20,000.
/// Were the stETH weighed, the debt would seem covered many times, and be counted at 1,000. 30,000 dollars of ATOM at
/// max LTV 0.6 carry 18,000.
#[test]
fn a_silent_collateral_does_not_lower_the_price_of_the_debt_on_its_record() {
    let scene = Scene {
        told: vec![
            told(1_500 * E18, 1_000 * E18, 2_000 * E18),
            Told { age: 601, ..Told::calm(E18, Some(0)) },
            Told::calm(10 * E18, None),
        ],
        held: vec![
            Held::whole(1, 100, E18 / 100 * 90),
            Held { max_ltv: E18 / 10 * 6, ..Held::whole(2, 3_000, E18 / 100 * 75) },
        ],
        owed: vec![Owed::whole(0, 10)],
        halted: false,
    };
    let power = BorrowingPower { limit: Value::whole(18_000), debt: Value::whole(20_000) };
    assert_eq!(scene.position().borrowing_power(), Ok(power));
    assert!(!power.is_within());
    let health = scene.position().edge_health(|_, amount| amount).unwrap();
    assert_eq!((health.collateral, health.debt), (Value::whole(30_000), Value::whole(20_000)));
}

/// 1,000 tokens at max LTV 0.6 lend 600; a market at twice its cap lends half of it; a stopped one lends nothing, and
/// its health stays.
#[test]
fn power_is_the_share_that_a_cap_leaves_and_nothing_where_deposits_are_stopped() {
    let with = |power| Scene {
        told: vec![Told::calm(E18, None), Told::calm(E18, None)],
        held: vec![Held { max_ltv: E18 / 10 * 6, power, ..Held::whole(0, 1_000, E18 / 100 * 75) }],
        owed: vec![Owed::whole(1, 300)],
        halted: false,
    };
    for (power, lent) in [(E18, 600), (E18 / 2, 300), (0, 0)] {
        let position = with(power).position();
        assert_eq!(position.borrowing_power().unwrap().limit, Value::whole(lent));
        assert_eq!(position.uncapped_power().unwrap().limit, Value::whole(600));
        assert_eq!(position.health().unwrap().adjusted_collateral, Value::whole(750));
    }
}

/// In the grace after a halt: 120 at low against 100 at high × (1 + 10 %) is spared, 110 exactly is not, nor is anybody
/// outside of it.
#[test]
fn the_border_of_the_grace_is_the_debt_and_the_largest_bonus() {
    let scene = |deposit, halted| Scene {
        told: vec![told(E18, E18 / 2, 2 * E18), told(E18, E18 / 2, 2 * E18)],
        held: vec![Held::whole(0, deposit, E18 / 100 * 20)],
        owed: vec![Owed::whole(1, 100)],
        halted,
    };
    for (deposit, halted, spared) in [(441, true, true), (440, true, false), (441, false, false)] {
        let health = scene(deposit, halted).position().health().unwrap();
        assert!(health.is_below_one());
        assert_eq!((health.spared, health.is_liquidatable()), (spared, !spared), "{deposit} {halted}");
    }
}

/// ETH is somewhere from 1,000 to 2,000 dollars. 100 ETH and 10,000 dollars are owed, with the largest bonus of 10 %
/// 231,000 at 2,000 an ETH and 121,000 at 1,000. 120 stETH and 900 dollars are 240,900 there and 120,900 here; with
/// 1,001 dollars they cover it at both ends. At a threshold of 0.5 the stETH carry less than is owed in ETH, so that
/// for health 2,000 is worse.
#[test]
fn an_account_that_one_end_does_not_cover_is_not_spared() {
    for (dollars, spared) in [(900, false), (1_000, false), (1_001, true)] {
        let scene = Scene {
            told: vec![told(1_500 * E18, 1_000 * E18, 2_000 * E18), Told::calm(E18, Some(0)), Told::calm(E18, None)],
            held: vec![Held::whole(1, 120, E18 / 2), Held::whole(2, dollars, E18 / 2)],
            owed: vec![Owed::whole(0, 100), Owed::whole(2, 10_000)],
            halted: true,
        };
        let health = scene.position().health().unwrap();
        assert!(health.is_below_one());
        assert_eq!(health.spared, spared, "{dollars}");
    }
}

/// A deposit that fell silent covers as long as it counts: wholly for a day, by half four and a half days later.
#[test]
fn a_silent_deposit_counts_in_a_halt_by_what_was_last_observed_and_remains() {
    let mut scene = Scene {
        told: vec![Told { age: 601, ..Told::calm(E18, None) }, Told::calm(E18, None)],
        held: vec![Held::whole(0, 150, E18 / 20)],
        owed: vec![Owed::whole(1, 100)],
        halted: true,
    };
    assert_eq!(scene.position().borrowing_power().unwrap().limit, Value::ZERO);
    assert!(scene.position().health().unwrap().spared);
    scene.told[0].age = 86_400 + 302_400;
    assert!(!scene.position().health().unwrap().spared);
}

#[test]
fn a_silent_debt_counts_in_a_halt_by_what_was_last_observed() {
    let mut scene = Scene {
        told: vec![Told::calm(E18, None), Told { age: 601, ..Told::calm(E18, None) }],
        held: vec![Held::whole(0, 10, E18 / 2)],
        owed: vec![Owed::whole(1, 100)],
        halted: true,
    };
    let refused = HealthError::Price { asset: AssetId(100), fault: PriceFault::Stale { age: 601, max_age: 600 } };
    assert_eq!(scene.position().borrowing_power(), Err(refused));
    // 10 against 100, and 1,000 against 100 where the threshold is too low to carry it.
    assert!(!scene.position().health().unwrap().spared);
    scene.held = vec![Held::whole(0, 1_000, E18 / 20)];
    assert!(scene.position().health().unwrap().spared);
    scene.told[1].age = 600;
    assert!(scene.position().health().unwrap().spared);
    assert_eq!(scene.position().borrowing_power().unwrap().debt, Value::whole(100));
}
