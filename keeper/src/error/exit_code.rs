//! The exit code that the keeper ends with after an error.

use crate::error::{Error, Refusal};

/// After anything that may mend without anybody changing the keeper: a supervisor starts it again.
const PASSING: u8 = 1;
/// After what a restart doesn't mend: a supervisor leaves it stopped. 2 is a command line that isn't understood.
const LASTING: u8 = 3;

impl Error {
    /// The exit code of a process that this error ends: 3 where somebody has to change settings, key or journal first,
    /// 1 otherwise.
    ///
    /// Some errors of class halt end with 1. A node that is behind has no contracts yet. Money for gas arrives without
    /// a change to the keeper. A full disk has room again. Another keeper lets go of the journal, or of the port.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::RefusedAgain { refusal: Refusal::NoMoney, .. } => PASSING,
            Self::WrongChain { .. }
            | Self::Reset { .. }
            | Self::OtherChainsJournal { .. }
            | Self::KeyShared { .. }
            | Self::TooManyFailures { .. }
            | Self::RefusedAgain { .. }
            | Self::NoKey
            | Self::Key(_)
            | Self::Config(_) => LASTING,
            _ => PASSING,
        }
    }
}
