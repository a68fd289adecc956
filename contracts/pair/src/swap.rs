//! `swap`: one token in, the other out.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::swap::{SpreadGuard, Swap, swap_down};
use plimsoll_risk::units::{Ratio, RelativePrice};
use plimsoll_schema::access::address_or;
use plimsoll_schema::event;
use plimsoll_schema::pair::{Asset, AssetInfo};

use crate::error::ContractError;
use crate::funds;
use crate::state::{Ledger, SETTINGS};

/// What is sold, for whom, and within which limits.
pub struct Order {
    pub offer_asset: Asset,
    pub ask_asset_info: Option<AssetInfo>,
    pub belief_price: Option<RelativePrice>,
    pub max_spread: Option<Ratio>,
    pub to: Option<String>,
}

/// Sells the attached coin. The fee stays in the pair.
pub fn swap(deps: DepsMut, env: &Env, info: &MessageInfo, order: Order) -> Result<Response, ContractError> {
    let Order { offer_asset: Asset { info: token, amount: offer }, ask_asset_info, belief_price, max_spread, to } =
        order;
    let settings = SETTINGS.load(deps.storage)?;
    let side = settings.offer_side(&token, ask_asset_info.as_ref())?;
    let sold = settings.denom(side);
    let bought = settings.denom(side.other());
    funds::exactly(info, &[(sold, offer)])?;
    let receiver = address_or(deps.api, to.as_deref(), &info.sender)?;

    let mut ledger = Ledger::at(deps.storage, env)?;
    let reserves = ledger.reserves(side);
    let swap = swap_down(reserves, offer, settings.fee)?;
    SpreadGuard { belief_price, max_spread }.check(offer, &swap)?;

    ledger.set_reserves(side, reserves.after(offer, &swap)?);
    ledger.save(deps.storage)?;
    let Swap { return_amount, spread_amount, commission_amount } = swap;
    Ok(Response::new()
        .add_messages(funds::pay(&receiver, &[(bought, return_amount)]))
        .add_attribute(event::ACTION, "swap")
        .add_attribute(event::SENDER, &info.sender)
        .add_attribute(event::RECEIVER, receiver)
        .add_attribute(event::OFFER_ASSET, sold)
        .add_attribute(event::ASK_ASSET, bought)
        .add_attribute(event::OFFER_AMOUNT, offer.to_string())
        .add_attribute(event::RETURN_AMOUNT, return_amount.to_string())
        .add_attribute(event::SPREAD_AMOUNT, spread_amount.to_string())
        .add_attribute(event::COMMISSION_AMOUNT, commission_amount.to_string()))
}
