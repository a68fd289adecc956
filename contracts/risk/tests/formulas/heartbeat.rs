//! The heartbeat: what it has missed, by a plain sum over all gaps, and whom a halt spares for how long.

use crate::model::config;
use plimsoll_risk::heartbeat::{GAP_MIN, GRACE_MAX, GRACE_REST, HaltGrace, Heartbeat};
use proptest::prelude::*;

const HALT: HaltGrace = HaltGrace { gap: 900, grace: 600 };

proptest! {
    #![proptest_config(config(1_000))]

    /// The lost seconds are what all gaps were longer than `gap`, and a read just before a beat says the same as one
    /// after it.
    #[test]
    fn lost_seconds_are_the_sum_of_what_gaps_exceed(
        gap in prop_oneof![Just(0u64), GAP_MIN..5_000], pauses in prop::collection::vec(0u64..20_000, 1..40),
    ) {
        let mut heartbeat = Heartbeat::start(gap, 1_000);
        let mut now = 1_000;
        let mut lost = 0;
        for pause in pauses {
            // In memory it grows second by second, no faster than time, and never falls.
            for part in [pause / 3, pause / 2, pause] {
                let so_far = if gap == 0 { 0 } else { part.saturating_sub(gap) };
                prop_assert_eq!(heartbeat.lost_at(now + part), lost + so_far);
                prop_assert_eq!(heartbeat.clock(now + part), now + part - lost - so_far);
            }
            now += pause;
            lost += if gap == 0 { 0 } else { pause.saturating_sub(gap) };
            heartbeat.beat(now);
            prop_assert_eq!((heartbeat.lost_seconds, heartbeat.lost_at(now), heartbeat.last), (lost, lost, now));
        }
    }

    /// From one grace to the next lies at least a day, whatever anybody does to the oracle; so liquidation waits for at
    /// most a twenty-fourth of the time in which the oracle speaks.
    #[test]
    fn graces_lie_a_day_apart(pauses in prop::collection::vec(1u64..40_000, 1..60)) {
        let mut heartbeat = Heartbeat::start(900, 1_000);
        let mut now = 1_000;
        let mut resumed = vec![];
        for pause in pauses {
            now += pause;
            heartbeat.beat(now);
            if heartbeat.resumed_at == now {
                prop_assert!(pause > 900 && heartbeat.missed == pause);
                resumed.push(now);
            }
        }
        prop_assert!(resumed.windows(2).all(|pair| pair[1] - pair[0] >= GRACE_REST));
    }
}

#[test]
fn a_halt_spares_during_the_gap_and_for_the_grace_after_it() {
    let mut heartbeat = Heartbeat::start(900, 1_000);
    assert!(!heartbeat.is_halted(&HALT, 1_900));
    assert!(heartbeat.is_halted(&HALT, 1_901));
    heartbeat.beat(7_000);
    assert!(heartbeat.is_halted(&HALT, 7_000) && heartbeat.is_halted(&HALT, 7_599));
    assert!(!heartbeat.is_halted(&HALT, 7_600));
    // The next one within a day spares nobody, neither in its gap nor after it.
    heartbeat.beat(20_000);
    assert!(!heartbeat.is_halted(&HALT, 20_000) && !heartbeat.is_halted(&HALT, 21_000));
    // A day after the last grace began, another does.
    heartbeat.beat(7_000 + GRACE_REST - 901);
    assert!(heartbeat.is_halted(&HALT, 7_000 + GRACE_REST));
    // A pool that asks for a longer gap doesn't count the shorter one.
    let patient = HaltGrace { gap: 40_000, ..HALT };
    let mut heartbeat = Heartbeat::start(900, 1_000);
    heartbeat.beat(30_000);
    assert!(heartbeat.is_halted(&HALT, 30_000) && !heartbeat.is_halted(&patient, 30_000));
}

#[test]
fn a_halt_that_is_off_spares_nobody_and_half_of_one_is_refused() {
    let heartbeat = Heartbeat::start(900, 1_000);
    assert!(!heartbeat.is_halted(&HaltGrace::default(), 1_000_000));
    let valid = |gap, grace| HaltGrace { gap, grace }.is_valid();
    assert!(valid(0, 0) && valid(GAP_MIN, 1) && valid(GAP_MIN, GRACE_MAX));
    assert!(!valid(0, 1) && !valid(GAP_MIN, 0) && !valid(GAP_MIN - 1, 1) && !valid(GAP_MIN, GRACE_MAX + 1));
}

#[test]
fn a_beat_of_the_past_moves_nothing_back() {
    let mut heartbeat = Heartbeat::start(900, 1_000);
    heartbeat.beat(3_000);
    let before = heartbeat;
    heartbeat.beat(2_000);
    assert_eq!(heartbeat, before);
}
