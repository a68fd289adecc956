//! What may be borrowed: collateral and debt at the borrowing edges of their prices.

use crate::health::{BorrowingPower, CollateralLine, DebtLine, Health, HealthError, Position};
use crate::mark::SharedValues;
use crate::math::{MathError, ONE, mul_div_down_128};
use crate::params::AssetId;
use crate::shared_records::{Ends, HEALTH, Weights};
use crate::units::{Amount, Ratio, Value};

/// What decides about borrowing, without regard to stops and caps.
const POWER: Weights<'static> =
    Weights { collateral: &CollateralLine::uncapped_weight, debt: &|line| line.borrowing_weight };

/// What decides about improvements: whoever borrows meanwhile is judged by the end of a weight's rise.
const EDGES: Weights<'static> = Weights { debt: POWER.debt, ..HEALTH };

impl Position {
    /// Whether all deposits at `low` exceed all debts at `high` by more than the largest bonus, whatever one value a
    /// shared record has between its edges. A silent price counts by what was last observed, since after a halt tokens
    /// are heard of one by one. Where a debt's price is unknown nothing is known against the account.
    pub(crate) fn is_covered_at_edges(&self) -> Result<bool, MathError> {
        let bonus = self.collaterals.iter().filter(|line| !line.amount.is_zero()).map(|line| line.bonus_max).max();
        let most = bonus.unwrap_or_default().plus_one();
        let per_unit = mul_div_down_128(ONE, ONE, most.raw()).map(Ratio::new)?;
        if self.debts.iter().any(|line| line.mark.is_unknown()) {
            return Ok(true);
        }
        let shared = self.shared(Ends::Edges, Weights { collateral: &|_| per_unit, debt: &|_| Ratio::ONE })?;
        let mut collateral = Value::ZERO;
        for line in &self.collaterals {
            let value = line.amount.value_down(line.mark.observed_low_down(&shared), line.decimals)?;
            collateral = collateral.checked_add(value.share_down(self.remaining(line, &shared))?)?;
        }
        Ok(collateral > self.edge_debt(&shared, &|_| Ratio::ONE)?.share_up(most)?)
    }

    /// Health at the borrowing edges, each deposit counted with the amount that `counted` says. Errors when a debt is
    /// silent.
    pub fn edge_health(&self, counted: impl Fn(AssetId, Amount) -> Amount) -> Result<Health, HealthError> {
        self.assert_debts_priced()?;
        let mut position = self.clone();
        for line in &mut position.collaterals {
            line.amount = counted(line.asset, line.amount);
        }
        Ok(position.health_at_edges()?)
    }

    /// Health at the borrowing edges, a silent debt at those of its last observation. Shared records are at the end
    /// that is worse in sum.
    fn health_at_edges(&self) -> Result<Health, MathError> {
        let shared = self.shared(Ends::Edges, EDGES)?;
        let mut health = Health::default();
        for line in &self.collaterals {
            let value = line.amount.value_down(line.mark.low_down(&shared), line.decimals)?;
            health.collateral = health.collateral.checked_add(value)?;
            health.adjusted_collateral = health.adjusted_collateral.checked_add(value.share_down(line.threshold())?)?;
        }
        health.debt = self.edge_debt(&shared, &|_| Ratio::ONE)?;
        health.weighted_debt = self.edge_debt(&shared, EDGES.debt)?;
        Ok(health)
    }

    /// Borrowing power at the unfavourable edge of each price: a silent collateral counts nothing, and deposits in a
    /// market that is stopped or above its cap count as [`CollateralLine::power`] says. Errors when a debt is silent.
    pub fn borrowing_power(&self) -> Result<BorrowingPower, HealthError> {
        self.power_with(Weights { collateral: &CollateralLine::borrowing_weight, ..POWER })
    }

    /// The same without regard to stops and caps: how far an account is above its max LTV.
    pub fn uncapped_power(&self) -> Result<BorrowingPower, HealthError> {
        self.power_with(POWER)
    }

    /// The same by what liquidation counts, in the account's favour: settled prices, which nobody moves within a block.
    pub fn settled_power(&self) -> Result<BorrowingPower, MathError> {
        let shared = self.shared(Ends::Settled, POWER)?;
        let mut power = BorrowingPower::default();
        for line in &self.collaterals {
            let value = self.collateral_value_down(line, &shared)?;
            power.limit = power.limit.checked_add(value.share_down(line.uncapped_weight())?)?;
        }
        for line in &self.debts {
            power.debt = power.debt.checked_add(line.value_up(&shared)?.share_up(line.borrowing_weight)?)?;
        }
        Ok(power)
    }

    /// Adds to a deposit what may be a rescue. It counts with its max LTV, but with no less than half of its threshold.
    pub fn add_rescue(&mut self, asset: AssetId, amount: Amount) -> Result<(), MathError> {
        let mut added = Vec::new();
        for line in self.collaterals.iter_mut().filter(|line| line.asset == asset) {
            let least = line.liquidation_threshold.mul_down(Ratio::percent(50))?;
            if line.max_loan_to_value >= least {
                line.amount = line.amount.saturating_add(amount);
            } else {
                added.push(CollateralLine { amount, max_loan_to_value: least, ..line.clone() });
            }
        }
        self.collaterals.extend(added);
        Ok(())
    }

    fn power_with(&self, weights: Weights<'_>) -> Result<BorrowingPower, HealthError> {
        self.assert_debts_priced()?;
        let shared = self.shared(Ends::Edges, weights)?;
        let mut power = BorrowingPower { limit: Value::ZERO, debt: self.edge_debt(&shared, weights.debt)? };
        for line in &self.collaterals {
            let value = line.amount.value_down(line.mark.low_down(&shared), line.decimals)?;
            power.limit = power.limit.checked_add(value.share_down((weights.collateral)(line))?)?;
        }
        Ok(power)
    }

    fn assert_debts_priced(&self) -> Result<(), HealthError> {
        let silent = self.debts.iter().find_map(|line| Some((line.asset, line.mark.borrow_fault()?)));
        silent.map_or(Ok(()), |(asset, fault)| Err(HealthError::Price { asset, fault }))
    }

    fn edge_debt(&self, shared: &SharedValues, weight: &dyn Fn(&DebtLine) -> Ratio) -> Result<Value, MathError> {
        let mut debt = Value::ZERO;
        for line in &self.debts {
            let value = line.amount.value_up(line.mark.high_up(shared), line.decimals)?;
            debt = debt.checked_add(value.share_up(weight(line))?)?;
        }
        Ok(debt)
    }
}

impl CollateralLine {
    /// How much a unit of its value lets its account owe: max LTV, less where its market is stopped or above its cap.
    fn borrowing_weight(&self) -> Ratio {
        self.uncapped_weight().mul_down(self.power).unwrap_or_default()
    }

    /// The same without regard to stops and caps.
    pub fn uncapped_weight(&self) -> Ratio {
        // Only what carries debt is lent against.
        if self.threshold().is_zero() { Ratio::ZERO } else { self.max_loan_to_value }
    }
}
