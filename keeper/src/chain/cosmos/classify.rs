//! What an answer means for whom to ask next, and an error in words.

use std::time::{Duration, SystemTime};

use tonic::{Code, Status};

use crate::chain::cosmos::retry_after::retry_after;
use crate::chain::cosmos::timeouts::{NOT_FOUND_TIMEOUT, REQUEST_TIMEOUT, SECOND_ANSWER_TIMEOUT};
use crate::error::Error;

/// What an answer that isn't the wanted one means for whom to ask next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is the answer: a contract or the chain's own modules refuse.
    Refusal,
    /// A refusal that neither a contract nor the chain's own modules word so, or that would end the keeper: another may
    /// say otherwise.
    Doubtful,
    /// The block isn't there yet.
    NotYet,
    /// The block is there, its results aren't, or not yet.
    NoResults,
    /// The block is no longer there.
    Pruned,
    /// There is no such thing: another may have seen it already.
    NotFound,
    /// This endpoint keeps no index of transactions.
    NoIndex,
    /// This endpoint can't say; another may.
    Elsewhere,
    /// The endpoint is asked too often.
    SlowDown,
    /// The endpoint wants another key, or any.
    Unauthorized,
    /// The endpoint is out of order.
    Down,
    /// What it answered can't be.
    Garbage,
}

impl Meaning {
    /// Whether the endpoint itself fails, so that it is left out when it does so again.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::SlowDown | Self::Unauthorized | Self::Down)
    }

    /// Whether the endpoint is well, though it doesn't know.
    pub const fn is_answer(self) -> bool {
        !self.is_failure() && !matches!(self, Self::Garbage | Self::Doubtful)
    }

    /// How long the others are waited for after this: of what isn't there, or not yet, the others know most often no
    /// more; what is wrong with one alone is not the chain's word, and the others are given time.
    pub const fn patience(self) -> Duration {
        match self {
            Self::NotYet | Self::NoResults | Self::NotFound => NOT_FOUND_TIMEOUT,
            Self::Down | Self::SlowDown | Self::Unauthorized => REQUEST_TIMEOUT,
            _ => SECOND_ANSWER_TIMEOUT,
        }
    }

    /// What it is counted as in the metric of requests.
    pub const fn label(self) -> &'static str {
        match self {
            Self::SlowDown => "throttled",
            Self::Unauthorized => "unauthorized",
            Self::Garbage => "garbage",
            _ => "unreachable",
        }
    }
}

/// An answer that isn't the wanted one.
pub(super) trait Failure {
    /// What it means for whom to ask next.
    fn meaning(&self) -> Meaning;

    /// What it says in words.
    fn reason(&self) -> String;

    /// How long it says not to be asked again for, if it says so.
    fn retry_after(&self) -> Option<Duration>;
}

/// How the client begins to say that it can't read an answer.
const UNREADABLE: [&str; 2] = ["failed to decode Protobuf message", "protocol error:"];

/// How contracts and the chain's own modules word a refusal that has no code of its own.
const OWN: [&str; 9] = [
    "wasm contract failed",
    "failed to execute message",
    "account sequence mismatch",
    "insufficient f",
    "out of gas",
    "no such contract",
    "no such code",
    "codespace ",
    "not found",
];
/// What the clients say before the HTTP status of an answer that is none of a node's, as a proxy's page.
const HTTP_STATUS: [&str; 3] =
    ["mapped from HTTP status code ", "while receiving response with status: ", "HTTP error: "];
/// What the gRPC client says of a page: its first byte is `<`.
const HTML: &str = "invalid compression flag: 60";
/// How nodes and proxies word that they are asked too often.
const THROTTLED: [&str; 3] = ["rate limit", "too many requests", "Too Many Requests"];
/// How the refusal begins of a chain whose addresses are derived in another way. It is worded here, by what an endpoint
/// answered.
pub(super) const OTHER_DERIVATION: &str = "chains with ethsecp256k1 keys can't be used";
/// What a node says that keeps no index of transactions.
const NO_INDEX: &str = "indexing is disabled";

impl Failure for Status {
    fn meaning(&self) -> Meaning {
        let says = |text: &str| self.message().contains(text);
        if let Some(meaning) = of_http(self.message()) {
            return meaning;
        }
        match self.code() {
            _ if says("in the future") => Meaning::NotYet,
            _ if says("failed to load state at height") => Meaning::Pruned,
            _ if says(NO_INDEX) => Meaning::NoIndex,
            _ if says(HTML) => Meaning::Down,
            // It would end the keeper.
            _ if is_other_derivation(self) => Meaning::Doubtful,
            Code::NotFound => Meaning::NotFound,
            Code::ResourceExhausted if is_throttled(self.message()) => Meaning::SlowDown,
            Code::ResourceExhausted | Code::Unimplemented => Meaning::Elsewhere,
            Code::Unauthenticated | Code::PermissionDenied => Meaning::Unauthorized,
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => Meaning::Down,
            // Said here, of an answer that was read; the other two by the client.
            Code::DataLoss => Meaning::Garbage,
            Code::Internal if UNREADABLE.iter().any(|text| self.message().starts_with(text)) => Meaning::Garbage,
            // What came of itself and not from the node has a cause.
            _ if std::error::Error::source(self).is_some() => Meaning::Down,
            Code::Unknown | Code::Internal | Code::Aborted if !OWN.iter().any(|text| says(text)) => Meaning::Doubtful,
            _ => Meaning::Refusal,
        }
    }

    /// Why it came about here, or the node's own text.
    fn reason(&self) -> String {
        std::error::Error::source(self).map_or_else(|| self.message().to_owned(), causes)
    }

    fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.metadata().clone().into_headers(), SystemTime::now())
    }
}

/// What RPC endpoints say.
impl Failure for Error {
    fn meaning(&self) -> Meaning {
        match self {
            Self::Query { reason, .. } => of_rpc(reason),
            Self::Garbage { .. } => Meaning::Garbage,
            Self::Unreachable { reason, .. } => of_http(reason).unwrap_or(Meaning::Down),
            _ => Meaning::Refusal,
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::Query { reason, .. } | Self::Garbage { reason, .. } | Self::Unreachable { reason, .. } => {
                reason.clone()
            }
            other => other.to_string(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unreachable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// Whether this refusal is of a chain whose addresses are derived in another way.
pub(super) fn is_other_derivation(status: &Status) -> bool {
    status.code() == Code::FailedPrecondition && status.message().starts_with(OTHER_DERIVATION)
}

/// Whether a node says that it keeps no results of blocks, as with `discard_abci_responses`.
pub(super) fn discards_results(reason: &str) -> bool {
    reason.contains("node is not persisting")
}

/// What this text of CometBFT's means. A node reports a height a moment before it can say what happened there.
fn of_rpc(reason: &str) -> Meaning {
    let says = |text: &str| reason.contains(text);
    match () {
        () if says("must be less than or equal to the current blockchain height") => Meaning::NotYet,
        () if says("could not find results for height") => Meaning::NoResults,
        () if says("lowest height is") => Meaning::Pruned,
        () if is_throttled(reason) => Meaning::SlowDown,
        () => Meaning::Elsewhere,
    }
}

/// What an HTTP status means that is not a node's answer: a proxy's page is no garbage of the node's.
fn of_http(text: &str) -> Option<Meaning> {
    let (_, status) = HTTP_STATUS.iter().find_map(|before| text.split_once(before))?;
    match status.get(..3)?.parse::<u16>().ok()? {
        200 => None,
        429 => Some(Meaning::SlowDown),
        401 | 403 => Some(Meaning::Unauthorized),
        _ => Some(Meaning::Down),
    }
}

fn is_throttled(text: &str) -> bool {
    THROTTLED.iter().any(|words| text.contains(words))
}

/// An answer that can't be, and why.
pub(in crate::chain) fn nonsense(reason: impl Into<String>) -> Status {
    Status::data_loss(reason)
}

/// An error with what caused it, in one line; tonic's own text is only `transport error`.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

/// A node's error text may go on with a stack trace of its own: only what comes first is of use.
pub(super) fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = line.split(" [").next().unwrap_or(line);
    line.chars().take(400).collect()
}
