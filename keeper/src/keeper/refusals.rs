//! What a key waits for after the node has refused its transactions. Pure.

use crate::chain::Head;
use crate::error::Refusal;

/// After how many lasting refusals in a row the keeper gives up.
pub(super) const REFUSALS_MAX: u32 = 6;
/// For how long no lasting refusal may come for those before to be forgotten, in seconds of the chain.
const QUIET_SECONDS: u64 = 3_600;
/// The longest wait after a passing refusal, in seconds of the chain.
const PASSING_SECONDS_MAX: u64 = 8;

/// The refusals of one key, and when it sends again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Refusals {
    /// Lasting refusals, until one of the key's transactions is taken or for [`QUIET_SECONDS`] none is refused.
    lasting: u32,
    /// Passing refusals in a row.
    passing: u32,
    /// When the last lasting refusal came, in seconds of the chain.
    last_lasting: u64,
    /// The first block at which the key sends again.
    height: u64,
    /// The earliest time of that block.
    time: u64,
}

impl Refusals {
    /// Whether the key may send at this block.
    pub const fn allow(&self, head: &Head) -> bool {
        head.height >= self.height && head.time >= self.time
    }

    /// The node took a transaction.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Forgets them, and waits for this block.
    pub fn wait_for(&mut self, height: u64) {
        *self = Self { height, ..Self::default() };
    }

    /// A transaction was refused. Answers how often that was so: of a passing refusal in a row, of another one until it
    /// is forgotten.
    pub fn met(&mut self, refusal: Refusal, head: &Head) -> u32 {
        let next = head.height.saturating_add(1);
        if refusal.is_passing() || refusal == Refusal::TooLarge {
            self.passing = self.passing.saturating_add(1);
            // What is cheaper or smaller now goes out with the next block.
            let pause = 1u64.checked_shl(self.passing.saturating_sub(1)).unwrap_or(PASSING_SECONDS_MAX);
            let pause = if refusal == Refusal::Busy { pause.min(PASSING_SECONDS_MAX) } else { 0 };
            self.height = next;
            self.time = head.time.saturating_add(pause);
            return self.passing;
        }
        if head.time > self.last_lasting.saturating_add(QUIET_SECONDS) {
            self.lasting = 0;
        }
        self.lasting = self.lasting.saturating_add(1).min(REFUSALS_MAX);
        self.last_lasting = head.time;
        self.height = head.height.saturating_add(self.blocks());
        self.lasting
    }

    /// For how many blocks nothing is sent after so many lasting refusals: twice as many as after the one before.
    pub const fn blocks(&self) -> u64 {
        1 << self.lasting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(height: u64, time: u64) -> Head {
        Head { chain_id: String::new(), height, time }
    }

    #[test]
    fn a_full_mempool_is_tried_again_within_eight_seconds_however_often_it_was_full() {
        let mut refusals = Refusals::default();
        for n in 1..200 {
            assert_eq!(refusals.met(Refusal::Busy, &head(n, n * 100)), u32::try_from(n).unwrap());
            assert!(!refusals.allow(&head(n, n * 100 + 50)));
            assert!(refusals.allow(&head(n + 1, n * 100 + 8)), "{n}");
        }
    }

    #[test]
    fn lasting_refusals_wait_twice_as_long_each_time_and_are_forgotten_after_an_hour() {
        let mut refusals = Refusals::default();
        assert_eq!(refusals.met(Refusal::NoMoney, &head(10, 1_000)), 1);
        assert!(!refusals.allow(&head(11, 1_005)) && refusals.allow(&head(12, 1_010)));
        assert_eq!(refusals.met(Refusal::NoMoney, &head(12, 1_010)), 2);
        assert!(!refusals.allow(&head(15, 1_030)) && refusals.allow(&head(16, 1_030)));
        assert_eq!(refusals.met(Refusal::NoMoney, &head(9_000, 4_611)), 1);
    }

    #[test]
    fn a_transaction_that_is_taken_makes_up_for_all() {
        let mut refusals = Refusals::default();
        for _ in 0..4 {
            refusals.met(Refusal::Unauthorized, &head(1, 1));
        }
        refusals.forget();
        assert!(refusals.allow(&head(1, 1)));
        assert_eq!(refusals.met(Refusal::Unauthorized, &head(1, 1)), 1);
    }
}
