//! How much a liquidation repays, seizes and leaves to the protocol.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::health::{CollateralLine, DebtLine, Health, Position};
use crate::mark::SharedValues;
use crate::market::Accrued;
use crate::math::{MathError, ONE, mul_div_down, mul_div_down_128, mul_div_up, mul_div_up_128, narrow};
use crate::params::{AssetId, AssetParams, BonusCurve};
use crate::price::PriceFault;
use crate::units::{Amount, Price, Ratio, ScaledDebt, Value};
use cosmwasm_std::Uint256;

/// What holds for every liquidation of a pool.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiquidationTerms {
    /// The health factor at which a liquidation leaves the account; above 1.
    pub target_health_factor: Ratio,
    /// A debt of less than this is closed with the rest; a collateral of less is swept with a loss.
    pub dust_value: Value,
}

/// What the seized asset brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incentive {
    /// The liquidator's bonus.
    pub bonus: BonusCurve,
    /// The part of the bonus that a sale costs: lenders pay no more than this, and the protocol takes nothing of it.
    pub sale_cost: Ratio,
    /// The protocol's share of the rest.
    pub protocol_fee: Ratio,
}

impl Incentive {
    /// What seizing an asset of these parameters brings.
    pub const fn of(params: &AssetParams) -> Self {
        Self {
            bonus: params.liquidation_bonus,
            sale_cost: params.sale_cost,
            protocol_fee: params.protocol_liquidation_fee,
        }
    }
}

/// A liquidation, in amounts.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liquidation {
    /// Debt repaid, in the debt's denom.
    pub repay: Amount,
    /// Collateral taken from the account, in the collateral's denom, the protocol's fee included.
    pub seize: Amount,
    /// The protocol's part of it.
    pub fee: Amount,
    /// The bonus in force.
    pub bonus: Ratio,
}

/// What bounds a liquidation besides the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most that is repaid: the coins that are offered.
    pub offered: Amount,
    /// The most that the liquidator receives: what the collateral's market can pay, where no shares are taken.
    pub payable: Amount,
}

impl Limits {
    /// So many coins, and a market that can pay all that is seized.
    pub const fn offered(offered: Amount) -> Self {
        Self { offered, payable: Amount::MAX }
    }
}

/// Why nothing can be liquidated.
#[derive(Error, Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the display text names each field")]
pub enum LiquidationError {
    /// A computation left its type.
    #[error(transparent)]
    Math(#[from] MathError),
    /// The account is healthy.
    #[error("account is healthy: its adjusted collateral of {adjusted_collateral} covers its debt of {debt}")]
    Healthy { adjusted_collateral: Value, debt: Value },
    /// The account has no such collateral.
    #[error("account has no collateral of asset {}", .0.0)]
    NoCollateral(AssetId),
    /// The account has no such debt.
    #[error("account has no debt of asset {}", .0.0)]
    NoDebt(AssetId),
    /// The account is spared in the grace after a halt.
    #[error("account is spared in the grace after a halt")]
    Spared,
    /// The seized and the repaid asset need prices that aren't silent, and a live one that was published just now.
    #[error("price of asset {}: {fault}", asset.0)]
    Price {
        asset: AssetId,
        /// Why there is no price to exchange at.
        fault: PriceFault,
    },
    /// What is repaid clears nothing of the debt.
    #[error("{amount} clears nothing of the debt")]
    RepaysNothing { amount: Amount },
    /// The collateral's market can't pay one base unit of what would be seized.
    #[error("{wanted} would be received, {payable} can be paid")]
    Unpayable {
        /// What would be received if the market could pay it.
        wanted: Amount,
        payable: Amount,
    },
    /// What was offered buys not one base unit of the collateral.
    #[error("{offered} repays or seizes nothing")]
    TooSmall { offered: Amount },
}

/// The bonus at this health: from `min` just below 1 to `max` at `full_at`, and never above what the collateral still
/// has beyond the debt, or what a sale costs when that is more (at most `min`): an account pays what it has, and
/// lenders add only what brings somebody who books the loss. What it has beyond the debt is `CR / m − 1`, where `m` is
/// what a unit of repaid value buys at the verdict's prices ([`ExchangePrices::leverage_up`]): 1 where the exchange is
/// at these. So at the highest bonus a liquidation leaves the collateral ratio as it is, and what follows is paid no
/// better. Rounded down.
pub fn bonus_down(incentive: &Incentive, health: &Health, leverage: Ratio) -> Result<Ratio, MathError> {
    let curve = &incentive.bonus;
    let factor = health.factor_down().unwrap_or(Ratio::MAX);
    let curved = if factor <= curve.full_at {
        curve.max
    } else {
        let below = Ratio::ONE.saturating_sub(factor);
        let span = Ratio::ONE.saturating_sub(curve.full_at);
        let range = curve.max.saturating_sub(curve.min);
        let climbed = mul_div_down(Uint256::from(range.raw()), Uint256::from(below.raw()), Uint256::from(span.raw()))?;
        curve.min.checked_add(Ratio::new(narrow(climbed)?))?
    };
    let ratio = health.collateral_ratio_down().unwrap_or(Ratio::MAX);
    // Where nothing is given for what is repaid, or more than can be counted is there, no account is short of it.
    let payable = mul_div_down_128(ratio.raw(), ONE, leverage.raw()).map_or(Ratio::MAX, Ratio::new);
    let beyond = payable.saturating_sub(Ratio::ONE);
    Ok(curved.min(beyond.max(curve.min.min(incentive.sale_cost))))
}

/// The value to repay so that the account ends at the target health factor: `(T × Dw − S) / (T × w − LT × (1 + b) × m)`,
/// rounded up, where `Dw` is the weighted debt, `w` the weight of the debt that is repaid, and `m` what a unit of repaid value buys of seized value at the verdict's prices
/// ([`ExchangePrices::leverage_up`]); the whole debt when that is more, or when `CR ≤ 1 + b_min` and lenders pay part
/// of the bonus, since nothing is gained by waiting.
pub fn target_repay_up(
    health: &Health,
    seized: &CollateralLine,
    owed: &DebtLine,
    bonus: Ratio,
    min_bonus: Ratio,
    target: Ratio,
    leverage: Ratio,
) -> Result<Value, MathError> {
    if health.collateral <= health.debt.share_down(min_bonus.plus_one())? {
        return Ok(health.debt);
    }
    let missing = health.weighted_debt.share_up(target)?.saturating_sub(health.adjusted_collateral);
    let given = seized.threshold().mul_up(bonus.plus_one())?.mul_up(leverage)?;
    let gained = target.mul_down(owed.weight)?.saturating_sub(given);
    if gained.is_zero() {
        return Ok(health.debt);
    }
    Ok(missing.div_up(gained)?.min(health.debt))
}

/// The prices of the two lines that a liquidation moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExchangePrices {
    /// The seized token's, in the verdict.
    pub seized_verdict: Price,
    /// The repaid token's, in the verdict.
    pub repaid_verdict: Price,
    /// What the seized token is given away at, rounded up: the high end of what liquidation counts.
    pub seized: Price,
    /// What the repaid token is taken at, rounded down: the low end.
    pub repaid: Price,
}

impl ExchangePrices {
    /// Of these two lines, by the values that the verdict has for records on which both sides of the account hang.
    pub fn of(seized: &CollateralLine, owed: &DebtLine, shared: &SharedValues) -> Self {
        Self {
            seized_verdict: seized.mark.collateral_down(shared),
            repaid_verdict: owed.mark.debt_up(shared),
            seized: seized.mark.seized_up(&owed.mark, shared),
            repaid: owed.mark.repaid_down(&seized.mark, shared),
        }
    }

    /// What a unit of repaid value buys of seized value, both at the verdict's prices, rounded up: 1 where the exchange
    /// is at the verdict's prices, less where it is not.
    pub fn leverage_up(&self) -> Result<Ratio, MathError> {
        let wide = |a: Price, b: Price| Uint256::from(a.raw()).checked_mul(Uint256::from(b.raw()));
        let overflow = |_| MathError::Overflow { what: "exchange price" };
        let gained = wide(self.repaid, self.seized_verdict).map_err(overflow)?;
        let given = wide(self.repaid_verdict, self.seized).map_err(overflow)?;
        narrow(mul_div_up(gained, Uint256::from(ONE), given)?).map(Ratio::new)
    }
}

/// The two lines of an account between which value moves.
struct Exchange<'a> {
    seized: &'a CollateralLine,
    owed: &'a DebtLine,
    prices: ExchangePrices,
    bonus: Ratio,
    incentive: &'a Incentive,
    payable: Amount,
}

impl Exchange<'_> {
    /// The collateral that this repayment seizes: `repaid value × (1 + b)`, rounded down.
    fn seized_down(&self, repay: Amount) -> Result<Amount, MathError> {
        let value = repay.value_down(self.prices.repaid, self.owed.decimals)?.share_down(self.bonus.plus_one())?;
        // What does not fit is more than anybody has: the caller caps it by the collateral.
        match Amount::of_value_down(value, self.prices.seized, self.seized.decimals) {
            Err(MathError::Overflow { .. }) => Ok(Amount::MAX),
            other => other,
        }
    }

    /// The repayment that seizes this much of the collateral, rounded up.
    fn repaid_up(&self, seize: Amount) -> Result<Amount, MathError> {
        let worth = seize.value_up(self.prices.seized, self.seized.decimals)?;
        Amount::of_value_up(worth.div_up(self.bonus.plus_one())?, self.prices.repaid, self.owed.decimals)
    }

    /// The protocol's share of what the bonus exceeds the sale's cost by, rounded up.
    fn fee_up(&self, seize: Amount) -> Result<Amount, MathError> {
        let free = self.incentive.sale_cost.min(self.bonus).plus_one();
        let untouched = mul_div_up_128(seize.raw(), free.raw(), self.bonus.plus_one().raw()).map(Amount::new)?;
        seize.saturating_sub(untouched).share_up(self.incentive.protocol_fee)
    }

    /// The most that can be seized while no more than `payable` is received, rounded down: `payable × (1 + b) / (1 + b
    /// − f × (b − sale cost))`, since the fee `f` stays in the market. [`Exchange::fee_up`] is short of the exact fee
    /// by less than one base unit, so no unit more is received; and one unit more may be seized where the fee takes it.
    fn seizable_down(&self) -> Result<Amount, MathError> {
        let taxed = self.bonus.saturating_sub(self.incentive.sale_cost);
        let fee = Ratio::new(mul_div_down_128(taxed.raw(), self.incentive.protocol_fee.raw(), ONE)?);
        let kept = self.bonus.plus_one().saturating_sub(fee);
        // What does not fit is more than anybody has.
        let most = mul_div_down_128(self.payable.raw(), self.bonus.plus_one().raw(), kept.raw());
        let most = most.map_or(Amount::MAX, Amount::new);
        let next = most.saturating_add(Amount::new(1));
        Ok(if next.saturating_sub(self.fee_up(next)?) <= self.payable { next } else { most })
    }

    /// What repaying `repay` does, capped by the collateral that is there and by what can be paid.
    fn at(&self, repay: Amount) -> Result<Liquidation, MathError> {
        let wanted = self.seized_down(repay)?;
        let most = self.seized.amount.min(self.seizable_down()?);
        let (repay, seize) = if wanted <= most { (repay, wanted) } else { (repay.min(self.repaid_up(most)?), most) };
        Ok(Liquidation { repay, seize, fee: self.fee_up(seize)?, bonus: self.bonus })
    }
}

/// A debt, as its market counts it.
#[derive(Clone, Copy, Debug)]
pub struct OwedIn<'a> {
    /// The market.
    pub market: &'a Accrued,
    /// The debt.
    pub scaled: ScaledDebt,
}

/// Sizes a liquidation by [`size`], as the debt's market takes it: what is repaid is what the market takes for what it
/// clears. What is seized is worth what the account owes less by that and the bonus: were it worth what is taken, which
/// is rounded up, parts would seize more than one liquidation does.
pub fn size_in(
    position: &Position,
    collateral: AssetId,
    debt: AssetId,
    limits: Limits,
    incentive: &Incentive,
    terms: &LiquidationTerms,
    owed: OwedIn<'_>,
) -> Result<Liquidation, LiquidationError> {
    let mut sized = size(position, collateral, debt, limits, incentive, terms)?;
    let repaid = owed.market.repayment(sized.repay, owed.scaled)?;
    if repaid.cleared.is_zero() {
        return Err(LiquidationError::RepaysNothing { amount: sized.repay });
    }
    if repaid.relieved < sized.repay {
        sized = size(position, collateral, debt, Limits { offered: repaid.relieved, ..limits }, incentive, terms)?;
    }
    Ok(Liquidation { repay: repaid.amount, ..sized })
}

/// Sizes a liquidation that seizes `collateral` for `debt` within these limits: to the target health factor, then
/// capped by the debt in that denom, the collateral in that denom, the coins and what the collateral's market can pay;
/// a remainder of debt below the dust value is closed as well, if the coins suffice for all of it and as far as the
/// collateral goes. Debt repaid rounds up, collateral seized down, the fee up and out of the bonus. Health is judged at
/// one value a record; the two lines are exchanged at their own ends, so that nothing is seized at a price that the
/// settled one or the last observation has not reached.
pub fn size(
    position: &Position,
    collateral: AssetId,
    debt: AssetId,
    limits: Limits,
    incentive: &Incentive,
    terms: &LiquidationTerms,
) -> Result<Liquidation, LiquidationError> {
    let seized = position
        .collaterals
        .iter()
        .find(|l| l.asset == collateral)
        .ok_or(LiquidationError::NoCollateral(collateral))?;
    let owed = position.debts.iter().find(|l| l.asset == debt).ok_or(LiquidationError::NoDebt(debt))?;
    for (asset, mark) in [(collateral, &seized.mark), (debt, &owed.mark)] {
        if let Some(fault) = mark.exchange_fault() {
            return Err(LiquidationError::Price { asset, fault });
        }
    }
    let health = position.health()?;
    if !health.is_below_one() {
        return Err(LiquidationError::Healthy {
            adjusted_collateral: health.adjusted_collateral,
            debt: health.weighted_debt,
        });
    }
    if health.spared {
        return Err(LiquidationError::Spared);
    }
    let prices = ExchangePrices::of(seized, owed, &position.settled_values()?);
    let leverage = prices.leverage_up()?;
    let bonus = bonus_down(incentive, &health, leverage)?;
    let target = terms.target_health_factor;
    let value = target_repay_up(&health, seized, owed, bonus, incentive.bonus.min, target, leverage)?;
    let offered = limits.offered.min(owed.amount);
    let wanted = Amount::of_value_up(value, prices.repaid_verdict, owed.decimals)?.min(offered);

    let exchange = Exchange { seized, owed, prices, bonus, incentive, payable: limits.payable };
    let mut sized = exchange.at(wanted)?;
    let left = owed.amount.saturating_sub(sized.repay).value_up(prices.repaid_verdict, owed.decimals)?;
    if !left.is_zero() && offered >= owed.amount && left < terms.dust_value {
        // As far as the collateral goes. Were it all or nothing, a part at the full bonus would bring the rest within
        // reach.
        sized = exchange.at(owed.amount)?;
    }
    if sized.repay.is_zero() || sized.seize.is_zero() {
        let unbound = Exchange { payable: Amount::MAX, ..exchange }.at(wanted)?;
        let wanted = unbound.seize.saturating_sub(unbound.fee);
        let payable = limits.payable;
        let small = wanted <= payable;
        return Err(if small {
            LiquidationError::TooSmall { offered }
        } else {
            LiquidationError::Unpayable { wanted, payable }
        });
    }
    Ok(sized)
}
