//! Is an account within its limits? The one place where that is computed.

use thiserror::Error;

use crate::account::Account;
use crate::market::Accrued;
use crate::math::{MathError, mul_div_down, mul_div_up, narrow, pow10};
use crate::params::{AssetId, AssetParams};
use crate::price::{Mark, PriceFault};
use crate::units::{Amount, Price, Ratio, Value};
use cosmwasm_std::Uint256;

/// Why health could not be told.
#[derive(Error, Debug, Clone, PartialEq, Eq)]
pub enum HealthError {
    /// A computation left its type.
    #[error(transparent)]
    Math(#[from] MathError),
    /// A price that is needed fails its guards.
    #[error("price of asset {}: {fault}", asset.0)]
    Price {
        /// The asset.
        asset: AssetId,
        /// The guard that failed.
        fault: PriceFault,
    },
    /// An account names an asset that is not listed.
    #[error("asset {} is not listed", .0.0)]
    UnknownAsset(AssetId),
}

/// All that is known of an asset at one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetState {
    /// Its parameters.
    pub params: AssetParams,
    /// Its ledger, interest added.
    pub market: Accrued,
    /// Its price.
    pub mark: Mark,
}

/// Where the assets' state at one block is looked up.
pub trait Assets {
    /// The state of this asset.
    fn asset(&self, id: AssetId) -> Option<&AssetState>;
}

/// A deposit, in amounts and prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollateralLine {
    /// Which asset.
    pub asset: AssetId,
    /// What the shares are worth, rounded down.
    pub amount: Amount,
    /// Whether it counts toward health.
    pub enabled: bool,
    /// The token's decimals.
    pub decimals: u8,
    /// The max LTV in force.
    pub max_loan_to_value: Ratio,
    /// The liquidation threshold in force.
    pub liquidation_threshold: Ratio,
    /// The price.
    pub mark: Mark,
}

/// A debt, in amounts and prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebtLine {
    /// Which asset.
    pub asset: AssetId,
    /// What is owed, rounded up.
    pub amount: Amount,
    /// The token's decimals.
    pub decimals: u8,
    /// The price.
    pub mark: Mark,
}

/// An account, in amounts and prices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Its deposits.
    pub collaterals: Vec<CollateralLine>,
    /// Its debts.
    pub debts: Vec<DebtLine>,
}

/// What decides about liquidation. Mid prices, thresholds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// All deposits, disabled ones too, since they answer for the debt.
    pub collateral: Value,
    /// Enabled deposits × liquidation threshold, rounded down: the debt that they carry.
    pub carried: Value,
    /// All debts, rounded up.
    pub debt: Value,
}

impl Health {
    /// `carried / debt`, rounded down, so it is below 1 exactly when the account may be liquidated; `None` without debt.
    pub fn factor_down(&self) -> Option<Ratio> {
        Ratio::of_values_down(self.carried, self.debt)
    }

    /// Collateral ratio, `collateral / debt`, unweighted, rounded down; `None` without debt.
    pub fn collateral_ratio_down(&self) -> Option<Ratio> {
        Ratio::of_values_down(self.collateral, self.debt)
    }

    /// Whether the account may be liquidated: health factor strictly below 1.
    pub fn is_liquidatable(&self) -> bool {
        self.carried < self.debt
    }
}

/// What decides about borrowing. Collateral at its low, debt at its high price, max LTV.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BorrowingPower {
    /// Enabled deposits at `low` × max LTV, rounded down.
    pub limit: Value,
    /// All debts at `high`, rounded up.
    pub debt: Value,
}

impl BorrowingPower {
    /// Whether the debt is within the limit.
    pub fn is_within(&self) -> bool {
        self.debt <= self.limit
    }
}

impl Position {
    /// Turns an account's record into amounts and prices at time `now`.
    pub fn of(account: &Account, assets: &impl Assets, now: u64) -> Result<Self, HealthError> {
        let find = |id| assets.asset(id).ok_or(HealthError::UnknownAsset(id));
        let mut position = Self::default();
        for held in &account.collaterals {
            let AssetState { params, market, mark } = find(held.asset)?;
            position.collaterals.push(CollateralLine {
                asset: held.asset,
                amount: market.shares_value_down(held.shares)?,
                enabled: held.enabled,
                decimals: params.decimals,
                max_loan_to_value: params.max_loan_to_value,
                liquidation_threshold: params.liquidation_threshold.at(now),
                mark: mark.clone(),
            });
        }
        for owed in &account.debts {
            let AssetState { params, market, mark } = find(owed.asset)?;
            let amount = market.owed_up(owed.scaled)?;
            position.debts.push(DebtLine { asset: owed.asset, amount, decimals: params.decimals, mark: mark.clone() });
        }
        Ok(position)
    }

    /// Health at mid prices. A price that fails counts at the bound that favours the account.
    pub fn health(&self) -> Result<Health, MathError> {
        let mut health = Health::default();
        for line in &self.collaterals {
            let value = line.value_down()?;
            health.collateral = health.collateral.checked_add(value)?;
            health.carried = health.carried.checked_add(value.share_down(line.threshold())?)?;
        }
        for line in &self.debts {
            health.debt = health.debt.checked_add(line.value_up()?)?;
        }
        Ok(health)
    }

    /// `collateral / debt` as far as prices are known: a deposit whose price fails counts nothing, a debt whose price fails counts at its hard upper
    /// bound. Rounded down; `None` without debt. Where every price is valid it is [`Health::collateral_ratio_down`].
    pub fn certain_ratio_down(&self) -> Result<Option<Ratio>, MathError> {
        let mut certain = Health::default();
        for line in self.collaterals.iter().filter(|line| line.mark.quote.is_ok()) {
            certain.collateral = certain.collateral.checked_add(line.value_down()?)?;
        }
        for line in &self.debts {
            let price = if line.mark.quote.is_ok() { line.mark.debt() } else { line.mark.ceiling };
            let sum = line.amount.value_up(price, line.decimals).and_then(|value| certain.debt.checked_add(value));
            // Where nothing bounds a price, what is owed may be beyond any number.
            let Ok(sum) = sum else { return Ok(Some(Ratio::ZERO)) };
            certain.debt = sum;
        }
        Ok(certain.collateral_ratio_down())
    }

    /// Borrowing power at the unfavourable edge of each price. Errors when a price that counts fails its guards.
    pub fn borrowing_power(&self) -> Result<BorrowingPower, HealthError> {
        let mut power = BorrowingPower::default();
        // Only what carries no debt at all needs no price: with a threshold it would shield the new debt while its price fails.
        for line in self.collaterals.iter().filter(|line| !line.threshold().is_zero()) {
            let quote = line.mark.quote.clone().map_err(|fault| HealthError::Price { asset: line.asset, fault })?;
            let value = line.amount.value_down(quote.low, line.decimals)?;
            power.limit = power.limit.checked_add(value.share_down(line.max_loan_to_value)?)?;
        }
        for line in &self.debts {
            let quote = line.mark.quote.clone().map_err(|fault| HealthError::Price { asset: line.asset, fault })?;
            power.debt = power.debt.checked_add(line.amount.value_up(quote.high, line.decimals)?)?;
        }
        Ok(power)
    }

    /// The price of this collateral at and above which the account is healthy, all else unchanged, rounded up. `None` when no
    /// price of it decides: it does not count, or the rest carries the debt, or the price does not fit.
    pub fn liquidation_price_up(&self, asset: AssetId) -> Result<Option<Price>, MathError> {
        let Some(line) = self.collaterals.iter().find(|l| l.asset == asset && !l.threshold().is_zero()) else {
            return Ok(None);
        };
        let health = self.health()?;
        let own = line.value_down()?.share_down(line.threshold())?;
        let missing = health.debt.saturating_sub(health.carried.saturating_sub(own));
        if missing.is_zero() || line.amount.is_zero() {
            return Ok(None);
        }
        let value = missing.div_up(line.threshold())?;
        let price = mul_div_up(value.raw(), Uint256::from(pow10(line.decimals)?), Uint256::from(line.amount.raw()))?;
        Ok(narrow(price).ok().map(Price::new))
    }

    /// The price of this debt at and below which the account is healthy, all else unchanged, rounded down. `None` when no
    /// price of it decides: it is not owed, or the other debts alone exceed what is carried, or the price does not fit.
    pub fn debt_liquidation_price_down(&self, asset: AssetId) -> Result<Option<Price>, MathError> {
        let Some(line) = self.debts.iter().find(|l| l.asset == asset && !l.amount.is_zero()) else {
            return Ok(None);
        };
        let health = self.health()?;
        let others = health.debt.saturating_sub(line.value_up()?);
        if others > health.carried {
            return Ok(None);
        }
        let room = health.carried.saturating_sub(others);
        let price = mul_div_down(room.raw(), Uint256::from(pow10(line.decimals)?), Uint256::from(line.amount.raw()))?;
        Ok(narrow(price).ok().map(Price::new))
    }
}

impl CollateralLine {
    /// The threshold with which it counts: none when it is disabled.
    pub const fn threshold(&self) -> Ratio {
        if self.enabled { self.liquidation_threshold } else { Ratio::ZERO }
    }

    /// What it counts at in liquidation, rounded down.
    pub fn value_down(&self) -> Result<Value, MathError> {
        self.amount.value_down(self.mark.collateral(), self.decimals)
    }
}

impl DebtLine {
    /// What it counts at in liquidation, rounded up.
    pub fn value_up(&self) -> Result<Value, MathError> {
        self.amount.value_up(self.mark.debt(), self.decimals)
    }
}
