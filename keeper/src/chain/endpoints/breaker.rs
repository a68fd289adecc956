//! The circuit breaker: whoever fails twice in a row is left alone for a while, which ends with a single probe. Pure.

use crate::chain::endpoints::{Change, Endpoint, Endpoints};

/// After how many failures in a row an endpoint is left alone.
const BREAKER_FAILURES: u32 = 2;
/// For how long at first, and at most, in milliseconds.
pub const BREAKER_PAUSE_MIN_MS: u64 = 500;
/// See [`BREAKER_PAUSE_MIN_MS`].
pub const BREAKER_PAUSE_MAX_MS: u64 = 10_000;
/// Within so many milliseconds questions that wait for an endpoint wait for the same thing.
const SLOW_WINDOW_MS: u64 = 400;

impl Endpoints {
    /// It answered a question that wasn't about its height; `has` is the block that the question was about.
    pub fn answered(&mut self, at: usize, has: Option<u64>) -> Option<Change> {
        self.change(at, |endpoint| {
            endpoint.mend();
            if let (Some(height), Some((head, _))) = (has, &mut endpoint.head) {
                head.height = head.height.max(height);
            }
        })
    }

    /// It didn't answer, or answered what can't be.
    pub fn failed(&mut self, at: usize, reason: &str, now: u64) -> Option<Change> {
        self.change(at, |endpoint| {
            endpoint.reason = Some(reason.to_owned());
            // Of many questions that were under way together the first ones open the circuit, and the others say
            // nothing new.
            if endpoint.opens.is_some() && !std::mem::take(&mut endpoint.probing) {
                return;
            }
            endpoint.rests = false;
            endpoint.failures = endpoint.failures.saturating_add(1);
            if endpoint.failures >= BREAKER_FAILURES {
                endpoint.opens = Some(now.saturating_add(endpoint.pause()));
            }
        })
    }

    /// It is slower than another now, and wasn't a moment ago.
    pub fn is_slow_anew(&mut self, at: usize, now: u64) -> bool {
        let Some(endpoint) = self.all.get_mut(at) else { return false };
        if endpoint.slow.is_some_and(|before| now.saturating_sub(before) < SLOW_WINDOW_MS) {
            return false;
        }
        endpoint.slow = Some(now);
        true
    }

    /// It said what another refutes: it is left alone for the longest pause at once, whatever else it answers
    /// meanwhile.
    pub fn refuted(&mut self, at: usize, reason: &str, now: u64) -> Option<Change> {
        self.change(at, |endpoint| {
            endpoint.reason = Some(reason.to_owned());
            endpoint.failures = endpoint.failures.max(BREAKER_FAILURES);
            endpoint.is_held = true;
            endpoint.is_refuted = true;
            endpoint.rests = false;
            endpoint.opens = Some(now.saturating_add(BREAKER_PAUSE_MAX_MS));
        })
    }

    /// It said that it may be asked again after this pause, in milliseconds: it is left alone so long, whatever else it
    /// answers meanwhile. A shorter one than what a failure earns is not believed, and ends no other pause. What can't
    /// wait is still asked of it, also where failures had opened its circuit before.
    pub fn throttled(&mut self, at: usize, reason: &str, now: u64, pause: u64) -> Option<Change> {
        self.change(at, |endpoint| {
            endpoint.reason = Some(reason.to_owned());
            let probing = std::mem::take(&mut endpoint.probing);
            let held = endpoint.opens.filter(|_| !probing);
            if held.is_none() {
                endpoint.failures = endpoint.failures.saturating_add(1).max(BREAKER_FAILURES);
            }
            // One that was refuted is not asked sooner for that.
            endpoint.rests = !endpoint.is_refuted;
            endpoint.is_held = true;
            let until = now.saturating_add(pause.max(endpoint.pause()));
            endpoint.opens = Some(held.map_or(until, |held| held.max(until)));
        })
    }

    /// These are tried though their circuit is open: nobody else tries them meanwhile.
    pub(super) fn probing(&mut self, those: &[usize], now: u64) {
        for at in those {
            if let Some(endpoint) = self.all.get_mut(*at).filter(|endpoint| endpoint.opens.is_some()) {
                endpoint.probing = true;
                endpoint.is_held = false;
                endpoint.is_refuted = false;
                endpoint.opens = Some(now.saturating_add(BREAKER_PAUSE_MAX_MS));
            }
        }
    }
}

impl Endpoint {
    /// For how many milliseconds its circuit opens after so many failures.
    fn pause(&self) -> u64 {
        let doublings = self.failures.saturating_sub(BREAKER_FAILURES).min(16);
        (BREAKER_PAUSE_MIN_MS << doublings).min(BREAKER_PAUSE_MAX_MS)
    }

    pub(super) fn mend(&mut self) {
        self.answered = true;
        if self.is_held {
            return;
        }
        self.failures = 0;
        self.opens = None;
        self.rests = false;
        self.probing = false;
    }

    /// How many times in a row it has failed.
    pub const fn failures(&self) -> u32 {
        self.failures
    }
}
