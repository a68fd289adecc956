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

use crate::cli::{Cli, Command, Settings, SnapshotAction};
use crate::config::{KEYS, MAX_REPAY};
use crate::error::{Error, Result};
use crate::output::print_json;

pub use start::{
    account_named, config, dex_client, inventory, key, keys, layers, make_directory_of, mnemonic, open, open_book,
};

/// Runs a command.
pub async fn run(cli: Cli) -> Result<()> {
    let settings = cli.settings;
    refuse_unused(&settings, &cli.command)?;
    let json = settings.json;
    match cli.command {
        Command::Demo { scenario } => crate::demo::demo(scenario.as_deref(), json).await,
        Command::Run { live } => run::run(&settings, live, json).await,
        Command::Scan => scan::scan(&settings, json).await,
        Command::Snapshot { action: SnapshotAction::Export { file } } => snapshot::export(&settings, &file, json).await,
        Command::Explain { account } => explain::explain(&settings, &account, json).await,
        Command::Liquidate { accounts, min_success, live } => {
            liquidate::liquidate(&settings, liquidate::Job { accounts, min_success, live }, json).await
        }
        Command::Deploy { network, out, artifacts, mnemonic_file, grpc, rpc } => {
            let job = deploy::Job { network, out, artifacts, mnemonic_file, grpc, rpc };
            deploy::deploy(job, json).await
        }
        Command::Rehearse { shock } => rehearse::rehearse(&settings, &shock, json).await,
        Command::Doctor => doctor::doctor(&settings, json).await,
        Command::Keys { count, action } => keys::keys(&settings, count, action, json),
        Command::Config => show_config(&settings, json),
    }
}

/// Settings that a command would ignore are a mistake.
fn refuse_unused(settings: &Settings, command: &Command) -> Result<()> {
    let name = match command {
        Command::Demo { .. } => "demo",
        Command::Deploy { .. } => "deploy",
        _ => return Ok(()),
    };
    let given = [
        ("--config", settings.config.is_some()),
        ("--deployment", settings.deployment.is_some()),
        ("--set", !settings.set.is_empty()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Error::Config(format!("{name} takes no {flag}: it doesn't read the keeper's settings"))),
        None => Ok(()),
    }
}

fn show_config(settings: &Settings, json: bool) -> Result<()> {
    let layers = layers(settings)?;
    let denoms = layers.starting_with(MAX_REPAY).map(|(key, _)| key);
    for key in KEYS.iter().map(|(key, _)| *key).chain(denoms) {
        let (value, origin) = (layers.shown(key), layers.origin(key));
        if json {
            print_json(&serde_json::json!({ "key": key, "value": value, "from": origin }))?;
        } else {
            outln!("{key} = \"{value}\"  # from {origin}");
        }
    }
    Ok(())
}
