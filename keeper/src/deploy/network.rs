//! A network file: everything in which one network differs from another.

mod check;

use std::path::{Path, PathBuf};

use cosmwasm_std::Decimal;
use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_risk::liquidation::LiquidationTerms;
use plimsoll_risk::outflow::OutflowLimit;
use plimsoll_risk::params::BonusCurve;
use plimsoll_risk::price::Guards;
use plimsoll_risk::rates::RateModel;
use plimsoll_risk::units::{Amount, Price, Ratio, Value};
use plimsoll_schema::margin::Fee;
use plimsoll_schema::oracle::{CheckSource, Source};
use plimsoll_schema::pool::NewAsset;
use serde::Deserialize;

use crate::config::ChainConfig;
use crate::error::{Error, Result};

pub use check::{DELAY_LONG, PUBLIC_KEYS};

/// In a denom, stands for the deployer's address: a token factory's denoms contain their creator.
const DEPLOYER: &str = "{deployer}";
/// A network.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The network's name; the deployment file is named after it.
    pub name: String,
    /// The endpoints, the addresses and the gas.
    pub chain: NetworkChain,
    /// The addresses that may do more than others.
    #[serde(default)]
    pub roles: Roles,
    /// The timelock that owns both contracts in the end; none when left out.
    pub timelock: Option<Timelock>,
    /// The oracle's settings.
    pub oracle: OracleSettings,
    /// The pool's settings.
    pub pool: PoolSettings,
    /// The margin contract to deploy; none when left out.
    pub margin: Option<Margin>,
    /// The keys that vote for prices.
    #[serde(default)]
    pub feeders: Vec<Feeder>,
    /// The assets to list, in this order.
    pub assets: Vec<Asset>,
    /// The pairs that liquidators sell into, in this order.
    #[serde(default)]
    pub pairs: Vec<Pair>,
}

/// How to reach a network and pay there.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct NetworkChain {
    /// The chain id.
    pub id: String,
    /// The gRPC endpoint, `http(s)://host:port`.
    pub grpc: String,
    /// The RPC endpoint, `http(s)://host:port`.
    pub rpc: String,
    /// The bech32 prefix of addresses.
    pub prefix: String,
    /// The coin type of the keys' derivation path, by SLIP-44.
    pub coin_type: u32,
    /// What a unit of gas costs, in the gas denom.
    pub gas_price: Decimal,
    /// The denom that gas is paid in.
    pub gas_denom: String,
    /// The factor by which a simulation's gas is multiplied.
    pub gas_adjustment: Decimal,
    /// A certificate authority to trust beside the public ones.
    pub ca_file: Option<PathBuf>,
}

/// Addresses; the timelock, or else the deployer, stands in for an owner or admin that is left out.
#[derive(Deserialize, Clone, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// Is proposed as owner of both contracts at the end, and has to accept. Not beside a timelock.
    pub owner: Option<String>,
    /// May migrate the contracts, at once; the timelock, after its delay, when there is one and this is left out.
    pub admin: Option<String>,
    /// May tighten the pool's parameters.
    pub risk_manager: Option<String>,
    /// May stop deposits and borrowing.
    pub guardian: Option<String>,
}

/// The owner of both contracts in production: what it wants is announced, waits, and can be vetoed.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct Timelock {
    /// Seconds between announcing a change and making it.
    pub delay: u64,
    /// Announces changes and makes them.
    pub admin: String,
    /// Vetoes them; the pool's guardian when left out.
    pub guardian: Option<String>,
}

/// The oracle's settings.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct OracleSettings {
    /// Refuse fixed prices.
    pub production: bool,
    /// Seconds before an announced source can be put in force. 0 when left out, and where a timelock has its own delay.
    #[serde(default)]
    pub source_delay: u64,
    /// More seconds than this between two writes of the oracle are a gap, in which clocks against accounts stand still;
    /// 0 is off.
    pub heartbeat_gap: u64,
}

/// The pool's settings.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct PoolSettings {
    /// The health factor at which a liquidation leaves an account.
    pub target_health_factor: Ratio,
    /// The value up to which a rest counts as dust.
    pub dust_value: Value,
    /// The least that a debt may be worth after a borrow.
    pub min_debt_value: Value,
    /// Seconds between asking for reserves and taking them.
    pub reserves_delay: u64,
    /// Seconds before an announced oracle can be changed to. 0 when left out, and where a timelock has its own delay.
    #[serde(default)]
    pub oracle_delay: u64,
    /// After which gap of the oracle liquidation waits, and for how long; off when left out.
    #[serde(default)]
    pub halt_grace: HaltGrace,
}

/// The margin contract's settings.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct Margin {
    /// What it takes of each sale, and for whom; nothing when left out. It can't be changed later.
    pub fee: Option<Fee>,
}

/// A key that votes for prices.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct Feeder {
    /// Its address.
    pub address: String,
    /// The environment variable that may hold its mnemonic: then `deploy` votes the first prices with it.
    pub mnemonic_env: Option<String>,
}

/// An asset to be listed.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// The token's denom in the bank; `{deployer}` in it stands for that address.
    pub denom: String,
    /// The decimals of the whole token.
    pub decimals: u8,
    /// The first price, for feeders whose mnemonic is given.
    pub first_price: Option<Price>,
    /// Where the price comes from; the feeders above, more than half of them, when left out.
    pub source: Option<Source>,
    /// The limits that it is held to.
    pub guards: Guards,
    /// A second source that the price is checked against; none when left out.
    pub check: Option<CheckSource>,
    /// How much may be borrowed against a unit of value.
    pub max_loan_to_value: Ratio,
    /// How much debt a unit of the collateral's value carries.
    pub liquidation_threshold: Ratio,
    /// The liquidator's bonus.
    pub liquidation_bonus: BonusCurve,
    /// What selling a unit of it costs; 0.01, or the least bonus when that is less, when left out.
    pub sale_cost: Option<Ratio>,
    /// The protocol's share of what the bonus exceeds that by.
    pub protocol_liquidation_fee: Ratio,
    /// The reserves' share of interest.
    pub reserve_factor: Ratio,
    /// The share of the debt that must stay in reserves.
    pub reserve_floor: Ratio,
    /// The share of a flash loan that it costs.
    pub flash_loan_fee: Ratio,
    /// The most that suppliers may hold together.
    pub supply_cap: Amount,
    /// The most that borrowers may owe together.
    pub borrow_cap: Amount,
    /// The most of the supply that may be lent out after a borrow; 0.95 when left out, 1 is no limit.
    pub max_borrow_utilization: Option<Ratio>,
    /// By how much more than its value a debt counts; 1 when left out.
    pub borrow_weight: Option<Ratio>,
    /// Whether the asset counts alone as collateral; not when left out. `update_asset` sets its debt ceilings.
    pub isolated: Option<bool>,
    /// Whether the asset stands alone as debt; not when left out.
    pub siloed: Option<bool>,
    /// How much may leave; no limit when left out.
    pub outflow_limit: Option<OutflowLimit>,
    /// How the borrow rate follows utilization.
    pub rate_model: RateModel,
}

/// A market to sell into.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Its two tokens; `{deployer}` in a denom stands for that address.
    pub denoms: [String; 2],
    /// An existing pair, of Plimsoll or of Astroport; when empty one is instantiated.
    #[serde(default)]
    pub address: String,
    /// The share of each swap's yield that stays in a pair that is instantiated.
    pub fee: Ratio,
    /// How much of each token the deployer provides to a pair that is instantiated and empty, in quote currency at the
    /// oracle's prices; nothing when 0.
    pub worth_of_each: Value,
}

impl Network {
    /// Reads a network file. Unknown keys are errors.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| Error::file(path, error))?;
        toml::from_str(&text).map_err(|error: toml::de::Error| {
            let line = error.span().map_or(0, |span| text[..span.start].lines().count());
            Error::file(path, format!("line {line}: {}", error.message().replace('\n', " ")))
        })
    }

    /// The address that vetoes in the timelock.
    pub fn timelock_guardian(&self) -> Option<String> {
        self.timelock.as_ref().and_then(|timelock| timelock.guardian.clone()).or_else(|| self.roles.guardian.clone())
    }

    /// The keeper's view of the chain.
    pub fn chain_config(&self) -> ChainConfig {
        let chain = self.chain.clone();
        ChainConfig {
            id: chain.id,
            grpc: vec![chain.grpc],
            rpc: vec![chain.rpc],
            prefix: chain.prefix,
            coin_type: chain.coin_type,
            gas_price: chain.gas_price,
            max_gas_price: None,
            max_requests_per_second: None,
            gas_denom: chain.gas_denom,
            gas_adjustment: chain.gas_adjustment,
            ca_file: chain.ca_file,
            headers: http::HeaderMap::new(),
            fee_granter: None,
        }
    }

    /// The terms of every liquidation.
    pub const fn terms(&self) -> LiquidationTerms {
        LiquidationTerms { target_health_factor: self.pool.target_health_factor, dust_value: self.pool.dust_value }
    }

    /// The source of an asset.
    pub fn source(&self, asset: &Asset) -> Source {
        asset.source.clone().unwrap_or_else(|| Source::Feed {
            feeders: self.feeders.iter().map(|feeder| feeder.address.clone()).collect(),
            quorum: u8::try_from(self.feeders.len() / 2 + 1).unwrap_or(u8::MAX),
        })
    }
}

impl Pair {
    /// The denoms on the chain.
    pub fn denoms(&self, deployer: &str) -> [String; 2] {
        self.denoms.clone().map(|denom| denom.replace(DEPLOYER, deployer))
    }
}

impl Asset {
    /// The denom on the chain.
    pub fn denom(&self, deployer: &str) -> String {
        self.denom.replace(DEPLOYER, deployer)
    }

    /// The parameters with which the pool lists the asset.
    pub fn listing(&self, deployer: &str) -> NewAsset {
        NewAsset {
            denom: self.denom(deployer),
            decimals: self.decimals,
            max_loan_to_value: self.max_loan_to_value,
            liquidation_threshold: self.liquidation_threshold,
            liquidation_bonus: self.liquidation_bonus,
            sale_cost: self.sale_cost,
            protocol_liquidation_fee: self.protocol_liquidation_fee,
            reserve_factor: self.reserve_factor,
            reserve_floor: self.reserve_floor,
            flash_loan_fee: self.flash_loan_fee,
            supply_cap: self.supply_cap,
            borrow_cap: self.borrow_cap,
            max_borrow_utilization: self.max_borrow_utilization,
            borrow_weight: self.borrow_weight,
            isolated: self.isolated,
            siloed: self.siloed,
            outflow_limit: self.outflow_limit,
            rate_model: self.rate_model.clone(),
        }
    }
}
