//! Formulas of accounts: health, parameters, liquidations.

use plimsoll_risk::liquidation::{ExchangePrices, Limits, LiquidationTerms, bonus_down, size, target_repay_up};
use plimsoll_risk::params::{AssetId, ParamsError};
use plimsoll_risk::units::Ratio;

use crate::inputs::{Inputs, Outcome, refused};

/// The value of a formula at a point; `None` of a formula that isn't here.
pub fn evaluate(formula: &str, inputs: &Inputs<'_>) -> Option<Outcome<Vec<String>>> {
    Some(match formula {
        "health_factor" => inputs.health().and_then(|health| ratio(health.factor_down())),
        "collateral_ratio" => inputs.health().and_then(|health| ratio(health.collateral_ratio_down())),
        "is_accepted" => is_accepted(inputs),
        "ramp" => ramp(inputs),
        "bonus" => bonus(inputs),
        "leverage" => leverage(inputs),
        "target_repay" => target_repay(inputs),
        "verdict" => verdict(inputs),
        "size" => sized(inputs),
        _ => return None,
    })
}

fn ratio(ratio: Option<Ratio>) -> Outcome<Vec<String>> {
    ratio.map(|ratio| vec![ratio.raw().to_string()]).ok_or_else(|| refused("there is no debt"))
}

fn is_accepted(inputs: &Inputs<'_>) -> Outcome<Vec<String>> {
    match inputs.params()?.validate() {
        Ok(()) => Ok(vec!["1".to_owned()]),
        Err(ParamsError::Splittable { .. } | ParamsError::BonusFullAt(_)) => Ok(vec!["0".to_owned()]),
        Err(error) => Err(refused(error)),
    }
}

fn ramp(inputs: &Inputs<'_>) -> Outcome<Vec<String>> {
    ratio(Some(inputs.ramp()?.at(inputs.seconds("now")?)))
}

fn bonus(inputs: &Inputs<'_>) -> Outcome<Vec<String>> {
    let paid = bonus_down(&inputs.incentive()?, &inputs.health()?, inputs.ratio("leverage")?);
    ratio(Some(paid.map_err(refused)?))
}

fn leverage(inputs: &Inputs<'_>) -> Outcome<Vec<String>> {
    let prices = ExchangePrices {
        seized_verdict: inputs.price("seized_verdict")?,
        repaid_verdict: inputs.price("repaid_verdict")?,
        seized: inputs.price("seized")?,
        repaid: inputs.price("repaid")?,
    };
    ratio(Some(prices.leverage_up().map_err(refused)?))
}

fn target_repay(inputs: &Inputs<'_>) -> Outcome<Vec<String>> {
    let health = inputs.health()?;
    let (bonus, least) = (inputs.ratio("bonus")?, inputs.ratio("bonus_min")?);
    let (target, leverage) = (inputs.ratio("target")?, inputs.ratio("leverage")?);
    let repay = target_repay_up(&health, &inputs.seized()?, &inputs.repaid()?, bonus, least, target, leverage)
        .map_err(refused)?;
    Ok(vec![repay.raw().to_string()])
}

fn verdict(inputs: &Inputs<'_>) -> Outcome<Vec<String>> {
    let health = inputs.position()?.health().map_err(refused)?;
    let sums = [health.collateral, health.adjusted_collateral, health.debt, health.weighted_debt];
    Ok(sums.map(|sum| sum.raw().to_string()).into())
}

fn sized(inputs: &Inputs<'_>) -> Outcome<Vec<String>> {
    let terms = LiquidationTerms { target_health_factor: inputs.ratio("target")?, dust_value: inputs.value("dust")? };
    let limits = Limits::offered(inputs.amount("offered")?);
    let (held, owed) = (AssetId(0), AssetId(100));
    let done = size(&inputs.position()?, held, owed, limits, &inputs.incentive()?, &terms).map_err(refused)?;
    Ok([done.repay.raw(), done.seize.raw(), done.fee.raw(), done.bonus.raw()].map(|n| n.to_string()).into())
}
