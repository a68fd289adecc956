//! The cap on a redemption rate's growth, against exact rationals and step by step.

use num_bigint::BigUint;
use plimsoll_risk::growth::{GROWTH_PERIOD, Growth};
use plimsoll_risk::price::PRICE_MAX;
use plimsoll_risk::units::{Price, Ratio};
use proptest::prelude::*;

const E18: u128 = 1_000_000_000_000_000_000;

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

/// A tenth a day: 5 % after half a day.
#[test]
fn a_rate_grows_by_the_cap_and_no_faster() {
    let cap = Ratio::percent(10);
    let mut growth = Growth::start(price("2"), 1_000);
    assert_eq!(growth.take_down(price("3"), cap, 1_000), price("2"));
    assert_eq!(growth.take_down(price("3"), cap, 1_000 + GROWTH_PERIOD / 2), price("2.1"));
    assert_eq!(growth.take_down(price("2.05"), cap, 1_000 + GROWTH_PERIOD / 2), price("2.05"));
    assert_eq!(growth.take_down(price("3"), cap, 1_000 + GROWTH_PERIOD), price("2.2"));
    // A new period starts from there.
    assert_eq!(growth, Growth { base: price("2.2"), since: 1_000 + GROWTH_PERIOD, peak: price("2.2") });
}

/// One wrong answer of nothing doesn't lower the base, and neither does a fall within the day that it is in.
#[test]
fn a_fall_counts_at_once_and_lowers_the_base_after_a_whole_period() {
    let cap = Ratio::percent(1);
    let mut growth = Growth::start(price("1"), 0);
    assert_eq!(growth.take_down(Price::ZERO, cap, 60), Price::ZERO);
    assert_eq!(growth.take_down(price("1"), cap, 120), price("1"));
    assert_eq!(growth.take_down(price("0.5"), cap, GROWTH_PERIOD), price("0.5"));
    assert_eq!(growth.base, price("1"));
    assert_eq!(growth.take_down(price("0.5"), cap, 2 * GROWTH_PERIOD), price("0.5"));
    assert_eq!(growth.base, price("0.5"));
    assert_eq!(growth.take_down(price("1"), cap, 2 * GROWTH_PERIOD), price("0.5"));
}

#[test]
fn growth_out_of_range_is_held() {
    let growth = Growth::start(PRICE_MAX, 0);
    assert_eq!(growth.allowed_down(Ratio::ONE, u64::MAX), PRICE_MAX);
    assert_eq!(growth.allowed_down(Ratio::MAX, u64::MAX), PRICE_MAX);
    assert_eq!(Growth::start(Price::ZERO, 9).allowed_down(Ratio::MAX, 0), Price::ZERO);
}

proptest! {
    /// However rates are told and how often: what counts never exceeds the first rate compounded daily for all days
    /// that have begun, and never what was told.
    #[test]
    fn no_way_of_telling_grows_faster_than_the_cap(
        cap in 1u128..E18 / 2,
        told in prop::collection::vec((0u64..100_000, 0u128..5 * E18), 1..30),
    ) {
        let cap = Ratio::new(cap);
        let mut growth = Growth::start(Price::new(E18), 0);
        let mut now = 0;
        let mut most = E18;
        let mut since = 0;
        for (elapsed, rate) in told {
            now += elapsed;
            let counted = growth.take_down(Price::new(rate), cap, now);
            prop_assert!(counted.raw() <= rate);
            // The straight line from what the last period can have ended at.
            let grown = BigUint::from(most) * cap.raw() * (now - since) / (BigUint::from(E18) * GROWTH_PERIOD);
            let line = most + u128::try_from(grown).unwrap();
            prop_assert!(counted.raw() <= line + 1, "{counted} is above {line}");
            if now - since >= GROWTH_PERIOD {
                most = line + 1;
                since = now;
            }
        }
    }
}
