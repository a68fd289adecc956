//! At which price of a token an account becomes liquidatable.

use cosmwasm_std::Uint256;

use crate::health::Position;
use crate::mark::{MarkPrice, RecordMark, SharedValues};
use crate::math::{MathError, ONE, mul_div_down, mul_div_up, narrow, pow10};
use crate::params::AssetId;
use crate::shared_records::{Ends, HEALTH, Parts};
use crate::units::{Price, Value};

impl Parts {
    /// What the debt lacks of adjusted collateral, or the adjusted collateral beyond the debt; the other one is 0.
    fn net(self) -> Self {
        Self {
            adjusted_collateral: self.adjusted_collateral.saturating_sub(self.debt),
            debt: self.debt.saturating_sub(self.adjusted_collateral),
        }
    }

    /// The same with other lines.
    fn plus(self, other: Self) -> Result<Self, MathError> {
        Ok(Self {
            adjusted_collateral: self.adjusted_collateral.checked_add(other.adjusted_collateral)?,
            debt: self.debt.checked_add(other.debt)?,
        })
    }

    /// In units of a record's denom, at the end at which the record is when that much decides: a sum below 0 on it
    /// makes good for adjusted collateral elsewhere, so it is at its low end, and at its high end where it is above.
    fn in_units_of(self, record: &RecordMark) -> Result<Self, MathError> {
        let raw = |price: Price| Uint256::from(price.raw());
        Ok(Self {
            adjusted_collateral: Value::new(mul_div_down(
                self.adjusted_collateral.raw(),
                Uint256::from(ONE),
                raw(record.settled.low),
            )?),
            debt: Value::new(mul_div_up(self.debt.raw(), Uint256::from(ONE), raw(record.settled.high))?),
        })
    }
}

impl Position {
    /// The price of this collateral at and above which the account is healthy, all else unchanged, rounded up. Whatever
    /// is quoted in this token moves with it. `None` when no price of it decides: it does not count, or the rest
    /// carries the debt, or the price does not fit.
    pub fn liquidation_price_up(&self, asset: AssetId) -> Result<Option<Price>, MathError> {
        let Some(line) = self.collaterals.iter().find(|l| l.asset == asset && !l.threshold().is_zero()) else {
            return Ok(None);
        };
        let shared = self.settled_values()?;
        let remaining = self.remaining(line, &shared);
        let Some(missing) = fits(self.rest(&line.mark, &shared))?.map(|rest| rest.debt).filter(|m| !m.is_zero()) else {
            return Ok(None);
        };
        if line.amount.is_zero() || remaining.is_zero() {
            return Ok(None);
        }
        if self.is_alone(&line.mark) {
            let value = missing.div_up(line.threshold())?.div_up(remaining)?;
            let unit = Uint256::from(pow10(line.decimals)?);
            let price = mul_div_up(value.raw(), unit, Uint256::from(line.amount.raw()))?;
            return Ok(narrow(price).ok().map(Price::new));
        }
        let Some(own) = line.mark.records().first() else { return Ok(None) };
        let gained = self.settled_parts(Some(&own.denom), None, &shared)?.net().adjusted_collateral;
        let value = shared.of(&own.denom).unwrap_or(own.settled.high);
        if gained.is_zero() || value.is_zero() {
            return Ok(None);
        }
        // The price as it counts now, times how far the record has to move: to missing / gained.
        let price = Uint256::from(line.mark.collateral_down(&shared).raw());
        let Some(moved) = fits(mul_div_up(price, missing.raw(), gained.raw()))? else { return Ok(None) };
        let price = mul_div_up(moved, Uint256::from(ONE), Uint256::from(value.raw())).and_then(narrow);
        Ok(price.ok().map(Price::new))
    }

    /// The price of this debt at and below which the account is healthy, all else unchanged, rounded down. Whatever is
    /// quoted in this token moves with it. `None` when no price of it decides: it is not owed, or the other debts alone
    /// exceed the adjusted collateral, or the price does not fit.
    pub fn debt_liquidation_price_down(&self, asset: AssetId) -> Result<Option<Price>, MathError> {
        let Some(line) = self.debts.iter().find(|l| l.asset == asset && !l.amount.is_zero()) else {
            return Ok(None);
        };
        let shared = self.settled_values()?;
        let Some(rest) = fits(self.rest(&line.mark, &shared))?.filter(|rest| rest.debt.is_zero()) else {
            return Ok(None);
        };
        let room = rest.adjusted_collateral;
        if self.is_alone(&line.mark) {
            let unit = Uint256::from(pow10(line.decimals)?);
            let unweighted = mul_div_down(room.raw(), Uint256::from(ONE), Uint256::from(line.weight.raw()))?;
            let price = mul_div_down(unweighted, unit, Uint256::from(line.amount.raw()))?;
            return Ok(narrow(price).ok().map(Price::new));
        }
        let Some(own) = line.mark.records().first() else { return Ok(None) };
        let cost = self.settled_parts(Some(&own.denom), None, &shared)?.net().debt;
        let value = shared.of(&own.denom).unwrap_or(own.settled.low);
        if cost.is_zero() || value.is_zero() {
            return Ok(None);
        }
        // The price as it counts now, times how far the record has to move: to room / cost.
        let price = Uint256::from(line.mark.debt_up(&shared).raw());
        let Some(moved) = fits(mul_div_down(price, room.raw(), cost.raw()))? else { return Ok(None) };
        let price = mul_div_down(moved, Uint256::from(ONE), Uint256::from(value.raw())).and_then(narrow);
        Ok(price.ok().map(Price::new))
    }

    /// What everything that doesn't hang on this token's own record has left or lacks, in units of what that record is
    /// quoted in. From the root to the token: each record on the way is at the end that it has where its lines just
    /// make good for the rest.
    fn rest(&self, mark: &MarkPrice, shared: &SharedValues) -> Result<Parts, MathError> {
        let records = mark.records();
        let mut rest = self.settled_parts(None, records.last(), shared)?.net();
        for (record, below) in records.iter().skip(1).rev().zip(records.iter().rev().skip(1)) {
            let others = self.settled_parts(Some(&record.denom), Some(below), shared)?;
            rest = rest.in_units_of(record)?.plus(others)?.net();
        }
        Ok(rest)
    }

    fn settled_parts(
        &self,
        denom: Option<&str>,
        without: Option<&RecordMark>,
        shared: &SharedValues,
    ) -> Result<Parts, MathError> {
        self.parts(denom, without, shared, Ends::Settled, HEALTH)
    }

    /// Whether the token is priced in the quote currency and no other line hangs on its record: then its price is
    /// exact.
    fn is_alone(&self, mark: &MarkPrice) -> bool {
        let [own] = mark.records() else { return false };
        let marks = self.collaterals.iter().map(|line| &line.mark).chain(self.debts.iter().map(|line| &line.mark));
        marks.filter(|mark| mark.hangs_on(&own.denom)).count() == 1
    }
}

/// `None` of what does not fit.
fn fits<T>(computed: Result<T, MathError>) -> Result<Option<T>, MathError> {
    match computed {
        Err(MathError::Overflow { .. }) => Ok(None),
        other => other.map(Some),
    }
}
