//! The sender's account, as the pool answers.

use cosmwasm_std::StdResult;
use plimsoll_risk::units::Amount;
use plimsoll_schema::event::account_name;
use plimsoll_schema::pool::{QueryMsg, UserAccount, UserPositionResponse};

use crate::error::ContractError;
use crate::scene::Scene;

/// An account at this block.
pub struct Account {
    pub position: UserPositionResponse,
    name: String,
}

impl Account {
    /// Asks the pool for it.
    pub fn load(scene: &Scene) -> StdResult<Self> {
        let account = UserAccount { user: scene.user.clone(), account_id: scene.account_id };
        let position = scene.ask_pool(&QueryMsg::UserPosition(account))?;
        Ok(Self { position, name: account_name(&scene.user, scene.account_id.unwrap_or_default()) })
    }

    /// What its deposit of a denom is worth; nothing without one.
    pub fn deposit(&self, denom: &str) -> Amount {
        self.position.collaterals.iter().find(|held| held.denom == denom).map_or(Amount::ZERO, |held| held.amount)
    }

    /// What it owes of a denom; nothing without a debt.
    pub fn debt(&self, denom: &str) -> Amount {
        self.position.debts.iter().find(|owed| owed.denom == denom).map_or(Amount::ZERO, |owed| owed.amount)
    }

    /// What its deposit of a denom is worth. Errors without one.
    pub fn supplied(&self, denom: &str) -> Result<Amount, ContractError> {
        match self.deposit(denom) {
            Amount::ZERO => Err(ContractError::NoDeposit { account: self.name.clone(), denom: denom.to_owned() }),
            amount => Ok(amount),
        }
    }

    /// What it owes of a denom. Errors without a debt.
    pub fn owed(&self, denom: &str) -> Result<Amount, ContractError> {
        match self.debt(denom) {
            Amount::ZERO => Err(ContractError::NoDebt { account: self.name.clone(), denom: denom.to_owned() }),
            amount => Ok(amount),
        }
    }
}
