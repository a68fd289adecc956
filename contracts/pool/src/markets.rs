//! The part of the ledger that one message works on: loaded once, accrued once, and written back only where it changed.

mod outflow;

use cosmwasm_std::{Deps, Env, Storage};
use plimsoll_risk::account::Account;
use plimsoll_risk::health::{AssetState, Assets, HealthError, Moment, Position};
use plimsoll_risk::mark::MarkPrice;
use plimsoll_risk::market::{Accrued, MarketError};
use plimsoll_risk::outflow::{Flow, Outflow};
use plimsoll_risk::params::{AssetId, AssetParams};
use plimsoll_risk::units::Amount;
use plimsoll_schema::funds::DENOM_LENGTH_MAX;
use plimsoll_schema::pool::Config;

use crate::error::ContractError;
use crate::funds::Purse;
use crate::prices::Prices;
use crate::state::{ASSET_IDS, ASSET_PARAMS, CONFIG, MARKETS, SPARED_UNTIL};

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
pub struct Markets {
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
    /// The bucket of a market that was loaded by its denom and has a limit, at this block.
    outflow: Option<Outflow>,
    /// What this message moves in it.
    flow: Flow,
}

impl Assets for Markets {
    fn asset(&self, id: AssetId) -> Option<&AssetState> {
        self.loaded.iter().find(|l| l.id == id).map(|l| &l.state)
    }
}

impl Markets {
    /// No market yet, at this block.
    pub fn open(deps: Deps, env: &Env) -> Result<Self, ContractError> {
        let now = env.block.time.seconds();
        let config = CONFIG.load(deps.storage)?;
        Ok(Self { now, config, loaded: Vec::new(), prices: None, spared_until: 0 })
    }

    /// Loads and accrues the market of this denom, with its bucket where it has a limit. Errors when it is not listed.
    pub fn load_denom(&mut self, deps: Deps, denom: &str) -> Result<AssetId, ContractError> {
        let id = match self.loaded.iter().find(|loaded| loaded.state.params.denom == denom) {
            Some(loaded) => loaded.id,
            None => asset_id(deps.storage, denom)?,
        };
        self.load(deps, id)?;
        self.load_outflow(deps.storage, id)?;
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
        let market = market.accrue(self.now, &params)?;
        let state = AssetState { params, market, mark: MarkPrice::unknown() };
        let flow = Flow::default();
        self.loaded.push(Loaded { id, state, changed: false, priced: false, outflow: None, flow });
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

    /// Errors with the reason when health must not be bought with this market's token now: it is silent, or lent
    /// against at much less than liquidation counts ([`MarkPrice::is_ahead`]). Loads its price and asks its live
    /// source.
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
        let mark = self.mark(id)?;
        let denom = self.denom(id)?;
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
        let loaded = self.loaded_mut(id)?;
        loaded.changed = true;
        Ok((&mut loaded.state.market, &loaded.state.params))
    }

    /// Gives a loaded market other parameters. It will be written back.
    pub fn set_params(&mut self, id: AssetId, params: AssetParams) -> Result<(), ContractError> {
        let loaded = self.loaded_mut(id)?;
        loaded.changed = true;
        loaded.state.params = params;
        Ok(())
    }

    fn loaded(&self, id: AssetId) -> Result<&Loaded, ContractError> {
        self.loaded.iter().find(|l| l.id == id).ok_or(ContractError::UnknownAsset(id))
    }

    fn loaded_mut(&mut self, id: AssetId) -> Result<&mut Loaded, ContractError> {
        self.loaded.iter_mut().find(|l| l.id == id).ok_or(ContractError::UnknownAsset(id))
    }

    /// A refusal of this market, with its denom.
    pub fn market_error(&self, id: AssetId, error: MarketError) -> ContractError {
        match (error, self.denom(id)) {
            (MarketError::InsufficientCash { wanted, available }, Ok(denom)) => {
                ContractError::InsufficientLiquidity { denom, wanted, available }
            }
            (MarketError::Math(error), _) => error.into(),
            (error, _) => ContractError::Market(error),
        }
    }

    /// A refusal for want of health or of a price, with its denom.
    pub fn health_error(&self, error: HealthError) -> ContractError {
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
        Position::of(account, self, &self.moment()).map_err(|error| self.health_error(error))
    }

    /// The account as far as it is loaded: disabled deposits that weren't are left out.
    pub fn carrying_position(&self, account: &Account) -> Result<Position, ContractError> {
        let mut carrying = account.clone();
        carrying.collaterals.retain(|held| held.enabled || self.is_priced(held.asset));
        self.position(&carrying)
    }

    /// What the account's deposit of this asset is worth, rounded down.
    pub fn supplied(&self, account: &Account, id: AssetId) -> Result<Amount, ContractError> {
        Ok(self.state(id)?.market.shares_value_down(account.shares(id))?)
    }

    /// Writes back the markets that changed, each with the rate that its new utilization asks for. Errors when a limit
    /// allows less to leave than this message takes.
    pub fn save(self, storage: &mut dyn Storage) -> Result<(), ContractError> {
        for loaded in self.loaded.into_iter().filter(|l| l.changed) {
            loaded.save_outflow(storage, self.now)?;
            let Loaded { id, state, .. } = loaded;
            MARKETS.save(storage, id.0, &state.market.settle(&state.params)?)?;
        }
        Ok(())
    }
}
