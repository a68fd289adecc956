//! The book on disk: one file, one transaction a block. *Applied, never sent*: it is true for the block that it names,
//! and for no other.
//!
//! Every page of the file carries a checksum, and all of them are checked when it is opened. A file that is damaged, or
//! that is not a book, is moved aside to `<name>.damaged-<n>` and told of, a sound book of another pool, chain or
//! version to `<name>.other-<n>`; none is ever deleted. What is in it can always be read from the chain again, so the
//! disk is waited for only every `DURABLE_EVERY`: after a kill at any moment the file holds some earlier block, whole.

#[cfg(not(feature = "node"))]
mod absent;
#[cfg(feature = "node")]
mod database;

use crate::book::Book;

#[cfg(not(feature = "node"))]
pub use absent::Store;
#[cfg(feature = "node")]
pub use database::{DURABLE_EVERY, FORMAT, Store};

/// Which code the contracts ran when the book was read; `None` where the chain doesn't say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    /// The pool's.
    pub pool: Option<u64>,
    /// The oracle's.
    pub oracle: Option<u64>,
}

/// What a file held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The book.
    pub book: Book,
    /// The codes that it was read from.
    pub codes: Codes,
}
