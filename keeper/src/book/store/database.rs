//! The book's file as a redb database. The parent module says what it promises.

mod read;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plimsoll_schema::compact;
use redb::{Builder, Database, DatabaseError, Durability, ReadableDatabase, StorageError, TableDefinition};
use serde::Serialize;

use crate::book::Book;
use crate::book::delta::BookDelta;
use crate::book::store::{Codes, Stored};
use crate::error::{Error, Result};

/// What the rows mean. Another number is another format, which is moved aside.
pub const FORMAT: u32 = 2;
/// How often a commit waits for the disk, which takes some ten milliseconds more.
pub const DURABLE_EVERY: Duration = Duration::from_secs(5);
/// The size of the database's cache, in bytes: all rows are in memory already.
const CACHE_BYTES: usize = 16 << 20;
/// At most so many files are moved aside under one name.
const ASIDE_MAX: u32 = 1_000;

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const ASSETS: TableDefinition<u16, &[u8]> = TableDefinition::new("assets");
const RECORDS: TableDefinition<&str, &[u8]> = TableDefinition::new("records");
const ACCOUNTS: TableDefinition<(&str, u32), &[u8]> = TableDefinition::new("accounts");

/// An open file. No other process can open it meanwhile.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    database: Database,
    durable: Instant,
}

/// Why a file can't be used.
enum Bad {
    /// The file is damaged, or something else than a book: it is moved aside.
    Damaged(String),
    /// The file is a book of another version: it is moved aside.
    Other(String),
    /// It can't be read at all, or is another's: for people to see to.
    Stuck(String),
}

impl Store {
    /// Opens the file, or makes it, and reads what it holds. What can't be used is moved aside, and the file is a new
    /// one.
    pub fn open(path: &Path) -> Result<(Self, Option<Stored>)> {
        match Self::read(path) {
            Ok(opened) => return Ok(opened),
            Err(Bad::Stuck(reason)) => return Err(Error::file(path, reason)),
            Err(Bad::Damaged(reason)) => {
                let aside = set_aside(path, "damaged")?;
                tracing::error!(file = %path.display(), aside = %aside.display(), reason, "the book's file is damaged, or no book; it was moved aside, the book is read anew");
            }
            Err(Bad::Other(reason)) => tell_other(path, &set_aside(path, "other")?, &reason),
        }
        Self::read(path).map_err(|bad| match bad {
            Bad::Stuck(reason) | Bad::Damaged(reason) | Bad::Other(reason) => Error::file(path, reason),
        })
    }

    /// Moves this file aside, since it is the book of another pool or chain, and starts a new one.
    pub fn replace_other(self, reason: &str) -> Result<Self> {
        let path = self.path.clone();
        drop(self);
        tell_other(&path, &set_aside(&path, "other")?, reason);
        Self::open(&path).map(|(store, _)| store)
    }

    fn read(path: &Path) -> std::result::Result<(Self, Option<Stored>), Bad> {
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
        let database = builder.create(path).map_err(|error| bad(&error))?;
        let damaged = |error: redb::Error| Bad::Damaged(error.to_string());
        let transaction = database.begin_read().map_err(|error| damaged(error.into()))?;
        let stored = read::stored(&transaction)?;
        drop(transaction);
        Ok((Self { path: path.to_owned(), database, durable: Instant::now() }, stored))
    }

    /// Writes the whole book, in place of what is there. It is on disk when this returns.
    pub fn replace(&mut self, book: &Book, codes: Codes) -> Result<()> {
        self.write(true, book, |transaction| {
            transaction.delete_table(ASSETS)?;
            transaction.delete_table(ACCOUNTS)?;
            let mut accounts = transaction.open_table(ACCOUNTS)?;
            // In the file's own order, which is the quickest to write.
            let mut rows: Vec<_> = book.accounts.iter().collect();
            rows.sort_unstable_by_key(|(key, _)| *key);
            for (key, account) in rows {
                accounts.insert((key.owner.as_str(), key.account_id), encode(account)?.as_slice())?;
            }
            let mut meta = transaction.open_table(META)?;
            meta.insert("format", encode(&FORMAT)?.as_slice())?;
            meta.insert("codes", encode(&(codes.pool, codes.oracle))?.as_slice())?;
            Ok(())
        })
    }

    /// Writes what changed, and the block for which the book is true now.
    pub fn save(&mut self, book: &Book, delta: &BookDelta) -> Result<()> {
        let durable = self.durable.elapsed() >= DURABLE_EVERY;
        self.write(durable, book, |transaction| {
            let mut accounts = transaction.open_table(ACCOUNTS)?;
            for key in &delta.accounts {
                let at = (key.owner.as_str(), key.account_id);
                match book.accounts.get(key) {
                    Some(account) => accounts.insert(at, encode(account)?.as_slice())?,
                    None => accounts.remove(at)?,
                };
            }
            Ok(())
        })
    }

    /// One transaction: what `rows` writes, and what is little enough to be written each time.
    fn write(
        &mut self,
        durable: bool,
        book: &Book,
        rows: impl FnOnce(&redb::WriteTransaction) -> std::result::Result<(), redb::Error>,
    ) -> Result<()> {
        let write = || -> std::result::Result<(), redb::Error> {
            let mut transaction = self.database.begin_write()?;
            if !durable {
                transaction.set_durability(Durability::None)?;
            }
            rows(&transaction)?;
            {
                let mut assets = transaction.open_table(ASSETS)?;
                for (id, asset) in &book.assets {
                    assets.insert(id.0, encode(&(&asset.params, &asset.stored))?.as_slice())?;
                }
                let mut records = transaction.open_table(RECORDS)?;
                records.retain(|denom, _| book.prices.records.contains_key(denom))?;
                for (denom, record) in &book.prices.records {
                    records.insert(denom.as_str(), encode(record)?.as_slice())?;
                }
                let mut meta = transaction.open_table(META)?;
                let count = u64::try_from(book.accounts.len()).unwrap_or(u64::MAX);
                meta.insert("head", encode(&(&book.head.chain_id, book.head.height, book.head.time))?.as_slice())?;
                meta.insert("addresses", encode(&(&book.addresses.pool, &book.addresses.oracle))?.as_slice())?;
                meta.insert("terms", encode(&book.terms)?.as_slice())?;
                meta.insert("halt_grace", encode(&book.halt_grace)?.as_slice())?;
                meta.insert("spared_until", encode(&book.spared_until)?.as_slice())?;
                meta.insert("heartbeat", encode(&book.prices.heartbeat)?.as_slice())?;
                meta.insert("accounts", encode(&count)?.as_slice())?;
            }
            transaction.commit()?;
            Ok(())
        };
        write().map_err(|error| Error::file(&self.path, error))?;
        if durable {
            self.durable = Instant::now();
        }
        Ok(())
    }

    /// Waits until everything that was written is on disk.
    pub fn flush(&mut self) -> Result<()> {
        let flush = || -> std::result::Result<(), redb::Error> {
            self.database.begin_write()?.commit()?;
            Ok(())
        };
        flush().map_err(|error| Error::file(&self.path, error))
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn encode(row: &impl Serialize) -> std::result::Result<Vec<u8>, redb::Error> {
    compact::encode(row)
        .map_err(|error| redb::Error::Io(std::io::Error::new(ErrorKind::InvalidInput, error.to_string())))
}

fn bad(error: &DatabaseError) -> Bad {
    let damaged =
        |kind: ErrorKind| matches!(kind, ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::InvalidInput);
    match error {
        DatabaseError::DatabaseAlreadyOpen => {
            Bad::Stuck("is in use by another keeper: stop that one, or set another book.path".to_owned())
        }
        DatabaseError::Storage(StorageError::Io(io)) if !damaged(io.kind()) => Bad::Stuck(io.to_string()),
        DatabaseError::UpgradeRequired(version) => {
            Bad::Other(format!("this book is of another version: version {version} of the file's format"))
        }
        other => Bad::Damaged(other.to_string()),
    }
}

fn tell_other(path: &Path, aside: &Path, reason: &str) {
    tracing::warn!(file = %path.display(), aside = %aside.display(), reason, "the book in this file is another's; it was moved aside, the book is read anew");
}

/// Renames it to the first free `<name>.<why>-<n>`.
fn set_aside(path: &Path, why: &str) -> Result<PathBuf> {
    for n in 1..=ASIDE_MAX {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{why}-{n}"));
        let aside = PathBuf::from(name);
        if !aside.exists() {
            std::fs::rename(path, &aside).map_err(|error| Error::file(path, error))?;
            return Ok(aside);
        }
    }
    Err(Error::file(path, format!("{ASIDE_MAX} files beside it are called .{why}-<n>: move some of them away")))
}
