//! Accounts that failed a moment ago are left alone for a while, twice as long each time; until what they failed on has changed. Pure.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_risk::account::Account;
use plimsoll_risk::math::{ONE, mul_div_down_128};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Price, Ratio};
use plimsoll_schema::pool::AccountKey;

use crate::book::Book;

/// For how many blocks an account is left alone the first time.
pub(super) const COOLDOWN: u64 = 10;
/// How often that is doubled.
const DOUBLED_MAX: u32 = 6;
/// After so many blocks without another failure an account's failures are forgotten.
const FORGOTTEN: u64 = 5_000;

/// So often an account may fail because a price moved on the way, and be tried again at once.
const MOVED_MAX: u32 = 3;

/// Prices as they were when something was decided.
pub(super) type Seen = BTreeMap<AssetId, Option<Price>>;

/// The book's prices.
pub(super) fn seen(book: &Book) -> Seen {
    book.assets.keys().map(|id| (*id, price(book, *id))).collect()
}

/// The accounts, each with what it failed on.
#[derive(Debug, Default)]
pub(super) struct Cooling(BTreeMap<AccountKey, Entry>);

#[derive(Debug)]
struct Entry {
    until: u64,
    times: u32,
    account: Option<Account>,
    prices: Vec<(AssetId, Option<Price>)>,
}

impl Cooling {
    /// Leaves an account alone from this block on. What failed because its price moved after it was `sent` is planned anew at once, a few
    /// times.
    pub fn cool(&mut self, key: AccountKey, height: u64, book: &Book, sent: Option<&Seen>) {
        let account = book.accounts.get(&key).cloned();
        let prices: Vec<_> = account.iter().flat_map(assets).map(|id| (id, price(book, id))).collect();
        let times = self.0.get(&key).map_or(0, |entry| entry.times);
        let moved = sent.is_some_and(|sent| prices.iter().any(|(id, now)| sent.get(id) != Some(now)));
        let blocks = if moved && times < MOVED_MAX { 0 } else { COOLDOWN << times.min(DOUBLED_MAX) };
        let until = height.saturating_add(blocks);
        self.0.insert(key, Entry { until, times: times.saturating_add(1), account, prices });
    }

    /// What worked is not held against it any more.
    pub fn forget(&mut self, key: &AccountKey) {
        self.0.remove(key);
    }

    /// Ends the waiting of those that have waited, whose record isn't what it was, or one of whose prices has moved by more than `by`.
    pub fn lift(&mut self, height: u64, book: &Book, by: Ratio) {
        self.0.retain(|_, entry| height < entry.until.saturating_add(FORGOTTEN));
        for (key, entry) in self.0.iter_mut().filter(|(_, entry)| entry.until > height) {
            let same = book.accounts.get(key) == entry.account.as_ref();
            if !same || entry.prices.iter().any(|(id, then)| moved(*then, price(book, *id), by)) {
                entry.until = height;
            }
        }
    }

    /// Those that are left alone at this block.
    pub fn at(&self, height: u64) -> BTreeSet<AccountKey> {
        self.0.iter().filter(|(_, entry)| entry.until > height).map(|(key, _)| key.clone()).collect()
    }
}

fn assets(account: &Account) -> impl Iterator<Item = AssetId> + use<'_> {
    account.collaterals.iter().map(|slot| slot.asset).chain(account.debts.iter().map(|slot| slot.asset))
}

fn price(book: &Book, id: AssetId) -> Option<Price> {
    book.assets.get(&id)?.record.as_ref().map(|record| record.price)
}

fn moved(then: Option<Price>, now: Option<Price>, by: Ratio) -> bool {
    let (Some(then), Some(now)) = (then, now) else { return then != now };
    mul_div_down_128(then.raw(), by.raw(), ONE).is_ok_and(|bound| then.raw().abs_diff(now.raw()) > bound)
}
