//! What a refused message says.

use std::fmt;

use cosmwasm_std::StdError;

/// Why a message or a query was refused: the innermost error's own text, which for Plimsoll's contracts names the fact. Compare
/// it with a typed error's text: `error.is(&ContractError::…)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldError(String);

impl WorldError {
    /// Whether this is what `expected` says.
    pub fn is(&self, expected: &impl fmt::Display) -> bool {
        self.0 == bare(&expected.to_string())
    }
}

/// cw-multi-test puts a line for each message on the way in front, cosmwasm-std the kind of error.
pub(crate) fn bare(text: &str) -> &str {
    let mut fact = text.rsplit('\n').next().unwrap_or(text);
    while let Some((_, rest)) = fact.strip_prefix("kind: ").and_then(|text| text.split_once(", error: ")) {
        fact = rest;
    }
    fact.strip_prefix("Querier contract error: ").map_or(fact, bare)
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WorldError {}

impl From<StdError> for WorldError {
    fn from(error: StdError) -> Self {
        Self(bare(&error.to_string()).to_owned())
    }
}
