//! `write_off`: give up what an account owes and can't pay. Anyone may ask for it.

use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::liquidation::LiquidationError;
use plimsoll_risk::units::Amount;
use plimsoll_schema::access::address;
use plimsoll_schema::event;

use crate::error::ContractError;
use crate::ledger::{Change, Ledger};
use crate::liquidate::{self, Done};
use crate::{funds, loss};

pub fn write_off(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    user: &str,
    account_id: Option<u32>,
) -> Result<Response, ContractError> {
    funds::none(info)?;
    let mut ledger = Ledger::open(deps.as_ref(), env)?;
    let done = change(deps.as_ref(), &mut ledger, user, account_id)?;
    ledger.put(done.change);
    ledger.save(deps.storage)?;
    Ok(Response::new().add_attribute(event::ACTION, "write_off").add_attributes(done.attributes))
}

/// What a write-off would do to this ledger, into which it only loads what it reads.
pub fn change(deps: Deps, ledger: &mut Ledger, user: &str, account_id: Option<u32>) -> Result<Done, ContractError> {
    let user = address(deps.api, user)?;
    let mut holder = ledger.holder(deps, user, account_id)?;
    ledger.markets.load_priced(deps, &holder.account)?;

    let mut markets = ledger.markets.clone();
    let health = markets.position(&holder.account)?.health()?;
    let Some(losses) = loss::book_if_bad(deps, &mut markets, &mut holder)? else {
        let dust = markets.config.liquidation.dust_value;
        // By its sums it is bad, and waits for a debt's price or the end of a grace.
        if health.collateral < dust && health.collateral < health.debt {
            let debts = holder.account.debts.iter().map(|owed| owed.asset);
            let spared = markets.moment().halted.then_some(ContractError::Liquidation(LiquidationError::Spared));
            if let Some(waits) = liquidate::silent_price(&markets, debts).or(spared) {
                return Err(waits);
            }
        }
        return Err(ContractError::NotBadDebt { collateral: health.collateral, debt: health.debt, dust });
    };
    let mut attributes = vec![(event::ACCOUNT, holder.name())];
    attributes.extend(losses.attributes());
    let change = Change { markets, holders: vec![holder], losses: Some(losses) };
    Ok(Done { change, repaid: Amount::ZERO, paid: Amount::ZERO, attributes })
}
