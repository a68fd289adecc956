//! Coins that are attached to a message, the same in every contract.

use cosmwasm_std::{Coin, MessageInfo};
use thiserror::Error;

/// The longest denom that a bank knows.
pub const DENOM_LENGTH_MAX: usize = 128;

/// Coins were sent with a message that takes none.
#[derive(Error, Debug, Clone, PartialEq, Eq)]
#[error("this message takes no funds, but '{sent}' was sent")]
pub struct FundsSent {
    /// What was sent.
    pub sent: String,
}

/// Errors when anything is attached.
pub fn none(info: &MessageInfo) -> Result<(), FundsSent> {
    if info.funds.is_empty() { Ok(()) } else { Err(FundsSent { sent: listed(&info.funds) }) }
}

/// The coins as text.
pub fn listed(coins: &[Coin]) -> String {
    coins.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
