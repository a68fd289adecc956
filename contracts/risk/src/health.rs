//! May an account be liquidated? The one place where that is computed.

use crate::mark::SharedValues;
use crate::math::MathError;
pub use crate::position::{AssetState, Assets, CollateralLine, DebtLine, HealthError, Moment, Position};
use crate::units::{Ratio, Value};

/// What decides about liquidation: settled prices, one value a record, and thresholds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// All deposits, disabled ones too, since they answer for the debt.
    pub collateral: Value,
    /// Adjusted collateral: enabled deposits × liquidation threshold, rounded down. The most debt that they carry.
    pub adjusted_collateral: Value,
    /// All debts, rounded up.
    pub debt: Value,
    /// All debts × borrow weight, rounded up. Liquidation begins where it exceeds the adjusted collateral.
    pub weighted_debt: Value,
    /// Whether the account is spared in the grace after a halt.
    pub spared: bool,
}

impl Health {
    /// `adjusted_collateral / weighted_debt`, rounded down: below 1 exactly when the former is less; `None` without
    /// debt.
    pub fn factor_down(&self) -> Option<Ratio> {
        Ratio::of_values_down(self.adjusted_collateral, self.weighted_debt)
    }

    /// Collateral ratio, `collateral / debt`, unweighted, rounded down; `None` without debt.
    pub fn collateral_ratio_down(&self) -> Option<Ratio> {
        Ratio::of_values_down(self.collateral, self.debt)
    }

    /// Whether the health factor is no lower than another, compared exactly. Without debt it is higher than any.
    pub fn is_no_lower_than(&self, other: &Self) -> bool {
        if self.weighted_debt.is_zero() || other.weighted_debt.is_zero() {
            return self.weighted_debt.is_zero();
        }
        self.adjusted_collateral.raw().full_mul(other.weighted_debt.raw())
            >= other.adjusted_collateral.raw().full_mul(self.weighted_debt.raw())
    }

    /// Whether the health factor is strictly below 1.
    pub fn is_below_one(&self) -> bool {
        self.adjusted_collateral < self.weighted_debt
    }

    /// Whether the account may be liquidated: its health factor is below 1, and no grace spares it.
    pub fn is_liquidatable(&self) -> bool {
        self.is_below_one() && !self.spared
    }
}

/// What decides about borrowing. Collateral at its low, debt at its high price, max LTV.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BorrowingPower {
    /// Enabled deposits at `low` × max LTV, rounded down.
    pub limit: Value,
    /// All debts at `high` × borrow weight, rounded up.
    pub debt: Value,
}

impl BorrowingPower {
    /// Whether the debt is within the limit.
    pub fn is_within(&self) -> bool {
        self.debt <= self.limit
    }
}

impl Position {
    /// Health at settled prices: a debt at the low, a collateral at the high end of what liquidation counts, and one
    /// value for a record on which both hang, the one that favours the account.
    pub fn health(&self) -> Result<Health, MathError> {
        let shared = self.settled_values()?;
        let mut health = self.health_at(&shared)?;
        health.spared = self.halted && health.is_below_one() && self.is_covered_at_edges()?;
        Ok(health)
    }

    fn health_at(&self, shared: &SharedValues) -> Result<Health, MathError> {
        let mut health = Health::default();
        for line in &self.collaterals {
            let value = self.collateral_value_down(line, shared)?;
            health.collateral = health.collateral.checked_add(value)?;
            health.adjusted_collateral = health.adjusted_collateral.checked_add(value.share_down(line.threshold())?)?;
        }
        for line in &self.debts {
            let value = line.value_up(shared)?;
            health.debt = health.debt.checked_add(value)?;
            health.weighted_debt = health.weighted_debt.checked_add(value.share_up(line.weight)?)?;
        }
        Ok(health)
    }

    /// What a deposit counts at in liquidation, rounded down. A silent one counts less and less, except against a debt
    /// on the same record.
    pub fn collateral_value_down(&self, line: &CollateralLine, shared: &SharedValues) -> Result<Value, MathError> {
        let value = line.amount.value_down(line.mark.collateral_down(shared), line.decimals)?;
        value.share_down(self.remaining(line, shared))
    }
}

impl DebtLine {
    /// What it counts at in liquidation, rounded up.
    pub fn value_up(&self, shared: &SharedValues) -> Result<Value, MathError> {
        self.amount.value_up(self.mark.debt_up(shared), self.decimals)
    }
}
