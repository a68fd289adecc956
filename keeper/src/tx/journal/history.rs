//! What a journal's lines say: what is unresolved, what was spent, which sequences were used. Pure.

use std::collections::{BTreeMap, BTreeSet};

use cosmwasm_std::{Binary, Checksum};
use serde::{Deserialize, Serialize};

use crate::chain::Signed;
use crate::config::GasFigures;
use crate::plan::limits::{HOUR_SECONDS, Spent};
use crate::tx::status::{FailureReason, read_fate, write_fate};

/// How many of the latest resolved transactions are kept then, for people to read.
const RESOLVED_KEPT: usize = 100;

/// A transaction about to be broadcast.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Intent {
    /// The hash under which the chain has it.
    pub hash: String,
    /// The address of the key that signed it.
    pub sender: String,
    /// The chain that it is for.
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
        let bytes = self.bytes.clone()?.to_vec();
        let sequence = self.sequence?;
        let hash = Checksum::generate(&bytes).to_hex().to_uppercase();
        (hash == self.hash).then_some(Signed { bytes, hash, timeout_height: self.timeout_height, sequence })
    }

    /// The accounts that its message with this number is about.
    pub fn accounts_of(&self, message: usize) -> Option<&[String]> {
        let mut at = message.checked_sub(self.before)?;
        let mut rest = self.accounts.as_slice();
        for items in [self.items, self.own].into_iter().filter(|items| *items > 0) {
            let (batch, others) = rest.split_at_checked(items)?;
            if at == 0 {
                return Some(batch);
            }
            at -= 1;
            rest = others;
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
pub(super) enum Line {
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

/// All lines, and what they leave open.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    open: Vec<Intent>,
    lines: Vec<Line>,
}

impl History {
    /// The history that these lines tell.
    pub fn of(lines: Vec<Line>) -> Self {
        let mut history = Self::default();
        lines.into_iter().for_each(|line| history.take(line));
        history
    }

    /// How many lines there are.
    pub const fn len(&self) -> usize {
        self.lines.len()
    }

    /// All that isn't resolved.
    pub fn unresolved_ever(&self) -> &[Intent] {
        &self.open
    }

    /// What was sent by this key and is not resolved.
    pub fn unresolved(&self, sender: &str, chain_id: &str) -> Option<&Intent> {
        self.open.iter().find(|intent| intent.sender == sender && intent.chain_id == chain_id)
    }

    /// What transactions on this chain spent that the node took, the latest last, as far as the file goes back. The
    /// same bytes may have been signed again after a refusal, under the same hash: what became of the last of them
    /// counts.
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

    /// The highest sequence of this key that a block has surely used up, and that block's height.
    pub fn used(&self, sender: &str, chain_id: &str) -> Option<(u64, u64)> {
        used(&self.lines, sender, chain_id)
    }

    /// The highest sequence of this key that a transaction may have used up of which that isn't known.
    pub fn perhaps_used(&self, sender: &str, chain_id: &str) -> Option<u64> {
        let unsettled = signed(&self.lines, sender, chain_id).filter(|(_, settled)| settled.is_none());
        unsettled.map(|(sequence, _)| sequence).max()
    }

    /// The latest figures of this chain.
    pub fn gas(&self, chain_id: &str) -> GasFigures {
        gas(&self.lines, chain_id)
    }

    /// The lines that a file that is written anew keeps: what is unresolved, the latest, and what counts for the limits
    /// of an hour.
    pub fn kept(&self) -> Vec<Line> {
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
        figures.into_values().chain(transactions.filter(keep)).cloned().collect()
    }

    /// Adds a line.
    pub fn take(&mut self, line: Line) {
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
    pub(super) fn follow(&self, open: &mut Vec<Intent>) {
        match self {
            Self::Intent(intent) => open.push(intent.as_ref().clone()),
            Self::Gas { .. } => {}
            Self::Resolved { hash, .. } => open.retain(|intent| intent.hash != *hash),
        }
    }

    pub(super) fn intends(&self, hash: &str) -> bool {
        matches!(self, Self::Intent(intent) if intent.hash == hash)
    }

    pub(super) const fn is_refusal(&self) -> bool {
        matches!(self, Self::Resolved { failure: Some(FailureReason::Refused), .. })
    }

    /// The hash and the height of a transaction that worked. One that failed may have done so before its sequence was
    /// used.
    pub(super) const fn in_block(&self) -> Option<(&str, u64)> {
        match self {
            Self::Resolved { hash, failure: None, height } => Some((hash.as_str(), *height)),
            _ => None,
        }
    }

    /// When this line's transaction spent something, in seconds; 0 for a line that doesn't say.
    pub(super) fn spent_at(&self) -> u64 {
        match self {
            Self::Intent(intent) => intent.spent.as_ref().map_or(0, |spent| spent.at),
            Self::Resolved { .. } | Self::Gas { .. } => 0,
        }
    }

    pub(super) fn hash(&self) -> &str {
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
