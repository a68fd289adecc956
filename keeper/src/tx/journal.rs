//! What was sent, written down before it was sent.
//!
//! One JSON object a line, each synced to disk before the next step. A line cut short by a crash was never acted on, so it is
//! dropped; any other line that can't be read stops the keeper, since it might hide a transaction. A long file is written anew
//! without what is resolved, but for the latest and for what counts for the limits of an hour.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use cosmwasm_std::{Binary, Checksum};
use serde::{Deserialize, Serialize};

use crate::chain::Signed;
use crate::config::deployment::GasFigures;
use crate::error::{Error, Result};
use crate::plan::limits::{HOUR_SECONDS, Spent};
use crate::tx::status::{FailureReason, read_fate, write_fate};

/// A file with more lines than this is compacted, and then again when it has twice as many as that left.
const LINES_MAX: usize = 1_000;
/// How many of the latest resolved transactions are kept then, for people to read.
const RESOLVED_KEPT: usize = 100;

/// A transaction about to be broadcast.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
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
    /// How many of them, the first ones, are items of one message to the liquidator.
    #[serde(default)]
    pub items: usize,
    /// How many of them, after those, are items of one message to the pool; in journals of before each has a message of
    /// its own.
    #[serde(default)]
    pub own: usize,
    /// How many messages, about none of them, go before.
    #[serde(default)]
    pub before: usize,
    /// The sequence that it uses up; journals of before don't say.
    #[serde(default)]
    pub sequence: Option<u64>,
    /// What it spends; journals of before don't say.
    #[serde(default)]
    pub spent: Option<Spent>,
    /// What is broadcast, so that it can be again; gone once its outcome is known, and missing in journals of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Binary>,
}

impl Intent {
    /// What was signed, where the journal still has it, and has it as it was.
    pub fn signed(&self) -> Option<Signed> {
        let (bytes, sequence) = (self.bytes.clone()?.to_vec(), self.sequence?);
        let hash = Checksum::generate(&bytes).to_hex().to_uppercase();
        (hash == self.hash).then_some(Signed { bytes, hash, timeout_height: self.timeout_height, sequence })
    }

    /// The accounts that its message with this number is about.
    pub fn accounts_of(&self, message: usize) -> Option<&[String]> {
        let (mut at, mut rest) = (message.checked_sub(self.before)?, self.accounts.as_slice());
        for items in [self.items, self.own].into_iter().filter(|items| *items > 0) {
            let (batch, others) = rest.split_at_checked(items)?;
            if at == 0 {
                return Some(batch);
            }
            (at, rest) = (at - 1, others);
        }
        rest.get(at..=at)
    }

    /// The accounts of items that may fail alone.
    pub fn may_fail_alone(&self) -> &[String] {
        self.accounts.get(..self.items.saturating_add(self.own)).unwrap_or_default()
    }
}

#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "snake_case")]
enum Line {
    Intent(Box<Intent>),
    /// What one liquidation used alone on this chain, in simulation or in a block.
    Gas {
        chain_id: String,
        #[serde(flatten)]
        figures: GasFigures,
    },
    Resolved {
        hash: String,
        /// Why it came to nothing, if it did.
        #[serde(rename = "fate", serialize_with = "write_fate", deserialize_with = "read_fate")]
        failure: Option<FailureReason>,
        height: u64,
    },
}

/// The file. Locked while open: a second keeper on the same journal is refused.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    open: Vec<Intent>,
    lines: Vec<Line>,
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
        let (ours, named) = (file.metadata().map_err(failed)?, std::fs::metadata(path).map_err(failed)?);
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
        let mut journal = Self { path: path.to_owned(), file, open: Vec::new(), lines: Vec::new(), left: 0 };
        for (number, line) in whole.lines().enumerate() {
            journal.take(read_line(path, number, line)?);
        }
        journal.compact()?;
        Ok(journal)
    }

    /// What isn't resolved in this file, which stays as it is, whoever has it open; nothing where there is none.
    pub fn look(path: &Path) -> Result<Vec<Intent>> {
        let mut open = Vec::new();
        look_at_lines(path)?.iter().for_each(|line| line.follow(&mut open));
        Ok(open)
    }

    /// As [`Self::used`], of a file that stays as it is.
    pub fn look_used(path: &Path, sender: &str, chain_id: &str) -> Result<Option<(u64, u64)>> {
        Ok(used(&look_at_lines(path)?, sender, chain_id))
    }

    /// What one liquidation used when that was last seen on this chain.
    pub fn gas(&self, chain_id: &str) -> GasFigures {
        gas(&self.lines, chain_id)
    }

    /// As [`Self::gas`], of a file that stays as it is.
    pub fn look_gas(path: &Path, chain_id: &str) -> Result<GasFigures> {
        Ok(gas(&look_at_lines(path)?, chain_id))
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
        &self.open
    }

    /// What transactions on this chain spent that the node took, the latest last, as far as the file goes back. The same bytes may have been
    /// signed again after a refusal, under the same hash: what became of the last of them counts.
    pub fn spent(&self, chain_id: &str) -> impl Iterator<Item = &Spent> {
        let mut refused: BTreeSet<&str> = BTreeSet::new();
        for line in &self.lines {
            _ = if line.is_refusal() { refused.insert(line.hash()) } else { refused.remove(line.hash()) };
        }
        let mut seen = BTreeSet::new();
        let taken = self.lines.iter().filter(move |line| !refused.contains(line.hash()));
        taken.filter_map(move |line| match line {
            Line::Intent(intent) if intent.chain_id == chain_id && seen.insert(&intent.hash) => intent.spent.as_ref(),
            _ => None,
        })
    }

    /// The highest sequence of this key that a block has surely used up, as far as the file goes back.
    pub fn used(&self, sender: &str, chain_id: &str) -> Option<u64> {
        used(&self.lines, sender, chain_id).map(|(sequence, _)| sequence)
    }

    /// The highest sequence of this key that a transaction may have used up of which that isn't known: it failed, or was in no block.
    pub fn perhaps_used(&self, sender: &str, chain_id: &str) -> Option<u64> {
        let unsettled = signed(&self.lines, sender, chain_id).filter(|(_, settled)| settled.is_none());
        unsettled.map(|(sequence, _)| sequence).max()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was sent by this key and is not resolved.
    pub fn unresolved(&self, sender: &str, chain_id: &str) -> Option<&Intent> {
        self.open.iter().find(|intent| intent.sender == sender && intent.chain_id == chain_id)
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

    /// Writes a long file anew, beside, and puts it in the place of the old one: at any moment one of the two is there, whole.
    fn compact(&mut self) -> Result<()> {
        if self.lines.len() <= LINES_MAX.max(self.left.saturating_mul(2)) {
            return Ok(());
        }
        let now = self.lines.iter().map(Line::spent_at).max().unwrap_or_default();
        let recent = |line: &&Line| line.spent_at() > 0 && line.spent_at().saturating_add(HOUR_SECONDS) > now;
        let hour: BTreeSet<&str> = self.lines.iter().filter(recent).map(Line::hash).collect();
        let open: BTreeSet<&str> = self.open.iter().map(|intent| intent.hash.as_str()).collect();
        let resolved = self.lines.iter().rev().filter(|line| matches!(line, Line::Resolved { .. }));
        let latest: BTreeSet<&str> = resolved.take(RESOLVED_KEPT).map(Line::hash).collect();
        // Of each chain the latest figures.
        let mut figures: BTreeMap<&str, &Line> = BTreeMap::new();
        for line in &self.lines {
            if let Line::Gas { chain_id, .. } = line {
                figures.insert(chain_id, line);
            }
        }
        let keep = |line: &&Line| [&open, &latest, &hour].iter().any(|those| those.contains(line.hash()));
        let transactions = self.lines.iter().filter(|line| !line.hash().is_empty());
        let kept: Vec<Line> = figures.into_values().chain(transactions.filter(keep)).cloned().collect();
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
        self.lines = kept;
        Ok(())
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
        line.follow(&mut self.open);
        if let Line::Resolved { hash, .. } = &line {
            // The latest under this hash: earlier ones were resolved before it was signed again.
            if let Some(Line::Intent(intent)) = self.lines.iter_mut().rev().find(|line| line.intends(hash)) {
                intent.bytes = None;
            }
        }
        self.lines.push(line);
    }
}

impl Line {
    /// What is open after this line.
    fn follow(&self, open: &mut Vec<Intent>) {
        match self {
            Self::Intent(intent) => open.push(intent.as_ref().clone()),
            Self::Gas { .. } => {}
            Self::Resolved { hash, .. } => open.retain(|intent| intent.hash != *hash),
        }
    }

    fn intends(&self, hash: &str) -> bool {
        matches!(self, Self::Intent(intent) if intent.hash == hash)
    }

    const fn is_refusal(&self) -> bool {
        matches!(self, Self::Resolved { failure: Some(FailureReason::Refused), .. })
    }

    /// The hash and the height of a transaction that worked. One that failed may have done so before its sequence was used.
    const fn in_block(&self) -> Option<(&str, u64)> {
        match self {
            Self::Resolved { hash, failure: None, height } => Some((hash.as_str(), *height)),
            _ => None,
        }
    }

    /// When it was spent, in seconds; 0 for what doesn't say.
    fn spent_at(&self) -> u64 {
        match self {
            Self::Intent(intent) => intent.spent.as_ref().map_or(0, |spent| spent.at),
            Self::Resolved { .. } | Self::Gas { .. } => 0,
        }
    }

    fn hash(&self) -> &str {
        match self {
            Self::Intent(intent) => &intent.hash,
            Self::Resolved { hash, .. } => hash,
            Self::Gas { .. } => "",
        }
    }
}

/// The latest figures of this chain.
fn gas(lines: &[Line], chain_id: &str) -> GasFigures {
    let of_chain = lines.iter().rev().find_map(|line| match line {
        Line::Gas { chain_id: of, figures } if of == chain_id => Some(*figures),
        _ => None,
    });
    of_chain.unwrap_or_default()
}

/// The highest sequence of this key that a block has used up, and that block's height.
fn used(lines: &[Line], sender: &str, chain_id: &str) -> Option<(u64, u64)> {
    signed(lines, sender, chain_id).filter_map(|(sequence, settled)| Some((sequence, settled?))).max()
}

/// The sequences of this key's transactions, each with the height of the block in which it worked, if it did.
fn signed<'a>(
    lines: &'a [Line],
    sender: &'a str,
    chain_id: &'a str,
) -> impl Iterator<Item = (u64, Option<u64>)> + use<'a> {
    let settled: BTreeMap<&str, u64> = lines.iter().filter_map(Line::in_block).collect();
    lines.iter().filter_map(move |line| match line {
        Line::Intent(intent) if intent.sender == sender && intent.chain_id == chain_id => {
            Some((intent.sequence?, settled.get(intent.hash.as_str()).copied()))
        }
        _ => None,
    })
}

/// The lines of a file that stays as it is, whoever has it open; none where there is no file.
fn look_at_lines(path: &Path) -> Result<Vec<Line>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::file(path, error)),
    };
    whole_lines(&text).lines().enumerate().map(|(number, line)| read_line(path, number, line)).collect()
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
