//! What may be wrong with an endpoint.

use std::fmt;

use crate::chain::Head;

/// By how many blocks an endpoint may be behind the newest block that another told.
pub(super) const BEHIND_MAX_BLOCKS: u64 = 5;
/// In seconds: by how much older its newest block may be, and how far ahead of this machine's clock.
pub(super) const BEHIND_MAX_SECONDS: u64 = 30;
const CLOCK_SKEW_MAX_SECONDS: u64 = 600;
/// Up to which age, in seconds, a block says that the chain goes on.
pub(super) const LIVE_MAX_AGE_SECONDS: u64 = 60;

/// What an endpoint speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// gRPC: queries and transactions.
    Grpc,
    /// CometBFT's RPC: blocks and what happened in them.
    Rpc,
}

impl Kind {
    /// How it is called in errors and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grpc => "gRPC",
            Self::Rpc => "RPC",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How an endpoint is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It was never asked.
    Unknown,
    /// It may be asked.
    Good,
    /// It failed several times in a row, and is left alone for a while.
    Down {
        /// Why it failed last.
        reason: String,
    },
    /// It is of another chain.
    Foreign {
        /// The chain that it says it is.
        found: String,
        /// The one that is configured.
        wanted: String,
    },
    /// It is behind the others.
    Lagging {
        /// Its newest block.
        height: u64,
        /// The newest that another has.
        tip: u64,
        /// By how many seconds its newest block is older.
        seconds: u64,
    },
    /// It says what can't be.
    Impossible {
        /// What.
        reason: String,
    },
}

impl Health {
    /// Whether both are the same kind of trouble, whatever its numbers.
    pub fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("not asked yet"),
            Self::Good => f.write_str("good"),
            Self::Down { reason } => write!(f, "does not answer: {reason}"),
            Self::Foreign { found, wanted } => write!(f, "is of chain '{found}', not of '{wanted}'"),
            Self::Lagging { height, tip, seconds } => {
                write!(f, "is at block {height}, {seconds} s older than block {tip} that another endpoint has")
            }
            Self::Impossible { reason } => write!(f, "says what can't be: {reason}"),
        }
    }
}

/// How many endpoints of each kind may be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Of gRPC.
    pub grpc: usize,
    /// Of RPC.
    pub rpc: usize,
}

impl Readiness {
    /// Whether there is nobody to ask for the state, or nobody for blocks.
    pub const fn is_blind(&self) -> bool {
        self.grpc == 0 || self.rpc == 0
    }
}

/// What is wrong with an endpoint that tells this block, while this is the tip. `clock` is this machine's, in seconds.
pub(super) fn judge(head: &Head, chain_id: &str, tip: Option<&Head>, clock: u64) -> Option<Health> {
    if head.chain_id != chain_id {
        return Some(Health::Foreign { found: head.chain_id.clone(), wanted: chain_id.to_owned() });
    }
    if head.time > clock.saturating_add(CLOCK_SKEW_MAX_SECONDS) {
        let ahead = head.time.saturating_sub(clock);
        let reason = format!("block {} is {ahead} s ahead of this machine's clock", head.height);
        return Some(Health::Impossible { reason });
    }
    let tip = tip?;
    let seconds = tip.time.saturating_sub(head.time);
    if head.height.saturating_add(BEHIND_MAX_BLOCKS) < tip.height || seconds > BEHIND_MAX_SECONDS {
        return Some(Health::Lagging { height: head.height, tip: tip.height, seconds });
    }
    None
}
