//! What a block's events say was touched. Pure.

use std::collections::BTreeSet;

use plimsoll_schema::event;
use plimsoll_schema::pool::AccountKey;

use crate::book::Addresses;
use crate::chain::ContractEvent;

/// What has to be read again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Accounts.
    pub accounts: BTreeSet<AccountKey>,
    /// Markets, by denom.
    pub markets: BTreeSet<String>,
    /// Price records, by denom.
    pub prices: BTreeSet<String>,
    /// The oracle's heartbeat: each of its writes is one.
    pub heartbeat: bool,
    /// The pool's settings, and with them perhaps everything.
    pub settings: bool,
    /// How many attributes of the pool name an account that can't be one.
    pub malformed: u64,
}

impl Touched {
    /// Adds what these events touch. Events of other contracts don't count, whatever they look like.
    pub fn add(&mut self, events: &[ContractEvent], addresses: &Addresses) {
        for event in events {
            if event.contract == addresses.pool {
                self.add_pool(event);
            } else if event.contract == addresses.oracle {
                self.settings |= event.all(event::ACTION).any(|action| action == "migrate");
                // A vote that makes no price yet widens what borrowing counts.
                for name in [event::DENOM, event::PENDING] {
                    self.prices.extend(event.all(name).map(str::to_owned));
                }
                self.heartbeat = true;
            }
        }
    }

    fn add_pool(&mut self, event: &ContractEvent) {
        for name in event.all(event::ACCOUNT) {
            match name.parse() {
                Ok(key) => _ = self.accounts.insert(key),
                Err(_) => {
                    tracing::warn!(name, "the pool names an account that can't be one");
                    self.malformed = self.malformed.saturating_add(1);
                }
            }
        }
        for name in [event::DENOM, event::DEBT_DENOM, event::COLLATERAL_DENOM] {
            self.markets.extend(event.all(name).map(str::to_owned));
        }
        // A new asset comes with a price that may be older than the book.
        let says = |wanted: &[&str]| event.all(event::ACTION).any(|action| wanted.contains(&action));
        if says(&["init_asset"]) {
            self.prices.extend(event.all(event::DENOM).map(str::to_owned));
        }
        // Another oracle has other prices, and another code may have changed anything.
        self.settings |= says(&["update_config", "update_oracle", "migrate", "instantiate"]);
    }
}
