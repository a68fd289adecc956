//! One value a record and account: what liquidation judges by, against the rule in exact rationals and against every
//! other choice.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::cell::Cell;

use crate::model::records::{DAY, Ends, MAX_AGE, Scene, Verdict, scenes};
use crate::model::{Q, config, frac, magnitudes, q, value};
use num_traits::{Signed, Zero};
use plimsoll_risk::health::Health;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Sums of deposits round down and those of debts up, by no more than the slack.
fn assert_rounds_against_the_account(health: &Health, exactly: &Verdict) -> Result<(), TestCaseError> {
    let sums = [
        ("collateral", health.collateral, &exactly.collateral),
        ("carried", health.adjusted_collateral, &exactly.carried),
    ];
    for (name, got, exact) in sums {
        let got = value(got);
        prop_assert!(got <= exact + &exactly.slack_above && got >= exact - &exactly.slack, "{name} {got} for {exact}");
    }
    let debt = value(health.debt);
    prop_assert!(debt >= exactly.debt && debt <= &exactly.debt + &exactly.slack, "debt {debt} for {}", exactly.debt);
    let weighted = value(health.weighted_debt);
    let most = &exactly.weighted + &exactly.slack;
    prop_assert!(weighted >= exactly.weighted && weighted <= most, "{weighted} for {}", exactly.weighted);
    Ok(())
}

fn net(verdict: &Verdict) -> Q {
    &verdict.carried - &verdict.weighted
}

proptest! {
    #![proptest_config(config(1_000))]

    /// Rates before what they are quoted in: hi where what deposits on a record carry exceeds the debts on it, lo where
    /// not.
    #[test]
    fn health_counts_each_shared_record_at_the_one_value_of_the_rule(scene in scenes(true)) {
        let exactly = scene.verdict();
        prop_assume!(!exactly.is_close);
        assert_rounds_against_the_account(&scene.position().health().unwrap(), &exactly)?;
    }

    /// Whatever one value each shared record might have within what liquidation counts, none is better for the account:
    /// it is liquidated only where its debt exceeds what it carries at every one of them.
    #[test]
    fn an_account_is_below_one_exactly_where_it_is_at_every_choice_of_ends(scene in scenes(false)) {
        let choices = scene.everywhere(Ends::Settled);
        let best = choices.iter().max_by_key(|verdict| net(verdict)).unwrap();
        prop_assert_eq!(net(&scene.verdict()), net(best));
        prop_assume!(net(best).clone().max(-net(best)) > &best.slack * q(4));
        prop_assert_eq!(scene.position().health().unwrap().is_below_one(), net(best) < Q::zero());
    }

    /// Whatever rises of what is told of a record on which only deposits hang: below 1 the health factor doesn't fall,
    /// and above 1 it stays there. (Only whether it is below 1 is exact: above, a record may turn to an end at which
    /// the factor is nearer to 1.)
    #[test]
    fn a_health_factor_below_one_does_not_fall_when_a_record_rises_on_which_only_collateral_hangs(
        scene in scenes(true), which in any::<usize>(), rise in rises(),
    ) {
        let record = which % scene.told.len();
        prop_assume!(!scene.owed.iter().any(|line| scene.hangs(line.record, record)));
        let risen = raised(&scene, record, rise);
        let before = scene.verdict();
        let after = risen.verdict();
        let was = scene.position().health().unwrap();
        let is = risen.position().health().unwrap();
        if before.carried < before.weighted {
            let factor = |health: &Health| value(health.adjusted_collateral) / value(health.weighted_debt);
            prop_assert!(!is.is_below_one() || factor(&is) + frac(1, 10u64.pow(12)) >= factor(&was));
        } else if net(&before) > &before.slack + &after.slack {
            prop_assert!(!is.is_below_one());
        }
    }

    /// However far it moves, and however long it is silent.
    #[test]
    fn an_account_whose_lines_all_hang_on_one_record_does_not_change_with_it(
        scene in scenes(false), millionths in magnitudes(1_000, 1_000_000_000), rise in rises(), told in (0..=MAX_AGE, 0..10 * DAY),
    ) {
        let mut scene = scene;
        for told in scene.told.iter_mut().skip(1).filter(|told| told.quote.is_none()) {
            told.quote = Some(0);
        }
        let mut moved = raised(&scene.moved(0, millionths), 0, rise);
        (scene.told[0].age, moved.told[0].age) = told;
        let before = scene.verdict();
        let after = moved.verdict();
        prop_assert_eq!(&before.carried / &before.weighted, &after.carried / &after.weighted);
        let is_clear = |verdict: &Verdict| net(verdict).abs() > &verdict.slack * q(2);
        prop_assume!(is_clear(&before) && is_clear(&after) && !before.is_close && !after.is_close);
        let was = scene.position().health().unwrap();
        let is = moved.position().health().unwrap();
        prop_assert_eq!(was.is_below_one(), is.is_below_one());
        prop_assert_eq!(is.is_below_one(), before.carried < before.weighted);
    }

    /// Unless a record turns to its other end, which it does where the account doesn't change by it: where what hangs
    /// on it cancels.
    #[test]
    fn no_line_counts_less_when_a_told_price_rises_and_no_record_turns(
        scene in scenes(false), which in any::<usize>(), rise in rises(),
    ) {
        let record = which % scene.told.len();
        let risen = raised(&scene, record, rise);
        let before = scene.verdict();
        let after = risen.verdict();
        prop_assume!(!before.is_close && !after.is_close && uppers(&scene, &before) == uppers(&risen, &after));
        let was = scene.position();
        let is = risen.position();
        let shared_before = was.settled_values().unwrap();
        let shared_after = is.settled_values().unwrap();
        for (old, new) in was.collaterals.iter().zip(&is.collaterals) {
            let counted = was.collateral_value_down(old, &shared_before).unwrap();
            prop_assert!(is.collateral_value_down(new, &shared_after).unwrap() >= counted);
        }
        for (old, new) in was.debts.iter().zip(&is.debts) {
            prop_assert!(new.value_up(&shared_after).unwrap() >= old.value_up(&shared_before).unwrap());
        }
    }

    /// Also where a record turns: what is carried less what is owed moves with the price.
    #[test]
    fn an_account_is_no_worse_off_for_a_deposit_that_rises_and_no_better_for_a_debt(
        scene in scenes(false), which in any::<usize>(), rise in rises(),
    ) {
        let record = which % scene.told.len();
        let risen = raised(&scene, record, rise);
        let was = scene.position().health().unwrap();
        let is = risen.position().health().unwrap();
        let net = |health: Health| value(health.adjusted_collateral) - value(health.weighted_debt);
        let slack = scene.verdict().slack + risen.verdict().slack;
        if !scene.owed.iter().any(|line| scene.hangs(line.record, record)) {
            prop_assert!(net(is) >= net(was) - &slack);
        }
        if !scene.held.iter().any(|line| scene.hangs(line.record, record)) {
            prop_assert!(net(is) <= net(was) + slack);
        }
    }
}

/// By how much the settled price and both ends of the last observation rise, in millionths.
fn rises() -> impl Strategy<Value = [u128; 3]> {
    prop::array::uniform3(prop_oneof![1 => Just(0u128), 3 => 0u128..1_000_000])
}

fn raised(scene: &Scene, record: usize, [settled, low, high]: [u128; 3]) -> Scene {
    let mut scene = scene.clone();
    let told = &mut scene.told[record];
    let up = |price: u128, rise: u128| price + price * rise / 1_000_000;
    told.settled = up(told.settled, settled);
    told.raw = [up(told.raw[0], low.min(high)), up(told.raw[1], high)];
    scene
}

/// Which shared records are at their upper end.
fn uppers(scene: &Scene, verdict: &Verdict) -> Vec<usize> {
    let is_upper = |(on, value): (&usize, &Q)| (*value == scene.told[*on].hi()).then_some(*on);
    verdict.shared.iter().filter_map(is_upper).collect()
}

#[test]
fn the_scenes_share_records_in_chains_of_three_and_turn_both_ways() {
    let counts: [Cell<u32>; 5] = Default::default();
    TestRunner::new(config(1_000))
        .run(&scenes(true), |scene| {
            let verdict = scene.verdict();
            let longest = scene.shared().iter().map(|on| scene.chain(*on).len()).max().unwrap_or(0);
            let facts =
                [longest >= 1, longest >= 2, longest >= 3, verdict.carried < verdict.weighted, verdict.is_close];
            for (count, is_so) in counts.iter().zip(facts) {
                count.set(count.get() + u32::from(is_so));
            }
            Ok(())
        })
        .unwrap();
    let [sharing, in_two, in_three, below, close] = counts.map(|count| count.get());
    let facts = format!("{sharing} {in_two} {in_three} {below} {close}");
    assert!(sharing > 500 && in_two > 250 && in_three > 50 && below > 250 && close < 50, "{facts}");
}
