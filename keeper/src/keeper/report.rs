//! What a transaction came to: what it did, what of it failed, and whose fault that was.

use crate::book::Book;
use crate::chain::Included;
use crate::scan::Scan;
use crate::tx::FailedTx;
use crate::tx::receipt::{Failure, Settled};

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
