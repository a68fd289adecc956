//! Price guards: the mid steps, the edges include the raw price at once, time never goes back, and age widens.

mod model;

use model::{E18, any128, ceil, config, fixed, floor, frac, magnitudes, q};
use num_bigint::BigInt;
use num_traits::{One, ToPrimitive};
use plimsoll_risk::price::{
    Guards, GuardsError, Mark, PRICE_MAX, PriceFault, PriceRecord, Quote, RECORD_VERSION, median,
};
use plimsoll_risk::units::{Price, Ratio};
use proptest::prelude::*;

fn guards(max_deviation: u128, step_interval: u64) -> Guards {
    Guards {
        max_age: Some(600),
        floor: Price::new(1),
        ceiling: PRICE_MAX,
        max_deviation: Ratio::new(max_deviation),
        step_interval,
        age_spread: Ratio::percent(10),
    }
}

fn price(raw: u128) -> Price {
    Price::new(raw)
}

proptest! {
    #![proptest_config(config(1_500))]

    /// The mid stays within one deviation of where it stood when the present step began; a step begins with the first
    /// publication an interval or more after the last began.
    #[test]
    fn publications_step_as_the_plain_model_does(
        deviation in magnitudes(E18 / 1_000, E18),
        interval in 0u64..1_000,
        moves in prop::collection::vec((magnitudes(1_000, 10u128.pow(30)), 0u64..400, 0u64..2_000), 1..30),
    ) {
        let mut record = PriceRecord::unpublished(0, guards(deviation, interval));
        let (mut now, mut time, mut mid, mut anchor, mut began) = (5_000, 0, None, 0, 0);
        for (raw, pause, age) in moves {
            now += pause;
            record.publish(price(raw), now - age, now).unwrap();
            time = time.max(now - age);
            let stood = mid.unwrap_or(raw);
            if mid.is_none() || now - began >= interval {
                (anchor, began) = (stood, now);
            }
            let (down, up) = (fixed(E18 - deviation) * q(anchor), fixed(E18 + deviation) * q(anchor));
            let (lowest, highest) = (ceil(&down).to_u128().unwrap(), floor(&up).to_u128().unwrap());
            let expected = raw.max(lowest).min(highest);
            mid = Some(expected);
            prop_assert_eq!(record.price.raw(), expected);
            prop_assert_eq!((record.low.raw(), record.high.raw()), (expected.min(raw), expected.max(raw)));
            prop_assert_eq!((record.anchor.raw(), record.anchored_at, record.timestamp), (anchor, began, time));
        }
    }

    /// However often it is published, in `n` whole intervals the mid moves by at most `n + 1` steps.
    #[test]
    fn publishing_often_does_not_hurry_the_mid(
        raws in prop::collection::vec(magnitudes(1, PRICE_MAX.raw()), 1..40), pauses in 1u64..200, interval in 1u64..300,
    ) {
        let deviation = E18 / 10;
        let mut record = PriceRecord::unpublished(0, guards(deviation, interval));
        let start = 10u128.pow(18);
        record.publish(price(start), 1_000, 1_000).unwrap();
        let mut now = 1_000;
        for raw in raws {
            now += pauses;
            record.publish(price(raw), now, now).unwrap();
            let steps = i32::try_from((now - 1_000) / interval).unwrap() + 1;
            let most = (model::Q::one() + fixed(deviation)).pow(steps) * q(start);
            let least = (model::Q::one() - fixed(deviation)).pow(steps) * q(start);
            prop_assert!(q(record.price.raw()) <= most && q(record.price.raw()) >= least);
        }
    }

    #[test]
    fn any_publication_answers_or_errs_without_a_panic(
        raws in prop::collection::vec((any128(), any::<u64>(), any::<u64>()), 1..6),
        limits in (any128(), any128(), any128(), any128(), any::<u64>(), prop::option::of(any::<u64>())),
        asked in any::<u64>(),
    ) {
        let guards = Guards {
            max_age: limits.5,
            floor: price(limits.0),
            ceiling: price(limits.1),
            max_deviation: Ratio::new(limits.2),
            step_interval: limits.4,
            age_spread: Ratio::new(limits.3),
        };
        let _ = guards.validate();
        let mut record = PriceRecord::unpublished(1, guards);
        for (raw, timestamp, now) in raws {
            let before = record.clone();
            match record.publish(price(raw), timestamp, now) {
                Ok(()) => {
                    prop_assert!(record.timestamp >= before.timestamp, "time never goes back");
                    prop_assert!(record.timestamp <= now.max(before.timestamp), "nor beyond the clock");
                    prop_assert!(record.low <= record.price && record.price <= record.high);
                    prop_assert!(record.low <= price(raw) && price(raw) <= record.high);
                }
                Err(_) => prop_assert_eq!(&record, &before),
            }
            let mark = record.mark(asked);
            let _ = (mark.collateral(), mark.debt());
        }
    }

    #[test]
    fn a_quote_widens_with_age_as_the_closed_form_says(
        mid in magnitudes(1_000, 10u128.pow(30)), below in 0u128..500, above in 0u128..500,
        spread in 0..E18, max_age in 1u64..100_000, age in 0u64..110_000,
    ) {
        let (low, high) = (mid - mid * below / 1_000, mid + mid * above / 1_000);
        let guards = Guards { max_age: Some(max_age), age_spread: Ratio::new(spread), ..guards(E18, 1) };
        let mut record = PriceRecord::unpublished(0, guards);
        (record.price, record.low, record.high, record.timestamp) = (price(mid), price(low), price(high), 7);
        let got = record.quote(7 + age);
        if age > max_age {
            prop_assert_eq!(got, Err(PriceFault::Stale { age, max_age }));
            return Ok(());
        }
        let widened = q(ceil(&(q(spread) * frac(age, max_age)))) / q(E18);
        let one = model::Q::one;
        let low = floor(&(q(low) * (one() - &widened)));
        let high = ceil(&(q(high) * (one() + &widened)));
        let quote = got.unwrap();
        prop_assert_eq!((BigInt::from(quote.low.raw()), BigInt::from(quote.high.raw())), (low, high));
        prop_assert_eq!(quote.mid, price(mid));
        prop_assert!(quote.low <= quote.mid && quote.mid <= quote.high);
    }

    #[test]
    fn the_median_is_the_middle_or_lies_between_the_middle_two(prices in prop::collection::vec(any128(), 0..9)) {
        let got = median(prices.iter().copied().map(Price::new).collect());
        // As many are below as above: count, rather than sort.
        let rank = |n: u128| (prices.iter().filter(|p| **p < n).count(), prices.iter().filter(|p| **p <= n).count());
        let nth = |n: usize| prices.iter().copied().find(|p| rank(*p).0 <= n && n < rank(*p).1);
        let len = prices.len();
        let expected = match (nth(len / 2), len % 2) {
            (Some(middle), 1) => Some((middle, middle)),
            (Some(upper), _) => nth(len / 2 - 1).map(|lower| (lower, upper)),
            (None, _) => None,
        };
        prop_assert_eq!(got.map(|(lower, upper)| (lower.raw(), upper.raw())), expected);
    }

    #[test]
    fn a_record_reads_back_what_it_writes(
        raw in (any128(), any128(), any128(), any128()),
        times in (any::<u64>(), any::<u64>(), prop::option::of(any::<u64>())),
        generation in any::<u32>(),
        version in any::<u8>(),
    ) {
        let record = PriceRecord {
            version,
            price: price(raw.0),
            low: price(raw.1),
            high: price(raw.2),
            anchor: price(raw.3),
            timestamp: times.0,
            anchored_at: times.1,
            ..PriceRecord::unpublished(generation, Guards { max_age: times.2, ..guards(E18 / 7, 60) })
        };
        let stored = postcard::to_allocvec(&record).unwrap();
        prop_assert_eq!(&postcard::from_bytes::<PriceRecord>(&stored).unwrap(), &record);
        let json = serde_json::to_string(&record).unwrap();
        prop_assert_eq!(&serde_json::from_str::<PriceRecord>(&json).unwrap(), &record);
    }
}

/// From 1 to 2 in steps of a tenth: 1.1⁷ < 2 < 1.1⁸, so the eighth step arrives. The high edge is there at once.
#[test]
fn a_move_beyond_the_deviation_is_followed_one_step_an_interval() {
    let mut record = PriceRecord::unpublished(0, guards(E18 / 10, 60));
    record.publish(price(E18), 100, 100).unwrap();
    let mut prices = vec![];
    for step in 0..8 {
        // The present step has room for one move; publishing again within it gains nothing.
        let now = 101 + 60 * step;
        record.publish(price(2 * E18), now, now).unwrap();
        record.publish(price(2 * E18), now, now).unwrap();
        assert_eq!((record.low, record.high), (record.price, price(2 * E18)));
        prices.push(record.price.to_string());
    }
    let expected = ["1.1", "1.21", "1.331", "1.4641", "1.61051", "1.771561", "1.9487171", "2"];
    assert_eq!(prices, expected);
}

#[test]
fn a_crash_is_followed_down_and_the_low_edge_is_there_at_once() {
    let mut record = PriceRecord::unpublished(0, guards(E18 / 10, 60));
    record.publish(price(E18), 100, 100).unwrap();
    record.publish(price(E18 / 2), 160, 160).unwrap();
    let quote = record.quote(160).unwrap();
    assert_eq!(quote, Quote { mid: price(E18 / 10 * 9), low: price(E18 / 2), high: price(E18 / 10 * 9) });
}

#[test]
fn a_raw_price_outside_the_hard_bounds_is_refused_and_changes_nothing() {
    let (floor, ceiling) = (price(10), price(20));
    let mut record = PriceRecord::unpublished(0, Guards { floor, ceiling, ..guards(E18, 0) });
    for raw in [9, 21] {
        let fault = PriceFault::OutOfBounds { price: price(raw), floor, ceiling };
        assert_eq!(record.publish(price(raw), 5, 5), Err(fault));
        assert_eq!(record.quote(5), Err(PriceFault::Missing {}));
    }
    record.publish(floor, 5, 5).unwrap();
    record.publish(ceiling, 6, 6).unwrap();
    assert_eq!(record.price, ceiling);
}

#[test]
fn an_older_time_or_one_from_the_future_does_not_move_the_records_time_there() {
    let mut record = PriceRecord::unpublished(0, guards(E18, 0));
    record.publish(price(5), 500, 510).unwrap();
    record.publish(price(6), 400, 520).unwrap();
    assert_eq!((record.price, record.timestamp), (price(6), 500));
    record.publish(price(6), u64::MAX, 530).unwrap();
    assert_eq!(record.timestamp, 530);
    assert_eq!(record.quote(530 + 601), Err(PriceFault::Stale { age: 601, max_age: 600 }));
}

#[test]
fn a_record_that_is_newer_missing_out_of_bounds_or_stale_says_so() {
    let mut record = PriceRecord::unpublished(3, guards(E18, 0));
    assert_eq!(record.quote(5), Err(PriceFault::Missing {}));
    record.publish(price(5), 5, 5).unwrap();
    assert_eq!(record.quote(605).map(|q| q.mid), Ok(price(5)));
    assert_eq!(record.quote(606), Err(PriceFault::Stale { age: 601, max_age: 600 }));
    for (floor, ceiling) in [(price(6), price(9)), (price(1), price(4))] {
        let outside = PriceRecord { guards: Guards { floor, ceiling, ..guards(E18, 0) }, ..record.clone() };
        assert_eq!(outside.quote(5), Err(PriceFault::OutOfBounds { price: price(5), floor, ceiling }));
    }
    let newer = PriceRecord { version: RECORD_VERSION + 1, ..record };
    assert_eq!(newer.quote(5), Err(PriceFault::Version { version: 2 }));
}

#[test]
fn a_fixed_price_does_not_age() {
    let mut record = PriceRecord::unpublished(0, Guards { max_age: None, ..guards(E18, 0) });
    record.publish(price(E18), 5, 5).unwrap();
    let one = price(E18);
    assert_eq!(record.quote(u64::MAX), Ok(Quote { mid: one, low: one, high: one }));
}

#[test]
fn a_failing_price_counts_at_the_bound_that_favours_the_account() {
    let mut record = PriceRecord::unpublished(0, Guards { floor: price(10), ceiling: price(20), ..guards(E18, 0) });
    assert_eq!((record.mark(5).collateral(), record.mark(5).debt()), (price(20), price(10)));
    record.publish(price(15), 5, 5).unwrap();
    assert_eq!((record.mark(5).collateral(), record.mark(5).debt()), (price(15), price(15)));
    assert_eq!((record.mark(9_999).collateral(), record.mark(9_999).debt()), (price(20), price(10)));
    assert_eq!((Mark::unknown().collateral(), Mark::unknown().debt()), (PRICE_MAX, Price::ZERO));
}

#[test]
fn guards_out_of_range_are_refused() {
    assert_eq!(guards(E18, 0).validate(), Ok(()));
    let bounds = |floor, ceiling| Guards { floor: price(floor), ceiling: price(ceiling), ..guards(E18, 0) }.validate();
    assert_eq!(bounds(7, 7), Ok(()));
    for (floor, ceiling) in [(0, 9), (9, 8), (1, PRICE_MAX.raw() + 1)] {
        let refused = GuardsError::Bounds { floor: price(floor), ceiling: price(ceiling) };
        assert_eq!(bounds(floor, ceiling), Err(refused));
    }
    for deviation in [0, E18 + 1] {
        assert_eq!(guards(deviation, 0).validate(), Err(GuardsError::MaxDeviation(Ratio::new(deviation))));
    }
    let spread = |age_spread| Guards { age_spread, ..guards(E18, 0) }.validate();
    assert_eq!(spread(Ratio::new(E18 - 1)), Ok(()));
    assert_eq!(spread(Ratio::ONE), Err(GuardsError::AgeSpread(Ratio::ONE)));
    for (max_age, good) in [(0, false), (1, true), (86_400, true), (86_401, false), (u64::MAX, false)] {
        let expected = if good { Ok(()) } else { Err(GuardsError::MaxAge(max_age)) };
        assert_eq!(Guards { max_age: Some(max_age), ..guards(E18, 0) }.validate(), expected);
    }
    for (seconds, good) in [(0, true), (3_600, true), (3_601, false), (u64::MAX, false)] {
        let expected = if good { Ok(()) } else { Err(GuardsError::StepInterval(seconds)) };
        assert_eq!(guards(E18, seconds).validate(), expected);
    }
    let text = GuardsError::MaxAge(86_401).to_string() + &GuardsError::StepInterval(3_601).to_string();
    assert!(text.contains("max_age 86401") && text.contains("at most 86400"), "{text}");
    assert!(text.contains("step_interval 3601 must be at most 3600"), "{text}");
}
