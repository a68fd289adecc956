//! Why a transaction came to nothing.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::names::names;

/// Why a transaction did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// No block included the transaction in time.
    Expired,
    /// No node took the transaction.
    Refused,
    /// The transaction used more gas than simulated.
    OutOfGas,
    /// Somebody else was first, or the price came back: nothing is left to be done about the account.
    Rival,
    /// The account or one of its prices changed on the way.
    Changed,
    /// The chain reports why.
    Failed,
}

impl FailureReason {
    names! {
        Self::Expired => "expired",
        Self::Refused => "refused",
        Self::OutOfGas => "out_of_gas",
        Self::Rival => "rival",
        Self::Changed => "changed",
        Self::Failed => "failed",
    }
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a transaction that worked is called in a journal.
const SETTLED: &str = "settled";

/// Writes `settled` for a transaction that worked, otherwise why it did not.
pub(super) fn write_fate<S: Serializer>(failure: &Option<FailureReason>, serializer: S) -> Result<S::Ok, S::Error> {
    match failure {
        Some(reason) => reason.serialize(serializer),
        None => serializer.serialize_str(SETTLED),
    }
}

/// Reads what [`write_fate`] writes.
pub(super) fn read_fate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<FailureReason>, D::Error> {
    let fate = String::deserialize(deserializer)?;
    if fate == SETTLED {
        return Ok(None);
    }
    FailureReason::deserialize(serde::de::value::StrDeserializer::new(&fate)).map(Some)
}
