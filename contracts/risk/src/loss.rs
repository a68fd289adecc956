//! When a debt is given up.

use crate::health::Position;
use crate::math::MathError;
use crate::units::Value;

/// Whether the account's debt is to be written off: debt remains, it exceeds everything deposited in value, and everything
/// deposited is worth less than `dust`. Disabled deposits count: nothing is written off while one of value stands. A failing
/// price counts at the bound that speaks against writing off.
pub fn is_bad_debt(position: &Position, dust: Value) -> Result<bool, MathError> {
    if position.debts.is_empty() {
        return Ok(false);
    }
    let health = position.health()?;
    let nothing_left = position.collaterals.is_empty();
    Ok(nothing_left || (health.collateral < health.debt && health.collateral < dust))
}
