//! What a transaction came to: what it did, what of it failed, and whose fault that was.

use std::fmt;

use serde::Serialize;

use crate::book::Book;
use crate::chain::Included;
use crate::scan::Scan;
use crate::tx::journal::Intent;
use crate::tx::receipt::{Failure, Settled};

/// Why a transaction did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// No block took it in time.
    Expired,
    /// It used more gas than simulated.
    OutOfGas,
    /// Somebody else was first, or the price came back: nothing is left to be done about the account.
    Rival,
    /// The account or one of its prices changed on the way.
    Changed,
    /// The chain says why.
    Failed,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "expired",
            Self::OutOfGas => "out_of_gas",
            Self::Rival => "rival",
            Self::Changed => "changed",
            Self::Failed => "failed",
        })
    }
}

/// A transaction that ended without doing anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// What it was to do.
    pub intent: Intent,
    /// Why it didn't.
    pub why: Why,
    /// The same in the chain's words.
    pub reason: String,
    /// The gas that was paid for all the same.
    pub gas_used: u64,
}

/// What has landed and no tick has told yet.
#[derive(Debug, Default)]
pub(super) struct Landing {
    pub settled: Vec<Settled>,
    pub failures: Vec<Failure>,
    pub failed: Vec<Lost>,
}

impl Landing {
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
