//! What was sent, written down before it was sent.
//!
//! One JSON object a line, each synced to disk before the next step. A line cut short by a crash was never acted on, so
//! it is dropped; any other line that can't be read stops the keeper, since it might hide a transaction. A long file is
//! written anew without what is resolved, but for the latest and for what counts for the limits of an hour.

mod history;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::config::GasFigures;
use crate::error::{Error, Result};
use crate::plan::limits::Spent;
use crate::tx::FailureReason;
use crate::tx::journal::history::{History, Line};

pub use history::Intent;

/// A file with more lines than this is compacted, and then again when it has twice as many as that left.
const LINES_MAX: usize = 1_000;

/// The file. Locked while open: a second keeper on the same journal is refused.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    history: History,
    /// How many lines the last compaction left.
    left: usize,
}

impl Journal {
    /// Opens or makes it, and reads what is unresolved.
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |error: std::io::Error| Error::file(path, error);
        let mut file = open_or_make(path).map_err(failed)?;
        lock(path, &file)?;
        // A keeper that has just written the file anew holds the new one, not what was opened here.
        let ours = file.metadata().map_err(failed)?;
        let named = std::fs::metadata(path).map_err(failed)?;
        if (ours.dev(), ours.ino()) != (named.dev(), named.ino()) {
            return Err(in_use(path));
        }
        // The file's name has to be as sure to survive as what is in it.
        sync_directory(path)?;
        let mut text = String::new();
        file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut text)).map_err(failed)?;
        let whole = whole_lines(&text);
        if whole.len() < text.len() {
            let length = u64::try_from(whole.len()).unwrap_or(u64::MAX);
            file.set_len(length).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        let mut journal = Self { path: path.to_owned(), file, history: History::default(), left: 0 };
        for (number, line) in whole.lines().enumerate() {
            journal.history.take(read_line(path, number, line)?);
        }
        journal.compact()?;
        Ok(journal)
    }

    /// What isn't resolved in this file, which stays as it is, whoever has it open; nothing where there is none.
    pub fn look(path: &Path) -> Result<Vec<Intent>> {
        Ok(look_at(path)?.unresolved_ever().to_vec())
    }

    /// As [`Self::used`], of a file that stays as it is.
    pub fn look_used(path: &Path, sender: &str, chain_id: &str) -> Result<Option<(u64, u64)>> {
        Ok(look_at(path)?.used(sender, chain_id))
    }

    /// What one liquidation used when that was last seen on this chain.
    pub fn gas(&self, chain_id: &str) -> GasFigures {
        self.history.gas(chain_id)
    }

    /// As [`Self::gas`], of a file that stays as it is.
    pub fn look_gas(path: &Path, chain_id: &str) -> Result<GasFigures> {
        Ok(look_at(path)?.gas(chain_id))
    }

    /// Writes down what one liquidation used, where that differs from what the file says.
    pub fn measure(&mut self, chain_id: &str, seen: GasFigures) -> Result<()> {
        let known = self.gas(chain_id);
        if seen.or(known) == known {
            return Ok(());
        }
        self.append(Line::Gas { chain_id: chain_id.to_owned(), figures: seen.or(known) })
    }

    /// All that isn't resolved.
    pub fn unresolved_ever(&self) -> &[Intent] {
        self.history.unresolved_ever()
    }

    /// What transactions on this chain spent that the node took, the latest last, as far as the file goes back.
    pub fn spent(&self, chain_id: &str) -> impl Iterator<Item = &Spent> {
        self.history.spent(chain_id)
    }

    /// The highest sequence of this key that a block has surely used up, as far as the file goes back.
    pub fn used(&self, sender: &str, chain_id: &str) -> Option<u64> {
        self.history.used(sender, chain_id).map(|(sequence, _)| sequence)
    }

    /// The highest sequence of this key that a transaction may have used up of which that isn't known: it failed, or
    /// was in no block.
    pub fn perhaps_used(&self, sender: &str, chain_id: &str) -> Option<u64> {
        self.history.perhaps_used(sender, chain_id)
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was sent by this key and is not resolved.
    pub fn unresolved(&self, sender: &str, chain_id: &str) -> Option<&Intent> {
        self.history.unresolved(sender, chain_id)
    }

    /// Writes an intent down. It is on disk when this returns; broadcast after that, never before.
    pub fn intend(&mut self, intent: Intent) -> Result<()> {
        self.append(Line::Intent(Box::new(intent)))
    }

    /// Writes down what became of a transaction: that it worked, or why it did not.
    pub fn resolve(&mut self, hash: &str, failure: Option<FailureReason>, height: u64) -> Result<()> {
        self.append(Line::Resolved { hash: hash.to_owned(), failure, height })?;
        self.compact()
    }

    /// Writes a long file anew, beside, and puts it in the place of the old one: at any moment one of the two is there,
    /// whole.
    fn compact(&mut self) -> Result<()> {
        if self.history.len() <= LINES_MAX.max(self.left.saturating_mul(2)) {
            return Ok(());
        }
        let kept = self.history.kept();
        let mut text = String::new();
        for line in &kept {
            text.push_str(&serde_json::to_string(line).map_err(|error| Error::file(&self.path, error))?);
            text.push('\n');
        }
        let mut name = self.path.clone().into_os_string();
        name.push(".new");
        let beside = PathBuf::from(name);
        let failed = |error: std::io::Error| Error::file(&beside, error);
        // What is left of a compaction that was cut off is of no use.
        let mut file = open_or_make(&beside).map_err(failed)?;
        lock(&beside, &file)?;
        file.set_len(0)
            .and_then(|()| file.write_all(text.as_bytes()))
            .and_then(|()| file.sync_all())
            .map_err(failed)?;
        std::fs::rename(&beside, &self.path).map_err(failed)?;
        sync_directory(&self.path)?;
        // The old file's lock is given up only now.
        self.file = file;
        self.left = kept.len();
        self.history = History::of(kept);
        Ok(())
    }

    fn append(&mut self, line: Line) -> Result<()> {
        let mut text = serde_json::to_string(&line).map_err(|error| Error::file(&self.path, error))?;
        text.push('\n');
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|error| Error::file(&self.path, error))?;
        self.history.take(line);
        Ok(())
    }
}

/// The history in a file that stays as it is, whoever has it open; none where there is no file.
fn look_at(path: &Path) -> Result<History> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(History::default()),
        Err(error) => return Err(Error::file(path, error)),
    };
    let lines = whole_lines(&text).lines().enumerate().map(|(number, line)| read_line(path, number, line));
    Ok(History::of(lines.collect::<Result<_>>()?))
}

/// All but a last line that was cut short.
fn whole_lines(text: &str) -> &str {
    text.rfind('\n').and_then(|at| text.get(..=at)).unwrap_or_default()
}

fn read_line(path: &Path, number: usize, line: &str) -> Result<Line> {
    serde_json::from_str(line).map_err(|error| {
        let reason = format!(
            "line {} can't be read ({error}): it may hide a transaction; move the file away once none is on its way",
            number + 1
        );
        Error::file(path, reason)
    })
}

/// For its owner only: whoever reads what was signed can broadcast it.
fn open_or_make(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)
}

fn in_use(path: &Path) -> Error {
    Error::file(
        path,
        "is in use by another keeper: stop that one, or give this one another key: two keepers must not share one",
    )
}

fn lock(path: &Path, file: &File) -> Result<()> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => in_use(path),
        TryLockError::Error(error) => Error::file(path, error),
    })
}

fn sync_directory(path: &Path) -> Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(|error| Error::file(directory, error))
}
