//! What happened at a block, and what its transactions came to.

use std::time::Duration;

use crate::book::Book;
use crate::chain::{Head, Included};
use crate::plan::Plan;
use crate::scan::Scan;
use crate::tx::receipt::{Failure, Settled};
use crate::tx::{FailedTx, Sent};

/// How long a block's work took, by part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockTimes {
    /// Bringing the book to the block.
    pub follow: Duration,
    /// Judging it.
    pub scan: Duration,
    /// Planning, simulating and sending.
    pub plan: Duration,
}

/// What happened at one block.
#[derive(Clone, Debug)]
pub struct BlockReport {
    /// The block.
    pub head: Head,
    /// The whole book, judged.
    pub scan: Scan,
    /// What is to be done.
    pub plan: Plan,
    /// What was sent; nothing in a dry run.
    pub sent: Sent,
    /// What further keys sent.
    pub also: Vec<Sent>,
    /// What the transaction did that was in flight.
    pub settled: Vec<Settled>,
    /// The items of it that came to nothing, while others went through.
    pub failures: Vec<Failure>,
    /// Transactions that ended without doing anything.
    pub failed: Vec<FailedTx>,
    /// Since when the one of those that may be liquidated is in trouble that is so the longest, in seconds.
    pub oldest: Option<u64>,
    /// How long it took.
    pub times: BlockTimes,
}

/// What became of transactions that no report has told yet.
#[derive(Debug, Default)]
pub(super) struct Untold {
    pub settled: Vec<Settled>,
    pub failures: Vec<Failure>,
    pub failed: Vec<FailedTx>,
}

impl Untold {
    pub const fn is_empty(&self) -> bool {
        self.settled.is_empty() && self.failures.is_empty() && self.failed.is_empty()
    }
}

/// Whether anything is still to be done about this account.
pub(super) fn is_open(account: &str, book: &Book, scan: &Scan) -> bool {
    account.parse().is_ok_and(|key| scan.is_actionable(book, &key))
}

/// Whether the chain ended it for the gas that it used.
pub(super) fn out_of_gas(included: &Included) -> bool {
    (included.codespace.as_str(), included.code) == ("sdk", 11)
}

/// The message that a chain's log says made the transaction fail.
pub(super) fn failed_message(log: &str) -> Option<usize> {
    let (_, after) = log.split_once("message index: ")?;
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    after.get(..digits)?.parse().ok()
}
