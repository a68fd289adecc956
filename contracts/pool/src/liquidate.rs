//! `liquidate`: repay a debt of an account below health factor 1, and take collateral for it. What decides is shared
//! with `liquidate_batch`.

use cosmwasm_std::{Addr, Deps, DepsMut, Env, MessageInfo, Response};
use plimsoll_risk::liquidation::{self, Incentive, Limits, Liquidation, LiquidationError, OwedIn};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Amount, SupplyShares};
use plimsoll_schema::access::address;
use plimsoll_schema::event;
use plimsoll_schema::pool::{LiquidateItem, Receive};

use crate::error::ContractError;
use crate::funds::{self, Paid};
use crate::holder::Holder;
use crate::ledger::{Change, Ledger};
use crate::loss::{self, Losses};
use crate::markets::Markets;
use crate::{access, deposit};

/// Who liquidates, for whom, and as what they take the collateral.
pub struct Taker {
    pub liquidator: Addr,
    pub recipient: Addr,
    pub terms: TakeTerms,
}

/// As what the collateral is taken, and how the repayment comes.
#[derive(Clone, Copy)]
pub struct TakeTerms {
    pub receive: Receive,
    /// Whether what the market can't pay is taken as shares.
    pub allow_shares: bool,
    /// Whether the repaid coins are still to come: they stand in `lent` until then.
    pub brought_later: bool,
}

impl TakeTerms {
    /// With coins that are here.
    pub fn paid(receive: Option<Receive>, allow_shares: Option<bool>) -> Self {
        Self {
            receive: receive.unwrap_or_default(),
            allow_shares: allow_shares.unwrap_or_default(),
            brought_later: false,
        }
    }
}

/// The assets of a liquidation.
#[derive(Clone, Copy)]
pub struct Trade {
    /// What is seized.
    pub seized: AssetId,
    /// What is owed and repaid.
    pub owed: AssetId,
}

/// What a liquidation did to one account.
pub struct Outcome {
    pub sized: Liquidation,
    /// Underlying that leaves the market.
    pub paid: Amount,
    /// What the rest became.
    pub minted: SupplyShares,
    /// What was lost, when nothing of value is left to seize.
    pub losses: Option<Losses>,
}

/// What an item would change and move, and what the event says of it.
pub struct Done {
    pub change: Change,
    pub repaid: Amount,
    pub paid: Amount,
    pub attributes: Vec<(&'static str, String)>,
}

pub fn liquidate(deps: DepsMut, env: &Env, info: &MessageInfo, order: Order) -> Result<Response, ContractError> {
    let coin = funds::one_coin(info)?;
    let recipient = access::recipient(deps.api, &env.contract.address, order.recipient.as_deref(), &info.sender)?;
    let taker = Taker { liquidator: info.sender.clone(), recipient, terms: order.terms };
    let denom = coin.denom.clone();
    let sent = coin.amount;
    let item = LiquidateItem { debt_denom: coin.denom, ..order.item };

    let mut ledger = Ledger::open(deps.as_ref(), env)?;
    let done = change(deps.as_ref(), &mut ledger, &taker, &item, sent)?;
    ledger.put(done.change);
    ledger.save(deps.storage)?;

    let sender = taker.liquidator.as_str();
    let recipient = taker.recipient.as_str();
    Ok(Response::new()
        .add_attribute(event::ACTION, "liquidate")
        .add_attribute(event::LIQUIDATOR, sender)
        .add_attributes(done.attributes)
        .add_messages(funds::pay(sender, sent.saturating_sub(done.repaid), &denom))
        .add_messages(funds::pay(recipient, done.paid, &item.collateral_denom)))
}

/// The message's fields; the debt's denom is the coin's.
pub struct Order {
    pub item: LiquidateItem,
    pub recipient: Option<String>,
    pub terms: TakeTerms,
}

/// What a liquidation with at most `offered` would do to this ledger, into which it only loads what it reads.
pub fn change(
    deps: Deps,
    ledger: &mut Ledger,
    taker: &Taker,
    item: &LiquidateItem,
    offered: Amount,
) -> Result<Done, ContractError> {
    let user = address(deps.api, &item.user)?;
    for party in [&taker.liquidator, &taker.recipient] {
        if *party == user {
            return Err(ContractError::SelfLiquidation { address: party.to_string() });
        }
    }
    let mut holder = ledger.holder(deps, user, item.account_id)?;
    let trade = load(deps, &mut ledger.markets, &holder, &item.collateral_denom, &item.debt_denom)?;

    let mut markets = ledger.markets.clone();
    let coin = Paid { denom: item.debt_denom.clone(), amount: offered };
    let done = apply(deps, &mut markets, &mut holder, trade, &coin, taker.terms)?;
    assert_received(&markets, trade.seized, item, &done)?;
    let mut attributes = attributes(&holder, item, &done);
    let repaid = done.sized.repay;
    let paid = done.paid;
    let mut holders = vec![holder];
    if !done.minted.is_zero() {
        let shares = give_shares(deps, ledger, &mut markets, taker, trade.seized, done.minted)?;
        attributes.push((event::ACCOUNT, shares.name()));
        holders.push(shares);
    }
    Ok(Done { change: Change { markets, holders, losses: done.losses }, repaid, paid, attributes })
}

/// Loads what decides about this liquidation, published prices alone: what carries the account's debt, and its disabled
/// deposits only where their value can change the outcome. Answers with the assets.
pub fn load(
    deps: Deps,
    markets: &mut Markets,
    holder: &Holder,
    collateral_denom: &str,
    debt_denom: &str,
) -> Result<Trade, ContractError> {
    let seized = markets.load_denom(deps, collateral_denom)?;
    let owed = markets.load_denom(deps, debt_denom)?;
    markets.load_carrying(deps, &holder.account)?;
    if disabled_can_decide(markets, holder, seized)? {
        markets.load_priced(deps, &holder.account)?;
    }
    Ok(Trade { seized, owed })
}

/// Whether disabled deposits can change the outcome. They carry no debt; they only add to the collateral ratio, which
/// limits the bonus and decides whether all of the debt may be repaid. Above `1 + b_max` it does neither. In a halt it
/// decides about the grace.
fn disabled_can_decide(markets: &Markets, holder: &Holder, seized: AssetId) -> Result<bool, ContractError> {
    let health = markets.carrying_position(&holder.account)?.health()?;
    let most = markets.params(seized)?.liquidation_bonus.max.plus_one();
    Ok(markets.moment().halted || (health.is_below_one() && health.collateral <= health.debt.share_up(most)?))
}

/// Liquidates one account, in memory: sizes by `risk`, repays, seizes, and books the loss when nothing of value is
/// left.
pub fn apply(
    deps: Deps,
    markets: &mut Markets,
    holder: &mut Holder,
    trade: Trade,
    coin: &Paid,
    terms: TakeTerms,
) -> Result<Outcome, ContractError> {
    let Trade { seized, owed } = trade;
    if seized == owed {
        return Err(ContractError::SameDenom { denom: coin.denom.clone() });
    }
    let cash = markets.state(seized)?.market.state().cash;
    let is_paid_in_full = terms.receive == Receive::Underlying && !terms.allow_shares;
    let limits = Limits { offered: coin.amount, payable: if is_paid_in_full { cash } else { Amount::MAX } };
    let sized = size(markets, holder, trade, coin, limits)?;
    let debt = holder.account.debt(owed);
    let market = markets.market(owed)?;
    let repaid = market.repay(sized.repay, debt).and_then(|repaid| {
        // Not here yet, so no other item can be paid with it.
        if terms.brought_later { market.lend(repaid.amount).map(|()| repaid) } else { Ok(repaid) }
    });
    let repaid = repaid.map_err(|error| markets.market_error(owed, error))?;
    holder.account.clear_debt(owed, repaid.cleared)?;

    let received = sized.seize.saturating_sub(sized.fee);
    let held = holder.account.shares(seized);
    let paid = match terms.receive {
        Receive::Underlying => received.min(cash),
        Receive::Shares => Amount::ZERO,
    };
    let market = markets.market(seized)?;
    let shares =
        market.seize(sized.seize, sized.fee, paid, held).map_err(|error| markets.market_error(seized, error))?;
    holder.account.take_shares(seized, shares.burnt)?;

    let losses = loss::book_if_bad(deps, markets, holder)?;
    Ok(Outcome { sized, paid, minted: shares.minted, losses })
}

fn size(
    markets: &Markets,
    holder: &Holder,
    trade: Trade,
    coin: &Paid,
    limits: Limits,
) -> Result<Liquidation, ContractError> {
    let Trade { seized, owed } = trade;
    let incentive = Incentive::of(markets.params(seized)?);
    let terms = &markets.config.liquidation;
    let position = markets.carrying_position(&holder.account)?;
    let debt = OwedIn { market: &markets.state(owed)?.market, scaled: holder.account.debt(owed) };
    let sized = liquidation::size_in(&position, seized, owed, limits, &incentive, terms, debt);
    sized.map_err(|error| match (error, markets.denom(seized)) {
        (LiquidationError::RepaysNothing { amount }, _) => {
            ContractError::RepaysNothing { denom: coin.denom.clone(), amount }
        }
        (LiquidationError::Unpayable { wanted, payable: available }, Ok(denom)) => {
            ContractError::InsufficientLiquidity { denom, wanted, available }
        }
        (error, _) => liquidation_error(markets, holder, error),
    })
}

/// With `min_receive` set, the recipient gets that much, shares at what they are worth.
fn assert_received(
    markets: &Markets,
    seized: AssetId,
    item: &LiquidateItem,
    done: &Outcome,
) -> Result<(), ContractError> {
    let Some(wanted) = item.min_receive else { return Ok(()) };
    let got = done.paid.saturating_add(markets.state(seized)?.market.shares_value_down(done.minted)?);
    if got < wanted {
        return Err(ContractError::MinReceive { denom: item.collateral_denom.clone(), got, wanted });
    }
    Ok(())
}

/// Shares go to the recipient's account 0. Only the liquidator's own message opens a slot in it. They buy its health no
/// more than a deposit would: of a token whose published price is lent against at much less than it counts for, or that
/// a live source prices, which is not asked here, an indebted recipient gets a slot that doesn't count, or nothing into
/// one that does.
fn give_shares(
    deps: Deps,
    ledger: &Ledger,
    markets: &mut Markets,
    taker: &Taker,
    asset: AssetId,
    shares: SupplyShares,
) -> Result<Holder, ContractError> {
    let mut holder = ledger.holder(deps, taker.recipient.clone(), None)?;
    deposit::assert_own_slot(&holder, taker.recipient == taker.liquidator, asset, &markets.denom(asset)?)?;
    let counts = deposit::may_count_unasked(deps, markets, &holder, asset)?;
    if holder.account.collateral(asset).is_none() {
        markets.assert_live_slot(deps, &holder.account, asset)?;
    }
    deposit::add_shares(&mut holder, asset, shares, counts)?;
    Ok(holder)
}

/// The error with names in place of numbers. Of an account that seems healthy while one of its prices is silent, the
/// silence is the reason.
pub fn liquidation_error(markets: &Markets, holder: &Holder, error: LiquidationError) -> ContractError {
    let account = holder.name();
    let named = match &error {
        LiquidationError::NoCollateral(id) => {
            markets.denom(*id).map(|denom| ContractError::NoDeposit { account, denom })
        }
        LiquidationError::NoDebt(id) => markets.denom(*id).map(|denom| ContractError::NoDebt { account, denom }),
        LiquidationError::Price { asset, fault } => {
            markets.denom(*asset).map(|denom| ContractError::Price { denom, fault: fault.clone() })
        }
        LiquidationError::Healthy { .. } => match silent_price(markets, carrying(holder)) {
            Some(price) => return price,
            None => return ContractError::Liquidation(error),
        },
        _ => return ContractError::Liquidation(error),
    };
    named.unwrap_or(ContractError::Liquidation(error))
}

/// What the account's health hangs on. A disabled deposit is no reason, though an item before may have loaded its
/// market.
fn carrying(holder: &Holder) -> impl Iterator<Item = AssetId> + use<'_> {
    let enabled = holder.account.collaterals.iter().filter(|held| held.enabled).map(|held| held.asset);
    enabled.chain(holder.account.debts.iter().map(|owed| owed.asset))
}

/// The first silent price of these, among what was read.
pub fn silent_price(markets: &Markets, assets: impl Iterator<Item = AssetId>) -> Option<ContractError> {
    assets.filter(|id| markets.is_priced(*id)).find_map(|id| {
        let fault = markets.mark(id).ok()?.fault()?;
        Some(ContractError::Price { denom: markets.denom(id).ok()?, fault })
    })
}

fn attributes(holder: &Holder, item: &LiquidateItem, done: &Outcome) -> Vec<(&'static str, String)> {
    let mut attributes = vec![
        (event::ACCOUNT, holder.name()),
        (event::DEBT_DENOM, item.debt_denom.clone()),
        (event::COLLATERAL_DENOM, item.collateral_denom.clone()),
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
