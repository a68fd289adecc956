//! The part of the ledger that one message works on: loaded once, accrued once, and written back only where it changed.

use cosmwasm_std::{Addr, Deps, Env, Storage};
use plimsoll_risk::account::Account;
use plimsoll_risk::health::{AssetState, Assets, HealthError, Moment, Position};
use plimsoll_risk::mark::MarkPrice;
use plimsoll_risk::market::{Accrued, MarketError};
use plimsoll_risk::params::{AssetId, AssetParams};
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::event::account_name;
use plimsoll_schema::funds::DENOM_LENGTH_MAX;
use plimsoll_schema::pool::Config;

use crate::error::ContractError;
use crate::funds::Purse;
use crate::prices::Prices;
use crate::state::{ACCOUNTS, ASSET_IDS, ASSET_PARAMS, CONFIG, DEBTORS, MARKETS, SPARED_UNTIL};

/// The most tokens priced by a live source in one account.
pub const LIVE_MAX: usize = 4;

/// The number of a denom. Errors when it is not listed.
pub fn asset_id(storage: &dyn Storage, denom: &str) -> Result<AssetId, ContractError> {
    // Longer ones are never listed, and make no storage key.
    let id = if denom.len() > DENOM_LENGTH_MAX { None } else { ASSET_IDS.may_load(storage, denom)? };
    id.map(AssetId).ok_or_else(|| ContractError::UnknownDenom { denom: denom.to_owned() })
}

/// Until when liquidation waits since another oracle took over.
fn spared_until(storage: &dyn Storage, config: &Config) -> Result<u64, ContractError> {
    if config.halt_grace.grace == 0 {
        return Ok(0);
    }
    Ok(SPARED_UNTIL.may_load(storage)?.unwrap_or_default())
}

/// The assets that a message touches, at this block.
#[derive(Clone)]
pub struct Book {
    pub now: u64,
    pub config: Config,
    loaded: Vec<Loaded>,
    /// Opened with the first price that is asked for.
    prices: Option<Prices>,
    /// Until when liquidation waits since another oracle took over; read with the first price.
    spared_until: u64,
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
        let (now, config) = (env.block.time.seconds(), CONFIG.load(deps.storage)?);
        Ok(Self { now, config, loaded: Vec::new(), prices: None, spared_until: 0 })
    }

    /// Loads and accrues the market of this denom. Errors when it is not listed.
    pub fn load_denom(&mut self, deps: Deps, denom: &str) -> Result<AssetId, ContractError> {
        if let Some(loaded) = self.loaded.iter().find(|loaded| loaded.state.params.denom == denom) {
            return Ok(loaded.id);
        }
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
        let state = AssetState { params, market, mark: MarkPrice::unknown() };
        self.loaded.push(Loaded { id, state, changed: false, priced: false });
        Ok(())
    }

    /// The coins by the markets of their denoms, which must be loaded.
    pub fn by_asset(&self, coins: &Purse) -> Result<Vec<(AssetId, Amount)>, ContractError> {
        let held = self.loaded.iter().map(|loaded| (loaded.id, coins.left(&loaded.state.params.denom)));
        let due: Vec<_> = held.filter(|(_, amount)| !amount.is_zero()).collect();
        if due.len() < coins.coins().len() {
            return Err(cosmwasm_std::StdError::msg("a market of the coins is not loaded").into());
        }
        Ok(due)
    }

    /// Loads every market that the account is in, and the prices of all that are loaded.
    pub fn load_priced(&mut self, deps: Deps, account: &Account) -> Result<(), ContractError> {
        for held in &account.collaterals {
            self.load(deps, held.asset)?;
        }
        self.load_carrying(deps, account)
    }

    /// Loads what the account's health factor depends on, with prices: all but its disabled deposits.
    pub fn load_carrying(&mut self, deps: Deps, account: &Account) -> Result<(), ContractError> {
        for held in account.collaterals.iter().filter(|held| held.enabled) {
            self.load(deps, held.asset)?;
        }
        for owed in &account.debts {
            self.load(deps, owed.asset)?;
        }
        self.load_prices(deps)
    }

    /// Loads the published prices of all loaded markets that have none yet.
    pub fn load_prices(&mut self, deps: Deps) -> Result<(), ContractError> {
        let mut prices = self.take_prices(deps)?;
        for loaded in self.loaded.iter_mut().filter(|loaded| !loaded.priced) {
            loaded.state.mark = prices.mark(deps, &loaded.state.params.denom)?;
            loaded.priced = true;
        }
        self.prices = Some(prices);
        Ok(())
    }

    /// Loads all that the account's borrowing power depends on, its live sources asked in this very message.
    pub fn load_live(&mut self, deps: Deps, account: &Account) -> Result<(), ContractError> {
        self.load_priced(deps, account)?;
        let ids: Vec<AssetId> = account.assets().collect();
        self.ask_live(deps, &ids)
    }

    /// Asks the live sources of these loaded and priced markets.
    pub fn ask_live(&mut self, deps: Deps, ids: &[AssetId]) -> Result<(), ContractError> {
        let marks = ids.iter().map(|id| self.mark(*id).cloned()).collect::<Result<Vec<_>, _>>()?;
        if !marks.iter().any(MarkPrice::is_live) {
            return Ok(());
        }
        let mut prices = self.take_prices(deps)?;
        prices.ask_live(deps, &marks)?;
        for loaded in self.loaded.iter_mut().filter(|loaded| loaded.priced) {
            loaded.state.mark = prices.mark(deps, &loaded.state.params.denom)?;
        }
        self.prices = Some(prices);
        Ok(())
    }

    fn take_prices(&mut self, deps: Deps) -> Result<Prices, ContractError> {
        match self.prices.take() {
            Some(prices) => Ok(prices),
            None => {
                self.spared_until = spared_until(deps.storage, &self.config)?;
                Ok(Prices::open(deps, &self.config.oracle, self.now)?)
            }
        }
    }

    /// The moment by which accounts are judged; prices must be loaded.
    pub fn moment(&self) -> Moment {
        match self.prices.as_ref().map(Prices::heartbeat) {
            None => Moment { clock: self.now, halted: false },
            Some(heartbeat) => Moment {
                clock: heartbeat.clock(self.now),
                halted: heartbeat.is_halted(&self.config.halt_grace, self.now) || self.now < self.spared_until,
            },
        }
    }

    /// Whether this market and its price are loaded.
    pub fn is_priced(&self, id: AssetId) -> bool {
        self.loaded.iter().any(|loaded| loaded.id == id && loaded.priced)
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

    /// The price of a loaded market; its prices must be loaded.
    pub fn mark(&self, id: AssetId) -> Result<&MarkPrice, ContractError> {
        self.state(id).map(|state| &state.mark)
    }

    /// Errors with the reason when health must not be bought with this market's token now: it is silent, or lent against at much less
    /// than liquidation counts ([`MarkPrice::is_ahead`]). Loads its price and asks its live source.
    pub fn assert_not_ahead(&mut self, deps: Deps, id: AssetId) -> Result<(), ContractError> {
        self.load_prices(deps)?;
        self.ask_live(deps, &[id])?;
        self.assert_mark_not_ahead(id)
    }

    /// The same by published prices alone. What a live source prices is refused.
    pub fn assert_not_ahead_unasked(&mut self, deps: Deps, id: AssetId) -> Result<(), ContractError> {
        self.load_prices(deps)?;
        if self.mark(id)?.is_live() {
            return Err(ContractError::PriceUnasked { denom: self.denom(id)? });
        }
        self.assert_mark_not_ahead(id)
    }

    fn assert_mark_not_ahead(&self, id: AssetId) -> Result<(), ContractError> {
        let (mark, denom) = (self.mark(id)?, self.denom(id)?);
        match mark.borrow_fault() {
            Some(fault) => Err(ContractError::Price { denom, fault }),
            None if mark.is_ahead() => Err(ContractError::PriceAhead { denom }),
            None => Ok(()),
        }
    }

    /// A loaded market, to be changed. It will be written back.
    pub fn market(&mut self, id: AssetId) -> Result<&mut Accrued, ContractError> {
        self.market_and_params(id).map(|(market, _)| market)
    }

    /// The same, with the parameters that a change of it depends on.
    pub fn market_and_params(&mut self, id: AssetId) -> Result<(&mut Accrued, &AssetParams), ContractError> {
        let loaded = self.loaded.iter_mut().find(|l| l.id == id).ok_or(ContractError::UnknownAsset(id))?;
        loaded.changed = true;
        Ok((&mut loaded.state.market, &loaded.state.params))
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
        Position::of(account, self, &self.moment()).map_err(|error| self.unhealthy(error))
    }

    /// The account as far as it is loaded: disabled deposits that weren't are left out.
    pub fn carrying_position(&self, account: &Account) -> Result<Position, ContractError> {
        let mut carrying = account.clone();
        carrying.collaterals.retain(|held| held.enabled || self.is_priced(held.asset));
        self.position(&carrying)
    }

    /// Errors unless the holder's debt is within max LTV at the unfavourable edge of each price, or the message has improved the
    /// account. To be called after what lowers borrowing power or raises debt; loads what it depends on and asks its live sources.
    /// Without debt no price is needed: lenders leave even when the oracle is dead.
    pub fn assert_healthy(&mut self, deps: Deps, holder: &Holder) -> Result<(), ContractError> {
        if holder.account.debts.is_empty() {
            return Ok(());
        }
        self.load_live(deps, &holder.account)?;
        // Nor is anything improved at prices from before the halt.
        if self.moment().halted {
            return Err(ContractError::Halted);
        }
        let power = self.position(&holder.account)?.borrowing_power().map_err(|error| self.unhealthy(error))?;
        if power.is_within() || self.is_improved(deps, holder)? {
            return Ok(());
        }
        Err(ContractError::AboveMaxLtv { debt: power.debt, limit: power.limit })
    }

    /// Whether the message leaves the account at a health factor of at least 1 and no lower than before, with less debt in value; all
    /// at the borrowing edges. A deposit in a market that is stopped or above its cap counts afterwards with no more than it counted
    /// before, and health that counts such deposits by their power alone ends at 1 or no lower than before. Otherwise improvements would
    /// swap good collateral for broken.
    fn is_improved(&mut self, deps: Deps, holder: &Holder) -> Result<bool, ContractError> {
        self.load_live(deps, &holder.before)?;
        let before = self.position(&holder.before)?;
        let after = self.position(&holder.account)?;
        let counted_before = |asset: AssetId| {
            let line = before.collaterals.iter().find(|line| line.asset == asset && line.enabled);
            line.map_or(Amount::ZERO, |line| line.amount)
        };
        let power = |asset: AssetId| {
            let line = before.collaterals.iter().chain(&after.collaterals).find(|line| line.asset == asset);
            line.map_or(Ratio::ONE, |line| line.power)
        };
        let counted = |asset, amount: Amount| {
            if power(asset) < Ratio::ONE { amount.min(counted_before(asset)) } else { amount }
        };
        let powered = |asset, amount: Amount| amount.share_down(power(asset)).unwrap_or_default();
        let old = before.edge_health(|_, amount| amount).map_err(|error| self.unhealthy(error))?;
        let new = after.edge_health(counted).map_err(|error| self.unhealthy(error))?;
        let old_powered = before.edge_health(powered).map_err(|error| self.unhealthy(error))?;
        let new_powered = after.edge_health(powered).map_err(|error| self.unhealthy(error))?;
        let better = new.debt < old.debt && !new.is_below_one() && new.is_no_lower_than(&old);
        Ok(better && (!new_powered.is_below_one() || new_powered.is_no_lower_than(&old_powered)))
    }

    /// Whether all of this deposit is needed to bring the account, which is above its max LTV, back within it: with one base unit less
    /// it would still be above, at the borrowing edges and by what liquidation counts, since a pair's owner bends an edge for a message.
    /// None of a token is that isn't lent against, and little of one whose max LTV is far below its threshold: by that it buys health.
    pub fn is_needed(
        &mut self,
        deps: Deps,
        account: &Account,
        id: AssetId,
        amount: Amount,
    ) -> Result<bool, ContractError> {
        self.load_live(deps, account)?;
        let mut position = self.position(account)?;
        if position.collaterals.iter().any(|line| line.asset == id && line.uncapped_weight().is_zero()) {
            return Ok(false);
        }
        let short = amount.saturating_sub(Amount::new(1));
        position.add_rescue(id, short).map_err(|error| self.unhealthy(error.into()))?;
        let at_edges = position.uncapped_power().map_err(|error| self.unhealthy(error))?;
        let settled = position.settled_power().map_err(|error| self.unhealthy(error.into()))?;
        Ok(!at_edges.is_within() && !settled.is_within())
    }

    /// Errors when one more token priced by a live source would be among the account's: each is asked at a borrow, so their number is
    /// bounded. `id` must be loaded.
    pub fn assert_live_slot(&mut self, deps: Deps, account: &Account, id: AssetId) -> Result<(), ContractError> {
        let others: Vec<AssetId> = account.assets().filter(|other| *other != id).collect();
        if others.len() < LIVE_MAX {
            return Ok(());
        }
        self.load_priced(deps, account)?;
        let mut live = Vec::new();
        for other in others {
            if self.mark(other)?.is_live() && !live.contains(&other) {
                live.push(other);
            }
        }
        if live.len() >= LIVE_MAX && self.mark(id)?.is_live() {
            return Err(ContractError::LivePrices { denom: self.denom(id)?, max: LIVE_MAX });
        }
        Ok(())
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
    /// The account when the message came.
    pub before: Account,
    existed: bool,
}

impl Holder {
    /// The account, empty when there is none. Errors while its batch waits for a callback: nobody acts on it meanwhile.
    pub fn load(deps: Deps, owner: Addr, account_id: Option<u32>) -> Result<Self, ContractError> {
        let holder = Self::read(deps, owner, account_id)?;
        if holder.account.is_busy() {
            return Err(ContractError::AccountBusy { account: holder.name() });
        }
        Ok(holder)
    }

    /// The account, empty when there is none.
    pub fn read(deps: Deps, owner: Addr, account_id: Option<u32>) -> Result<Self, ContractError> {
        let account_id = account_id.unwrap_or_default();
        let stored = ACCOUNTS.may_load(deps.storage, (&owner, account_id))?;
        let existed = stored.is_some();
        let account = stored.unwrap_or_default();
        Ok(Self { owner, account_id, before: account.clone(), account, existed })
    }

    /// Whether it had debt when the message came.
    pub const fn was_debtor(&self) -> bool {
        !self.before.debts.is_empty()
    }

    /// How events and errors call it.
    pub fn name(&self) -> String {
        account_name(self.owner.as_str(), self.account_id)
    }

    /// Writes the record of an account that waited for a callback, and waits no longer. Its debts are those that were written.
    pub fn release(mut self, storage: &mut dyn Storage) -> Result<(), ContractError> {
        self.before = self.account.clone();
        self.account.set_busy(false);
        self.save(storage)
    }

    /// Writes the record, or removes it when it is empty, and keeps the index of debtors in step.
    pub fn save(self, storage: &mut dyn Storage) -> Result<(), ContractError> {
        let key = (&self.owner, self.account_id);
        if !self.account.is_empty() {
            ACCOUNTS.save(storage, key, &self.account)?;
        } else if self.existed {
            ACCOUNTS.remove(storage, key);
        }
        match (self.was_debtor(), !self.account.debts.is_empty()) {
            (false, true) => DEBTORS.save(storage, key, &true)?,
            (true, false) => DEBTORS.remove(storage, key),
            _ => {}
        }
        Ok(())
    }
}
