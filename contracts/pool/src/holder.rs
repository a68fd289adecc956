//! An account, loaded once and written back only where it changed.

use cosmwasm_std::{Addr, Deps, Storage};
use plimsoll_risk::account::Account;
use plimsoll_schema::access::address_or;
use plimsoll_schema::event::account_name;

use crate::error::ContractError;
use crate::isolated_debts;
use crate::markets::Markets;
use crate::state::{ACCOUNTS, DEBTORS};

static EMPTY: Account = Account { collaterals: Vec::new(), debts: Vec::new(), category: 0, settings: 0 };

/// An account as it was stored, and as it will be.
#[derive(Clone)]
pub struct Holder {
    pub owner: Addr,
    pub account_id: u32,
    pub account: Account,
    /// The account when the message came.
    pub before: Account,
    /// The account as it stands in storage; none before it was written first.
    stored: Option<Account>,
}

impl Holder {
    /// The account, empty when there is none. Errors while its batch waits for a callback: nobody acts on it meanwhile.
    pub fn load(deps: Deps, owner: Addr, account_id: Option<u32>) -> Result<Self, ContractError> {
        let holder = Self::read(deps, owner, account_id)?;
        if holder.account.is_busy() {
            return Err(ContractError::AccountBusy { account: holder.name() });
        }
        Ok(holder)
    }

    /// The account that a message acts on: one of the sender's unless another's is named.
    pub fn on_behalf(
        deps: Deps,
        sender: &Addr,
        named: Option<&str>,
        account_id: Option<u32>,
    ) -> Result<Self, ContractError> {
        Self::load(deps, address_or(deps.api, named, sender)?, account_id)
    }

    /// The account, empty when there is none.
    pub fn read(deps: Deps, owner: Addr, account_id: Option<u32>) -> Result<Self, ContractError> {
        let account_id = account_id.unwrap_or_default();
        let stored = ACCOUNTS.may_load(deps.storage, (&owner, account_id))?;
        let account = stored.clone().unwrap_or_default();
        Ok(Self { owner, account_id, before: account.clone(), account, stored })
    }

    /// The account as it stands in storage.
    pub fn stored(&self) -> &Account {
        self.stored.as_ref().unwrap_or(&EMPTY)
    }

    /// Whether it had debt when the message came.
    pub const fn was_debtor(&self) -> bool {
        !self.before.debts.is_empty()
    }

    /// How events and errors call it.
    pub fn name(&self) -> String {
        account_name(self.owner.as_str(), self.account_id)
    }

    /// Writes the record of an account that waited for a callback, and waits no longer. Its debts are those that were
    /// written.
    pub fn release(mut self, storage: &mut dyn Storage) -> Result<(), ContractError> {
        self.before = self.account.clone();
        self.account.set_busy(false);
        self.write(storage)
    }

    /// Writes the record, with what its markets say of it.
    pub fn save(mut self, storage: &mut dyn Storage, markets: &Markets) -> Result<(), ContractError> {
        isolated_debts::mark(&mut self.account, markets);
        self.write(storage)
    }

    /// Writes the record, or removes it when it is empty, and keeps the index of debtors and the sums of isolated debts
    /// in step.
    fn write(self, storage: &mut dyn Storage) -> Result<(), ContractError> {
        isolated_debts::count(storage, self.stored(), &self.account)?;
        let key = (&self.owner, self.account_id);
        if !self.account.is_empty() {
            ACCOUNTS.save(storage, key, &self.account)?;
        } else if self.stored.is_some() {
            ACCOUNTS.remove(storage, key);
        }
        match (self.was_debtor(), !self.account.debts.is_empty()) {
            (false, true) => DEBTORS.save(storage, key, &true)?,
            (true, false) => DEBTORS.remove(storage, key),
            _ => {}
        }
        Ok(())
    }
}
