//! What was sent, written down before it was sent.
//!
//! One JSON object a line, each synced to disk before the next step. A line cut short by a crash was never acted on, so it is
//! dropped; any other line that can't be read stops the keeper, since it might hide a transaction.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A transaction about to be broadcast.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Under what it will be found.
    pub hash: String,
    /// Whose key signed it.
    pub sender: String,
    /// Of which chain.
    pub chain_id: String,
    /// The last block that can include it.
    pub timeout_height: u64,
    /// The accounts that it is about.
    pub accounts: Vec<String>,
}

/// What became of it.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// A block has it, and it worked.
    Settled,
    /// A block has it, and it failed.
    Failed,
    /// No block can have it any more.
    Expired,
    /// The node didn't take it.
    Refused,
}

#[derive(Serialize, Deserialize, Debug)]
#[serde(rename_all = "snake_case")]
enum Line {
    Intent(Intent),
    Resolved { hash: String, fate: Fate, height: u64 },
}

/// The file. Locked while open: a second keeper on the same journal is refused.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    open: Vec<Intent>,
}

impl Journal {
    /// Opens or makes it, and reads what is unresolved.
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |error: std::io::Error| Error::file(path, error);
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::file(
                    path,
                    "is in use by another keeper: stop that one, or set another journal.path",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut text = String::new();
        file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut text)).map_err(failed)?;
        let whole = text.rfind('\n').map_or(0, |at| at.saturating_add(1));
        if whole < text.len() {
            let length = u64::try_from(whole).unwrap_or(u64::MAX);
            file.set_len(length).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        let mut journal = Self { path: path.to_owned(), file, open: Vec::new() };
        for (number, line) in text[..whole].lines().enumerate() {
            let line = serde_json::from_str(line).map_err(|error| {
                let reason = format!("line {} can't be read ({error}): it may hide a transaction; move the file away once none is on its way", number + 1);
                Error::file(path, reason)
            })?;
            journal.take(line);
        }
        Ok(journal)
    }

    /// What was sent by this key and is not resolved.
    pub fn unresolved(&self, sender: &str, chain_id: &str) -> Option<&Intent> {
        self.open.iter().find(|intent| intent.sender == sender && intent.chain_id == chain_id)
    }

    /// Writes an intent down. It is on disk when this returns; broadcast after that, never before.
    pub fn intend(&mut self, intent: Intent) -> Result<()> {
        self.append(Line::Intent(intent))
    }

    /// Writes down what became of it.
    pub fn resolve(&mut self, hash: &str, fate: Fate, height: u64) -> Result<()> {
        self.append(Line::Resolved { hash: hash.to_owned(), fate, height })
    }

    fn append(&mut self, line: Line) -> Result<()> {
        let mut text = serde_json::to_string(&line).map_err(|error| Error::file(&self.path, error))?;
        text.push('\n');
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|error| Error::file(&self.path, error))?;
        self.take(line);
        Ok(())
    }

    fn take(&mut self, line: Line) {
        match line {
            Line::Intent(intent) => self.open.push(intent),
            Line::Resolved { hash, .. } => self.open.retain(|intent| intent.hash != hash),
        }
    }
}
