//! A group's loan has come: liquidate each of its items, then sell, then settle.

use cosmwasm_std::{
    Binary, Coin, DepsMut, Env, MessageInfo, Response, SubMsg, Uint256, WasmMsg, from_json, to_json_binary,
};
use plimsoll_risk::units::Amount;
use plimsoll_schema::liquidator::{Item, Step};
use plimsoll_schema::pool::{self, Receive};

use crate::error::ContractError;
use crate::liquidate::to_self;
use crate::reply::item_reply;
use crate::state::{POOL, WORK, Work};

pub fn flash_loan_callback(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    id: u64,
    coin: Coin,
    fee: Amount,
    msg: &Binary,
) -> Result<Response, ContractError> {
    let pool = POOL.load(deps.storage)?;
    let unexpected = ContractError::Unexpected { sender: info.sender.to_string() };
    // Only the pool calls back, only for a loan that this very call opened, and each only once.
    let (Some(mut work), Ok(at)) = (WORK.load(deps.storage)?, from_json::<u32>(msg)) else { return Err(unexpected) };
    if info.sender != pool || work.expected != Some(at) {
        return Err(unexpected);
    }
    work.expected = None;

    let group = usize::try_from(at).ok().and_then(|at| work.groups.get(at)).ok_or(unexpected)?;
    let mut response = Response::new();
    for item in &group.items {
        if let Some(liquidation) = liquidation(pool.as_str(), &work, *item)? {
            let attempt = SubMsg::reply_always(liquidation, item_reply(*item)).with_gas_limit(work.item_gas);
            response = response.add_submessage(attempt);
        }
    }
    for (hop, _) in (0u32..).zip(&group.route.hops) {
        response = response.add_message(to_self(&env, Step::Swap { group: at, hop })?);
    }
    let amount = coin.amount.checked_add(Uint256::from(fee.raw()));
    let amount = amount.map_err(|_| ContractError::AmountTooLarge { denom: coin.denom.clone() })?;
    let settle = Step::Settle { group: at, loan: id, owed: Coin { denom: coin.denom, amount } };
    WORK.save(deps.storage, &Some(work))?;
    Ok(response.add_message(to_self(&env, settle)?))
}

/// The item's message. With `min_receive` set the pool pays underlying in full, or fails.
fn liquidation(pool: &str, work: &Work, at: u32) -> Result<Option<WasmMsg>, ContractError> {
    let item = usize::try_from(at).ok().and_then(|at| work.items.get(at));
    let Some(Item::Liquidate { user, account_id, repay, collateral_denom, min_receive }) = item else {
        return Ok(None);
    };
    let msg = to_json_binary(&pool::ExecuteMsg::Liquidate {
        user: user.clone(),
        account_id: *account_id,
        collateral_denom: collateral_denom.clone(),
        recipient: None,
        receive: Some(Receive::Underlying),
        min_receive: Some(min_receive.unwrap_or(Amount::new(1)).max(Amount::new(1))),
    })?;
    Ok(Some(WasmMsg::Execute { contract_addr: pool.to_owned(), msg, funds: vec![repay.clone()] }))
}
