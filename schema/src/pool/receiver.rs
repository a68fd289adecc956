//! What the pool sends to contracts that asked for it.

use cosmwasm_std::{Binary, Coin};
use plimsoll_risk::units::Amount;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the pool sends to a contract whose `liquidate_batch` or `batch` asked for a callback. Accept it from the pool
/// only: the pool calls back nobody but the sender of such a message.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum BatchReceiver {
    /// `received` is paid. Bring `repay` with `repay_batch{id}` before this call ends; where it is empty, nothing is to
    /// be brought.
    BatchCallback {
        /// Which batch.
        id: u64,
        /// What to bring, all of it in one message, sorted by denom.
        repay: Vec<Coin>,
        /// What was paid to the recipients together, sorted by denom.
        received: Vec<Coin>,
        /// What was asked to be passed on.
        msg: Binary,
    },
}

/// What the pool sends to a contract that asked for a flash loan. Accept it from the pool only, and only for a loan
/// that you opened in this very call.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FlashLoanReceiver {
    /// The coin is here. Repay `coin + fee` with `repay_flash_loan{id}` before this call ends.
    FlashLoanCallback {
        /// Which loan.
        id: u64,
        /// What was lent.
        coin: Coin,
        /// What it costs, in the same denom.
        fee: Amount,
        /// What was asked to be passed on.
        msg: Binary,
    },
}
