//! How much one transaction is trusted with, by what became of those before it. Pure.

/// A simulation's gas is raised by half after each transaction that ran out of it, up to this, in percent.
const GAS_PERCENT_MAX: u64 = 400;
/// By how much it comes down again with each transaction that worked, in points.
const GAS_PERCENT_DOWN: u64 = 5;

/// Bounds that tighten with failures and loosen with successes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    most: usize,
    gas: u64,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { most: usize::MAX, gas: 100 }
    }
}

impl Throttle {
    /// The most actions in one transaction.
    pub const fn most(&self) -> usize {
        self.most
    }

    /// The gas limit in place of this one, rounded up.
    pub const fn gas(&self, gas: u64) -> u64 {
        gas.saturating_mul(self.gas).div_ceil(100)
    }

    /// A transaction of so many actions failed and doesn't say by which: the next has half as many, so that it is
    /// found.
    pub const fn failed(&mut self, actions: usize) {
        self.most = if actions < 2 { 1 } else { actions / 2 };
    }

    /// A transaction of so many actions ran out of gas: the next has half as many, and half as much more gas for each.
    /// Says whether there was anything left to try.
    pub const fn out_of_gas(&mut self, actions: usize) -> bool {
        let tried = actions < 2 && self.gas >= GAS_PERCENT_MAX;
        self.failed(actions);
        let more = self.gas.saturating_mul(3) / 2;
        self.gas = if more > GAS_PERCENT_MAX { GAS_PERCENT_MAX } else { more };
        !tried
    }

    /// A transaction worked: the next may have twice as many.
    pub const fn worked(&mut self) {
        self.most = self.most.saturating_mul(2);
        let less = self.gas.saturating_sub(GAS_PERCENT_DOWN);
        self.gas = if less < 100 { 100 } else { less };
    }
}
