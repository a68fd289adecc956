//! What is owed against isolated deposits: which accounts do, and the sums of their debts.

use cosmwasm_std::Storage;
use plimsoll_risk::account::Account;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::ScaledDebt;

use crate::error::ContractError;
use crate::markets::Markets;
use crate::state::ISOLATED_DEBTS;

/// Marks an account that owes against an isolated deposit alone. Where that deposit's market isn't loaded nothing
/// was done that changes it.
pub fn mark(account: &mut Account, markets: &Markets) {
    let mut counting = account.counting();
    let alone = counting.next().filter(|_| counting.next().is_none() && !account.debts.is_empty());
    let is_isolated = alone.is_some_and(|id| match markets.params(id) {
        Ok(params) => params.isolation.is_some(),
        Err(_) => account.is_isolated(),
    });
    drop(counting);
    account.set_isolated(is_isolated);
}

/// All that is owed of one asset against an isolated other one, in scaled debt.
pub fn debts_against(storage: &dyn Storage, isolated: AssetId, debt: AssetId) -> Result<ScaledDebt, ContractError> {
    Ok(ISOLATED_DEBTS.may_load(storage, (isolated.0, debt.0))?.unwrap_or_default())
}

/// Keeps the sums of what is owed against isolated deposits in step with an account that changes.
pub fn count(storage: &mut dyn Storage, old: &Account, new: &Account) -> Result<(), ContractError> {
    for (account, is_old) in [(old, true), (new, false)] {
        let Some(isolated) = account.isolated_by() else { continue };
        for owed in &account.debts {
            let sum = debts_against(storage, isolated, owed.asset)?;
            let sum = if is_old { sum.checked_sub(owed.scaled)? } else { sum.checked_add(owed.scaled)? };
            ISOLATED_DEBTS.save(storage, (isolated.0, owed.asset.0), &sum)?;
        }
    }
    Ok(())
}

/// What an account owes of an asset against this isolated deposit.
pub fn against(account: &Account, isolated: AssetId, debt: AssetId) -> ScaledDebt {
    if account.isolated_by() == Some(isolated) { account.debt(debt) } else { ScaledDebt::ZERO }
}
