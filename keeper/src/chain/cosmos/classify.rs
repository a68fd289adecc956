//! What an answer means for whom to ask next, and an error in words.

use tonic::{Code, Status};

/// What an answer means for whom to ask next.
pub(super) enum Meaning {
    /// It is the answer.
    Answer,
    /// A refusal that neither a contract nor the chain's own modules word so: another may say otherwise.
    Doubtful,
    /// The block isn't there yet.
    NotYet,
    /// The block is no longer there.
    Pruned,
    /// This endpoint can't say; another may.
    Elsewhere,
    /// The endpoint is out of order.
    Down,
    /// What it answered can't be.
    Garbage,
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
/// What the client says of an answer that is none of gRPC's, as a proxy's.
const NO_STATUS: &str = "grpc-status header missing";
/// What a node says that keeps no index of transactions.
const NO_INDEX: &str = "indexing is disabled";

/// An answer that can't be, and why.
pub(in crate::chain) fn nonsense(reason: impl Into<String>) -> Status {
    Status::data_loss(reason)
}

/// What this status means.
pub(super) fn meaning(status: &Status) -> Meaning {
    let says = |text: &str| status.message().contains(text);
    match status.code() {
        _ if says("in the future") => Meaning::NotYet,
        _ if says("failed to load state at height") => Meaning::Pruned,
        _ if says(NO_INDEX) => Meaning::Elsewhere,
        _ if says(NO_STATUS) => Meaning::Down,
        // What one doesn't know of, another may have seen already.
        Code::NotFound | Code::ResourceExhausted | Code::Unimplemented => Meaning::Elsewhere,
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::Cancelled
        | Code::Unauthenticated
        | Code::PermissionDenied => Meaning::Down,
        // Said here, of an answer that was read; the other two by the client.
        Code::DataLoss => Meaning::Garbage,
        Code::Internal if UNREADABLE.iter().any(|text| status.message().starts_with(text)) => Meaning::Garbage,
        // What came of itself and not from the node has a cause.
        _ if std::error::Error::source(status).is_some() => Meaning::Down,
        Code::Unknown | Code::Internal | Code::Aborted if !OWN.iter().any(|text| says(text)) => Meaning::Doubtful,
        _ => Meaning::Answer,
    }
}

/// Whether the node says that it keeps no index of transactions.
pub(super) fn keeps_no_index(status: &Status) -> bool {
    status.message().contains(NO_INDEX)
}

/// A node reports a height a moment before it can say what happened there.
pub(super) fn not_yet(reason: &str) -> bool {
    too_early(reason) || reason.contains("could not find results for height")
}

/// Whether there is no such block yet, whatever the node keeps.
pub(super) fn too_early(reason: &str) -> bool {
    reason.contains("must be less than or equal to the current blockchain height")
}

/// What a status says in words: why it came about here, or the node's own.
pub(super) fn of_status(status: &Status) -> String {
    std::error::Error::source(status).map_or_else(|| status.message().to_owned(), causes)
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
