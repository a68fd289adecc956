//! Setting the contract up.

use cosmwasm_std::{DepsMut, Response};
use plimsoll_risk::units::Ratio;
use plimsoll_schema::access::address;
use plimsoll_schema::event::ACTION;
use plimsoll_schema::margin::{FEE_MAX, InstantiateMsg};

use crate::error::ContractError;
use crate::state::{CONTRACT_NAME, CONTRACT_VERSION, SETTINGS, Settings};

/// Writes in the pool and the fee.
pub fn instantiate(deps: DepsMut, msg: InstantiateMsg) -> Result<Response, ContractError> {
    let pool = address(deps.api, &msg.pool)?;
    let mut settings = Settings { pool, fee: Ratio::ZERO, collector: None };
    if let Some(fee) = msg.fee {
        if fee.share.is_zero() || fee.share > FEE_MAX {
            return Err(ContractError::FeeOutOfRange { fee: fee.share, max: FEE_MAX });
        }
        settings.fee = fee.share;
        settings.collector = Some(address(deps.api, &fee.recipient)?);
    }
    cw2::set_contract_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)?;
    SETTINGS.save(deps.storage, &settings)?;
    Ok(Response::new().add_attribute(ACTION, "instantiate"))
}
