//! What the command line asks for, started.

use crate::cli::{Cli, Command, Settings};
use crate::error::{Error, Result};

/// Runs a command.
pub async fn run(cli: Cli) -> Result<()> {
    let settings = cli.settings;
    refuse_unused(&settings, &cli.command)?;
    match cli.command {
        #[cfg(feature = "demo")]
        Command::Demo { scenario } => crate::demo::demo(scenario.as_deref(), settings.json).await,
        #[cfg(feature = "node")]
        Command::Chain(command) => crate::commands::run(command, &settings).await,
    }
}

/// Settings that a command would ignore are a mistake.
fn refuse_unused(settings: &Settings, command: &Command) -> Result<()> {
    let name = match command {
        #[cfg(feature = "demo")]
        Command::Demo { .. } => "demo",
        #[cfg(feature = "node")]
        Command::Chain(crate::cli::ChainCommand::Deploy { .. }) => "deploy",
        #[cfg(feature = "node")]
        Command::Chain(_) => return Ok(()),
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
