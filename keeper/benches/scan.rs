//! How long a whole re-judging takes, exactly and with the filter in front: `scripts/bench.sh`.
//!
//! Both are given the same book and both use all cores. The exact one is as plain and as lean as 256-bit maths can be: what depends on the
//! asset alone is computed once, nothing is allocated, no account is named. The other is [`scan`] itself, everything
//! included; from one run to the next it keeps nothing but the columns, and prices and time differ.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement may stop at a surprise")]

#[path = "../tests/it/support/books.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod books;

use std::collections::BTreeSet;
use std::num::NonZero;
use std::process::ExitCode;
use std::time::Instant;

use books::{Dice, NOW, book, key, two_and_two, usual};
use plimsoll_keeper::book::Book;
use plimsoll_keeper::scan::{AssetTable, Scan, scan};
use plimsoll_risk::account::Account;
use plimsoll_risk::health::{AssetState, Assets};
use plimsoll_risk::mark::SharedValues;
use plimsoll_risk::math::MathError;
use plimsoll_risk::shares::to_amount_down;
use plimsoll_risk::units::{Amount, Price, Ratio, Value};
use plimsoll_schema::pool::AccountKey;

/// How often each is timed.
const RUNS: usize = 7;
/// The fewest accounts for which the ratio is checked: with fewer the filter's fixed costs count.
const CHECKED_FROM: usize = 200_000;
/// The goals.
const RATIO_MIN: f64 = 12.0;
const BYTES_MAX: f64 = 200.0;
/// One account in so many is within 10⁻⁹ of 1.
const NEAR_EVERY: usize = 1_000;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (mut accounts, mut json) = (1_000_000, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => json = true,
            "--accounts" => {
                match arguments.next().and_then(|number| number.parse().ok()).filter(|number| *number > 0) {
                    Some(number) => accounts = number,
                    None => return usage(),
                }
            }
            _ => return usage(),
        }
    }
    let mut good = true;
    for percent in [1, 50] {
        good &= measure(accounts, percent).tell(json);
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn usage() -> ExitCode {
    eprintln!("usage: bench.sh [--accounts N] [--json]");
    ExitCode::from(2)
}

/// What was measured.
struct Measured {
    accounts: usize,
    below: usize,
    near: usize,
    exact: usize,
    exact_ms: f64,
    fast_ms: f64,
    mismatches: usize,
    bytes: f64,
}

impl Measured {
    fn ratio(&self) -> f64 {
        self.exact_ms / self.fast_ms
    }

    /// Prints it, and says whether it is good.
    fn tell(&self, json: bool) -> bool {
        let Self { accounts, below, near, exact, exact_ms, fast_ms, mismatches, bytes } = self;
        let ratio = self.ratio();
        if json {
            println!(
                "{{\"accounts\":{accounts},\"below\":{below},\"near\":{near},\"judged_exactly\":{exact},\"exact_ms\":{exact_ms:.2},\"fast_ms\":{fast_ms:.2},\"ratio\":{ratio:.1},\"mismatches\":{mismatches},\"bytes_per_account\":{bytes:.1}}}"
            );
        } else {
            println!(
                "{accounts} accounts, {below} below 1, {near} within 10^-9 of it: {exact_ms:.2} ms exactly, {fast_ms:.2} ms with the filter ({exact} judged exactly), ratio {ratio:.1}, {mismatches} mismatches, {bytes:.1} bytes an account"
            );
        }
        let fast = *accounts < CHECKED_FROM || ratio >= RATIO_MIN;
        if !fast {
            eprintln!("ratio {ratio:.1} is below {RATIO_MIN}");
        }
        if *mismatches > 0 || *bytes > BYTES_MAX {
            eprintln!("{mismatches} mismatches, {bytes:.1} bytes an account: 0 and at most {BYTES_MAX} are allowed");
        }
        fast && *mismatches == 0 && *bytes <= BYTES_MAX
    }
}

/// So many accounts of which so many percent are below 1.
fn crowd(accounts: usize, percent: u64) -> Book {
    let (listings, mut dice) = (usual(), Dice(percent));
    let mut book = book(&listings, Value::whole(1));
    for n in 0..accounts {
        let near = n % NEAR_EVERY == NEAR_EVERY / 2;
        // So large that a base unit more or less doesn't lead away from there.
        let size = if near { 1e4 } else { 1.0 };
        let factor = if near {
            1.0 + 0.99e-9 * (2.0 * dice.unit() - 1.0)
        } else if dice.roll(100) < percent {
            0.5 + 0.45 * dice.unit()
        } else {
            1.05 + 2.0 * dice.unit()
        };
        book.accounts.insert(key(n), two_and_two(&listings, factor, size, &mut dice));
    }
    book
}

fn measure(accounts: usize, percent: u64) -> Measured {
    let book = crowd(accounts, percent);
    let (mut exact_ms, mut fast_ms, mut mismatches) = (Vec::new(), Vec::new(), 0);
    let (mut judged, mut scanned) = (Vec::new(), None);
    for _ in 0..RUNS {
        let start = Instant::now();
        judged = exactly(&book);
        exact_ms.push(start.elapsed().as_secs_f64() * 1_000.0);
        let start = Instant::now();
        let scan = scan(&book, NOW).unwrap();
        fast_ms.push(start.elapsed().as_secs_f64() * 1_000.0);
        mismatches = mismatches.max(differing(&book, &judged, &scan));
        scanned = Some(scan);
    }
    let scan = scanned.unwrap();
    Measured {
        accounts,
        below: judged.iter().filter(|said| said.below).count(),
        near: judged.iter().filter(|said| said.near).count(),
        exact: scan.exact,
        exact_ms: median(exact_ms),
        fast_ms: median(fast_ms),
        mismatches,
        bytes: book.accounts.columns().bytes() as f64 / accounts as f64,
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// How many accounts the scan judges otherwise.
fn differing(book: &Book, judged: &[Said], scan: &Scan) -> usize {
    let rows = |keys: Vec<&AccountKey>| -> BTreeSet<usize> {
        keys.into_iter().filter_map(|key| book.accounts.row(key)).collect()
    };
    let below = rows(scan.keys_below(book));
    let bad = rows(scan.keys_bad(book));
    let wrong = judged
        .iter()
        .zip(0usize..)
        .filter(|(said, row)| (said.below, said.bad) != (below.contains(row), bad.contains(row)));
    wrong.count() + book.accounts.len().abs_diff(judged.len()) + scan.faults.len()
}

/// What exact maths says of an account.
#[derive(Clone, Copy, Default)]
struct Said {
    below: bool,
    bad: bool,
    near: bool,
}

/// What there is to know of an asset, once a run.
struct Known<'a> {
    state: &'a AssetState,
    supply: Amount,
    collateral: Price,
    debt: Price,
    threshold: Ratio,
}

/// Every account in plain 256-bit maths, row by row.
fn exactly(book: &Book) -> Vec<Said> {
    let assets = AssetTable::at(book, NOW).unwrap();
    let known: Vec<Known<'_>> = book
        .assets
        .keys()
        .map(|id| {
            let (state, none) = (assets.asset(*id).unwrap(), SharedValues::default());
            Known {
                state,
                supply: state.market.supply().unwrap(),
                collateral: state.mark.collateral_down(&none),
                debt: state.mark.debt_up(&none),
                threshold: state.params.liquidation_threshold.at(NOW),
            }
        })
        .collect();
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let size = book.accounts.len().div_ceil(threads);
    let mut judged = vec![Said::default(); book.accounts.len()];
    std::thread::scope(|scope| {
        for (part, first) in judged.chunks_mut(size).zip((0..).step_by(size)) {
            let known = &known;
            scope.spawn(move || {
                for (said, row) in part.iter_mut().zip(first..) {
                    let (_, account) = book.accounts.at(row).unwrap();
                    *said = one(account, known, book.terms.dust_value).unwrap();
                }
            });
        }
    });
    judged
}

fn one(account: &Account, known: &[Known<'_>], dust: Value) -> Result<Said, MathError> {
    let (mut collateral, mut carried, mut debt) = (Value::ZERO, Value::ZERO, Value::ZERO);
    for held in &account.collaterals {
        let asset = &known[usize::from(held.asset.0)];
        let amount = to_amount_down(held.shares, asset.supply, asset.state.market.state().supply_shares)?;
        let value = amount.value_down(asset.collateral, asset.state.params.decimals)?;
        collateral = collateral.checked_add(value)?;
        if held.enabled {
            carried = carried.checked_add(value.share_down(asset.threshold)?)?;
        }
    }
    for owed in &account.debts {
        let asset = &known[usize::from(owed.asset.0)];
        let amount = asset.state.market.owed_up(owed.scaled)?;
        debt = debt.checked_add(amount.value_up(asset.debt, asset.state.params.decimals)?)?;
    }
    let difference = if carried < debt { debt.saturating_sub(carried) } else { carried.saturating_sub(debt) };
    // Within 10⁻⁹ of 1, which costs one comparison and one multiplication more.
    let near = difference.raw().checked_mul(1_000_000_000u64.into()).is_ok_and(|scaled| scaled <= debt.raw());
    let bad = account.collaterals.is_empty() || (collateral < debt && collateral < dust);
    Ok(Said { below: carried < debt, bad, near })
}
