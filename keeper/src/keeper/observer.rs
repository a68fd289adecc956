//! Who hears what a keeper does, as it does it.

use std::fmt::Debug;

use crate::book::Book;
use crate::book::sync::Counts;
use crate::chain::TxStatus;
use crate::error::Error;
use crate::keeper::BlockReport;
use crate::tx::FailedTx;
use crate::tx::journal::Intent;

/// Hears what a keeper does. Nothing that an observer does changes what the keeper does.
pub trait Observer: Debug + Send + Sync {
    /// Work on a block begins.
    fn begin(&self);
    /// A block was done. Goes with the book as it is then.
    fn done(&self, book: &Book, tick: &BlockReport);
    /// A block could not be done.
    fn trouble(&self, error: &Error);
    /// The keeper is about to end, for this reason: nothing is sent any more.
    fn ending(&self, reason: &str);
    /// What became of a transaction.
    fn resolved(&self, intent: &Intent, status: &TxStatus);
    /// A transaction did nothing.
    fn failed(&self, failed: &FailedTx);
    /// The node didn't take a transaction, or there is no money for it.
    fn refused(&self, error: &Error);
    /// What was wrong with the book, ever since the start.
    fn counted(&self, counts: Counts);
    /// So many pairs gave no answer to be used.
    fn silent_pairs(&self, count: usize);
}

/// The observer that hears nothing.
#[derive(Clone, Copy, Debug)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn begin(&self) {}
    fn done(&self, _: &Book, _: &BlockReport) {}
    fn trouble(&self, _: &Error) {}
    fn ending(&self, _: &str) {}
    fn resolved(&self, _: &Intent, _: &TxStatus) {}
    fn failed(&self, _: &FailedTx) {}
    fn refused(&self, _: &Error) {}
    fn counted(&self, _: Counts) {}
    fn silent_pairs(&self, _: usize) {}
}
