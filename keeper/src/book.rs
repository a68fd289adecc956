//! The book: all borrowers, markets and prices as they stand at one height.

pub mod accounts;
pub mod audit;
mod balance;
pub mod columns;
pub mod delta;
pub mod export;
pub mod follow;
pub mod key_range;
pub mod markets;
pub mod page_size;
mod patience;
pub mod prices;
pub mod snapshot;
pub mod sources;
pub mod store;
pub mod sync;
pub mod touched;
pub mod validate;

use std::collections::BTreeMap;

use plimsoll_risk::account::Account;
use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_risk::liquidation::LiquidationTerms;
use plimsoll_risk::market::Market;
use plimsoll_risk::params::{AssetId, AssetParams};
use plimsoll_schema::pool::{AccountKey, MarketResponse};

use crate::book::accounts::Accounts;
use crate::book::prices::Prices;
use crate::chain::Head;

/// An asset, as stored: interest not added. The scan does that for the time that it judges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its parameters.
    pub params: AssetParams,
    /// Its ledger.
    pub stored: Market,
}

/// What is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The pool.
    pub pool: String,
    /// The oracle that it goes by.
    pub oracle: String,
}

/// The book. True for the block `head`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    /// The block.
    pub head: Head,
    /// The contracts whose book it is.
    pub addresses: Addresses,
    /// What holds for every liquidation.
    pub terms: LiquidationTerms,
    /// After which gap of the oracle liquidation waits, and for how long.
    pub halt_grace: HaltGrace,
    /// Until when it waits since another oracle took over from one that was halted, in seconds.
    pub spared_until: u64,
    /// Everything listed.
    pub assets: BTreeMap<AssetId, Asset>,
    /// What the oracle has published.
    pub prices: Prices,
    /// Every account with debt.
    pub accounts: Accounts,
}

impl Book {
    /// The number of the asset with this denom.
    pub fn asset_of(&self, denom: &str) -> Option<AssetId> {
        self.assets.iter().find(|(_, asset)| asset.params.denom == denom).map(|(id, _)| *id)
    }

    /// The denom of this asset; its number when it is not known.
    pub fn denom_of(&self, id: AssetId) -> String {
        self.assets.get(&id).map_or_else(|| format!("asset {}", id.0), |asset| asset.params.denom.clone())
    }

    fn put_market(&mut self, market: MarketResponse) {
        self.assets.insert(market.asset, Asset { params: market.params, stored: market.stored });
    }

    /// The denoms of everything listed.
    pub fn denoms(&self) -> impl Iterator<Item = &str> {
        self.assets.values().map(|asset| asset.params.denom.as_str())
    }

    /// Keeps an account while it has debt.
    fn put_account(&mut self, key: AccountKey, account: Account) {
        if account.debts.is_empty() {
            self.accounts.remove(&key);
        } else {
            self.accounts.insert(key, account);
        }
    }
}
