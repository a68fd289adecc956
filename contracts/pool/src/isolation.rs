//! Isolated collateral, which counts alone and up to a ceiling of debt a denom; and siloed debt, which stands alone.

use cosmwasm_std::Deps;
use plimsoll_risk::account::Account;
use plimsoll_risk::params::{AssetId, DebtCeiling};
use plimsoll_risk::units::ScaledDebt;

use crate::error::ContractError;
use crate::holder::Holder;
use crate::isolated_debts::{against, debts_against};
use crate::markets::Markets;

impl Markets {
    /// Errors where the message has brought together what stands alone, or raised a debt against an isolated deposit
    /// above its ceiling. What was together before may stay so.
    pub fn assert_standing(&mut self, deps: Deps, holder: &Holder) -> Result<(), ContractError> {
        let Holder { account, before, .. } = holder;
        for owed in &account.debts {
            let opened = account.debts.iter().find(|debt| before.debt(debt.asset).is_zero());
            self.load(deps, owed.asset)?;
            if let Some(opened) = opened.filter(|_| account.debts.len() > 1 && self.is_siloed(owed.asset)) {
                let (denom, other) = (self.denom(owed.asset)?, self.denom(opened.asset)?);
                return Err(ContractError::Siloed { account: holder.name(), denom, other });
            }
        }
        let Some(isolated) = self.isolated_among(deps, account)? else { return Ok(()) };
        let is_alone = account.counting().count() == 1;
        let joins = account.counting().any(|id| !before.counting().any(|other| other == id));
        let owes_more = account.debts.iter().any(|owed| owed.scaled > before.debt(owed.asset));
        if !is_alone && (owes_more || joins) {
            let denom = self.denom(isolated)?;
            return Err(ContractError::Isolated { account: holder.name(), denom });
        }
        if is_alone { self.assert_ceilings(deps, holder, isolated) } else { Ok(()) }
    }

    /// Whether a new deposit of this asset may count beside what counts already in an account with debt.
    pub fn combines(&mut self, deps: Deps, account: &Account, id: AssetId) -> Result<bool, ContractError> {
        Ok(self.params(id)?.isolation.is_none() && self.isolated_among(deps, account)?.is_none())
    }

    /// The isolated one of what counts as the account's collateral.
    fn isolated_among(&mut self, deps: Deps, account: &Account) -> Result<Option<AssetId>, ContractError> {
        for id in account.counting() {
            self.load(deps, id)?;
            if self.params(id)?.isolation.is_some() {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    fn is_siloed(&self, id: AssetId) -> bool {
        self.params(id).is_ok_and(|params| params.siloed)
    }

    fn assert_ceilings(&self, deps: Deps, holder: &Holder, isolated: AssetId) -> Result<(), ContractError> {
        let ceilings = self.params(isolated)?.isolation.as_deref().unwrap_or_default();
        for owed in &holder.account.debts {
            if owed.scaled <= against(&holder.before, isolated, owed.asset) {
                continue;
            }
            let counted = against(holder.stored(), isolated, owed.asset);
            let others = debts_against(deps.storage, isolated, owed.asset)?.checked_sub(counted)?;
            let wanted = others.checked_add(owed.scaled)?;
            let ceiling = ceiling_of(ceilings, owed.asset);
            if wanted > ceiling {
                let (denom, collateral) = (self.denom(owed.asset)?, self.denom(isolated)?);
                return Err(ContractError::DebtCeiling { denom, collateral, ceiling, wanted });
            }
        }
        Ok(())
    }
}

fn ceiling_of(ceilings: &[DebtCeiling], debt: AssetId) -> ScaledDebt {
    ceilings.iter().find(|one| one.debt == debt).map_or(ScaledDebt::ZERO, |one| one.ceiling)
}
