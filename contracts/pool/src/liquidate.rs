//! `liquidate`: repay a debt of an account below health factor 1, and take collateral for it.

use cosmwasm_std::{Addr, Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::liquidation::{self, Incentive, Liquidation, LiquidationError};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, SupplyShares};
use plimsoll_schema::event;
use plimsoll_schema::pool::Receive;

use crate::access;
use crate::book::{Book, Holder};
use crate::error::ContractError;
use crate::funds::{self, Paid};
use crate::loss::{self, Losses};

/// The message's fields.
pub struct Liquidate {
    pub user: String,
    pub account_id: Option<u32>,
    pub collateral_denom: String,
    pub recipient: Option<String>,
    pub receive: Receive,
    pub min_receive: Option<Amount>,
}

/// What a liquidation did.
pub struct Outcome {
    pub sized: Liquidation,
    /// Underlying that leaves the market.
    pub paid: Amount,
    /// What the rest became.
    pub minted: SupplyShares,
    /// What was lost, when nothing of value is left to seize.
    pub losses: Option<Losses>,
}

pub fn liquidate(deps: DepsMut, env: Env, info: MessageInfo, order: Liquidate) -> Result<Response, ContractError> {
    let coin = funds::one_coin(&info)?;
    let user = access::address(deps.api, &order.user)?;
    let recipient = access::recipient(deps.api, &env.contract.address, order.recipient.as_deref(), &info.sender)?;
    for party in [&info.sender, &recipient] {
        if *party == user {
            return Err(ContractError::SelfLiquidation { address: party.to_string() });
        }
    }
    let mut holder = Holder::load(deps.as_ref(), user, order.account_id)?;
    let mut book = Book::open(deps.as_ref(), &env)?;
    let (seized, owed) = load(deps.as_ref(), &mut book, &holder, &order.collateral_denom, &coin.denom)?;

    let done = apply(&mut book, &mut holder, seized, owed, &coin, order.receive)?;
    assert_received(&book, seized, &order, &done)?;
    let mut response = Response::new().add_attributes(attributes(&holder, &order, &coin, info.sender.as_str(), &done));
    if !done.minted.is_zero() {
        let taker = give_shares(deps.as_ref(), &info.sender, recipient.clone(), seized, done.minted, &order)?;
        response = response.add_attribute(event::ACCOUNT, taker.name());
        taker.save(deps.storage)?;
    }

    holder.save(deps.storage)?;
    book.save(deps.storage)?;
    let refund = coin.amount.saturating_sub(done.sized.repay);
    Ok(response.add_messages(funds::pay(info.sender.as_str(), refund, &coin.denom)).add_messages(funds::pay(
        recipient.as_str(),
        done.paid,
        &order.collateral_denom,
    )))
}

/// Loads all that the account's health depends on. Answers with the assets seized and repaid.
pub fn load(
    deps: Deps,
    book: &mut Book,
    holder: &Holder,
    collateral_denom: &str,
    debt_denom: &str,
) -> Result<(AssetId, AssetId), ContractError> {
    let seized = book.load_denom(deps, collateral_denom)?;
    let owed = book.load_denom(deps, debt_denom)?;
    book.load_priced(deps, &holder.account)?;
    Ok((seized, owed))
}

/// Liquidates, in memory: sizes by `risk`, repays, seizes, and books the loss when nothing of value is left.
pub fn apply(
    book: &mut Book,
    holder: &mut Holder,
    seized: AssetId,
    owed: AssetId,
    coin: &Paid,
    receive: Receive,
) -> Result<Outcome, ContractError> {
    let params = book.params(seized)?;
    let incentive = Incentive { bonus: params.liquidation_bonus, protocol_fee: params.protocol_liquidation_fee };
    let position = book.position(&holder.account)?;
    let sized = liquidation::size(&position, seized, owed, coin.amount, &incentive, &book.config.liquidation)
        .map_err(|error| named(book, holder, error))?;

    let debt = holder.account.debt(owed);
    let repaid = book.market(owed)?.repay(sized.repay, debt).map_err(|error| book.refused(owed, error))?;
    if repaid.cleared.is_zero() {
        return Err(ContractError::RepaysNothing { denom: coin.denom.clone(), amount: sized.repay });
    }
    holder.account.clear_debt(owed, repaid.cleared)?;

    let received = sized.seize.saturating_sub(sized.fee);
    let held = holder.account.shares(seized);
    let market = book.market(seized)?;
    let paid = match receive {
        Receive::Underlying => received.min(market.state().cash),
        Receive::Shares => Amount::ZERO,
    };
    let shares = market.seize(sized.seize, sized.fee, paid, held).map_err(|error| book.refused(seized, error))?;
    holder.account.take_shares(seized, shares.burnt)?;

    let losses = loss::book_if_bad(book, holder)?;
    Ok(Outcome { sized, paid, minted: shares.minted, losses })
}

/// With `min_receive` set, the recipient gets that much, and underlying in full.
fn assert_received(book: &Book, seized: AssetId, order: &Liquidate, done: &Outcome) -> Result<(), ContractError> {
    let Some(wanted) = order.min_receive else { return Ok(()) };
    let denom = order.collateral_denom.clone();
    let received = done.sized.seize.saturating_sub(done.sized.fee);
    if order.receive == Receive::Underlying && done.paid < received {
        return Err(ContractError::InsufficientLiquidity { denom, wanted: received, available: done.paid });
    }
    let got = match order.receive {
        Receive::Underlying => done.paid,
        Receive::Shares => book.state(seized)?.market.shares_value_down(done.minted)?,
    };
    if got < wanted {
        return Err(ContractError::MinReceive { denom, got, wanted });
    }
    Ok(())
}

/// Shares go to the recipient's account 0. Only the liquidator's own message opens a slot in it.
fn give_shares(
    deps: Deps,
    sender: &Addr,
    recipient: Addr,
    asset: AssetId,
    shares: SupplyShares,
    order: &Liquidate,
) -> Result<Holder, ContractError> {
    let mut taker = Holder::load(deps, recipient, None)?;
    if taker.owner != *sender && taker.account.collateral(asset).is_none() {
        return Err(ContractError::ForeignSlot { account: taker.name(), denom: order.collateral_denom.clone() });
    }
    taker.account.add_shares(asset, shares)?;
    Ok(taker)
}

fn named(book: &Book, holder: &Holder, error: LiquidationError) -> ContractError {
    let account = holder.name();
    let named = match &error {
        LiquidationError::NoCollateral(id) => book.denom(*id).map(|denom| ContractError::NoDeposit { account, denom }),
        LiquidationError::NoDebt(id) => book.denom(*id).map(|denom| ContractError::NoDebt { account, denom }),
        LiquidationError::Price { asset, fault } => {
            book.denom(*asset).map(|denom| ContractError::Price { denom, fault: fault.clone() })
        }
        _ => return ContractError::Liquidation(error),
    };
    named.unwrap_or(ContractError::Liquidation(error))
}

fn attributes(
    holder: &Holder,
    order: &Liquidate,
    coin: &Paid,
    liquidator: &str,
    done: &Outcome,
) -> Vec<(&'static str, String)> {
    let mut attributes = vec![
        (event::ACTION, "liquidate".to_owned()),
        (event::ACCOUNT, holder.name()),
        (event::LIQUIDATOR, liquidator.to_owned()),
        (event::DEBT_DENOM, coin.denom.clone()),
        (event::COLLATERAL_DENOM, order.collateral_denom.clone()),
        (event::REPAID, done.sized.repay.to_string()),
        (event::SEIZED, done.sized.seize.to_string()),
        (event::FEE, done.sized.fee.to_string()),
        (event::BONUS, done.sized.bonus.to_string()),
        (event::PAID, done.paid.to_string()),
        (event::SHARES, done.minted.to_string()),
    ];
    attributes.extend(done.losses.iter().flat_map(Losses::attributes));
    attributes
}
