//! Coins, in the pool's own numbers and the bank's.

use cosmwasm_std::{Coin, Uint128, Uint256};
use plimsoll_risk::units::Amount;

use crate::error::ContractError;

/// The bank's coin.
pub fn coin(denom: &str, amount: Amount) -> Coin {
    Coin { denom: denom.to_owned(), amount: Uint256::from(amount.raw()) }
}

/// The amount of a coin. Errors above 128 bits.
pub fn counted(coin: &Coin) -> Result<Amount, ContractError> {
    match Uint128::try_from(coin.amount) {
        Ok(amount) => Ok(Amount::new(amount.u128())),
        Err(_) => Err(ContractError::AmountTooLarge { denom: coin.denom.clone(), amount: coin.amount }),
    }
}
