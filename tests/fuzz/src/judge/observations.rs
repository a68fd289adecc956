//! What sources observe: the median of votes, the averages on a pair. From the votes, the pair's counters and its reserves alone.

use plimsoll_oracle::listing::Seated;
use plimsoll_oracle::samples::Look;
use plimsoll_risk::price::PriceRecord;
use plimsoll_risk::twap::Sample;
use plimsoll_schema::oracle::{PairSource, Source};

use super::Case;
use crate::cast::PAIRS;
use crate::exact::{Exact, over};
use crate::op::Op;
use crate::said::price;
use crate::value::unit;
use crate::view::{Gathered, Priced};

pub fn judge(case: &Case) {
    if case.before.oracle != case.after.oracle {
        return;
    }
    for (denom, new) in &case.after.priced {
        live_answers_include_the_price_at_the_reserves(case, *denom, new);
        let Some(old) = case.before.priced.get(denom) else { continue };
        let (seated, gathered) = speaker(new);
        let now = case.after.now;
        match (&seated.source, case.op) {
            (Source::Feed { quorum, .. }, Op::Feed { .. }) => {
                let sender = case.effect().1;
                let voted = old.first != new.first || old.fallback != new.fallback;
                assert!(!voted || feeds(old, &sender), "{sender} is no feeder");
                if old.record == new.record {
                } else if valid(gathered, &new.record, now).len() >= usize::from(*quorum) {
                    is_the_median(now, &old.record, &new.record, gathered, usize::from(*quorum));
                    fallbacks_wait_their_turn(case, old, new);
                } else {
                    is_wider(&old.record, &new.record);
                }
            }
            (Source::Pair(source), Op::Publish { .. }) => {
                samples_are_a_quarter_of_the_window_apart(now, gathered, source);
                if old.record == new.record {
                } else if means(gathered, source).0.len() >= 4 {
                    is_the_average(&new.record, gathered, source);
                    assert_eq!(new.record.timestamp, now, "a pair's price is of now");
                    includes(case, *denom, source, gathered, &new.record);
                    fallbacks_wait_their_turn(case, old, new);
                } else {
                    is_wider(&old.record, &new.record);
                }
            }
            _ => {}
        }
    }
}

/// Less than an observation: a vote without a quorum, a pair that was not watched for long enough. It only widens what borrowing counts.
fn is_wider(a: &PriceRecord, b: &PriceRecord) {
    assert!(b.extremes.low <= a.extremes.low && b.extremes.high >= a.extremes.high, "extremes of {b:?} after {a:?}");
    assert!(PriceRecord { extremes: a.extremes, ..b.clone() } == *a, "{b:?} after {a:?}");
}

fn feeds(priced: &Priced, sender: &str) -> bool {
    let fallback = priced.listing.fallback.iter().map(|fallback| &fallback.seated);
    let named = |seated: &Seated| matches!(&seated.source, Source::Feed { feeders, .. } if feeders.iter().any(|feeder| feeder == sender));
    std::iter::once(&priced.listing.first).chain(fallback).any(named)
}

/// The source that spoke last, and what it has gathered.
fn speaker(priced: &Priced) -> (&Seated, &Gathered) {
    match &priced.listing.fallback {
        Some(fallback) if fallback.seated.generation == priced.record.generation => {
            (&fallback.seated, &priced.fallback)
        }
        _ => (&priced.listing.first, &priced.first),
    }
}

/// A fallback begins to speak once the last price is too old and nothing was observed for as long as it has to wait.
fn fallbacks_wait_their_turn(case: &Case, old: &Priced, new: &Priced) {
    let Some(fallback) = &new.listing.fallback else { return };
    let begins = new.record.generation == fallback.seated.generation && old.record.generation != new.record.generation;
    if begins {
        let silence = case.after.now - old.record.timestamp;
        let max_age = old.record.guards.max_age.expect("what is fixed has no fallback");
        assert!(silence > max_age.max(fallback.after), "a fallback spoke after {silence} s");
    }
}

/// The votes that are young enough, by time and price.
fn valid(gathered: &Gathered, record: &PriceRecord, now: u64) -> Vec<(u64, u128)> {
    let max_age = record.guards.max_age.expect("votes grow old");
    let votes = gathered.votes.iter().flatten().map(|vote| (vote.time, vote.price.raw()));
    votes.filter(|(time, _)| now - time <= max_age).collect()
}

/// A price that is published is the median of the votes that are young enough, at least a quorum; its time is that of the last that the quorum
/// needs. Borrowing counts each vote beside it that is newer by more than a step than the oldest of them.
fn is_the_median(now: u64, old: &PriceRecord, new: &PriceRecord, gathered: &Gathered, quorum: usize) {
    let valid = valid(gathered, new, now);
    let mut prices: Vec<u128> = valid.iter().map(|(_, price)| *price).collect();
    prices.sort_unstable();
    let median = (prices[(prices.len() - 1) / 2], prices[prices.len() / 2]);
    assert_eq!((new.raw.low.raw(), new.raw.high.raw()), median, "the median of {prices:?}");
    let mut times: Vec<u64> = valid.iter().map(|(time, _)| *time).collect();
    times.sort_unstable();
    let time = times[times.len() - quorum];
    let before = if old.awaiting && !old.was_observed() { 0 } else { old.timestamp };
    assert_eq!(new.timestamp, time.max(before), "the time of {times:?}");
    let newer = valid.iter().filter(|(time, _)| time - times[0] > new.guards.step_interval).map(|(_, price)| *price);
    let (low, high) = newer.fold(median, |(low, high), price| (low.min(price), high.max(price)));
    assert_eq!((new.extremes.low.raw(), new.extremes.high.raw()), (low, high), "the extremes of {valid:?}");
}

/// At most six, each at least a quarter of the window after the one before, and none of tomorrow.
fn samples_are_a_quarter_of_the_window_apart(now: u64, gathered: &Gathered, source: &PairSource) {
    let samples = &gathered.samples;
    assert!(samples.len() <= 6 && samples.last().is_none_or(|last| last.sample.time <= now), "samples {samples:?}");
    assert!(
        samples.windows(2).all(|two| (two[1].sample.time - two[0].sample.time) * 4 >= source.window),
        "samples {samples:?}"
    );
}

/// The harmonic and the arithmetic means over the last intervals between samples, at most five and none longer than half a window, in order.
fn means(gathered: &Gathered, source: &PairSource) -> (Vec<Exact>, Vec<Exact>) {
    let short = |two: &&[Look]| (two[1].sample.time - two[0].sample.time) * 2 <= source.window;
    let intervals = gathered.samples.windows(2).rev().take_while(short).take(5);
    let (mut harmonic, mut arithmetic): (Vec<Exact>, Vec<Exact>) =
        intervals.map(|two| mean(&two[0].sample, &two[1].sample, source)).unzip();
    harmonic.sort();
    arithmetic.sort();
    (harmonic, arithmetic)
}

/// The median of the harmonic means to that of the arithmetic means.
fn is_the_average(new: &PriceRecord, gathered: &Gathered, source: &PairSource) {
    let (harmonic, arithmetic) = means(gathered, source);
    let mut expected = [&harmonic[(harmonic.len() - 1) / 2], &arithmetic[arithmetic.len() / 2]];
    // What the pair's counters cut off may turn the two around.
    expected.sort();
    for (expected, actual) in expected.into_iter().zip([new.raw.low, new.raw.high]) {
        let actual = price(actual.raw());
        let slack = price(2) + &actual * &over(&[1], &[1_000_000_000_000]);
        assert!(
            *expected <= actual.clone() + slack.clone() && actual <= expected.clone() + slack,
            "{actual:?}, the average is {expected:?}"
        );
    }
}

/// One over the average of the inverse price, and the average of the price, in whole tokens per whole token.
fn mean(then: &Sample, now: &Sample, source: &PairSource) -> (Exact, Exact) {
    let seconds = now.time - then.time;
    let grown = |then: u128, now: u128| now.wrapping_sub(then);
    let forward = grown(then.forward.raw(), now.forward.raw());
    let backward = grown(then.backward.raw(), now.backward.raw());
    let [base, quote] = [source.decimals, source.quote_decimals].map(|decimals| 10u128.pow(u32::from(decimals)));
    let whole = u128::from(seconds) * 1_000_000;
    (over(&[whole, base], &[backward, quote]), over(&[forward, base], &[whole, quote]))
}

/// What a pair pays for the denom at its reserves, in whole tokens of its other one, and whether it holds enough of both.
fn spot(case: &Case, denom: usize, source: &PairSource) -> Option<(Exact, bool)> {
    let at = case.stage.pairs.iter().position(|pair| pair.as_str() == source.pair).expect("a pair of the stage");
    let [x, y] = case.after.pairs[at].record.0;
    let (base, quote) = if PAIRS[at].0 == denom { (x, y) } else { (y, x) };
    let other = crate::use_pool::place(&source.quote_denom);
    let thin = base < source.min_reserve.raw() || quote < source.min_quote_reserve.raw();
    (base > 0).then(|| (over(&[quote, unit(denom)], &[base, unit(other)]), thin))
}

/// The extremes of what a pair says include the price at its reserves, and the bounds where those are too small.
fn includes(case: &Case, denom: usize, source: &PairSource, gathered: &Gathered, record: &PriceRecord) {
    let Some((spot, thin)) = spot(case, denom, source) else { return };
    // A pair that was thin at a sample that is averaged stays so for that long.
    let thin = thin || gathered.samples.iter().skip(1).any(|look| look.was_thin);
    let (low, high) = (price(record.extremes.low.raw()), price(record.extremes.high.raw()));
    assert!(low <= spot.clone() + price(1) && high + price(1) >= spot, "{spot:?} is not in {:?}", record.extremes);
    let bounds = record.extremes.low <= record.guards.floor && record.extremes.high >= record.guards.ceiling;
    assert!(!thin || bounds, "a thin pair says {:?}", record.extremes);
}

/// Nobody borrows against an average that a crash has left behind.
fn live_answers_include_the_price_at_the_reserves(case: &Case, denom: usize, new: &Priced) {
    let (seated, gathered) = speaker(new);
    let (Source::Pair(source), Some(live)) = (&seated.source, &new.live) else { return };
    includes(case, denom, source, gathered, live);
    let said = &case.after.said[&denom];
    if let Some((spot, _)) = spot(case, denom, source).filter(|_| said.lends) {
        let inside = said.edges[0] <= spot.clone() + price(1) && said.edges[1].clone() + price(1) >= spot;
        assert!(inside, "{spot:?} is not between {:?}", said.edges);
    }
}
