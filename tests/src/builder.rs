//! Building a world that differs from the usual one.

use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_risk::liquidation::LiquidationTerms;
use plimsoll_risk::units::{Ratio, Value};
use plimsoll_schema::margin::Fee;
use plimsoll_schema::oracle::InstantiateMsg as OracleInstantiateMsg;
use plimsoll_schema::pool::{Config, ExecuteMsg, InstantiateMsg};

use crate::actor::{FEEDER_3, FEEDERS, FUNDED, GUARDIAN, OWNER, RISK_MANAGER};
use crate::asset::Asset;
use crate::chain::Chain;
use crate::oracle::oracle_code;
use crate::pool::pool_code;
use crate::world::World;

/// How many whole tokens of each asset an actor starts with.
const FUNDS: u128 = 100_000_000;

/// What a world is built from. What isn't told stays as in [`World::new`].
#[derive(Clone, Debug)]
pub struct WorldBuilder {
    prefix: &'static str,
    assets: Vec<Asset>,
    oracle: OracleInstantiateMsg,
    pool: Config,
    lent: u128,
    timelock: Option<u64>,
    margin: Option<Option<Fee>>,
}

impl Default for WorldBuilder {
    fn default() -> Self {
        Self {
            prefix: "wasm",
            assets: Asset::defaults(),
            oracle: OracleInstantiateMsg {
                owner: String::new(),
                production: false,
                source_delay: 86_400,
                heartbeat_gap: 0,
                guardian: None,
            },
            pool: Config {
                oracle: String::new(),
                liquidation: LiquidationTerms {
                    target_health_factor: Ratio::percent(105),
                    dust_value: Value::whole(1),
                },
                min_debt_value: Value::whole(5),
                reserves_delay: 86_400,
                oracle_delay: 86_400,
                halt_grace: HaltGrace::default(),
            },
            lent: 0,
            timelock: None,
            margin: None,
        }
    }
}

impl WorldBuilder {
    /// What addresses start with.
    pub const fn prefix(mut self, prefix: &'static str) -> Self {
        self.prefix = prefix;
        self
    }

    /// Lists these assets in place of the usual ones.
    pub fn assets(mut self, assets: impl IntoIterator<Item = Asset>) -> Self {
        self.assets = assets.into_iter().collect();
        self
    }

    /// Lists no asset.
    pub fn without_assets(self) -> Self {
        self.assets([])
    }

    /// Changes an asset's parameters, guards or first price. Panics when it isn't listed.
    pub fn edit(mut self, denom: &str, change: impl FnOnce(&mut Asset)) -> Self {
        let asset = self.assets.iter_mut().find(|asset| asset.params.denom == denom);
        change(asset.unwrap_or_else(|| panic!("{denom} is not listed in this world")));
        self
    }

    /// Changes the pool's settings. The oracle's address is filled in later.
    pub fn pool(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.pool);
        self
    }

    /// Where liquidation leaves an account, and what counts as dust.
    pub fn terms(self, terms: LiquidationTerms) -> Self {
        self.pool(|config| config.liquidation = terms)
    }

    /// Changes the oracle's settings. Owner and guardian are filled in later.
    pub fn oracle(mut self, change: impl FnOnce(&mut OracleInstantiateMsg)) -> Self {
        change(&mut self.oracle);
        self
    }

    /// Has the lender deposit this many whole tokens of each asset; see [`World::lend`].
    pub const fn lent(mut self, tokens: u128) -> Self {
        self.lent = tokens;
        self
    }

    /// Hands oracle and pool over to a timelock with this delay, in seconds, once the assets are listed. [`OWNER`] is
    /// its admin then, and owns nothing any more; [`GUARDIAN`] is its guardian.
    pub const fn timelock(mut self, delay: u64) -> Self {
        self.timelock = Some(delay);
        self
    }

    /// Deploys a margin contract without a fee; see [`World::leverage`].
    pub fn margin(mut self) -> Self {
        self.margin = Some(None);
        self
    }

    /// Deploys a margin contract that takes this share of each sale, for [`OWNER`].
    pub fn margin_with_fee(mut self, share: Ratio) -> Self {
        self.margin = Some(Some(Fee { share, recipient: String::new() }));
        self
    }

    /// Builds the world. Panics when a contract refuses a setting.
    pub fn build(self) -> World {
        let mut chain = Chain::new(self.prefix);
        let who = |name: &str| chain.addr(name).into_string();
        let owner = who(OWNER);
        let risk_manager = who(RISK_MANAGER);
        let guardian = who(GUARDIAN);

        let msg = OracleInstantiateMsg { owner: owner.clone(), guardian: Some(guardian.clone()), ..self.oracle };
        let oracle = chain.deploy(oracle_code(), OWNER, &msg, &[], "oracle").expect("the oracle takes its settings");
        let config = Config { oracle: oracle.to_string(), ..self.pool };
        let msg = InstantiateMsg { owner, risk_manager: Some(risk_manager), guardian: Some(guardian), config };
        let pool = chain.deploy(pool_code(), OWNER, &msg, &[], "pool").expect("the pool takes its settings");

        let mut world = World { chain, oracle, pool, assets: vec![], timelock: None, margin: None };
        for asset in self.assets {
            world.list(asset);
        }
        if self.lent > 0 {
            world.lend(self.lent);
        }
        if let Some(fee) = self.margin {
            let recipient = world.addr(OWNER).into_string();
            world.deploy_margin(fee.map(|fee| Fee { recipient, ..fee }));
        }
        if let Some(delay) = self.timelock {
            world.hand_to_timelock(delay);
        }
        world
    }
}

impl World {
    /// Lists an asset: its source, its first price by the feeders' messages, its market, and funds for every actor. In
    /// production a third feeder has a seat and needn't vote.
    pub fn list(&mut self, asset: Asset) {
        let Asset { params, price, guards } = asset.clone();
        let denom = params.denom.clone();
        let fail = |error| panic!("listing {denom}: {error}");
        let [first, second] = FEEDERS;
        let names = if self.oracle_config().production { vec![first, second, FEEDER_3] } else { FEEDERS.to_vec() };
        let source = self.feed_source(&names, 2);
        self.set_source(&denom, source, guards).unwrap_or_else(fail);
        self.set_price(&denom, &price.to_string());
        self.execute(OWNER, &ExecuteMsg::InitAsset { params }, &[]).unwrap_or_else(fail);
        for name in FUNDED {
            self.mint(name, &denom, asset.whole(FUNDS));
        }
        self.assets.push(asset);
    }
}
