//! Judges the whole book. Pure: the same formulas as the contract, at the time asked for, by what is published.
//!
//! [`verdict`] is the exact judgement, by `risk`. In front of it stands [`filter`], which is proven never to say
//! otherwise and leaves to it what is close. A scan says which accounts are below health factor 1 or bad debt; their
//! numbers are computed, exactly, for those that are asked for. In the grace after a halt of the oracle those below 1
//! are judged exactly as well: the ones whose collateral suffices are spared, and nothing is done about them.

pub mod filter;
pub mod verdict;

use std::num::NonZero;
use std::ops::Range;

use plimsoll_risk::account::Account;
use plimsoll_schema::pool::AccountKey;

pub use crate::scan::verdict::{AssetTable, Verdict};

use crate::book::Book;
use crate::book::accounts::Accounts;
use crate::error::{Error, Result};
use crate::scan::filter::{Filter, FloatHealth, Rows};

/// Fewer rows than this are filtered faster by one thread.
const FILTERED_PARALLEL_FROM: usize = 50_000;
/// Fewer accounts than this are judged faster by one thread.
const JUDGED_PARALLEL_FROM: usize = 500;

/// What is true of the whole book at one time. Whatever asks for accounts takes the book along: it finds them in the
/// very accounts that were scanned, unchanged, and none in any others.
#[derive(Clone, Debug)]
pub struct Scan {
    /// The time that was judged for, in seconds.
    pub now: u64,
    /// The assets at that time.
    pub assets: AssetTable,
    /// How many accounts were judged.
    pub accounts: usize,
    /// How many of them needed 256-bit maths.
    pub exact: usize,
    /// Accounts that could not be judged, each with the reason.
    pub faults: Vec<String>,
    /// The revision of the accounts that these are the rows of.
    revision: u64,
    filter: Filter,
    /// Rows below 1, spared or not, bad debt or not.
    below: Vec<u32>,
    /// Rows below 1 that the grace after a halt spares.
    spared: Vec<u32>,
    /// Rows of bad debt, below 1 or not.
    bad: Vec<u32>,
}

/// An account that may be liquidated or written off.
#[derive(Clone, Copy, Debug)]
pub struct Actionable<'b> {
    /// The account.
    pub key: &'b AccountKey,
    /// Its record.
    pub account: &'b Account,
    /// What it has and owes, nearly exact: good for an order.
    pub health: FloatHealth,
    /// Whether what it owes can be written off.
    pub bad_debt: bool,
}

impl Scan {
    /// How many accounts are below health factor 1, spared ones included.
    pub fn below(&self) -> usize {
        self.below.len()
    }

    /// How many of them the grace after a halt spares.
    pub fn spared(&self) -> usize {
        self.spared.len()
    }

    /// How many of those nothing is to be done about: their debt isn't bad either.
    pub fn count_left_alone(&self) -> usize {
        self.spared.iter().filter(|row| self.bad.binary_search(row).is_err()).count()
    }

    /// How many accounts may be liquidated now.
    pub fn count_liquidatable(&self) -> usize {
        self.below.len().saturating_sub(self.spared.len())
    }

    /// How many accounts have debt that will never be paid and can be written off.
    pub fn bad(&self) -> usize {
        self.bad.len()
    }

    /// Whether nothing is to be done about any account.
    pub fn is_quiet(&self) -> bool {
        self.count_liquidatable() == 0 && self.bad.is_empty()
    }

    /// The accounts below health factor 1, spared or not, bad debt or not.
    pub fn keys_below<'b>(&self, book: &'b Book) -> Vec<&'b AccountKey> {
        self.keys_of(book, &self.below)
    }

    /// The accounts below health factor 1 that the grace after a halt spares.
    pub fn keys_spared<'b>(&self, book: &'b Book) -> Vec<&'b AccountKey> {
        self.keys_of(book, &self.spared)
    }

    /// The accounts of bad debt, below 1 or not.
    pub fn keys_bad<'b>(&self, book: &'b Book) -> Vec<&'b AccountKey> {
        self.keys_of(book, &self.bad)
    }

    /// The accounts that may be liquidated now.
    pub fn keys_liquidatable<'b>(&self, book: &'b Book) -> Vec<&'b AccountKey> {
        let open: Vec<u32> = self.rows_open().collect();
        self.keys_of(book, &open)
    }

    /// The verdicts on the accounts that may be liquidated, in the order of their keys.
    pub fn liquidatable(&self, book: &Book) -> Vec<Verdict> {
        let keys = self.keys_below(book).into_iter();
        let mut verdicts: Vec<Verdict> =
            keys.filter_map(|key| self.verdict(book, key)).filter(Verdict::is_liquidatable).collect();
        verdicts.sort_by(|a, b| a.key.cmp(&b.key));
        verdicts
    }

    /// The verdicts on all accounts, in the order of their keys, but for those that can't be judged.
    pub fn verdicts(&self, book: &Book) -> Vec<Verdict> {
        let mut keys: Vec<&AccountKey> = book.accounts.keys().collect();
        keys.sort_unstable();
        let judged = parallel(keys.len(), JUDGED_PARALLEL_FROM, |part| {
            keys.get(part).unwrap_or_default().iter().filter_map(|key| self.verdict(book, key)).collect::<Vec<_>>()
        });
        judged.unwrap_or_default().into_iter().flatten().collect()
    }

    /// The verdict on this account; `None` when it isn't in the book or can't be judged.
    pub fn verdict(&self, book: &Book, key: &AccountKey) -> Option<Verdict> {
        let account = book.accounts.get(key)?;
        Verdict::of(key, account, &self.assets, book.terms.dust_value).ok()
    }

    /// All accounts that may be liquidated or written off.
    pub fn actionable<'b>(&self, book: &'b Book) -> Vec<Actionable<'b>> {
        let Some(accounts) = self.accounts_of(book) else { return Vec::new() };
        let columns = accounts.columns();
        let actionable = |row: u32| {
            let (key, account) = accounts.at(row as usize)?;
            let health = self.filter.float_health(columns, row as usize);
            Some(Actionable { key, account, health, bad_debt: self.bad.binary_search(&row).is_ok() })
        };
        self.rows_actionable().filter_map(actionable).collect()
    }

    /// The accounts that may be liquidated or written off.
    pub fn keys_actionable<'b>(&self, book: &'b Book) -> Vec<&'b AccountKey> {
        let rows: Vec<u32> = self.rows_actionable().collect();
        self.keys_of(book, &rows)
    }

    /// Whether this account may be liquidated or written off.
    pub fn is_actionable(&self, book: &Book, key: &AccountKey) -> bool {
        let row = self.accounts_of(book).and_then(|accounts| accounts.row(key)).and_then(|row| u32::try_from(row).ok());
        row.is_some_and(|row| self.is_open(row) || self.bad.binary_search(&row).is_ok())
    }

    /// The same scan with none but these accounts.
    pub fn only(mut self, book: &Book, keys: &[AccountKey]) -> Self {
        let accounts = self.accounts_of(book);
        let wanted: Vec<usize> = keys.iter().filter_map(|key| accounts?.row(key)).collect();
        for rows in [&mut self.below, &mut self.spared, &mut self.bad] {
            rows.retain(|row| wanted.contains(&(*row as usize)));
        }
        self
    }

    /// The accounts of this book, if they are those that were scanned: rows mean nothing in others.
    fn accounts_of<'b>(&self, book: &'b Book) -> Option<&'b Accounts> {
        Some(&book.accounts).filter(|accounts| accounts.revision() == self.revision)
    }

    fn keys_of<'b>(&self, book: &'b Book, rows: &[u32]) -> Vec<&'b AccountKey> {
        let Some(accounts) = self.accounts_of(book) else { return Vec::new() };
        rows.iter().filter_map(|row| accounts.at(*row as usize)).map(|(key, _)| key).collect()
    }

    /// The rows that may be liquidated.
    fn rows_open(&self) -> impl Iterator<Item = u32> {
        self.below.iter().filter(|row| self.spared.binary_search(row).is_err()).copied()
    }

    fn rows_actionable(&self) -> impl Iterator<Item = u32> {
        self.rows_open().chain(self.bad.iter().filter(|row| !self.is_open(**row)).copied())
    }

    fn is_open(&self, row: u32) -> bool {
        self.below.binary_search(&row).is_ok() && self.spared.binary_search(&row).is_err()
    }
}

/// Judges every account of the book at this time.
pub fn scan(book: &Book, now: u64) -> Result<Scan> {
    let assets = AssetTable::at(book, now)?;
    let columns = book.accounts.columns();
    let filter = Filter::new(columns, &assets, book.terms.dust_value);
    let accounts = columns.len();
    if u32::try_from(accounts).is_err() {
        return Err(Error::garbage("the book", format!("{accounts} accounts")));
    }
    let mut rows = Rows::default();
    parallel(accounts, FILTERED_PARALLEL_FROM, |part| filter.judge(columns, part))?
        .into_iter()
        .for_each(|part| rows.append(part));
    let exact = rows.unsure.len();
    let judged = judge(book, &assets, &rows.unsure)?;
    let Rows { mut below, mut bad, .. } = rows;
    below.extend_from_slice(&bad);
    let mut faults = Vec::new();
    for (row, verdict) in judged {
        match verdict {
            Ok(verdict) => {
                below.extend(verdict.is_below_one().then_some(row));
                bad.extend(verdict.bad_debt.then_some(row));
            }
            Err(error) => faults.push(error.to_string()),
        }
    }
    // Stable, because it merges what is in order already.
    below.sort();
    bad.sort();
    faults.sort_unstable();
    let spared = spared(book, &assets, &below)?;
    let revision = book.accounts.revision();
    Ok(Scan { now, assets, accounts, exact, faults, revision, filter, below, spared, bad })
}

/// Those of these rows that the grace after a halt spares: only a halt spares anybody, and the filter knows nothing of
/// it.
fn spared(book: &Book, assets: &AssetTable, below: &[u32]) -> Result<Vec<u32>> {
    if !assets.moment().halted {
        return Ok(Vec::new());
    }
    let is_spared = |verdict: Result<Verdict>| verdict.is_ok_and(|verdict| verdict.health.spared);
    let judged = judge(book, assets, below)?;
    Ok(judged.into_iter().filter_map(|(row, verdict)| is_spared(verdict).then_some(row)).collect())
}

/// Judges these rows exactly, in their order.
fn judge(book: &Book, assets: &AssetTable, rows: &[u32]) -> Result<Vec<(u32, Result<Verdict>)>> {
    let one = |row: &u32| {
        let account = book.accounts.at(*row as usize);
        account.map(|(key, account)| (*row, Verdict::of(key, account, assets, book.terms.dust_value)))
    };
    let judged = parallel(rows.len(), JUDGED_PARALLEL_FROM, |part| {
        rows.get(part).unwrap_or_default().iter().filter_map(one).collect::<Vec<_>>()
    })?;
    Ok(judged.into_iter().flatten().collect())
}

/// Splits so many things evenly among the cores; one does it where they are fewer than that.
fn parallel<T: Send>(count: usize, from: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Result<Vec<T>> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    if count < from || threads < 2 {
        return Ok(vec![work(0..count)]);
    }
    let size = count.div_ceil(threads);
    let work = &work;
    std::thread::scope(|scope| {
        let parts = (0..threads).map(|n| (n * size).min(count)..((n + 1) * size).min(count));
        let workers: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
        let lost = |_| Error::garbage("a scanning thread", "a panic");
        workers.into_iter().map(|worker| worker.join().map_err(lost)).collect()
    })
}
