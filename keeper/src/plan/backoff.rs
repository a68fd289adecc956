//! Accounts that failed a moment ago, or would have, are left alone for a while, twice as long each time; until what they failed on has changed.
//! Pure.
//!
//! Anybody may deposit into another's account or repay for it. What a stranger does for a base unit must not bring an account back at each block: a
//! deposit alone doesn't, and whatever else changes a record does once in [`COOLDOWN_BLOCKS`] blocks.

use std::collections::BTreeMap;

use plimsoll_risk::account::{Account, Collateral, Debt};
use plimsoll_risk::mark::SharedValues;
use plimsoll_risk::math::{ONE, mul_div_down_128};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Price, Ratio};
use plimsoll_schema::pool::AccountKey;

use crate::book::Book;
use crate::plan::{Action, Skip};

/// For how many blocks an account is left alone the first time.
pub const COOLDOWN_BLOCKS: u64 = 10;
/// How often that is doubled.
const DOUBLINGS_MAX: u32 = 6;
/// After so many blocks without another failure an account's failures are forgotten.
const FORGET_AFTER_BLOCKS: u64 = 5_000;

/// So often in a row an account may fail because it or a price changed on the way, and be tried again at once.
const CHANGES_IN_ROW_MAX: u32 = 3;
/// How often the wait after that is doubled.
const DOUBLINGS_WHEN_CHANGED_MAX: u32 = 2;
/// For so many blocks it is remembered that a failure was held against the plan's age.
const FORGIVEN_FOR_BLOCKS: u64 = 20;
/// By how much a price, a debt or a deposit has to be another for that to have mattered.
const CHANGE_TOLERANCE: Ratio = Ratio::bps(5);

/// Prices and the records of the accounts that it was about, as they were when something was decided.
#[derive(Clone, Debug)]
pub struct Evidence {
    prices: BTreeMap<AssetId, Option<Counted>>,
    accounts: BTreeMap<AccountKey, Account>,
}

impl Evidence {
    /// As the book has them, but for the prices that these actions publish themselves.
    pub fn of(book: &Book, actions: &[Action]) -> Self {
        let record = |key: &AccountKey| Some((key.clone(), book.accounts.get(key)?.clone()));
        let publishes = |denom: &str| {
            actions
                .iter()
                .any(|action| matches!(action, Action::Liquidate(deal) if deal.publish.iter().any(|own| own == denom)))
        };
        let others = book.assets.iter().filter(|(_, asset)| !publishes(&asset.params.denom));
        Self {
            prices: others.map(|(id, _)| (*id, price(book, *id))).collect(),
            accounts: actions.iter().map(Action::account).filter_map(record).collect(),
        }
    }

    /// Whether this account, or one of its prices, has changed by what may matter. What anybody may add to it doesn't.
    pub fn is_past(&self, key: &AccountKey, book: &Book) -> bool {
        let now = book.accounts.get(key);
        let price_moved = |id| self.prices.get(&id).is_some_and(|then| moved(*then, price(book, id), CHANGE_TOLERANCE));
        self.accounts.get(key).is_some_and(|then| changed(Some(then), now, CHANGE_TOLERANCE))
            || now.is_some_and(|now| now.assets().any(price_moved))
    }
}

/// The accounts, each with what it failed on.
#[derive(Debug, Default)]
pub struct Backoff {
    entries: BTreeMap<AccountKey, Entry>,
    /// What failed in simulation when the plan was old, and at which block.
    forgiven: BTreeMap<AccountKey, u64>,
}

#[derive(Debug)]
struct Entry {
    why: Skip,
    until: u64,
    times: u32,
    /// How often in a row it changed on the way.
    changes: u32,
    /// When its record last ended its waiting.
    lifted: Option<u64>,
    account: Option<Account>,
    prices: Vec<(AssetId, Option<Counted>)>,
}

/// What a token counts at in liquidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counted {
    collateral: Price,
    debt: Price,
}

impl Backoff {
    /// Leaves an account alone that failed in this block. What failed because it or its price changed after it was `sent` is planned anew at once, a
    /// few times.
    pub fn back_off(&mut self, key: AccountKey, height: u64, book: &Book, sent: Option<&Evidence>) {
        self.hold(key, height, book, (Skip::Cooldown, sent));
    }

    /// Leaves an account alone that would fail in this block. Where the plan was `old` that is forgiven once, for all keys at this block; one that fails
    /// again is left alone, however late blocks' work always is.
    pub fn back_off_simulated(&mut self, key: AccountKey, height: u64, book: &Book, old: bool) {
        if !old || !self.is_forgiven(&key, height) {
            self.hold(key, height, book, (Skip::WouldFail, None));
        }
    }

    fn is_forgiven(&mut self, key: &AccountKey, height: u64) -> bool {
        self.forgiven.retain(|_, at| at.saturating_add(FORGIVEN_FOR_BLOCKS) > height);
        *self.forgiven.entry(key.clone()).or_insert(height) == height
    }

    fn hold(&mut self, key: AccountKey, height: u64, book: &Book, (why, sent): (Skip, Option<&Evidence>)) {
        let account = book.accounts.get(&key).cloned();
        let prices: Vec<_> = account.iter().flat_map(Account::assets).map(|id| (id, price(book, id))).collect();
        let before = self.entries.get(&key);
        let (times, lifted) = before.map_or((0, None), |entry| (entry.times, entry.lifted));
        let changes = before.map_or(0, |entry| entry.changes);
        // Whoever changes his account each time a transaction is on its way pays for that each time: it is not for him to make the wait much longer.
        let (blocks, times, changes) = match sent.is_some_and(|sent| sent.is_past(&key, book)) {
            true if changes < CHANGES_IN_ROW_MAX => (0, times, changes.saturating_add(1)),
            true => (COOLDOWN_BLOCKS << times.min(DOUBLINGS_WHEN_CHANGED_MAX), times.saturating_add(1), 0),
            false => (COOLDOWN_BLOCKS << times.min(DOUBLINGS_MAX), times.saturating_add(1), 0),
        };
        let until = height.saturating_add(blocks);
        self.entries.insert(key, Entry { why, until, times, changes, lifted, account, prices });
    }

    /// What worked is not held against it any more.
    pub fn forget(&mut self, key: &AccountKey) {
        self.entries.remove(key);
    }

    /// Ends the waiting of those that have waited, and of those one of whose prices, or whose record, has changed by more than `by`.
    pub fn expire(&mut self, height: u64, book: &Book, by: Ratio) {
        self.entries.retain(|_, entry| height < entry.until.saturating_add(FORGET_AFTER_BLOCKS));
        for (key, entry) in self.entries.iter_mut().filter(|(_, entry)| entry.until > height) {
            if entry.prices.iter().any(|(id, then)| moved(*then, price(book, *id), by)) {
                entry.until = height;
            }
            let lately = entry.lifted.is_some_and(|lifted| height < lifted.saturating_add(COOLDOWN_BLOCKS));
            if !lately && changed(entry.account.as_ref(), book.accounts.get(key), by) {
                (entry.until, entry.lifted) = (height, Some(height));
            }
        }
    }

    /// Those that are left alone at this block, and why.
    pub fn at(&self, height: u64) -> BTreeMap<AccountKey, Skip> {
        let held = self.entries.iter().filter(|(_, entry)| entry.until > height);
        held.map(|(key, entry)| (key.clone(), entry.why)).collect()
    }
}

/// What a collateral and a debt count at in liquidation at the book's block; `None` where nothing is known.
fn price(book: &Book, id: AssetId) -> Option<Counted> {
    let mark = book.prices.price(&book.assets.get(&id)?.params.denom, book.head.time);
    let none = SharedValues::default();
    (!mark.records().is_empty()).then(|| Counted { collateral: mark.collateral_down(&none), debt: mark.debt_up(&none) })
}

fn moved(then: Option<Counted>, now: Option<Counted>, by: Ratio) -> bool {
    let (Some(then), Some(now)) = (then, now) else { return then != now };
    differs(then.collateral.raw(), now.collateral.raw(), by) || differs(then.debt.raw(), now.debt.raw(), by)
}

/// Whether a record is another for more than what anybody may add to it: a deposit has shrunk or counts otherwise, a debt is another.
fn changed(then: Option<&Account>, now: Option<&Account>, by: Ratio) -> bool {
    let (Some(then), Some(now)) = (then, now) else { return then != now };
    let deposit = |slot: &Collateral| {
        let after = now.collaterals.iter().find(|after| after.asset == slot.asset);
        let shrunk =
            |after: &Collateral| after.shares < slot.shares && differs(slot.shares.raw(), after.shares.raw(), by);
        after.is_none_or(|after| after.enabled != slot.enabled || shrunk(after))
    };
    let debt = |slot: &Debt| {
        let after = now.debts.iter().find(|after| after.asset == slot.asset);
        after.is_none_or(|after| differs(slot.scaled.raw(), after.scaled.raw(), by))
    };
    let new = |slot: &Debt| then.debts.iter().all(|before| before.asset != slot.asset);
    (then.category, then.settings) != (now.category, now.settings)
        || then.collaterals.iter().any(deposit)
        || then.debts.iter().any(debt)
        || now.debts.iter().any(new)
}

fn differs(then: u128, now: u128, by: Ratio) -> bool {
    mul_div_down_128(then, by.raw(), ONE).is_ok_and(|bound| then.abs_diff(now) > bound)
}
