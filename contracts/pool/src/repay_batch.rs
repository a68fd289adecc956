//! `repay_batch`: bring what the callback of a batch is to bring.

use cosmwasm_std::{Coin, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::units::Amount;
use plimsoll_schema::event;

use crate::error::ContractError;
use crate::funds::{self, Purse};
use crate::markets::Markets;
use crate::state::{DUES, Due};

pub fn repay_batch(deps: DepsMut, env: &Env, info: &MessageInfo, id: u64) -> Result<Response, ContractError> {
    let sent = Purse::of(info)?.coins();
    let Due { receiver, coins } = DUES.may_load(deps.storage, id)?.ok_or(ContractError::NoBatch { id })?;
    if receiver != info.sender {
        return Err(ContractError::ForeignBatch { id, sender: info.sender.to_string() });
    }
    let mut markets = Markets::open(deps.as_ref(), env)?;
    let mut wanted = Purse::default();
    for (asset, amount) in coins {
        markets.load(deps.as_ref(), asset)?;
        wanted.put(&markets.denom(asset)?, amount)?;
        markets.market(asset)?.take_back(amount, Amount::ZERO).map_err(|error| markets.market_error(asset, error))?;
    }
    let wanted = wanted.coins();
    if wanted != sent {
        return Err(ContractError::BatchAmount { id, wanted: funds::listed(&wanted), sent: funds::listed(&sent) });
    }
    DUES.remove(deps.storage, id);
    markets.save(deps.storage)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "repay_batch")
        .add_attribute(event::LOAN, id.to_string())
        .add_attributes(denoms(&sent)))
}

/// Each touched denom with what moved of it.
fn denoms(coins: &[Coin]) -> impl Iterator<Item = (&'static str, String)> + use<'_> {
    coins.iter().flat_map(|coin| [(event::DENOM, coin.denom.clone()), (event::AMOUNT, coin.amount.to_string())])
}
