//! What may be attached to a message, decided in one place.

use cosmwasm_std::{BankMsg, Coin, CosmosMsg, MessageInfo, Uint128, Uint256};
use plimsoll_risk::units::Amount;
pub use plimsoll_schema::funds::{listed, none};

use crate::error::ContractError;

/// A coin that the pool can count.
pub struct Paid {
    pub denom: String,
    pub amount: Amount,
}

/// The one coin that was attached. None, several, doubled or zero are errors, as is more than 128 bits.
pub fn one_coin(info: &MessageInfo) -> Result<Paid, ContractError> {
    let [coin] = info.funds.as_slice() else {
        return Err(ContractError::OneCoin { sent: listed(&info.funds) });
    };
    counted(coin)
}

/// The coin in the pool's own numbers.
pub fn counted(coin: &Coin) -> Result<Paid, ContractError> {
    let denom = coin.denom.clone();
    let Ok(amount) = Uint128::try_from(coin.amount) else {
        return Err(ContractError::AmountTooLarge { denom, amount: coin.amount.to_string() });
    };
    if amount.is_zero() {
        return Err(ContractError::ZeroAmount { denom });
    }
    Ok(Paid { denom, amount: Amount::new(amount.u128()) })
}

/// Coins of different denoms, from which several actions take.
#[derive(Default)]
pub struct Purse(Vec<Paid>);

impl Purse {
    /// All that was attached; nothing is fine. A doubled denom, zero and more than 128 bits are errors.
    pub fn of(info: &MessageInfo) -> Result<Self, ContractError> {
        let mut coins: Vec<Paid> = Vec::with_capacity(info.funds.len());
        for coin in &info.funds {
            let coin = counted(coin)?;
            if coins.iter().any(|other| other.denom == coin.denom) {
                return Err(ContractError::DoubledCoin { sent: listed(&info.funds) });
            }
            coins.push(coin);
        }
        Ok(Self(coins))
    }

    /// What is left of a denom.
    pub fn left(&self, denom: &str) -> Amount {
        self.0.iter().find(|held| held.denom == denom).map_or(Amount::ZERO, |held| held.amount)
    }

    /// Takes a coin out. Errors when there is not that much left.
    pub fn take(&mut self, coin: &Paid) -> Result<(), ContractError> {
        let left = self.left(&coin.denom);
        match self.0.iter_mut().find(|held| held.denom == coin.denom) {
            Some(held) if coin.amount <= left => held.amount = left.saturating_sub(coin.amount),
            _ => return Err(ContractError::Purse { denom: coin.denom.clone(), wanted: coin.amount, left }),
        }
        Ok(())
    }

    /// Puts coins in. Errors when their sum leaves 128 bits.
    pub fn put(&mut self, denom: &str, amount: Amount) -> Result<(), ContractError> {
        match self.0.iter_mut().find(|held| held.denom == denom) {
            Some(held) => held.amount = held.amount.checked_add(amount)?,
            None => self.0.push(Paid { denom: denom.to_owned(), amount }),
        }
        Ok(())
    }

    /// The coins that are in it, sorted by denom; no zero among them.
    pub fn coins(&self) -> Vec<Coin> {
        let coin = |held: &Paid| Coin { denom: held.denom.clone(), amount: Uint256::from(held.amount.raw()) };
        let mut coins: Vec<Coin> = self.0.iter().filter(|held| !held.amount.is_zero()).map(coin).collect();
        coins.sort_by(|a, b| a.denom.cmp(&b.denom));
        coins
    }

    /// The coins in the pool's own numbers.
    pub fn into_paid(self) -> Vec<Paid> {
        self.0
    }

    /// The message that pays all of it out; none for nothing.
    pub fn pay(&self, to: &str) -> Option<CosmosMsg> {
        let amount = self.coins();
        (!amount.is_empty()).then(|| BankMsg::Send { to_address: to.to_owned(), amount }.into())
    }
}

/// Errors when the amount that a message names is zero.
pub fn nonzero(amount: Amount, denom: &str) -> Result<(), ContractError> {
    if amount.is_zero() { Err(ContractError::ZeroAmount { denom: denom.to_owned() }) } else { Ok(()) }
}

/// The message that pays out; none for nothing.
pub fn pay(to: &str, amount: Amount, denom: &str) -> Option<CosmosMsg> {
    let amount = Uint256::from(amount.raw());
    let coin = Coin { denom: denom.to_owned(), amount };
    (!coin.amount.is_zero()).then(|| BankMsg::Send { to_address: to.to_owned(), amount: vec![coin] }.into())
}
