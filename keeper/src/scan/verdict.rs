//! The exact judgement of one account.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_risk::account::Account;
use plimsoll_risk::health::{AssetState, Assets, Health, Position};
use plimsoll_risk::loss::is_bad_debt;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::price::Mark;
use plimsoll_risk::units::{Ratio, Value};
use plimsoll_schema::pool::AccountKey;

use crate::book::Book;
use crate::error::{Error, Result};
use crate::scan::live::Live;
use crate::scan::name;

/// All assets at one time: interest added, guards applied.
#[derive(Clone, Debug)]
pub struct AssetTable {
    states: BTreeMap<AssetId, AssetState>,
    /// Those whose price nobody has published, though its source knows one.
    live: BTreeSet<AssetId>,
}

impl Assets for AssetTable {
    fn asset(&self, id: AssetId) -> Option<&AssetState> {
        self.states.get(&id)
    }
}

impl AssetTable {
    /// The book's assets at this time, by published prices alone.
    pub fn at(book: &Book, now: u64) -> Result<Self> {
        Self::with(book, now, &Live::new())
    }

    /// The book's assets at this time. As the pool does, it takes a live record in place of a published one that fails.
    pub fn with(book: &Book, now: u64, live: &Live) -> Result<Self> {
        let mut unpublished = BTreeSet::new();
        let mut state = |(id, asset): (&AssetId, &crate::book::Asset)| {
            let market = asset.stored.clone().accrue(now, asset.params.reserve_factor);
            let market = market.map_err(|error| Error::garbage(&asset.params.denom, error))?;
            let mut mark = asset.record.as_ref().map_or(Mark::unknown(), |record| record.mark(now));
            if let (true, Some(record)) = (mark.quote.is_err(), live.get(id)) {
                mark = record.mark(now);
                unpublished.extend(mark.quote.is_ok().then_some(*id));
            }
            Ok((*id, AssetState { params: asset.params.clone(), market, mark }))
        };
        let states = book.assets.iter().map(&mut state).collect::<Result<_>>()?;
        Ok(Self { states, live: unpublished })
    }

    /// By denom, what is wrong with the prices that fail their guards, live ones included.
    pub fn faults(&self) -> BTreeMap<String, String> {
        let fault = |state: &AssetState| {
            let fault = state.mark.quote.as_ref().err()?;
            Some((state.params.denom.clone(), fault.to_string()))
        };
        self.states.values().filter_map(fault).collect()
    }

    /// What is wrong with the prices of what this account has and owes, in words; `None` where nothing is.
    pub fn faults_of(&self, account: &Account) -> Option<String> {
        let ids = account.collaterals.iter().map(|held| held.asset).chain(account.debts.iter().map(|owed| owed.asset));
        let ids: BTreeSet<AssetId> = ids.collect();
        let fault = |id: &AssetId| {
            let state = self.states.get(id)?;
            let fault = state.mark.quote.as_ref().err()?;
            Some(format!("the price of {} fails its guards ({fault})", state.params.denom))
        };
        let faults: Vec<String> = ids.iter().filter_map(fault).collect();
        (!faults.is_empty()).then(|| faults.join(", "))
    }

    /// Whether publishing its price first saves the pool from asking for it.
    pub fn is_unpublished(&self, id: AssetId) -> bool {
        self.live.contains(&id)
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
