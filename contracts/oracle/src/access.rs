//! Who may act beside the owner.

use plimsoll_schema::oracle::ConfigResponse;

use crate::error::ContractError;

/// Errors unless `sender` is the owner or the guardian.
pub fn assert_owner_or_guardian(config: &ConfigResponse, sender: &str) -> Result<(), ContractError> {
    if config.guardian.as_deref() == Some(sender) {
        return Ok(());
    }
    Ok(config.ownership.assert_owner(sender)?)
}
