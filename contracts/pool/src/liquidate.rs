//! `liquidate`: repay a debt of an account below health factor 1, and take collateral for it.

use cosmwasm_std::{Addr, Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::liquidation::{self, Incentive, Liquidation, LiquidationError, OwedIn};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, SupplyShares};
use plimsoll_schema::event;
use plimsoll_schema::pool::Receive;

use crate::book::{Book, Holder};
use crate::error::ContractError;
use crate::funds::{self, Paid};
use crate::loss::{self, Losses};
use crate::{access, deposit};

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

    let done = apply(deps.as_ref(), &mut book, &mut holder, (seized, owed), &coin, order.receive)?;
    assert_received(&book, seized, &order, &done)?;
    let mut response = Response::new().add_attributes(attributes(&holder, &order, &coin, info.sender.as_str(), &done));
    if !done.minted.is_zero() {
        let taker = give_shares(deps.as_ref(), &mut book, &info.sender, recipient.clone(), seized, done.minted)?;
        response = response.add_attribute(event::ACCOUNT, taker.name());
        taker.save(deps.storage)?;
    }

    holder.save(deps.storage)?;
    if let Some(losses) = &done.losses {
        losses.shrink_requests(deps.storage)?;
    }
    book.save(deps.storage)?;
    let refund = coin.amount.saturating_sub(done.sized.repay);
    Ok(response.add_messages(funds::pay(info.sender.as_str(), refund, &coin.denom)).add_messages(funds::pay(
        recipient.as_str(),
        done.paid,
        &order.collateral_denom,
    )))
}

/// Loads what decides about this liquidation, published prices alone: what carries the account's debt, and its disabled deposits only
/// where their value can change the outcome. Answers with the assets seized and repaid.
pub fn load(
    deps: Deps,
    book: &mut Book,
    holder: &Holder,
    collateral_denom: &str,
    debt_denom: &str,
) -> Result<(AssetId, AssetId), ContractError> {
    let seized = book.load_denom(deps, collateral_denom)?;
    let owed = book.load_denom(deps, debt_denom)?;
    book.load_carrying(deps, &holder.account)?;
    if disabled_can_decide(book, holder, seized)? {
        book.load_priced(deps, &holder.account)?;
    }
    Ok((seized, owed))
}

/// Whether disabled deposits can change the outcome. They carry no debt; they only add to the collateral ratio, which limits the bonus and
/// decides whether all of the debt may be repaid. Above `1 + b_max` it does neither. In a halt it decides about the grace.
fn disabled_can_decide(book: &Book, holder: &Holder, seized: AssetId) -> Result<bool, ContractError> {
    let health = book.carrying_position(&holder.account)?.health()?;
    let most = book.params(seized)?.liquidation_bonus.max.plus_one();
    Ok(book.moment().halted || (health.is_below_one() && health.collateral <= health.debt.share_up(most)?))
}

/// Liquidates, in memory: sizes by `risk`, repays, seizes, and books the loss when nothing of value is left.
pub fn apply(
    deps: Deps,
    book: &mut Book,
    holder: &mut Holder,
    (seized, owed): (AssetId, AssetId),
    coin: &Paid,
    receive: Receive,
) -> Result<Outcome, ContractError> {
    if seized == owed {
        return Err(ContractError::SameDenom { denom: coin.denom.clone() });
    }
    let sized = size(book, holder, seized, owed, coin)?;
    let debt = holder.account.debt(owed);
    let repaid = book.market(owed)?.repay(sized.repay, debt).map_err(|error| book.refused(owed, error))?;
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

    let losses = loss::book_if_bad(deps, book, holder)?;
    Ok(Outcome { sized, paid, minted: shares.minted, losses })
}

fn size(
    book: &Book,
    holder: &Holder,
    seized: AssetId,
    owed: AssetId,
    coin: &Paid,
) -> Result<Liquidation, ContractError> {
    let (incentive, terms) = (Incentive::of(book.params(seized)?), &book.config.liquidation);
    let position = book.carrying_position(&holder.account)?;
    let debt = OwedIn { market: &book.state(owed)?.market, scaled: holder.account.debt(owed) };
    let sized = liquidation::size_in(&position, seized, owed, coin.amount, &incentive, terms, debt);
    sized.map_err(|error| match error {
        LiquidationError::RepaysNothing { amount } => {
            ContractError::RepaysNothing { denom: coin.denom.clone(), amount }
        }
        error => named(book, holder, error),
    })
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

/// Shares go to the recipient's account 0. Only the liquidator's own message opens a slot in it. They buy its health no more than a
/// deposit would ([`deposit::may_count`]).
fn give_shares(
    deps: Deps,
    book: &mut Book,
    sender: &Addr,
    recipient: Addr,
    asset: AssetId,
    shares: SupplyShares,
) -> Result<Holder, ContractError> {
    let mut taker = Holder::load(deps, recipient, None)?;
    deposit::assert_own_slot(&taker, taker.owner == *sender, asset, &book.denom(asset)?)?;
    let counts = deposit::may_count(deps, book, &taker, asset)?;
    if taker.account.collateral(asset).is_none() {
        book.assert_live_slot(deps, &taker.account, asset)?;
    }
    deposit::add_shares(&mut taker, asset, shares, counts)?;
    Ok(taker)
}

/// The error with names in place of numbers. Of an account that seems healthy while one of its prices is silent, the
/// silence is the reason.
pub fn named(book: &Book, holder: &Holder, error: LiquidationError) -> ContractError {
    let account = holder.name();
    let named = match &error {
        LiquidationError::NoCollateral(id) => book.denom(*id).map(|denom| ContractError::NoDeposit { account, denom }),
        LiquidationError::NoDebt(id) => book.denom(*id).map(|denom| ContractError::NoDebt { account, denom }),
        LiquidationError::Price { asset, fault } => {
            book.denom(*asset).map(|denom| ContractError::Price { denom, fault: fault.clone() })
        }
        LiquidationError::Healthy { .. } => match silent_price(book, holder.account.assets()) {
            Some(price) => return price,
            None => return ContractError::Liquidation(error),
        },
        _ => return ContractError::Liquidation(error),
    };
    named.unwrap_or(ContractError::Liquidation(error))
}

/// The first silent price of these, among what was read.
pub fn silent_price(book: &Book, assets: impl Iterator<Item = AssetId>) -> Option<ContractError> {
    assets.filter(|id| book.is_priced(*id)).find_map(|id| {
        let fault = book.mark(id).ok()?.fault()?;
        Some(ContractError::Price { denom: book.denom(id).ok()?, fault })
    })
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
