//! The laws of pairs.

use num_bigint::BigInt;

use super::Case;
use crate::exact::{over, whole};
use crate::op::Op;
use crate::view::Pair;

pub fn judge(case: &Case, given: &[[u128; 2]]) {
    for (at, (old, new)) in case.before.pairs.iter().zip(&case.after.pairs).enumerate() {
        for side in [0, 1] {
            assert_eq!(new.bank[side], new.record.0[side] + given[at][side], "bank of pair {at}");
        }
        assert_eq!(new.held, new.record.1, "shares of pair {at}");
        if old.record == new.record {
            continue;
        }
        a_share_never_loses(old, new, at);
        prices_count_the_time_before(case, old, new, at);
    }
    spreads_are_kept(case);
}

/// `x·y / shares²` never falls: what goes in or out is never worth more than what comes for it.
fn a_share_never_loses(old: &Pair, new: &Pair, at: usize) {
    let product = |pair: &Pair| BigInt::from(pair.record.0[0]) * pair.record.0[1];
    let square = |pair: &Pair| BigInt::from(pair.record.1) * pair.record.1;
    assert!(product(new) * square(old) >= product(old) * square(new), "a share of pair {at} lost value");
}

/// The seconds since the last record count at the reserves of that time, rounded down.
fn prices_count_the_time_before(case: &Case, old: &Pair, new: &Pair, at: usize) {
    let ([x, y], _, prices, then) = old.record;
    assert_eq!(new.record.3, case.after.now, "time of pair {at}");
    let seconds = u128::from(case.after.now - then);
    for (side, (base, quote)) in [(x, y), (y, x)].into_iter().enumerate() {
        let grown = over(&[seconds, 1_000_000, quote], &[base.max(1)]).to_whole();
        let grown = if base == 0 || quote == 0 { 0 } else { u128::try_from(grown).expect("it fits") };
        assert_eq!(new.record.2[side], prices[side].wrapping_add(grown), "cumulative price {side} of pair {at}");
    }
}

/// A swap yields no less than its spread allows, against the price before it; the taker gets it.
fn spreads_are_kept(case: &Case) {
    let Op::Swap { pair, first, spread_percent, user, to, .. } = *case.op else { return };
    if case.outcome.result.is_err() {
        return;
    }
    let (offer, ask) = if first { (0, 1) } else { (1, 0) };
    let (old, new) = (case.before.pairs[pair].record.0, case.after.pairs[pair].record.0);
    let (sold, paid) = (new[offer] - old[offer], old[ask] - new[ask]);
    let expected = over(&[sold, old[ask]], &[old[offer]]);
    // The default is half a percent; the fee of 0.3 % is no part of the spread.
    let most = spread_percent.map_or(5, |percent| u128::from(percent) * 10);
    let least = &expected * &over(&[(1_000 - most) * 997], &[1_000_000]);
    assert!(whole(paid + 2) >= least, "{paid} paid where {:?} was the least", least.to_whole());
    let denom = if first { crate::cast::PAIRS[pair].1 } else { crate::cast::PAIRS[pair].0 };
    let taker = to.unwrap_or(user);
    assert_eq!(case.after.wallets[taker][denom] - case.before.wallets[taker][denom], paid, "what the taker got");
}
