//! When what is announced may take force.

use crate::error::ContractError;

/// Seconds after its delay in which an announced source can be put in force: a week. Then it has lapsed.
pub const APPLY_WITHIN: u64 = 7 * 86_400;

/// Errors before the delay is over, and once the announcement has lapsed.
pub fn assert_due(denom: &str, effective_at: u64, now: u64) -> Result<(), ContractError> {
    if now < effective_at {
        return Err(ContractError::TooEarly { denom: denom.to_owned(), effective_at, now });
    }
    let lapsed_at = effective_at.saturating_add(APPLY_WITHIN);
    if now > lapsed_at {
        return Err(ContractError::Lapsed { denom: denom.to_owned(), lapsed_at, now });
    }
    Ok(())
}
