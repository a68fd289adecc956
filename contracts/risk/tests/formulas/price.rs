//! The published price: what is observed counts at once for borrowing, and the settled price follows at limited speed,
//! held against a clockwork of plain integers that ticks each second.

#![allow(clippy::unwrap_used, reason = "a model that fails fails its test")]

use crate::model::{E18, Q, any128, ceil, config, fixed, floor, frac, magnitudes, q};
use num_bigint::BigInt;
use num_traits::One;
use plimsoll_risk::price::{
    Guards, GuardsError, Observation, PRICE_MAX, PRICE_MIN, PriceBand, PriceFault, PriceRecord, RECORD_VERSION, median,
};
use plimsoll_risk::units::{Price, Ratio};
use proptest::prelude::*;

fn guards(max_deviation: u128, step_interval: u64) -> Guards {
    Guards {
        max_age: Some(600),
        floor: Price::new(1),
        ceiling: PRICE_MAX,
        bound_hold: 0,
        max_deviation: Ratio::new(max_deviation),
        step_interval,
        age_spread: Ratio::percent(10),
    }
}

fn price(raw: u128) -> Price {
    Price::new(raw)
}

fn band(low: u128, high: u128) -> PriceBand {
    PriceBand { low: price(low), high: price(high) }
}

fn seen(low: u128, high: u128, time: u64) -> Observation {
    let raw = band(low, high);
    Observation { raw, extremes: raw, time }
}

/// A record that has settled at `at`, its present step begun at `now`.
fn settled(at: u128, guards: Guards, now: u64) -> PriceRecord {
    let mut record = PriceRecord::unpublished(0, None, 0, guards);
    record.observe(&seen(at, at, now), now, 0);
    record
}

/// The settled price by the rules, second for second.
struct Clockwork {
    guards: Guards,
    settled: BigInt,
    /// Seconds of the present step that have passed.
    passed: u64,
    raw: (u128, u128),
    observed_at: u64,
    /// Below the floor (−1) or above the ceiling (1) in every observation since then.
    beyond: Option<(i8, u64)>,
}

impl Clockwork {
    fn new((low, high): (u128, u128), guards: Guards, now: u64) -> Self {
        let mut new = Self { guards, settled: low.into(), passed: 0, raw: (low, high), observed_at: now, beyond: None };
        new.note_side(now);
        new
    }

    fn note_side(&mut self, now: u64) {
        let side = match self.raw {
            (_, high) if high < self.guards.floor.raw() => -1,
            (low, _) if low > self.guards.ceiling.raw() => 1,
            _ => 0,
        };
        self.beyond = match self.beyond {
            _ if side == 0 => None,
            Some((known, since)) if known == side => Some((known, since)),
            _ => Some((side, now)),
        };
    }

    /// The second that ends at `now`.
    fn tick(&mut self, now: u64) {
        if now > self.observed_at + self.guards.max_age.unwrap() {
            return;
        }
        self.passed += 1;
        if self.passed < self.guards.step_interval {
            return;
        }
        self.passed = 0;
        let held = self.beyond.is_some_and(|(_, since)| now - since < self.guards.bound_hold);
        let low = BigInt::from(self.raw.0);
        let high = BigInt::from(self.raw.1);
        let deviation = self.guards.max_deviation.raw();
        if self.settled > high {
            let bound = if held { self.guards.floor.raw() } else { 0 };
            let aim = high.max(bound.into()).min(self.settled.clone());
            self.settled = (&self.settled * (E18 - deviation) / E18).max(aim);
        } else if self.settled < low {
            let bound = if held { self.guards.ceiling.raw() } else { u128::MAX };
            let aim = low.min(bound.into()).max(self.settled.clone());
            self.settled = ((&self.settled * (E18 + deviation) + (E18 - 1)) / E18).min(aim);
        }
    }

    fn observe(&mut self, raw: (u128, u128), now: u64) {
        // The time in which nothing moved counts, but for a second: nothing moves at once after a silence.
        let silence = now.saturating_sub(self.observed_at + self.guards.max_age.unwrap());
        self.passed = (self.passed + silence).min(self.guards.step_interval - 1);
        self.raw = raw;
        self.observed_at = now;
        self.note_side(now);
    }
}

proptest! {
    #![proptest_config(config(400))]

    /// Observations at any times, with silences longer than the price lives, through both bounds.
    #[test]
    fn the_settled_price_goes_as_a_clockwork_does(
        deviation in magnitudes(E18 / 1_000, E18), interval in 1u64..200, hold in 0u64..600,
        first in magnitudes(1_000, 10u128.pow(24)),
        moves in prop::collection::vec((magnitudes(1_000, 10u128.pow(24)), 0u128..300, 1u64..900), 1..25),
    ) {
        let guards = Guards {
            bound_hold: hold,
            floor: price(10u128.pow(6)),
            ceiling: price(10u128.pow(21)),
            ..guards(deviation, interval)
        };
        let mut now = 5_000;
        let mut record = settled(first, guards.clone(), now);
        let mut clockwork = Clockwork::new((first, first), guards, now);
        for (low, wider, pause) in moves {
            for second in now + 1..=now + pause {
                clockwork.tick(second);
            }
            now += pause;
            prop_assert_eq!(BigInt::from(record.settled_at(now).raw()), clockwork.settled.clone());
            let high = low + low * wider / 1_000;
            record.observe(&seen(low, high, now), now, 0);
            clockwork.observe((low, high), now);
            prop_assert_eq!(BigInt::from(record.settled_at(now).raw()), clockwork.settled.clone());
        }
    }

    /// A stranger who publishes each second, or at whatever pace, moves the settled price exactly as far as one
    /// publication does.
    #[test]
    fn publishing_often_is_publishing_once(
        deviation in magnitudes(E18 / 1_000, E18), interval in 1u64..300, every in 1u64..120,
        from in magnitudes(1_000, 10u128.pow(24)), to in magnitudes(1_000, 10u128.pow(24)),
    ) {
        let guards = Guards { max_age: Some(7_200), ..guards(deviation, interval) };
        let once = {
            let mut record = settled(from, guards.clone(), 1_000);
            record.observe(&seen(to, to, 1_000), 1_000, 0);
            record
        };
        let mut often = once.clone();
        for now in (1_000..=4_600).step_by(usize::try_from(every).unwrap()) {
            often.observe(&seen(to, to, now), now, 0);
            prop_assert_eq!(often.settled_at(now), once.settled_at(now));
        }
        prop_assert_eq!(often.settled_at(4_600), once.settled_at(4_600));
    }

    /// A price that stood still for a day, published all the while or told by nobody, doesn't jump: the first step
    /// comes later than the observation, and within an interval.
    #[test]
    fn a_jump_after_a_quiet_day_moves_nothing_at_once_and_one_step_within_an_interval(
        deviation in magnitudes(E18 / 1_000, E18 / 2), interval in 1u64..300, every in 0u64..200,
        from in magnitudes(1_000_000, 10u128.pow(24)), factor in prop_oneof![Just(1u128), Just(100), Just(10_000)],
    ) {
        let mut record = settled(from, guards(deviation, interval), 1_000);
        let mut now = 1_000;
        while every > 0 && now + every < 87_400 {
            now += every;
            record.observe(&seen(from, from, now), now, 0);
        }
        let to = from * factor / 100;
        record.observe(&seen(to, to, 87_400), 87_400, 0);
        prop_assert_eq!(record.settled_at(87_400).raw(), from);
        let one_step = if to < from {
            floor(&(q(from) * fixed(E18 - deviation))).max(to.into())
        } else {
            ceil(&(q(from) * fixed(E18 + deviation))).min(to.into())
        };
        let settled = record.settled_at(87_400 + interval).raw();
        prop_assert_eq!(BigInt::from(settled), one_step);
    }

    /// However often and whatever is published, in a time the settled price moves by no more steps than intervals fit
    /// into it, and one.
    #[test]
    fn no_observations_hurry_the_settled_price(
        raws in prop::collection::vec(magnitudes(1, PRICE_MAX.raw()), 1..40), pause in 1u64..200, interval in 1u64..300,
    ) {
        let deviation = E18 / 10;
        let start = 10u128.pow(18);
        let mut record = settled(start, guards(deviation, interval), 1_000);
        let mut now = 1_000;
        let mut lowest = start;
        let mut highest = start;
        for raw in raws {
            now += pause;
            record.observe(&seen(raw, raw, now), now, 0);
            (lowest, highest) = (lowest.min(raw), highest.max(raw));
            let settled = record.settled_at(now).raw();
            let steps = i32::try_from((now - 1_000) / interval).unwrap();
            let most = (Q::one() + fixed(deviation)).pow(steps) * q(start) + q(steps) * q(E18);
            let least = (Q::one() - fixed(deviation)).pow(steps) * q(start) - q(steps);
            prop_assert!(q(settled) <= most && q(settled) >= least, "{settled} after {steps} steps");
            prop_assert!((lowest..=highest).contains(&settled), "{settled} was never between {lowest} and {highest}");
        }
    }

    /// Nothing makes the record panic, its time go back, or its edges miss what was said.
    #[test]
    fn any_observation_is_taken_in(
        raws in prop::collection::vec((any128(), any128(), any128(), any::<u64>(), any::<u64>()), 1..6),
        limits in (any128(), any128(), any128(), any128(), 0u64..4_000, 0u64..100_000, 0u64..4_000),
        asked in any::<u64>(),
    ) {
        let guards = Guards {
            max_age: Some(limits.5),
            floor: price(limits.0),
            ceiling: price(limits.1),
            bound_hold: limits.6,
            max_deviation: Ratio::new(limits.2),
            step_interval: limits.4,
            age_spread: Ratio::new(limits.3),
        };
        let _ = guards.validate();
        let mut record = PriceRecord::unpublished(1, None, 0, guards);
        for (one, other, extreme, time, now) in raws {
            let before = record.clone();
            let raw = PriceBand::between(price(one), price(other));
            record.observe(&Observation { raw, extremes: PriceBand::at(price(extreme)), time }, now, 0);
            prop_assert!(record.timestamp >= before.timestamp, "time never goes back");
            prop_assert!(record.timestamp <= now.max(before.timestamp), "nor beyond the clock");
            prop_assert_eq!(record.raw, raw);
            prop_assert_eq!(record.extremes, raw.including(PriceBand::at(price(extreme))));
            prop_assert!(record.raw.low >= PRICE_MIN && record.raw.high <= PRICE_MAX);
            prop_assert!(record.was_observed());
        }
        let _ = (record.settled_at(asked), record.fault(asked));
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
        raw in (any128(), any128(), any128(), any128(), any128()),
        times in (any::<u64>(), any::<u64>(), prop::option::of(any::<u64>()), any::<u64>(), any::<u64>()),
        quote in prop::option::of("[a-z]{1,20}"), awaiting in any::<bool>(),
        generation in any::<u32>(), version in any::<u8>(),
    ) {
        let record = PriceRecord {
            version,
            settled: price(raw.0),
            raw: band(raw.1, raw.2),
            extremes: band(raw.3, raw.4),
            timestamp: times.0,
            anchored_at: times.1,
            beyond_since: times.3,
            lost_seconds: times.4,
            awaiting,
            ..PriceRecord::unpublished(generation, quote, 600, Guards { max_age: times.2, ..guards(E18 / 7, 60) })
        };
        let stored = postcard::to_allocvec(&record).unwrap();
        prop_assert_eq!(&postcard::from_bytes::<PriceRecord>(&stored).unwrap(), &record);
        let json = serde_json::to_string(&record).unwrap();
        prop_assert_eq!(&serde_json::from_str::<PriceRecord>(&json).unwrap(), &record);
    }

    /// `⌈ln 0.5 / ln(1 − d)⌉` is the least `n` with `(1 − d)ⁿ ≤ 0.5`, by exact powers.
    #[test]
    fn halving_takes_the_least_number_of_steps_whose_power_is_a_half(
        deviation in E18 / 50..=E18, interval in 1u64..=3_600,
    ) {
        let kept = fixed(E18 - deviation);
        let steps = (1..).find(|n| kept.pow(*n) <= frac(1, 2)).unwrap();
        let seconds = u64::try_from(steps).unwrap() * interval;
        prop_assert_eq!(guards(deviation, interval).halving_seconds(u64::MAX), seconds);
        prop_assert_eq!(guards(deviation, interval).halving_seconds(seconds), seconds);
        prop_assert_eq!(guards(deviation, interval).halving_seconds(seconds - 1), u64::MAX);
    }
}

/// From 1 to 2 in steps of a tenth, an interval each: 1.1⁷ < 2 < 1.1⁸, so the eighth step arrives. Reading moves it,
/// not publishing.
#[test]
fn a_jump_is_followed_one_step_an_interval_in_memory() {
    let mut record = settled(E18, guards(E18 / 10, 60), 100);
    record.observe(&seen(2 * E18, 2 * E18, 100), 100, 0);
    let at = |steps: u64| record.settled_at(100 + 60 * steps).to_string();
    let expected = ["1", "1.1", "1.21", "1.331", "1.4641", "1.61051", "1.771561", "1.9487171", "2", "2"];
    assert_eq!((0..10).map(at).collect::<Vec<_>>(), expected);
    assert_eq!(record.settled_at(159).to_string(), "1");
}

/// Issue A.5: at 10 % a minute 4 was said once; the settled price went to 9 and stood there. It follows by itself, and
/// no further than the observation lives: 600 s are ten steps, 10 × 0.9⁸ = 4.30, so the ninth arrives.
#[test]
fn an_observation_is_followed_to_its_end_while_it_lives_and_no_longer() {
    let mut record = settled(10 * E18, guards(E18 / 10, 60), 1_000);
    record.observe(&seen(4 * E18, 4 * E18, 1_000), 1_000, 0);
    assert_eq!(record.settled_at(1_060), price(9 * E18));
    assert_eq!(record.settled_at(1_480).to_string(), "4.3046721");
    assert_eq!(record.settled_at(1_540), price(4 * E18));
    // Two steps, and then nobody says anything for five days: it stands where it stood at the end of its life.
    let short = PriceRecord { guards: Guards { max_age: Some(179), ..record.guards.clone() }, ..record };
    assert_eq!(short.settled_at(1_179), price(81 * E18 / 10));
    assert_eq!(short.settled_at(1_000 + 5 * 86_400), price(81 * E18 / 10));
}

#[test]
fn the_settled_price_goes_to_the_nearest_edge_and_not_at_all_inside() {
    let mut record = settled(10 * E18, guards(E18 / 10, 60), 1_000);
    record.observe(&seen(7 * E18, 95 * E18 / 10, 1_000), 1_000, 0);
    assert_eq!(record.settled_at(1_300), price(95 * E18 / 10));
    record.observe(&seen(2 * E18, 50 * E18, 1_300), 1_300, 0);
    assert_eq!(record.settled_at(1_900), price(95 * E18 / 10));
}

#[test]
fn without_an_interval_the_settled_price_is_there_at_once() {
    let mut record = settled(10 * E18, guards(E18, 0), 1_000);
    record.observe(&seen(2 * E18, 3 * E18, 1_000), 1_000, 0);
    assert_eq!(record.settled_at(1_000), price(3 * E18));
    record.observe(&seen(9 * E18, 9 * E18, 1_000), 1_000, 0);
    assert_eq!(record.settled_at(1_000), price(9 * E18));
}

/// The floor of 5 holds for 300 s from the first observation that lay wholly below it, and starts anew after one that
/// didn't.
#[test]
fn a_bound_holds_the_settled_price_only_for_its_time() {
    let guards = Guards { floor: price(5 * E18), ceiling: price(20 * E18), bound_hold: 300, ..guards(E18 / 2, 10) };
    let mut record = settled(10 * E18, guards.clone(), 1_000);
    let say = |record: &mut PriceRecord, low, high, now| record.observe(&seen(low, high, now), now, 0);
    say(&mut record, 2 * E18, 2 * E18, 1_000);
    for now in [1_010, 1_100, 1_299] {
        assert_eq!(record.settled_at(now), price(5 * E18), "at {now}");
    }
    assert_eq!(record.settled_at(1_300), price(25 * E18 / 10));
    // Said again and again in between changes nothing.
    let mut often = record.clone();
    for now in 1_001..1_300 {
        say(&mut often, 2 * E18, 2 * E18, now);
    }
    assert_eq!((often.settled_at(1_299), often.settled_at(1_300)), (price(5 * E18), price(25 * E18 / 10)));
    // One observation that reaches the bound starts the time anew.
    say(&mut record, 2 * E18, 5 * E18, 1_200);
    say(&mut record, 2 * E18, 2 * E18, 1_210);
    assert_eq!((record.settled_at(1_509), record.settled_at(1_510)), (price(5 * E18), price(25 * E18 / 10)));
    // The ceiling mirrors it: 10 to 20, held, then on by halves.
    let mut record = settled(10 * E18, guards.clone(), 1_000);
    say(&mut record, 90 * E18, 90 * E18, 1_000);
    assert_eq!((record.settled_at(1_299), record.settled_at(1_300)), (price(20 * E18), price(30 * E18)));
    // An hour at most: an observation beyond one bound after the other starts anew too.
    say(&mut record, 2 * E18, 2 * E18, 1_290);
    assert_eq!(record.settled_at(1_589), price(5 * E18));
}

#[test]
fn an_older_time_or_one_from_the_future_does_not_move_the_records_time_there() {
    let mut record = settled(5, guards(E18, 1), 500);
    record.observe(&seen(6, 6, 400), 520, 0);
    assert_eq!((record.raw, record.timestamp), (band(6, 6), 500));
    record.observe(&seen(6, 6, u64::MAX), 530, 0);
    assert_eq!(record.timestamp, 530);
    assert_eq!(record.fault(530 + 600), None);
    assert_eq!(record.fault(530 + 601), Some(PriceFault::Stale { age: 601, max_age: 600 }));
}

#[test]
fn a_record_that_is_newer_missing_or_stale_says_so_and_a_fixed_one_does_not_age() {
    let record = PriceRecord::unpublished(3, None, 0, guards(E18, 1));
    assert_eq!(record.fault(5), Some(PriceFault::Missing {}));
    let record = settled(5, guards(E18, 1), 5);
    assert_eq!(record.fault(605), None);
    assert_eq!(record.fault(606), Some(PriceFault::Stale { age: 601, max_age: 600 }));
    let newer = PriceRecord { version: RECORD_VERSION + 1, ..record.clone() };
    assert_eq!(newer.fault(5), Some(PriceFault::Version { version: RECORD_VERSION + 1 }));
    let fixed = settled(5, Guards { max_age: None, ..guards(E18, 1) }, 5);
    assert_eq!((fixed.fault(u64::MAX), fixed.settled_at(u64::MAX)), (None, price(5)));
}

#[test]
fn a_price_of_nothing_counts_as_the_least_and_one_beyond_all_as_the_most() {
    let told = PriceBand::between(Price::MAX, Price::ZERO);
    assert_eq!((told.low, told.high), (PRICE_MIN, PRICE_MAX));
    let mut record = settled(E18, guards(E18, 1), 5);
    record.observe(&Observation { raw: told, extremes: told, time: 6 }, 6, 0);
    assert_eq!(record.raw, told);
}

#[test]
fn a_part_of_an_observation_widens_the_edges_alone() {
    let mut record = settled(10, guards(E18, 1), 500);
    let before = record.clone();
    record.widen(PriceBand::at(price(3)));
    assert_eq!(record, PriceRecord { extremes: band(3, 10), ..before });
    record.observe(&seen(10, 10, 501), 501, 0);
    assert_eq!(record.extremes, band(10, 10));
}

/// 10 fell by two steps to 8.1 under the old source. The new one starts there, in its own unit, silent until it speaks.
#[test]
fn a_replaced_record_starts_from_the_settled_price_and_is_silent_until_it_is_observed() {
    let mut record = settled(10 * E18, guards(E18 / 10, 60), 1_000);
    record.observe(&seen(4 * E18, 4 * E18, 1_000), 1_000, 0);
    let rate = price(81 * E18 / 20);
    let new = Guards { max_age: Some(60), ..guards(E18 / 2, 30) };
    let mut next = record.replaced_by(7, Some("uusd".to_owned()), 600, new.clone(), rate, 1_130);
    assert_eq!((next.generation, next.window, next.quote.as_deref()), (7, 600, Some("uusd")));
    assert_eq!((next.fault(1_130), next.timestamp), (Some(PriceFault::Missing {}), 1_000));
    assert_eq!((next.settled_at(1_130), next.settled_at(9_999)), (rate, rate));
    assert_eq!((next.raw, next.extremes), (PriceBand::at(rate), PriceBand::at(rate)));
    next.observe(&seen(E18, E18, 1_140), 1_140, 0);
    assert_eq!((next.fault(1_140), next.settled_at(1_140)), (None, rate));
    assert_eq!(next.settled_at(1_160), price(81 * E18 / 40));
    // What never had a price leaves none behind.
    let empty = PriceRecord::unpublished(0, None, 0, guards(E18, 1)).replaced_by(1, None, 0, new.clone(), rate, 5);
    assert_eq!(empty, PriceRecord::unpublished(1, None, 0, new.clone()));
    // A price that doesn't age was of now.
    let fixed = settled(E18, Guards { max_age: None, ..guards(E18, 1) }, 1_000);
    assert_eq!(fixed.replaced_by(1, None, 0, new, rate, 90_000).timestamp, 90_000);
}

/// Under the old guards a step of a tenth a minute was due 50 s ago and is taken; the rest of the time that has passed
/// doesn't count toward the shorter steps of the new ones.
#[test]
fn other_guards_keep_the_price_and_give_no_step_for_the_time_before() {
    let mut record = settled(10 * E18, guards(E18 / 10, 60), 1_000);
    record.observe(&seen(4 * E18, 4 * E18, 1_000), 1_000, 0);
    let changed = record.clone().with_guards(guards(E18 / 2, 10), 1_110);
    assert_eq!((changed.settled, changed.raw, changed.timestamp), (price(9 * E18), record.raw, 1_000));
    assert_eq!((changed.settled_at(1_110), changed.fault(1_110)), (price(9 * E18), None));
    assert_eq!((changed.settled_at(1_111), changed.settled_at(1_121)), (price(45 * E18 / 10), price(4 * E18)));
    // The same speed goes on where it was.
    let same = record.clone().with_guards(Guards { max_age: Some(900), ..guards(E18 / 10, 60) }, 1_110);
    assert_eq!((same.anchored_at, same.settled_at(1_120)), (1_060, record.settled_at(1_120)));
    // A price that has long been silent doesn't wake up: it goes on as if it had been observed just now.
    let woken = record.with_guards(Guards { max_age: Some(86_400), ..guards(E18 / 10, 60) }, 9_000);
    assert_eq!(woken.settled_at(9_000), price(4 * E18));
}

/// The floor is raised above what is observed: from then on it holds, for its time.
#[test]
fn other_bounds_hold_from_the_time_they_are_set() {
    let mut record = settled(10 * E18, guards(E18 / 2, 10), 1_000);
    record.observe(&seen(2 * E18, 2 * E18, 1_000), 1_000, 0);
    let raised = record.with_guards(Guards { floor: price(4 * E18), bound_hold: 100, ..guards(E18 / 2, 10) }, 1_010);
    assert_eq!(raised.settled, price(5 * E18));
    assert_eq!((raised.settled_at(1_109), raised.settled_at(1_110)), (price(4 * E18), price(2 * E18)));
    let lowered = raised.with_guards(guards(E18 / 2, 10), 1_050);
    assert_eq!(lowered.settled_at(1_060), price(2 * E18));
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
        let expected = if good { Ok(()) } else { Err(GuardsError::BoundHold(seconds)) };
        assert_eq!(Guards { bound_hold: seconds, ..guards(E18, 0) }.validate(), expected);
    }
    let text = GuardsError::MaxAge(86_401).to_string() + &GuardsError::StepInterval(3_601).to_string();
    assert!(text.contains("max_age 86401") && text.contains("at most 86400"), "{text}");
    assert!(text.contains("step_interval 3601 must be at most 3600"), "{text}");
}

/// Rule 8's suggestions: 10 % each 10 s halves in 7 steps, 5 % each 15 s in 14.
#[test]
fn the_suggested_guards_halve_in_70_and_210_seconds() {
    assert_eq!(guards(E18 / 10, 10).halving_seconds(300), 70);
    assert_eq!(guards(E18 / 20, 15).halving_seconds(900), 210);
    assert_eq!(guards(E18 / 10, 60).halving_seconds(900), 420);
    assert_eq!((guards(E18, 60).halving_seconds(300), guards(E18, 0).halving_seconds(300)), (60, 0));
    assert_eq!(guards(1, 1).halving_seconds(86_400), u64::MAX);
}
