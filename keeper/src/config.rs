//! The keeper's settings: defaults, then the deployment file, then the TOML file, then the environment, then flags.
//!
//! Every key is known by name in [`KEYS`]; any other is an error. Every value is checked before anything starts, and an
//! error names the key, its value and what is allowed. `keeper.example.toml` says what each is for.

pub mod address;
mod chain;
pub mod deployment;
#[cfg(feature = "faults")]
pub mod fault_script;
mod gas_figures;
mod headers;
mod layers;
mod monitor;
pub mod redact;
pub mod secret_file;
mod strategy;
mod sync;
mod values;
mod wallet;

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

pub use chain::{ChainConfig, Contracts, REQUESTS_PER_SECOND_MIN, addresses};
#[cfg(feature = "faults")]
pub use fault_script::Script;
pub use gas_figures::GasFigures;
pub use layers::{ENVIRONMENT, Layers};
pub use monitor::{LogFormat, Monitoring};
pub use strategy::{BLOCK_SHARE, MAX_REPAY, Strategy};
pub use sync::{BookConfig, BookFile, GAP_MAX};
pub use wallet::{MNEMONIC_VARIABLE, Wallet, wallet};

/// Every key with its default; one without stands at nothing.
pub const KEYS: &[(&str, &str)] = &[
    ("deployment", ""),
    ("chain.id", ""),
    ("chain.grpc", ""),
    ("chain.rpc", ""),
    ("chain.prefix", "wasm"),
    ("chain.coin_type", "118"),
    ("chain.gas_price", "0.025"),
    ("chain.max_gas_price", ""),
    ("chain.max_requests_per_second", ""),
    ("chain.gas_denom", "ustake"),
    ("chain.gas_adjustment", "1.3"),
    ("chain.ca_file", ""),
    ("chain.headers", ""),
    #[cfg(feature = "faults")]
    ("chain.faults", ""),
    ("contracts.pool", ""),
    ("contracts.oracle", ""),
    ("contracts.liquidator", ""),
    ("contracts.pairs", ""),
    ("contracts.gas_own", ""),
    ("contracts.gas_sold", ""),
    ("wallet.mnemonic_file", ""),
    ("wallet.account", "0"),
    ("wallet.keys", "1"),
    ("wallet.gas_float", ""),
    ("wallet.fee_granter", ""),
    ("strategy.min_profit_value", "0"),
    ("strategy.gas_value", "0"),
    ("strategy.gas_denom_price", ""),
    ("strategy.gas_denom_decimals", "6"),
    ("strategy.max_gas_per_tx", "10000000"),
    ("strategy.max_fee", ""),
    ("strategy.slippage", "0.005"),
    ("strategy.max_items", "100"),
    ("strategy.take_shares", "false"),
    ("strategy.timeout_blocks", "20"),
    ("strategy.cooldown_lift", "0.01"),
    ("strategy.max_failures", "20"),
    ("strategy.publish_seconds", ""),
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
    ("monitor.listen", monitor::LISTEN),
    ("monitor.max_age", "30"),
    ("log.format", "text"),
    ("log.level", "info"),
];

/// Keys that this keeper doesn't know any more, each with the reason.
const GONE: &[(&str, &str)] = &[
    ("strategy.item_gas", "an item of a batch has no gas limit of its own any more: remove the key"),
    #[cfg(not(feature = "faults"))]
    ("chain.faults", "this keeper was built without the feature faults, which is for tests alone: remove the key"),
];

/// All settings, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The chain: endpoints, addresses, gas.
    pub chain: ChainConfig,
    /// What is to go wrong on the way there; for trials alone.
    #[cfg(feature = "faults")]
    pub faults: Option<Script>,
    /// The contracts that are watched.
    pub contracts: Contracts,
    /// The source of the keys.
    pub wallet: Wallet,
    /// What is worth doing.
    pub strategy: Strategy,
    /// Where intents are written down; see [`Config::journal_path`].
    pub journal: Option<PathBuf>,
    /// Where the book is kept; see [`Config::book_path`].
    pub book: BookFile,
    /// The settings that keep the book true.
    pub sync: BookConfig,
    /// How the keeper is looked at from outside.
    pub monitor: Monitoring,
    /// The format of log lines.
    pub log_format: LogFormat,
    /// The least severe level that is logged.
    pub log_level: tracing::Level,
    /// Whether no person waits, so that no progress is shown.
    pub quiet: bool,
}

impl Config {
    /// Checks every value.
    pub fn of(layers: &Layers) -> Result<Self> {
        Ok(Self {
            chain: chain::chain(layers)?,
            #[cfg(feature = "faults")]
            faults: layers.given(
                "chain.faults",
                "rules such as 'seed=7; broadcast #1 lose', or nothing",
                |_: &Script| true,
            )?,
            contracts: chain::contracts(layers)?,
            wallet: wallet::wallet(layers)?,
            strategy: strategy::strategy(layers)?,
            book: sync::book_file(layers)?,
            sync: sync::settings(layers)?,
            journal: layers.path("journal.path", "a file, not a directory", |path| !path.is_dir())?,
            monitor: monitor::monitor(layers)?,
            log_format: monitor::log_format(layers)?,
            log_level: layers.parse("log.level", "error, warn, info, debug or trace", |_: &tracing::Level| true)?,
            quiet: false,
        })
    }

    /// Where the intents of this address are written down. Unless that is set, it is a file of this chain's and this
    /// address's own in the user's state directory, `$XDG_STATE_HOME/plimsoll` or `~/.local/state/plimsoll`: a keeper
    /// started from another working directory, or at boot, has to find what it was sending. Where it is set, the key of
    /// this number, counted from the first, 0, has it at the end of the file's name.
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

    /// Where the book is kept by this address, whose journal is there. Unless that is set, it is a file of this
    /// chain's, this pool's and this address's own beside the journal; without a journal it is nowhere.
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
