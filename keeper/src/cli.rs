//! The command line. A mnemonic is never among its arguments: they show in process lists and shell histories.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::redact::redacted;

/// The keeper of Plimsoll: watches every account and liquidates those below health factor 1.
#[derive(Parser, Debug)]
#[command(
    name = "keeper",
    version,
    about,
    after_help = "New here? `keeper demo` needs nothing. Against a chain: `keeper doctor --deployment FILE` says what is missing, `keeper run --deployment FILE` \
        watches and sends nothing, and with --live it acts. keeper/README.md and docs/keeper explain it, RUNBOOK.md every alert and error."
)]
pub struct Cli {
    /// Where settings come from.
    #[command(flatten)]
    pub settings: Settings,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Settings: defaults, then the deployment file, then the TOML file, then the environment, then these.
/// Debug doesn't show values that were set.
#[derive(Args, Clone, Default)]
pub struct Settings {
    /// The configuration file, TOML; demo and deploy refuse it
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The deployment file that `deploy` wrote; demo and deploy refuse it
    #[arg(long, global = true, value_name = "FILE")]
    pub deployment: Option<String>,
    /// Any key of the configuration, as in --set strategy.slippage=0.01; demo and deploy refuse it
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Results as JSON, one object a line; everything else goes to stderr
    #[arg(long, global = true)]
    pub json: bool,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<&str> =
            self.set.iter().map(|text| text.split('=').next().unwrap_or_default()).map(redacted).collect();
        f.debug_struct("Settings").field("config", &self.config).field("set", &keys).finish_non_exhaustive()
    }
}

/// What the keeper can do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// A market on an embedded chain: prices fall, the keeper liquidates. Nothing to prepare
    #[cfg(feature = "demo")]
    Demo {
        /// The scenario, TOML; a good one is built in
        #[arg(long, value_name = "FILE")]
        scenario: Option<PathBuf>,
    },
    /// What is done on a real chain
    #[cfg(feature = "node")]
    #[command(flatten)]
    Chain(ChainCommand),
}

/// What the keeper can do on a real chain.
#[cfg(feature = "node")]
#[derive(Subcommand, Debug)]
pub enum ChainCommand {
    /// Watches the chain and acts, block by block, until it is told to stop
    Run {
        /// Send transactions; without it, only says what it would do
        #[arg(long)]
        live: bool,
    },
    /// Judges every account once, and prints them all, the least healthy first
    Scan,
    /// Writes what the keeper knows of the chain at its latest block to a file
    Snapshot {
        /// What to do with it
        #[command(subcommand)]
        action: SnapshotAction,
    },
    /// Why an account is healthy or not, where that ends, and what a liquidation would do
    Explain {
        /// OWNER or OWNER/ID
        account: String,
    },
    /// Liquidates these accounts now, in one transaction
    Liquidate {
        /// OWNER or OWNER/ID
        #[arg(required = true)]
        accounts: Vec<String>,
        /// How many of them must succeed, all unless told; with fewer, all go through the liquidator, also those that aren't below 1 at this block
        #[arg(long, value_name = "N")]
        min_success: Option<usize>,
        /// Send the transaction; without it, only says what it would do
        #[arg(long)]
        live: bool,
    },
    /// Puts the contracts on a chain; again without harm, and then votes anew for prices that are too old
    Deploy {
        /// The network file, such as scripts/networks/local.toml
        network: PathBuf,
        /// The deployment file to write; deployments/NAME.json when left out
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Where plimsoll_pool.wasm and the other contracts are
        #[arg(long, value_name = "DIR", default_value = "artifacts")]
        artifacts: PathBuf,
        /// A file that only its owner can read with the deployer's mnemonic; PLIMSOLL_MNEMONIC comes first
        #[arg(long, value_name = "FILE")]
        mnemonic_file: Option<PathBuf>,
        /// The gRPC endpoint, in place of the network file's
        #[arg(long, value_name = "URL")]
        grpc: Option<String>,
        /// The RPC endpoint, in place of the network file's
        #[arg(long, value_name = "URL")]
        rpc: Option<String>,
    },
    /// Says what the keeper would do if prices moved, on the live book. Sends nothing, needs no key
    Rehearse {
        /// DENOM=CHANGE, as in uatom=-30%; may be repeated
        #[arg(long, required = true, value_name = "DENOM=±N%", allow_hyphen_values = true)]
        shock: Vec<String>,
    },
    /// Looks at endpoints, contracts, keys, money, limits, clock, prices and files, and says what to do about it
    Doctor,
    /// Shows the keeper's addresses, or makes a new key
    Keys {
        /// How many of the mnemonic's addresses to show
        #[arg(long, default_value_t = 1)]
        count: u32,
        /// What to do in place of showing
        #[command(subcommand)]
        action: Option<KeysAction>,
    },
    /// Shows every configuration key, its value, and where the value comes from
    Config,
}

/// What can be done with keys.
#[cfg(feature = "node")]
#[derive(Subcommand, Debug)]
pub enum KeysAction {
    /// Writes a new mnemonic to a new file that only its owner can read
    New {
        /// The file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// What can be done with a snapshot.
#[cfg(feature = "node")]
#[derive(Subcommand, Debug)]
pub enum SnapshotAction {
    /// Writes settings, markets, prices and every account with debt to a new file, as JSON lines
    Export {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}
