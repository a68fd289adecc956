//! What can go wrong, and what to do about it.

mod exit_code;
mod refusal;

use std::time::Duration;

use thiserror::Error;

use crate::names::names;

pub use refusal::Refusal;

/// What the pipeline does with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It may work in a moment: keep the book, send nothing, try again.
    Retry,
    /// This one thing does not work: leave it out and go on with the rest.
    Skip,
    /// It never will: stop and say what to mend.
    Halt,
}

/// An error of the keeper, in one line that says what to do.
#[derive(Error, Debug)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum Error {
    /// Nobody answers, or the connection broke.
    #[error("can't reach {what} at {endpoint}: {reason}; check the address, and that the node is up")]
    Unreachable {
        what: &'static str,
        endpoint: String,
        reason: String,
        /// How long it said not to be asked again for, if it did.
        retry_after: Option<Duration>,
    },
    /// The endpoint belongs to another chain.
    #[error("{endpoint} is a node of chain '{found}', not of '{wanted}': set chain.id or the endpoints")]
    WrongChain { endpoint: String, found: String, wanted: String },
    /// A transaction in flight that can't be of this chain.
    #[error(
        "the journal has transaction {hash} with timeout height {timeout_height}, but {chain_id} is at block {height}: it was sent on another chain of that name; move the journal away"
    )]
    OtherChainsJournal { hash: String, timeout_height: u64, chain_id: String, height: u64 },
    /// Not the chain that it was, though it is called the same.
    #[error("{chain_id} was at block {before} and is now at {now}{}: it is another chain, or was reset; see that chain.grpc and chain.rpc are right, move the journal away, and start again", if *.older { ", which is older" } else { "" })]
    Reset {
        chain_id: String,
        before: u64,
        now: u64,
        /// Whether its time is before the book's.
        older: bool,
    },
    /// An address without a contract.
    #[error("there is no {name} contract at '{address}' on {chain_id}: set contracts.{name}{}, or deploy first", if *.name == "pair" { "s" } else { "" })]
    NoContract {
        /// `pool`, `oracle`, `liquidator` or `pair`.
        name: &'static str,
        address: String,
        chain_id: String,
    },
    /// A query that the contract or the node refused.
    #[error("query {what} failed: {reason}")]
    Query { what: String, reason: String },
    /// A transaction that would fail, or that the node would not take.
    #[error("transaction refused: {reason}")]
    Refused { reason: String },
    /// A transaction that a node did not take: no block will have it.
    #[error("the node refused a transaction with code {code} of {codespace}: {reason}; {}", .refusal.advice())]
    Rejected {
        /// What that means for the next one.
        refusal: Refusal,
        code: u32,
        codespace: String,
        reason: String,
    },
    /// A transaction signed with another sequence than its sender's next: the node didn't take it.
    #[error(
        "the chain expects sequence {expected} of {sender}, the transaction has another: another program may send with this key"
    )]
    Sequence { sender: String, expected: u64 },
    /// Somebody else sends with the keeper's key.
    #[error(
        "{address} has sent transactions that this keeper did not: the chain is at sequence {found}, {expected} was expected; two keepers must not share a key: stop the other one, or give it a key of its own"
    )]
    KeyShared { address: String, expected: u64, found: u64 },
    /// The node refuses whatever is sent.
    #[error("gave up after {times} refusals in a row, the last: {reason}; {}", .refusal.advice())]
    RefusedAgain {
        times: u32,
        reason: String,
        /// What the last one was.
        refusal: Refusal,
    },
    /// One transaction after the other fails in its block.
    #[error(
        "stopped after {times} failed transactions in a row, the last: {reason}; see what they have in common, then start again, or set strategy.max_failures"
    )]
    TooManyFailures { times: u32, reason: String },
    /// A transaction that was included and failed.
    #[error("transaction {hash} failed in block {height} with code {code} of {codespace}: {log}")]
    Failed { hash: String, height: u64, code: u32, codespace: String, log: String },
    /// A transaction that was not included in time.
    #[error("transaction {hash} was not included by block {timeout_height}; try again")]
    Expired { hash: String, timeout_height: u64 },
    /// The node forgets blocks faster than a book is read.
    #[error(
        "the node forgot {times} blocks, the last {height}, while the book was read at them: let it keep more blocks (pruning), or use another node"
    )]
    Pruned { height: u64, times: u32 },
    /// An answer that can't be. It is not believed.
    #[error("{from} answered what can't be: {reason}")]
    Garbage { from: String, reason: String },
    /// The key has no money for gas, or does not exist on the chain.
    #[error("wallet {address} has {available}{denom}, at least {wanted}{denom} are needed for gas: send some there")]
    EmptyWallet { address: String, available: u128, wanted: u128, denom: String },
    /// There is no key where one is needed.
    #[error("no key: set PLIMSOLL_KEEPER_MNEMONIC, or wallet.mnemonic_file to a file that only its owner can read")]
    NoKey,
    /// A key that can't be used. Never says what the secret is.
    #[error("{0}")]
    Key(String),
    /// A setting that can't be used: its name, its value, what is allowed.
    #[error("{0}")]
    Config(String),
    /// A file that can't be read or written.
    #[error("{path}: {reason}")]
    File { path: String, reason: String },
    /// What the keeper knows contradicts itself.
    #[error("account {account} can't be judged: {reason}")]
    Judge { account: String, reason: String },
    /// What was checked does not hold.
    #[error("{0}")]
    DoesNotHold(String),
}

impl Error {
    /// What to do about it.
    pub const fn class(&self) -> Class {
        match self {
            Self::Unreachable { .. } | Self::Query { .. } | Self::Pruned { .. } | Self::Garbage { .. } => Class::Retry,
            Self::Refused { .. }
            | Self::Rejected { .. }
            | Self::Sequence { .. }
            | Self::Failed { .. }
            | Self::Expired { .. }
            | Self::Judge { .. } => Class::Skip,
            _ => Class::Halt,
        }
    }

    names! {
        Self::Unreachable { .. } => "unreachable",
        Self::WrongChain { .. } => "wrong_chain",
        Self::Reset { .. } => "reset",
        Self::NoContract { .. } => "no_contract",
        Self::Query { .. } => "query",
        Self::Pruned { .. } => "pruned",
        Self::Refused { .. } | Self::Rejected { .. } => "refused",
        Self::RefusedAgain { .. } => "refused_again",
        Self::Failed { .. } => "failed",
        Self::Expired { .. } => "expired",
        Self::Garbage { .. } => "garbage",
        Self::EmptyWallet { .. } => "empty_wallet",
        Self::NoKey => "no_key",
        Self::Key(_) => "key",
        Self::Config(_) => "config",
        Self::File { .. } => "file",
        Self::Judge { .. } => "judge",
        Self::DoesNotHold(_) | Self::OtherChainsJournal { .. } => "does_not_hold",
        Self::Sequence { .. } => "sequence",
        Self::KeyShared { .. } => "key_shared",
        Self::TooManyFailures { .. } => "too_many_failures",
    }

    /// Where RUNBOOK.md says what to do about it.
    pub fn runbook(&self) -> String {
        format!("RUNBOOK.md#{}", self.name())
    }

    /// What a refusal means for the next transaction; `None` of what is no refusal.
    pub const fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Rejected { refusal, .. } => Some(*refusal),
            Self::EmptyWallet { .. } => Some(Refusal::NoMoney),
            Self::Refused { .. } => Some(Refusal::Other),
            _ => None,
        }
    }

    /// A node did not take a transaction.
    pub fn rejected(codespace: &str, code: u32, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        let refusal = Refusal::of(codespace, code, &reason);
        Self::Rejected { refusal, code, codespace: codespace.to_owned(), reason }
    }

    /// About a file.
    pub fn file(path: &std::path::Path, reason: impl std::fmt::Display) -> Self {
        Self::File { path: path.display().to_string(), reason: reason.to_string() }
    }

    /// About somebody who doesn't answer: `gRPC` or `RPC`, where, and why.
    pub fn unreachable(what: &'static str, endpoint: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Unreachable { what, endpoint: endpoint.into(), reason: reason.to_string(), retry_after: None }
    }

    /// About an answer that can't be.
    pub fn garbage(from: &str, reason: impl std::fmt::Display) -> Self {
        Self::Garbage { from: from.to_owned(), reason: reason.to_string() }
    }
}

/// A result of the keeper.
pub type Result<T> = std::result::Result<T, Error>;
