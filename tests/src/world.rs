//! A lending market on a chain of its own.

use std::ops::{Deref, DerefMut};

use cosmwasm_std::Addr;
use cw_multi_test::AppResponse;

use crate::actor::LENDER;
use crate::asset::Asset;
use crate::builder::WorldBuilder;
use crate::chain::Chain;
use crate::error::WorldError;
use crate::storage::StorageOps;

/// A lending market on a chain of its own. All that a [`Chain`] can do, it can do too.
pub struct World {
    pub(crate) chain: Chain,
    pub(crate) oracle: Addr,
    pub(crate) pool: Addr,
    pub(crate) assets: Vec<Asset>,
    pub(crate) timelock: Option<Addr>,
    pub(crate) margin: Option<Addr>,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// Oracle and pool, the assets of [`Asset::defaults`] listed with empty markets, every actor funded.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// To have it otherwise.
    pub fn builder() -> WorldBuilder {
        WorldBuilder::default()
    }

    /// The oracle's address.
    pub const fn oracle(&self) -> &Addr {
        &self.oracle
    }

    /// The pool's address.
    pub const fn pool(&self) -> &Addr {
        &self.pool
    }

    /// The assets that were listed when the world was built, as they were then.
    pub fn assets(&self) -> &[Asset] {
        &self.assets
    }

    /// How many base units this many whole tokens of a listed asset are.
    pub fn whole(&self, denom: &str, tokens: u128) -> u128 {
        self.asset(denom).whole(tokens)
    }

    pub(crate) fn asset(&self, denom: &str) -> &Asset {
        let asset = self.assets.iter().find(|asset| asset.params.denom == denom);
        asset.unwrap_or_else(|| panic!("{denom} is not listed in this world"))
    }

    /// Has [`LENDER`] deposit this many whole tokens of each asset, for others to borrow.
    pub fn lend(&mut self, tokens: u128) {
        let coins: Vec<_> = self.assets.iter().map(|asset| (asset.params.denom.clone(), asset.whole(tokens))).collect();
        for (denom, amount) in coins {
            self.deposit(LENDER, &denom, amount).unwrap_or_else(|error| panic!("lending {amount}{denom}: {error}"));
        }
    }

    /// Does what must be refused, and says why it was. Panics when it succeeds, and when it changed a single byte of any
    /// contract or balance.
    pub fn refused(&mut self, action: impl FnOnce(&mut Self) -> Result<AppResponse, WorldError>) -> WorldError {
        let before = self.dump().clone();
        let error = match action(self) {
            Ok(response) => panic!("this must be refused, but it did {:?}", response.events),
            Err(error) => error,
        };
        assert!(self.dump() == &before, "refused with '{error}', but storage or balances changed");
        error
    }

    /// Does something, and says what contracts did with their storage meanwhile.
    pub fn counted<T>(&mut self, action: impl FnOnce(&mut Self) -> T) -> (T, StorageOps) {
        let before = self.storage_ops();
        let outcome = action(self);
        (outcome, self.storage_ops() - before)
    }
}

impl Deref for World {
    type Target = Chain;

    fn deref(&self) -> &Chain {
        &self.chain
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Chain {
        &mut self.chain
    }
}
