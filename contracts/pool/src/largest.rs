//! The largest amount that works, found by trying it in memory.

use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::AmountOrMax;

use crate::error::ContractError;
use crate::holder::Holder;
use crate::markets::Markets;

/// The amount that is named, or else the most, which is asked for then. Errors when that is nothing: nothing can be `done`.
pub fn named_or_most(
    markets: &mut Markets,
    id: AssetId,
    amount: AmountOrMax,
    done: &'static str,
    most: impl FnOnce(&mut Markets) -> Result<Amount, ContractError>,
) -> Result<Amount, ContractError> {
    match amount {
        AmountOrMax::Amount(amount) => Ok(amount),
        AmountOrMax::Max => match most(markets)? {
            Amount::ZERO => Err(ContractError::MaxIsZero { done, denom: markets.denom(id)? }),
            most => Ok(most),
        },
    }
}

/// Runs a change on a copy, and answers with the copy.
pub fn attempt<T>(
    markets: &Markets,
    holder: &Holder,
    change: impl Fn(&mut Markets, &mut Holder) -> Result<T, ContractError>,
) -> Result<(Markets, Holder), ContractError> {
    let mut markets = markets.clone();
    let mut holder = holder.clone();
    change(&mut markets, &mut holder)?;
    Ok((markets, holder))
}

/// The largest amount up to `most` that works, found by halving; 0 when none does. What works for an amount works for
/// less.
pub fn largest(most: Amount, works: impl Fn(Amount) -> bool) -> Amount {
    if works(most) {
        return most;
    }
    let mut good = 0;
    let mut bad = most.raw();
    while let Some(half) = bad.checked_sub(good).and_then(|gap| gap.checked_div(2)).filter(|half| *half > 0) {
        let middle = good.saturating_add(half);
        if works(Amount::new(middle)) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Amount::new(good)
}
