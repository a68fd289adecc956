//! The part of the ledger that one message works on: loaded once, accrued once, and written back only where it changed.

use cosmwasm_std::{Addr, Deps, Env, Storage};
use plimsoll_risk::account::Account;
use plimsoll_risk::health::{AssetState, Assets, HealthError, Position};
use plimsoll_risk::market::{Accrued, MarketError};
use plimsoll_risk::params::{AssetId, AssetParams};
use plimsoll_risk::price::{Mark, Quote};
use plimsoll_risk::units::Amount;
use plimsoll_schema::event::account_name;
use plimsoll_schema::pool::Config;

use crate::error::ContractError;
use crate::prices;
use crate::state::{ACCOUNTS, ASSET_IDS, ASSET_PARAMS, CONFIG, DEBTORS, MARKETS};

/// The longest denom that a bank knows.
pub const DENOM_LENGTH_MAX: usize = 128;

/// The number of a denom. Errors when it is not listed.
pub fn asset_id(storage: &dyn Storage, denom: &str) -> Result<AssetId, ContractError> {
    // Longer ones are never listed, and make no storage key.
    let id = if denom.len() > DENOM_LENGTH_MAX { None } else { ASSET_IDS.may_load(storage, denom)? };
    id.map(AssetId).ok_or_else(|| ContractError::UnknownDenom { denom: denom.to_owned() })
}

/// The assets that a message touches, at this block.
#[derive(Clone)]
pub struct Book {
    pub now: u64,
    pub config: Config,
    loaded: Vec<Loaded>,
}

#[derive(Clone)]
struct Loaded {
    id: AssetId,
    state: AssetState,
    changed: bool,
    priced: bool,
}

impl Assets for Book {
    fn asset(&self, id: AssetId) -> Option<&AssetState> {
        self.loaded.iter().find(|l| l.id == id).map(|l| &l.state)
    }
}

impl Book {
    /// An empty book at this block.
    pub fn open(deps: Deps, env: &Env) -> Result<Self, ContractError> {
        Ok(Self { now: env.block.time.seconds(), config: CONFIG.load(deps.storage)?, loaded: Vec::new() })
    }

    /// Loads and accrues the market of this denom. Errors when it is not listed.
    pub fn load_denom(&mut self, deps: Deps, denom: &str) -> Result<AssetId, ContractError> {
        let id = asset_id(deps.storage, denom)?;
        self.load(deps, id)?;
        Ok(id)
    }

    /// Loads and accrues a market.
    pub fn load(&mut self, deps: Deps, id: AssetId) -> Result<(), ContractError> {
        if self.asset(id).is_some() {
            return Ok(());
        }
        let unknown = || ContractError::UnknownAsset(id);
        let params = ASSET_PARAMS.may_load(deps.storage, id.0)?.ok_or_else(unknown)?;
        let market = MARKETS.may_load(deps.storage, id.0)?.ok_or_else(unknown)?;
        let market = market.accrue(self.now, params.reserve_factor)?;
        let state = AssetState { params, market, mark: Mark::unknown() };
        self.loaded.push(Loaded { id, state, changed: false, priced: false });
        Ok(())
    }

    /// Loads every market that the account is in, and the prices of all that are loaded.
    pub fn load_priced(&mut self, deps: Deps, account: &Account) -> Result<(), ContractError> {
        for held in &account.collaterals {
            self.load(deps, held.asset)?;
        }
        for owed in &account.debts {
            self.load(deps, owed.asset)?;
        }
        self.load_prices(deps)
    }

    /// Loads the prices of all loaded markets that have none yet.
    pub fn load_prices(&mut self, deps: Deps) -> Result<(), ContractError> {
        let missing: Vec<&mut Loaded> = self.loaded.iter_mut().filter(|l| !l.priced).collect();
        let denoms: Vec<&str> = missing.iter().map(|l| l.state.params.denom.as_str()).collect();
        let marks = prices::marks(deps, &self.config.oracle, &denoms, self.now)?;
        for (loaded, mark) in missing.into_iter().zip(marks) {
            loaded.state.mark = mark;
            loaded.priced = true;
        }
        Ok(())
    }

    /// A loaded market with its parameters and price.
    pub fn state(&self, id: AssetId) -> Result<&AssetState, ContractError> {
        self.asset(id).ok_or(ContractError::UnknownAsset(id))
    }

    /// The parameters of a loaded market.
    pub fn params(&self, id: AssetId) -> Result<&AssetParams, ContractError> {
        self.state(id).map(|s| &s.params)
    }

    /// The denom of a loaded market.
    pub fn denom(&self, id: AssetId) -> Result<String, ContractError> {
        self.params(id).map(|p| p.denom.clone())
    }

    /// The price of a loaded market. Errors with the guard that it fails; its prices must be loaded.
    pub fn quote(&self, id: AssetId) -> Result<Quote, ContractError> {
        let AssetState { params, mark, .. } = self.state(id)?;
        mark.quote.clone().map_err(|fault| ContractError::Price { denom: params.denom.clone(), fault })
    }

    /// A loaded market, to be changed. It will be written back.
    pub fn market(&mut self, id: AssetId) -> Result<&mut Accrued, ContractError> {
        let loaded = self.loaded.iter_mut().find(|l| l.id == id).ok_or(ContractError::UnknownAsset(id))?;
        loaded.changed = true;
        Ok(&mut loaded.state.market)
    }

    /// A refusal of this market, with its denom.
    pub fn refused(&self, id: AssetId, error: MarketError) -> ContractError {
        match (error, self.denom(id)) {
            (MarketError::InsufficientCash { wanted, available }, Ok(denom)) => {
                ContractError::InsufficientLiquidity { denom, wanted, available }
            }
            (MarketError::Math(error), _) => error.into(),
            (error, _) => ContractError::Market(error),
        }
    }

    /// A refusal for want of health or of a price, with its denom.
    pub fn unhealthy(&self, error: HealthError) -> ContractError {
        match error {
            HealthError::Math(error) => error.into(),
            HealthError::UnknownAsset(id) => ContractError::UnknownAsset(id),
            HealthError::Price { asset, fault } => match self.denom(asset) {
                Ok(denom) => ContractError::Price { denom, fault },
                Err(error) => error,
            },
        }
    }

    /// The account in amounts and prices. Its markets must be loaded.
    pub fn position(&self, account: &Account) -> Result<Position, ContractError> {
        Position::of(account, self, self.now).map_err(|error| self.unhealthy(error))
    }

    /// Errors unless the account's debt is within max LTV at the unfavourable edge of each price.
    pub fn assert_within_max_ltv(&self, account: &Account) -> Result<(), ContractError> {
        let power = self.position(account)?.borrowing_power().map_err(|error| self.unhealthy(error))?;
        if power.is_within() {
            return Ok(());
        }
        Err(ContractError::AboveMaxLtv { debt: power.debt, limit: power.limit })
    }

    /// After what lowers borrowing power or raises debt: loads what the account's health depends on, and errors unless its debt
    /// is within max LTV. Without debt no price is needed: lenders leave even when the oracle is dead.
    pub fn check(&mut self, deps: Deps, account: &Account) -> Result<(), ContractError> {
        if account.debts.is_empty() {
            return Ok(());
        }
        self.load_priced(deps, account)?;
        self.assert_within_max_ltv(account)
    }

    /// What the account's deposit of this asset is worth, rounded down.
    pub fn supplied(&self, account: &Account, id: AssetId) -> Result<Amount, ContractError> {
        Ok(self.state(id)?.market.shares_value_down(account.shares(id))?)
    }

    /// Writes back the markets that changed, each with the rate that its new utilization asks for.
    pub fn save(self, storage: &mut dyn Storage) -> Result<(), ContractError> {
        for Loaded { id, state, .. } in self.loaded.into_iter().filter(|l| l.changed) {
            MARKETS.save(storage, id.0, &state.market.settle(&state.params)?)?;
        }
        Ok(())
    }
}

/// An account as it was stored, and as it will be.
#[derive(Clone)]
pub struct Holder {
    pub owner: Addr,
    pub account_id: u32,
    pub account: Account,
    existed: bool,
    /// Whether it had debt when the message came.
    pub was_debtor: bool,
}

impl Holder {
    /// The account, empty when there is none.
    pub fn load(deps: Deps, owner: Addr, account_id: Option<u32>) -> Result<Self, ContractError> {
        let account_id = account_id.unwrap_or_default();
        let stored = ACCOUNTS.may_load(deps.storage, (&owner, account_id))?;
        let existed = stored.is_some();
        let account = stored.unwrap_or_default();
        let was_debtor = !account.debts.is_empty();
        Ok(Self { owner, account_id, account, existed, was_debtor })
    }

    /// How events and errors call it.
    pub fn name(&self) -> String {
        account_name(self.owner.as_str(), self.account_id)
    }

    /// Writes the record, or removes it when it is empty, and keeps the index of debtors in step.
    pub fn save(self, storage: &mut dyn Storage) -> Result<(), ContractError> {
        let key = (&self.owner, self.account_id);
        if !self.account.is_empty() {
            ACCOUNTS.save(storage, key, &self.account)?;
        } else if self.existed {
            ACCOUNTS.remove(storage, key);
        }
        match (self.was_debtor, !self.account.debts.is_empty()) {
            (false, true) => DEBTORS.save(storage, key, &true)?,
            (true, false) => DEBTORS.remove(storage, key),
            _ => {}
        }
        Ok(())
    }
}
