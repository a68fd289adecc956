//! Many accounts, in pages.

use cosmwasm_std::{Addr, Deps, Env, StdResult};
use plimsoll_risk::units::Ratio;
use plimsoll_schema::pool::{
    ACCOUNTS_DEFAULT, ACCOUNTS_LIMIT, AccountKey, AccountRecord, AccountsResponse, LiquidatableAccount,
    LiquidatableResponse,
};

use super::page;
use crate::error::ContractError;
use crate::markets::Markets;
use crate::state::{ACCOUNTS, DEBTORS};

/// No chain's addresses are longer.
const ADDRESS_LENGTH_MAX: usize = 256;

pub fn borrowers(
    deps: Deps,
    start_after: Option<AccountKey>,
    limit: Option<u32>,
) -> Result<AccountsResponse, ContractError> {
    let limit = page(limit, ACCOUNTS_DEFAULT, ACCOUNTS_LIMIT)?;
    let accounts = debtors(deps, start_after, limit)?.into_iter().map(|key| record(deps, key));
    Ok(AccountsResponse { accounts: accounts.filter_map(Result::transpose).collect::<Result<_, _>>()? })
}

pub fn accounts(deps: Deps, keys: Vec<AccountKey>) -> Result<AccountsResponse, ContractError> {
    let asked = keys.len();
    let max = ACCOUNTS_LIMIT;
    if u32::try_from(asked).map_or(true, |asked| asked > max) {
        return Err(ContractError::Limit { limit: u64::try_from(asked).unwrap_or(u64::MAX), max });
    }
    let accounts = keys.into_iter().map(|key| record(deps, key));
    Ok(AccountsResponse { accounts: accounts.filter_map(Result::transpose).collect::<Result<_, _>>()? })
}

pub fn liquidatable(
    deps: Deps,
    env: &Env,
    start_after: Option<AccountKey>,
    limit: Option<u32>,
) -> Result<LiquidatableResponse, ContractError> {
    let limit = page(limit, ACCOUNTS_DEFAULT, ACCOUNTS_LIMIT)?;
    let keys = debtors(deps, start_after, limit)?;
    let next = if keys.len() < limit { None } else { keys.last().cloned() };
    let mut markets = Markets::open(deps, env)?;
    let mut accounts = Vec::new();
    let mut faults = Vec::new();
    for key in keys {
        let Some(AccountRecord { key, account }) = record(deps, key)? else { continue };
        let judged = markets.load_priced(deps, &account).and_then(|()| Ok(markets.position(&account)?.health()?)).ok();
        // One account that can't be judged must not hide the others.
        let Some(health) = judged else {
            faults.push(key);
            continue;
        };
        if health.is_liquidatable() {
            let health_factor = health.factor_down().unwrap_or(Ratio::MAX);
            accounts.push(LiquidatableAccount { key, health_factor, debt_value: health.debt });
        }
    }
    Ok(LiquidatableResponse { accounts, faults, next })
}

fn debtors(deps: Deps, start_after: Option<AccountKey>, limit: usize) -> Result<Vec<AccountKey>, ContractError> {
    // Not an address check: a cursor may be any text, and only says where to go on.
    if let Some(key) = start_after.as_ref() {
        assert_key(key)?;
    }
    let start = start_after.map(|key| (Addr::unchecked(key.owner), key.account_id));
    let start = start.as_ref().map(|(owner, id)| (owner, *id));
    let keys = DEBTORS.keys_after(deps.storage, start).take(limit);
    let key = |(owner, account_id): (Addr, u32)| AccountKey { owner: owner.into_string(), account_id };
    Ok(keys.map(|found| found.map(key)).collect::<StdResult<_>>()?)
}

/// A text longer than any address makes no storage key.
fn assert_key(key: &AccountKey) -> Result<(), ContractError> {
    if key.owner.len() > ADDRESS_LENGTH_MAX {
        return Err(ContractError::AddressLength { length: key.owner.len(), max: ADDRESS_LENGTH_MAX });
    }
    Ok(())
}

fn record(deps: Deps, key: AccountKey) -> Result<Option<AccountRecord>, ContractError> {
    assert_key(&key)?;
    let owner = Addr::unchecked(&key.owner);
    let account = ACCOUNTS.may_load(deps.storage, (&owner, key.account_id))?;
    Ok(account.map(|account| AccountRecord { key, account }))
}
