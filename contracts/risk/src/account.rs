//! One account's record: a cross-margined position of at most eight collaterals and eight debts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::math::MathError;
use crate::params::AssetId;
use crate::units::{ScaledDebt, SupplyShares};

/// The most collaterals, and the most debts, that one account may have. It bounds what a health check reads.
pub const SLOTS_MAX: usize = 8;

/// A deposit.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collateral {
    /// In which market.
    pub asset: AssetId,
    /// The claim.
    pub shares: SupplyShares,
    /// Whether it counts toward health. A disabled deposit answers for the account's debt all the same.
    pub enabled: bool,
}

/// A debt.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Debt {
    /// In which market.
    pub asset: AssetId,
    /// Divided by that market's borrow index.
    pub scaled: ScaledDebt,
}

/// An account, as stored. Slots keep the order in which they were opened.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What it supplied.
    pub collaterals: Vec<Collateral>,
    /// What it owes.
    pub debts: Vec<Debt>,
    /// Reserved, always 0.
    pub category: u16,
    /// Settings, one bit each: [`BUSY`], [`ISOLATED`].
    pub settings: u8,
}

/// The setting of an account whose batch waits for what its callback is to bring. It is set within a transaction only.
pub const BUSY: u8 = 1;

/// The setting of an account that owes against an isolated deposit, its only one that counts.
pub const ISOLATED: u8 = 2;

/// Why an account refuses a change.
#[derive(Error, Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum AccountError {
    /// Every slot of this side is taken.
    #[error("account has {SLOTS_MAX} {side} already")]
    Full { side: &'static str },
    /// More is taken than is there.
    #[error(transparent)]
    Math(#[from] MathError),
}

impl Account {
    /// Whether nothing is in it, so that its record need not be kept.
    pub fn is_empty(&self) -> bool {
        self.collaterals.is_empty() && self.debts.is_empty() && self.category == 0 && self.settings == 0
    }

    /// Whether its batch waits for a callback: no other message may act on it.
    pub const fn is_busy(&self) -> bool {
        self.settings & BUSY != 0
    }

    /// Marks it as waiting for a callback, or not.
    pub const fn set_busy(&mut self, busy: bool) {
        if busy {
            self.settings |= BUSY;
        } else {
            self.settings &= !BUSY;
        }
    }

    /// Whether it owes against an isolated deposit.
    pub const fn is_isolated(&self) -> bool {
        self.settings & ISOLATED != 0
    }

    /// Marks it as owing against an isolated deposit, or not.
    pub const fn set_isolated(&mut self, isolated: bool) {
        if isolated {
            self.settings |= ISOLATED;
        } else {
            self.settings &= !ISOLATED;
        }
    }

    /// The isolated deposit against which it owes.
    pub fn isolated_by(&self) -> Option<AssetId> {
        self.counting().next().filter(|_| self.is_isolated())
    }

    /// The deposits that count as collateral.
    pub fn counting(&self) -> impl Iterator<Item = AssetId> + use<'_> {
        self.collaterals.iter().filter(|held| held.enabled).map(|held| held.asset)
    }

    /// The assets that it supplied, then those that it owes. One that it has on both sides comes twice.
    pub fn assets(&self) -> impl Iterator<Item = AssetId> + use<'_> {
        self.collaterals.iter().map(|held| held.asset).chain(self.debts.iter().map(|owed| owed.asset))
    }

    /// The deposit of this asset.
    pub fn collateral(&self, asset: AssetId) -> Option<&Collateral> {
        self.collaterals.iter().find(|c| c.asset == asset)
    }

    /// What is owed of this asset; zero when nothing is.
    pub fn debt(&self, asset: AssetId) -> ScaledDebt {
        self.debts.iter().find(|d| d.asset == asset).map_or(ScaledDebt::ZERO, |d| d.scaled)
    }

    /// The shares held of this asset; zero when there are none.
    pub fn shares(&self, asset: AssetId) -> SupplyShares {
        self.collateral(asset).map_or(SupplyShares::ZERO, |c| c.shares)
    }

    /// Adds shares. A first deposit counts as collateral, unless the account owes that very asset.
    pub fn add_shares(&mut self, asset: AssetId, shares: SupplyShares) -> Result<(), AccountError> {
        if let Some(held) = self.collaterals.iter_mut().find(|c| c.asset == asset) {
            held.shares = held.shares.checked_add(shares)?;
            return Ok(());
        }
        if self.collaterals.len() >= SLOTS_MAX {
            return Err(AccountError::Full { side: "collaterals" });
        }
        let enabled = self.debt(asset).is_zero();
        self.collaterals.push(Collateral { asset, shares, enabled });
        Ok(())
    }

    /// Lets a deposit count as collateral, or not. Nothing happens without one.
    pub fn set_enabled(&mut self, asset: AssetId, enabled: bool) {
        if let Some(held) = self.collaterals.iter_mut().find(|c| c.asset == asset) {
            held.enabled = enabled;
        }
    }

    /// Takes shares away, and the slot with the last of them. Errors when it holds fewer.
    pub fn take_shares(&mut self, asset: AssetId, shares: SupplyShares) -> Result<(), AccountError> {
        let left = self.shares(asset).checked_sub(shares)?;
        if let Some(held) = self.collaterals.iter_mut().find(|c| c.asset == asset) {
            held.shares = left;
        }
        self.collaterals.retain(|c| !c.shares.is_zero());
        Ok(())
    }

    /// Adds debt. A deposit of the same asset stops counting as collateral: what is owed is never its own security.
    pub fn add_debt(&mut self, asset: AssetId, scaled: ScaledDebt) -> Result<(), AccountError> {
        self.set_enabled(asset, false);
        if let Some(owed) = self.debts.iter_mut().find(|d| d.asset == asset) {
            owed.scaled = owed.scaled.checked_add(scaled)?;
            return Ok(());
        }
        if self.debts.len() >= SLOTS_MAX {
            return Err(AccountError::Full { side: "debts" });
        }
        self.debts.push(Debt { asset, scaled });
        Ok(())
    }

    /// Clears debt, and the slot with the last of it. Errors when it owes less.
    pub fn clear_debt(&mut self, asset: AssetId, scaled: ScaledDebt) -> Result<(), AccountError> {
        let left = self.debt(asset).checked_sub(scaled)?;
        if let Some(owed) = self.debts.iter_mut().find(|d| d.asset == asset) {
            owed.scaled = left;
        }
        self.debts.retain(|d| !d.scaled.is_zero());
        Ok(())
    }
}
