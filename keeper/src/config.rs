//! The keeper's settings: defaults, then the deployment file, then the TOML file, then the environment, then flags.
//!
//! Every key is known by name in [`KEYS`]; any other is an error. Every value is checked before anything starts, and an
//! error names the key, its value and what is allowed. `keeper.example.toml` says what each is for.

mod layers;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use cosmwasm_std::Decimal;
use plimsoll_risk::units::{Ratio, Value};
use plimsoll_schema::liquidator::{ITEM_GAS, ITEMS_MAX};

use crate::chain::faulty::Script;
use crate::error::{Error, Result};

pub use layers::{ENVIRONMENT, Layers};

/// Every key with its default; one without stands at nothing.
pub const KEYS: &[(&str, &str)] = &[
    ("deployment", ""),
    ("chain.id", ""),
    ("chain.grpc", ""),
    ("chain.rpc", ""),
    ("chain.prefix", "wasm"),
    ("chain.coin_type", "118"),
    ("chain.gas_price", "0.025"),
    ("chain.gas_denom", "ustake"),
    ("chain.gas_adjustment", "1.3"),
    ("chain.ca_file", ""),
    ("chain.faults", ""),
    ("contracts.pool", ""),
    ("contracts.oracle", ""),
    ("contracts.liquidator", ""),
    ("contracts.pairs", ""),
    ("wallet.mnemonic_file", ""),
    ("wallet.account", "0"),
    ("wallet.keys", "1"),
    ("wallet.gas_float", ""),
    ("strategy.min_profit_value", "0"),
    ("strategy.gas_value", "0"),
    ("strategy.gas_denom_price", ""),
    ("strategy.gas_denom_decimals", "6"),
    ("strategy.max_gas_per_tx", "10000000"),
    ("strategy.max_fee", ""),
    ("strategy.slippage", "0.005"),
    ("strategy.max_items", "20"),
    ("strategy.item_gas", "1000000"),
    ("strategy.timeout_blocks", "20"),
    ("strategy.cooldown_lift", "0.01"),
    ("strategy.max_failures", "20"),
    ("strategy.publish_seconds", "300"),
    ("strategy.write_off", "true"),
    ("strategy.max_write_offs_per_hour", "60"),
    ("strategy.max_spend_per_tx", ""),
    ("strategy.max_spend_per_hour", ""),
    ("strategy.max_fee_per_hour", ""),
    ("journal.path", ""),
    ("book.path", ""),
    ("book.gap_max", "1000"),
    ("book.audit_accounts", "64"),
    ("book.audit_seconds", "60"),
    ("book.audit_rebuild", "5"),
    ("monitor.listen", LISTEN),
    ("monitor.max_age", "30"),
    ("log.format", "text"),
    ("log.level", "info"),
];

/// Where the keeper can be looked at unless that is set: from this machine alone.
const LISTEN: &str = "127.0.0.1:9464";

/// What a chain accepts as the name of a token.
const DENOM: &str = "a denom: a letter, then 2 to 127 letters, digits and any of / : . _ -";

/// Keys of this section are denoms: the most that is spent of each in one liquidation.
pub const MAX_REPAY: &str = "strategy.max_repay.";

/// How to reach a chain and pay there. Debug shows no more of the endpoints than their hosts.
#[derive(Clone, PartialEq, Eq)]
pub struct ChainConfig {
    /// Its chain id.
    pub id: String,
    /// `http(s)://host:port`, the preferred one first.
    pub grpc: Vec<String>,
    /// `ws(s)://host:port/websocket`, or the same as `http(s)`, the preferred one first.
    pub rpc: Vec<String>,
    /// Of its addresses.
    pub prefix: String,
    /// Of its keys, by SLIP-44.
    pub coin_type: u32,
    /// What a unit of gas costs.
    pub gas_price: Decimal,
    /// In which denom.
    pub gas_denom: String,
    /// By what a simulation's gas is multiplied.
    pub gas_adjustment: Decimal,
    /// A certificate authority to trust beside the public ones.
    pub ca_file: Option<PathBuf>,
}

impl std::fmt::Debug for ChainConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let public =
            |all: &[String]| all.iter().map(|one| crate::chain::endpoints::name::public(one)).collect::<Vec<_>>();
        f.debug_struct("ChainConfig")
            .field("id", &self.id)
            .field("grpc", &public(&self.grpc))
            .field("rpc", &public(&self.rpc))
            .finish_non_exhaustive()
    }
}

impl ChainConfig {
    /// A simulated amount of gas with the reserve, rounded up.
    pub fn with_reserve(&self, gas: u64) -> u64 {
        let atomics = self.gas_adjustment.atomics().u128();
        plimsoll_risk::math::mul_div_up_128(gas.into(), atomics, plimsoll_risk::math::ONE)
            .map_or(u64::MAX, |gas| u64::try_from(gas).unwrap_or(u64::MAX))
    }
}

/// The contracts that are watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contracts {
    /// The pool.
    pub pool: String,
    /// Its oracle; the pool's own answer when left out.
    pub oracle: Option<String>,
    /// Its liquidator; without one the keeper repays from what it holds only.
    pub liquidator: Option<String>,
    /// The pairs to sell into.
    pub pairs: Vec<String>,
}

/// What is worth doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strategy {
    /// Less profit than this, after gas, is not worth a transaction.
    pub min_profit_value: Value,
    /// What the gas of one liquidation is worth, as long as no price says so.
    pub gas_value: Value,
    /// What a whole token of the gas denom is worth: the fee of what was simulated is then subtracted in place of `gas_value`.
    pub gas_denom_price: Option<Value>,
    /// The decimals of the gas denom.
    pub gas_denom_decimals: u8,
    /// The most gas that a transaction may ask for.
    pub max_gas_per_tx: u64,
    /// The most that is paid for a transaction, in base units of the gas denom.
    pub max_fee: Option<u128>,
    /// How much less collateral than planned is accepted.
    pub slippage: Ratio,
    /// The most accounts in one message to the liquidator.
    pub max_items: usize,
    /// The most gas that one of them may use.
    pub item_gas: u64,
    /// The most that is spent in one liquidation, by denom; no limit for others.
    pub max_repay: BTreeMap<String, u128>,
    /// In how many blocks a transaction must be included.
    pub timeout_blocks: u64,
    /// By how much a price of its assets or its record has to change for an account that failed to be tried again at once.
    pub cooldown_lift: Ratio,
    /// After how many transactions in a row that failed the keeper stops; 0 is never.
    pub max_failures: u32,
    /// How old a live price may grow before it is published, though nothing be liquidated; 0 is as old as it gets.
    pub publish_seconds: u64,
    /// Whether bad debt is written off, which pays nothing.
    pub write_off: bool,
    /// The most debts that are written off in an hour; `None` is no limit.
    pub max_write_offs_per_hour: Option<usize>,
    /// The most of the key's own coins, in value, that one transaction repays with; `None` is no limit, and 0 the liquidator alone.
    pub max_spend_per_tx: Option<Value>,
    /// The most that all transactions of an hour repay with; `None` is no limit, and 0 the liquidator alone.
    pub max_spend_per_hour: Option<Value>,
    /// The most that is paid in fees in an hour, in base units of the gas denom; `None` is no limit.
    pub max_fee_per_hour: Option<u128>,
}

impl Default for Strategy {
    fn default() -> Self {
        Self {
            min_profit_value: Value::ZERO,
            gas_value: Value::ZERO,
            gas_denom_price: None,
            gas_denom_decimals: 6,
            max_gas_per_tx: 10_000_000,
            max_fee: None,
            slippage: Ratio::bps(50),
            max_items: 20,
            item_gas: ITEM_GAS,
            max_repay: BTreeMap::new(),
            timeout_blocks: 20,
            cooldown_lift: Ratio::percent(1),
            max_failures: 20,
            publish_seconds: 300,
            write_off: true,
            max_write_offs_per_hour: Some(60),
            max_spend_per_tx: None,
            max_spend_per_hour: None,
            max_fee_per_hour: None,
        }
    }
}

impl Strategy {
    /// What gas is taken to cost before anything is simulated.
    pub fn planned_gas_value(&self) -> Value {
        if self.gas_denom_price.is_some() { Value::ZERO } else { self.gas_value }
    }

    /// What a fee is worth, rounded up; `None` when no price says so.
    pub fn fee_value(&self, fee: u128) -> Option<Value> {
        let price = self.gas_denom_price?;
        let whole = cosmwasm_std::Uint256::from(10u8).checked_pow(self.gas_denom_decimals.into()).ok()?;
        let value = price.raw().checked_mul(fee.into()).ok()?.checked_add(whole).ok()?.checked_div(whole).ok()?;
        Some(Value::new(value))
    }
}

/// Where the key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// A file that only its owner can read; the environment comes first.
    pub mnemonic_file: Option<PathBuf>,
    /// Which of its keys; the first, where there are several.
    pub account: u32,
    /// How many of its keys send, each a transaction at a time.
    pub keys: u32,
    /// What each of the further ones is kept supplied with for gas, in base units.
    pub gas_float: Option<u128>,
}

/// How the book is kept true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Care {
    /// The most blocks that are filled one by one after an absence; after a longer one the book is read anew.
    pub gap_max: u64,
    /// How many accounts an audit compares; 0 is no audit.
    pub audit_accounts: usize,
    /// How often, in seconds.
    pub audit_seconds: u64,
    /// After how many differences the whole book is read anew.
    pub audit_rebuild: usize,
}

impl Default for Care {
    fn default() -> Self {
        Self { gap_max: crate::book::follow::GAP_MAX, audit_accounts: 64, audit_seconds: 60, audit_rebuild: 5 }
    }
}

/// Where the book is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookFile {
    /// Beside the journal, if there is one.
    Beside,
    /// There.
    At(PathBuf),
    /// Nowhere: in memory only.
    Nowhere,
}

/// How the keeper is looked at from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Monitoring {
    /// Where it listens; nowhere when `None`.
    pub listen: Option<SocketAddr>,
    /// Whether somebody chose that: then it has to be possible.
    pub chosen: bool,
    /// How old the newest block may be for the keeper to be ready, in seconds.
    pub max_age: u64,
}

impl Default for Monitoring {
    fn default() -> Self {
        Self { listen: None, chosen: false, max_age: 30 }
    }
}

/// How logs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// All settings, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// How to reach the chain.
    pub chain: ChainConfig,
    /// What is to go wrong on the way there; for trials alone.
    pub faults: Option<Script>,
    /// What is watched.
    pub contracts: Contracts,
    /// Where the key comes from.
    pub wallet: Wallet,
    /// What is worth doing.
    pub strategy: Strategy,
    /// Where intents are written down; see [`Config::journal_path`].
    pub journal: Option<PathBuf>,
    /// Where the book is kept; see [`Config::book_path`].
    pub book: BookFile,
    /// How it is kept true.
    pub care: Care,
    /// How the keeper is looked at from outside.
    pub monitor: Monitoring,
    /// How logs read.
    pub log_format: LogFormat,
    /// What is logged.
    pub log_level: tracing::Level,
    /// Whether no person waits, so that no progress is shown.
    pub quiet: bool,
}

impl Config {
    /// Checks every value.
    pub fn of(layers: &Layers) -> Result<Self> {
        let chain = chain(layers)?;
        let log_format = match layers.get("log.format") {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            _ => return Err(layers.refuse("log.format", "text or json")),
        };
        let contracts = Contracts {
            pool: layers.required("contracts.pool")?,
            oracle: layers.optional("contracts.oracle").map(str::to_owned),
            liquidator: layers.optional("contracts.liquidator").map(str::to_owned),
            pairs: layers.list("contracts.pairs").map(str::to_owned).collect(),
        };
        if contracts.pairs.iter().collect::<std::collections::BTreeSet<_>>().len() < contracts.pairs.len() {
            return Err(layers.refuse("contracts.pairs", "different addresses, separated by commas"));
        }
        let named = [
            ("contracts.pool", Some(&contracts.pool)),
            ("contracts.oracle", contracts.oracle.as_ref()),
            ("contracts.liquidator", contracts.liquidator.as_ref()),
        ];
        for (name, address) in
            named.into_iter().chain(contracts.pairs.iter().map(|pair| ("contracts.pairs", Some(pair))))
        {
            if address.is_some_and(|address| !is_address(address, layers.get("chain.prefix"))) {
                return Err(layers.refuse(name, &format!("an address with prefix '{}'", layers.get("chain.prefix"))));
            }
        }
        Ok(Self {
            chain,
            faults: limit(
                layers,
                "chain.faults",
                "rules such as 'seed=7; broadcast #1 lose', or nothing",
                |_: &Script| true,
            )?,
            contracts,
            wallet: wallet(layers)?,
            strategy: strategy(layers)?,
            book: match layers.get("book.path") {
                "" => BookFile::Beside,
                "none" => BookFile::Nowhere,
                _ => layers
                    .path("book.path", "a file, not a directory, or none", |path| !path.is_dir())?
                    .map_or(BookFile::Beside, BookFile::At),
            },
            care: care(layers)?,
            journal: layers.path("journal.path", "a file, not a directory", |path| !path.is_dir())?,
            monitor: monitor(layers)?,
            log_format,
            log_level: layers.parse("log.level", "error, warn, info, debug or trace", |_: &tracing::Level| true)?,
            quiet: false,
        })
    }
}

impl Config {
    /// Where the intents of this address are written down. Unless that is set, it is a file of this chain's and this address's
    /// own in the user's state directory, `$XDG_STATE_HOME/plimsoll` or `~/.local/state/plimsoll`: a keeper started from
    /// another working directory, or at boot, has to find what it was sending. Where it is set, the key of this number, counted from
    /// the first, 0, has it at the end of the file's name.
    pub fn journal_path(
        &self,
        address: &str,
        number: usize,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<PathBuf> {
        if let Some(path) = &self.journal {
            let mut name = path.clone().into_os_string();
            if number > 0 {
                name.push(format!(".{number}"));
            }
            return Ok(PathBuf::from(name));
        }
        // As the standard has it, a path that depends on the working directory is ignored.
        let absolute = |name: &str| environment(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
        let state = state.ok_or_else(|| {
            Error::Config("journal.path is not set, nor HOME or XDG_STATE_HOME: set journal.path to a file".to_owned())
        })?;
        Ok(state.join("plimsoll").join(format!("journal-{}-{address}.jsonl", self.chain.id)))
    }

    /// Where the book is kept by this address, whose journal is there. Unless that is set, it is a file of this chain's, this pool's and
    /// this address's own beside the journal; without a journal it is nowhere.
    pub fn book_path(&self, address: &str, journal: Option<&Path>) -> Option<PathBuf> {
        match &self.book {
            BookFile::At(path) => Some(path.clone()),
            BookFile::Nowhere => None,
            BookFile::Beside => {
                let name = format!("book-{}-{}-{address}.redb", self.chain.id, self.contracts.pool);
                journal.map(|journal| journal.with_file_name(name))
            }
        }
    }
}

/// Whether this looks like an address with this prefix. Whether one is there only the chain can say.
fn is_address(text: &str, prefix: &str) -> bool {
    let rest = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('1'));
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

/// Whether a chain may have such a denom.
fn is_denom(text: &str) -> bool {
    let rest = text.strip_prefix(|first: char| first.is_ascii_alphabetic()).unwrap_or_default();
    (2..=127).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"/:._-".contains(&b))
}

/// The part that says where the key comes from; all that `keys` needs beside prefix and coin type.
pub fn wallet(layers: &Layers) -> Result<Wallet> {
    Ok(Wallet {
        mnemonic_file: layers.optional("wallet.mnemonic_file").map(PathBuf::from),
        account: layers.parse("wallet.account", "a number below 2147483648", |n: &u32| *n < 1 << 31)?,
        keys: layers.parse("wallet.keys", "a number from 1 to 16", |n: &u32| (1..=16).contains(n))?,
        gas_float: layers
            .optional("wallet.gas_float")
            .map(|_| layers.parse("wallet.gas_float", "an amount in base units of the gas denom", |n: &u128| *n > 0))
            .transpose()?,
    })
}

/// The prefix and coin type of addresses.
pub fn addresses(layers: &Layers) -> Result<(String, u32)> {
    let prefix = |text: &String| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    Ok((
        layers.parse("chain.prefix", "lower-case letters and digits", prefix)?,
        layers.parse("chain.coin_type", "a number below 2147483648", |n: &u32| *n < 1 << 31)?,
    ))
}

fn chain(layers: &Layers) -> Result<ChainConfig> {
    let (prefix, coin_type) = addresses(layers)?;
    let above_zero = |price: &Decimal| !price.is_zero();
    for name in ["chain.id", "chain.grpc", "chain.rpc"] {
        layers.required(name)?;
    }
    Ok(ChainConfig {
        id: layers.parse("chain.id", "up to 50 letters, digits, dots, hyphens and underscores", |id: &String| {
            id.len() <= 50 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
        })?,
        grpc: layers.endpoints("chain.grpc", &["http", "https"])?,
        rpc: layers.endpoints("chain.rpc", &["ws", "wss", "http", "https"])?,
        prefix,
        coin_type,
        gas_price: layers.parse("chain.gas_price", "a decimal number", |_: &Decimal| true)?,
        gas_denom: layers
            .required("chain.gas_denom")
            .and_then(|_| layers.parse("chain.gas_denom", DENOM, |denom: &String| is_denom(denom)))?,
        gas_adjustment: layers.parse("chain.gas_adjustment", "a number from 1 to 10", |n: &Decimal| {
            above_zero(n) && *n >= Decimal::one() && *n <= Decimal::percent(1_000)
        })?,
        ca_file: layers.path("chain.ca_file", "a PEM file that is there", |path| path.is_file())?,
    })
}

/// A limit that may be left out.
fn limit<T: FromStr>(layers: &Layers, key: &str, allowed: &str, check: impl Fn(&T) -> bool) -> Result<Option<T>> {
    layers.optional(key).map(|_| layers.parse(key, allowed, check)).transpose()
}

fn strategy(layers: &Layers) -> Result<Strategy> {
    let mut max_repay = BTreeMap::new();
    for (key, value) in layers.starting_with(MAX_REPAY) {
        if !is_denom(&key[MAX_REPAY.len()..]) {
            let allowed = format!("named by {DENOM}: {MAX_REPAY}DENOM");
            return Err(layers.refuse(key, &allowed));
        }
        let amount = value.parse().map_err(|_| layers.refuse(key, "an amount in base units"))?;
        max_repay.insert(key[MAX_REPAY.len()..].to_owned(), amount);
    }
    let value = "a value in quote currency, such as 0.5";
    Ok(Strategy {
        min_profit_value: layers.parse("strategy.min_profit_value", value, |_: &Value| true)?,
        gas_value: layers.parse("strategy.gas_value", value, |_: &Value| true)?,
        gas_denom_price: layers
            .optional("strategy.gas_denom_price")
            .map(|_| layers.parse("strategy.gas_denom_price", value, |_: &Value| true))
            .transpose()?,
        gas_denom_decimals: layers.parse("strategy.gas_denom_decimals", "a number from 0 to 36", |n: &u8| *n <= 36)?,
        max_gas_per_tx: layers.parse("strategy.max_gas_per_tx", "an amount of gas above 0", |n: &u64| *n > 0)?,
        max_fee: layers
            .optional("strategy.max_fee")
            .map(|_| layers.parse("strategy.max_fee", "an amount in base units of the gas denom", |n: &u128| *n > 0))
            .transpose()?,
        slippage: layers.parse("strategy.slippage", "a ratio from 0 to 0.5", |r: &Ratio| *r <= Ratio::percent(50))?,
        max_items: layers
            .parse("strategy.max_items", "a number from 1 to 50", |n: &usize| (1..=ITEMS_MAX).contains(n))?,
        item_gas: layers.parse("strategy.item_gas", "an amount of gas above 0", |n: &u64| *n > 0)?,
        max_repay,
        timeout_blocks: layers
            .parse("strategy.timeout_blocks", "a number from 2 to 900", |n: &u64| (2..=900).contains(n))?,
        cooldown_lift: layers
            .parse("strategy.cooldown_lift", "a ratio from 0 to 1", |r: &Ratio| *r <= Ratio::percent(100))?,
        max_failures: layers.parse("strategy.max_failures", "a number; 0 is never", |_: &u32| true)?,
        publish_seconds: layers.parse("strategy.publish_seconds", "a number of seconds; 0 is never", |_: &u64| true)?,
        write_off: layers.parse("strategy.write_off", "true or false", |_: &bool| true)?,
        max_write_offs_per_hour: limit(layers, "strategy.max_write_offs_per_hour", "a number", |_: &usize| true)?,
        max_spend_per_tx: limit(layers, "strategy.max_spend_per_tx", value, |_: &Value| true)?,
        max_spend_per_hour: limit(layers, "strategy.max_spend_per_hour", value, |_: &Value| true)?,
        max_fee_per_hour: limit(
            layers,
            "strategy.max_fee_per_hour",
            "an amount in base units of the gas denom",
            |n: &u128| *n > 0,
        )?,
    })
}

fn care(layers: &Layers) -> Result<Care> {
    Ok(Care {
        gap_max: layers
            .parse("book.gap_max", "a number of blocks from 1 to 1000000", |n: &u64| (1..=1_000_000).contains(n))?,
        audit_accounts: layers.parse(
            "book.audit_accounts",
            "a number from 0, which is no audit, to 256",
            |n: &usize| *n <= 256,
        )?,
        audit_seconds: layers.parse("book.audit_seconds", "a number of seconds above 0", |n: &u64| *n > 0)?,
        audit_rebuild: layers.parse("book.audit_rebuild", "a number of differences above 0", |n: &usize| *n > 0)?,
    })
}

fn monitor(layers: &Layers) -> Result<Monitoring> {
    let listen = match layers.get("monitor.listen") {
        "none" => None,
        _ => Some(layers.parse(
            "monitor.listen",
            "an address and a port, as in 127.0.0.1:9464, or none",
            |_: &SocketAddr| true,
        )?),
    };
    let allowed = "a number of seconds from 1 to 86400";
    let max_age = layers.parse("monitor.max_age", allowed, |n: &u64| (1..=86_400).contains(n))?;
    Ok(Monitoring { listen, chosen: layers.origin("monitor.listen") != "the default", max_age })
}

impl Layers {
    /// A value that has to be set.
    pub fn required(&self, key: &str) -> Result<String> {
        let value = self.get(key);
        if value.is_empty() {
            let variable = layers::variable(key);
            return Err(Error::Config(format!(
                "{key} is not set: set it in the configuration file or as {variable}, or name what was deployed with --deployment FILE"
            )));
        }
        Ok(value.to_owned())
    }

    fn optional(&self, key: &str) -> Option<&str> {
        Some(self.get(key)).filter(|value| !value.is_empty())
    }

    fn parse<T: FromStr>(&self, key: &str, allowed: &str, check: impl Fn(&T) -> bool) -> Result<T> {
        self.get(key).parse().ok().filter(|value| check(value)).ok_or_else(|| self.refuse(key, allowed))
    }

    fn path(&self, key: &str, allowed: &str, check: impl Fn(&Path) -> bool) -> Result<Option<PathBuf>> {
        let path = self.optional(key).map(PathBuf::from);
        if path.as_deref().is_some_and(|path| !check(path)) { Err(self.refuse(key, allowed)) } else { Ok(path) }
    }

    /// Addresses of endpoints, of which none is twice.
    fn endpoints(&self, key: &str, schemes: &[&str]) -> Result<Vec<String>> {
        let allowed = || {
            let forms: Vec<String> = schemes.iter().map(|scheme| format!("{scheme}://host:port")).collect();
            self.refuse(key, &format!("{}, or a list of different ones", forms.join(" or ")))
        };
        let sound = |address: &str| {
            let uri: tonic::transport::Uri = address.parse().ok()?;
            let known = uri.scheme_str().is_some_and(|scheme| schemes.contains(&scheme));
            (known && uri.host().is_some_and(|host| !host.is_empty())).then(|| address.to_owned())
        };
        let addresses: Option<Vec<String>> = self.list(key).map(sound).collect();
        let addresses = addresses.filter(|addresses| !addresses.is_empty()).ok_or_else(allowed)?;
        let different: std::collections::BTreeSet<&String> = addresses.iter().collect();
        if different.len() < addresses.len() { Err(allowed()) } else { Ok(addresses) }
    }

    /// The members of a list: separated by commas where it is one text.
    fn list(&self, key: &str) -> impl Iterator<Item = &str> {
        self.get(key).split(',').map(str::trim).filter(|member| !member.is_empty())
    }

    /// A value as it may be shown: addresses of endpoints without what may be secret in them.
    pub fn shown(&self, key: &str) -> String {
        if ["chain.grpc", "chain.rpc"].contains(&key) {
            return self.list(key).map(crate::chain::endpoints::name::public).collect::<Vec<_>>().join(",");
        }
        crate::keys::veiled(self.get(key)).to_owned()
    }

    fn refuse(&self, key: &str, allowed: &str) -> Error {
        Error::Config(format!(
            "{key} = \"{}\" (from {}) is not allowed: it must be {allowed}",
            self.shown(key),
            self.origin(key)
        ))
    }
}
