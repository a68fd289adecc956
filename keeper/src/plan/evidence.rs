//! What a decision rested on, and whether that has changed by so much that it matters. Pure.

use std::collections::BTreeMap;

use plimsoll_risk::account::{Account, Collateral, Debt};
use plimsoll_risk::mark::{MarkPrice, SharedValues};
use plimsoll_risk::math::{ONE, mul_div_down_128};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Price, Ratio};
use plimsoll_schema::pool::AccountKey;

use crate::book::Book;
use crate::plan::Action;

/// By how much a price, a debt or a deposit has to be another for that to have mattered.
const CHANGE_TOLERANCE: Ratio = Ratio::bps(5);

/// Whether a number is another by more than this margin of what it was.
pub(super) fn changed_by(then: u128, now: u128, margin: Ratio) -> bool {
    then.abs_diff(now) > mul_div_down_128(then, margin.raw(), ONE).unwrap_or(u128::MAX)
}

/// What a token counts at in liquidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    collateral: Price,
    debt: Price,
}

impl Counted {
    /// What a token with this price counts at.
    pub fn of(mark: &MarkPrice) -> Self {
        let none = SharedValues::default();
        Self { collateral: mark.collateral_down(&none), debt: mark.debt_up(&none) }
    }

    /// What this asset counts at, at the book's block; `None` where no price is known.
    pub fn at(book: &Book, id: AssetId) -> Option<Self> {
        let mark = book.prices.price(&book.assets.get(&id)?.params.denom, book.head.time);
        (!mark.records().is_empty()).then(|| Self::of(&mark))
    }

    /// Whether one of both is another by more than this margin.
    pub fn changed_by(&self, now: &Self, margin: Ratio) -> bool {
        changed_by(self.collateral.raw(), now.collateral.raw(), margin)
            || changed_by(self.debt.raw(), now.debt.raw(), margin)
    }
}

/// Whether a price is another by more than this margin; known and unknown are.
fn price_moved(then: Option<Counted>, now: Option<Counted>, margin: Ratio) -> bool {
    match (then, now) {
        (Some(then), Some(now)) => then.changed_by(&now, margin),
        _ => then != now,
    }
}

/// Whether a record is another for more than what anybody may add to it: a deposit has shrunk or counts otherwise, a
/// debt is another.
fn record_changed(then: Option<&Account>, now: Option<&Account>, margin: Ratio) -> bool {
    let (Some(then), Some(now)) = (then, now) else { return then != now };
    let deposit = |slot: &Collateral| {
        let after = now.collaterals.iter().find(|after| after.asset == slot.asset);
        let shrunk = |after: &Collateral| {
            after.shares < slot.shares && changed_by(slot.shares.raw(), after.shares.raw(), margin)
        };
        after.is_none_or(|after| after.enabled != slot.enabled || shrunk(after))
    };
    let debt = |slot: &Debt| {
        let after = now.debts.iter().find(|after| after.asset == slot.asset);
        after.is_none_or(|after| changed_by(slot.scaled.raw(), after.scaled.raw(), margin))
    };
    let new = |slot: &Debt| then.debts.iter().all(|before| before.asset != slot.asset);
    (then.category, then.settings) != (now.category, now.settings)
        || then.collaterals.iter().any(deposit)
        || then.debts.iter().any(debt)
        || now.debts.iter().any(new)
}

/// What one account failed on: its record, and the prices of its assets.
#[derive(Debug)]
pub(super) struct AccountEvidence {
    account: Option<Account>,
    prices: Vec<(AssetId, Option<Counted>)>,
}

impl AccountEvidence {
    /// The account's record and prices as the book has them.
    pub fn of(key: &AccountKey, book: &Book) -> Self {
        let account = book.accounts.get(key).cloned();
        let prices = account.iter().flat_map(Account::assets).map(|id| (id, Counted::at(book, id))).collect();
        Self { account, prices }
    }

    /// Whether one of the prices is another by more than this margin.
    pub fn has_price_moved(&self, book: &Book, margin: Ratio) -> bool {
        self.prices.iter().any(|(id, then)| price_moved(*then, Counted::at(book, *id), margin))
    }

    /// Whether the record is another by more than this margin. What anybody may add to it doesn't count.
    pub fn has_record_changed(&self, key: &AccountKey, book: &Book, margin: Ratio) -> bool {
        record_changed(self.account.as_ref(), book.accounts.get(key), margin)
    }
}

/// Prices and the records of the accounts that it was about, as they were when something was decided.
#[derive(Clone, Debug)]
pub struct Evidence {
    prices: BTreeMap<AssetId, Option<Counted>>,
    accounts: BTreeMap<AccountKey, Account>,
}

impl Evidence {
    /// Records and prices as the book has them, but for the prices that these actions publish themselves.
    pub fn of(book: &Book, actions: &[Action]) -> Self {
        let record = |key: &AccountKey| Some((key.clone(), book.accounts.get(key)?.clone()));
        let publishes = |denom: &str| {
            actions
                .iter()
                .any(|action| matches!(action, Action::Liquidate(deal) if deal.publish.iter().any(|own| own == denom)))
        };
        let others = book.assets.iter().filter(|(_, asset)| !publishes(&asset.params.denom));
        Self {
            prices: others.map(|(id, _)| (*id, Counted::at(book, *id))).collect(),
            accounts: actions.iter().map(Action::account).filter_map(record).collect(),
        }
    }

    /// Whether this account, or one of its prices, has changed by what may matter. What anybody may add to it doesn't.
    pub fn is_past(&self, key: &AccountKey, book: &Book) -> bool {
        let now = book.accounts.get(key);
        let has_moved =
            |id| self.prices.get(&id).is_some_and(|then| price_moved(*then, Counted::at(book, id), CHANGE_TOLERANCE));
        self.accounts.get(key).is_some_and(|then| record_changed(Some(then), now, CHANGE_TOLERANCE))
            || now.is_some_and(|now| now.assets().any(has_moved))
    }
}
