//! Which value each record has on which both sides of an account hang.

use crate::mark::{MarkPrice, RecordMark, SharedValues};
use crate::math::MathError;
use crate::position::{CollateralLine, DebtLine, Position};
use crate::units::{Ratio, Value};

/// From which side the one value of a shared record is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Settled prices, in the account's favour.
    Settled,
    /// Borrowing edges, to the account's disadvantage.
    Edges,
}

/// How much a unit of value counts: what a deposit's carries, and what a debt's comes to.
#[derive(Clone, Copy)]
pub(crate) struct Weights<'a> {
    pub collateral: &'a dyn Fn(&CollateralLine) -> Ratio,
    pub debt: &'a dyn Fn(&DebtLine) -> Ratio,
}

/// What decides about liquidation.
pub(crate) const HEALTH: Weights<'static> =
    Weights { collateral: &CollateralLine::threshold, debt: &|line| line.weight };

/// What some lines carry, and what they owe.
#[derive(Clone, Copy, Default)]
pub(crate) struct Parts {
    pub adjusted_collateral: Value,
    pub debt: Value,
}

impl Position {
    /// The values of the records that both sides hang on, for liquidation.
    pub fn settled_values(&self) -> Result<SharedValues, MathError> {
        self.shared(Ends::Settled, HEALTH)
    }

    /// One value for each record on which a deposit and a debt hang, from the leaves to the root: rates are chosen
    /// before what they are quoted in. Of a silent record only what deposits carry beyond the debts on it declines, and
    /// only where there are other debts to carry.
    pub(crate) fn shared(&self, ends: Ends, weights: Weights<'_>) -> Result<SharedValues, MathError> {
        let mut denoms: Vec<(usize, &str)> = Vec::new();
        for line in &self.debts {
            for (depth, record) in line.mark.records().iter().enumerate() {
                if self.collaterals.iter().any(|held| held.mark.hangs_on(&record.denom)) {
                    denoms.push((self.depth(&record.denom).max(depth), record.denom.as_str()));
                }
            }
        }
        denoms.sort_unstable();
        denoms.dedup();
        let mut shared = SharedValues::default();
        for (_, denom) in denoms {
            let Parts { adjusted_collateral, debt } = self.parts(Some(denom), None, &shared, ends, weights)?;
            let record = self.debts.iter().flat_map(|line| line.mark.records()).find(|record| record.denom == denom);
            let Some(record) = record else { continue };
            let value = match (ends, adjusted_collateral > debt) {
                (Ends::Settled, true) => record.settled.high,
                (Ends::Settled, false) => record.settled.low,
                (Ends::Edges, true) => record.edges.low,
                (Ends::Edges, false) => record.edges.high,
            };
            let remaining = if ends == Ends::Settled && self.debts.iter().any(|line| !line.mark.hangs_on(denom)) {
                undeclined_down(adjusted_collateral, debt, record.remaining)?
            } else {
                Ratio::ONE
            };
            shared.choose(denom, value, remaining);
        }
        Ok(shared)
    }

    /// What the lines that hang on this record carry and owe, in units of its denom, or all lines in the quote
    /// currency; those that hang on `without` are left out.
    pub(crate) fn parts(
        &self,
        denom: Option<&str>,
        without: Option<&RecordMark>,
        shared: &SharedValues,
        ends: Ends,
        weights: Weights<'_>,
    ) -> Result<Parts, MathError> {
        let counts = |mark: &MarkPrice| {
            denom.is_none_or(|denom| mark.hangs_on(denom)) && !without.is_some_and(|other| mark.hangs_on(&other.denom))
        };
        let mut parts = Parts::default();
        for line in self.collaterals.iter().filter(|line| counts(&line.mark)) {
            let adjusted_collateral = self.adjusted_down(line, denom, shared, ends, weights)?;
            parts.adjusted_collateral = parts.adjusted_collateral.checked_add(adjusted_collateral)?;
        }
        for line in self.debts.iter().filter(|line| counts(&line.mark)) {
            parts.debt = parts.debt.checked_add(line.owed_up(denom, shared, ends, weights)?)?;
        }
        Ok(parts)
    }

    /// How many rates lie at most between a line and this record.
    fn depth(&self, denom: &str) -> usize {
        let marks = self.collaterals.iter().map(|line| &line.mark).chain(self.debts.iter().map(|line| &line.mark));
        let depth = |mark: &MarkPrice| mark.records().iter().position(|record| record.denom == denom);
        marks.filter_map(depth).max().unwrap_or_default()
    }

    /// The share of a deposit that still counts, rounded down: the least that is left of the records that it hangs on
    /// alone, times the shares of those on which debts hang too. [`Position::shared`] says these, each of what counted
    /// before.
    pub(crate) fn remaining(&self, line: &CollateralLine, shared: &SharedValues) -> Ratio {
        let is_owed_on = |record: &&RecordMark| self.debts.iter().any(|owed| owed.mark.hangs_on(&record.denom));
        let alone = line.mark.records().iter().filter(|record| !is_owed_on(record)).map(|record| record.remaining);
        let shares = line.mark.records().iter().filter_map(|record| shared.remaining(&record.denom));
        shares.fold(alone.min().unwrap_or(Ratio::ONE), |left, share| left.mul_down(share).unwrap_or(Ratio::ZERO))
    }

    /// What a deposit carries, in units of a denom that it hangs on, or in the quote currency; rounded down.
    fn adjusted_down(
        &self,
        line: &CollateralLine,
        denom: Option<&str>,
        shared: &SharedValues,
        ends: Ends,
        weights: Weights<'_>,
    ) -> Result<Value, MathError> {
        if ends == Ends::Edges && line.mark.borrow_fault().is_some() {
            return Ok(Value::ZERO);
        }
        let rate = line.mark.rate_down(denom, |record| match ends {
            Ends::Settled => shared.of(&record.denom).unwrap_or(record.settled.high),
            Ends::Edges => shared.of(&record.denom).unwrap_or(record.edges.low),
        });
        let value = line.amount.value_down(rate, line.decimals)?;
        let counted = match ends {
            Ends::Settled => value.share_down(self.remaining(line, shared))?,
            Ends::Edges => value,
        };
        counted.share_down((weights.collateral)(line))
    }
}

impl DebtLine {
    /// What a debt comes to, in units of a denom that it hangs on, or in the quote currency; rounded up.
    fn owed_up(
        &self,
        denom: Option<&str>,
        shared: &SharedValues,
        ends: Ends,
        weights: Weights<'_>,
    ) -> Result<Value, MathError> {
        let rate = self.mark.rate_up(denom, |record| match ends {
            Ends::Settled => shared.of(&record.denom).unwrap_or(record.settled.low),
            Ends::Edges => shared.of(&record.denom).unwrap_or(record.edges.high),
        });
        self.amount.value_up(rate, self.decimals)?.share_up((weights.debt)(self))
    }
}

/// The share that counts of deposits on a silent record that carry this much, where this much is owed on it: all of
/// what the debts need, and of the rest what remains. Rounded down.
fn undeclined_down(adjusted_collateral: Value, owed: Value, remaining: Ratio) -> Result<Ratio, MathError> {
    let beyond = adjusted_collateral.saturating_sub(owed);
    if beyond.is_zero() || remaining == Ratio::ONE {
        return Ok(Ratio::ONE);
    }
    let counted = owed.checked_add(beyond.share_down(remaining)?)?;
    Ok(Ratio::of_values_down(counted, adjusted_collateral).unwrap_or(Ratio::ONE))
}
