//! `update_asset`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::{growth, indebted, rational, refuses, takes_no_funds};
use num_bigint::BigInt;
use plimsoll_risk::params::{BonusCurve, NextRateModel};
use plimsoll_risk::rates::{Adaptive, Kinked, RateModel};
use plimsoll_risk::units::{Amount, Rate, Ratio};
use plimsoll_schema::pool::{AssetChanges, ExecuteMsg};
use plimsoll_testing::{
    ALICE, BOB, GUARDIAN, LENDER, LIQUIDATOR, OWNER, RISK_MANAGER, UATOM, UUSD, World, ratio, values,
};

const DAY: u64 = 86_400;
const E18: u128 = 1_000_000_000_000_000_000;

fn message(changes: AssetChanges) -> ExecuteMsg {
    ExecuteMsg::UpdateAsset { denom: UATOM.to_owned(), changes }
}

fn lower_threshold(percent: u64, ramp_seconds: Option<u64>) -> AssetChanges {
    AssetChanges {
        max_loan_to_value: Some(Ratio::percent(percent - 5)),
        liquidation_threshold: Some(Ratio::percent(percent)),
        ramp_seconds,
        ..Default::default()
    }
}

fn flat_rate(percent: u64) -> RateModel {
    let base = Rate::percent(percent);
    let optimal_utilization_rate = Ratio::percent(80);
    RateModel::Kinked(Kinked { optimal_utilization_rate, base, slope_1: Rate::ZERO, slope_2: Rate::ZERO })
}

#[test]
fn update_asset_changes_what_is_named_and_nothing_else() {
    let mut world = World::new();
    let before = world.market(UATOM).params;
    let changes = AssetChanges { reserve_factor: Some(ratio("0.2")), ..Default::default() };
    let response = world.update_asset(UATOM, changes).unwrap();
    assert_eq!(values(&response, "action"), ["update_asset"]);
    assert_eq!(values(&response, "denom"), [UATOM]);
    let mut expected = before;
    expected.reserve_factor = ratio("0.2");
    assert_eq!(world.market(UATOM).params, expected);

    let bonus = BonusCurve { min: ratio("0.01"), max: ratio("0.05"), full_at: ratio("0.9") };
    let changes = AssetChanges {
        max_loan_to_value: Some(ratio("0.5")),
        liquidation_threshold: Some(ratio("0.8")),
        ramp_seconds: None,
        liquidation_bonus: Some(bonus),
        protocol_liquidation_fee: Some(ratio("0.3")),
        reserve_factor: Some(ratio("0.4")),
        reserve_floor: Some(ratio("0.05")),
        flash_loan_fee: Some(ratio("0.002")),
        supply_cap: Some(Amount::new(7)),
        borrow_cap: Some(Amount::new(6)),
        rate_model: Some(flat_rate(3)),
        sale_cost: Some(ratio("0.007")),
        max_borrow_utilization: Some(ratio("0.8")),
        borrow_weight: Some(Ratio::ONE),
        isolated: Some(true),
        debt_ceilings: Some(Vec::new()),
        siloed: Some(true),
        outflow_limit: None,
    };
    world.update_asset(UATOM, changes).unwrap();
    let after = world.market(UATOM).params;
    assert_eq!(after.liquidation_bonus, bonus);
    assert_eq!((after.supply_cap, after.borrow_cap), (Amount::new(7), Amount::new(6)));
    assert_eq!(after.protocol_liquidation_fee, ratio("0.3"));
    assert_eq!((after.reserve_factor, after.reserve_floor), (ratio("0.4"), ratio("0.05")));
    assert_eq!((after.max_loan_to_value, world.market(UATOM).liquidation_threshold), (ratio("0.5"), ratio("0.8")));
    assert_eq!(after.rate_model, flat_rate(3));
    assert_eq!((after.sale_cost, after.max_borrow_utilization), (ratio("0.007"), ratio("0.8")));
    assert_eq!((after.denom.as_str(), after.decimals, after.enabled), (UATOM, 6, expected.enabled));
}

#[test]
fn update_asset_lowers_the_threshold_in_a_straight_line_over_three_days() {
    let mut world = World::new();
    world.update_asset(UATOM, lower_threshold(60, None)).unwrap();
    for (seconds, expected) in
        [(0, "0.75"), (DAY, "0.7"), (DAY, "0.65"), (DAY / 2, "0.625"), (DAY / 2, "0.6"), (DAY, "0.6")]
    {
        if seconds > 0 {
            world.advance(seconds);
        }
        assert_eq!(world.market(UATOM).liquidation_threshold.to_string(), expected);
    }
}

#[test]
fn update_asset_lowering_the_threshold_liquidates_nobody_at_once() {
    // 640 USD carried by 1,000 at 75 %, and by 60 % no more: the line crosses 64 % after 11 of 15 parts of three days.
    let mut world = indebted(640_000_000);
    world.update_asset(UATOM, lower_threshold(60, None)).unwrap();
    assert_eq!(world.position(ALICE).adjusted_collateral_value.to_string(), "750");
    let text = "account is healthy: its adjusted collateral of 750 covers its debt of 640";
    refuses(&mut world, text, |world| world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 5_000_000)));
    // Max LTV is lower at once: no more is lent.
    let text = "debt of 640.000001 would be above the borrow limit of 550";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 1));
    world.advance_fresh(3 * DAY * 11 / 15 - 600);
    assert!(!world.position(ALICE).liquidatable);
    world.advance_fresh(1_200);
    assert!(world.position(ALICE).liquidatable);
    world.liquidate(LIQUIDATOR, ALICE, UATOM, (UUSD, 640_000_000)).unwrap();
}

#[test]
fn update_asset_of_a_ramp_out_of_range_is_refused() {
    let mut world = World::new();
    for seconds in [0, 3 * DAY - 1, 365 * DAY + 1, u64::MAX] {
        let text = format!("ramp of {seconds} seconds is not between 259200 and 31536000");
        refuses(&mut world, &text, |world| world.update_asset(UATOM, lower_threshold(60, Some(seconds))));
    }
    for seconds in [3 * DAY, 365 * DAY] {
        let mut world = World::new();
        world.update_asset(UATOM, lower_threshold(60, Some(seconds))).unwrap();
        world.advance(seconds - 1);
        assert!(world.market(UATOM).liquidation_threshold > ratio("0.6"));
        world.advance(1);
        assert_eq!(world.market(UATOM).liquidation_threshold, ratio("0.6"));
    }
}

/// Twenty points in three days is the steepest, from wherever a ramp was stopped: not even a target of 0 that is taken back makes it faster.
#[test]
fn update_asset_of_a_ramp_too_steep_is_refused() {
    let mut world = World::new();
    let most = lower_threshold(55, Some(3 * DAY));
    let changes = AssetChanges { max_loan_to_value: Some(Ratio::ZERO), ..lower_threshold(35, Some(6 * DAY - 1)) };
    let text = "ramp from 0.75 to 0.35 takes at least 518400 seconds, not 518399";
    for who in [OWNER, RISK_MANAGER] {
        refuses(&mut world, text, |world| world.execute(who, &message(changes.clone()), &[]));
    }
    world.update_asset(UATOM, lower_threshold(35, None)).unwrap();
    world.advance(3 * DAY);
    assert_eq!(world.market(UATOM).liquidation_threshold, ratio("0.55"));
    // Stopped here, and on from here.
    world
        .update_asset(UATOM, AssetChanges { liquidation_threshold: Some(ratio("0.55")), ..AssetChanges::default() })
        .unwrap();
    let none = AssetChanges { max_loan_to_value: Some(Ratio::ZERO), liquidation_threshold: Some(Ratio::ZERO), ..most };
    let text = "ramp from 0.55 to 0 takes at least 712800 seconds, not 259200";
    refuses(&mut world, text, |world| world.update_asset(UATOM, none.clone()));
    world.update_asset(UATOM, AssetChanges { ramp_seconds: None, ..none }).unwrap();
    world.advance(3 * DAY);
    assert_eq!(world.market(UATOM).liquidation_threshold, ratio("0.35"));
}

#[test]
fn update_asset_keeps_max_ltv_below_the_end_of_the_ramp() {
    let mut world = World::new();
    let only = |percent| AssetChanges { liquidation_threshold: Some(Ratio::percent(percent)), ..Default::default() };
    let text = "max_loan_to_value 0.7 is not below liquidation_threshold 0.7";
    refuses(&mut world, text, |world| world.update_asset(UATOM, only(70)));
    let text = "max_loan_to_value 0.7 is not below liquidation_threshold 0.6";
    refuses(&mut world, text, |world| world.update_asset(UATOM, only(60)));
    world.update_asset(UATOM, only(71)).unwrap();
    // While the ramp is on its way down, its end counts.
    let text = "max_loan_to_value 0.72 is not below liquidation_threshold 0.71";
    let raise = AssetChanges { max_loan_to_value: Some(ratio("0.72")), ..Default::default() };
    refuses(&mut world, text, |world| world.update_asset(UATOM, raise));
}

#[test]
fn update_asset_raises_the_threshold_at_once_and_turns_a_ramp_around() {
    let mut world = World::new();
    world.update_asset(UATOM, lower_threshold(60, None)).unwrap();
    world.advance(DAY);
    let changes = AssetChanges { liquidation_threshold: Some(ratio("0.72")), ..Default::default() };
    world.update_asset(UATOM, changes).unwrap();
    assert_eq!(world.market(UATOM).liquidation_threshold, ratio("0.72"));
    // A lower end in the middle of a ramp takes three days again from where it is.
    world.update_asset(UATOM, lower_threshold(60, None)).unwrap();
    world.advance(DAY);
    assert_eq!(world.market(UATOM).liquidation_threshold, ratio("0.68"));
    world.update_asset(UATOM, lower_threshold(50, None)).unwrap();
    assert_eq!(world.market(UATOM).liquidation_threshold, ratio("0.68"));
    world.advance(DAY);
    assert_eq!(world.market(UATOM).liquidation_threshold, ratio("0.62"));
}

#[test]
fn update_asset_checks_the_bonus_at_both_ends_of_a_ramp() {
    let mut world = World::new();
    // 60 % × 1.5 would do, but the ramp starts at 75 %.
    let bonus = BonusCurve { min: ratio("0.02"), max: ratio("0.5"), full_at: ratio("0.95") };
    let changes = AssetChanges { liquidation_bonus: Some(bonus), ..lower_threshold(60, None) };
    let text = "liquidation_threshold 0.75 x (1 + bonus 0.5) is above liquidation_bonus.full_at 0.95";
    refuses(&mut world, text, |world| world.update_asset(UATOM, changes));
}

#[test]
fn update_asset_with_parameters_out_of_range_is_refused() {
    let mut world = World::new();
    let above = Some(ratio("1.01"));
    let none = AssetChanges::default();
    let full_at = ratio("0.8");
    let bonus = BonusCurve { min: ratio("0.02"), max: ratio("0.1"), full_at };
    for (changes, text) in [
        (
            AssetChanges { max_loan_to_value: above, ..none.clone() },
            "max_loan_to_value 1.01 is not below liquidation_threshold 0.75",
        ),
        (
            AssetChanges { protocol_liquidation_fee: above, ..none.clone() },
            "protocol_liquidation_fee 1.01 is above 0.5",
        ),
        (AssetChanges { reserve_factor: above, ..none.clone() }, "reserve_factor 1.01 is above 1"),
        (AssetChanges { reserve_floor: above, ..none.clone() }, "reserve_floor 1.01 is above 1"),
        (
            AssetChanges { supply_cap: Some(Amount::MAX), ..none.clone() },
            "supply_cap 340282366920938463463374607431768211455 is above 1000000000000000000000000000000",
        ),
        (
            AssetChanges { liquidation_bonus: Some(bonus), ..none.clone() },
            "liquidation_threshold 0.75 x (1 + bonus 0.1) is above liquidation_bonus.full_at 0.8",
        ),
        (
            AssetChanges { rate_model: Some(flat_rate(1_001)), ..none },
            "rate at full utilization is above 10: base 10.01 + slope_1 0 + slope_2 0",
        ),
    ] {
        refuses(&mut world, text, |world| world.update_asset(UATOM, changes));
    }
}

#[test]
fn update_asset_by_the_risk_manager_tightens_only() {
    let mut world = World::new();
    let none = AssetChanges::default();
    let same = world.market(UATOM).params;
    let send = |world: &mut World, changes: AssetChanges| world.execute(RISK_MANAGER, &message(changes), &[]);
    for (changes, name) in [
        (AssetChanges { max_loan_to_value: Some(ratio("0.701")), ..none.clone() }, "max_loan_to_value"),
        (AssetChanges { liquidation_threshold: Some(ratio("0.751")), ..none.clone() }, "liquidation_threshold"),
        (
            AssetChanges { supply_cap: Some(same.supply_cap.saturating_add(Amount::new(1))), ..none.clone() },
            "supply_cap",
        ),
        (
            AssetChanges { borrow_cap: Some(same.borrow_cap.saturating_add(Amount::new(1))), ..none.clone() },
            "borrow_cap",
        ),
        (AssetChanges { liquidation_bonus: Some(same.liquidation_bonus), ..none.clone() }, "liquidation_bonus"),
        (AssetChanges { protocol_liquidation_fee: Some(Ratio::ZERO), ..none.clone() }, "protocol_liquidation_fee"),
        (AssetChanges { reserve_factor: Some(same.reserve_factor), ..none.clone() }, "reserve_factor"),
        (AssetChanges { reserve_floor: Some(Ratio::ONE), ..none.clone() }, "reserve_floor"),
        (AssetChanges { flash_loan_fee: Some(Ratio::ONE), ..none.clone() }, "flash_loan_fee"),
        (AssetChanges { rate_model: Some(same.rate_model.clone()), ..none.clone() }, "rate_model"),
        (AssetChanges { sale_cost: Some(Ratio::ZERO), ..none.clone() }, "sale_cost"),
        (AssetChanges { isolated: Some(true), ..none.clone() }, "isolated"),
        (AssetChanges { debt_ceilings: Some(Vec::new()), ..none.clone() }, "debt_ceilings"),
        (AssetChanges { siloed: Some(true), ..none.clone() }, "siloed"),
        (AssetChanges { borrow_weight: Some(Ratio::percent(101)), ..none.clone() }, "borrow_weight"),
        (AssetChanges { max_borrow_utilization: Some(ratio("0.951")), ..none.clone() }, "max_borrow_utilization"),
    ] {
        let text =
            format!("the risk manager may not change {name} so: only caps, max LTV and threshold, and only downwards");
        refuses(&mut world, &text, |world| send(world, changes));
    }
    let caps = (Some(Amount::new(9)), Some(Amount::ZERO));
    let changes = AssetChanges { supply_cap: caps.0, borrow_cap: caps.1, ..lower_threshold(60, None) };
    send(&mut world, AssetChanges { max_borrow_utilization: Some(ratio("0.9")), ..changes }).unwrap();
    let after = world.market(UATOM);
    assert_eq!(after.params.max_borrow_utilization, ratio("0.9"));
    assert_eq!((after.params.supply_cap, after.params.borrow_cap), (Amount::new(9), Amount::ZERO));
    assert_eq!(after.liquidation_threshold, ratio("0.75"));
    // Half way down the risk manager can't turn the ramp around, though what they ask for is below what is in force.
    world.advance(DAY);
    assert_eq!(world.market(UATOM).liquidation_threshold, ratio("0.7"));
    let text = "the risk manager may not change liquidation_threshold so: \
        only caps, max LTV and threshold, and only downwards";
    let changes = AssetChanges { liquidation_threshold: Some(ratio("0.65")), ..none };
    refuses(&mut world, text, |world| send(world, changes));
}

#[test]
fn update_asset_by_the_risk_manager_can_not_stretch_a_ramp() {
    let mut world = World::new();
    world.update_asset(UATOM, lower_threshold(60, None)).unwrap();
    world.advance(DAY);
    // From 70 % it takes two days more to 60 %. The same or a lower end, but later or on a flatter line, helps borrowers.
    let text = "the risk manager may not change liquidation_threshold so: \
        only caps, max LTV and threshold, and only downwards";
    for (target, seconds) in [("0.6", Some(365 * DAY)), ("0.6", None), ("0.56", None), ("0.5", Some(5 * DAY))] {
        let target = Some(ratio(target));
        let changes = AssetChanges {
            max_loan_to_value: Some(ratio("0.4")),
            liquidation_threshold: target,
            ramp_seconds: seconds,
            ..Default::default()
        };
        refuses(&mut world, text, |world| world.execute(RISK_MANAGER, &message(changes), &[]));
    }
    // 15 % in three days is the same line, which goes on.
    world.execute(RISK_MANAGER, &message(lower_threshold(55, None)), &[]).unwrap();
    world.advance(2 * DAY);
    assert_eq!(world.market(UATOM).liquidation_threshold, ratio("0.6"));
    world.advance(DAY);
    assert_eq!(world.market(UATOM).liquidation_threshold, ratio("0.55"));
}

#[test]
fn update_asset_by_others_is_refused() {
    let mut world = World::new();
    for who in [ALICE, GUARDIAN] {
        let text = format!("{} is not the owner or risk manager", world.addr(who));
        refuses(&mut world, &text, |world| world.execute(who, &message(lower_threshold(60, None)), &[]));
    }
}

#[test]
fn update_asset_of_an_unlisted_denom_or_with_funds_is_refused() {
    let mut world = World::new();
    refuses(&mut world, "'ushell' is not listed", |world| world.update_asset("ushell", AssetChanges::default()));
    takes_no_funds(&mut world, OWNER, &message(AssetChanges::default()));
}

#[test]
fn update_asset_of_rates_leaves_the_interest_up_to_then_to_the_old_ones() {
    let mut world = World::builder().edit(UUSD, |asset| asset.params.rate_model = flat_rate(10)).build();
    world.deposit(LENDER, UUSD, 1_000_000_000_000).unwrap();
    world.deposit(ALICE, UATOM, 100_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, 400_000_000_000).unwrap();
    world.advance(73 * DAY);
    let changes =
        AssetChanges { rate_model: Some(flat_rate(50)), reserve_factor: Some(ratio("0.5")), ..Default::default() };
    world.update_asset(UUSD, changes).unwrap();
    // A fifth of a year at 10 %, then a fifth at 50 %. 400,000 × 0.1 / 525,600 were owed at once.
    let start = rational(400_000_076_103, 1);
    let first = &start * (rational(1, 1) + growth(&rational(1, 10), 73 * DAY));
    let reserves = (&first - rational(400_000_000_000, 1)) / BigInt::from(10);
    let close = |got: Amount, expected: &num_rational::BigRational| {
        let gap = BigInt::from(got.raw()) - expected.to_integer();
        assert!(gap >= BigInt::from(-1) && gap <= BigInt::from(1), "{got} for {expected}");
    };
    close(world.market(UUSD).debt, &first);
    close(world.market(UUSD).reserves, &reserves);
    world.advance(73 * DAY);
    let second = &first * (rational(1, 1) + growth(&rational(1, 2), 73 * DAY));
    close(world.market(UUSD).debt, &second);
    close(world.market(UUSD).reserves, &(reserves + (&second - &first) / BigInt::from(2)));
}

/// A curve that stands still: 8 % at the target of 80 %, a quarter of that at no utilization.
fn still_curve() -> RateModel {
    RateModel::Adaptive(Adaptive {
        target_utilization: Ratio::percent(80),
        curve_steepness: Ratio::percent(400),
        adjustment_speed: Rate::ZERO,
        initial_rate_at_target: Rate::percent(8),
        min_rate_at_target: Rate::percent(1),
        max_rate_at_target: Rate::percent(100),
    })
}

#[test]
fn update_asset_of_another_kind_of_rates_takes_over_a_day_later_by_itself() {
    let mut world = World::builder().edit(UUSD, |asset| asset.params.rate_model = flat_rate(10)).build();
    world.deposit(LENDER, UUSD, 1_000_000_000_000).unwrap();
    world.deposit(ALICE, UATOM, 100_000_000_000).unwrap();
    world.borrow(ALICE, UUSD, 400_000_000_000).unwrap();
    let rates = |model| AssetChanges { rate_model: Some(model), ..Default::default() };
    let response = world.update_asset(UUSD, rates(still_curve())).unwrap();
    let effective_at = world.now() + DAY;
    assert_eq!(values(&response, "effective_at"), [effective_at.to_string()]);
    let params = world.market(UUSD).params;
    assert_eq!(params.rate_model, flat_rate(10));
    assert_eq!(params.next_rate_model, Some(NextRateModel { rate_model: still_curve(), effective_at }));
    assert_eq!(world.rates(UUSD).borrow_rate, Rate::percent(10));

    world.advance(DAY - 1);
    assert_eq!(world.rates(UUSD).borrow_rate, Rate::percent(10));
    world.advance(1);
    // Hardly above half of the way from 2 % to 8 %: a day's interest was added, of which reserves got a part.
    let rates_now = world.rates(UUSD);
    // Rounded up, by less than a step.
    let expected = rational(2, 100) + rational(6, 100) * rational(rates_now.utilization.raw(), E18) / rational(8, 10);
    assert!(rational(rates_now.borrow_rate.raw(), E18) - expected < rational(1, E18));
    assert!(rates_now.borrow_rate > Rate::percent(5) && rates_now.borrow_rate < Rate::new(50_010_000_000_000_000));

    // Nobody touched the market meanwhile: a day at 10 %, then 72 at what followed.
    world.advance(72 * DAY);
    let start = rational(400_000_076_103, 1);
    let first = &start * (rational(1, 1) + growth(&rational(1, 10), DAY));
    let second = &first * (rational(1, 1) + growth(&rational(rates_now.borrow_rate.raw(), E18), 72 * DAY));
    let gap = BigInt::from(world.market(UUSD).debt.raw()) - second.to_integer();
    assert!(gap >= BigInt::from(-1) && gap <= BigInt::from(1), "{} for {second}", world.market(UUSD).debt);

    // The next message finds the new model in force, and one of its kind is set at once.
    let response = world.update_asset(UUSD, rates(still_curve())).unwrap();
    assert!(values(&response, "effective_at").is_empty());
    let params = world.market(UUSD).params;
    assert_eq!((params.rate_model, params.next_rate_model), (still_curve(), None));
}

#[test]
fn update_asset_of_rates_calls_off_what_was_announced() {
    let mut world = World::builder().edit(UUSD, |asset| asset.params.rate_model = flat_rate(10)).build();
    let rates = |model| AssetChanges { rate_model: Some(model), ..Default::default() };
    world.update_asset(UUSD, rates(still_curve())).unwrap();
    // Other changes leave it.
    world.update_asset(UUSD, AssetChanges { reserve_factor: Some(ratio("0.2")), ..Default::default() }).unwrap();
    assert!(world.market(UUSD).params.next_rate_model.is_some());
    world.update_asset(UUSD, rates(flat_rate(11))).unwrap();
    assert_eq!(world.market(UUSD).params.next_rate_model, None);
    world.advance(2 * DAY);
    assert_eq!(world.rates(UUSD).borrow_rate, Rate::percent(11));
}

#[test]
fn update_asset_of_a_curve_out_of_range_is_refused_before_its_day() {
    let mut world = World::new();
    let RateModel::Adaptive(curve) = still_curve() else { unreachable!() };
    let rate_model = Some(RateModel::Adaptive(Adaptive { max_rate_at_target: Rate::percent(251), ..curve }));
    let text = "max_rate_at_target 2.51 x curve_steepness 4 is above 10";
    let changes = AssetChanges { rate_model, ..Default::default() };
    refuses(&mut world, text, |world| world.update_asset(UUSD, changes));
}

/// 100 ATOM carry 750 USD: a debt of 600 that weighs 1.2 counts 720, one that weighs 1.5 counts 900.
#[test]
fn update_asset_of_a_borrow_weight_binds_borrowers_at_once_and_liquidates_nobody_for_days() {
    let mut world = indebted(600_000_000);
    let weight = |text: &str| AssetChanges { borrow_weight: Some(ratio(text)), ..Default::default() };
    let factor = |world: &World| world.position(ALICE).health_factor.unwrap();
    assert_eq!(factor(&world), ratio("1.25"));
    let text = "borrow_weight 0.99 is not between 1 and 10";
    refuses(&mut world, text, |world| world.update_asset(UUSD, weight("0.99")));
    let text = "borrow_weight 10.01 is not between 1 and 10";
    refuses(&mut world, text, |world| world.update_asset(UUSD, weight("10.01")));
    // 0.5 takes two and a half times as long as 0.2.
    let least = 5 * 3 * DAY / 2;
    let seconds = least - 1;
    let text = format!("ramp from 1 to 1.5 takes at least {least} seconds, not {seconds}");
    let hasty = AssetChanges { ramp_seconds: Some(seconds), ..weight("1.5") };
    refuses(&mut world, &text, |world| world.update_asset(UUSD, hasty));

    world.update_asset(UUSD, weight("1.5")).unwrap();
    assert_eq!(factor(&world), ratio("1.25"));
    let position = world.position(ALICE);
    assert_eq!(position.debt_value, position.weighted_debt_value);
    // Who borrows is judged by where the weight is heading: 601 × 1.5 are above 700.
    let text = "debt of 901.5 would be above the borrow limit of 700";
    refuses(&mut world, text, |world| world.borrow(ALICE, UUSD, 1_000_000));

    world.advance_fresh(least / 2);
    assert!(factor(&world) < Ratio::ONE && factor(&world) > ratio("0.999"), "{}", factor(&world));
    world.advance_fresh(least / 2);
    let position = world.position(ALICE);
    assert!(position.liquidatable && factor(&world) < ratio("0.834"));
    assert!(position.weighted_debt_value > position.debt_value);

    // Down at once.
    world.update_asset(UUSD, weight("1")).unwrap();
    assert!(factor(&world) > ratio("1.24"));
}

#[test]
fn update_asset_of_caps_below_what_is_there_holds_nobody() {
    let mut world = indebted(640_000_000);
    for denom in [UUSD, UATOM] {
        let supply_cap = Some(Amount::ZERO);
        let borrow_cap = Some(Amount::ZERO);
        world.update_asset(denom, AssetChanges { supply_cap, borrow_cap, ..Default::default() }).unwrap();
    }
    world.repay(ALICE, UUSD, 700_000_000).unwrap();
    world.withdraw_all(ALICE, UATOM).unwrap();
    world.withdraw_all(LENDER, UUSD).unwrap();
    let text = "supply cap of uatom is 0, a deposit of 1 finds 1000000000000 supplied";
    refuses(&mut world, text, |world| world.deposit(BOB, UATOM, 1));
}
