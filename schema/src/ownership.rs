//! Ownership handed over in two steps, the same in every contract.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A step of handing the contract over.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OwnerUpdate {
    /// The owner names a successor. Nothing changes until they accept.
    Propose {
        /// The successor.
        owner: String,
    },
    /// The successor takes over.
    Accept {},
    /// The owner takes the proposal back.
    Cancel {},
}

/// What every contract with an owner takes, whatever else it takes: pool and oracle spell it the same.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OwnedMsg {
    /// Hands the contract over.
    UpdateOwner(OwnerUpdate),
}

/// Who owns a contract.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// The owner.
    pub owner: String,
    /// Who has been proposed as the next.
    pub proposed: Option<String>,
}

/// Why a step of ownership, or a call that only the owner may make, is refused.
#[derive(Error, Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum OwnershipError {
    /// Only the owner may do this.
    #[error("{sender} is not the owner")]
    NotOwner { sender: String },
    /// Only the proposed successor may accept.
    #[error("{sender} is not the proposed owner")]
    NotProposed { sender: String },
}

impl Ownership {
    /// Owned by `owner`, with no successor proposed.
    pub const fn new(owner: String) -> Self {
        Self { owner, proposed: None }
    }

    /// Errors unless `sender` is the owner.
    pub fn assert_owner(&self, sender: &str) -> Result<(), OwnershipError> {
        if self.owner == sender { Ok(()) } else { Err(OwnershipError::NotOwner { sender: sender.to_owned() }) }
    }

    /// The ownership after this step, taken by `sender`. Whether a proposed address is valid is for the caller to
    /// check.
    pub fn update(self, sender: &str, step: OwnerUpdate) -> Result<Self, OwnershipError> {
        match step {
            OwnerUpdate::Propose { owner } => {
                self.assert_owner(sender)?;
                Ok(Self { proposed: Some(owner), ..self })
            }
            OwnerUpdate::Cancel {} => {
                self.assert_owner(sender)?;
                Ok(Self { proposed: None, ..self })
            }
            OwnerUpdate::Accept {} if self.proposed.as_deref() == Some(sender) => Ok(Self::new(sender.to_owned())),
            OwnerUpdate::Accept {} => Err(OwnershipError::NotProposed { sender: sender.to_owned() }),
        }
    }
}
