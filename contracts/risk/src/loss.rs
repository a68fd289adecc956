//! When a debt is given up.

use crate::health::Position;
use crate::mark::MarkPrice;
use crate::math::MathError;
use crate::units::Value;

/// Whether the account's debt is to be written off: debt remains, it exceeds everything deposited in value, and
/// everything deposited is worth less than `dust`. Disabled deposits count: nothing is written off while one of value
/// stands, nor while nothing at all is known of a price. Where only the decline of a silent collateral makes it so,
/// nothing is written off in the grace after a halt or while a debt's denom is silent.
pub fn is_bad_debt(position: &Position, dust: Value) -> Result<bool, MathError> {
    if position.debts.is_empty() {
        return Ok(false);
    }
    let marks = position.collaterals.iter().map(|line| &line.mark).chain(position.debts.iter().map(|line| &line.mark));
    if marks.into_iter().any(MarkPrice::is_unknown) {
        return Ok(false);
    }
    if !is_lost(position, dust)? {
        return Ok(false);
    }
    let may_rest_on_decline = !position.halted && position.debts.iter().all(|line| line.mark.fault().is_none());
    Ok(may_rest_on_decline || is_lost(&position.before_decline(), dust)?)
}

fn is_lost(position: &Position, dust: Value) -> Result<bool, MathError> {
    let health = position.health()?;
    let nothing_left = position.collaterals.is_empty();
    Ok(nothing_left || (health.collateral < health.debt && health.collateral < dust))
}
