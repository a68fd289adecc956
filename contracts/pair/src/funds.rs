//! What may be attached to a message, decided in one place; and what is paid.

use cosmwasm_std::{Addr, BankMsg, Coin, CosmosMsg, MessageInfo, Uint256};
use plimsoll_risk::units::Amount;
use plimsoll_schema::funds::listed;

use crate::error::ContractError;

/// Errors unless exactly these coins are attached, in any order: none missing, none beside them, none doubled or zero.
pub fn exactly(info: &MessageInfo, wanted: &[(&str, Amount)]) -> Result<(), ContractError> {
    let wanted: Vec<Coin> = wanted.iter().map(|(denom, amount)| coin(denom, *amount)).collect();
    if let Some(Coin { denom, .. }) = wanted.iter().find(|coin| coin.amount.is_zero()) {
        return Err(ContractError::ZeroAmount { denom: denom.clone() });
    }
    if info.funds.len() == wanted.len() && wanted.iter().all(|coin| info.funds.contains(coin)) {
        return Ok(());
    }
    Err(ContractError::Funds { wanted: listed(&wanted), sent: listed(&info.funds) })
}

/// The message that pays; none for nothing.
pub fn pay(to: &Addr, amounts: &[(&str, Amount)]) -> Option<CosmosMsg> {
    let amounts = amounts.iter().filter(|(_, amount)| !amount.is_zero());
    let mut amount: Vec<Coin> = amounts.map(|(denom, amount)| coin(denom, *amount)).collect();
    // The bank takes only sorted coins.
    amount.sort_unstable_by(|a, b| a.denom.cmp(&b.denom));
    (!amount.is_empty()).then(|| BankMsg::Send { to_address: to.to_string(), amount }.into())
}

fn coin(denom: &str, amount: Amount) -> Coin {
    Coin { denom: denom.to_owned(), amount: Uint256::from(amount.raw()) }
}
