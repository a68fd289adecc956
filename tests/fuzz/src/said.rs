//! What a denom's price record says at one moment: a model of its own, from the definitions alone.

use plimsoll_risk::heartbeat::{HaltGrace, Heartbeat};
use plimsoll_risk::price::PriceRecord;

use crate::exact::{Exact, ONE, over, whole};

/// Seconds for which a silent collateral counts in full, and then those over which it falls to nothing.
const DECLINE: (u64, u64) = (86_400, 7 * 86_400);
/// The least seconds from one grace to the next.
const GRACE_REST: u64 = 86_400;

/// A record at one moment. Prices are in the record's own quote, per whole token.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The denom in which it is quoted; none for the quote currency.
    pub quote: Option<String>,
    /// The settled price.
    pub settled: Exact,
    /// The edge of the last observation that is nearest to the settled price; that itself inside it.
    pub nearest: Exact,
    /// What liquidation counts: a debt, a collateral.
    pub counted: [Exact; 2],
    /// What borrowing counts: a collateral, a debt.
    pub edges: [Exact; 2],
    /// Whether the last observation is too old, or there is none.
    pub silent: bool,
    /// Whether anything is lent by it: it is not silent, and its live source answers.
    pub lends: bool,
    /// Whether anything is seized or repaid by it: it is not silent, and a live one was published just now.
    pub exchanges: bool,
    /// The share of a collateral that still counts.
    pub remaining: Exact,
    /// Whether health can't be bought with it: liquidation counts more than a deviation above what is lent against.
    pub ahead: bool,
}

/// What a source on the chain answers when it is asked; none of a denom whose source is fed.
pub enum Live<'a> {
    /// Nobody is to be asked.
    Fed,
    /// A price, or none.
    Asked(Option<&'a PriceRecord>),
}

impl Said {
    /// What the record says at `now`.
    pub fn of(record: &PriceRecord, live: &Live, heartbeat: &Heartbeat, now: u64) -> Self {
        let settled = settled(record, now);
        let [low, high] = [price(record.raw.low.raw()), price(record.raw.high.raw())];
        let silent = is_silent(record, now);
        let deviation = record.guards.max_deviation.raw();
        let mut counted = [settled.clone().min(high.clone()), settled.clone().max(low.clone())];
        let mut edges = edges(record, &settled, now);
        let mut lends = !silent;
        if silent {
            let [up, down] = [ONE + deviation, ONE - deviation].map(|share| &settled * &over(&[share], &[ONE]));
            counted[0] = counted[0].clone().max(down);
            counted[1] = counted[1].clone().min(up);
        } else if let Live::Asked(answer) = live {
            match answer.filter(|answer| !is_silent(answer, now)) {
                None => lends = false,
                Some(answer) => {
                    let asked = self::edges(answer, &self::settled(answer, now), now);
                    edges = [edges[0].clone().min(asked[0].clone()), edges[1].clone().max(asked[1].clone())];
                }
            }
        }
        let age = now.saturating_sub(record.timestamp);
        let reached = &counted[1] * &over(&[ONE - deviation], &[ONE]);
        Self {
            quote: record.quote.clone(),
            nearest: settled.clone().max(low).min(high),
            silent,
            lends,
            exchanges: !silent && (record.window == 0 || age * 4 <= record.window.next_multiple_of(4)),
            remaining: if silent { remaining(record, heartbeat, now) } else { whole(1) },
            ahead: !lends || edges[0] < reached,
            settled,
            counted,
            edges,
        }
    }
}

/// A price of 18 decimals.
pub fn price(raw: u128) -> Exact {
    over(&[raw], &[ONE])
}

/// Whether nothing was ever observed, or not for too long.
pub fn is_silent(record: &PriceRecord, now: u64) -> bool {
    let age = now.saturating_sub(record.timestamp);
    record.awaiting || record.settled.is_zero() || record.guards.max_age.is_some_and(|max_age| age > max_age)
}

/// How many whole steps the settled price has had by `now` since it was written: none while the record is silent.
pub fn steps(record: &PriceRecord, now: u64) -> u64 {
    let until = record.guards.max_age.map_or(now, |max_age| now.min(record.timestamp + max_age));
    until.saturating_sub(record.anchored_at).checked_div(record.guards.step_interval).unwrap_or_default()
}

/// The settled price: that of the record, a step an interval toward the nearest edge of the last observation. Each step is exact.
pub fn settled(record: &PriceRecord, now: u64) -> Exact {
    let guards = &record.guards;
    let mut settled = price(record.settled.raw());
    if guards.step_interval == 0 {
        let until = guards.max_age.map_or(now, |max_age| now.min(record.timestamp + max_age));
        return heading(record, &settled, until);
    }
    let [down, up] = [ONE - guards.max_deviation.raw(), ONE + guards.max_deviation.raw()].map(price);
    for step in 1..=steps(record, now) {
        let at = record.anchored_at + step * guards.step_interval;
        let to = heading(record, &settled, at);
        if to == settled && !is_held(record, at) {
            break;
        }
        settled = if to < settled { (&settled * &down).max(to) } else { (&settled * &up).min(to) };
    }
    settled
}

/// Where the settled price goes at this time: to the nearest edge of the last observation, and while a bound holds it no further than there.
fn heading(record: &PriceRecord, settled: &Exact, at: u64) -> Exact {
    let [low, high] = [price(record.raw.low.raw()), price(record.raw.high.raw())];
    let held = is_held(record, at);
    if *settled > high {
        let bound = if held { price(record.guards.floor.raw()) } else { Exact::default() };
        high.max(bound).min(settled.clone())
    } else if *settled < low {
        let bound = if held { price(record.guards.ceiling.raw()) } else { low.clone() };
        low.min(bound).max(settled.clone())
    } else {
        settled.clone()
    }
}

fn is_held(record: &PriceRecord, at: u64) -> bool {
    record.beyond_since > 0 && at < record.beyond_since + record.guards.bound_hold
}

/// The extremes of what was observed and of the settled price, widened with age.
fn edges(record: &PriceRecord, settled: &Exact, now: u64) -> [Exact; 2] {
    let [low, high] = [price(record.extremes.low.raw()), price(record.extremes.high.raw())];
    let (low, high) = (low.min(settled.clone()), high.max(settled.clone()));
    let Some(max_age) = record.guards.max_age else { return [low, high] };
    let age = u128::from(now.saturating_sub(record.timestamp).min(max_age));
    let spread = over(&[record.guards.age_spread.raw(), age], &[ONE, u128::from(max_age)]);
    [&low * &(whole(1) - spread.clone()), &high * &(whole(1) + spread)]
}

/// All of a silent collateral for a day, then in a straight line nothing after a week more. What the oracle lost doesn't count.
fn remaining(record: &PriceRecord, heartbeat: &Heartbeat, now: u64) -> Exact {
    let lost = lost(heartbeat, now) - record.lost_seconds.min(lost(heartbeat, now));
    let age = now.saturating_sub(record.timestamp).saturating_sub(lost);
    let gone = age.saturating_sub(DECLINE.0).min(DECLINE.1);
    over(&[u128::from(DECLINE.1 - gone)], &[u128::from(DECLINE.1)])
}

/// By how much all gaps between the oracle's writes exceeded what is no gap, the present one too.
pub fn lost(heartbeat: &Heartbeat, now: u64) -> u64 {
    let silence = now.saturating_sub(heartbeat.last);
    let gap = heartbeat.gap > 0 && silence > heartbeat.gap;
    heartbeat.lost_seconds + if gap { silence - heartbeat.gap } else { 0 }
}

/// Whether the pool waits: in a gap longer than its own, and for a grace after it, once a day at most.
pub fn is_halted(heartbeat: &Heartbeat, halt: &HaltGrace, now: u64) -> bool {
    if halt.gap == 0 || halt.grace == 0 {
        return false;
    }
    let since = now.saturating_sub(heartbeat.resumed_at);
    let rested = heartbeat.resumed_at == 0 || since >= GRACE_REST;
    let stands = now.saturating_sub(heartbeat.last) > halt.gap && rested;
    stands || (heartbeat.resumed_at > 0 && heartbeat.missed > halt.gap && since < halt.grace)
}
