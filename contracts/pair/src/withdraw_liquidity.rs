//! `withdraw_liquidity`: shares in, both tokens out.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::liquidity::share_down;
use plimsoll_risk::units::{Amount, LpShares};
use plimsoll_schema::event;
use plimsoll_schema::funds::none;
use plimsoll_schema::pair::Asset;

use crate::error::ContractError;
use crate::funds;
use crate::settings::{Settings, listed};
use crate::state::{Ledger, SETTINGS, SHARES};

/// How many shares are burnt, and for what at least.
pub struct Withdrawal {
    pub amount: Option<LpShares>,
    pub assets: Vec<Asset>,
    pub min_assets_to_receive: Option<Vec<Asset>>,
}

/// Burns the sender's shares and pays their part of both reserves, rounded down. Never refused for a price.
pub fn withdraw_liquidity(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    withdrawal: Withdrawal,
) -> Result<Response, ContractError> {
    let Withdrawal { amount, assets, min_assets_to_receive } = withdrawal;
    none(info)?;
    if !assets.is_empty() {
        return Err(ContractError::Unbalanced { assets: listed(&assets) });
    }
    let settings = SETTINGS.load(deps.storage)?;
    let held = SHARES.may_load(deps.storage, info.sender.as_str())?.unwrap_or_default();
    let shares = amount.unwrap_or(held);
    if shares.is_zero() {
        return Err(ContractError::NoShares { held });
    }
    if shares > held {
        return Err(ContractError::InsufficientShares { wanted: shares, held });
    }

    let mut ledger = Ledger::at(deps.storage, env)?;
    let paid = share_down(shares, ledger.reserves, ledger.total_share)?;
    assert_enough(&settings, paid, min_assets_to_receive.as_deref())?;

    ledger.remove(paid, shares)?;
    ledger.save(deps.storage)?;
    let left = held.checked_sub(shares)?;
    if left.is_zero() {
        SHARES.remove(deps.storage, info.sender.as_str());
    } else {
        SHARES.save(deps.storage, info.sender.as_str(), &left)?;
    }
    let [first, second] = paid;
    Ok(Response::new()
        .add_messages(funds::pay(&info.sender, &[(&settings.first, first), (&settings.second, second)]))
        .add_attribute(event::ACTION, "withdraw_liquidity")
        .add_attribute(event::SENDER, &info.sender)
        .add_attribute(event::WITHDRAWN_SHARE, shares.to_string())
        .add_attribute(event::REFUND_ASSETS, listed(&settings.assets(paid))))
}

/// Errors when less is paid than was wanted. It is never nothing at all: there are at most as many shares as the root
/// of the reserves' product, so a share is worth at least one unit of one token.
fn assert_enough(settings: &Settings, paid: [Amount; 2], wanted: Option<&[Asset]>) -> Result<(), ContractError> {
    let Some(wanted) = wanted else { return Ok(()) };
    let wanted = settings.both("min_assets_to_receive", wanted)?;
    for ((paid, wanted), denom) in paid.into_iter().zip(wanted).zip([&settings.first, &settings.second]) {
        if paid < wanted {
            return Err(ContractError::PaysLess { denom: denom.clone(), paid, wanted });
        }
    }
    Ok(())
}
