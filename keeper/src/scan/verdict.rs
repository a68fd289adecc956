//! The exact judgement of one account.

use std::collections::BTreeMap;

use plimsoll_risk::account::Account;
use plimsoll_risk::health::{AssetState, Assets, Health, Position};
use plimsoll_risk::loss::is_bad_debt;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::price::Mark;
use plimsoll_risk::units::{Ratio, Value};
use plimsoll_schema::pool::AccountKey;

use crate::book::Book;
use crate::error::{Error, Result};
use crate::scan::name;

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
