//! What messages and queries are about: an account, a token of one, a market.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An account.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct UserAccount {
    /// The account's owner.
    pub user: String,
    /// Which of their accounts; 0 when left out.
    pub account_id: Option<u32>,
}

/// A token in an account.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct UserAsset {
    /// The account's owner.
    pub user: String,
    /// Which of their accounts; 0 when left out.
    pub account_id: Option<u32>,
    /// Which token.
    pub denom: String,
}

/// A listed token.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its denom.
    pub denom: String,
}

/// An account's name in pages and lists.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(deny_unknown_fields)]
pub struct AccountKey {
    /// The owner's address.
    pub owner: String,
    /// Which of their accounts.
    pub account_id: u32,
}
