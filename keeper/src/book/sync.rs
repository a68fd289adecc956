//! What keeps a book true and safe: its file, its audits, and the counts of what was wrong.

mod start;

use std::path::{Path, PathBuf};

use plimsoll_risk::params::AssetId;

use crate::book::Book;
use crate::book::audit::Dice;
use crate::book::delta::BookDelta;
use crate::book::follow::Ahead;
use crate::book::store::{Codes, Store};
use crate::chain::{ChainReader, Head};
use crate::error::{Error, Result};

pub use crate::config::BookConfig;

/// In seconds of the chain: after what time a file that couldn't be written is tried again.
const FILE_RETRY_SECONDS: u64 = 60;
/// How soon an audit that came to nothing is tried again, in seconds of the chain.
const AUDIT_RETRY_SECONDS: u64 = 10;

/// In seconds of the chain: for how long a market isn't looked at whose debt still isn't its borrowers' after the whole
/// book was read anew.
const BALANCE_RETRY_SECONDS: u64 = 600;

/// What was wrong, ever since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Audits.
    pub audits: u64,
    /// Audits that came to nothing: the chain couldn't be asked, or answered what can't be.
    pub unaudited: u64,
    /// Differences that audits found and mended; anything but 0 is a fault of the keeper.
    pub mended: usize,
    /// How often the whole book was read anew, the start not counted.
    pub rebuilt: u64,
    /// Blocks that were filled from their events because nobody announced them, or the keeper wasn't there.
    pub filled: u64,
    /// Attributes of the pool's events that name no account.
    pub malformed: u64,
    /// Answers that can't be, of which nothing entered the book.
    pub refused: u64,
    /// How often a market's debt wasn't the sum of its borrowers': events were missed. Their accounts were read again.
    pub unbalanced: u64,
    /// How often the file couldn't be written.
    pub unwritten: u64,
}

/// Keeps one book current, audited and on disk.
#[derive(Debug, Default)]
pub struct BookSync {
    settings: BookConfig,
    file: Option<PathBuf>,
    store: Option<Store>,
    codes: Codes,
    unsaved: BookDelta,
    ahead: Ahead,
    file_again: u64,
    dice: Dice,
    /// The time of the next audit, in the chain's time.
    audit_at: u64,
    /// Differences since the book was last read anew.
    doubts: usize,
    /// The markets whose debt wasn't the sum of their borrowers' at the last block, and when the whole book may be read
    /// for that again.
    unbalanced: Vec<AssetId>,
    balance_at: u64,
    counts: Counts,
}

impl BookSync {
    /// A synchronised book without a file.
    pub fn memory(settings: BookConfig) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Brings the book to this block, and audits it when it is time. What changed isn't in the file before
    /// [`BookSync::keep`].
    pub async fn follow(&mut self, book: &mut Book, chain: &impl ChainReader, head: &Head) -> Result<()> {
        let delta = match book.follow_within(chain, head, self.settings.gap_max, &mut self.ahead).await {
            Ok(delta) => delta,
            Err(error) => {
                self.count_refused(&error);
                return Err(error);
            }
        };
        self.counts.rebuilt = self.counts.rebuilt.saturating_add(u64::from(delta.whole));
        self.counts.filled = self.counts.filled.saturating_add(delta.filled);
        self.counts.malformed = self.counts.malformed.saturating_add(delta.malformed);
        if delta.whole {
            // It may be another code that made it so.
            self.codes = start::codes(chain, book).await.unwrap_or(Codes::default());
            self.doubts = 0;
        }
        self.unsaved.add(delta);
        self.audit_in_time(book, chain).await;
        self.balance(book, chain).await;
        Ok(())
    }

    /// Where a market's debt isn't the sum of its borrowers', reads these again at once; where that doesn't help, the
    /// whole book. It is told and counted once, however many blocks it lasts. What can't be read now is tried again at
    /// the next block.
    async fn balance(&mut self, book: &mut Book, chain: &impl ChainReader) {
        let unbalanced = book.unbalanced();
        if unbalanced != self.unbalanced && !unbalanced.is_empty() {
            let markets: Vec<String> = unbalanced.iter().map(|id| book.denom_of(*id)).collect();
            let markets = markets.join(", ");
            tracing::warn!(
                height = book.head.height,
                markets,
                "debt of these markets isn't the sum of their borrowers': events were missed; reading the borrowers again"
            );
            self.counts.unbalanced = self.counts.unbalanced.saturating_add(1);
        }
        self.unbalanced = unbalanced;
        if self.unbalanced.is_empty() || book.head.time < self.balance_at {
            return;
        }
        if let Err(error) = self.rebalance(book, chain).await {
            self.count_refused(&error);
            tracing::warn!(%error, "the borrowers can't be read again now; trying at the next block");
        }
    }

    async fn rebalance(&mut self, book: &mut Book, chain: &impl ChainReader) -> Result<()> {
        let delta = book.reread_borrowers(chain, &self.unbalanced).await?;
        self.unsaved.add(delta);
        self.unbalanced = book.unbalanced();
        if self.unbalanced.is_empty() {
            return Ok(());
        }
        self.rebuild(book, chain).await?;
        self.unbalanced = book.unbalanced();
        if !self.unbalanced.is_empty() {
            self.balance_at = book.head.time.saturating_add(BALANCE_RETRY_SECONDS);
            tracing::error!(
                "debt isn't the sum of the borrowers' though the whole book was read anew: ask another node"
            );
        }
        Ok(())
    }

    /// Reads the whole book anew at its own block.
    async fn rebuild(&mut self, book: &mut Book, chain: &impl ChainReader) -> Result<()> {
        *book = Book::snapshot(chain, &book.addresses.pool, book.head.clone(), |_| {}).await?;
        self.counts.rebuilt = self.counts.rebuilt.saturating_add(1);
        self.doubts = 0;
        self.unsaved.add(BookDelta::whole());
        Ok(())
    }

    async fn audit_in_time(&mut self, book: &mut Book, chain: &impl ChainReader) {
        let now = book.head.time;
        if self.settings.audit_accounts == 0 || now < self.audit_at {
            return;
        }
        match self.audit(book, chain).await {
            Ok(()) => self.audit_at = now.saturating_add(self.settings.audit_seconds),
            Err(error) => {
                self.audit_at = now.saturating_add(self.settings.audit_seconds.min(AUDIT_RETRY_SECONDS));
                self.counts.unaudited = self.counts.unaudited.saturating_add(1);
                self.count_refused(&error);
                tracing::warn!(%error, "the book can't be compared with the chain now");
            }
        }
    }

    fn count_refused(&mut self, error: &Error) {
        self.counts.refused = self.counts.refused.saturating_add(u64::from(matches!(error, Error::Garbage { .. })));
    }

    async fn audit(&mut self, book: &mut Book, chain: &impl ChainReader) -> Result<()> {
        let audit = book.audit(chain, self.settings.audit_accounts, &mut self.dice).await?;
        self.counts.audits = self.counts.audits.saturating_add(1);
        self.counts.mended = self.counts.mended.saturating_add(audit.differences);
        self.doubts = self.doubts.saturating_add(audit.differences);
        self.unsaved.add(audit.delta);
        tracing::debug!(
            height = book.head.height,
            accounts = audit.accounts,
            differences = audit.differences,
            "audited"
        );
        if self.doubts < self.settings.audit_rebuild {
            return Ok(());
        }
        tracing::error!(differences = self.doubts, "the book was wrong too often; reading it anew");
        self.rebuild(book, chain).await
    }

    /// Writes what isn't in the file yet; it has time until a block's transactions are sent. A file that can't be
    /// written stops nobody: it is told, counted, and tried again.
    pub fn keep(&mut self, book: &Book) {
        let Some(path) = &self.file else {
            self.unsaved = BookDelta::default();
            return;
        };
        if self.store.is_none() {
            if book.head.time < self.file_again {
                return;
            }
            // What the file holds by now is of no use.
            self.unsaved = BookDelta::whole();
        }
        let path = path.clone();
        let written = self.store(&path).and_then(|(store, codes, unsaved)| match unsaved.whole {
            true => store.replace(book, codes),
            false => store.save(book, unsaved),
        });
        match written {
            Ok(()) => self.unsaved = BookDelta::default(),
            Err(error) => {
                tracing::error!(%error, "the book can't be written down; a restart will read it from the chain");
                self.counts.unwritten = self.counts.unwritten.saturating_add(1);
                self.store = None;
                self.file_again = book.head.time.saturating_add(FILE_RETRY_SECONDS);
            }
        }
    }

    /// The open file, opened again if it had to be given up; with what is to be written there.
    fn store(&mut self, path: &Path) -> Result<(&mut Store, Codes, &BookDelta)> {
        let store = match self.store.take() {
            Some(store) => store,
            None => Store::open(path)?.0,
        };
        Ok((self.store.insert(store), self.codes, &self.unsaved))
    }

    /// Waits until the file is on disk, at an orderly end.
    pub fn close(&mut self) {
        if let Some(Err(error)) = self.store.as_mut().map(Store::flush) {
            tracing::warn!(%error, "the last blocks of the book aren't on disk; a restart fills them");
        }
    }

    /// What was wrong, ever since the start.
    pub const fn counts(&self) -> Counts {
        self.counts
    }
}
