//! The commands: each reads its settings, does one thing, and prints results to stdout and everything else to stderr.

pub mod deploy;
pub mod doctor;
pub mod explain;
pub mod keys;
pub mod liquidate;
pub mod rehearse;
pub mod run;
pub mod scan;
pub mod snapshot;
mod start;

use crate::chain::cosmos::tls::Trust;
use crate::cli::{ChainCommand, Settings, SnapshotAction};
use crate::config::{Config, KEYS, MAX_REPAY};
use crate::error::Result;
use crate::output::print_json;

pub use start::{
    account_named, config, dex_client, inventory, key, keys, layers, make_directory_of, mnemonic, open, open_book,
    with_gas_of_version,
};

/// Runs a command about a real chain.
pub async fn run(command: ChainCommand, settings: &Settings) -> Result<()> {
    let json = settings.json;
    match command {
        ChainCommand::Run { live } => run::run(settings, live, json).await,
        ChainCommand::Scan => scan::scan(settings, json).await,
        ChainCommand::Snapshot { action: SnapshotAction::Export { file } } => {
            snapshot::export(settings, &file, json).await
        }
        ChainCommand::Explain { account } => explain::explain(settings, &account, json).await,
        ChainCommand::Liquidate { accounts, min_success, live } => {
            liquidate::liquidate(settings, liquidate::Job { accounts, min_success, live }, json).await
        }
        ChainCommand::Deploy { network, out, artifacts, mnemonic_file, grpc, rpc } => {
            let job = deploy::Job { network, out, artifacts, mnemonic_file, grpc, rpc };
            deploy::deploy(job, json).await
        }
        ChainCommand::Rehearse { shock } => rehearse::rehearse(settings, &shock, json).await,
        ChainCommand::Doctor => doctor::doctor(settings, json).await,
        ChainCommand::Keys { count, action } => keys::keys(settings, count, action, json),
        ChainCommand::Config => show_config(settings, json),
    }
}

fn show_config(settings: &Settings, json: bool) -> Result<()> {
    let layers = layers(settings)?;
    let denoms = layers.starting_with(MAX_REPAY).map(|(key, _)| key);
    for key in KEYS.iter().map(|(key, _)| *key).chain(denoms) {
        let value = layers.shown(key);
        let origin = layers.origin(key);
        if json {
            print_json(&serde_json::json!({ "key": key, "value": value, "from": origin }))?;
        } else {
            outln!("{key} = \"{value}\"  # from {origin}");
        }
    }
    // What no other command would start with is no configuration, though all of it can be shown.
    let config = Config::of(&layers)?;
    Trust::new(config.chain.ca_file.as_deref())?;
    keys(&config).map(drop)
}
