//! A start: with the stored book, if it is the chain's, and the blocks since; or with one that is read anew.

use std::path::Path;

use crate::book::Book;
use crate::book::delta::BookDelta;
use crate::book::follow::Ahead;
use crate::book::patience::{Patience, patiently};
use crate::book::store::{Codes, Store, Stored};
use crate::book::sync::{BookConfig, BookSync};
use crate::chain::{ChainReader, Head, REWIND_MAX};
use crate::error::{Error, Result};

impl BookSync {
    /// The book at this block: from the file and the blocks since, or, where that can't be, read anew. Without a file
    /// it always is. `progress` hears the number of accounts read so far.
    pub async fn open(
        settings: BookConfig,
        file: Option<&Path>,
        chain: &impl ChainReader,
        pool: &str,
        head: Head,
        progress: impl Fn(usize) + Send + Sync,
    ) -> Result<(Self, Book)> {
        let mut sync = Self { file: file.map(Path::to_owned), ..Self::memory(settings) };
        let stored = match file {
            Some(path) => {
                let (store, stored) = Store::open(path)?;
                sync.store = Some(store);
                stored
            }
            None => None,
        };
        let known = match stored {
            Some(stored) => sync.fitting(stored, chain, pool, &head).await?,
            None => None,
        };
        let (book, delta) = match known {
            Some(book) => sync.catch_up(book, chain, &head, &progress).await?,
            None => (Book::first(chain, pool, head, &progress).await?, BookDelta::whole()),
        };
        if delta.whole {
            sync.codes = codes(chain, &book).await?;
            // What was just read needs no audit; what was stored does.
            sync.audit_at = book.head.time.saturating_add(settings.audit_seconds);
        }
        sync.unsaved = delta;
        sync.keep(&book);
        Ok((sync, book))
    }

    /// The stored book, if it is this pool's on this chain, of the code that runs now. The file of another's is moved
    /// aside.
    async fn fitting(
        &mut self,
        stored: Stored,
        chain: &impl ChainReader,
        pool: &str,
        head: &Head,
    ) -> Result<Option<Book>> {
        let Stored { book, codes: before } = stored;
        let other = if book.head.chain_id != head.chain_id {
            Some(format!("this book is of another chain: {}, not {}", book.head.chain_id, head.chain_id))
        } else if book.addresses.pool != pool {
            Some(format!("this book is of another pool: {}, not {pool}", book.addresses.pool))
        } else if book.head.height.saturating_sub(head.height) > REWIND_MAX && head.time > book.head.time {
            Some(format!(
                "this book is of block {}, and the chain is at {}: it was reset",
                book.head.height, head.height
            ))
        } else {
            // Height and time of another chain's block would hardly be the same.
            let then = patiently(|| chain.head_at(book.head.height)).await?.filter(|then| then.time != book.head.time);
            then.map(|then| {
                format!(
                    "this book's block {} is of time {}, the chain's of {}: it was reset",
                    then.height, book.head.time, then.time
                )
            })
        };
        if let Some(reason) = other {
            self.store = self.store.take().map(|store| store.replace_other(&reason)).transpose()?;
            return Ok(None);
        }
        let now = codes(chain, &book).await?;
        if now != before {
            tracing::warn!(
                ?before,
                ?now,
                "the contracts run another code than when the book was stored; reading it anew"
            );
            return Ok(None);
        }
        self.codes = now;
        Ok(Some(book))
    }

    /// Fills the blocks since the book was stored.
    async fn catch_up(
        &self,
        mut book: Book,
        chain: &impl ChainReader,
        head: &Head,
        progress: &(impl Fn(usize) + Send + Sync),
    ) -> Result<(Book, BookDelta)> {
        let from = book.head.height;
        let pool = book.addresses.pool.clone();
        tracing::info!(
            from,
            to = head.height,
            accounts = book.accounts.len(),
            "the book was stored; filling the blocks since"
        );
        if head.height < from && from.saturating_sub(head.height) <= REWIND_MAX {
            // Behind one address there may be several nodes, one ahead of another.
            return Ok((book, BookDelta::default()));
        }
        if head.height < from {
            let reason = format!(
                "the node is at block {}, the stored book at {from}: wait until it has caught up, or use another",
                head.height
            );
            return Err(Error::DoesNotHold(reason));
        }
        let mut ahead = Ahead::default();
        let gap_max = self.settings.gap_max;
        let mut patience = Patience::default();
        loop {
            match book.follow_within(chain, head, gap_max, &mut ahead).await {
                Ok(delta) => return Ok((book, delta)),
                Err(Error::Garbage { from, reason }) => {
                    tracing::warn!(from, reason, "the stored book doesn't fit the chain; reading it anew");
                    return Ok((Book::first(chain, &pool, head.clone(), progress).await?, BookDelta::whole()));
                }
                // What blocks said that were read before is kept.
                Err(error) => patience.after(error).await?,
            }
        }
    }
}

/// The codes that the book's contracts run now.
pub(super) async fn codes(chain: &impl ChainReader, book: &Book) -> Result<Codes> {
    let pool = patiently(|| chain.code_id(&book.addresses.pool));
    let oracle = patiently(|| chain.code_id(&book.addresses.oracle));
    let (pool, oracle) = tokio::try_join!(pool, oracle)?;
    Ok(Codes { pool, oracle })
}
