//! The outflow limit: the bucket against exact fractions, what leaves in any window, and what a refusal says.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crate::model::{E18, Q, any128, ceil, config, fixed, floor, frac, magnitudes, params, q};
use num_bigint::BigInt;
use num_traits::{Signed, Zero};
use plimsoll_risk::outflow::{Flow, Outflow, OutflowLimit, OverLimit};
use plimsoll_risk::params::{AssetParams, CAP_MAX, ParamsError};
use plimsoll_risk::units::{Amount, Ratio};
use proptest::prelude::*;

const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

/// A tenth an hour, and twice 50 above it.
fn limit() -> OutflowLimit {
    OutflowLimit { share: Ratio::percent(10), window: HOUR, floor: Amount::new(50), floor_count: 2 }
}

fn flow(into: u128, out: u128, borrows: bool) -> Flow {
    Flow { into: Amount::new(into), out: Amount::new(out), borrows }
}

fn out(amount: u128) -> Flow {
    flow(0, amount, false)
}

/// What leaves on balance; below 0 what comes.
fn net(flow: &Flow) -> BigInt {
    BigInt::from(flow.out.raw()) - BigInt::from(flow.into.raw())
}

/// The bucket as the definition has it. Below 0 stands what came in beyond what was used, until the second is over.
#[derive(Clone, Debug)]
struct Exact {
    used: Q,
    base: u128,
    supply: u128,
    at: u64,
    /// What passed above the limit, and when.
    passes: Vec<(u64, BigInt)>,
}

impl Exact {
    fn limit(&self, limit: &OutflowLimit) -> BigInt {
        floor(&(q(self.base) * fixed(limit.share.raw())))
    }

    fn wait(&mut self, seconds: u64, limit: &OutflowLimit) {
        if seconds > 0 {
            self.base = self.supply;
            let freed = q(self.limit(limit)) * frac(seconds, limit.window);
            self.used = (self.used.clone().max(Q::zero()) - freed).max(Q::zero());
            self.at += seconds;
        }
    }

    /// What passed in a row of passes that are less than a window apart, and from now.
    fn passed(&self, limit: &OutflowLimit) -> BigInt {
        let mut after = self.at;
        let mut sum = BigInt::zero();
        for (at, amount) in self.passes.iter().rev() {
            if after - at >= limit.window {
                break;
            }
            (after, sum) = (*at, sum + amount);
        }
        sum
    }

    /// Moves the balance of a flow, or refuses it.
    fn take(&mut self, flow: &Flow, limit: &OutflowLimit) -> bool {
        let after = &self.used + q(net(flow));
        let most = q(self.limit(limit));
        if net(flow).is_positive() && after > most && after.is_positive() {
            let beyond = floor(&after.clone().min(q(net(flow))));
            let small = beyond <= BigInt::from(limit.floor.raw());
            let left = BigInt::from(limit.floor.raw()) * limit.floor_count - self.passed(limit);
            if flow.borrows || !small || beyond > left {
                return false;
            }
            self.passes.push((self.at, beyond));
        }
        self.used = after;
        true
    }
}

/// Limits that may be set; floors are of the size of what moves.
fn limits() -> impl Strategy<Value = OutflowLimit> {
    (E18 / 100..=E18, HOUR..=DAY, prop_oneof![1 => Just(0), 3 => magnitudes(1, 1_000_000)], 0u32..5).prop_map(
        |(share, window, floor, floor_count)| OutflowLimit {
            share: Ratio::new(share),
            window,
            floor: Amount::new(floor),
            floor_count,
        },
    )
}

/// Seconds of the window, and what comes, what leaves, whether a part of it is a loan, and what the supply gains beside.
type Step = (u64, u128, u128, bool, u128);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let seconds = prop_oneof![2 => Just(0), 4 => 0u64..600, 2 => 0u64..DAY / 2, 1 => 0u64..3 * DAY];
    let into = prop_oneof![3 => Just(0), 1 => magnitudes(1, 1_000_000_000)];
    let leaves = prop_oneof![1 => Just(0), 4 => magnitudes(1, 1_000_000_000)];
    let gains = prop_oneof![3 => Just(0), 1 => 0u128..1_000_000];
    prop::collection::vec((seconds, into, leaves, 0u32..4, gains), 1..60)
        .prop_map(|steps| steps.into_iter().map(|(s, i, o, b, g)| (s, i, o, b == 0, g)).collect())
}

/// A step of a history: when, what moved on balance, and the limit in force.
struct Done {
    at: u64,
    net: BigInt,
    limit: BigInt,
}

/// Plays a history on the bucket and on the exact one, which must agree. Answers with what was done.
fn play(limit: &OutflowLimit, supply: u128, steps: &[Step]) -> Result<Vec<Done>, TestCaseError> {
    let start = 1_000_000;
    let mut bucket = Outflow::open(Amount::new(supply), start);
    let mut exact = Exact { used: Q::zero(), base: supply, supply, at: start, passes: vec![] };
    let mut done = vec![];
    for &(seconds, into, leaves, borrows, gains) in steps {
        exact.wait(seconds, limit);
        bucket = bucket.at(exact.at, limit);
        let flow = flow(into, leaves.min(exact.supply + into), borrows);
        let before = exact.clone();
        match bucket.after(limit, &flow) {
            Err(refusal) => {
                prop_assert!(!exact.take(&flow, limit), "refused {flow:?}: {refusal:?}");
                exact = before;
            }
            Ok(after) => {
                prop_assert!(exact.take(&flow, limit), "let out {flow:?}");
                exact.supply = exact.supply + into + gains - flow.out.raw();
                bucket = Outflow { supply: Amount::new(exact.supply), ..after };
                done.push(Done { at: exact.at, net: net(&flow), limit: exact.limit(limit) });
            }
        }
        let used = q(bucket.used.raw()) - frac(bucket.fraction, limit.window) - q(bucket.surplus.raw());
        // What comes in beyond what is used comes beyond it in whole units.
        prop_assert!(used == exact.used || (bucket.used.is_zero() && ceil(&exact.used) == ceil(&used)));
        exact.used = used;
    }
    Ok(done)
}

proptest! {
    #![proptest_config(config(1_500))]

    #[test]
    fn a_random_history_follows_the_exact_bucket(
        limit in limits(), supply in magnitudes(1, 10_000_000_000), steps in steps(),
    ) {
        play(&limit, supply, &steps)?;
    }

    /// In a window no more leaves on balance than twice the highest limit in it and what passes above.
    #[test]
    fn in_any_window_at_most_twice_the_limit_leaves_beside_the_floors(
        limit in limits(), supply in magnitudes(1, 10_000_000_000), steps in steps(),
    ) {
        let done = play(&limit, supply, &steps)?;
        let floors = BigInt::from(limit.floor.raw()) * limit.floor_count;
        let starts = (0..done.len()).filter(|at| *at == 0 || done[at - 1].at < done[*at].at);
        for first in starts {
            let (mut left, mut highest) = (BigInt::zero(), BigInt::zero());
            for step in done[first..].iter().take_while(|step| step.at < done[first].at + limit.window) {
                left += &step.net;
                highest = highest.max(step.limit.clone());
                prop_assert!(left <= &highest * 2 + &floors, "{left} left where the limit is {highest}");
            }
        }
    }

    #[test]
    fn waiting_in_parts_is_waiting_at_once(
        limit in limits(), supply in magnitudes(1, CAP_MAX.raw()), used in magnitudes(1, CAP_MAX.raw()),
        fraction in 0..u128::from(HOUR), parts in prop::collection::vec(0u64..DAY, 1..9),
    ) {
        let used = Amount::new(used);
        let bucket = Outflow { used, fraction, surplus: used, ..Outflow::open(Amount::new(supply), 0) };
        let mut then = 0;
        let mut split = bucket;
        for seconds in parts {
            then += seconds;
            split = split.at(then, &limit);
            prop_assert_eq!(split, bucket.at(then, &limit));
        }
    }

    /// What is free leaves and a unit more doesn't; what is said to be free later is so then, and not a second before.
    #[test]
    fn a_refusal_says_what_is_free_and_when_how_much_will_be(
        limit in limits(), supply in magnitudes(1_000, CAP_MAX.raw()), earlier in magnitudes(1, CAP_MAX.raw()),
        (used, passed, wanted) in (0u128..2_000_000, 0u128..1_000_000, 1u128..2_000_000),
        (fraction, ago, borrows) in (0..u128::from(HOUR), 1..DAY, any::<bool>()),
    ) {
        let now = 10 * DAY;
        let most = limit.limit_down(Amount::new(supply)).raw();
        let part = |millionths: u128| Amount::new(floor(&(q(most) * frac(millionths, 1_000_000))).try_into().unwrap());
        let bucket = Outflow {
            used: part(used),
            fraction: if used == 0 { 0 } else { fraction },
            passed: Amount::new(limit.floor.raw() * passed / 200_000),
            passed_at: now - ago,
            base: Amount::new(earlier),
            ..Outflow::open(Amount::new(supply), now)
        };
        let wants = |amount: Amount| Flow { into: Amount::ZERO, out: amount, borrows };
        let flow = wants(part(wanted));
        let free = bucket.room(&limit, &wants(Amount::ZERO));
        prop_assert!(bucket.after(&limit, &wants(free)).is_ok());
        prop_assert!(bucket.after(&limit, &wants(free.saturating_add(Amount::new(1)))).is_err());
        let Err(refusal) = bucket.after(&limit, &flow) else { return Ok(()) };
        let OverLimit { wanted, more, at, .. } = refusal;
        prop_assert_eq!((wanted, refusal.free), (flow.out, free));
        prop_assert!(more <= wanted && at > now && (more == wanted || more.raw() == most));
        prop_assert!(bucket.at(at, &limit).after(&limit, &wants(more)).is_ok());
        if at > now + 1 {
            prop_assert!(bucket.at(at - 1, &limit).after(&limit, &wants(more)).is_err());
        }
    }

    #[test]
    fn any_call_on_any_bucket_answers_without_a_panic(
        (used, fraction, surplus, passed) in (any128(), any128(), any128(), any128()),
        (base, supply, share, floor) in (any128(), any128(), any128(), any128()),
        (passed_at, updated_at, now, window) in (any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>()),
        (into, leaves, borrows, floor_count) in (any128(), any128(), any::<bool>(), any::<u32>()),
    ) {
        let limit = OutflowLimit { share: Ratio::new(share), window, floor: Amount::new(floor), floor_count };
        let [used, surplus, passed, base, supply] = [used, surplus, passed, base, supply].map(Amount::new);
        let bucket = Outflow { used, fraction, surplus, passed, passed_at, base, supply, updated_at };
        let flow = flow(into, leaves, borrows);
        let later = bucket.at(now, &limit);
        let _ = (bucket.after(&limit, &flow), later.after(&limit, &flow), later.room(&limit, &flow));
    }
}

#[test]
fn twice_the_limit_leaves_in_a_window_and_no_more() {
    let limit = OutflowLimit { floor_count: 0, ..limit() };
    let supply = Amount::new(10_000);
    let bucket = Outflow::open(supply, 0).after(&limit, &out(1_000)).unwrap();
    // A second less than a window frees 999.7 of 1,000.
    let bucket = bucket.at(HOUR - 1, &limit);
    assert_eq!((bucket.used, bucket.fraction), (Amount::new(1), 2_600));
    let refusal = bucket.after(&limit, &out(1_000)).unwrap_err();
    let free = Amount::new(999);
    assert_eq!(refusal, OverLimit { wanted: Amount::new(1_000), free, more: Amount::new(1_000), at: HOUR });
    let bucket = bucket.after(&limit, &out(999)).unwrap();
    assert!(bucket.after(&limit, &out(1)).is_err());
}

#[test]
fn small_withdrawals_pass_above_the_limit_and_count() {
    let full = Outflow { used: Amount::new(1_000), ..Outflow::open(Amount::new(10_000), 100) };
    assert!(full.after(&limit(), &out(51)).is_err());
    assert!(full.after(&limit(), &flow(0, 1, true)).is_err(), "a loan has no floor");
    let once = full.after(&limit(), &out(50)).unwrap();
    assert_eq!((once.used, once.passed, once.passed_at), (Amount::new(1_050), Amount::new(50), 100));
    let twice = once.after(&limit(), &out(40)).unwrap().after(&limit(), &out(10)).unwrap();
    // 1,100 used: one is free 101 of 1,000 parts of the window later.
    let at = 100 + 364;
    let one = Amount::new(1);
    assert_eq!(twice.after(&limit(), &out(1)), Err(OverLimit { wanted: one, free: Amount::ZERO, more: one, at }));
    // What is wanted was freed a window after the last of them, even where the limit has sunk.
    let sunk = Outflow { supply: Amount::new(500), base: Amount::new(500), ..twice };
    let wanted = Amount::new(50);
    let refusal = OverLimit { wanted, free: Amount::ZERO, more: wanted, at: 100 + HOUR };
    assert_eq!(sunk.after(&limit(), &out(50)), Err(refusal));
    assert!(sunk.at(100 + HOUR, &limit()).after(&limit(), &out(50)).is_ok());
}

#[test]
fn what_comes_and_goes_in_a_second_neither_raises_the_limit_nor_fills_the_bucket() {
    let bucket = Outflow { used: Amount::new(300), ..Outflow::open(Amount::new(10_000), 5) };
    let flash = 1_000_000;
    let rich = bucket.after(&limit(), &flow(flash, 0, false)).unwrap();
    let rich = Outflow { supply: Amount::new(10_000 + flash), ..rich };
    assert_eq!((rich.used, rich.surplus), (Amount::ZERO, Amount::new(flash - 300)));
    // Out again with what was free before it, and not a unit more.
    assert!(rich.after(&limit(), &out(flash + 701)).is_err());
    let gone = rich.after(&limit(), &out(flash)).unwrap();
    assert_eq!((gone.used, gone.surplus, gone.base), (Amount::new(300), Amount::ZERO, Amount::new(10_000)));
    // Who leaves it there for the end of the second has raised the limit, and what came in is forgotten.
    let next = rich.at(6, &limit());
    assert_eq!((next.base, next.surplus), (Amount::new(10_000 + flash), Amount::ZERO));
}

#[test]
fn in_and_out_of_one_message_cancel() {
    let full = Outflow { used: Amount::new(1_500), fraction: 7, ..Outflow::open(Amount::new(10_000), 5) };
    assert_eq!(full.after(&limit(), &flow(9_000, 9_000, true)), Ok(full));
    assert_eq!(full.room(&limit(), &flow(700, 600, true)), Amount::new(100));
}

#[test]
fn a_limit_is_no_stop() {
    let set = |change: fn(&mut OutflowLimit)| {
        let mut limit = limit();
        change(&mut limit);
        AssetParams { outflow_limit: Some(limit), ..params() }.validate()
    };
    for good in [
        |limit: &mut OutflowLimit| limit.share = Ratio::percent(1),
        |limit: &mut OutflowLimit| limit.share = Ratio::ONE,
        |limit: &mut OutflowLimit| limit.window = DAY,
        |limit: &mut OutflowLimit| (limit.floor, limit.floor_count) = (CAP_MAX, u32::MAX),
    ] {
        assert_eq!(set(good), Ok(()));
    }
    for bad in [
        |limit: &mut OutflowLimit| limit.share = Ratio::new(E18 / 100 - 1),
        |limit: &mut OutflowLimit| limit.share = Ratio::new(E18 + 1),
        |limit: &mut OutflowLimit| limit.window = HOUR - 1,
        |limit: &mut OutflowLimit| limit.window = DAY + 1,
        |limit: &mut OutflowLimit| limit.floor = CAP_MAX.saturating_add(Amount::new(1)),
    ] {
        assert!(matches!(set(bad), Err(ParamsError::OutflowLimit(_))));
    }
}
