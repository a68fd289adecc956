//! `doctor`: looks at everything that a keeper needs, changes nothing, and says what to do.

pub mod contracts;
pub mod depth;
pub mod journal;
pub mod limits;
pub mod machine;
pub mod market;
pub mod network;
pub mod owner;
pub mod prices;
pub mod wallet;

use serde::Serialize;
use serde_json::json;

use crate::chain::cosmos::Node;
use crate::cli::Settings;
use crate::clock::clock;
use crate::commands::{config, keys, with_gas_of_version};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::output::print_event;
use crate::tx::journal::Journal;

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As it should be.
    Ok,
    /// It works, though not as well as it could.
    Warn,
    /// A keeper can't do its work.
    Fail,
}

/// One check: a line of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The thing that was looked at.
    pub check: String,
    /// The result.
    pub status: Status,
    /// The fact that was found, with its numbers.
    pub finding: String,
    /// The advice; nothing where all is well.
    pub remedy: Option<String>,
}

impl Check {
    /// As it should be.
    pub fn ok(check: impl Into<String>, finding: impl Into<String>) -> Self {
        Self { check: check.into(), status: Status::Ok, finding: finding.into(), remedy: None }
    }

    /// It works, though not as well as it could.
    pub fn warn(check: impl Into<String>, finding: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: Status::Warn, remedy: Some(remedy.into()), ..Self::ok(check, finding) }
    }

    /// A keeper can't do its work.
    pub fn fail(check: impl Into<String>, finding: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: Status::Fail, remedy: Some(remedy.into()), ..Self::ok(check, finding) }
    }

    /// What an error says; it says itself what to do.
    pub fn error(check: impl Into<String>, error: &Error) -> Self {
        Self::fail(check, error.to_string(), format!("see {}", error.runbook()))
    }
}

/// Prints a line for each check; errors when one failed.
pub async fn doctor(settings: &Settings, json: bool) -> Result<()> {
    let mut count = 0usize;
    let mut failed = 0usize;
    let mut tell = |checks: Vec<Check>| -> Result<()> {
        for check in checks {
            count += 1;
            failed += usize::from(check.status == Status::Fail);
            show(&check, json)?;
        }
        Ok(())
    };
    match config(settings) {
        Ok(config) => examine(&config, &mut tell).await?,
        Err(error) => tell(vec![Check::error("settings", &error)])?,
    }
    if json {
        print_event("summary", &json!({ "checks": count, "failed": failed, "healthy": failed == 0 }))?;
    }
    if failed == 0 { Ok(()) } else { Err(Error::DoesNotHold(format!("{failed} of {count} checks failed"))) }
}

fn show(check: &Check, json: bool) -> Result<()> {
    if json {
        return print_event("check", check);
    }
    let status = match check.status {
        Status::Ok => "ok  ",
        Status::Warn => "warn",
        Status::Fail => "FAIL",
    };
    let remedy = check.remedy.as_ref().map(|remedy| format!("; {remedy}")).unwrap_or_default();
    outln!("{status}  {}: {}{remedy}", check.check, check.finding);
    Ok(())
}

async fn examine(config: &Config, tell: &mut impl FnMut(Vec<Check>) -> Result<()>) -> Result<()> {
    tell(vec![Check::ok("settings", format!("every value is allowed; the chain is {}", config.chain.id))])?;
    let keys = keys(config);
    tell(wallet::keys(config, &keys))?;
    let mut keys = keys.unwrap_or_default();
    let addresses: Vec<String> = keys.iter().map(|key| key.address().to_owned()).collect();
    tell(machine::files(config, &addresses))?;
    let endpoints = match Node::survey(&config.chain).await {
        Ok(endpoints) => endpoints,
        Err(error) => return tell(vec![Check::error("endpoints", &error)]),
    };
    tell(network::endpoints(&endpoints, clock()))?;
    tell(vec![network::budget(&config.chain)])?;
    let first = (!keys.is_empty()).then(|| keys.remove(0));
    let node = match Node::connect(config.chain.clone(), first).await {
        Ok(node) => node,
        // What is wrong has been said of each.
        Err(_) => return Ok(()),
    };
    tell(vec![network::synced(&node).await, network::time(&node.newest(), clock())])?;
    tell(network::subscriptions(&config.chain).await?)?;
    tell(network::results(&node.results().await))?;
    tell(vec![network::block_results(&node).await])?;
    let account = network::account(&node).await;
    // Nobody is told to send anything to an address that the chain refuses.
    let is_account_well = account.as_ref().is_none_or(|check| check.status != Status::Fail);
    tell(account.into_iter().collect())?;
    tell(network::gas_prices(&node.minimum_gas_prices().await, &config.chain))?;
    tell(network::indexes(&node.indexes().await))?;
    tell(contracts::check(&node, &config.contracts, &config.chain.id).await)?;
    tell(owner::check(&node, &config.contracts.pool).await)?;
    tell(prices::check(&node, &config.contracts.pool).await)?;
    tell(depth::check(&node, &config.contracts).await)?;
    let config = &measured(&with_gas_of_version(config, &node).await, &addresses)?;
    tell(limits::check(&node, config).await)?;
    if is_account_well {
        tell(wallet::balances(&node, config).await)?;
    }
    let further = keys.into_iter().map(|key| node.signed_by(key)).collect::<Vec<_>>();
    for (number, node) in std::iter::once(&node).chain(&further).enumerate().take(addresses.len()) {
        tell(wallet::allowance(node, number).await.into_iter().collect())?;
        if number > 0 && is_account_well {
            tell(wallet::further(node, number, &config.contracts).await)?;
        }
        if let Ok(path) = config.journal_path(&addresses[number], number, |name| std::env::var(name).ok()) {
            tell(journal::check(node, &path).await)?;
        }
    }
    Ok(())
}

/// The settings with the gas that the first key's journal says a liquidation uses, as the keeper goes by it.
pub fn measured(config: &Config, addresses: &[String]) -> Result<Config> {
    let mut config = config.clone();
    let path = addresses.first().map(|first| config.journal_path(first, 0, |name| std::env::var(name).ok()));
    if let Some(Ok(path)) = path {
        // What is wrong with the file is told of the journal.
        let gas = Journal::look_gas(&path, &config.chain.id).unwrap_or_default();
        config.contracts.gas = gas.or(config.contracts.gas);
    }
    Ok(config)
}

/// What is looked at of the key with this number, counted from the first, 0.
fn numbered(what: &str, number: usize) -> String {
    if number == 0 { what.to_owned() } else { format!("{what} {}", number + 1) }
}
