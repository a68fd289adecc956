//! `pause` and `unpause`: the guardian stops what adds risk; only the owner opens again.

use cosmwasm_std::{DepsMut, MessageInfo, Response, Storage};
use plimsoll_risk::params::Switches;
use plimsoll_schema::event;

use crate::error::ContractError;
use crate::markets::asset_id;
use crate::state::{ASSET_COUNT, ASSET_PARAMS};
use crate::{access, funds};

pub fn pause(
    deps: DepsMut,
    info: &MessageInfo,
    denom: Option<String>,
    stop: Switches,
) -> Result<Response, ContractError> {
    funds::none(info)?;
    access::assert_guardian(deps.storage, info.sender.as_str())?;
    let mut response = Response::new().add_attribute(event::ACTION, "pause");
    let ids = match denom {
        Some(denom) => vec![asset_id(deps.storage, &denom)?.0],
        None => (0..ASSET_COUNT.load(deps.storage)?).collect(),
    };
    for id in ids {
        let stopped = |now: Switches| Switches {
            deposit: now.deposit && !stop.deposit,
            borrow: now.borrow && !stop.borrow,
            flash_loan: now.flash_loan && !stop.flash_loan,
        };
        response = response.add_attribute(event::DENOM, switch(deps.storage, id, stopped)?);
    }
    Ok(response)
}

pub fn unpause(deps: DepsMut, info: &MessageInfo, denom: &str, open: Switches) -> Result<Response, ContractError> {
    funds::none(info)?;
    access::assert_owner(deps.storage, info.sender.as_str())?;
    let id = asset_id(deps.storage, denom)?.0;
    let opened = |now: Switches| Switches {
        deposit: now.deposit || open.deposit,
        borrow: now.borrow || open.borrow,
        flash_loan: now.flash_loan || open.flash_loan,
    };
    let denom = switch(deps.storage, id, opened)?;
    Ok(Response::new().add_attribute(event::ACTION, "unpause").add_attribute(event::DENOM, denom))
}

fn switch(storage: &mut dyn Storage, id: u16, to: impl Fn(Switches) -> Switches) -> Result<String, ContractError> {
    let Some(mut params) = ASSET_PARAMS.may_load(storage, id)? else {
        return Err(ContractError::UnknownAsset(plimsoll_risk::params::AssetId(id)));
    };
    params.enabled = to(params.enabled);
    ASSET_PARAMS.save(storage, id, &params)?;
    Ok(params.denom)
}
