//! How much a liquidation repays, seizes and leaves to the protocol.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::health::{CollateralLine, DebtLine, Health, Position};
use crate::math::{MathError, ONE, mul_div_down, mul_div_up_128, narrow};
use crate::params::{AssetId, BonusCurve};
use crate::price::PriceFault;
use crate::units::{Amount, Ratio, Value};
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
    /// The protocol's share of it.
    pub protocol_fee: Ratio,
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

/// Why nothing can be liquidated.
#[derive(Error, Debug, Clone, PartialEq, Eq)]
pub enum LiquidationError {
    /// A computation left its type.
    #[error(transparent)]
    Math(#[from] MathError),
    /// The account is healthy.
    #[error("account is healthy: its debt of {debt} is carried up to {carried}")]
    Healthy {
        /// What its collateral carries.
        carried: Value,
        /// Its debt.
        debt: Value,
    },
    /// The account has no such collateral.
    #[error("account has no collateral of asset {}", .0.0)]
    NoCollateral(AssetId),
    /// The account has no such debt.
    #[error("account has no debt of asset {}", .0.0)]
    NoDebt(AssetId),
    /// The seized and the repaid asset need valid prices.
    #[error("price of asset {}: {fault}", asset.0)]
    Price {
        /// The asset.
        asset: AssetId,
        /// The guard that failed.
        fault: PriceFault,
    },
    /// What was offered buys not one base unit of the collateral.
    #[error("{offered} repays or seizes nothing")]
    TooSmall {
        /// What was offered.
        offered: Amount,
    },
}

/// The bonus at this health: from `min` just below 1 to `max` at `full_at`, and never above what the collateral still
/// has beyond the debt, `CR − 1`, or `min` when that is less. Rounded down. The ratio is [`Position::certain_ratio_down`]: what a token with a
/// dead feed might be worth pays no bonus, or a crumb of it would raise the bonus at lenders' cost. `None` is without debt.
pub fn bonus_down(curve: &BonusCurve, health: &Health, certain: Option<Ratio>) -> Result<Ratio, MathError> {
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
    let beyond = certain.unwrap_or(Ratio::MAX).saturating_sub(Ratio::ONE);
    Ok(curved.min(beyond.max(curve.min)))
}

/// The value to repay so that the account ends at the target health factor:
/// `(T × D − S) / (T − LT × (1 + b))`, rounded up; the whole debt when that is more, or when `CR ≤ 1 + b_min` and lenders
/// pay part of the bonus, since nothing is gained by waiting.
pub fn target_repay_up(
    health: &Health,
    threshold: Ratio,
    bonus: Ratio,
    min_bonus: Ratio,
    target: Ratio,
) -> Result<Value, MathError> {
    if health.collateral <= health.debt.share_down(min_bonus.plus_one())? {
        return Ok(health.debt);
    }
    let missing = health.debt.share_up(target)?.saturating_sub(health.carried);
    let gained = target.saturating_sub(threshold.mul_up(bonus.plus_one())?);
    if gained.is_zero() {
        return Ok(health.debt);
    }
    Ok(missing.div_up(gained)?.min(health.debt))
}

/// The collateral that this repayment seizes: `repaid value × (1 + b)`, rounded down.
fn seized_down(repay: Amount, debt: &DebtLine, seized: &CollateralLine, bonus: Ratio) -> Result<Amount, MathError> {
    let value = repay.value_down(debt.mark.debt(), debt.decimals)?.share_down(bonus.plus_one())?;
    // What does not fit is more than anybody has: the caller caps it by the collateral.
    match Amount::of_value_down(value, seized.mark.collateral(), seized.decimals) {
        Err(MathError::Overflow { .. }) => Ok(Amount::MAX),
        other => other,
    }
}

/// What repaying `repay` does, capped by the collateral that is there.
fn at(
    repay: Amount,
    debt: &DebtLine,
    seized: &CollateralLine,
    bonus: Ratio,
    fee: Ratio,
) -> Result<Liquidation, MathError> {
    let wanted = seized_down(repay, debt, seized, bonus)?;
    let (repay, seize) = if wanted <= seized.amount {
        (repay, wanted)
    } else {
        let worth = seized.amount.value_up(seized.mark.collateral(), seized.decimals)?.div_up(bonus.plus_one())?;
        (repay.min(Amount::of_value_up(worth, debt.mark.debt(), debt.decimals)?), seized.amount)
    };
    let principal = mul_div_up_128(seize.raw(), ONE, bonus.plus_one().raw()).map(Amount::new)?;
    let fee = seize.saturating_sub(principal).share_up(fee)?;
    Ok(Liquidation { repay, seize, fee, bonus })
}

/// Sizes a liquidation that seizes `collateral` for `debt` with at most `offered` coins: to the target health factor, then
/// capped by the debt in that denom, the collateral in that denom and the coins; a remainder of debt below the dust value
/// is closed as well, if the coins suffice for all of it and as far as the collateral goes. Debt repaid rounds up, collateral
/// seized down, the fee up and out of the bonus.
pub fn size(
    position: &Position,
    collateral: AssetId,
    debt: AssetId,
    offered: Amount,
    incentive: &Incentive,
    terms: &LiquidationTerms,
) -> Result<Liquidation, LiquidationError> {
    let health = position.health()?;
    if !health.is_liquidatable() {
        return Err(LiquidationError::Healthy { carried: health.carried, debt: health.debt });
    }
    let seized = position
        .collaterals
        .iter()
        .find(|l| l.asset == collateral)
        .ok_or(LiquidationError::NoCollateral(collateral))?;
    let owed = position.debts.iter().find(|l| l.asset == debt).ok_or(LiquidationError::NoDebt(debt))?;
    for (asset, mark) in [(collateral, &seized.mark), (debt, &owed.mark)] {
        if let Err(fault) = &mark.quote {
            return Err(LiquidationError::Price { asset, fault: fault.clone() });
        }
    }
    let bonus = bonus_down(&incentive.bonus, &health, position.certain_ratio_down()?)?;
    let target = terms.target_health_factor;
    let value = target_repay_up(&health, seized.threshold(), bonus, incentive.bonus.min, target)?;
    let wanted = Amount::of_value_up(value, owed.mark.debt(), owed.decimals)?.min(owed.amount).min(offered);

    let mut sized = at(wanted, owed, seized, bonus, incentive.protocol_fee)?;
    let left = owed.amount.saturating_sub(sized.repay);
    if !left.is_zero() && offered >= owed.amount && left.value_up(owed.mark.debt(), owed.decimals)? < terms.dust_value {
        // As far as the collateral goes. Were it all or nothing, a part at the full bonus would bring the rest within reach.
        sized = at(owed.amount, owed, seized, bonus, incentive.protocol_fee)?;
    }
    if sized.repay.is_zero() || sized.seize.is_zero() {
        return Err(LiquidationError::TooSmall { offered });
    }
    Ok(sized)
}
