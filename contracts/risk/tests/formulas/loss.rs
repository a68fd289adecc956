//! When a debt is given up, and when not.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crate::model::{
    E18, big, collateral, config, debt, denom, position, positions, silent, silent_record, sums, wild_positions,
};
use num_bigint::BigInt;
use plimsoll_risk::health::Position;
use plimsoll_risk::loss::is_bad_debt;
use plimsoll_risk::mark::{MarkPrice, RecordMark};
use plimsoll_risk::units::{Ratio, Value};
use proptest::prelude::*;

proptest! {
    #![proptest_config(config(4_000))]

    /// Debt remains, and there is either no deposit at all or deposits worth less than the debt and less than the dust
    /// value.
    #[test]
    fn debt_is_bad_exactly_when_it_exceeds_deposits_that_are_dust(
        position in positions(), dust in prop_oneof![Just(None), (0u64..1_000_000_000).prop_map(Some)], nudge in 0u64..3,
    ) {
        let total = sums(&position);
        // Random dust values, and those next to what is deposited.
        let around = Value::new(crate::model::wide(&total.collateral).unwrap())
            .checked_add(Value::new(nudge.into())).unwrap()
            .saturating_sub(Value::new(1u64.into()));
        let dust = dust.map_or(around, Value::whole);
        let bad = !position.debts.is_empty()
            && (position.collaterals.is_empty()
                || (total.collateral < total.debt && total.collateral < big(dust.raw())));
        prop_assert_eq!(is_bad_debt(&position, dust), Ok(bad));
    }

    #[test]
    fn any_position_answers_or_errs_without_a_panic(position in wild_positions(), dust in crate::model::any256()) {
        let _ = is_bad_debt(&position, Value::new(dust));
    }
}

fn one_each(held: u128, owed: u128) -> Position {
    position(vec![collateral(0, held, E18, 0, E18 / 2)], vec![debt(1, owed, E18, 0)])
}

fn bad(position: &Position, dust: u64) -> bool {
    is_bad_debt(position, Value::whole(dust)).unwrap()
}

#[test]
fn without_debt_nothing_is_bad() {
    assert!(!bad(&Position::default(), 10));
    assert!(!bad(&Position { debts: vec![], ..one_each(1, 1) }, 10));
}

#[test]
fn debt_with_nothing_left_is_bad_at_any_dust_value_and_any_price() {
    let mut nothing = Position { collaterals: vec![], ..one_each(1, 100) };
    assert!(bad(&nothing, 0) && bad(&nothing, 10));
    nothing.debts[0].mark = silent(1, 1, 1);
    assert!(bad(&nothing, 10));
}

#[test]
fn debt_is_bad_below_the_dust_value_and_not_at_it() {
    assert!(bad(&one_each(9, 100), 10));
    assert!(!bad(&one_each(10, 100), 10));
}

#[test]
fn debt_that_its_dust_covers_is_not_bad() {
    assert!(!bad(&one_each(5, 5), 10));
    assert!(bad(&one_each(5, 6), 10));
}

#[test]
fn a_disabled_deposit_of_value_stands_against_writing_off() {
    let mut position = one_each(50, 100);
    position.collaterals[0].enabled = false;
    assert!(!bad(&position, 10));
}

#[test]
fn a_silent_price_counts_at_the_end_that_speaks_against_writing_off() {
    let mut held = one_each(1, 100);
    held.collaterals[0].mark = silent(0, 9 * E18, 10 * E18);
    assert!(!bad(&held, 10), "the deposit may be worth 10");
    held.collaterals[0].mark = silent(0, 8 * E18, 9 * E18);
    assert!(bad(&held, 10));
    held.debts[0].mark = silent(1, E18 / 100, E18);
    assert!(!bad(&held, 10), "the debt may be worth 1");
    assert_eq!(sums(&held).debt, BigInt::from(E18));
}

/// 100 silent tokens of 1 that still count for a twentieth: 5 against 200, below a dust value of 10. Undeclined they are 100.
#[test]
fn a_loss_that_only_a_decline_makes_waits_for_the_debts_price_and_the_end_of_a_grace() {
    let mut declined = one_each(100, 200);
    let record = RecordMark { remaining: Ratio::percent(5), ..silent_record(&denom(0), E18, E18) };
    declined.collaterals[0].mark = MarkPrice::new(vec![record]);
    assert!(bad(&declined, 10));
    let halted = Position { halted: true, ..declined.clone() };
    assert!(!bad(&halted, 10), "a grace runs");
    let mut untold = declined.clone();
    untold.debts[0].mark = silent(1, E18, E18);
    assert!(!bad(&untold, 10), "the debt is silent too");
    // What is lost without the decline waits for nothing.
    for waiting in [halted, untold] {
        assert!(bad(&waiting, 101));
    }
}
