//! `write_off`: give up what an account owes and can't pay. Anyone may ask for it.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::liquidation::LiquidationError;
use plimsoll_schema::event;

use crate::access;
use crate::book::{Book, Holder};
use crate::error::ContractError;
use crate::funds;
use crate::liquidate;
use crate::loss;

pub fn write_off(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    user: &str,
    account_id: Option<u32>,
) -> Result<Response, ContractError> {
    funds::none(&info)?;
    let user = access::address(deps.api, user)?;
    let mut holder = Holder::load(deps.as_ref(), user, account_id)?;
    let mut book = Book::open(deps.as_ref(), &env)?;
    book.load_priced(deps.as_ref(), &holder.account)?;

    let health = book.position(&holder.account)?.health()?;
    let Some(losses) = loss::book_if_bad(deps.as_ref(), &mut book, &mut holder)? else {
        let dust = book.config.liquidation.dust_value;
        // By its sums it is bad, and waits for a debt's price or the end of a grace.
        if health.collateral < dust && health.collateral < health.debt {
            let debts = holder.account.debts.iter().map(|owed| owed.asset);
            let spared = book.moment().halted.then_some(ContractError::Liquidation(LiquidationError::Spared));
            if let Some(waits) = liquidate::silent_price(&book, debts).or(spared) {
                return Err(waits);
            }
        }
        return Err(ContractError::NotBadDebt { collateral: health.collateral, debt: health.debt, dust });
    };

    let name = holder.name();
    holder.save(deps.storage)?;
    losses.shrink_requests(deps.storage)?;
    book.save(deps.storage)?;
    Ok(Response::new()
        .add_attribute(event::ACTION, "write_off")
        .add_attribute(event::ACCOUNT, name)
        .add_attributes(losses.attributes()))
}
