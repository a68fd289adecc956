//! The failures of one account, and until when it is left alone for them. Pure.
//!
//! Anybody may deposit into another's account or repay for it. What a stranger does for a base unit must not bring an
//! account back at each block: a deposit alone doesn't, and whatever else changes a record does so once in
//! [`COOLDOWN_BLOCKS`] blocks.

use plimsoll_risk::units::Ratio;
use plimsoll_schema::pool::AccountKey;

use crate::book::Book;
use crate::plan::Skip;
use crate::plan::evidence::AccountEvidence;

/// For how many blocks an account is left alone after its first failure.
pub const COOLDOWN_BLOCKS: u64 = 10;
/// How often the wait is doubled at most.
const DOUBLINGS_MAX: u32 = 6;
/// How many blocks after its last wait an account's failures are forgotten.
const FORGET_AFTER_BLOCKS: u64 = 5_000;
/// How many failures in a row bring no wait where a change on the way explains them.
const CHANGES_IN_ROW_MAX: u32 = 3;
/// How often the wait after that is doubled at most.
const DOUBLINGS_WHEN_CHANGED_MAX: u32 = 2;
/// For how many blocks after a failure of an old plan was forgiven no other is.
const FORGIVEN_FOR_BLOCKS: u64 = 20;

/// The failures of one account.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    last: Option<Failure>,
    /// The block at which a failure in simulation was held against the age of the plan.
    forgiven_at: Option<u64>,
}

/// The last failure, and how many came before it.
#[derive(Debug)]
struct Failure {
    why: Skip,
    /// The first block at which the account isn't left alone any more.
    until: u64,
    /// How many failures brought a wait.
    times: u32,
    /// How many of the last failures in a row a change on the way explains.
    changes: u32,
    /// The block at which a change of the record last ended the wait.
    lifted_at: Option<u64>,
    /// What the account failed on.
    evidence: AccountEvidence,
}

impl Backoff {
    /// The account failed at this block, on this evidence. `changed` says that a change on the way explains the
    /// failure.
    pub fn failed(&mut self, why: Skip, height: u64, evidence: AccountEvidence, changed: bool) {
        let before = self.last.as_ref();
        let times = before.map_or(0, |failure| failure.times);
        let in_row = before.map_or(0, |failure| failure.changes);
        let lifted_at = before.and_then(|failure| failure.lifted_at);
        let is_free = changed && in_row < CHANGES_IN_ROW_MAX;
        // Whoever changes their account each time a transaction is on its way pays for that each time: it is not for
        // them to make the wait much longer.
        let doublings = times.min(if changed { DOUBLINGS_WHEN_CHANGED_MAX } else { DOUBLINGS_MAX });
        let blocks = if is_free { 0 } else { COOLDOWN_BLOCKS << doublings };
        self.last = Some(Failure {
            why,
            until: height.saturating_add(blocks),
            times: times.saturating_add(u32::from(!is_free)),
            changes: if is_free { in_row.saturating_add(1) } else { 0 },
            lifted_at,
            evidence,
        });
    }

    /// Whether a failure of an old plan at this block is forgiven: the first of some blocks, and any at the same block.
    pub fn forgive(&mut self, height: u64) -> bool {
        self.forget_forgiven(height);
        *self.forgiven_at.get_or_insert(height) == height
    }

    /// Ends the wait where a price or the record has changed by more than `by`, and forgets what is long over.
    pub fn expire(&mut self, key: &AccountKey, height: u64, book: &Book, by: Ratio) {
        self.forget_forgiven(height);
        self.last.take_if(|failure| height >= failure.until.saturating_add(FORGET_AFTER_BLOCKS));
        if let Some(failure) = self.last.as_mut().filter(|failure| failure.until > height) {
            failure.lift(key, height, book, by);
        }
    }

    fn forget_forgiven(&mut self, height: u64) {
        self.forgiven_at.take_if(|at| height >= at.saturating_add(FORGIVEN_FOR_BLOCKS));
    }

    /// Why the account is left alone at this block.
    pub fn left_alone(&self, height: u64) -> Option<Skip> {
        self.last.as_ref().filter(|failure| failure.until > height).map(|failure| failure.why)
    }

    /// Whether there is nothing to remember.
    pub const fn is_empty(&self) -> bool {
        self.last.is_none() && self.forgiven_at.is_none()
    }
}

impl Failure {
    fn lift(&mut self, key: &AccountKey, height: u64, book: &Book, by: Ratio) {
        if self.evidence.has_price_moved(book, by) {
            self.until = height;
        }
        let lately = self.lifted_at.is_some_and(|lifted_at| height < lifted_at.saturating_add(COOLDOWN_BLOCKS));
        if !lately && self.evidence.has_record_changed(key, book, by) {
            self.until = height;
            self.lifted_at = Some(height);
        }
    }
}
