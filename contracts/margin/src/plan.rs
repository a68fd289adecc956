//! What a message comes to: one batch of the pool, and one sale.

use cosmwasm_std::Coin;
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::BatchAction;

use crate::error::ContractError;
use crate::trade::Trade;

/// All that a message does.
pub struct Plan {
    /// The message's name.
    pub action: &'static str,
    /// What the pool is asked to do.
    pub actions: Vec<BatchAction>,
    /// What of the attached coin goes into the batch's purse.
    pub purse: Vec<Coin>,
    /// The sale in the callback.
    pub trade: Trade,
    /// How much of what is sold comes in: from the pool, or attached.
    pub comes_in: Amount,
    /// How much of what is bought goes to the pool.
    pub due: Amount,
}

/// Errors when more would be borrowed than the sender allows.
pub fn assert_debt(denom: &str, debt: Amount, max: Amount) -> Result<(), ContractError> {
    if debt <= max { Ok(()) } else { Err(ContractError::MaxDebt { denom: denom.to_owned(), debt, max }) }
}

/// Errors when less would come of it than the sender asks for.
pub fn assert_received(denom: &str, received: Amount, min: Amount) -> Result<(), ContractError> {
    if received >= min { Ok(()) } else { Err(ContractError::MinReceived { denom: denom.to_owned(), received, min }) }
}
