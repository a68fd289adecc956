//! Setting a pair up.

use cosmwasm_std::{DepsMut, MessageInfo, Response};
use plimsoll_risk::swap::FEE_MAX;
use plimsoll_schema::event::ACTION;
use plimsoll_schema::funds::{self, DENOM_LENGTH_MAX};
use plimsoll_schema::pair::InstantiateMsg;

use crate::error::ContractError;
use crate::settings::{Settings, native};
use crate::state::{CONTRACT_NAME, CONTRACT_VERSION, LEDGER, Ledger, SETTINGS};

/// Writes what the pair is of. Takes no coins: the first liquidity comes by `provide_liquidity`.
pub fn instantiate(deps: DepsMut, info: &MessageInfo, msg: InstantiateMsg) -> Result<Response, ContractError> {
    funds::none(info)?;
    let InstantiateMsg { asset_infos, fee } = msg;
    let [first, second] = asset_infos.as_slice() else {
        return Err(ContractError::TokenCount { count: asset_infos.len() });
    };
    let first = native(first)?.to_owned();
    let second = native(second)?.to_owned();
    for denom in [&first, &second] {
        let length = denom.len();
        let max = DENOM_LENGTH_MAX;
        if length == 0 || length > max {
            return Err(ContractError::DenomLength { denom: denom.clone(), length, max });
        }
    }
    if first == second {
        return Err(ContractError::SameToken { denom: first });
    }
    if fee > FEE_MAX {
        return Err(ContractError::Fee { fee, max: FEE_MAX });
    }

    cw2::set_contract_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)?;
    SETTINGS.save(deps.storage, &Settings { first, second, fee })?;
    LEDGER.save(deps.storage, &Ledger::default())?;
    Ok(Response::new().add_attribute(ACTION, "instantiate"))
}
