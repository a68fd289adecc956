//! The oracle's heartbeat: whether prices were told all the while, and for how long they weren't.
//!
//! Every write of the oracle is a beat. After a gap nobody had a chance to react, so clocks that run against an account
//! (a threshold's ramp, the decline of a silent collateral) leave the gap out, and liquidation waits for a grace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The least seconds from one grace to the next: a day. Whoever can stop the oracle's writes stops liquidation no more
/// than that.
pub const GRACE_REST: u64 = 86_400;
/// The longest grace: an hour, a twenty-fourth of [`GRACE_REST`].
pub const GRACE_MAX: u64 = 3_600;
/// The least gap that counts as one: ten minutes. Feeders pause for less.
pub const GAP_MIN: u64 = 600;

/// When the oracle was last written to, and what its writes have missed. The oracle stores it; the pool and the keeper
/// read it raw.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// More seconds than this between two writes are a gap. 0 counts none.
    pub gap: u64,
    /// The time of the last write, in seconds.
    pub last: u64,
    /// By how much all gaps so far exceeded `gap`, in seconds.
    pub lost_seconds: u64,
    /// When the last gap that was followed by a grace ended, in seconds; 0 when there was none.
    pub resumed_at: u64,
    /// The length of that gap, in seconds.
    pub missed: u64,
}

/// After how long a gap the pool spares whom, and for how long.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct HaltGrace {
    /// A gap of more seconds than this is a halt; at least [`GAP_MIN`]. 0 is off.
    pub gap: u64,
    /// Seconds after a halt in which an account with enough collateral isn't liquidated; at most [`GRACE_MAX`]. 0 is
    /// off.
    pub grace: u64,
}

impl HaltGrace {
    /// Whether the setting may be used: off, or both in range.
    pub const fn is_valid(&self) -> bool {
        (self.gap == 0 && self.grace == 0) || (self.gap >= GAP_MIN && self.grace > 0 && self.grace <= GRACE_MAX)
    }
}

impl Heartbeat {
    /// The first beat.
    pub const fn start(gap: u64, now: u64) -> Self {
        Self { gap, last: now, lost_seconds: 0, resumed_at: 0, missed: 0 }
    }

    /// One more write at `now`. A gap that ends with it starts a grace, unless the last grace began less than
    /// [`GRACE_REST`] ago.
    pub fn beat(&mut self, now: u64) {
        let silence = now.saturating_sub(self.last);
        self.lost_seconds = self.lost_at(now);
        if self.is_gap(silence) && self.is_rested(now) {
            self.resumed_at = now;
            self.missed = silence;
        }
        self.last = self.last.max(now);
    }

    /// The lost seconds at `now`: before the first write after a gap too. Never falls, and grows no faster than time.
    pub const fn lost_at(&self, now: u64) -> u64 {
        let silence = now.saturating_sub(self.last);
        if !self.is_gap(silence) {
            return self.lost_seconds;
        }
        self.lost_seconds.saturating_add(silence.saturating_sub(self.gap))
    }

    /// The time without the lost seconds: what ramps run by.
    pub const fn clock(&self, now: u64) -> u64 {
        now.saturating_sub(self.lost_at(now))
    }

    /// Whether liquidation waits: in a gap, and in the grace after it.
    pub const fn is_halted(&self, halt: &HaltGrace, now: u64) -> bool {
        if halt.gap == 0 || halt.grace == 0 {
            return false;
        }
        let silent = now.saturating_sub(self.last) > halt.gap && self.is_rested(now);
        let until = self.resumed_at.saturating_add(halt.grace);
        silent || (self.resumed_at > 0 && self.missed > halt.gap && now < until)
    }

    const fn is_gap(&self, silence: u64) -> bool {
        self.gap > 0 && silence > self.gap
    }

    const fn is_rested(&self, now: u64) -> bool {
        self.resumed_at == 0 || now.saturating_sub(self.resumed_at) >= GRACE_REST
    }
}
