//! Who may act on an account: its owner, and operators within their grants. Every handler that acts for another asks
//! here, and `batch` does for each of its actions.

use cosmwasm_std::{Addr, Deps, Env};
use plimsoll_risk::params::AssetId;
use plimsoll_schema::pool::{Expiry, Scope};

use crate::error::ContractError;
use crate::holder::Holder;
use crate::set_operator::described;
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

/// Errors unless the sender may have this account's coins paid to the recipient.
pub fn assert_may_pay(
    deps: Deps,
    env: &Env,
    sender: &Addr,
    holder: &Holder,
    recipient: &Addr,
    scopes: &PayingScopes,
) -> Result<(), ContractError> {
    if *sender == holder.owner {
        return Ok(());
    }
    let grant = in_force(deps, env, sender, holder)?;
    let is_to_owner = *recipient == holder.owner && grant.scopes.contains(&scopes.to_owner);
    if is_to_owner { Ok(()) } else { assert_holds(&grant, sender, holder, scopes.anywhere) }
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
    match assert_may(deps, env, sender, holder, Scope::OpenSlot) {
        Ok(()) => Ok(true),
        Err(ContractError::NoGrant { .. } | ContractError::GrantEnded { .. } | ContractError::OutOfScope { .. }) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// The sender's grant on this account. Errors when there is none that holds at this block.
fn in_force(deps: Deps, env: &Env, sender: &Addr, holder: &Holder) -> Result<Grant, ContractError> {
    let account = || holder.name();
    let grant = GRANTS.may_load(deps.storage, (&holder.owner, holder.account_id, sender))?;
    let revocations = REVOCATIONS.may_load(deps.storage, &holder.owner)?.unwrap_or_default();
    let Some(grant) = grant.filter(|grant| grant.revocations == revocations) else {
        return Err(ContractError::NoGrant { sender: sender.to_string(), account: account() });
    };
    match ended(&grant, env) {
        Some(expiry) => {
            let ended = described(expiry);
            Err(ContractError::GrantEnded { sender: sender.to_string(), account: account(), ended })
        }
        None => Ok(grant),
    }
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
