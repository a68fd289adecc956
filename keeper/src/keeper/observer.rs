//! Who hears what a keeper does, as it does it.

use std::fmt::Debug;

use crate::book::Book;
use crate::book::sync::Counts;
use crate::error::Error;
use crate::keeper::{Lost, Tick};
use crate::tx::Landed;
use crate::tx::journal::Intent;

/// Hears what a keeper does. Nothing that an observer does changes what the keeper does.
pub trait Observer: Debug + Send + Sync {
    /// Work on a block begins.
    fn begin(&self);
    /// A block was done. Goes with the book as it is then.
    fn done(&self, book: &Book, tick: &Tick);
    /// A block could not be done.
    fn trouble(&self, error: &Error);
    /// The keeper is about to end, for this reason: nothing is sent any more.
    fn ending(&self, reason: &str);
    /// What became of a transaction.
    fn landed(&self, intent: &Intent, landed: &Landed);
    /// A transaction did nothing.
    fn lost(&self, lost: &Lost);
    /// The node didn't take a transaction, or there is no money for it.
    fn refused(&self, error: &Error);
    /// What was wrong with the book, ever since the start.
    fn counted(&self, counts: Counts);
    /// So many pairs gave no answer to be used.
    fn silent_pairs(&self, count: usize);
}

/// Nobody.
#[derive(Clone, Copy, Debug)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn begin(&self) {}
    fn done(&self, _: &Book, _: &Tick) {}
    fn trouble(&self, _: &Error) {}
    fn ending(&self, _: &str) {}
    fn landed(&self, _: &Intent, _: &Landed) {}
    fn lost(&self, _: &Lost) {}
    fn refused(&self, _: &Error) {}
    fn counted(&self, _: Counts) {}
    fn silent_pairs(&self, _: usize) {}
}
