//! `flash_loan`, `repay_flash_loan`: coins for the length of one call.

use cosmwasm_std::{Binary, Coin, Deps, DepsMut, Env, MessageInfo, Response, StdResult, WasmMsg, to_json_binary};
use plimsoll_schema::event;
use plimsoll_schema::pool::FlashLoanReceiver;

use crate::error::ContractError;
use crate::funds::{self, Paid};
use crate::markets::Markets;
use crate::state::{LOAN_COUNT, LOANS, OpenLoan};

pub fn flash_loan(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    coin: Coin,
    msg: Binary,
) -> Result<Response, ContractError> {
    funds::none(info)?;
    let Paid { denom, amount } = funds::counted(&coin)?;
    let mut markets = Markets::open(deps.as_ref(), env)?;
    let asset = markets.load_denom(deps.as_ref(), &denom)?;
    if !markets.params(asset)?.enabled.flash_loan {
        return Err(ContractError::Stopped { action: "flash loan", denom });
    }
    let fee = amount.share_up(markets.params(asset)?.flash_loan_fee)?;
    markets.market(asset)?.lend(amount).map_err(|error| markets.market_error(asset, error))?;

    let id = LOAN_COUNT.load(deps.storage)?.saturating_add(1);
    LOAN_COUNT.save(deps.storage, &id)?;
    LOANS.save(deps.storage, id, &OpenLoan { receiver: info.sender.clone(), asset, amount, fee })?;
    markets.save(deps.storage)?;

    // The receiver is always the sender: nobody can be made to take a loan that they did not ask for.
    let contract_addr = info.sender.to_string();
    let msg = to_json_binary(&FlashLoanReceiver::FlashLoanCallback { id, coin, fee, msg })?;
    let payment = funds::pay(&contract_addr, amount, &denom);
    let callback = WasmMsg::Execute { contract_addr, msg, funds: vec![] };
    let check = assert_repaid_message(env, id);
    Ok(Response::new()
        .add_attribute(event::ACTION, "flash_loan")
        .add_attribute(event::LOAN, id.to_string())
        .add_attribute(event::DENOM, denom)
        .add_attribute(event::AMOUNT, amount.to_string())
        .add_attribute(event::FEE, fee.to_string())
        .add_messages(payment)
        .add_message(callback)
        .add_message(check))
}

pub fn repay_flash_loan(deps: DepsMut, env: &Env, info: &MessageInfo, id: u64) -> Result<Response, ContractError> {
    let Paid { denom, amount } = funds::one_coin(info)?;
    let OpenLoan { receiver, asset, amount: lent, fee } =
        LOANS.may_load(deps.storage, id)?.ok_or(ContractError::NoLoan { id })?;
    let sender = info.sender.to_string();
    if receiver.as_str() != sender {
        return Err(ContractError::ForeignLoan { id, sender });
    }
    let mut markets = Markets::open(deps.as_ref(), env)?;
    markets.load(deps.as_ref(), asset)?;
    let wanted = markets.denom(asset)?;
    if denom != wanted {
        return Err(ContractError::LoanDenom { id, wanted, sent: denom });
    }
    let owed = lent.checked_add(fee)?;
    if amount < owed {
        return Err(ContractError::LoanAmount { id, denom, wanted: owed, sent: amount });
    }
    markets.market(asset)?.take_back(lent, fee).map_err(|error| markets.market_error(asset, error))?;

    LOANS.remove(deps.storage, id);
    markets.save(deps.storage)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "repay_flash_loan")
        .add_attribute(event::LOAN, id.to_string())
        .add_attribute(event::DENOM, &denom)
        .add_attribute(event::AMOUNT, owed.to_string())
        .add_messages(funds::pay(&sender, amount.saturating_sub(owed), &denom)))
}

/// Messages run one after another, each to its end: when this one comes, the callback and all that it called are over.
/// It stands in for a reply, and is written by hand, since reading replies and writing every message would make the
/// code a twentieth larger.
fn assert_repaid_message(env: &Env, id: u64) -> WasmMsg {
    let msg = Binary::from(format!(r#"{{"assert_flash_loan_repaid":{{"id":{id}}}}}"#).into_bytes());
    WasmMsg::Execute { contract_addr: env.contract.address.to_string(), msg, funds: vec![] }
}

/// Changes nothing: errors while the loan is open, and for one that never was.
pub fn assert_repaid(deps: Deps, info: &MessageInfo, id: u64) -> Result<Response, ContractError> {
    funds::none(info)?;
    if LOANS.has(deps.storage, id) {
        return Err(ContractError::LoanNotRepaid { id });
    }
    if id == 0 || id > LOAN_COUNT.load(deps.storage)? {
        return Err(ContractError::NoLoan { id });
    }
    Ok(Response::new())
}

/// Between transactions no loan is open; within one, the code must not change under it.
pub fn assert_none_open(deps: Deps) -> Result<(), ContractError> {
    let open: Option<StdResult<u64>> = LOANS.keys_after(deps.storage, None).next();
    match open {
        None => Ok(()),
        Some(Ok(id)) => Err(ContractError::LoanOpen { id }),
        Some(Err(error)) => Err(error.into()),
    }
}
