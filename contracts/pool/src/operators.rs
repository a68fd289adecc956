//! Who may act on an account: its owner, and operators within their grants. Every handler that acts for another asks
//! here, and `batch` does for each of its actions.

use cosmwasm_std::{Addr, Deps, Env, StdResult, Storage};
use plimsoll_risk::params::AssetId;
use plimsoll_schema::pool::{Expiry, Scope};

use crate::access;
use crate::error::ContractError;
use crate::holder::Holder;
use crate::state::{GRANTS, Grant, REVOCATIONS};

/// What pays an account's coins out: the scope for which the owner is the recipient, and the one for any recipient.
pub struct PayingScopes {
    to_owner: Scope,
    anywhere: Scope,
}

pub const WITHDRAW: PayingScopes = PayingScopes { to_owner: Scope::WithdrawToOwner, anywhere: Scope::WithdrawAnywhere };
pub const BORROW: PayingScopes = PayingScopes { to_owner: Scope::BorrowToOwner, anywhere: Scope::BorrowAnywhere };

/// Errors unless the sender may do on this account what takes the scope.
pub fn assert_may(deps: Deps, env: &Env, sender: &Addr, holder: &Holder, scope: Scope) -> Result<(), ContractError> {
    if *sender == holder.owner {
        return Ok(());
    }
    let grant = in_force(deps, env, sender, holder)?;
    assert_holds(&grant, sender, holder, scope)
}

/// Who gets this account's coins: its owner unless another is named. Errors unless the sender may have them paid there.
pub fn payee(
    deps: Deps,
    env: &Env,
    sender: &Addr,
    holder: &Holder,
    named: Option<&str>,
    scopes: &PayingScopes,
) -> Result<Addr, ContractError> {
    let recipient = access::recipient(deps.api, &env.contract.address, named, &holder.owner)?;
    if *sender == holder.owner {
        return Ok(recipient);
    }
    let grant = in_force(deps, env, sender, holder)?;
    let is_to_owner = recipient == holder.owner && grant.scopes.contains(&scopes.to_owner);
    if !is_to_owner {
        assert_holds(&grant, sender, holder, scopes.anywhere)?;
    }
    Ok(recipient)
}

/// Whether the sender may deposit this asset: anyone may where the account has a slot for it.
pub fn may_open_slot(
    deps: Deps,
    env: &Env,
    sender: &Addr,
    holder: &Holder,
    id: AssetId,
) -> Result<bool, ContractError> {
    if *sender == holder.owner || holder.account.collateral(id).is_some() {
        return Ok(true);
    }
    let grant = granted(deps, sender, holder)?;
    Ok(grant.is_some_and(|grant| ended(&grant, env).is_none() && grant.scopes.contains(&Scope::OpenSlot)))
}

/// The sender's grant on this account. Errors when there is none that holds at this block.
fn in_force(deps: Deps, env: &Env, sender: &Addr, holder: &Holder) -> Result<Grant, ContractError> {
    let Some(grant) = granted(deps, sender, holder)? else {
        return Err(ContractError::NoGrant { sender: sender.to_string(), account: holder.name() });
    };
    match ended(&grant, env) {
        Some(ended) => Err(ContractError::GrantEnded { sender: sender.to_string(), account: holder.name(), ended }),
        None => Ok(grant),
    }
}

/// The sender's grant on this account, unless it was revoked with all others; it may have ended.
fn granted(deps: Deps, sender: &Addr, holder: &Holder) -> StdResult<Option<Grant>> {
    let grant = GRANTS.may_load(deps.storage, (&holder.owner, holder.account_id, sender))?;
    let revocations = revocations(deps.storage, &holder.owner)?;
    Ok(grant.filter(|grant| grant.revocations == revocations))
}

/// How often this owner has revoked all grants.
pub fn revocations(storage: &dyn Storage, owner: &Addr) -> StdResult<u64> {
    Ok(REVOCATIONS.may_load(storage, owner)?.unwrap_or_default())
}

/// When the grant ended, if it has at this block.
pub fn ended(grant: &Grant, env: &Env) -> Option<Expiry> {
    grant.expiry.filter(|expiry| expiry.is_past(env.block.height, env.block.time.seconds()))
}

fn assert_holds(grant: &Grant, sender: &Addr, holder: &Holder, scope: Scope) -> Result<(), ContractError> {
    if grant.scopes.contains(&scope) {
        return Ok(());
    }
    Err(ContractError::OutOfScope { sender: sender.to_string(), account: holder.name(), scope: scope.name() })
}
