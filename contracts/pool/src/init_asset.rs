//! `init_asset`: list an asset.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::mark::MarkPrice;
use plimsoll_risk::market::Market;
use plimsoll_risk::params::AssetParams;
use plimsoll_risk::units::{Amount, Value};
use plimsoll_schema::event;
use plimsoll_schema::funds::DENOM_LENGTH_MAX;
use plimsoll_schema::pool::NewAsset;

use crate::error::ContractError;
use crate::markets::Markets;
use crate::prices::Prices;
use crate::state::{ASSET_COUNT, ASSET_IDS, ASSET_PARAMS, MARKETS};
use crate::{access, funds};

pub fn init_asset(deps: DepsMut, env: &Env, info: &MessageInfo, asset: NewAsset) -> Result<Response, ContractError> {
    funds::none(info)?;
    access::assert_owner(deps.storage, info.sender.as_str())?;
    let params = AssetParams::from(asset);
    params.validate()?;
    let denom = params.denom.clone();
    let length = params.denom.len();
    if !(1..=DENOM_LENGTH_MAX).contains(&length) {
        return Err(ContractError::DenomLength { denom, length });
    }
    if ASSET_IDS.has(deps.storage, &denom) {
        return Err(ContractError::AlreadyListed { denom });
    }
    let markets = Markets::open(deps.as_ref(), env)?;
    let mark = Prices::open(deps.as_ref(), &markets.config.oracle, markets.now)?.mark(deps.as_ref(), &denom)?;
    assert_priced(&mark, &params, markets.config.liquidation.dust_value)?;

    let id = ASSET_COUNT.load(deps.storage)?;
    ASSET_COUNT.save(deps.storage, &id.checked_add(1).ok_or(ContractError::TooManyAssets)?)?;
    ASSET_IDS.save(deps.storage, &denom, &id)?;
    MARKETS.save(deps.storage, id, &Market::open(markets.now, &params)?)?;
    ASSET_PARAMS.save(deps.storage, id, &params)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "init_asset")
        .add_attribute(event::DENOM, denom)
        .add_attribute(event::ASSET, id.to_string()))
}

/// An asset without a price is not listed: from then on something is known of it, even while it is silent.
pub fn assert_priced(mark: &MarkPrice, params: &AssetParams, dust: Value) -> Result<(), ContractError> {
    if let Some(fault) = mark.fault() {
        return Err(ContractError::Price { denom: params.denom.clone(), fault });
    }
    assert_divisible(mark, params, dust)
}

/// Errors when a base unit may be worth more than dust: what is left of the token could be neither liquidated nor
/// swept.
pub fn assert_divisible(mark: &MarkPrice, params: &AssetParams, dust: Value) -> Result<(), ContractError> {
    let value = Amount::new(1).value_up(mark.ceiling_up(), params.decimals)?;
    if value > dust {
        return Err(ContractError::IndivisibleUnit { denom: params.denom.clone(), value, dust });
    }
    Ok(())
}
