//! The exact judgement of one account.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_risk::account::Account;
use plimsoll_risk::health::{AssetState, Assets, Health, HealthError, Moment, Position};
use plimsoll_risk::loss::is_bad_debt;
use plimsoll_risk::mark::{MarkPrice, SharedValues};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{Price, Ratio, Value};
use plimsoll_schema::pool::AccountKey;

use crate::book::Book;
use crate::error::{Error, Result};

/// All assets at one time: interest added, prices chained and aged.
#[derive(Clone, Debug)]
pub struct AssetTable {
    states: BTreeMap<AssetId, AssetState>,
    moment: Moment,
    /// Live records that are too old to be exchanged at: they have to be published before a liquidation.
    stale: BTreeSet<String>,
}

impl Assets for AssetTable {
    fn asset(&self, id: AssetId) -> Option<&AssetState> {
        self.states.get(&id)
    }
}

impl AssetTable {
    /// The book's assets at this time, by what is published. A live price that is only too old to be exchanged at
    /// counts as if it were published in the same transaction, since that is what the keeper does.
    pub fn at(book: &Book, now: u64) -> Result<Self> {
        let heartbeat = book.prices.heartbeat_at(now);
        let halted = heartbeat.is_halted(&book.halt_grace, now) || now < book.spared_until;
        let moment = Moment { clock: heartbeat.clock(now), halted };
        let mut table = Self { states: BTreeMap::new(), moment, stale: BTreeSet::new() };
        for (id, asset) in &book.assets {
            let market = asset.stored.clone().accrue(now, &asset.params);
            let market = market.map_err(|error| Error::garbage(&asset.params.denom, error))?;
            let mark = table.published(book.prices.price(&asset.params.denom, now));
            table.states.insert(*id, AssetState { params: asset.params.clone(), market, mark });
        }
        Ok(table)
    }

    fn published(&mut self, price: MarkPrice) -> MarkPrice {
        let mut records = price.records().to_vec();
        for record in records.iter_mut().filter(|record| record.fault.is_none() && record.exchange_fault.is_some()) {
            self.stale.insert(record.denom.clone());
            record.exchange_fault = None;
        }
        MarkPrice::new(records)
    }

    /// The moment by which accounts are judged.
    pub const fn moment(&self) -> &Moment {
        &self.moment
    }

    /// The account in amounts and prices.
    pub fn position(&self, account: &Account) -> std::result::Result<Position, HealthError> {
        Position::of(account, self, &self.moment)
    }

    /// Why the prices that are silent are so, by denom.
    pub fn faults(&self) -> BTreeMap<String, String> {
        let fault = |state: &AssetState| Some((state.params.denom.clone(), state.mark.fault()?.to_string()));
        self.states.values().filter_map(fault).collect()
    }

    /// What is wrong with the prices of what this account has and owes, in words; `None` where nothing is.
    pub fn faults_of(&self, account: &Account) -> Option<String> {
        let ids: BTreeSet<AssetId> = account.assets().collect();
        let fault = |id: &AssetId| {
            let state = self.states.get(id)?;
            Some(format!("the price of {} is silent ({})", state.params.denom, state.mark.fault()?))
        };
        let faults: Vec<String> = ids.iter().filter_map(fault).collect();
        (!faults.is_empty()).then(|| faults.join(", "))
    }

    /// The records to publish in the same transaction before one of these assets is exchanged for the other, by denom.
    pub fn stale<const N: usize>(&self, ids: [AssetId; N]) -> Vec<String> {
        let marks = ids.iter().filter_map(|id| self.states.get(id)).map(|state| &state.mark);
        let denoms: BTreeSet<&String> = marks.flat_map(|mark| mark.records()).map(|record| &record.denom).collect();
        denoms.into_iter().filter(|denom| self.stale.contains(*denom)).cloned().collect()
    }

    /// Whether this live record is too old to seize or repay by.
    pub fn is_stale(&self, denom: &str) -> bool {
        self.stale.contains(denom)
    }

    /// What a token surely brings: the low edge of all that was observed, rounded down; 0 while it is silent.
    pub fn brings_down(&self, id: AssetId) -> Price {
        self.states.get(&id).map_or(Price::ZERO, |state| state.mark.low_down(&SharedValues::default()))
    }

    /// What a token costs at most: the high edge of all that was observed, rounded up.
    pub fn costs_up(&self, id: AssetId) -> Price {
        self.states.get(&id).map_or(Price::ZERO, |state| state.mark.high_up(&SharedValues::default()))
    }

    /// What a debt counts at in liquidation, unless it shares a record with a collateral. Rounded up.
    pub fn counts_up(&self, id: AssetId) -> Price {
        self.states.get(&id).map_or(Price::ZERO, |state| state.mark.debt_up(&SharedValues::default()))
    }
}

/// What is true of one account at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The account.
    pub key: AccountKey,
    /// What the account holds and owes, and its health factor.
    pub health: Health,
    /// Whether what it owes will never be paid and can be written off.
    pub bad_debt: bool,
}

impl Verdict {
    /// Judges one account.
    pub fn of(key: &AccountKey, account: &Account, assets: &AssetTable, dust: Value) -> Result<Self> {
        let judge = || -> std::result::Result<Self, Box<dyn std::error::Error>> {
            let position = assets.position(account)?;
            let health = position.health()?;
            let bad_debt = is_bad_debt(&position, dust)?;
            Ok(Self { key: key.clone(), health, bad_debt })
        };
        judge().map_err(|error| Error::Judge { account: key.to_string(), reason: error.to_string() })
    }

    /// Health factor; `None` without debt.
    pub fn health_factor(&self) -> Option<Ratio> {
        self.health.factor_down()
    }

    /// Whether the health factor is below 1.
    pub fn is_below_one(&self) -> bool {
        self.health.is_below_one()
    }

    /// Whether the account may be liquidated: its health factor is below 1, and no grace spares it.
    pub fn is_liquidatable(&self) -> bool {
        self.health.is_liquidatable()
    }
}
