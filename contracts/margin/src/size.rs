//! How much to borrow or to sell for a leverage: a few quotes of the pairs, each sized by the rate of the one before.

use plimsoll_risk::math::{mul_div_down, mul_div_up, narrow};
use plimsoll_risk::units::{Amount, Ratio, Value};
use plimsoll_schema::route::Hop;

use crate::error::ContractError;
use crate::leverage::{LEAST, Sides};
use crate::scene::Scene;
use crate::trade::{self, Trade};
use crate::valuation::Valuation;

/// The most quotes of the pairs for one message. Two are enough in deep pairs, three where the pairs are cheaper than
/// the oracle or collateral is sold, four or five in shallow ones.
const ROUNDS: u32 = 5;
/// From this round on a purchase that is within the leverage is good enough: the next would be above it, and the last
/// within it again.
const LAST_TO_REFINE: u32 = 3;
/// What a purchase may fall short by for the rate that it gets, as a share: a thousandth.
const CLOSE_ENOUGH: Ratio = Ratio::bps(10);

/// Debt that buys collateral, with coins of the sender's: `collateral` is deposited along, `debt` sold along.
pub struct Purchase<'a> {
    pub collateral_denom: &'a str,
    pub debt_denom: &'a str,
    pub hops: &'a [Hop],
    pub collateral: Amount,
    pub debt: Amount,
}

/// Collateral that pays debt.
pub struct Sale<'a> {
    pub collateral_denom: &'a str,
    pub hops: &'a [Hop],
}

/// Which way a leverage lies.
pub enum Way {
    Buy(Trade),
    /// With what is owed before.
    Sell(Trade, Amount),
}

/// The largest purchase that a rate of the pairs already seen gives room for.
pub fn purchase(scene: &Scene, order: &Purchase, leverage: Ratio) -> Result<Trade, ContractError> {
    assert_leverage(leverage)?;
    let account = Valuation::load(scene, order.collateral_denom, order.debt_denom)?;
    buy(scene, order, &account, leverage)
}

/// A purchase where the account has less than the leverage, a sale where it has more.
pub fn either(scene: &Scene, up: &Purchase, down: &Sale, leverage: Ratio) -> Result<Way, ContractError> {
    assert_leverage(leverage)?;
    let account = Valuation::load(scene, up.collateral_denom, up.debt_denom)?;
    if account.with_deposit(Amount::ZERO)?.is_within(leverage) {
        return buy(scene, up, &account, leverage).map(Way::Buy);
    }
    sell(scene, down, &account, leverage).map(|trade| Way::Sell(trade, account.owed))
}

fn assert_leverage(leverage: Ratio) -> Result<(), ContractError> {
    if leverage > LEAST { Ok(()) } else { Err(ContractError::LeverageTooLow { leverage }) }
}

/// The first quote is for a sale without a loss, each further one for the rate of the one before. A smaller sale has no
/// worse rate: the quotes end above the leverage and within it in turn, closer each time. One within it is taken.
fn buy(scene: &Scene, order: &Purchase, account: &Valuation, leverage: Ratio) -> Result<Trade, ContractError> {
    let before = account.with_deposit(order.collateral)?;
    let own = account.own_value(order.debt)?;
    let room = before.purchase_down(own, Ratio::ONE, leverage)?;
    let mut sold = account.debt_amount(room.saturating_sub(own))?.checked_add(order.debt)?;
    for round in 0..ROUNDS {
        let borrowed = sold.saturating_sub(order.debt);
        if borrowed.is_zero() {
            return Err(ContractError::AtLeverage { leverage });
        }
        let trade = trade::of_offer(scene, order.debt_denom, order.hops, sold)?;
        let after = account.after_purchase(trade.bought().checked_add(order.collateral)?, borrowed)?;
        let taken = after.debt.saturating_sub(before.debt).checked_add(own)?;
        let gained = after.collateral.saturating_sub(before.collateral);
        let rate = Ratio::of_values_down(gained, taken).unwrap_or(Ratio::ONE);
        let next = in_proportion_down(sold, before.purchase_down(own, rate, leverage)?, taken)?;
        let is_close = next.saturating_sub(sold) <= sold.share_down(CLOSE_ENOUGH)?;
        if round > 0 && after.is_within(leverage) && (is_close || round >= LAST_TO_REFINE) {
            return Ok(trade);
        }
        sold = next;
    }
    Err(ContractError::LeverageMissed { leverage, rounds: ROUNDS })
}

/// Each quote is for the rate of the one before, less by as much as the rate fell last: a larger sale has a worse rate.
fn sell(scene: &Scene, order: &Sale, account: &Valuation, leverage: Ratio) -> Result<Trade, ContractError> {
    let before = account.with_deposit(Amount::ZERO)?;
    let unreachable = || ContractError::Unreachable { leverage };
    let needed = before.sale_up(Ratio::ONE, leverage)?.ok_or_else(unreachable)?;
    let mut sold = account.collateral_amount(needed)?;
    let mut last: Option<Ratio> = None;
    for _ in 0..ROUNDS {
        if sold > account.supplied {
            let denom = order.collateral_denom.to_owned();
            return Err(ContractError::InsufficientDeposit { denom, wanted: sold, supplied: account.supplied });
        }
        let trade = trade::of_offer(scene, order.collateral_denom, order.hops, sold)?;
        let after = account.after_sale(sold, trade.bought().min(account.owed))?;
        if after.is_within(leverage) {
            return Ok(trade);
        }
        let Rates { given, rate } = rates(&before, &after);
        let fallen = last.map_or(Ratio::ZERO, |last| last.saturating_sub(rate));
        last = Some(rate);
        let needed = before.sale_up(rate.saturating_sub(fallen), leverage)?.ok_or_else(unreachable)?;
        sold = in_proportion_up(sold, needed, given)?;
    }
    Err(ContractError::LeverageMissed { leverage, rounds: ROUNDS })
}

struct Rates {
    given: Value,
    rate: Ratio,
}

fn rates(before: &Sides, after: &Sides) -> Rates {
    let given = before.collateral.saturating_sub(after.collateral);
    let paid = before.debt.saturating_sub(after.debt);
    Rates { given, rate: Ratio::of_values_down(paid, given).unwrap_or(Ratio::ZERO) }
}

fn in_proportion_down(amount: Amount, wanted: Value, had: Value) -> Result<Amount, ContractError> {
    Ok(Amount::new(narrow(mul_div_down(amount_wide(amount), wanted.raw(), had.raw())?)?))
}

fn in_proportion_up(amount: Amount, wanted: Value, had: Value) -> Result<Amount, ContractError> {
    Ok(Amount::new(narrow(mul_div_up(amount_wide(amount), wanted.raw(), had.raw())?)?))
}

fn amount_wide(amount: Amount) -> cosmwasm_std::Uint256 {
    cosmwasm_std::Uint256::from(amount.raw())
}
