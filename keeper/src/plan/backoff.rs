//! Accounts that failed a moment ago, or would have, are left alone for a while, twice as long each time; until what they failed on has changed.
//! Pure.
//!
//! Anybody may deposit into another's account or repay for it. What a stranger does for a base unit must not bring an account back at each block: a
//! deposit alone doesn't, and whatever else changes a record does once in [`COOLDOWN_BLOCKS`] blocks.

use std::collections::BTreeMap;

use plimsoll_risk::account::Account;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::Ratio;
use plimsoll_schema::pool::AccountKey;

use crate::book::Book;
use crate::plan::Skip;
use crate::plan::evidence::{Counted, Evidence, price_moved, record_changed};

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

impl Backoff {
    /// Leaves an account alone that failed in this block. What failed because it or its price changed after it was `sent` is planned anew at once, a
    /// few times.
    pub fn back_off(&mut self, key: AccountKey, height: u64, book: &Book, sent: Option<&Evidence>) {
        self.hold(key, height, book, Skip::Cooldown, sent);
    }

    /// Leaves an account alone that would fail in this block. Where the plan was `old` that is forgiven once, for all keys at this block; one that fails
    /// again is left alone, however late blocks' work always is.
    pub fn back_off_simulated(&mut self, key: AccountKey, height: u64, book: &Book, old: bool) {
        if !old || !self.is_forgiven(&key, height) {
            self.hold(key, height, book, Skip::WouldFail, None);
        }
    }

    fn is_forgiven(&mut self, key: &AccountKey, height: u64) -> bool {
        self.forgiven.retain(|_, at| at.saturating_add(FORGIVEN_FOR_BLOCKS) > height);
        *self.forgiven.entry(key.clone()).or_insert(height) == height
    }

    fn hold(&mut self, key: AccountKey, height: u64, book: &Book, why: Skip, sent: Option<&Evidence>) {
        let account = book.accounts.get(&key).cloned();
        let prices: Vec<_> = account.iter().flat_map(Account::assets).map(|id| (id, Counted::at(book, id))).collect();
        let before = self.entries.get(&key);
        let times = before.map_or(0, |entry| entry.times);
        let lifted = before.and_then(|entry| entry.lifted);
        let changes = before.map_or(0, |entry| entry.changes);
        // Whoever changes their account each time a transaction is on its way pays for that each time: it is not for them to make the wait much longer.
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
            if entry.prices.iter().any(|(id, then)| price_moved(*then, Counted::at(book, *id), by)) {
                entry.until = height;
            }
            let lately = entry.lifted.is_some_and(|lifted| height < lifted.saturating_add(COOLDOWN_BLOCKS));
            if !lately && record_changed(entry.account.as_ref(), book.accounts.get(key), by) {
                entry.until = height;
                entry.lifted = Some(height);
            }
        }
    }

    /// Those that are left alone at this block, and why.
    pub fn at(&self, height: u64) -> BTreeMap<AccountKey, Skip> {
        let held = self.entries.iter().filter(|(_, entry)| entry.until > height);
        held.map(|(key, entry)| (key.clone(), entry.why)).collect()
    }
}
