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

use std::path::Path;
use std::sync::Arc;

use cosmrs::AccountId;
use indicatif::{ProgressBar, ProgressStyle};
use plimsoll_schema::pool::AccountKey;

use crate::book::Book;
use crate::book::sync::BookSync;
use crate::chain::cosmos::Node;
use crate::chain::{Balances, ChainReader, TxSender};
use crate::cli::{Cli, Command, Settings, SnapshotAction};
use crate::config::{Config, KEYS, Layers, LogFormat, MAX_REPAY, Wallet};
use crate::dex::client::DexClient;
use crate::error::{Error, Result};
use crate::keys::{Key, MNEMONIC_VARIABLE, Mnemonic, veiled};
use crate::logging;
use crate::output::print_json;
use crate::tx;

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

/// All layers of settings.
pub fn layers(settings: &Settings) -> Result<Layers> {
    let mut flags = Vec::new();
    for text in &settings.set {
        let (key, value) = text.split_once('=').ok_or_else(|| {
            Error::Config(format!("--set {}: it must be KEY=VALUE, as in --set log.level=debug", veiled(text)))
        })?;
        flags.push((key.trim().to_owned(), value.trim().to_owned()));
    }
    if let Some(path) = &settings.deployment {
        flags.push(("deployment".to_owned(), path.clone()));
    }
    Layers::read(settings.config.as_deref(), std::env::vars(), &flags)
}

/// The settings, checked, and logging started.
pub fn config(settings: &Settings) -> Result<Config> {
    let config = Config { quiet: settings.json, ..Config::of(&layers(settings)?)? };
    logging::start(config.log_format, config.log_level);
    Ok(config)
}

/// The configured key; `None` when there is none.
pub fn key(config: &Config) -> Result<Option<Key>> {
    let derive = |mnemonic: Mnemonic| mnemonic.key(&config.chain.prefix, config.chain.coin_type, config.wallet.account);
    mnemonic(&config.wallet)?.map(derive).transpose()
}

/// The configured keys, from the first on; none when there is no mnemonic.
pub fn keys(config: &Config) -> Result<Vec<Key>> {
    let Some(mnemonic) = mnemonic(&config.wallet)? else { return Ok(Vec::new()) };
    let numbers = (0..config.wallet.keys).map(|number| config.wallet.account.saturating_add(number));
    numbers.map(|number| mnemonic.key(&config.chain.prefix, config.chain.coin_type, number)).collect()
}

/// The configured words; `None` when there are none.
pub fn mnemonic(wallet: &Wallet) -> Result<Option<Mnemonic>> {
    let words = std::env::var(MNEMONIC_VARIABLE).ok();
    Mnemonic::of_keeper(words.as_deref(), wallet.mnemonic_file.as_deref())
}

/// A connected node, and the book at its latest block, with a bar while a person waits.
pub async fn open(config: &Config, key: Option<Key>) -> Result<(Arc<Node>, Book)> {
    let node = Arc::new(Node::connect(config.chain.clone(), key).await?);
    let (_, book) = open_book(config, &node, None).await?;
    Ok((node, book))
}

/// The book at the node's latest block, from this file and the blocks since if there is one, with a bar while a person waits.
pub async fn open_book(config: &Config, node: &Node, file: Option<&Path>) -> Result<(BookSync, Book)> {
    let head = node.head().await?;
    let bar = progress(config);
    bar.set_message("reading borrowers");
    let told = |count: usize| bar.set_position(count.try_into().unwrap_or(u64::MAX));
    file.map_or(Ok(()), make_directory_of)?;
    let (sync, book) = BookSync::open(config.sync, file, node, &config.contracts.pool, head, told).await?;
    bar.finish_and_clear();
    if let Some(wanted) = config.contracts.oracle.as_ref().filter(|oracle| **oracle != book.addresses.oracle) {
        let (found, pool) = (&book.addresses.oracle, &book.addresses.pool);
        return Err(Error::Config(format!(
            "contracts.oracle is {wanted}, but the pool {pool} goes by {found}: correct it or leave it out"
        )));
    }
    tracing::info!(
        chain = book.head.chain_id,
        height = book.head.height,
        borrowers = book.accounts.len(),
        markets = book.assets.len(),
        "book is read"
    );
    Ok((sync, book))
}

/// Makes the directory that this file belongs in, unless it is there.
pub fn make_directory_of(file: &Path) -> Result<()> {
    match file.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        Some(directory) => std::fs::create_dir_all(directory).map_err(|error| Error::file(directory, error)),
        None => Ok(()),
    }
}

/// Liquidator and pairs, where there are any.
pub async fn dex_client(config: &Config, node: &Node) -> Result<Option<DexClient>> {
    let contracts = &config.contracts;
    let Some(liquidator) = &contracts.liquidator else { return Ok(None) };
    Ok(Some(DexClient::open(node, &contracts.pool, liquidator, &contracts.pairs).await?))
}

/// What may be spent, and how that is called.
pub async fn inventory(
    config: &Config,
    node: &Node,
    book: &Book,
    dex_client: Option<&DexClient>,
) -> Result<(Option<Balances>, String)> {
    let held = tx::inventory(node, book, dex_client.is_some(), &config.strategy).await?;
    let name = match (node.sender(), &held) {
        (Some(sender), _) => format!("what {sender} holds"),
        (None, Some(_)) => "money for gas only".to_owned(),
        (None, None) => "everything it could need".to_owned(),
    };
    Ok((held, name))
}

/// Hidden by itself where nobody watches.
fn progress(config: &Config) -> ProgressBar {
    if config.quiet || config.log_format == LogFormat::Json {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    bar.set_style(
        ProgressStyle::with_template("{spinner} {msg}: {pos}").unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    bar
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

/// The account of this name, whose owner has an address of this chain: a mistyped one would be healthy for ever.
pub fn account_named(text: &str, prefix: &str) -> Result<AccountKey> {
    let wrong = |reason: String| Error::Config(format!("'{text}' is no account: {reason}"));
    let form = || wrong(format!("it must be OWNER or OWNER/ID, as in {prefix}1…/0"));
    let key: AccountKey = text.parse().map_err(|_| form())?;
    let address: AccountId = key.owner.parse().map_err(|_| {
        wrong("its owner's address is mistyped: a letter is wrong or missing, by its checksum".to_owned())
    })?;
    match address.prefix() {
        found if found == prefix => Ok(key),
        found => {
            Err(wrong(format!("its owner's address starts with '{found}', and those of this chain with '{prefix}'")))
        }
    }
}
