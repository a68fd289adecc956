//! Formulas of values, prices, shares and interest.

use plimsoll_risk::heartbeat::Heartbeat;
use plimsoll_risk::interest::compound_up;
use plimsoll_risk::mark::RecordMark;
use plimsoll_risk::math::MathError;
use plimsoll_risk::price::Observation;
use plimsoll_risk::shares::{to_amount_down, to_shares_down, to_shares_up};
use plimsoll_risk::units::{Amount, Index, Price, Rate, ScaledDebt, SupplyShares, Value};

use crate::inputs::{Inputs, Outcome, refused};

/// The value of a formula at a point; `None` of a formula that isn't here.
pub fn evaluate(formula: &str, inputs: &Inputs<'_>) -> Option<Outcome<Vec<String>>> {
    Some(match formula {
        "collateral_value" => worth(inputs, Amount::value_down),
        "debt_value" => worth(inputs, Amount::value_up),
        "adjusted_collateral" => adjusted_collateral(inputs),
        "settled_step" => settled_step(inputs),
        "beyond_since" => beyond_since(inputs),
        "counted" => counted(inputs),
        "shares_down" => shares(inputs, to_shares_down),
        "shares_up" => shares(inputs, to_shares_up),
        "worth_down" => worth_down(inputs),
        "compound" => compound(inputs),
        _ => return None,
    })
}

fn one(raw: impl ToString) -> Vec<String> {
    vec![raw.to_string()]
}

fn worth(inputs: &Inputs<'_>, convert: fn(Amount, Price, u8) -> Result<Value, MathError>) -> Outcome<Vec<String>> {
    let (amount, price) = (inputs.amount("amount")?, inputs.price("price")?);
    let value = convert(amount, price, inputs.decimals("decimals")?).map_err(refused)?;
    Ok(one(value.raw()))
}

fn adjusted_collateral(inputs: &Inputs<'_>) -> Outcome<Vec<String>> {
    let carried = inputs.value("value")?.share_down(inputs.ratio("threshold")?).map_err(refused)?;
    Ok(one(carried.raw()))
}

/// The record's next step ends 100 seconds after its anchor.
fn settled_step(inputs: &Inputs<'_>) -> Outcome<Vec<String>> {
    Ok(one(inputs.price_record()?.settled_at(1_100).raw()))
}

/// Since when observations are beyond a bound, after one more.
fn beyond_since(inputs: &Inputs<'_>) -> Outcome<Vec<String>> {
    let mut record = inputs.price_record()?;
    let now = inputs.seconds("now")?;
    let seen = Observation { raw: record.raw, extremes: record.raw, time: now };
    record.raw = inputs.band("low_before", "high_before")?;
    record.beyond_since = inputs.seconds("since")?;
    record.observe(&seen, now, 0);
    Ok(one(record.beyond_since))
}

/// What the record counts at, before its settled price moves.
fn counted(inputs: &Inputs<'_>) -> Outcome<Vec<String>> {
    let mut record = inputs.price_record()?;
    let mut now = record.timestamp;
    if inputs.flag("is_silent")? {
        now = 2_001;
        record.anchored_at = now;
    }
    let counted = RecordMark::of("uatom", &record, &Heartbeat::start(0, 0), now).settled;
    Ok(vec![counted.low.raw().to_string(), counted.high.raw().to_string()])
}

fn shares(
    inputs: &Inputs<'_>,
    convert: fn(Amount, Amount, SupplyShares) -> Result<SupplyShares, MathError>,
) -> Outcome<Vec<String>> {
    let total = SupplyShares::new(inputs.raw("shares")?);
    let converted = convert(inputs.amount("amount")?, inputs.amount("supply")?, total).map_err(refused)?;
    Ok(one(converted.raw()))
}

fn worth_down(inputs: &Inputs<'_>) -> Outcome<Vec<String>> {
    let (held, total) = (SupplyShares::new(inputs.raw("held")?), SupplyShares::new(inputs.raw("shares")?));
    Ok(one(to_amount_down(held, inputs.amount("supply")?, total).map_err(refused)?.raw()))
}

fn compound(inputs: &Inputs<'_>) -> Outcome<Vec<String>> {
    let (index, rate) = (Index::new(inputs.raw("index")?), Rate::new(inputs.raw("rate")?));
    Ok(one(compound_up(index, rate, inputs.seconds("seconds")?, ScaledDebt::ZERO, Amount::MAX).raw()))
}
