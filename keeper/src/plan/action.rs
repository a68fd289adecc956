//! What can be done about an account, and why nothing is.

use std::fmt;

use plimsoll_risk::liquidation::Liquidation;
use plimsoll_risk::units::{Amount, Value};
use plimsoll_schema::liquidator::Hop;
use plimsoll_schema::pool::AccountKey;

use crate::chain::Coin;
use crate::names::names;

/// What is to be done about one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Repay and seize.
    Liquidate(Box<Deal>),
    /// Have the account's deposit pay its debt in the same denom.
    SetOff {
        /// The account.
        key: AccountKey,
        /// What is set off.
        amount: Coin,
    },
    /// Write off what nobody will pay.
    WriteOff {
        /// The account.
        key: AccountKey,
        /// What it owes.
        debt_value: Value,
    },
}

/// A liquidation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deal {
    /// The account.
    pub key: AccountKey,
    /// The most that is repaid; of own coins the unneeded part comes back.
    pub sent: Coin,
    /// What is taken.
    pub collateral_denom: String,
    /// What it does, by the contract's formula.
    pub expected: Liquidation,
    /// The least that must be received.
    pub min_receive: Amount,
    /// What is repaid, in value.
    pub repaid_value: Value,
    /// What is received, in value.
    pub received_value: Value,
    /// What remains after gas: when no more than `min_receive` is received, or by the planned sale.
    pub profit: Value,
    /// What is published before it, in the same transaction: live records that are too old to seize or repay by.
    pub publish: Vec<String>,
    /// How the liquidator sells it; `None` when the keeper repays with its own.
    pub sale: Option<Sale>,
}

/// How a liquidation pays for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// The pairs that the collateral goes through.
    pub hops: Vec<Hop>,
    /// What the sale is thought to return, after those that are planned already, in base units of the debt.
    pub returned: Amount,
    /// The least that must be left, in base units of the debt.
    pub min_profit: Amount,
}

impl Sale {
    /// The least that must be left by an item that isn't sized: it changes nothing about what those beside it must
    /// leave.
    pub const UNKNOWN: Amount = Amount::MAX;
}

/// Why nothing is done about an account below 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// The account is not below 1.
    Healthy,
    /// The keeper has none of what the account owes.
    NoInventory,
    /// The market can't pay the collateral out.
    NoCash,
    /// No pair sells the collateral for what is owed.
    NoRoute,
    /// Too small to be worth a base unit.
    Dust,
    /// Less profit than asked for.
    Unprofitable,
    /// What is to be seized or repaid is silent.
    Price,
    /// The grace after a halt of the oracle spares it.
    Spared,
    /// The account is the keeper's own.
    Own,
    /// The account failed a moment ago.
    Cooldown,
    /// The account would have failed a moment ago, by simulation, so it was left out before anything was sent.
    WouldFail,
    /// What may be spent at a time is spent.
    Budget,
    /// Others come first.
    Later,
    /// Another key has a transaction about it on its way.
    InFlight,
    /// What the contract would do can't be computed.
    Fault,
}

impl Skip {
    names! {
        Self::Healthy => "healthy",
        Self::NoInventory => "no inventory",
        Self::NoCash => "no cash in the collateral's market",
        Self::NoRoute => "no pair to sell at",
        Self::Dust => "dust",
        Self::Unprofitable => "unprofitable",
        Self::Price => "price is silent",
        Self::Spared => "spared in the grace after a halt",
        Self::Own => "own account",
        Self::Cooldown => "failed a moment ago",
        Self::WouldFail => "would fail",
        Self::Budget => "spending limit reached",
        Self::Later => "others come first",
        Self::InFlight => "in flight",
        Self::Fault => "can't be computed",
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Action {
    /// The account that it is about.
    pub const fn account(&self) -> &AccountKey {
        match self {
            Self::Liquidate(deal) => &deal.key,
            Self::SetOff { key, .. } | Self::WriteOff { key, .. } => key,
        }
    }

    /// What of the keeper's own is sent with it.
    pub fn sent(&self) -> Option<&Coin> {
        match self {
            Self::Liquidate(deal) if deal.sale.is_none() => Some(&deal.sent),
            Self::Liquidate(_) | Self::SetOff { .. } | Self::WriteOff { .. } => None,
        }
    }

    /// What the keeper's own coins that it repays with are worth; `None` when it repays with none.
    pub const fn own_value(&self) -> Option<Value> {
        match self {
            Self::Liquidate(deal) if deal.sale.is_none() => Some(deal.repaid_value),
            Self::Liquidate(_) | Self::SetOff { .. } | Self::WriteOff { .. } => None,
        }
    }

    /// Whether it is a set-off.
    pub const fn is_set_off(&self) -> bool {
        matches!(self, Self::SetOff { .. })
    }

    /// Whether it is for the market alone: whoever sends it earns nothing.
    pub const fn is_unpaid(&self) -> bool {
        matches!(self, Self::SetOff { .. } | Self::WriteOff { .. })
    }

    /// What it earns, before the fee when that is told by simulation.
    pub fn profit(&self) -> Value {
        match self {
            Self::Liquidate(deal) => deal.profit,
            Self::SetOff { .. } | Self::WriteOff { .. } => Value::ZERO,
        }
    }
}

impl Deal {
    /// What leaves the pool, in base units of the collateral.
    pub const fn received(&self) -> Amount {
        self.expected.seize.saturating_sub(self.expected.fee)
    }
}
