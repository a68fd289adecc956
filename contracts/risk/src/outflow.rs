//! How much may leave a market: a leaky bucket.
//!
//! After Fluid's withdrawal limits (`LiquidityCalcs.calcWithdrawalLimitBeforeOperate`), which free a share of the supply
//! in a straight line over a duration: `used = max(0, used − limit × Δt / window) + out − in`, and nothing leaves that
//! would bring `used` above `limit`. In any window at most `2 × limit` leaves on balance, and what small withdrawals
//! take above it: at most `floor_count × floor`.

use cosmwasm_std::Uint256;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::math::{MathError, mul_add_div_128, mul_div_up, narrow};
use crate::units::{Amount, Ratio};

/// The least share of the supply that a limit may be: a limit is no stop.
pub const OUTFLOW_SHARE_MIN: Ratio = Ratio::percent(1);
/// The shortest window, in seconds: an hour.
pub const OUTFLOW_WINDOW_MIN: u64 = 3_600;
/// The longest window, in seconds: a day.
pub const OUTFLOW_WINDOW_MAX: u64 = 86_400;

/// How much may leave a market.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct OutflowLimit {
    /// The share of the supply that may leave at once; from [`OUTFLOW_SHARE_MIN`] to 1.
    pub share: Ratio,
    /// The seconds in which that share is free again; from [`OUTFLOW_WINDOW_MIN`] to [`OUTFLOW_WINDOW_MAX`].
    pub window: u64,
    /// The largest withdrawal that passes above the limit; 0 for none.
    pub floor: Amount,
    /// How many times `floor` passes above the limit in any window.
    pub floor_count: u32,
}

impl OutflowLimit {
    /// Whether share and window are within their bounds.
    pub fn is_in_range(&self) -> bool {
        (OUTFLOW_SHARE_MIN..=Ratio::ONE).contains(&self.share)
            && (OUTFLOW_WINDOW_MIN..=OUTFLOW_WINDOW_MAX).contains(&self.window)
    }

    /// The most that may have left at once of this supply, rounded down.
    pub fn limit_down(&self, supply: Amount) -> Amount {
        supply.share_down(self.share).unwrap_or(Amount::MAX)
    }

    /// The most that passes above the limit in any window.
    fn floors(&self) -> Amount {
        Amount::new(self.floor.raw().saturating_mul(self.floor_count.into()))
    }
}

/// What one message moves in a market, as far as it counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// What comes in.
    pub into: Amount,
    /// What leaves.
    pub out: Amount,
    /// Whether a loan is part of it: then nothing passes above the limit.
    pub borrows: bool,
}

impl Flow {
    /// Adds a deposit or a repayment.
    pub const fn take_in(&mut self, amount: Amount) {
        self.into = self.into.saturating_add(amount);
    }

    /// Adds a withdrawal.
    pub const fn withdraw(&mut self, amount: Amount) {
        self.out = self.out.saturating_add(amount);
    }

    /// Adds a loan.
    pub const fn borrow(&mut self, amount: Amount) {
        self.withdraw(amount);
        self.borrows = true;
    }
}

/// Why a message is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverLimit {
    /// What would leave on balance.
    pub wanted: Amount,
    /// The most that may leave now.
    pub free: Amount,
    /// As much of `wanted` as may leave at `at`, while nothing else is done in the market.
    pub more: Amount,
    /// When, in seconds.
    pub at: u64,
}

/// The bucket of a market that has a limit.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outflow {
    /// What has left and is not free again, without the fraction that is.
    pub used: Amount,
    /// By how much less than `used` that is, in parts of the window: below a base unit. However often a market is
    /// touched, as much is freed.
    pub fraction: u128,
    /// What came in beyond `used` at `updated_at`. It may leave again in that second: nobody fills the bucket with coins
    /// that they bring for a moment.
    pub surplus: Amount,
    /// What passed above the limit since none had for a window.
    pub passed: Amount,
    /// When the last of it passed, in seconds.
    pub passed_at: u64,
    /// The supply of which the limit is a share: at the end of the last second before `updated_at` in which the market
    /// was touched. A deposit raises no limit in its own second.
    pub base: Amount,
    /// The supply as the market was last written.
    pub supply: Amount,
    /// The second of which all this is.
    pub updated_at: u64,
}

impl Outflow {
    /// An empty bucket of a market with this supply.
    pub const fn open(supply: Amount, now: u64) -> Self {
        Self {
            used: Amount::ZERO,
            fraction: 0,
            surplus: Amount::ZERO,
            passed: Amount::ZERO,
            passed_at: 0,
            base: supply,
            supply,
            updated_at: now,
        }
    }

    /// The bucket at `now`, exact however often it is asked for. A clock that went back changes nothing.
    pub fn at(self, now: u64, limit: &OutflowLimit) -> Self {
        let seconds = now.saturating_sub(self.updated_at);
        if seconds == 0 {
            return self;
        }
        let base = self.supply;
        let window = u128::from(limit.window);
        // Of another window the fraction may have been.
        let fraction = self.fraction.min(window.saturating_sub(1));
        let freed = mul_add_div_128(limit.limit_down(base).raw(), seconds.into(), fraction, window);
        // What doesn't fit is more than was ever used.
        let (freed, fraction) = freed.unwrap_or((u128::MAX, 0));
        let next = Self { base, surplus: Amount::ZERO, updated_at: now, ..self };
        match self.used.raw().checked_sub(freed) {
            Some(used) if used > 0 => Self { used: Amount::new(used), fraction, ..next },
            _ => Self { used: Amount::ZERO, fraction: 0, ..next },
        }
    }

    /// The most that may leave on balance, with this flow's rights.
    fn free(&self, limit: &OutflowLimit, flow: &Flow) -> Amount {
        let small = if flow.borrows { Amount::ZERO } else { limit.floor.min(self.floors_left(limit)) };
        self.surplus.saturating_add(self.within(limit).max(small))
    }

    fn within(&self, limit: &OutflowLimit) -> Amount {
        limit.limit_down(self.base).saturating_sub(self.used)
    }

    fn floors_left(&self, limit: &OutflowLimit) -> Amount {
        limit.floors().saturating_sub(self.passed_by(limit))
    }

    /// What passed above the limit and counts still.
    const fn passed_by(&self, limit: &OutflowLimit) -> Amount {
        if self.updated_at >= self.passed_at.saturating_add(limit.window) { Amount::ZERO } else { self.passed }
    }

    /// The most that may leave beside what the flow moves already.
    pub fn room(&self, limit: &OutflowLimit, flow: &Flow) -> Amount {
        self.free(limit, flow).saturating_add(flow.into).saturating_sub(flow.out)
    }

    /// The bucket after this flow, of which the balance counts. Errors when more would leave than may.
    pub fn after(self, limit: &OutflowLimit, flow: &Flow) -> Result<Self, OverLimit> {
        let more = flow.into.saturating_sub(flow.out);
        if more > Amount::ZERO {
            let surplus = self.surplus.saturating_add(more.saturating_sub(self.used));
            let fraction = if more >= self.used { 0 } else { self.fraction };
            return Ok(Self { used: self.used.saturating_sub(more), fraction, surplus, ..self });
        }
        let wanted = flow.out.saturating_sub(flow.into);
        if wanted > self.free(limit, flow) {
            return Err(self.over(limit, flow, wanted));
        }
        let net = wanted.saturating_sub(self.surplus);
        let surplus = self.surplus.saturating_sub(wanted);
        let (passed, passed_at) = if net > self.within(limit) {
            (self.passed_by(limit).saturating_add(net), self.updated_at)
        } else {
            (self.passed, self.passed_at)
        };
        Ok(Self { used: self.used.saturating_add(net), surplus, passed, passed_at, ..self })
    }

    /// What is said to a flow that wants too much. The limit from the next second on is of the supply as it was last
    /// written.
    fn over(&self, limit: &OutflowLimit, flow: &Flow, wanted: Amount) -> OverLimit {
        let next = limit.limit_down(self.supply);
        let more = wanted.min(next);
        let excess = self.used.saturating_add(more).saturating_sub(next);
        let seconds = self.seconds_up(excess, next, limit.window).unwrap_or(u64::MAX).max(1);
        let at = self.updated_at.saturating_add(seconds);
        let free = self.free(limit, flow);
        let passes_at = self.passed_at.saturating_add(limit.window);
        let is_small = !flow.borrows && wanted <= limit.floor.min(limit.floors());
        if is_small && (more < wanted || passes_at < at) {
            return OverLimit { wanted, free, more: wanted, at: passes_at };
        }
        OverLimit { wanted, free, more, at }
    }

    /// How many seconds free this much, rounded up.
    fn seconds_up(&self, excess: Amount, limit: Amount, window: u64) -> Result<u64, MathError> {
        let parts = Uint256::from(excess.raw()).saturating_mul(Uint256::from(window));
        let parts = parts.saturating_sub(Uint256::from(self.fraction));
        let seconds = narrow(mul_div_up(parts, Uint256::one(), Uint256::from(limit.raw()))?)?;
        u64::try_from(seconds).map_err(|_| MathError::Overflow { what: "time" })
    }
}
