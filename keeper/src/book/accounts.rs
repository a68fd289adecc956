//! Every account with debt: the exact records, and beside them a copy that is quick to judge. Only [`Accounts::insert`]
//! and [`Accounts::remove`] change one, and both change the other with it.

use std::collections::BTreeMap;
use std::ops::Index;
use std::sync::atomic::{AtomicU64, Ordering};

use indexmap::IndexMap;
use plimsoll_risk::account::Account;
use plimsoll_risk::params::AssetId;
use plimsoll_schema::pool::AccountKey;

use crate::book::columns::Columns;

/// The revision that the next change to any book's accounts gets. No two changes in a process get the same one.
static NEXT_REVISION: AtomicU64 = AtomicU64::new(1);

/// The accounts of a book. They stand in rows, in no order that means anything: a row that is removed is filled with
/// the last one.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    rows: IndexMap<AccountKey, Account>,
    columns: Columns,
    revision: u64,
    /// By asset, the sum of all scaled debts, modulo 2¹²⁸: so it is exact after any changes, whatever stood in a record
    /// meanwhile.
    scaled_debts: BTreeMap<AssetId, u128>,
}

impl Accounts {
    /// A set without accounts.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many accounts there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no accounts.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The record of this account.
    pub fn get(&self, key: &AccountKey) -> Option<&Account> {
        self.rows.get(key)
    }

    /// Whether this account is there.
    pub fn contains_key(&self, key: &AccountKey) -> bool {
        self.rows.contains_key(key)
    }

    /// The account in this row.
    pub fn at(&self, row: usize) -> Option<(&AccountKey, &Account)> {
        self.rows.get_index(row)
    }

    /// The row of this account, until the next change.
    pub fn row(&self, key: &AccountKey) -> Option<usize> {
        self.rows.get_index_of(key)
    }

    /// Puts an account in place of what was there, and answers what that was.
    pub fn insert(&mut self, key: AccountKey, account: Account) -> Option<Account> {
        let row = self.rows.get_index_of(&key).unwrap_or(self.rows.len());
        self.revise();
        self.columns.put(row, &account);
        self.count_debts(&account, u128::wrapping_add);
        let before = self.rows.insert(key, account);
        if let Some(before) = &before {
            self.count_debts(before, u128::wrapping_sub);
        }
        before
    }

    /// Removes an account, and answers what it was.
    pub fn remove(&mut self, key: &AccountKey) -> Option<Account> {
        let (row, _, account) = self.rows.swap_remove_full(key)?;
        self.columns.swap_remove(row);
        self.revise();
        self.count_debts(&account, u128::wrapping_sub);
        Some(account)
    }

    /// The sum of what all accounts owe of this asset, as scaled debt. Kept with each change, so that it costs nothing
    /// to ask.
    pub fn scaled_debt(&self, asset: AssetId) -> u128 {
        self.scaled_debts.get(&asset).copied().unwrap_or_default()
    }

    fn count_debts(&mut self, account: &Account, count: fn(u128, u128) -> u128) {
        for debt in &account.debts {
            let sum = self.scaled_debts.entry(debt.asset).or_default();
            *sum = count(*sum, debt.scaled.raw());
        }
    }

    /// A number that two sets of accounts have in common only if one is an unchanged copy of the other, or both are
    /// empty: while it stays, each account stays in its row.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    fn revise(&mut self) {
        self.revision = NEXT_REVISION.fetch_add(1, Ordering::Relaxed);
    }

    /// Removes all accounts.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The accounts with their keys, row by row.
    pub fn iter(&self) -> indexmap::map::Iter<'_, AccountKey, Account> {
        self.rows.iter()
    }

    /// The keys, row by row.
    pub fn keys(&self) -> indexmap::map::Keys<'_, AccountKey, Account> {
        self.rows.keys()
    }

    /// The accounts, row by row.
    pub fn values(&self) -> indexmap::map::Values<'_, AccountKey, Account> {
        self.rows.values()
    }

    /// The copy that is quick to judge; its rows are these rows.
    pub const fn columns(&self) -> &Columns {
        &self.columns
    }
}

/// Two sets are equal when they have the same accounts, in whatever rows.
impl PartialEq for Accounts {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows
    }
}

impl Eq for Accounts {}

impl Index<&AccountKey> for Accounts {
    type Output = Account;

    fn index(&self, key: &AccountKey) -> &Account {
        &self.rows[key]
    }
}

impl<'a> IntoIterator for &'a Accounts {
    type Item = (&'a AccountKey, &'a Account);
    type IntoIter = indexmap::map::Iter<'a, AccountKey, Account>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.iter()
    }
}

impl Extend<(AccountKey, Account)> for Accounts {
    fn extend<I: IntoIterator<Item = (AccountKey, Account)>>(&mut self, accounts: I) {
        for (key, account) in accounts {
            self.insert(key, account);
        }
    }
}

impl FromIterator<(AccountKey, Account)> for Accounts {
    fn from_iter<I: IntoIterator<Item = (AccountKey, Account)>>(accounts: I) -> Self {
        let mut all = Self::default();
        all.extend(accounts);
        all
    }
}
