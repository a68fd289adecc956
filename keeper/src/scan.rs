//! Judges the whole book. Pure: the same formulas as the contract, at the time asked for.

use std::collections::BTreeMap;
use std::num::NonZero;

use plimsoll_risk::account::Account;
use plimsoll_risk::health::{AssetState, Assets, Health, Position};
use plimsoll_risk::loss::is_bad_debt;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::price::Mark;
use plimsoll_risk::units::{Ratio, Value};
use plimsoll_schema::event::account_name;
use plimsoll_schema::pool::AccountKey;

use crate::book::Book;
use crate::error::{Error, Result};

/// Fewer accounts than this are judged faster by one thread.
const PARALLEL_FROM: usize = 2_000;

/// All assets at one time: interest added, guards applied.
#[derive(Clone, Debug)]
pub struct AssetTable(BTreeMap<AssetId, AssetState>);

impl Assets for AssetTable {
    fn asset(&self, id: AssetId) -> Option<&AssetState> {
        self.0.get(&id)
    }
}

impl AssetTable {
    /// The book's assets at this time.
    pub fn at(book: &Book, now: u64) -> Result<Self> {
        let state = |(id, asset): (&AssetId, &crate::book::Asset)| {
            let market = asset.stored.clone().accrue(now, asset.params.reserve_factor);
            let market = market.map_err(|error| Error::garbage(&asset.params.denom, error))?;
            let mark = asset.record.as_ref().map_or(Mark::unknown(), |record| record.mark(now));
            Ok((*id, AssetState { params: asset.params.clone(), market, mark }))
        };
        book.assets.iter().map(state).collect::<Result<_>>().map(Self)
    }
}

/// What is true of one account at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whose it is.
    pub key: AccountKey,
    /// What decides.
    pub health: Health,
    /// Whether what it owes will never be paid and can be written off.
    pub bad_debt: bool,
}

impl Verdict {
    /// Judges one account.
    pub fn of(key: &AccountKey, account: &Account, assets: &AssetTable, now: u64, dust: Value) -> Result<Self> {
        let judge = || -> std::result::Result<Self, Box<dyn std::error::Error>> {
            let position = Position::of(account, assets, now)?;
            let (health, bad_debt) = (position.health()?, is_bad_debt(&position, dust)?);
            Ok(Self { key: key.clone(), health, bad_debt })
        };
        judge().map_err(|error| Error::Judge { account: name(key), reason: error.to_string() })
    }

    /// Health factor; `None` without debt.
    pub fn health_factor(&self) -> Option<Ratio> {
        self.health.factor_down()
    }

    /// Whether the health factor is below 1.
    pub fn is_liquidatable(&self) -> bool {
        self.health.is_liquidatable()
    }
}

/// The whole book, judged.
#[derive(Clone, Debug)]
pub struct Scan {
    /// For which time.
    pub now: u64,
    /// The assets at that time.
    pub assets: AssetTable,
    /// In the book's order.
    pub verdicts: Vec<Verdict>,
    /// Accounts that could not be judged, each with the reason.
    pub faults: Vec<String>,
}

impl Scan {
    /// Those below health factor 1, in the book's order.
    pub fn liquidatable(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.is_liquidatable())
    }
}

/// How an account is called.
pub fn name(key: &AccountKey) -> String {
    account_name(&key.owner, key.account_id)
}

/// Judges every account of the book at this time.
pub fn scan(book: &Book, now: u64) -> Result<Scan> {
    let assets = AssetTable::at(book, now)?;
    let accounts: Vec<_> = book.accounts.iter().collect();
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let dust = book.terms.dust_value;
    let judge = |part: &[(&AccountKey, &Account)]| -> Vec<Result<Verdict>> {
        part.iter().map(|(key, account)| Verdict::of(key, account, &assets, now, dust)).collect()
    };
    let judged: Vec<Result<Verdict>> = if accounts.len() < PARALLEL_FROM || threads < 2 {
        judge(&accounts)
    } else {
        std::thread::scope(|scope| {
            let parts = accounts.chunks(accounts.len().div_ceil(threads));
            let workers: Vec<_> = parts.map(|part| scope.spawn(|| judge(part))).collect();
            let lost = |_| vec![Err(Error::garbage("a scanning thread", "a panic"))];
            workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(lost)).collect()
        })
    };
    let (mut verdicts, mut faults) = (Vec::with_capacity(judged.len()), Vec::new());
    for verdict in judged {
        match verdict {
            Ok(verdict) => verdicts.push(verdict),
            Err(error) => faults.push(error.to_string()),
        }
    }
    Ok(Scan { now, assets, verdicts, faults })
}
