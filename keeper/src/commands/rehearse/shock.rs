//! What if prices moved: the book and the pairs as they would be then. Pure.
//!
//! A shock changes the published record of a denom as if the new price had been observed at the book's block and the
//! settled price had followed all the way, which takes it steps. Where a denom is quoted in another, its record is a
//! rate: it moves with the other's price by itself, and a shock of its own comes on top. Pairs are moved as others'
//! trades would move them: along their constant product, until their price has changed as much as the oracle's.

use std::collections::BTreeMap;
use std::str::FromStr;

use cosmwasm_std::{Decimal, Isqrt, Uint256, Uint512};
use plimsoll_risk::loss::is_bad_debt;
use plimsoll_risk::price::PriceBand;
use plimsoll_risk::units::{Amount, Ratio, Value};

use crate::book::Book;
use crate::dex::{DexSnapshot, Pair};
use crate::error::{Error, Result};
use crate::plan::Deal;
use crate::scan::Scan;

/// The highest price after a shock, in parts of the one before: a shock of +900 %.
const FACTOR_MAX: Decimal = Decimal::percent(1_000);

/// The price of a denom moves by this factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shock {
    /// Which.
    pub denom: String,
    /// What its price is multiplied with, above 0.
    pub factor: Ratio,
}

impl FromStr for Shock {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || {
            format!(
                "'{text}' is not a shock like uatom=-30% or uatom=+12.5%; a price falls by less than 100 % and rises by 900 % at most"
            )
        };
        let (denom, change) = text.rsplit_once('=').ok_or_else(wrong)?;
        let change = change.strip_suffix('%').ok_or_else(wrong)?;
        let (falls, digits) = match change.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, change.strip_prefix('+').unwrap_or(change)),
        };
        let percent: Decimal = digits.parse().map_err(|_| wrong())?;
        let share = percent / Decimal::percent(10_000);
        let one = Decimal::one();
        let factor = if falls { one.checked_sub(share).ok() } else { one.checked_add(share).ok() };
        let factor = factor.filter(|factor| !factor.is_zero() && *factor <= FACTOR_MAX).ok_or_else(wrong)?;
        if denom.is_empty() {
            return Err(wrong());
        }
        Ok(Self { denom: denom.to_owned(), factor: Ratio::new(factor.atomics().u128()) })
    }
}

/// The book after these shocks. Errors when a denom is not listed, has no price, or is named twice.
pub fn shocked(book: &Book, shocks: &[Shock]) -> Result<Book> {
    let mut book = book.clone();
    let now = book.head.time;
    for (at, shock) in shocks.iter().enumerate() {
        if shocks.iter().take(at).any(|before| before.denom == shock.denom) {
            return Err(Error::Config(format!("--shock names {} twice", shock.denom)));
        }
        let listed: Vec<String> = book.assets.values().map(|asset| asset.params.denom.clone()).collect();
        let unknown = || {
            Error::Config(format!(
                "--shock {}: the pool lists no such denom; it lists {}",
                shock.denom,
                listed.join(", ")
            ))
        };
        book.asset_of(&shock.denom).ok_or_else(unknown)?;
        let record = book.prices.records.get_mut(&shock.denom);
        let record = record.filter(|record| record.was_observed()).ok_or_else(|| {
            Error::DoesNotHold(format!(
                "--shock {}: the oracle has published no price of it that could move",
                shock.denom
            ))
        })?;
        let moved =
            |band: PriceBand| PriceBand::between(band.low.share_down(shock.factor), band.high.share_up(shock.factor));
        let settled = record.settled_at(now).share_down(shock.factor);
        let raw = moved(record.raw);
        record.settled = settled.clamp(raw.low, raw.high);
        record.extremes = moved(record.extremes);
        record.raw = raw;
        record.anchored_at = now;
        record.timestamp = now;
        record.awaiting = false;
        record.beyond_since = 0;
    }
    Ok(book)
}

/// The debt that lenders bear when this liquidation leaves the account with nothing: the pool writes it off at once.
/// `None` where the account goes on.
pub fn left_over(book: &Book, scan: &Scan, deal: &Deal) -> Option<Value> {
    let account = book.accounts.get(&deal.key)?;
    let debt = book.asset_of(&deal.sent.denom)?;
    let collateral = book.asset_of(&deal.collateral_denom)?;
    let mut position = scan.assets.position(account).ok()?;
    for line in position.debts.iter_mut().filter(|line| line.asset == debt) {
        line.amount = line.amount.saturating_sub(deal.expected.repay);
    }
    for line in position.collaterals.iter_mut().filter(|line| line.asset == collateral) {
        line.amount = line.amount.saturating_sub(deal.expected.seize);
    }
    position.debts.retain(|line| !line.amount.is_zero());
    position.collaterals.retain(|line| !line.amount.is_zero());
    let bad = is_bad_debt(&position, book.terms.dust_value).ok()?;
    bad.then(|| position.health().ok()).flatten().map(|health| health.debt)
}

/// The pairs after these shocks.
pub fn moved(dex: &DexSnapshot, shocks: &[Shock]) -> DexSnapshot {
    let factors: BTreeMap<&str, Ratio> = shocks.iter().map(|shock| (shock.denom.as_str(), shock.factor)).collect();
    let factor = |denom: &str| factors.get(denom).copied().unwrap_or(Ratio::ONE);
    let pair = |pair: &Pair| {
        let [first, second] = [factor(&pair.denoms[0]), factor(&pair.denoms[1])];
        let reserves = [scaled_down(pair.reserves[0], second, first), scaled_down(pair.reserves[1], first, second)];
        Pair { reserves, ..pair.clone() }
    };
    DexSnapshot { liquidator: dex.liquidator.clone(), pairs: dex.pairs.iter().map(pair).collect() }
}

/// `amount × √(up / down)`, rounded down; the amount itself where that doesn't fit.
fn scaled_down(amount: Amount, up: Ratio, down: Ratio) -> Amount {
    if up == down {
        return amount;
    }
    let square = Uint256::from(amount.raw()).checked_mul(Uint256::from(amount.raw())).unwrap_or_default();
    let square = Uint512::from(square).checked_mul(Uint512::from(up.raw())).unwrap_or_default();
    let root = square.checked_div(Uint512::from(down.raw())).unwrap_or_default().isqrt();
    root.to_string().parse().map_or(amount, Amount::new)
}
