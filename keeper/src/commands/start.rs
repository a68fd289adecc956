//! What commands share at their start: settings, keys, a connected node, its book and the pairs.

use std::path::Path;
use std::sync::Arc;

use cosmrs::AccountId;
use indicatif::{ProgressBar, ProgressStyle};
use plimsoll_schema::pool::AccountKey;

use crate::book::Book;
use crate::book::sync::BookSync;
use crate::chain::cosmos::Node;
use crate::chain::{Balances, ChainReader, TxSender};
use crate::cli::Settings;
use crate::config::redact::redacted;
use crate::config::{Config, GasFigures, Layers, LogFormat, Wallet};
use crate::dex::client::DexClient;
use crate::error::{Error, Result};
use crate::keys::{Key, MNEMONIC_VARIABLE, Mnemonic};
use crate::logging;
use crate::tx;

/// All layers of settings.
pub fn layers(settings: &Settings) -> Result<Layers> {
    let mut flags = Vec::new();
    for text in &settings.set {
        let (key, value) = text.split_once('=').ok_or_else(|| {
            Error::Config(format!("--set {}: it must be KEY=VALUE, as in --set log.level=debug", redacted(text)))
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
    let layers = layers(settings)?;
    let config = Config { quiet: settings.json, ..Config::of(&layers)? };
    logging::start(config.log_format, config.log_level);
    if !layers.ignored().is_empty() {
        let variables = layers.ignored().join(" ");
        tracing::debug!(variables, "ignored: Kubernetes or Docker sets these for a service called like the keeper");
    }
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

/// The settings with the gas of a liquidation on chains of this version, where nobody has said what it is here.
pub async fn with_gas_of_version(config: &Config, node: &Node) -> Config {
    let mut config = config.clone();
    let gas = &mut config.contracts.gas;
    if !gas.is_complete() {
        *gas = gas.or(GasFigures::of_wasmd(node.wasmd_version().await.as_deref()));
    }
    config
}

/// A connected node, and the book at its latest block, with a bar while a person waits.
pub async fn open(config: &Config, key: Option<Key>) -> Result<(Arc<Node>, Book)> {
    let node = Arc::new(Node::connect(config.chain.clone(), key).await?);
    let (_, book) = open_book(config, &node, None).await?;
    Ok((node, book))
}

/// The book at the node's latest block, from this file and the blocks since if there is one, with a bar while a person
/// waits.
pub async fn open_book(config: &Config, node: &Node, file: Option<&Path>) -> Result<(BookSync, Book)> {
    let head = node.head().await?;
    let bar = progress(config);
    bar.set_message("reading borrowers");
    let told = |count: usize| bar.set_position(count.try_into().unwrap_or(u64::MAX));
    file.map_or(Ok(()), make_directory_of)?;
    let (sync, book) = BookSync::open(config.sync, file, node, &config.contracts.pool, head, told).await?;
    bar.finish_and_clear();
    if let Some(wanted) = config.contracts.oracle.as_ref().filter(|oracle| **oracle != book.addresses.oracle) {
        let found = &book.addresses.oracle;
        let pool = &book.addresses.pool;
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
