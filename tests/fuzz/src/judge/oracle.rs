//! The laws of records and sources.

use std::collections::BTreeMap;

use plimsoll_oracle::listing::Listing;
use plimsoll_risk::price::{Guards, PriceRecord};
use plimsoll_schema::oracle::Source;

use super::Case;
use crate::exact::{Exact, ONE, over, whole};
use crate::op::Op;
use crate::said::{Said, is_silent, lost, price, settled, steps};
use crate::view::Priced;

const WEEK: u64 = 7 * 86_400;

/// From where each settled price is watched, by oracle and denom.
#[derive(Default)]
pub struct Speed(BTreeMap<(usize, usize), Watched>);

/// A settled price, and what it was told by.
struct Watched {
    since: u64,
    /// The time of the last observation.
    heard: u64,
    settled: Exact,
    /// The record's own settled price, which is rounded, and the steps that were made from it.
    stored: Exact,
    steps: u64,
    generation: u32,
    guards: Guards,
}

pub fn judge(case: &Case, speed: &mut Speed) {
    settled_prices_are_no_faster_than_their_guards(case, speed);
    if case.before.oracle != case.after.oracle {
        return;
    }
    for (denom, new) in &case.after.priced {
        bands_are_in_order(&new.record);
        let Some(old) = case.before.priced.get(denom) else { continue };
        sources_change_with_notice(case, old, new);
        fallbacks_change_with_notice(case, &old.listing, &new.listing);
        if old.record != new.record {
            records_change_by_the_rules(case, *denom, old, new);
        }
    }
}

fn bands_are_in_order(record: &PriceRecord) {
    let (raw, extremes) = (record.raw, record.extremes);
    if record.was_observed() {
        assert!(raw.low <= raw.high && extremes.low <= raw.low && raw.high <= extremes.high, "bands of {record:?}");
    }
}

/// Whatever happens, and however often it is published: a settled price moves by no more steps than there are intervals, and one for what
/// was begun before.
fn settled_prices_are_no_faster_than_their_guards(case: &Case, speed: &mut Speed) {
    for (denom, priced) in &case.after.priced {
        let record = &priced.record;
        let interval = record.guards.step_interval;
        if interval == 0 || !record.was_observed() {
            // What comes after a time without a limit is no step from what was before it: a fallback may set none.
            speed.0.remove(&(case.after.oracle, *denom));
            continue;
        }
        let (now, here) = (case.after.now, &case.after.said[denom].settled);
        let fresh = || Watched {
            since: now,
            heard: record.timestamp,
            settled: here.clone(),
            stored: price(record.settled.raw()),
            steps: steps(record, now),
            generation: record.generation,
            guards: record.guards.clone(),
        };
        let from = speed.0.entry((case.after.oracle, *denom)).or_insert_with(fresh);
        let most = (now - from.since) / interval + 1;
        let is_another = from.generation != record.generation || from.guards != record.guards;
        if is_another || most > 30 || a_fallback_may_have_spoken(priced, from.heard, now) {
            *from = fresh();
            continue;
        }
        from.heard = record.timestamp;
        let power = |share: u128| (0..most).fold(from.settled.clone(), |price, _| &price * &over(&[share], &[ONE]));
        let deviation = record.guards.max_deviation.raw();
        let (least, most_due) = (power(ONE - deviation), power(ONE + deviation));
        // Each step rounds by up to a base unit, which the steps after it multiply: in sum no more than the steps' share of the lowest price.
        let lowest = from.stored.clone().min(here.clone()).max(price(1));
        let roundings = &price(u128::from(from.steps + most) + 1) * &here.over(&lowest).expect("it isn't zero");
        assert!(
            here.clone() + roundings.clone() >= least && *here <= most_due + roundings,
            "{denom} went from {:?} to {here:?} since {}",
            from.settled,
            from.since
        );
    }
}

/// Whether there was a silence since `heard` in which a fallback could speak, by its own guards, and the first source after it: both come to
/// pass within one operation that takes several blocks.
fn a_fallback_may_have_spoken(priced: &Priced, heard: u64, now: u64) -> bool {
    let max_age = priced.record.guards.max_age.unwrap_or(u64::MAX);
    priced.listing.fallback.as_ref().is_some_and(|fallback| now - heard > max_age.max(fallback.after))
}

/// The settled price is brought up to now under the last observation, and the time of its step goes on; the new observation moves nothing yet.
fn records_change_by_the_rules(case: &Case, denom: usize, old: &Priced, new: &Priced) {
    let (name, _) = case.effect();
    let observes = case.is_called() || matches!(name.as_str(), "oracle.feed" | "oracle.publish" | "time");
    let governs = [
        "oracle.set_source",
        "oracle.apply_source",
        "oracle.remove_fallback",
        "oracle.set_fallback",
        "oracle.apply_fallback",
    ];
    assert!(observes || governs.contains(&name.as_str()), "a record was changed by {name}");
    let (a, b, now) = (&old.record, &new.record, case.after.now);
    assert!(b.timestamp >= a.timestamp && b.timestamp <= now, "a time went from {} to {}", a.timestamp, b.timestamp);
    // What takes several blocks, and what comes twice in a block, is no single observation.
    if !matches!(case.op, Op::Feed { .. } | Op::Publish { .. }) || a.generation != b.generation || !a.was_observed() {
        return;
    }
    if (PriceRecord { extremes: a.extremes, ..b.clone() }) != *a {
        assert_settled(a, b, now);
        let interval = a.guards.step_interval;
        let ended = a.anchored_at + steps(a, now) * interval;
        let anchored_at = if interval == 0 { b.anchored_at } else { ended.max(now - (interval - 1)) };
        assert_eq!(b.anchored_at, anchored_at, "the step of {denom} began at {}", b.anchored_at);
        assert_eq!(b.lost_seconds, lost(&case.after.heartbeat, now), "lost seconds of {denom}");
        assert_eq!(b.beyond_since, beyond_since(a, b, now), "since when {denom} is beyond its bounds");
        assert!(!b.awaiting, "{denom} waits for what came");
    }
}

fn assert_settled(a: &PriceRecord, b: &PriceRecord, now: u64) {
    let (expected, actual) = (settled(a, now), price(b.settled.raw()));
    // Each step rounds by up to a base unit, which the steps after it multiply.
    let lowest = price(a.settled.raw()).min(expected.clone()).max(price(1));
    let grown = expected.clone().max(price(1)).over(&lowest).expect("it isn't zero");
    let slack = &price(u128::from(steps(a, now)) + 1) * &grown;
    let near = actual <= expected.clone() + slack.clone() && expected <= actual + slack;
    assert!(near, "settled at {} after {a:?}, {expected:?} was due", b.settled);
}

/// Since when all of what was observed lies beyond the same bound.
fn beyond_since(a: &PriceRecord, b: &PriceRecord, now: u64) -> u64 {
    let side =
        |record: &PriceRecord, guards: &Guards| (record.raw.high < guards.floor, record.raw.low > guards.ceiling);
    match side(b, &b.guards) {
        (false, false) => 0,
        beyond if a.beyond_since > 0 && beyond == side(a, &a.guards) => a.beyond_since,
        _ => now,
    }
}

/// A source and its guards are replaced by the owner alone: as announced, after the delay and within a week from then, or at once where the
/// oracle has no delay. The settled price goes along, and the new source is silent until it is heard.
fn sources_change_with_notice(case: &Case, old: &Priced, new: &Priced) {
    let (a, b, now) = (&old.listing, &new.listing, case.after.now);
    let delay = case.before.oracle_config.source_delay;
    let (name, sender) = case.effect();
    let by_owner = case.before.oracle_config.ownership.owner == sender;
    if a.first != b.first {
        assert!(by_owner, "a source was replaced by {sender}");
        match name.as_str() {
            "oracle.apply_source" => {
                let pending = a.pending.as_ref().expect("nothing waited");
                assert!(pending.effective_at <= now, "a source took force before its time");
                assert!(now <= pending.effective_at + WEEK, "a source took force after it had lapsed");
                assert!(pending.source == b.first.source && pending.guards == b.first.guards, "another source waited");
            }
            "oracle.set_source" => assert_eq!(delay, 0, "a source took force unannounced"),
            name => panic!("a source was replaced by {name}"),
        }
        assert!(b.pending.is_none(), "what took force waits on");
        if a.first.source == b.first.source {
            assert_eq!(a.first.generation, b.first.generation, "the same source is another");
        } else {
            assert!(b.first.generation > a.generation, "a generation was given out twice");
            goes_on_from_where_it_was(case, old, new);
        }
    }
    if let Some(pending) = b.pending.as_ref().filter(|_| b.pending != a.pending) {
        assert!(by_owner && name == "oracle.set_source", "a source was announced by {sender} in {name}");
        assert_eq!(pending.effective_at, now + delay, "a source was announced without its delay");
    }
    assert!(b.pending.is_some() || a.pending.is_none() || by_owner, "an announced source was dropped by {sender}");
}

/// The settled price in the quote currency is what it was, and nothing is lent by it until it is observed.
fn goes_on_from_where_it_was(case: &Case, old: &Priced, new: &Priced) {
    let fixed = matches!(new.listing.first.source, Source::Fixed { .. });
    assert!(fixed || is_silent(&new.record, case.after.now), "a new source speaks at once");
    if !old.record.was_observed() || !new.record.was_observed() || fixed {
        return;
    }
    let worth = |said: &BTreeMap<usize, Said>, record: &PriceRecord| {
        let quote = record.quote.as_deref().map(|quote| said[&crate::use_pool::place(quote)].settled.clone());
        &settled(record, case.after.now) * &quote.unwrap_or(whole(1))
    };
    let (a, b) = (worth(&case.before.said, &old.record), worth(&case.after.said, &new.record));
    let slack = &a * &over(&[1], &[1_000_000]) + price(4);
    assert!(a.clone() <= b.clone() + slack.clone() && b <= a.clone() + slack, "{a:?} became {b:?}");
}

/// A fallback stands by the owner's word, as announced or at once; the owner and the guardian remove it. It speaks when the first source has
/// been silent for long enough.
fn fallbacks_change_with_notice(case: &Case, a: &Listing, b: &Listing) {
    if a.fallback == b.fallback && a.pending_fallback == b.pending_fallback {
        return;
    }
    let (name, sender) = case.effect();
    let (config, now) = (&case.before.oracle_config, case.after.now);
    let by_owner = config.ownership.owner == sender;
    match name.as_str() {
        "oracle.set_fallback" if config.source_delay > 0 => {
            assert!(by_owner && a.fallback == b.fallback, "a fallback stood unannounced");
            let pending = b.pending_fallback.as_ref().expect("it is announced");
            assert_eq!(pending.effective_at, now + config.source_delay, "a fallback without its delay");
        }
        "oracle.set_fallback" => assert!(by_owner && b.pending_fallback.is_none(), "a fallback by {sender}"),
        "oracle.apply_fallback" => {
            let pending = a.pending_fallback.as_ref().expect("nothing waited");
            assert!(by_owner, "a fallback by {sender}");
            assert!(pending.effective_at <= now && now <= pending.effective_at + WEEK, "a fallback out of its time");
            let stands = b.fallback.as_ref().expect("it stands");
            let same = stands.seated.source == pending.fallback.source && stands.after == pending.fallback.after;
            assert!(same && stands.seated.generation > a.generation, "another fallback waited");
        }
        "oracle.remove_fallback" => {
            assert!(by_owner || config.guardian.as_deref() == Some(&sender), "a fallback was removed by {sender}");
            assert!(b.fallback.is_none() && b.pending_fallback.is_none(), "a fallback stayed");
        }
        name => panic!("a fallback was changed by {name}"),
    }
}
