//! Many histories, on several threads.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::generate::{DECK, history};
use crate::op::Op;
use crate::run::{Violation, play};
use crate::shrink::shrink;
use crate::stage::Stage;
use crate::tally::Tally;

/// How many operations a history has: two decks.
pub const LENGTH: usize = 2 * DECK;

/// What is to be played.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// How many operations in all.
    pub ops: u64,
    /// What they are made from.
    pub seed: u64,
    /// How many threads play.
    pub threads: usize,
    /// Whether a history that failed is made shorter.
    pub shrinks: bool,
}

/// A history that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its number; together with the seed, its name.
    pub number: u64,
    /// The operations, shrunk, the last of which breaks a law.
    pub ops: Vec<Op>,
    /// What was broken.
    pub violation: Violation,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Report {
    /// All that was counted.
    pub tally: Tally,
    /// The histories that failed, the first of them shrunk.
    pub failures: Vec<Failure>,
    /// How long it took.
    pub took: Duration,
}

impl Campaign {
    /// Plays it. After a failure no further history is begun; those before it are played to the end, so that the same seed tells the same.
    /// `progress` is called after each history with the operations so far.
    pub fn run(&self, progress: impl Fn(u64) + Sync) -> Report {
        let started = Instant::now();
        let count = self.ops.div_ceil(LENGTH as u64);
        let (next, stop, played) = (AtomicU64::new(0), AtomicU64::new(count), AtomicU64::new(0));
        let (tallies, failures) = (Mutex::new(BTreeMap::new()), Mutex::new(BTreeMap::new()));
        thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(|| {
                    let mut stage = Stage::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::SeqCst);
                        if number >= stop.load(Ordering::SeqCst) {
                            return;
                        }
                        let ops = self.history(number);
                        let mut tally = Tally::default();
                        if let Err(violation) = play(&mut stage, &ops, &mut tally) {
                            stop.fetch_min(number, Ordering::SeqCst);
                            failures.lock().expect("nobody panics with it").insert(number, (ops, violation));
                            stage = Stage::new();
                        }
                        let so_far = played.fetch_add(tally.all().tried, Ordering::SeqCst) + tally.all().tried;
                        tallies.lock().expect("nobody panics with it").insert(number, tally);
                        progress(so_far);
                    }
                });
            }
        });
        let last = stop.into_inner();
        let mut tally = Tally::default();
        for (_, part) in
            tallies.into_inner().expect("nobody panics with it").into_iter().filter(|(number, _)| *number <= last)
        {
            tally.add(part);
        }
        let took = started.elapsed();
        let failed = failures.into_inner().expect("nobody panics with it").into_iter().next();
        let failures = failed.map(|(number, (ops, violation))| self.failure(number, &ops, violation));
        Report { tally, failures: failures.into_iter().collect(), took }
    }

    fn history(&self, number: u64) -> Vec<Op> {
        let left = self.ops - number * LENGTH as u64;
        history(self.seed, number, usize::try_from(left).unwrap_or(LENGTH).min(LENGTH))
    }

    fn failure(&self, number: u64, ops: &[Op], violation: Violation) -> Failure {
        let whole = ops[..ops.len().min(violation.step + 1)].to_vec();
        let (ops, violation) =
            if self.shrinks { shrink(&mut Stage::new(), &whole, violation) } else { (whole, violation) };
        Failure { number, ops, violation }
    }
}
