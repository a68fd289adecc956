//! Who may act on an account beside its owner.

use cosmwasm_std::{Addr, Deps, Env};
use plimsoll_schema::access::address;
use plimsoll_schema::pool::{OPERATORS_DEFAULT, OPERATORS_LIMIT, Operator, OperatorsResponse, UserAccount};

use super::page;
use crate::error::ContractError;
use crate::operators;
use crate::state::{GRANTS, Grant};

pub fn operators(
    deps: Deps,
    env: &Env,
    account: &UserAccount,
    start_after: Option<String>,
    limit: Option<u32>,
) -> Result<OperatorsResponse, ContractError> {
    let limit = page(limit, OPERATORS_DEFAULT, OPERATORS_LIMIT)?;
    let owner = address(deps.api, &account.user)?;
    let account_id = account.account_id.unwrap_or_default();
    let revocations = operators::revocations(deps.storage, &owner)?;
    let start = start_after.map(|text| address(deps.api, &text)).transpose()?;
    let mut operators = Vec::new();
    for operator in GRANTS.keys_under(deps.storage, (&owner, account_id), start.as_ref()).take(limit) {
        let operator: Addr = operator?;
        let Some(grant) = GRANTS.may_load(deps.storage, (&owner, account_id, &operator))? else { continue };
        let in_force = grant.revocations == revocations && operators::ended(&grant, env).is_none();
        let Grant { scopes, expiry, .. } = grant;
        operators.push(Operator { operator: operator.into_string(), scopes, expiry, in_force });
    }
    Ok(OperatorsResponse { operators })
}
