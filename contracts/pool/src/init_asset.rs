//! `init_asset`: list an asset.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::market::Market;
use plimsoll_risk::params::{AssetParams, Ramp, Switches};
use plimsoll_schema::event;
use plimsoll_schema::pool::NewAsset;

use crate::book::{Book, DENOM_LENGTH_MAX};
use crate::error::ContractError;
use crate::prices;
use crate::state::{ASSET_COUNT, ASSET_IDS, ASSET_PARAMS, MARKETS};
use crate::{access, funds};

pub fn init_asset(deps: DepsMut, env: Env, info: MessageInfo, asset: NewAsset) -> Result<Response, ContractError> {
    funds::none(&info)?;
    access::assert_owner(deps.storage, info.sender.as_str())?;
    let params = params(asset);
    params.validate()?;
    let (denom, length) = (params.denom.clone(), params.denom.len());
    if !(1..=DENOM_LENGTH_MAX).contains(&length) {
        return Err(ContractError::DenomLength { denom, length });
    }
    if ASSET_IDS.has(deps.storage, &denom) {
        return Err(ContractError::AlreadyListed { denom });
    }
    let book = Book::open(deps.as_ref(), &env)?;
    assert_priced(deps.as_ref(), &book, &denom)?;

    let id = ASSET_COUNT.load(deps.storage)?;
    ASSET_COUNT.save(deps.storage, &id.checked_add(1).ok_or(ContractError::TooManyAssets)?)?;
    ASSET_IDS.save(deps.storage, &denom, &id)?;
    MARKETS.save(deps.storage, id, &Market::open(book.now, &params)?)?;
    ASSET_PARAMS.save(deps.storage, id, &params)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "init_asset")
        .add_attribute(event::DENOM, denom)
        .add_attribute("asset", id.to_string()))
}

/// An asset without a price is not listed: from then on the oracle knows its bounds, even when its price fails.
fn assert_priced(deps: cosmwasm_std::Deps, book: &Book, denom: &str) -> Result<(), ContractError> {
    for mark in prices::marks(deps, &book.config.oracle, &[denom], book.now)? {
        mark.quote.map_err(|fault| ContractError::Price { denom: denom.to_owned(), fault })?;
    }
    Ok(())
}

fn params(asset: NewAsset) -> AssetParams {
    AssetParams {
        denom: asset.denom,
        decimals: asset.decimals,
        max_loan_to_value: asset.max_loan_to_value,
        liquidation_threshold: Ramp::flat(asset.liquidation_threshold),
        liquidation_bonus: asset.liquidation_bonus,
        protocol_liquidation_fee: asset.protocol_liquidation_fee,
        reserve_factor: asset.reserve_factor,
        reserve_floor: asset.reserve_floor,
        flash_loan_fee: asset.flash_loan_fee,
        supply_cap: asset.supply_cap,
        borrow_cap: asset.borrow_cap,
        rate_model: asset.rate_model,
        enabled: Switches { deposit: true, borrow: true, flash_loan: true },
    }
}
