//! `[book]`: where the book is kept, and how it is kept true.

use std::path::PathBuf;

use crate::config::Layers;
use crate::error::Result;

/// The most blocks that are filled one by one after an absence, unless set.
pub const GAP_MAX: u64 = 1_000;

/// The settings that keep the book true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookConfig {
    /// The most blocks that are filled one by one after an absence; after a longer one the book is read anew.
    pub gap_max: u64,
    /// How many accounts an audit compares; 0 is no audit.
    pub audit_accounts: usize,
    /// How often, in seconds.
    pub audit_seconds: u64,
    /// After how many differences the whole book is read anew.
    pub audit_rebuild: usize,
}

impl Default for BookConfig {
    fn default() -> Self {
        Self { gap_max: GAP_MAX, audit_accounts: 64, audit_seconds: 60, audit_rebuild: 5 }
    }
}

/// Where the book is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookFile {
    /// Beside the journal, if there is one.
    Beside,
    /// At this path.
    At(PathBuf),
    /// Nowhere: in memory only.
    Nowhere,
}

pub(super) fn settings(layers: &Layers) -> Result<BookConfig> {
    Ok(BookConfig {
        gap_max: layers
            .parse("book.gap_max", "a number of blocks from 1 to 1000000", |n: &u64| (1..=1_000_000).contains(n))?,
        audit_accounts: layers.parse(
            "book.audit_accounts",
            "a number from 0, which is no audit, to 256",
            |n: &usize| *n <= 256,
        )?,
        audit_seconds: layers.parse("book.audit_seconds", "a number of seconds above 0", |n: &u64| *n > 0)?,
        audit_rebuild: layers.parse("book.audit_rebuild", "a number of differences above 0", |n: &usize| *n > 0)?,
    })
}

pub(super) fn book_file(layers: &Layers) -> Result<BookFile> {
    Ok(match layers.get("book.path") {
        "" => BookFile::Beside,
        "none" => BookFile::Nowhere,
        _ => layers
            .path("book.path", "a file, not a directory, or none", |path| !path.is_dir())?
            .map_or(BookFile::Beside, BookFile::At),
    })
}
