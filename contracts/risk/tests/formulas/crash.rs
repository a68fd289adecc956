//! How long liquidation waits in a crash, and what that costs lenders, by guards.
//!
//! A token falls by half in one block; debt is at 0.7 of its value, the threshold 0.75, the bonus 2 to 10 %, of which a
//! sale costs 1 %, and really 0.5 %. The first liquidation is the first that pays: what is seized is worth more than
//! what is repaid and the cost. The times and losses below were computed apart from this code.

#![allow(clippy::panic, reason = "a crash without a liquidation is a failed test")]

use crate::model::{Q, collateral, debt, fixed, frac, position, q};
use num_traits::One;
use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_risk::liquidation::{Incentive, Limits, LiquidationTerms, size};
use plimsoll_risk::mark::{MarkPrice, RecordMark};
use plimsoll_risk::params::{AssetId, BonusCurve};
use plimsoll_risk::price::{Guards, Observation, PRICE_MAX, PriceBand, PriceRecord};
use plimsoll_risk::units::{Amount, Price, Ratio, Value};

/// The block in which the token falls.
const FALL: u64 = 100_000;
/// Units of the token, with 6 decimals.
const HELD: u128 = 1_000_000_000_000;
const OWED: u128 = HELD / 10 * 7;

fn guards(deviation: u64, step_interval: u64) -> Guards {
    Guards {
        max_age: Some(600),
        floor: Price::new(1),
        ceiling: PRICE_MAX,
        bound_hold: 0,
        max_deviation: Ratio::percent(deviation),
        step_interval,
        age_spread: Ratio::ZERO,
    }
}

/// `0.95^(seconds / 60)`, of 10¹⁸, by its whole minutes and a sixtieth root for the rest.
fn falling(seconds: u64) -> u128 {
    const MINUTE: u128 = 950_000_000_000_000_000;
    // 0.95^(1/60), cut off.
    const SECOND: u128 = 999_145_477_073_050_800;
    let times = |a: u128, b: u128| a * (b / 1_000_000_000) / 1_000_000_000;
    let minutes = (0..seconds / 60).fold(crate::model::E18, |price, _| times(price, MINUTE));
    (0..seconds % 60).fold(minutes, |price, _| times(price, SECOND))
}

/// The seconds until a liquidation pays, and the debt that no collateral is left for, a unit of collateral.
fn first_profitable(guards: &Guards, goes_on: bool) -> (u64, Q) {
    let incentive = Incentive {
        bonus: BonusCurve { min: Ratio::percent(2), max: Ratio::percent(10), full_at: Ratio::percent(95) },
        sale_cost: Ratio::percent(1),
        protocol_fee: Ratio::percent(10),
    };
    let terms = LiquidationTerms { target_health_factor: Ratio::percent(105), dust_value: Value::whole(1) };
    let mut record = PriceRecord::unpublished(0, None, 0, guards.clone());
    let say = |record: &mut PriceRecord, raw: u128, now| {
        let raw = PriceBand::at(Price::new(raw));
        record.observe(&Observation { raw, extremes: raw, time: now }, now, 0);
    };
    say(&mut record, crate::model::E18, FALL);
    for seconds in 0..3_600 {
        let now = FALL + seconds;
        let price = if goes_on { falling(seconds) / 2 } else { crate::model::E18 / 2 };
        say(&mut record, price, now);
        let mut held = collateral(0, HELD, 1, 6, crate::model::E18 / 100 * 75);
        held.mark = MarkPrice::new(vec![RecordMark::of("token", &record, &Heartbeat::start(0, now), now)]);
        let account = position(vec![held], vec![debt(1, OWED, crate::model::E18, 6)]);
        let Ok(done) = size(&account, AssetId(0), AssetId(1), Limits::offered(Amount::new(OWED)), &incentive, &terms)
        else {
            continue;
        };
        let gained = q(done.seize.raw() - done.fee.raw()) * fixed(price);
        if gained < q(done.repay.raw()) * frac(1_005, 1_000) {
            continue;
        }
        assert!(done.seize.raw() + 1 >= HELD, "a debt of more than the collateral takes all of it");
        return (seconds, q(OWED - done.repay.raw()) / q(HELD));
    }
    panic!("no liquidation pays within an hour");
}

fn assert_first(deviation: u64, interval: u64, goes_on: bool, seconds: u64, thousandths: u64) {
    let (at, lost) = first_profitable(&guards(deviation, interval), goes_on);
    assert_eq!(at, seconds, "{deviation} % every {interval} s");
    let off = &lost - frac(thousandths, 1_000);
    let off = if off < q(0) { -off } else { off };
    assert!(
        off < frac(1, 1_000) && lost < Q::one(),
        "{deviation} % every {interval} s loses {lost}, not 0.{thousandths}"
    );
}

/// It pays from 0.5 × 1.01 / 1.005 = 0.5025 on: 0.95¹³ = 0.513 and 0.95¹⁴ = 0.488, 0.9⁶ = 0.531 and 0.9⁷ = 0.478, so
/// fourteen steps of 5 % or seven of 10 %. What is lost is 0.7 − 0.5 / 1.01 = 0.205.
#[test]
fn a_fall_by_half_waits_until_the_settled_price_is_there() {
    assert_first(100, 1, false, 1, 205);
    assert_first(5, 10, false, 140, 205);
    assert_first(10, 60, false, 420, 205);
    assert_first(10, 10, false, 70, 205);
    assert_first(5, 15, false, 210, 205);
}

/// It goes on falling by 5 % a minute: the longer the way, the more is lost on it.
#[test]
fn a_fall_by_half_that_goes_on_costs_what_the_settled_price_is_late() {
    assert_first(100, 1, true, 1, 205);
    assert_first(5, 10, true, 170, 272);
    assert_first(10, 60, true, 780, 446);
    assert_first(10, 10, true, 80, 237);
    assert_first(5, 15, true, 270, 307);
}
