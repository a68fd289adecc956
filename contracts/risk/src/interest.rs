//! Compounding accrual of the borrow index.

use cosmwasm_std::Uint256;

use crate::math::{MathError, ONE, mul_div_down, mul_div_up, narrow};
use crate::units::{Amount, Index, Rate, ScaledDebt};

/// Seconds in a year of 365 days.
pub const YEAR: u64 = 31_536_000;
/// The seconds of interest that every loan costs, however soon it is repaid: else all cash could be borrowed for a
/// block for nothing.
pub const MIN_LOAN_SECONDS: u64 = 60;
/// Where the borrow index stops growing: 10¹⁸ times the debt first taken.
pub const INDEX_MAX: Index = Index::new(ONE * ONE);
/// The debt of a whole market at which its index stops growing, so that no sum of amounts leaves 128 bits.
pub const DEBT_MAX: u128 = 10_000_000_000_000_000_000_000_000_000_000_000_000;

/// `x + x²/2 + x³/6` for `x = rate × seconds / year`, 18 decimals, each term rounded up: e^x − 1 to its third term,
/// from below for large x (as Morpho Blue's `wTaylorCompounded`).
fn growth_up(rate: Rate, seconds: u64) -> Result<Uint256, MathError> {
    let rate = Uint256::from(rate.raw());
    let seconds = Uint256::from(u128::from(seconds));
    let first = mul_div_up(rate, seconds, Uint256::from(u128::from(YEAR)))?;
    let second = mul_div_up(first, first, Uint256::from(2 * ONE))?;
    let third = mul_div_up(second, first, Uint256::from(3 * ONE))?;
    let sum = first.checked_add(second).and_then(|s| s.checked_add(third));
    sum.map_err(|_| MathError::Overflow { what: "growth" })
}

/// Interest that doesn't compound, `amount × rate × seconds / year`, rounded down.
pub fn simple_interest_down(amount: Amount, rate: Rate, seconds: u64) -> Result<Amount, MathError> {
    let rate = Uint256::from(rate.raw()).checked_mul(Uint256::from(seconds));
    let rate = rate.map_err(|_| MathError::Overflow { what: "interest" })?;
    let year = mul_div_down(Uint256::from(ONE), Uint256::from(YEAR), Uint256::one())?;
    mul_div_down(Uint256::from(amount.raw()), rate, year).and_then(narrow).map(Amount::new)
}

/// The index after `seconds` at `rate`, rounded up. Never falls, never errors: it stops at [`INDEX_MAX`], and where the
/// market's debt would pass `debt_max`.
pub fn compound_up(index: Index, rate: Rate, seconds: u64, debt_scaled: ScaledDebt, debt_max: Amount) -> Index {
    let grown = growth_up(rate, seconds)
        .and_then(|growth| mul_div_up(Uint256::from(index.raw()), growth, Uint256::from(ONE)))
        .and_then(narrow)
        .map_or(INDEX_MAX, |interest| index.saturating_add(Index::new(interest)));
    grown.min(ceiling(debt_scaled, debt_max)).max(index)
}

fn ceiling(debt_scaled: ScaledDebt, debt_max: Amount) -> Index {
    let most = Uint256::from(debt_max.raw());
    let scaled = Uint256::from(debt_scaled.raw());
    let by_debt = mul_div_down(most, Uint256::from(ONE), scaled).and_then(narrow);
    by_debt.map_or(INDEX_MAX, |raw| Index::new(raw).min(INDEX_MAX))
}
