//! Judges the whole book. Pure: the same formulas as the contract, at the time asked for.
//!
//! [`verdict`] is the exact judgement, by `risk`. In front of it stands [`filter`], which is proven never to say otherwise and leaves
//! to it what is close. A scan says which accounts are below health factor 1 or bad debt; their numbers are computed, exactly,
//! for those that are asked for.

pub mod filter;
pub mod live;
pub mod verdict;

use std::num::NonZero;
use std::ops::Range;

use plimsoll_schema::event::account_name;
use plimsoll_schema::pool::AccountKey;

pub use crate::scan::verdict::{AssetTable, Verdict};

use crate::book::Book;
use crate::chain::Chain;
use crate::error::{Error, Result};
use crate::scan::filter::{Filter, Rows, Sums};
use crate::scan::live::Live;

/// Fewer rows than this are filtered faster by one thread.
const FILTERED_PARALLEL_FROM: usize = 50_000;
/// Fewer accounts than this are judged faster by one thread.
const JUDGED_PARALLEL_FROM: usize = 500;

/// What is true of the whole book at one time. Goes with the book that it was made of, as that was then.
#[derive(Clone, Debug)]
pub struct Scan {
    /// For which time.
    pub now: u64,
    /// The assets at that time.
    pub assets: AssetTable,
    /// How many accounts were judged.
    pub accounts: usize,
    /// How many of them needed 256-bit maths.
    pub exact: usize,
    /// Accounts that could not be judged, each with the reason.
    pub faults: Vec<String>,
    filter: Filter,
    /// Rows below 1, bad debt or not.
    below: Vec<u32>,
    /// Rows of bad debt, below 1 or not.
    bad: Vec<u32>,
}

impl Scan {
    /// How many accounts are below health factor 1.
    pub fn below(&self) -> usize {
        self.below.len()
    }

    /// How many accounts have debt that will never be paid and can be written off.
    pub fn bad(&self) -> usize {
        self.bad.len()
    }

    /// The rows below health factor 1, bad debt or not, in order.
    pub fn rows_below(&self) -> &[u32] {
        &self.below
    }

    /// The rows of bad debt, below 1 or not, in order.
    pub fn rows_bad(&self) -> &[u32] {
        &self.bad
    }

    /// Whether nothing is to be done about any account.
    pub fn is_quiet(&self) -> bool {
        self.below.is_empty() && self.bad.is_empty()
    }

    /// Those below health factor 1, in the order of their keys.
    pub fn liquidatable(&self, book: &Book) -> Vec<Verdict> {
        let mut verdicts: Vec<Verdict> =
            self.below.iter().filter_map(|row| self.at(book, *row)).filter(Verdict::is_liquidatable).collect();
        verdicts.sort_by(|a, b| a.key.cmp(&b.key));
        verdicts
    }

    /// All accounts, in the order of their keys, but for those that can't be judged.
    pub fn verdicts(&self, book: &Book) -> Vec<Verdict> {
        let mut keys: Vec<&AccountKey> = book.accounts.keys().collect();
        keys.sort_unstable();
        let judged = parallel(keys.len(), JUDGED_PARALLEL_FROM, |part| {
            keys.get(part).unwrap_or_default().iter().filter_map(|key| self.verdict(book, key)).collect::<Vec<_>>()
        });
        judged.unwrap_or_default().into_iter().flatten().collect()
    }

    /// This account; `None` when it isn't in the book or can't be judged.
    pub fn verdict(&self, book: &Book, key: &AccountKey) -> Option<Verdict> {
        let account = book.accounts.get(key)?;
        Verdict::of(key, account, &self.assets, self.now, book.terms.dust_value).ok()
    }

    /// The rows of all accounts below 1 or with bad debt, each with what about it is worth.
    pub fn troubled(&self, book: &Book) -> Vec<(u32, Sums)> {
        let sums = |row: u32| (row, self.filter.sums(book.accounts.columns(), row as usize));
        let rows = self.below.iter().chain(self.bad.iter().filter(|row| self.below.binary_search(row).is_err()));
        rows.map(|row| sums(*row)).collect()
    }

    /// The keys of all accounts below 1 or with bad debt.
    pub fn keys(&self, book: &Book) -> Vec<AccountKey> {
        let rows = self.below.iter().chain(self.bad.iter().filter(|row| self.below.binary_search(row).is_err()));
        rows.filter_map(|row| book.accounts.at(*row as usize)).map(|(key, _)| key.clone()).collect()
    }

    /// Whether this account is below 1 or has bad debt.
    pub fn is_troubled(&self, book: &Book, key: &AccountKey) -> bool {
        let row = book.accounts.row(key).and_then(|row| u32::try_from(row).ok());
        row.is_some_and(|row| self.below.binary_search(&row).is_ok() || self.bad.binary_search(&row).is_ok())
    }

    /// The account in this row.
    pub fn at(&self, book: &Book, row: u32) -> Option<Verdict> {
        self.verdict(book, book.accounts.at(row as usize)?.0)
    }

    /// With none but these accounts.
    pub fn only(mut self, book: &Book, keys: &[AccountKey]) -> Self {
        let wanted: Vec<usize> = keys.iter().filter_map(|key| book.accounts.row(key)).collect();
        self.below.retain(|row| wanted.contains(&(*row as usize)));
        self.bad.retain(|row| wanted.contains(&(*row as usize)));
        self
    }
}

/// How an account is called.
pub fn name(key: &AccountKey) -> String {
    account_name(&key.owner, key.account_id)
}

/// Judges every account of the book at this time, by published prices alone.
pub fn scan(book: &Book, now: u64) -> Result<Scan> {
    scan_with(book, now, &Live::new())
}

/// Judges every account at the book's block, by what the chain's oracle says there.
pub async fn scan_on(chain: &impl Chain, book: &Book) -> Result<Scan> {
    scan_with(book, book.head.time, &live::live(chain, book).await?)
}

/// Judges every account of the book at this time; where a published price fails, by these.
pub fn scan_with(book: &Book, now: u64, live: &Live) -> Result<Scan> {
    let (assets, columns, dust) = (AssetTable::with(book, now, live)?, book.accounts.columns(), book.terms.dust_value);
    let filter = Filter::new(columns, &assets, now, dust);
    let accounts = columns.len();
    if u32::try_from(accounts).is_err() {
        return Err(Error::garbage("the book", format!("{accounts} accounts")));
    }
    let mut rows = Rows::default();
    parallel(accounts, FILTERED_PARALLEL_FROM, |part| filter.judge(columns, part))?
        .into_iter()
        .for_each(|part| rows.append(part));
    let exact = rows.unsure.len();
    let judge = |row: &u32| {
        let account = book.accounts.at(*row as usize);
        account.map(|(key, account)| (*row, Verdict::of(key, account, &assets, now, dust)))
    };
    let judged = parallel(exact, JUDGED_PARALLEL_FROM, |part| {
        rows.unsure.get(part).unwrap_or_default().iter().filter_map(judge).collect::<Vec<_>>()
    })?;
    let Rows { mut below, mut bad, .. } = rows;
    below.extend_from_slice(&bad);
    let mut faults = Vec::new();
    for (row, verdict) in judged.into_iter().flatten() {
        match verdict {
            Ok(verdict) => {
                below.extend(verdict.is_liquidatable().then_some(row));
                bad.extend(verdict.bad_debt.then_some(row));
            }
            Err(error) => faults.push(error.to_string()),
        }
    }
    // Stable, because it merges what is in order already.
    below.sort();
    bad.sort();
    faults.sort_unstable();
    Ok(Scan { now, assets, accounts, exact, faults, filter, below, bad })
}

/// Splits so many things evenly among the cores; one does it where they are fewer than that.
fn parallel<T: Send>(count: usize, from: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Result<Vec<T>> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    if count < from || threads < 2 {
        return Ok(vec![work(0..count)]);
    }
    let (size, work) = (count.div_ceil(threads), &work);
    std::thread::scope(|scope| {
        let parts = (0..threads).map(|n| (n * size).min(count)..((n + 1) * size).min(count));
        let workers: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
        let lost = |_| Error::garbage("a scanning thread", "a panic");
        workers.into_iter().map(|worker| worker.join().map_err(lost)).collect()
    })
}
