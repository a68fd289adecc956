//! The largest amount that works, found by trying it in memory.

use plimsoll_risk::units::Amount;

use crate::error::ContractError;
use crate::holder::Holder;
use crate::markets::Markets;

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
