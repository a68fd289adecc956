//! Operators: who acts on an account beside its owner.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an operator may do on an account. Anyone may top up a deposit and repay a debt: that takes no scope.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Deposit a token of which the account has no deposit yet.
    OpenSlot,
    /// Withdraw, with the account's owner as the recipient.
    WithdrawToOwner,
    /// Withdraw, with any recipient.
    WithdrawAnywhere,
    /// Borrow, with the account's owner as the recipient.
    BorrowToOwner,
    /// Borrow, with any recipient.
    BorrowAnywhere,
    /// Let a deposit count as collateral or not.
    CollateralStatus,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::OpenSlot,
        Self::WithdrawToOwner,
        Self::WithdrawAnywhere,
        Self::BorrowToOwner,
        Self::BorrowAnywhere,
        Self::CollateralStatus,
    ];

    /// Its name in messages, events and errors.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenSlot => "open_slot",
            Self::WithdrawToOwner => "withdraw_to_owner",
            Self::WithdrawAnywhere => "withdraw_anywhere",
            Self::BorrowToOwner => "borrow_to_owner",
            Self::BorrowAnywhere => "borrow_anywhere",
            Self::CollateralStatus => "collateral_status",
        }
    }
}

/// When a grant ends. It holds before that moment, and no longer at it.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// With the block in which it is given: for an operator that acts in the same transaction. Answers give the height
    /// of the next block in its place.
    ThisBlock,
    /// At this block height.
    AtHeight(u64),
    /// At this block time, in seconds.
    AtTime(u64),
}

impl Expiry {
    /// The moment of a grant that is given in a block of this height.
    #[must_use]
    pub const fn given_at(self, height: u64) -> Self {
        match self {
            Self::ThisBlock => Self::AtHeight(height.saturating_add(1)),
            moment => moment,
        }
    }

    /// Whether the moment has come at a block of this height and time, in seconds.
    pub const fn is_past(self, height: u64, time: u64) -> bool {
        match self {
            Self::ThisBlock => false,
            Self::AtHeight(end) => end <= height,
            Self::AtTime(end) => end <= time,
        }
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ThisBlock => f.write_str("this block"),
            Self::AtHeight(height) => write!(f, "height {height}"),
            Self::AtTime(time) => write!(f, "time {time}"),
        }
    }
}

/// What an owner grants.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct SetOperator {
    /// Who may act. Not the owner, nor the pool.
    pub operator: String,
    /// On which of the sender's accounts; 0 when left out. No grant is for all accounts.
    pub account_id: Option<u32>,
    /// What they may do from now on, in place of what they might before; nothing when empty.
    pub scopes: Vec<Scope>,
    /// When the grant ends; when it is revoked, when left out. A moment that has passed is refused.
    pub expiry: Option<Expiry>,
}

/// The most operators on one page.
pub const OPERATORS_LIMIT: u32 = 100;
/// What a page of operators has when no limit is named.
pub const OPERATORS_DEFAULT: u32 = 30;

/// An operator of an account.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Who.
    pub operator: String,
    /// What was granted.
    pub scopes: Vec<Scope>,
    /// When the grant ends; never when there is none.
    pub expiry: Option<Expiry>,
    /// Whether the grant holds at this block: it has neither ended nor been revoked with all others.
    pub in_force: bool,
}

/// Operators of an account.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct OperatorsResponse {
    /// By address.
    pub operators: Vec<Operator>,
}
