//! Leverage: how much debt to add, or how much collateral to sell, for an account to have it.
//!
//! With deposits worth `C` and debts worth `D`, leverage is `C/(C − D)`, so it is at most `L` where
//! `L·D ≤ (L − 1)·C`. A sale returns `r` of value for each unit of value that it takes.
//!
//! - Borrowing and selling `x` adds `r·x` to `C` and `x` to `D`. It ends at `L` for
//!   `x = ((L − 1)·C − L·D)/(L − r·(L − 1))`. Coins of the sender's that are sold along, worth `E`, are debt not taken:
//!   `D` is less by `E`, and `x` counts them.
//! - Selling `y` of the collateral takes `y` off `C` and `r·y` off `D`. It ends at `L` for
//!   `y = (L·D − (L − 1)·C)/(r·L − (L − 1))`. Where the divisor is not above 0, no sale gets there.

use plimsoll_risk::math::{MathError, ONE};
use plimsoll_risk::units::{Ratio, Value};

/// What an account has and owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides {
    /// All deposits.
    pub collateral: Value,
    /// All debts.
    pub debt: Value,
}

impl Sides {
    /// Whether the leverage is at most this, compared exactly.
    pub fn is_within(&self, leverage: Ratio) -> bool {
        let less = leverage.saturating_sub(Ratio::ONE);
        self.debt.raw().full_mul(wide(leverage)) <= self.collateral.raw().full_mul(wide(less))
    }

    /// The value to borrow and sell, with `own` sold along and counted, rounded down; 0 where the leverage is that high
    /// already. A `rate` so good that more debt would lower leverage counts as 1. `leverage` is above 1.
    pub fn purchase_down(&self, own: Value, rate: Ratio, leverage: Ratio) -> Result<Value, MathError> {
        let less = leverage.saturating_sub(Ratio::ONE);
        let gained = self.collateral.share_down(less)?.checked_add(own.share_down(leverage)?)?;
        let room = gained.saturating_sub(self.debt.share_up(leverage)?);
        let divisor = leverage.saturating_sub(less.mul_down(rate)?);
        room.div_down(if divisor.is_zero() { Ratio::ONE } else { divisor })
    }

    /// The value of collateral to sell, rounded up; 0 where the leverage is that low already, and `None` where no sale
    /// gets there. `leverage` is above 1.
    pub fn sale_up(&self, rate: Ratio, leverage: Ratio) -> Result<Option<Value>, MathError> {
        let less = leverage.saturating_sub(Ratio::ONE);
        let excess = self.debt.share_up(leverage)?.saturating_sub(self.collateral.share_down(less)?);
        let divisor = leverage.mul_down(rate)?.saturating_sub(less);
        if divisor.is_zero() { Ok(None) } else { excess.div_up(divisor).map(Some) }
    }
}

fn wide(ratio: Ratio) -> cosmwasm_std::Uint256 {
    cosmwasm_std::Uint256::from(ratio.raw())
}

/// 1, which no leverage is below.
pub const LEAST: Ratio = Ratio::new(ONE);
