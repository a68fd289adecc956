//! A transaction from its messages to its block.

use serde::Serialize;

use crate::chain::coin::Coin;
use crate::chain::event::ContractEvent;
use crate::error::{Error, Result};

/// A message to a contract, from the keeper's own key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execute {
    /// The contract.
    pub contract: String,
    /// The message, as JSON.
    pub msg: Vec<u8>,
    /// Coins sent with it.
    pub funds: Vec<Coin>,
}

impl Execute {
    /// A message to this contract.
    pub fn new(contract: &str, msg: &impl Serialize, funds: Vec<Coin>) -> Result<Self> {
        let msg = serde_json::to_vec(msg).map_err(|error| Error::Refused { reason: error.to_string() })?;
        Ok(Self { contract: contract.to_owned(), msg, funds })
    }
}

/// A signed transaction, not sent yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What is broadcast.
    pub bytes: Vec<u8>,
    /// Under what it will be found.
    pub hash: String,
    /// The last block that can include it.
    pub timeout_height: u64,
    /// The sender's sequence that it uses up: of two transactions with the same one a chain includes one at most.
    pub sequence: u64,
}

/// What a transaction would come to now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simulated {
    /// The gas that it would use.
    pub gas: u64,
    /// What contracts would say.
    pub events: Vec<ContractEvent>,
}

/// What became of a transaction, with what is known of one in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TxStatus<R = Included> {
    /// No block up to this one has the transaction, reports an endpoint that knows no later block. A later one may.
    NotFound {
        /// That block's height.
        height: u64,
    },
    /// A block has the transaction, which worked or failed there.
    Included(R),
    /// No block can have the transaction any more: its timeout height has passed. A chain never reports this; the
    /// keeper concludes it.
    Expired,
}

impl<R> TxStatus<R> {
    /// The receipt, where a block has the transaction.
    pub fn included(self) -> Option<R> {
        match self {
            Self::Included(receipt) => Some(receipt),
            Self::NotFound { .. } | Self::Expired => None,
        }
    }

    /// The same with another kind of receipt.
    pub fn map<S>(self, read: impl FnOnce(R) -> S) -> TxStatus<S> {
        match self {
            Self::NotFound { height } => TxStatus::NotFound { height },
            Self::Included(receipt) => TxStatus::Included(read(receipt)),
            Self::Expired => TxStatus::Expired,
        }
    }
}

/// A transaction in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Included {
    /// In which.
    pub height: u64,
    /// 0 when it worked.
    pub code: u32,
    /// Whose code it is.
    pub codespace: String,
    /// What the chain says; an error's text, redacted for submessages.
    pub log: String,
    /// The gas it used.
    pub gas_used: u64,
    /// What contracts said.
    pub events: Vec<ContractEvent>,
}
