//! The laws of outflow limits: the bucket by its definition, in parts of the window, and what leaves in any window.

use std::collections::BTreeMap;

use plimsoll_risk::outflow::{Outflow, OutflowLimit};

use super::Case;
use crate::exact::{ONE, over};
use crate::view::Asset;

/// What left a market on balance since its limit was set: when, how much, and the limit at that moment.
pub type Histories = BTreeMap<usize, Vec<(u64, i128, i128)>>;

pub fn judge(case: &Case, histories: &mut Histories) {
    for (old, new) in case.before.assets.iter().zip(&case.after.assets) {
        if old.params.outflow_limit != new.params.outflow_limit {
            histories.remove(&new.denom);
            limits_are_set_by_update_asset(case, old, new);
        }
        let Some(limit) = old.params.outflow_limit else { continue };
        let bucket = the_bucket_is_the_definitions(case, old, new, &limit);
        let history = histories.entry(new.denom).or_default();
        let most = bucket.limit(&limit);
        history.extend(balances(case, &new.params.denom).into_iter().map(|(net, _)| (case.after.now, net, most)));
        no_window_lets_out_more_than_twice_the_limit(history, &limit, &new.params.denom);
    }
}

fn limits_are_set_by_update_asset(case: &Case, old: &Asset, new: &Asset) {
    let denom = &new.params.denom;
    assert_eq!(new.outflow.is_some(), new.params.outflow_limit.is_some(), "the bucket of {denom} stays or is missing");
    let (None, Some(outflow)) = (old.params.outflow_limit, new.outflow) else { return };
    assert_eq!(outflow, Outflow::open(outflow.supply, case.after.now), "the first bucket of {denom} is not empty");
    assert_eq!(outflow.supply.raw(), new.supply(), "the supply of {denom} when it got a limit");
}

/// What each message moved on balance in a market, by its event; below 0 what came. And whether a loan is part of it.
fn balances(case: &Case, denom: &str) -> Vec<(i128, bool)> {
    let mut balances = vec![];
    for event in case.outcome.events() {
        let (mut action, mut of, mut moved) = ("", "", None);
        for attribute in &event.attributes {
            match attribute.key.as_str() {
                "action" | "step" => (action, of) = (&attribute.value, ""),
                "denom" => of = &attribute.value,
                "amount" if of == denom => {
                    let amount: i128 = attribute.value.parse().expect("an amount");
                    let (net, borrows) = moved.unwrap_or((0, false));
                    match action {
                        "deposit" | "repay" => moved = Some((net - amount, borrows)),
                        "withdraw" => moved = Some((net + amount, borrows)),
                        "borrow" => moved = Some((net + amount, true)),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        balances.extend(moved);
    }
    balances
}

/// A bucket: what is used and what came beyond it in parts of the window.
#[derive(Debug)]
struct Bucket {
    used: i128,
    surplus: i128,
    base: u128,
    passed: i128,
    passed_at: u64,
}

impl Bucket {
    fn limit(&self, limit: &OutflowLimit) -> i128 {
        i128::try_from(over(&[self.base, limit.share.raw()], &[ONE]).to_whole()).expect("it fits")
    }
}

/// What was free again at this moment, from the record alone.
fn bucket(asset: &Asset, limit: &OutflowLimit, now: u64) -> Bucket {
    let window = i128::from(limit.window);
    let whole = |n: u128| i128::try_from(n).expect("it fits");
    let Some(record) = asset.outflow else {
        return Bucket { used: 0, surplus: 0, base: asset.supply(), passed: 0, passed_at: 0 };
    };
    let used = whole(record.used.raw()) * window - whole(record.fraction).min(window - 1);
    let passed = if now - record.passed_at < limit.window { whole(record.passed.raw()) } else { 0 };
    let (surplus, base) = (whole(record.surplus.raw()) * window, record.base.raw());
    let mut bucket = Bucket { used, surplus, base, passed, passed_at: record.passed_at };
    let seconds = i128::from(now - record.updated_at);
    if seconds > 0 {
        (bucket.base, bucket.surplus) = (record.supply.raw(), 0);
        bucket.used = (used - bucket.limit(limit) * seconds).max(0);
    }
    bucket
}

/// Withdrawals and loans fill the bucket, deposits and repayments empty it, nothing else does, and what would bring it above the limit is a
/// small withdrawal.
fn the_bucket_is_the_definitions(case: &Case, old: &Asset, new: &Asset, limit: &OutflowLimit) -> Bucket {
    let (denom, now) = (&new.params.denom, case.after.now);
    let (window, mut bucket) = (i128::from(limit.window), bucket(old, limit, now));
    for (net, borrows) in balances(case, denom) {
        let level = bucket.used - bucket.surplus + net * window;
        if net > 0 && level > bucket.limit(limit) * window && level > 0 {
            let floor = i128::try_from(limit.floor.raw()).expect("it fits");
            let small = net - bucket.surplus / window;
            bucket.passed += small;
            bucket.passed_at = now;
            assert!(!borrows && small <= floor, "{net} of {denom} left a bucket that holds {bucket:?}");
            assert!(bucket.passed <= floor * i128::from(limit.floor_count), "too much of {denom} passed: {bucket:?}");
        }
        // What comes beyond what was used does so in whole units.
        let beyond = level.min(0) / window * window;
        (bucket.used, bucket.surplus) = (level.max(0), -beyond);
    }
    let (Some(record), Some(_)) = (new.outflow, new.params.outflow_limit) else {
        assert!(new.params.outflow_limit.is_none() || old.stored == new.stored, "{denom} lost its bucket");
        return bucket;
    };
    if old.stored == new.stored && old.outflow == new.outflow {
        return bucket;
    }
    let used = i128::try_from(record.used.raw()).expect("it fits") * window;
    let fraction = i128::try_from(record.fraction).expect("it fits");
    assert_eq!(used - fraction, bucket.used, "what is used of {denom}: {record:?}");
    assert_eq!((record.base.raw(), record.updated_at), (bucket.base, now), "the base of {denom}: {record:?}");
    assert_eq!(record.supply.raw(), new.supply(), "the supply of {denom} at the end");
    let passed = i128::try_from(record.passed.raw()).expect("it fits");
    let counts = now - record.passed_at < limit.window;
    assert_eq!(if counts { passed } else { 0 }, bucket.passed, "what passed of {denom}: {record:?}");
    assert_eq!(record.passed_at, bucket.passed_at, "when it passed of {denom}: {record:?}");
    bucket
}

/// In any window at most twice the highest limit in it leaves on balance, beside the floors.
fn no_window_lets_out_more_than_twice_the_limit(history: &[(u64, i128, i128)], limit: &OutflowLimit, denom: &str) {
    let Some((now, _, _)) = history.last() else { return };
    let floors = i128::try_from(limit.floor.raw()).expect("it fits") * i128::from(limit.floor_count);
    let (mut left, mut most) = (0, 0);
    // Of the seconds of the window that ends now each is taken as a whole.
    for (at, moved) in history.iter().rev().enumerate().take_while(|(_, (at, _, _))| now - at < limit.window) {
        (left, most) = (left + moved.1, most.max(moved.2));
        let starts = history.len() - 1 - at == 0 || history[history.len() - 2 - at].0 < moved.0;
        assert!(!starts || left <= 2 * most + floors, "{left} of {denom} left in a window whose limit is {most}");
    }
}
