//! The laws of prices.

use plimsoll_risk::units::Price;
use plimsoll_schema::oracle::Source;

use super::Case;
use crate::cast::{DECIMALS, PAIRS};
use crate::exact::{ONE, over, whole};
use crate::op::Op;
use crate::view::Priced;

pub fn judge(case: &Case) {
    if case.before.oracle != case.after.oracle {
        return;
    }
    for (denom, new) in &case.after.priced {
        edges_are_in_order(new);
        let Some(old) = case.before.priced.get(denom) else { continue };
        if (&old.record, &old.pending, &old.listing, &old.votes)
            == (&new.record, &new.pending, &new.listing, &new.votes)
        {
            continue;
        }
        sources_change_with_notice(case, old, new);
        if old.record.generation == new.record.generation {
            steps_are_bounded(case, old, new);
            quorums_are_complete(case, old, new);
            edges_include_the_spot_price(case, *denom, old, new);
        }
    }
}

fn edges_are_in_order(priced: &Priced) {
    let record = &priced.record;
    if record.timestamp == 0 {
        return;
    }
    assert!(record.low <= record.price && record.price <= record.high, "edges of {record:?}");
    assert!(record.price >= record.guards.floor && record.price <= record.guards.ceiling, "bounds of {record:?}");
}

/// A record's source, generation and guards change by `apply_source` alone, after the delay and not far from a valid price.
fn sources_change_with_notice(case: &Case, old: &Priced, new: &Priced) {
    let replaced = old.record.generation != new.record.generation
        || old.listing.source != new.listing.source
        || old.record.guards != new.record.guards;
    if replaced {
        let pending = old.listing.pending.as_ref().expect("nothing waited");
        assert!(matches!(case.op, Op::ApplySource { .. } | Op::Flash { .. }), "a source was replaced by {:?}", case.op);
        assert!(pending.effective_at <= case.after.now, "a source was replaced before its time");
        assert!(pending.source == new.listing.source, "another source waited");
        let (a, b) =
            (crate::value::prices(&old.record, case.after.now), crate::value::prices(&new.record, case.after.now));
        assert!(b.low.is_some(), "a source came into force without a price");
        let near = over(&[a.collateral], &[10]) + whole(1);
        let far = whole(a.collateral.abs_diff(b.collateral)) > near;
        assert!(a.low.is_none() || !far, "{} was replaced by {}", a.collateral, b.collateral);
    }
    let announced = new.listing.pending.as_ref().filter(|pending| old.listing.pending.as_ref() != Some(*pending));
    if let Some(pending) = announced {
        assert!(matches!(case.op, Op::SetSource { .. }), "a source was announced by {:?}", case.op);
        assert!(pending.effective_at >= case.after.now + 3_600, "a source was announced without notice");
        assert!(new.listing.generation > old.listing.generation, "a generation was given out twice");
    }
}

/// A published price moves by feeds and by what a live source publishes: in one interval no further than the deviation from where the interval began. Its time never goes back and
/// is never that of tomorrow.
fn steps_are_bounded(case: &Case, old: &Priced, new: &Priced) {
    let (a, b, now) = (&old.record, &new.record, case.after.now);
    if a == b {
        return;
    }
    let feeds = matches!(case.op, Op::Feed { .. } | Op::Move { .. } | Op::Refresh { .. } | Op::Advance { .. });
    let publishes =
        matches!(new.listing.source, Source::Pair(_)) && matches!(case.op, Op::Publish { .. } | Op::Flash { .. });
    assert!(feeds || publishes, "a price was moved by {:?}", case.op);
    assert!(
        b.timestamp >= a.timestamp && b.timestamp <= now,
        "a price's time went from {} to {}",
        a.timestamp,
        b.timestamp
    );
    if a.timestamp == 0 {
        return;
    }
    // Within one block at most two steps touch: that of the interval that ends and that of the next. Composite moves take several intervals.
    if matches!(case.op, Op::Feed { .. } | Op::Publish { .. } | Op::Flash { .. }) {
        let fresh = now.saturating_sub(a.anchored_at) >= a.guards.step_interval;
        let anchor = if fresh { a.price.raw() } else { a.anchor.raw() };
        let moved = whole(b.price.raw().abs_diff(anchor));
        let most = over(&[anchor, b.guards.max_deviation.raw()], &[ONE]);
        assert!(moved <= most, "a price moved from {anchor} to {}", b.price.raw());
        assert!(fresh || a.anchored_at == b.anchored_at, "a step began before its time");
    }
}

/// A price that changed has a quorum of fresh votes behind it, and is no younger than the oldest of that quorum.
fn quorums_are_complete(case: &Case, old: &Priced, new: &Priced) {
    if old.record == new.record || !matches!(case.op, Op::Feed { .. }) {
        return;
    }
    let Source::Feed { feeders, quorum } = &new.listing.source else { return };
    let sender = case.outcome.sender.map(|person| case.stage.people[person].to_string()).unwrap_or_default();
    assert!(feeders.contains(&sender), "{sender} is no feeder");
    let votes = serde_json::to_value(&new.votes).expect("votes can be written");
    edges_include_the_votes(case.after.now, new, &votes);
    let max_age = new.record.guards.max_age.unwrap_or(u64::MAX);
    let times = votes.as_array().into_iter().flatten().filter_map(|vote| vote["time"].as_u64());
    let mut fresh: Vec<u64> = times.filter(|time| case.after.now - time <= max_age).collect();
    fresh.sort_unstable();
    fresh.reverse();
    let quorum = usize::from(*quorum);
    assert!(fresh.len() >= quorum, "a price by {} of {quorum} votes", fresh.len());
    let oldest = fresh[quorum - 1];
    assert!(new.record.timestamp <= oldest.max(old.record.timestamp), "a price younger than its votes");
}

/// What a pair publishes includes at once the price at its reserves, so that nobody borrows against an average that a crash has left behind.
fn edges_include_the_spot_price(case: &Case, denom: usize, old: &Priced, new: &Priced) {
    if old.record == new.record || !matches!(case.op, Op::Publish { .. }) {
        return;
    }
    let Source::Pair(source) = &new.listing.source else { return };
    let at = case.stage.pairs.iter().position(|pair| pair.as_str() == source.pair).expect("a pair of the stage");
    let (x, y) = (case.after.pairs[at].record.0[0], case.after.pairs[at].record.0[1]);
    let ((base, quote), other) = if PAIRS[at].0 == denom { ((x, y), PAIRS[at].1) } else { ((y, x), PAIRS[at].0) };
    let of_quote = crate::value::prices(&case.before.priced[&other].record, case.after.now);
    let unit = |denom: usize| 10u128.pow(u32::from(DECIMALS[denom]));
    let spot = |price: u128| over(&[quote, unit(denom), price], &[base, unit(other)]);
    let (low, high) = (of_quote.low.expect("its price is valid"), of_quote.high.expect("its price is valid"));
    let record = &new.record;
    // Prices of the chain are rounded at each of two steps.
    assert!(whole(record.low.raw()) <= spot(low) + whole(1), "low of {record:?} is above the spot price");
    assert!(whole(record.high.raw() + 1) >= spot(high), "high of {record:?} is below the spot price");
}

/// `low` and `high` include at once the fresh votes between which the median lies, whatever the mid price may do in this step.
fn edges_include_the_votes(now: u64, new: &Priced, votes: &serde_json::Value) {
    let max_age = new.record.guards.max_age.unwrap_or(u64::MAX);
    let fresh =
        votes.as_array().into_iter().flatten().filter(|vote| vote["time"].as_u64().is_some_and(|t| now - t <= max_age));
    let mut prices: Vec<Price> = fresh.filter_map(|vote| vote["price"].as_str()?.parse().ok()).collect();
    prices.sort_unstable();
    let (lower, upper) = (prices[(prices.len() - 1) / 2], prices[prices.len() / 2]);
    let record = &new.record;
    assert!(record.low <= lower && record.high >= upper, "{lower} to {upper} was voted, but {record:?}");
}
