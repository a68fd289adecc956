//! What one message changes, in memory: markets, accounts and losses.

use cosmwasm_std::{Addr, Deps, Env, Storage};

use crate::error::ContractError;
use crate::holder::Holder;
use crate::loss::Losses;
use crate::markets::Markets;

/// Markets and accounts as a message has left them so far. Each account is one record here, however often it is named.
pub struct Ledger {
    pub markets: Markets,
    holders: Vec<Holder>,
    losses: Vec<Losses>,
}

/// What one step leaves, to be put in at once or not at all.
pub struct Change {
    pub markets: Markets,
    pub holders: Vec<Holder>,
    pub losses: Option<Losses>,
}

impl Ledger {
    /// Nothing is loaded yet.
    pub fn open(deps: Deps, env: &Env) -> Result<Self, ContractError> {
        Ok(Self { markets: Markets::open(deps, env)?, holders: Vec::new(), losses: Vec::new() })
    }

    /// A copy of the account as it stands now, read from storage the first time.
    pub fn holder(&self, deps: Deps, owner: Addr, account_id: Option<u32>) -> Result<Holder, ContractError> {
        let id = account_id.unwrap_or_default();
        let known = self.holders.iter().find(|holder| holder.account_id == id && holder.owner == owner);
        known.map_or_else(|| Holder::load(deps, owner.clone(), account_id), |holder| Ok(holder.clone()))
    }

    /// Puts a step's change in.
    pub fn put(&mut self, change: Change) {
        self.markets = change.markets;
        for holder in change.holders {
            let same = |other: &&mut Holder| other.account_id == holder.account_id && other.owner == holder.owner;
            match self.holders.iter_mut().find(same) {
                Some(known) => *known = holder,
                None => self.holders.push(holder),
            }
        }
        self.losses.extend(change.losses);
    }

    /// Writes everything back that changed.
    pub fn save(self, storage: &mut dyn Storage) -> Result<(), ContractError> {
        for holder in self.holders {
            holder.save(storage, &self.markets)?;
        }
        for losses in &self.losses {
            losses.shrink_requests(storage)?;
        }
        self.markets.save(storage)
    }
}
